"""Numbers of cards and documents: one sequence for each kind and year, without gaps."""

from qualwatch.cases.competence import PROVINCE, authority_of
from qualwatch.cases.models import NumberSequence
from qualwatch.law.loader import Law

RED_CARD = "red-card"
PROVINCE_MARK, HOUSING_MARK, BUREAU_MARK = "晋", "建", "审"
BUREAU = "-bureau"


def next_number(kind: str, prefix: str, year: int) -> str:
    """The next number of a year's sequence, without gaps: its row stays locked until the act is committed."""
    row, _new = NumberSequence.objects.select_for_update().get_or_create(kind=kind, year=year)
    row.last += 1
    row.save(update_fields=["last"])
    return f"{prefix}〔{year}〕{row.last}号"


def mark_of(slug: str, law: Law) -> str:
    """What an authority's numbers begin with: 晋建, 太原建, 太原审."""
    areas = {authority_of(area): text for area, text in law.divisions.areas.items()}
    base = slug.removesuffix(BUREAU)
    place = PROVINCE_MARK if base == PROVINCE else areas[base].mark
    return place + (BUREAU_MARK if slug.endswith(BUREAU) else HOUSING_MARK)
