"""What a changed policy or standard would do: which requirements turn short, and which turn met."""

from collections.abc import Iterable
from dataclasses import dataclass

from qualwatch.evaluation.findings import EnterpriseResult, Finding, FindingKey


@dataclass(frozen=True, slots=True)
class Turn:
    """A requirement judged otherwise: None where one of the two laws does not ask it."""

    before: Finding | None
    after: Finding | None

    @property
    def either(self) -> Finding:
        """The finding as it would be, or as it was."""
        finding = self.after or self.before
        assert finding is not None, "a turn has at least one finding"
        return finding

    @property
    def becomes_short(self) -> bool:
        """Short after and not before."""
        return _verdict(self.after) == "short" != _verdict(self.before)

    @property
    def becomes_met(self) -> bool:
        """Met after and not before."""
        return _verdict(self.after) == "met" != _verdict(self.before)


def turns(before: Iterable[EnterpriseResult], after: Iterable[EnterpriseResult]) -> list[Turn]:
    """Every requirement whose verdict differs, by credit code."""
    old, new = _by_key(before), _by_key(after)
    keys = sorted(old.keys() | new.keys())
    return [
        Turn(old.get(key), new.get(key))
        for key in keys
        if _verdict(old.get(key)) != _verdict(new.get(key))
    ]


def _by_key(results: Iterable[EnterpriseResult]) -> dict[FindingKey, Finding]:
    return {finding.key: finding for result in results for finding in result.findings}


def _verdict(finding: Finding | None) -> str | None:
    return finding.verdict if finding else None
