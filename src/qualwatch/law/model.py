"""The shapes of the law's files: strict models, where an unknown key or wrong type is an error."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from qualwatch.wording import gettext_noop as _n

Confidence = Literal["high", "medium", "low", "none"]
Provenance = Literal["seen", "recalled", "inferred", "unknown"]
Sector = Literal["construction", "supervision"]
GRADE_NAMES = {
    "special": _n("特级"),
    "grade-1": _n("一级"),
    "grade-2": _n("二级"),
    "grade-3": _n("三级"),
    "grade-a": _n("甲级"),
    "grade-b": _n("乙级"),
    "grade-c": _n("丙级"),
    "ungraded": _n("不分等级"),
}
GradeSlug = Literal[
    "special", "grade-1", "grade-2", "grade-3", "grade-a", "grade-b", "grade-c", "ungraded"
]
Route = Literal["direct", "upgrade", "unknown"]


class Text(BaseModel):
    """Base of all texts: strict, frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class AcceptText(Text):
    """Registrations that a clause accepts: profession, lowest grade, specialities."""

    profession: str
    grade: str | None = None
    specialities: Literal["any"] | list[str]
    doubt: str | None = None


class FigureText(Text):
    """A number from a day on; null ends it, `unknown` says that nobody has found it."""

    number: int | Literal["unknown"] | None
    basis: str
    other_reading: int | None = None


class ClauseText(Text):
    """One clause of a requirement, with floors (`of_which`) on a subset of the same people."""

    summary: str
    accept: str | list[AcceptText]
    at_least: dict[date, FigureText]
    of_which: list["ClauseText"] = Field(default_factory=list)


class StrongIf(Text):
    """The policy value under which a weak reading becomes strong."""

    policy: str
    is_: str = Field(alias="is")


class RequirementText(Text):
    """What a grade demands of the register: people or person-times in one or more clauses."""

    requirement: str
    judged_by: Literal["register", "hand"] = "register"
    counts: Literal["people", "person-times"]
    summary: str
    confidence: Confidence
    usable_for_short: StrictBool
    strong_if: StrongIf | None = None
    source: Provenance
    refs: list[str]
    note: str = ""
    clauses: list[ClauseText]


class NoClause(Text):
    """The standard has no clause on registered people here."""

    confidence: Confidence
    source: Provenance
    refs: list[str]


class MeasuredAs(Text):
    """From a day on, this grade is measured by another grade's figures."""

    grade: GradeSlug
    basis: str
    confidence: Confidence


class Abolished(Text):
    """The grade is no longer issued; its certificates end on `stock_ends_on` at the latest."""

    from_: date = Field(alias="from")
    basis: str
    stock_ends_on: date


class CheckDeferrable(Text):
    """A renewal may be granted for a while without checking registered people."""

    basis: str


class GradeText(Text):
    """One grade of a category."""

    requirements: list[RequirementText]
    no_clause: NoClause | None = None
    measured_as: dict[date, MeasuredAs] = Field(default_factory=dict)
    abolished: Abolished | None = None
    check_deferrable: CheckDeferrable | None = None
    not_judged: list[str] = Field(default_factory=list)
    note: str = ""


class SubItemText(Text):
    """A sub-item (分项) with grades of its own."""

    grades: dict[GradeSlug, GradeText]
    note: str = ""


class CategoryText(Text):
    """One category of qualification: one file."""

    category: str
    name: str
    short_name: str
    sector: Sector
    sequence: Literal[
        "general",
        "specialist",
        "labour",
        "supervision-professional",
        "supervision-comprehensive",
        "supervision-office",
    ]
    platform_code: str | None = None
    standard: str
    note: str = ""
    free_sub_items: StrictBool = False
    grades: dict[GradeSlug, GradeText] = Field(default_factory=dict)
    sub_items: dict[str, SubItemText] = Field(default_factory=dict)

    def grades_of(self, sub_item: str) -> dict[GradeSlug, GradeText]:
        """The grades of a sub-item; the category's own where it has no sub-items."""
        if not self.sub_items:
            return self.grades
        sub_item_text = self.sub_items.get(sub_item)
        return sub_item_text.grades if sub_item_text else {}

    def every_grade(self) -> list[tuple[str, GradeSlug, GradeText]]:
        """(sub_item, grade, text) of every level, in the file's order."""
        parts = [("", self.grades), *((name, sub.grades) for name, sub in self.sub_items.items())]
        return [
            (sub_item, grade, text) for sub_item, grades in parts for grade, text in grades.items()
        ]


class DocumentText(Text):
    """A document of the law, with what it did to figures and how sure we are."""

    doc_no: str
    name: str
    effect: str
    confidence: Confidence
    date_confidence: Confidence
    refs: list[str]
    in_force_from: date | None
    issued_on: date | None = None
    area: str = ""
    note: str = ""


class SourceText(Text):
    """Where a fact was seen."""

    address: str
    content: str


class CountingRuleText(Text):
    """A rule of counting as gathered from reprints."""

    rule: str
    source: str
    confidence: Confidence
    refs: list[str]
    scope: str = ""
    note: str = ""


class ProfessionText(Text):
    """A registered profession: grades (highest first), specialities, spellings in registers."""

    name: str
    aliases: list[str] = Field(default_factory=list)
    grades: list[str] = Field(default_factory=list)
    codes: dict[str, str | None] = Field(default_factory=dict)
    specialities: dict[str, list[str]] = Field(default_factory=dict)
    speciality_when_empty: str | None = None
    counted: StrictBool = True
    note: str = ""


class ProfessionsText(Text):
    """All professions, and the spellings of their grades."""

    grades: dict[str, list[str]]
    professions: dict[str, ProfessionText]


class AreaText(Text):
    """A supervising area: a city or the zone.

    `mark` is the area's character in document numbers.
    """

    name: str
    housing_authority: str = ""
    mark: str = ""

    @property
    def authority(self) -> str:
        """The housing authority by its full name."""
        return self.housing_authority or f"{self.name}住房和城乡建设局"


class DivisionText(Text):
    """An administrative division and the area that supervises it; `to` is its last year."""

    name: str
    area: str
    to: int | None = None
    successors: list[str] = Field(default_factory=list)


class DivisionsText(Text):
    """All divisions of the province, and the other provinces' first two digits."""

    province: str
    areas: dict[str, AreaText]
    divisions: dict[str, DivisionText]
    other_provinces: dict[str, str]


class OutOfScopeText(Text):
    """A kind of qualification that stands in the registers and is never judged."""

    name: str
    marks: list[str]


class CalendarYearText(Text):
    """A year's rest days and make-up working days that differ from plain weeks."""

    basis: str
    rest: list[date]
    work: list[date]


class CalendarChangeText(Text):
    """A loaded calendar: whole years, as the State Council's notice has them now."""

    calendar: Literal["state-council"]
    years: dict[int, CalendarYearText]


class CalendarText(Text):
    """The calendar file: a base and years of our own over it."""

    base: Literal["chinesecalendar"]
    statutory: list[str]
    years: dict[int, CalendarYearText]
