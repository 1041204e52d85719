"""What a dress gives, and whether that is right beside what the plain files give."""

from __future__ import annotations

import tempfile
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# the changes register themselves
import dressings.changes  # noqa: F401
from builders import law
from dressings.dress import CHANGES, Recipe, dressed
from dressings.facts import DAY
from dressings.writers import write
from qualwatch.evaluation import reference
from qualwatch.evaluation.findings import Anomaly, EnterpriseResult, Finding, FindingKey
from qualwatch.intake.problems import NothingReadable
from qualwatch.intake.register_files import RegisterFiles, read_register_files

PLAIN = Recipe(0, "csv", ())
# notices that say nothing about a doubt
HARMLESS = ("用不到的列", "空表", "表尾文字", "列号行", "重复的表头", "隐藏", "标题、合计")


@dataclass(frozen=True)
class Outcome:
    """What files give: a refusal in one sentence, or findings with what was said about the files."""

    refusal: str = ""
    results: tuple[EnterpriseResult, ...] = ()
    rejections: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def findings(self) -> list[Finding]:
        """Every finding, in order."""
        return sorted(
            (finding for result in self.results for finding in result.findings),
            key=lambda finding: (finding.key, finding.grade, finding.certificate_no),
        )

    @property
    def anomalies(self) -> list[Anomaly]:
        """Every insurance anomaly."""
        return [anomaly for result in self.results for anomaly in result.anomalies]

    @property
    def ended(self) -> list[tuple[str, str]]:
        """(category, why) of the items not judged."""
        return sorted(pair for result in self.results for pair in result.not_judged)

    @property
    def says_something(self) -> bool:
        """Whether a rejection or a notice tells of a doubt."""
        return bool(
            self.refusal
            or self.rejections
            or [notice for notice in self.notices if not notice.startswith(HARMLESS)]
        )


def outcome_of(path: Path) -> Outcome:
    """Reads and judges what stands at a path."""
    try:
        files = read_register_files(path, law())
    except NothingReadable as refused:
        return Outcome(refusal=str(refused))
    results = tuple(reference.evaluate(law(), law().policy_on(DAY), files.facts, DAY))
    return Outcome(
        results=results,
        rejections=tuple(_rejections(files)),
        notices=tuple(notice.text for notice in files.notices),
    )


def _rejections(files: RegisterFiles) -> Iterable[str]:
    for row in files.rejections:
        yield f"{row.file} {row.sheet} {row.row or ''} {row.column}: {row.problem} {row.value}"


def outcome(recipe: Recipe) -> Outcome:
    """What a recipe's files give."""
    with tempfile.TemporaryDirectory() as folder:
        return outcome_of(write(dressed(recipe), Path(folder) / "登记"))


@cache
def plain() -> Outcome:
    """What the plain files give."""
    return outcome(PLAIN)


def faults(recipe: Recipe) -> list[str]:
    """What is wrong with what a recipe gives; nothing where it is right."""
    try:
        result = outcome(recipe)
    except Exception as error:  # a fault like others, to be shrunk
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        places = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
        return [f"raised {type(error).__name__}: {error} ({places})"]
    return lossy_faults(result) if recipe.losses else lossless_faults(result)


def lossless_faults(result: Outcome) -> list[str]:
    """Differences of a dress from which everything can be known."""
    expected = plain()
    if result.refusal:
        return [f"refused: {result.refusal}"]
    wrong = [f"rejected: {text}" for text in result.rejections]
    for ours, theirs in _pairs(expected, result):
        if ours != theirs:
            wrong.append(f"{_shown(ours)} became {_shown(theirs)}")
    if result.anomalies != expected.anomalies:
        wrong.append(f"anomalies {_kinds(expected)} became {_kinds(result)}")
    if result.ended != expected.ended:
        wrong.append(f"not judged {expected.ended} became {result.ended}")
    return wrong


def lossy_faults(result: Outcome) -> list[str]:
    """A wrong `short` or anomaly, a lost `short`, a difference without a word."""
    if result.refusal:
        return [] if len(result.refusal.splitlines()) == 1 else ["refused in several lines"]
    expected = plain()
    wrong = []
    for ours, theirs in _pairs(expected, result):
        before, after = _verdicts(ours), _verdicts(theirs)
        text = f"{_shown(ours)} became {_shown(theirs)}"
        if ("short" in after and "short" not in before) or ("short" in before and after == {"met"}):
            wrong.append(text)
        elif before != after and not (result.says_something or _is_conflict(theirs)):
            wrong.append(f"without a word: {text}")
    if _counts(result) - _counts(expected):
        wrong.append(f"anomalies {_kinds(expected)} became {_kinds(result)}")
    return wrong


Findings = tuple[Finding, ...]


def _pairs(expected: Outcome, result: Outcome) -> Iterable[tuple[Findings, Findings]]:
    """Findings of the same item and requirement."""
    ours, theirs = _by_key(expected), _by_key(result)
    return [(ours.get(key, ()), theirs.get(key, ())) for key in sorted(ours.keys() | theirs.keys())]


def _by_key(outcome: Outcome) -> dict[FindingKey, Findings]:
    by_key: dict[FindingKey, Findings] = {}
    for finding in outcome.findings:
        by_key[finding.key] = (*by_key.get(finding.key, ()), finding)
    return by_key


def _is_conflict(findings: Findings) -> bool:
    """Whether the finding itself says that two rows contradict each other."""
    return any("register-conflict" in finding.because for finding in findings)


def _verdicts(findings: Findings) -> set[str]:
    return {finding.verdict for finding in findings}


def _kinds(result: Outcome) -> set[tuple[str, str, str | None]]:
    return {(a.credit_code, a.kind, a.registration_no) for a in result.anomalies}


def _counts(result: Outcome) -> Counter[str]:
    return Counter(anomaly.credit_code for anomaly in result.anomalies)


def _shown(findings: Findings) -> str:
    return " and ".join(map(_shown_finding, findings)) or "nothing"


def _shown_finding(finding: Finding) -> str:
    numbers = f"{finding.held} to {finding.possible} of {finding.required}"
    reasons = ", ".join(finding.because)
    return f"{finding.enterprise[:2]} {finding.requirement} {finding.verdict} {numbers} ({reasons})"


def shrunk(recipe: Recipe) -> Recipe:
    """The fewest changes, and the plainest container, that still give a fault."""
    is_smaller = True
    while is_smaller:
        candidates = [recipe.without(name) for name in recipe.names]
        if recipe.container != "csv":
            candidates += [recipe.in_container("csv"), recipe.in_container("xlsx")]
        is_smaller = False
        for candidate in candidates:
            if candidate != recipe and faults(candidate):
                recipe, is_smaller = candidate, True
                break
    return recipe


def report(recipe: Recipe) -> str:
    """A fault with its smallest recipe."""
    smallest = shrunk(recipe)
    lines = [f"fault: {recipe}", f"smallest: {smallest}", *faults(smallest)[:4]]
    lines += [f"loses: {CHANGES[name].loses}" for name in smallest.names if CHANGES[name].loses]
    return "\n  ".join(lines)
