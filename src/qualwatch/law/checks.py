"""What a single model cannot see: references, order of days, floors, groups. Each fault with its path."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qualwatch.law.model import AcceptText, CategoryText, ClauseText, GradeText, RequirementText
from qualwatch.law.policy import PolicyText, PolicyValues
from qualwatch.wording import gettext as _

if TYPE_CHECKING:
    from qualwatch.law.loader import Law

Fault = tuple[tuple[Any, ...], str]
MOST_CLAUSES_IN_A_GROUP = 4  # Hall's theorem needs 2^k - 1 unions


def category_faults(law: "Law", category: CategoryText) -> Iterator[Fault]:
    """Everything wrong with one category."""
    if category.standard not in law.documents:
        yield ("standard",), _("没有文件 {0}").format(category.standard)
    if bool(category.grades) == bool(category.sub_items):
        yield ("grades",), _("等级（grades）与分项（sub_items）须有且只有一个")
    parts: list[tuple[tuple[Any, ...], Any]] = [(("grades",), category.grades)]
    parts += [
        (("sub_items", name, "grades"), sub.grades) for name, sub in category.sub_items.items()
    ]
    for path, grades in parts:
        for slug, grade in grades.items():
            for tail, sentence in _grade_faults(law, category, grades, slug, grade):
                yield (*path, slug, *tail), sentence


def _grade_faults(
    law: "Law", category: CategoryText, grades: dict[Any, GradeText], slug: str, grade: GradeText
) -> Iterator[Fault]:
    if grade.no_clause and grade.requirements:
        yield ("no_clause",), _("已有指标（requirements），不能又说没有条款")
    if not grade.no_clause and not grade.requirements:
        yield ("requirements",), _("没有指标；确无条款的写 no_clause")
    yield from _ascending(("measured_as",), grade.measured_as)
    for day, other in grade.measured_as.items():
        if other.grade not in grades or other.grade == slug:
            yield ("measured_as", day, "grade"), _("本类别没有可比照的等级 {0}").format(other.grade)
        elif grades[other.grade].measured_as:
            yield (
                ("measured_as", day, "grade"),
                _("等级 {0} 自己也比照别的等级").format(other.grade),
            )
        yield from _basis(law, ("measured_as", day, "basis"), other.basis)
    if grade.abolished:
        yield from _basis(law, ("abolished", "basis"), grade.abolished.basis)
        if grade.abolished.stock_ends_on < grade.abolished.from_:
            yield ("abolished", "stock_ends_on"), _("存量截止日早于取消日")
    if grade.check_deferrable:
        yield from _basis(law, ("check_deferrable", "basis"), grade.check_deferrable.basis)
    if grade.no_clause:
        yield from _refs(law, ("no_clause", "refs"), grade.no_clause.refs)
    seen: set[str] = set()
    for index, requirement in enumerate(grade.requirements):
        if requirement.requirement in seen:
            yield (
                ("requirements", index, "requirement"),
                _("指标 {0} 重复").format(requirement.requirement),
            )
        seen.add(requirement.requirement)
        for tail, sentence in _requirement_faults(law, category, requirement):
            yield ("requirements", index, *tail), sentence


def _requirement_faults(
    law: "Law", category: CategoryText, requirement: RequirementText
) -> Iterator[Fault]:
    yield from _refs(law, ("refs",), requirement.refs)
    if requirement.usable_for_short and requirement.confidence in ("low", "none"):
        yield ("usable_for_short",), _("把握低的数字不得用于判定不达标")
    if requirement.usable_for_short and requirement.judged_by == "hand":
        yield ("usable_for_short",), _("须人工核查的指标不得用于判定不达标")
    if requirement.strong_if and requirement.strong_if.policy not in PolicyValues.model_fields:
        yield ("strong_if", "policy"), _("政策中没有 {0}").format(requirement.strong_if.policy)
    if not requirement.clauses:
        yield ("clauses",), _("指标没有条款")
        return
    split = len(requirement.clauses) + sum(len(clause.of_which) for clause in requirement.clauses)
    if split > MOST_CLAUSES_IN_A_GROUP:
        yield ("clauses",), _("一组条款连同其中项最多 {0} 条").format(MOST_CLAUSES_IN_A_GROUP)
    if requirement.counts == "person-times" and split > 1:
        yield ("clauses",), _("人次只能有一条，且没有其中项")
    days = list(requirement.clauses[0].at_least)
    for index, clause in enumerate(requirement.clauses):
        for tail, sentence in _clause_faults(law, category, requirement, clause, days):
            yield ("clauses", index, *tail), sentence


def _clause_faults(
    law: "Law",
    category: CategoryText,
    requirement: RequirementText,
    clause: ClauseText,
    days: list[date],
) -> Iterator[Fault]:
    yield from _accept_faults(law, clause)
    if list(clause.at_least) != days:
        yield ("at_least",), _("同一指标各条款的起讫日须相同")
    yield from _ascending(("at_least",), clause.at_least)
    begins = (
        law.documents[category.standard].in_force_from
        if category.standard in law.documents
        else None
    )
    for day, figure in clause.at_least.items():
        yield from _basis(law, ("at_least", day, "basis"), figure.basis)
        if (
            figure.basis in law.documents
            and begins
            and day < begins
            and figure.basis == category.standard
        ):
            yield ("at_least", day), _("早于标准的施行日")
        if isinstance(figure.number, int) and figure.number < 1:
            yield ("at_least", day, "number"), _("人数须为正整数")
        if figure.number == "unknown" and requirement.usable_for_short:
            yield ("at_least", day, "number"), _("未知的数字不得用于判定不达标")
        if figure.other_reading is not None and (
            not isinstance(figure.number, int) or figure.other_reading <= figure.number
        ):
            yield ("at_least", day, "other_reading"), _("另一读法须大于采用的数")
    if len(clause.of_which) > 1:
        yield ("of_which",), _("一条只能有一个其中项（重叠的其中项无法比对）")
    for index, floor in enumerate(clause.of_which):
        if floor.of_which:
            yield ("of_which", index, "of_which"), _("其中项下不能再有其中项")
        for tail, sentence in _clause_faults(law, category, requirement, floor, days):
            yield ("of_which", index, *tail), sentence
        for day, figure in floor.at_least.items():
            whole = clause.at_least.get(day)
            both = whole and isinstance(whole.number, int) and isinstance(figure.number, int)
            if whole and both and figure.number >= whole.number:  # type: ignore[operator]  # both are numbers
                yield ("of_which", index, "at_least", day, "number"), _("其中项不小于总数")
            if whole and (whole.number is None) != (figure.number is None):
                yield (
                    ("of_which", index, "at_least", day, "number"),
                    _("其中项与总数须同时有或同时无"),
                )
        if not _within(law, floor, clause):
            yield ("of_which", index, "accept"), _("其中项的人须是总数的一部分")


def _accept_faults(law: "Law", clause: ClauseText) -> Iterator[Fault]:
    if isinstance(clause.accept, str):
        if clause.accept not in law.pools:
            yield ("accept",), _("没有人员类别 {0}（pools.yaml）").format(clause.accept)
        return
    if not clause.accept:
        yield ("accept",), _("没有写明哪些人可计")
    for index, accept in enumerate(clause.accept):
        for tail, sentence in accept_faults(law, accept):
            yield ("accept", index, *tail), sentence


def accept_faults(law: "Law", accept: AcceptText) -> Iterator[Fault]:
    """Unknown professions, grades and specialities."""
    profession = law.professions.get(accept.profession)
    if profession is None:
        yield ("profession",), _("没有注册类别 {0}").format(accept.profession)
        return
    if not profession.counted:
        yield ("profession",), _("{0} 从不计入").format(profession.name)
    if accept.grade is not None and accept.grade not in profession.grades:
        yield ("grade",), _("{0} 没有级别 {1}").format(profession.name, accept.grade)
    if accept.specialities != "any":
        for index, speciality in enumerate(accept.specialities):
            if speciality not in profession.specialities:
                yield (
                    ("specialities", index),
                    _("{0} 没有专业 {1}").format(profession.name, speciality),
                )


def policy_faults(law: "Law", policy: PolicyText) -> Iterator[Fault]:
    """Unknown sources, empty or unordered values, numbers that cannot be."""
    yield from _basis(law, ("basis",), policy.basis)
    for key in PolicyValues.model_fields:
        values = getattr(policy.values, key)
        if not values:
            yield ("values", key), _("没有取值")
        yield from _ascending(("values", key), values)
        for day, dated in values.items():
            if dated.source not in law.documents and dated.source != "own default":
                yield (
                    ("values", key, day, "source"),
                    _("没有文件 {0}；自定的写 own default").format(dated.source),
                )
            if not dated.because.strip():
                yield ("values", key, day, "because"), _("须写明理由")
            if isinstance(dated.value, int) and dated.value < (0 if "lag" in key else 1):
                yield ("values", key, day, "value"), _("须为正整数")
            if dated.value in ([], {}):
                yield ("values", key, day, "value"), _("不能为空")
            if key.startswith("age_") and "default" not in dated.value:
                yield ("values", key, day, "value"), _("须有 default")
            if key == "reporters":
                for index, area in enumerate(dated.value):
                    if area not in law.divisions.areas:
                        yield ("values", key, day, "value", index), _("没有辖区 {0}").format(area)


def _within(law: "Law", floor: ClauseText, whole: ClauseText) -> bool:
    return all(
        any(
            inner.profession == outer.profession
            and (outer.grade is None or _rank(law, inner) >= _rank(law, outer))
            and (
                outer.specialities == "any"
                or (
                    inner.specialities != "any"
                    and set(inner.specialities) <= set(outer.specialities)
                )
            )
            for outer in law.accepts(whole.accept)
        )
        for inner in law.accepts(floor.accept)
    )


def _rank(law: "Law", accept: AcceptText) -> int:
    profession = law.professions.get(accept.profession)
    return (
        profession.grades[::-1].index(accept.grade)
        if profession and accept.grade in profession.grades
        else -1
    )


def _ascending(path: tuple[Any, ...], dated: dict[date, Any]) -> Iterator[Fault]:
    days = list(dated)
    for earlier, later in pairwise(days):
        if later <= earlier:
            yield (*path, later), _("日期须由早到晚")


def _basis(law: "Law", path: tuple[Any, ...], document: str) -> Iterator[Fault]:
    if document not in law.documents:
        yield path, _("没有文件 {0}（documents.yaml）").format(document)


def _refs(law: "Law", path: tuple[Any, ...], refs: list[str]) -> Iterator[Fault]:
    for index, ref in enumerate(refs):
        if ref not in law.sources:
            yield (*path, index), _("没有出处 {0}（sources.yaml）").format(ref)
