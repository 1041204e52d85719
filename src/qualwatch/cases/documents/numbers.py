"""Numbers of cards and documents: one sequence for each kind and year, without gaps."""

from qualwatch.cases.competence import BUREAU, PROVINCE, authority_of
from qualwatch.cases.models import NumberSequence
from qualwatch.law.loader import Law
from qualwatch.wording import gettext_noop as _  # documents are Chinese

RED_CARD = "red-card"
PROVINCE_MARK, HOUSING_MARK, BUREAU_MARK = "晋", "建", "审"
CITY = "市"
PROVINCIAL_GOVERNMENT = _("山西省人民政府")
GOVERNMENT = _("{area}人民政府")
ITS_GOVERNMENT = _("有权的行政复议机关")


def review_organ(slug: str, law: Law) -> str:
    """The people's government that reviews an authority's acts (行政复议法, as of 2024)."""
    base = slug.removesuffix(BUREAU)
    if base == PROVINCE:
        return PROVINCIAL_GOVERNMENT
    for area, text in law.divisions.areas.items():
        if text.name.endswith(CITY) and authority_of(area) == base:
            return GOVERNMENT.format(area=text.name)
    return ITS_GOVERNMENT


def next_number(kind: str, prefix: str, year: int) -> str:
    """The next number of a year's sequence; its row stays locked until the act is committed."""
    sequence, _created = NumberSequence.objects.select_for_update().get_or_create(
        kind=kind, year=year
    )
    sequence.last += 1
    sequence.save(update_fields=["last"])
    return f"{prefix}〔{year}〕{sequence.last}号"


def mark_of(slug: str, law: Law) -> str:
    """What an authority's numbers begin with: 晋建, 太原建, 太原审."""
    base = slug.removesuffix(BUREAU)
    areas = {authority_of(area): text for area, text in law.divisions.areas.items()}
    area_mark = PROVINCE_MARK if base == PROVINCE else areas[base].mark
    return area_mark + (BUREAU_MARK if slug.endswith(BUREAU) else HOUSING_MARK)
