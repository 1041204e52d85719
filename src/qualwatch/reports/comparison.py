"""Two judgements side by side: what if, and the impact of a changed policy or standard."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from qualwatch.evaluation.findings import Finding
from qualwatch.evaluation.impact import Turn
from qualwatch.law.loader import Law
from qualwatch.reports import labels
from qualwatch.reports.check import finding_as_dict, one_row_a_line
from qualwatch.reports.explanation import item_name
from qualwatch.reports.labels import label_of
from qualwatch.wording import gettext as _

IMPACT_SCHEMA = "qualwatch-impact/1"
MAX_ROWS = 100  # of enterprises on a terminal; everything is in the JSON


def print_what_if(before: Sequence[Finding], after: Sequence[Finding], console: Console) -> None:
    """Every requirement of an enterprise as it is and as it would be; what changes is marked."""
    old = {finding.key: finding for finding in before}
    new = {finding.key: finding for finding in after}
    table = Table(title=_("假如"), title_justify="left")
    for heading in (_("资质"), _("指标"), _("要求"), _("现在"), _("假如"), ""):
        table.add_column(heading)
    for key in dict.fromkeys([*old, *new]):
        shown = new.get(key) or old[key]
        now = _verdict_text(old.get(key))
        then = _verdict_text(new.get(key))
        table.add_row(
            item_name(shown),
            label_of(labels.REQUIREMENTS, shown.requirement),
            "" if shown.required is None else str(shown.required),
            now,
            then,
            _("变") if now != then else "",
        )
    console.print(table)


def _verdict_text(finding: Finding | None) -> str:
    if finding is None:
        return _("没有这一项")
    verdict = label_of(labels.VERDICTS, finding.verdict)
    if finding.held is None:
        return verdict
    return verdict + _("（实有 {held}，可能 {possible}）").format(
        held=finding.held, possible=finding.possible
    )


@dataclass(frozen=True, slots=True)
class ImpactReport:
    """The findings that would turn. areas: the supervising area by credit code. law: names the
    areas.
    """

    as_of: date
    law: Law
    turns: list[Turn]
    areas: Mapping[str, str | None]

    def counted(self, group: Callable[[Turn], str]) -> list[tuple[str, int, int, int]]:
        """(group, turn short, turn met, turn otherwise), groups in order of their names."""
        short: Counter[str] = Counter()
        met: Counter[str] = Counter()
        other: Counter[str] = Counter()
        for turn in self.turns:
            name = group(turn)
            short[name] += turn.becomes_short
            met[name] += turn.becomes_met
            other[name] += not (turn.becomes_short or turn.becomes_met)
        return [(name, short[name], met[name], other[name]) for name in sorted(other)]

    def area_name(self, turn: Turn) -> str:
        """The supervising area of a turn's enterprise."""
        return labels.area_name(self.law, self.areas.get(turn.either.credit_code)) or _(
            "不在本省或不明"
        )


def print_impact(report: ImpactReport, console: Console) -> None:
    """Counts per supervising area and category, then the enterprises that turn short or met."""
    by_area = report.counted(report.area_name)
    by_category = report.counted(lambda turn: turn.either.qualification or _("资质不明"))
    console.print(_counts_table(_("按监管地"), by_area))
    console.print(_counts_table(_("按资质"), by_category))
    shown = [turn for turn in report.turns if turn.becomes_short or turn.becomes_met]
    console.print(_turns_table(report, shown[:MAX_ROWS]))
    text = _("结论有变化的指标 {all} 项，其中转为不达标 {short} 项，转为达标 {met} 项")
    short = sum(turn.becomes_short for turn in shown)
    met = sum(turn.becomes_met for turn in shown)
    console.print(text.format(all=len(report.turns), short=short, met=met))
    if len(shown) > MAX_ROWS:
        text = _("表中 {shown} 行，共 {all} 行；全部见 --format json")
        console.print(text.format(shown=MAX_ROWS, all=len(shown)))


def _counts_table(title: str, rows: list[tuple[str, int, int, int]]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(title)
    for heading in (_("转为不达标"), _("转为达标"), _("其他变化")):
        table.add_column(heading, justify="right")
    for name, *counts in rows:
        table.add_row(name, *map(str, counts))
    return table


def _turns_table(report: ImpactReport, turns: list[Turn]) -> Table:
    table = Table(title=_("转为不达标或达标的指标"), title_justify="left")
    for heading in (_("企业"), _("监管地"), _("资质"), _("指标"), _("原来"), _("改后")):
        table.add_column(heading)
    for turn in turns:
        finding = turn.either
        table.add_row(
            finding.enterprise or finding.credit_code,
            report.area_name(turn),
            item_name(finding),
            label_of(labels.REQUIREMENTS, finding.requirement),
            _verdict_text(turn.before),
            _verdict_text(turn.after),
        )
    return table


def impact_as_json(report: ImpactReport) -> str:
    """All turns as JSON (schema qualwatch-impact/1), counts per area and category beside them."""

    def counts(rows: list[tuple[str, int, int, int]]) -> dict[str, dict[str, int]]:
        return {
            name: {"becomes_short": short, "becomes_met": met, "other": other}
            for name, short, met, other in rows
        }

    def as_dict(finding: Finding | None) -> dict[str, Any] | None:
        return finding_as_dict(finding) if finding else None

    document = {
        "schema": IMPACT_SCHEMA,
        "as_of": str(report.as_of),
        "areas": counts(
            report.counted(lambda turn: report.areas.get(turn.either.credit_code) or "")
        ),
        "categories": counts(report.counted(lambda turn: turn.either.qualification)),
        "turns": [
            {"before": as_dict(turn.before), "after": as_dict(turn.after)} for turn in report.turns
        ],
    }
    return one_row_a_line(document)
