"""The standards as tables: list, one category with its history, coverage."""

from collections import Counter
from datetime import date

from rich.console import Console
from rich.table import Table

from qualwatch.law.figures import Requirement, requirements_on
from qualwatch.law.loader import Law
from qualwatch.law.model import (
    GRADE_NAMES,
    CategoryText,
    ClauseText,
    FigureText,
    GradeSlug,
    GradeText,
)
from qualwatch.law.policy import Policy
from qualwatch.reports import labels
from qualwatch.reports.labels import label_of
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

COVERAGE = {
    "short": _n("可判不达标"),
    "advise": _n("只可提示"),
    "manual": _n("须人工核查"),
    "nothing": _n("无可判（不考核或人数未查到）"),
}


def can_say(requirements: tuple[Requirement, ...]) -> str:
    """The strongest verdict that a level can give: short, advise, manual or nothing."""
    outcomes = {requirement.outcome for requirement in requirements}
    if any(requirement.outcome == "judge" and requirement.strong for requirement in requirements):
        return "short"
    if "judge" in outcomes:
        return "advise"
    return "manual" if "manual" in outcomes else "nothing"


def coverage(law: Law, policy: Policy, day: date) -> list[tuple[CategoryText, str, GradeSlug, str]]:
    """(category, sub-item, grade, strongest verdict) of every level on a day, route unknown."""
    return [
        (
            text,
            sub_item,
            grade,
            can_say(requirements_on(law, policy, slug, sub_item, grade, "unknown", day)),
        )
        for slug, text in law.categories.items()
        for sub_item, grade, _grade_text in text.every_grade()
    ]


def print_coverage(law: Law, policy: Policy, day: date, console: Console) -> None:
    """How many levels can give short, only advise, manual, nothing."""
    levels = coverage(law, policy, day)
    console.print(_coverage_table(levels, day))
    for strength in ("advise", "manual"):
        names = [
            f"{text.name}{sub_item} {GRADE_NAMES[grade]}"
            for text, sub_item, grade, of_level in levels
            if of_level == strength
        ]
        console.print(f"{label_of(COVERAGE, strength)}：" + ("、".join(names) or _("无")))


def _coverage_table(levels: list[tuple[CategoryText, str, GradeSlug, str]], day: date) -> Table:
    table = Table(title=_("{day} 各等级可以得出什么").format(day=day), title_justify="left")
    table.add_column("")
    sectors = {"construction": _("施工"), "supervision": _("监理")}
    for name in sectors.values():
        table.add_column(name, justify="right")
    table.add_column(_("合计"), justify="right")
    counts: Counter[tuple[str, str]] = Counter(
        (text.sector, strength) for text, _sub, _grade, strength in levels
    )
    for strength in COVERAGE:
        numbers = [counts[(sector, strength)] for sector in sectors]
        table.add_row(label_of(COVERAGE, strength), *map(str, numbers), str(sum(numbers)))
    totals = [sum(counts[(sector, strength)] for strength in COVERAGE) for sector in sectors]
    table.add_row(_("合计"), *map(str, totals), str(sum(totals)))
    return table


def print_list(law: Law, console: Console) -> None:
    """Every category with its grades."""
    table = Table()
    for heading in (_("代码"), _("名称"), _("等级"), _("标识")):
        table.add_column(heading)
    for slug, text in law.categories.items():
        grades = dict.fromkeys(GRADE_NAMES[grade] for _sub, grade, _text in text.every_grade())
        table.add_row(text.platform_code or "", text.name, "、".join(grades), slug)
    console.print(table)


def print_category(
    law: Law, policy: Policy, text: CategoryText, grade: str | None, day: date, console: Console
) -> None:
    """A category's grades: what is required on the day, then the history of each figure."""
    console.print(f"{text.name}（{text.category}）", style="bold")
    standard = law.documents[text.standard]
    console.print(_("标准：") + f"{standard.doc_no} {standard.name}")
    if text.note:
        console.print(_("注：") + text.note)
    for sub_item, slug, grade_text in text.every_grade():
        if grade in (None, slug, GRADE_NAMES[slug]):
            console.print()
            console.print(f"■ {sub_item} {GRADE_NAMES[slug]}".replace("  ", " "), style="bold")
            key = (text.category, sub_item, slug)
            for requirement in requirements_on(law, policy, *key, "unknown", day):
                _print_requirement(requirement, day, console)
            _print_history(law, grade_text, console)


OUTCOME_VERDICTS = {"not-required": "not-required", "manual": "manual", "unknown": "cannot-say"}


def _print_requirement(requirement: Requirement, day: date, console: Console) -> None:
    reading = requirement.strong or requirement.weak
    if reading is None:
        verdict = OUTCOME_VERDICTS.get(requirement.outcome, "")
        figure = label_of(labels.VERDICTS, verdict)
    else:
        figure = _("要求 {number}").format(number=reading.required)
        figure += "" if requirement.strong else "，" + label_of(labels.VERDICTS, "advise")
    name = label_of(labels.REQUIREMENTS, requirement.requirement)
    console.print(f"{day} {name}：{figure}。{requirement.text}")
    if requirement.basis:
        console.print("  " + _("依据：") + "、".join(requirement.basis))
    if requirement.because:
        reasons = "、".join(label_of(labels.REASONS, reason) for reason in requirement.because)
        console.print("  " + _("说明：") + reasons)


def _print_history(law: Law, grade: GradeText, console: Console) -> None:
    for requirement in grade.requirements:
        refs = "、".join(requirement.refs) or _("无")
        sources = _("把握 {confidence}，来源 {source}，出处 {refs}").format(
            confidence=requirement.confidence, source=requirement.source, refs=refs
        )
        console.print("  " + sources)
        for clause in requirement.clauses:
            _print_clause(law, clause, console)
    for start, other in grade.measured_as.items():
        doc_no = law.doc_no(other.basis)
        sentence = _("起按{grade}人数：{doc_no}")
        sentence = sentence.format(grade=GRADE_NAMES[other.grade], doc_no=doc_no)
        console.print(f"  {start} {sentence}")
    if grade.abolished:
        doc_no = law.doc_no(grade.abolished.basis)
        sentence = _("起不再核发：{doc_no}；存量最迟到 {end}")
        sentence = sentence.format(doc_no=doc_no, end=grade.abolished.stock_ends_on)
        console.print(f"  {grade.abolished.from_} {sentence}")
    if grade.note:
        console.print("  " + _("注：") + grade.note)


def _print_clause(law: Law, clause: ClauseText, console: Console) -> None:
    for start, figure in clause.at_least.items():
        console.print(f"  {start} {_number(figure)}  {clause.summary}  {law.doc_no(figure.basis)}")
    for floor in clause.of_which:
        _print_clause(law, floor, console)


def _number(figure: FigureText) -> str:
    if figure.number is None:
        return _("取消")
    if figure.number == "unknown":
        return _("未查到")
    if not figure.other_reading:
        return str(figure.number)
    return f"{figure.number}" + _("（另一读法 {number}）").format(number=figure.other_reading)
