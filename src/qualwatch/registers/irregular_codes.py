"""Credit codes with an irregular check digit: whether a source other than the one read has them."""

import re
from collections.abc import Iterable, Iterator

from qualwatch.intake.cells import IrregularCode, near_codes, written_credit_code
from qualwatch.intake.credit_codes import Elsewhere, confirmed_codes
from qualwatch.intake.problems import BadCell
from qualwatch.registers.models import (
    ContributionRow,
    EnterpriseRow,
    ItemRow,
    Load,
    LoadRejection,
    ProjectRow,
    Recorded,
    RegistrationRow,
)
from qualwatch.registers.sources import sources

CODE_COLUMNS: tuple[tuple[type[Recorded], str], ...] = (
    (EnterpriseRow, "credit_code"),
    (ItemRow, "credit_code"),
    (RegistrationRow, "credit_code"),
    (ContributionRow, "payer_credit_code"),
    (ProjectRow, "credit_code"),
)
_CODE_IN_TEXT = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])")


def codes_elsewhere(source: str) -> Elsewhere:
    """Of irregular codes in a delivery of `source`, those that another source has too.

    On record, or in a row of its newest list that was rejected for the same code. Not those that
    an enterprise's regular code differs from in one place: they may be a slip of the pen.
    """

    def elsewhere(codes: frozenset[str]) -> frozenset[str]:
        return frozenset(
            code
            for code in codes
            if (_is_on_record(code, source) or _is_rejected(code, source)) and not _is_near(code)
        )

    return elsewhere


def has_confirmed_rejections(load: Load) -> bool:
    """Whether rows of a load were rejected for a code that is confirmed since, or agreed on."""
    texts = load.rejections.values_list("problem", flat=True)
    codes = frozenset(_irregular_codes(texts))
    if not codes:
        return False
    return bool(codes & confirmed_codes().keys() or codes_elsewhere(load.source)(codes))


def _irregular_codes(problems: Iterable[str]) -> Iterator[str]:
    for problem in problems:
        for text in _CODE_IN_TEXT.findall(problem):
            try:
                code = written_credit_code(text)
            except BadCell:
                continue
            if isinstance(code, IrregularCode):
                yield code.code


def _is_on_record(code: str, source: str) -> bool:
    """Whether a current row of another source has the code, as its own or a branch's."""
    branches = EnterpriseRow.objects.filter(recorded_to=None, branch_credit_codes__contains=code)
    return branches.exclude(source=source).exists() or any(
        model._default_manager.filter(recorded_to=None, **{column: code})
        .exclude(source=source)
        .exists()
        for model, column in CODE_COLUMNS
    )


def _is_rejected(code: str, source: str) -> bool:
    """Whether the newest list of another source has rows that were rejected for the code."""
    others = (
        Load.objects.filter(source=other, state="released").order_by("as_of", "id").last()
        for other in sources()
        if other != source
    )
    loads = [load.pk for load in others if load]
    return LoadRejection.objects.filter(load__in=loads, problem__contains=code).exists()


def _is_near(code: str) -> bool:
    regular = set(near_codes(code))
    return EnterpriseRow.objects.filter(recorded_to=None, credit_code__in=regular).exists()
