"""One enterprise explained: every requirement and person, counted or not, with the reasons."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from rich.console import Console
from rich.table import Table

from qualwatch.evaluation.facts import Item, Registration
from qualwatch.evaluation.findings import (
    ClauseCount,
    EnterpriseResult,
    Finding,
    PersonLine,
    RegisterConflict,
)
from qualwatch.evaluation.forecast import Coming
from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.reports import labels
from qualwatch.reports.labels import authority_name, label_of
from qualwatch.wording import gettext as _


def print_explanation(
    result: EnterpriseResult,
    law: Law,
    as_of: date,
    masks: Mapping[str, str],
    names: Mapping[str, str],
    console: Console,
) -> None:
    """Findings one by one with their clauses, basis and people; then insurance anomalies and
    conflicts of the registers.
    """
    for finding, people in zip(result.findings, result.people, strict=True):
        _print_finding(finding, console)
        if people:
            console.print(_people_table(people, law, masks, names))
        console.print()
    for anomaly in result.anomalies:
        months = "、".join(f"{month:%Y-%m}" for month in anomaly.months)
        person = masks.get(anomaly.person_id, anomaly.person_id)
        kind = label_of(labels.ANOMALIES, anomaly.kind)
        console.print(_("社保异常：") + f"{person} {kind} {months}")
    for conflict in result.conflicts:
        _print_conflict(conflict, law, masks, names, console)
    for category, why in result.not_judged:
        name = law.categories[category].name if category in law.categories else category
        text = _("未核查：{name}，{day} 不在有效期或效力内（{why}）")
        console.print(text.format(name=name, day=as_of, why=label_of(labels.REGISTER_STATES, why)))
    if not result.findings and not result.not_judged:
        console.print(_("这家企业没有资质，无可核查"))


def print_coming(
    coming: Sequence[Coming],
    until: date,
    masks: Mapping[str, str],
    names: Mapping[str, str],
    console: Console,
) -> None:
    """The first day on which each requirement becomes short, and who counts no longer from then
    on.
    """
    console.print(
        _("▷ 截至 {day} 将要发生什么（社保和登记按现在所知，不再变化）").format(day=until),
        style="bold",
    )
    if not coming:
        console.print(_("没有指标会转为不达标"))
    for event in coming:
        finding = event.finding
        text = _("{day} 起：{item} {requirement} 不达标（要求 {required}，可能 {possible}）")
        console.print(
            text.format(
                day=event.on,
                item=item_name(finding),
                requirement=label_of(labels.REQUIREMENTS, finding.requirement),
                required=finding.required,
                possible=finding.possible,
            )
        )
        for line in event.leaving:
            name = names.get(line.person_id, line.person_id)
            who = f"{name} {masks.get(line.person_id, '')}".strip()
            console.print(f"  · {who}：{_reasons(line.because)}")


def _print_finding(finding: Finding, console: Console) -> None:
    parts = (
        finding.enterprise,
        finding.credit_code,
        item_name(finding),
        finding.certificate_no,
    )
    heading = " ".join(parts).strip()
    console.print(f"■ {heading}", style="bold")
    requirement = label_of(labels.REQUIREMENTS, finding.requirement)
    line = f"{requirement}：{label_of(labels.VERDICTS, finding.verdict)}"
    if finding.required is not None:
        numbers = _("要求 {required}，实有 {held}，可能 {possible}，缺 {shortfall}").format(
            required=finding.required,
            held=finding.held,
            possible=finding.possible,
            shortfall=finding.shortfall,
        )
        line += f"（{numbers}）"
    console.print(line)
    if finding.text:
        console.print(_("标准：") + finding.text)
    for clause in finding.clauses:
        console.print("  · " + clause_line(clause))
    if finding.basis:
        console.print(_("依据：") + "、".join(finding.basis))
    if finding.because:
        console.print(_("原因：") + _reasons(finding.because))


def _print_conflict(
    conflict: RegisterConflict,
    law: Law,
    masks: Mapping[str, str],
    names: Mapping[str, str],
    console: Console,
) -> None:
    """A conflict of the registers, with every row that contradicts another."""
    category = law.categories.get(conflict.subject)
    parts = [category.name if category else conflict.subject, conflict.part]
    if conflict.person_id is not None:
        name = names.get(conflict.person_id, conflict.person_id)
        parts = [name, masks.get(conflict.person_id, "")]
    what = " ".join(filter(None, parts))
    console.print(_("登记矛盾：{what}，各行不一致，无一采信").format(what=what))
    for row in conflict.rows:
        console.print(f"  · {conflict_row_text(row, law)}")


def conflict_row_text(row: Item | Registration, law: Law) -> str:
    """A contradictory row in one line: certificate, grade, authority or enterprise, validity,
    state.
    """
    if isinstance(row, Item):
        number, whose = row.certificate_no, authority_name(law, row.licensing_authority)
        grade = _(GRADE_NAMES[row.grade]) if row.grade in GRADE_NAMES else row.grade
    else:
        number, whose = row.registration_no or "", row.credit_code
        grade = law.profession_grades.get(row.profession_grade or "", [""])[0]
    last = row.valid_to
    if isinstance(row, Registration) and last is None:
        last = row.certificate_valid_to
    starts, ends = (str(day or _("不详")) for day in (row.valid_from, last))
    state = _("有效")
    if row.register_state != "in-force":
        since = str(row.register_state_from or "")
        state = f"{label_of(labels.REGISTER_STATES, row.register_state)} {since}".strip()
    validity = _("有效期 {starts} 至 {ends}").format(starts=starts, ends=ends)
    return " ".join(filter(None, (number, grade, whose, validity, state)))


def _reasons(slugs: Iterable[str]) -> str:
    return "、".join(label_of(labels.REASONS, slug) for slug in slugs)


def item_name(finding: Finding) -> str:
    """Qualification, sub-item and grade in one text."""
    sub_item = f"·{finding.sub_item}" if finding.sub_item else ""
    return f"{finding.qualification}{sub_item} {finding.grade}".strip()


def clause_line(clause: ClauseCount) -> str:
    """A clause with its figure and who is eligible for it."""
    return clause.text + _("：至少 {at_least}，合格 {eligible}，可能合格 {possible}").format(
        at_least=clause.at_least, eligible=clause.eligible, possible=clause.eligible_possible
    )


def in_reading_order(people: Iterable[PersonLine]) -> list[PersonLine]:
    """Those who count first, then the doubtful, then the others."""
    order = {"certain": 0, "in-doubt": 1, "never": 2}
    return sorted(
        people, key=lambda person_line: (order[person_line.counts], person_line.person_id)
    )


def person_text(
    line: PersonLine, law: Law, masks: Mapping[str, str], names: Mapping[str, str]
) -> str:
    """One person in one line: who, with what, counted or not and why not."""
    name = names.get(line.person_id, line.person_id)
    mask = masks.get(line.person_id, "")
    who = " ".join(part for part in (name, mask) if part)
    reasons = _reasons(line.because)
    counts = label_of(labels.COUNTS, line.counts) + (f"（{reasons}）" if reasons else "")
    return f"{who}：{'；'.join(registrations_of(law, line))}：{counts}"


def _people_table(
    people: tuple[PersonLine, ...], law: Law, masks: Mapping[str, str], names: Mapping[str, str]
) -> Table:
    table = Table(box=None, padding=(0, 2))
    for heading in (_("人员"), _("证件"), _("注册"), _("计入"), _("原因")):
        table.add_column(heading)
    for line in in_reading_order(people):
        registrations = "；".join(registrations_of(law, line))
        name = names.get(line.person_id, line.person_id)
        mask = masks.get(line.person_id, "")
        counts = label_of(labels.COUNTS, line.counts)
        table.add_row(name, mask, registrations, counts, _reasons(line.because))
    return table


def registrations_of(law: Law, line: PersonLine) -> list[str]:
    """One text per certificate, its specialities together."""
    specialities: dict[tuple[str, str, str], list[str]] = {}
    for profession, grade, speciality, number in line.registrations:
        text = law.professions[profession]
        grade_name = law.profession_grades[grade][0] if grade in law.profession_grades else ""
        key = (grade_name + text.name, number or "", profession)
        speciality_name = text.specialities.get(speciality or "", [""])[0]
        specialities.setdefault(key, []).append(speciality_name)
    texts = []
    for (name, number, _profession), of_certificate in specialities.items():
        parts = (name, "、".join(filter(None, of_certificate)), number)
        texts.append(" ".join(part for part in parts if part))
    return texts
