"""What a single model cannot see: references, order of days, floors, groups.

Each function yields faults: the path inside the file, and a sentence.
"""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from qualwatch.law.calendar import LAST_WEEK_OF_THE_YEAR, SATURDAY
from qualwatch.law.corpus import Law
from qualwatch.law.model import (
    AcceptText,
    CalendarChangeText,
    CalendarText,
    CalendarYearText,
    CategoryText,
    ClauseText,
    FigureText,
    GradeSlug,
    GradeText,
    MeasuredAs,
    RequirementText,
)
from qualwatch.law.policy import DatedValue, PolicyText, PolicyValues
from qualwatch.wording import gettext as _

Steps = tuple[Any, ...]
Fault = tuple[Steps, str]
MAX_CLAUSES_IN_A_GROUP = 4  # Hall's theorem needs 2^k - 1 unions


def category_faults(law: Law, category: CategoryText) -> Iterator[Fault]:
    """Everything wrong with one category."""
    if category.standard not in law.documents:
        yield ("standard",), _("没有文件 {0}").format(category.standard)
    if bool(category.grades) == bool(category.sub_items):
        yield ("grades",), _("等级（grades）与分项（sub_items）须有且只有一个")
    yield from _inside(("grades",), _grades_faults(law, category, category.grades))
    for name, sub_item in category.sub_items.items():
        path = ("sub_items", name, "grades")
        yield from _inside(path, _grades_faults(law, category, sub_item.grades))


def _inside(path: Steps, faults: Iterator[Fault]) -> Iterator[Fault]:
    """The faults of a part, their paths seen from the whole."""
    for tail, sentence in faults:
        yield (*path, *tail), sentence


def _grades_faults(
    law: Law, category: CategoryText, grades: dict[GradeSlug, GradeText]
) -> Iterator[Fault]:
    for slug, grade in grades.items():
        yield from _inside((slug,), _grade_faults(law, category, grade))
        for day, stand_in in grade.measured_as.items():
            path = (slug, "measured_as", day)
            yield from _inside(path, _stand_in_faults(law, grades, slug, stand_in))


def _grade_faults(law: Law, category: CategoryText, grade: GradeText) -> Iterator[Fault]:
    if grade.no_clause and grade.requirements:
        yield ("no_clause",), _("已有指标（requirements），不能又说没有条款")
    if not grade.no_clause and not grade.requirements:
        yield ("requirements",), _("没有指标；确无条款的写 no_clause")
    yield from _unordered_days(("measured_as",), grade.measured_as)
    if grade.abolished:
        yield from _unknown_basis(law, ("abolished", "basis"), grade.abolished.basis)
        if grade.abolished.stock_ends_on < grade.abolished.from_:
            yield ("abolished", "stock_ends_on"), _("存量截止日早于取消日")
    if grade.check_deferrable:
        yield from _unknown_basis(law, ("check_deferrable", "basis"), grade.check_deferrable.basis)
    if grade.no_clause:
        yield from _unknown_refs(law, ("no_clause", "refs"), grade.no_clause.refs)
    slugs: set[str] = set()
    for index, requirement in enumerate(grade.requirements):
        slug, path = requirement.requirement, ("requirements", index)
        if slug in slugs:
            yield (*path, "requirement"), _("指标 {0} 重复").format(slug)
        slugs.add(slug)
        yield from _inside(path, _requirement_faults(law, category, requirement))


def _stand_in_faults(
    law: Law, grades: dict[GradeSlug, GradeText], slug: GradeSlug, stand_in: MeasuredAs
) -> Iterator[Fault]:
    other = stand_in.grade
    if other not in grades or other == slug:
        yield ("grade",), _("本类别没有可比照的等级 {0}").format(other)
    elif grades[other].measured_as:
        yield ("grade",), _("等级 {0} 自己也比照别的等级").format(other)
    yield from _unknown_basis(law, ("basis",), stand_in.basis)


def _requirement_faults(
    law: Law, category: CategoryText, requirement: RequirementText
) -> Iterator[Fault]:
    yield from _unknown_refs(law, ("refs",), requirement.refs)
    if requirement.usable_for_short and requirement.confidence in ("low", "none"):
        yield ("usable_for_short",), _("把握低的数字不得用于判定不达标")
    if requirement.usable_for_short and requirement.judged_by == "hand":
        yield ("usable_for_short",), _("须人工核查的指标不得用于判定不达标")
    if requirement.strong_if and requirement.strong_if.policy not in PolicyValues.model_fields:
        yield ("strong_if", "policy"), _("政策中没有 {0}").format(requirement.strong_if.policy)
    if not requirement.clauses:
        yield ("clauses",), _("指标没有条款")
        return
    clauses = requirement.clauses
    parts = len(clauses) + sum(len(clause.of_which) for clause in clauses)
    if parts > MAX_CLAUSES_IN_A_GROUP:
        yield ("clauses",), _("一组条款连同其中项最多 {0} 条").format(MAX_CLAUSES_IN_A_GROUP)
    if requirement.counts == "person-times" and parts > 1:
        yield ("clauses",), _("人次只能有一条，且没有其中项")
    for index, clause in enumerate(clauses):
        path = ("clauses", index)
        yield from _inside(path, _clause_faults(law, category, requirement, clause))


def _clause_faults(
    law: Law, category: CategoryText, requirement: RequirementText, clause: ClauseText
) -> Iterator[Fault]:
    yield from _inside(("accept",), _accept_list_faults(law, clause))
    if list(clause.at_least) != list(requirement.clauses[0].at_least):
        yield ("at_least",), _("同一指标各条款的起讫日须相同")
    yield from _unordered_days(("at_least",), clause.at_least)
    for day, figure in clause.at_least.items():
        path: Steps = ("at_least", day)
        yield from _inside(path, _figure_faults(law, requirement, figure))
        if figure.basis == category.standard and _before_in_force(law, figure.basis, day):
            yield path, _("早于标准的施行日")
    if len(clause.of_which) > 1:
        yield ("of_which",), _("一条只能有一个其中项（重叠的其中项无法比对）")
    for index, floor in enumerate(clause.of_which):
        path = ("of_which", index)
        if floor.of_which:
            yield (*path, "of_which"), _("其中项下不能再有其中项")
        yield from _inside(path, _clause_faults(law, category, requirement, floor))
        yield from _inside(path, _floor_faults(law, floor, clause))


def _before_in_force(law: Law, document: str, day: date) -> bool:
    begins = law.documents[document].in_force_from if document in law.documents else None
    return begins is not None and day < begins


def _figure_faults(law: Law, requirement: RequirementText, figure: FigureText) -> Iterator[Fault]:
    yield from _unknown_basis(law, ("basis",), figure.basis)
    number, other = figure.number, figure.other_reading
    if isinstance(number, int) and number < 1:
        yield ("number",), _("人数须为正整数")
    if number == "unknown" and requirement.usable_for_short:
        yield ("number",), _("未知的数字不得用于判定不达标")
    if other is not None and (not isinstance(number, int) or other <= number):
        yield ("other_reading",), _("另一读法须大于采用的数")


def _floor_faults(law: Law, floor: ClauseText, clause: ClauseText) -> Iterator[Fault]:
    for day, figure in floor.at_least.items():
        if day not in clause.at_least:
            continue
        path, whole = ("at_least", day, "number"), clause.at_least[day].number
        if isinstance(whole, int) and isinstance(figure.number, int) and figure.number >= whole:
            yield path, _("其中项不小于总数")
        if (whole is None) != (figure.number is None):
            yield path, _("其中项与总数须同时有或同时无")
    if not _is_part_of(law, floor, clause):
        yield ("accept",), _("其中项的人须是总数的一部分")


def _accept_list_faults(law: Law, clause: ClauseText) -> Iterator[Fault]:
    if isinstance(clause.accept, str):
        if clause.accept not in law.pools:
            yield (), _("没有人员类别 {0}（pools.yaml）").format(clause.accept)
        return
    if not clause.accept:
        yield (), _("没有写明哪些人可计")
    for index, accept in enumerate(clause.accept):
        yield from _inside((index,), accept_faults(law, accept))


def accept_faults(law: Law, accept: AcceptText) -> Iterator[Fault]:
    """Unknown professions, grades and specialities."""
    profession = law.professions.get(accept.profession)
    if profession is None:
        yield ("profession",), _("没有注册类别 {0}").format(accept.profession)
        return
    name = profession.name
    if not profession.counted:
        yield ("profession",), _("{0} 从不计入").format(name)
    if accept.grade is not None and accept.grade not in profession.grades:
        yield ("grade",), _("{0} 没有级别 {1}").format(name, accept.grade)
    if accept.specialities == "any":
        return
    for index, speciality in enumerate(accept.specialities):
        if speciality not in profession.specialities:
            yield ("specialities", index), _("{0} 没有专业 {1}").format(name, speciality)


def calendar_faults(base: CalendarText, change: CalendarChangeText) -> Iterator[Fault]:
    """Days of another year, working days that are none to make up, public holidays left out."""
    if not change.years:
        yield ("years",), _("没有写任何一年")
    for year, text in change.years.items():
        yield from _inside(("years", year), _year_faults(base, year, text))


def _year_faults(base: CalendarText, year: int, text: CalendarYearText) -> Iterator[Fault]:
    if not text.basis.strip():
        yield ("basis",), _("须写明放假通知的文号")
    for name, days in (("rest", text.rest), ("work", text.work)):
        for index, day in enumerate(days):
            if not _belongs_to_year(day, year):
                yield (name, index), _("{0} 不属于 {1} 年").format(day, year)
            if days.index(day) != index:
                yield (name, index), _("{0} 写了两次").format(day)
    for index, day in enumerate(text.work):
        if day.weekday() < SATURDAY:
            yield ("work", index), _("{0} 不是周末，不会是调休上班日").format(day)
        if day in text.rest:
            yield ("work", index), _("{0} 同时写成休息日").format(day)
    missing = {f"{year}-{day}" for day in base.statutory} - set(map(str, text.rest))
    if missing:
        yield ("rest",), _("缺少法定节假日 {0}").format("、".join(sorted(missing)))


def _belongs_to_year(day: date, year: int) -> bool:
    """Whether a notice for a year may name the day: of that year, or of the week before it."""
    in_last_week = (day.month, day.day) >= LAST_WEEK_OF_THE_YEAR
    return day.year == year or (day.year == year - 1 and in_last_week)


def policy_faults(law: Law, policy: PolicyText) -> Iterator[Fault]:
    """Unknown sources, empty or unordered values, numbers that cannot be."""
    if policy.policy != law.policies[0].policy:
        yield ("policy",), _("须为 {0}").format(law.policies[0].policy)
    yield from _unknown_basis(law, ("basis",), policy.basis)
    for key in PolicyValues.model_fields:
        values: dict[date, DatedValue[Any]] = getattr(policy.values, key)
        path = ("values", key)
        if not values:
            yield path, _("没有取值")
        yield from _unordered_days(path, values)
        for day, dated in values.items():
            yield from _inside((*path, day), _dated_value_faults(law, key, dated))


def _dated_value_faults(law: Law, key: str, dated: DatedValue[Any]) -> Iterator[Fault]:
    value = dated.value
    if dated.source not in law.documents and dated.source != "own default":
        yield ("source",), _("没有文件 {0}；自定的写 own default").format(dated.source)
    if not dated.because.strip():
        yield ("because",), _("须写明理由")
    least = 0 if "lag" in key else 1
    if isinstance(value, int) and value < least:
        yield ("value",), _("须为正整数")
    if value in ([], {}):
        yield ("value",), _("不能为空")
    if key.startswith("age_") and "default" not in value:
        yield ("value",), _("须有 default")
    yield from _inside(("value",), _faults_of_names(law, key, value))


def _faults_of_names(law: Law, key: str, value: Any) -> Iterator[Fault]:
    """Areas and documents that a value names and the law does not have."""
    if key == "reporters":
        for index, area in enumerate(value):
            if area not in law.divisions.areas:
                yield (index,), _("没有辖区 {0}").format(area)
    if key == "management_rule":
        for sector, article in value.items():
            yield from _unknown_basis(law, (sector,), article.document)
    if key == "document_bases":
        for kind, basis in value.items():
            for index, article in enumerate(basis.articles):
                yield from _unknown_basis(law, (kind, "articles", index), article.document)


def _is_part_of(law: Law, floor: ClauseText, clause: ClauseText) -> bool:
    """Whether everyone whom the floor accepts is accepted by the clause."""
    return all(
        any(_is_narrower(law, inner, outer) for outer in law.accepts(clause.accept))
        for inner in law.accepts(floor.accept)
    )


def _is_narrower(law: Law, inner: AcceptText, outer: AcceptText) -> bool:
    if inner.profession != outer.profession:
        return False
    if outer.grade is not None and _rank(law, inner) < _rank(law, outer):
        return False
    if outer.specialities == "any":
        return True
    return inner.specialities != "any" and set(inner.specialities) <= set(outer.specialities)


def _rank(law: Law, accept: AcceptText) -> int:
    """0 for the lowest grade of the profession and up; -1 where the grade is not known."""
    profession = law.professions.get(accept.profession)
    if profession is None or accept.grade not in profession.grades:
        return -1
    return profession.grades[::-1].index(accept.grade)


def _unordered_days(path: Steps, dated: dict[date, Any]) -> Iterator[Fault]:
    for earlier, later in pairwise(dated):
        if later <= earlier:
            yield (*path, later), _("日期须由早到晚")


def _unknown_basis(law: Law, path: Steps, document: str) -> Iterator[Fault]:
    if document not in law.documents:
        yield path, _("没有文件 {0}（documents.yaml）").format(document)


def _unknown_refs(law: Law, path: Steps, refs: list[str]) -> Iterator[Fault]:
    for index, ref in enumerate(refs):
        if ref not in law.sources:
            yield (*path, index), _("没有出处 {0}（sources.yaml）").format(ref)
