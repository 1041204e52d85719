"""The office's daily commands: loads, the patrol, decisions, messages, evidence packs."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qualwatch.cli.count_labels import (
    LOAD_COUNTS,
    LOAD_STATES,
    OTHER_TABLES,
    RUN_COUNTS,
    RUN_STATES,
    day_counts,
)
from qualwatch.cli.database import actor, check_account, now, with_database
from qualwatch.cli.options import (
    ALL_READ,
    SOME_REJECTED,
    AsOf,
    InvalidCommand,
    LawFolder,
    On,
    PasswordFromStdin,
    PolicyFile,
    required_day,
)
from qualwatch.cli.output import complete_file, print_lines
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from qualwatch.assessments.models import Run
    from qualwatch.registers.models import Load, PlatformChange

By = Annotated[str, typer.Option("--by", help=_n("谁做的（账号名）；不写时是系统用户名"))]
SourceSlug = Annotated[str, typer.Argument(metavar="SOURCE", help=_n("来源，如 practitioners"))]
RegisterFiles = Annotated[list[Path], typer.Argument(metavar="FILE…", help=_n("登记文件"))]
Covers = Annotated[str, typer.Option("--covers", help=_n("社保覆盖的月份，如 2026-01..2026-03"))]
IsDelta = Annotated[bool, typer.Option("--delta", help=_n("只有变更，不是全量"))]
HeldKind = Annotated[str, typer.Argument(metavar="load|run|change", help=_n("载入、核查还是推送"))]
HeldNumber = Annotated[
    str,
    typer.Argument(metavar="NUMBER", help=_n("第几次；推送的序号、序号范围 1..9 或日期")),
]
Reviewer = Annotated[str, typer.Option("--by", help=_n("审核人的账号名；会问密码"))]
Because = Annotated[str, typer.Option("--because", help=_n("理由"))]
Refuse = Annotated[bool, typer.Option("--refuse", help=_n("拒绝而不是放行"))]
AtMost = Annotated[int, typer.Option("--at-most", help=_n("最多发多少条"))]
CardNumber = Annotated[
    str, typer.Argument(metavar="NUMBER", help=_n("红牌编号，如 晋红〔2026〕1号"))
]
Officer = Annotated[str, typer.Option("--by", help=_n("经办人的账号名；会问密码"))]
PackPath = Annotated[Path, typer.Option("--output", help=_n("写到这个 .zip 文件"))]
MAX_DAYS = 10  # of those without a patrol, named one by one


@with_database
def import_delivery(
    source: SourceSlug,
    files: RegisterFiles,
    as_of: AsOf = None,
    covers: Covers = "",
    delta: IsDelta = False,
    by: By = "",
    law: LawFolder = None,
) -> int:
    """Import a source's files: compared with what is on record, accepted or held for review."""
    from qualwatch.cli.registers import Steps
    from qualwatch.law.loader import load_law
    from qualwatch.registers import loads

    texts, day, months = load_law(law), required_day(as_of), _months(covers)
    files_by_name = {file.name: file for file in files}
    if len(files_by_name) < len(files):
        raise InvalidCommand(_("两个文件同名"))
    is_full = False if delta else None
    with Steps() as steps:
        delivery = loads.Delivery(source, files_by_name, day, is_full, months, steps.show_file)
        load = loads.import_delivery(delivery=delivery, law=texts, by=actor(by), at=now())
    print_lines(*_load_lines(load, source))
    has_rejected_rows = any(counts.get("rejected") for counts in load.counts.values())
    return SOME_REJECTED if has_rejected_rows or load.state == "held" else ALL_READ


@with_database
def patrol(on: On = None, by: By = "", law: LawFolder = None, policy: PolicyFile = None) -> int:
    """Run a day: assess it, deal with its cards, publish, seal the journal.

    Running it again adds nothing.
    """
    from qualwatch.law.loader import load_law
    from qualwatch.patrol.days import missed_days, run_day

    day = required_day(on, "--on")
    missed = missed_days(day)
    result = run_day(day=day, law=load_law(law, policy), by=actor(by), at=now())
    print_lines(*_run_lines(result.run), *_missed_lines(missed), *day_counts(result.cases))
    return SOME_REJECTED if result.run.state == "held" else ALL_READ


@with_database
def decide(  # noqa: PLR0913  # the options of a command are its arguments
    what: HeldKind,
    number: HeldNumber,
    by: Reviewer,
    because: Because,
    refuse: Refuse = False,
    password_from_stdin: PasswordFromStdin = False,
    law: LawFolder = None,
    policy: PolicyFile = None,
) -> int:
    """Release (or refuse) what a guard held; whoever began it may not."""
    if what not in ("load", "run", "change"):
        raise InvalidCommand(_("写 load、run 或 change"))
    capability = "release-runs" if what == "run" else "release-loads"
    check_account(by, capability, password_from_stdin=password_from_stdin)
    decision = {"by": by, "at": now(), "because": because}
    if what == "load":
        print_lines(_decide_load(_whole(number), decision, law, policy, refuse=refuse))
    elif what == "run":
        print_lines(*_decide_run(_whole(number), decision, law, policy, refuse=refuse))
    elif refuse:
        print_lines(_reject_changes(number, decision))
    else:
        print_lines(*_release_changes(number, decision, law, policy))
    return ALL_READ


@with_database
def heartbeat(on: On = None) -> int:
    """The day of the last patrol; status 3 where it is missing for the day, for a monitor."""
    from django.utils import timezone

    from qualwatch.outbox.actions import waiting_since
    from qualwatch.patrol.days import last_patrol

    day = on or timezone.localdate()
    last, waiting = last_patrol(day), waiting_since(now())
    print_lines(_("上次巡查：{day}").format(day=last.day) if last else _("还没有巡查过"))
    if waiting:
        at = waiting.isoformat(timespec="minutes")
        print_lines(_("待发消息最早的一条：{at}").format(at=at))
    else:
        print_lines(_("没有待发的消息"))
    return ALL_READ if last and last.day == day else SOME_REJECTED


@with_database
def deliver(at_most: AtMost = 1000) -> int:
    """Send what waits in the outbox: e-mail, text messages, the hook. What fails is sent later."""
    from qualwatch.cases.notices.notify import record_sent
    from qualwatch.outbox import actions
    from qualwatch.outbox.channels import send

    sent, failed = actions.deliver(
        send=send, at=now(), at_most=at_most, on_sent=record_sent, clock=now
    )
    print_lines(_("已发 {sent} 条，未成 {failed} 条").format(sent=sent, failed=failed))
    return SOME_REJECTED if failed else ALL_READ


@with_database
def pack(
    number: CardNumber,
    by: Officer,
    output: PackPath,
    password_from_stdin: PasswordFromStdin = False,
) -> int:
    """Write the evidence pack of a red card.

    Facts, law, findings, people, documents, services, journal, checksums.
    """
    from qualwatch.accounts.models import Account
    from qualwatch.cases.evidence_packs.pack import evidence_pack

    check_account(by, "read-cases", password_from_stdin=password_from_stdin)
    if output.exists():
        raise InvalidCommand(_("{path} 已经存在，请换一个文件名").format(path=output))
    archive = evidence_pack(card_number=number, by=Account.objects.get(username=by), at=now())
    with complete_file(output) as part:
        part.write_bytes(archive)
    print_lines(_("已写 {path}，{size} 字节").format(path=output, size=len(archive)))
    return ALL_READ


def _decide_load(
    number: int,
    decision: Mapping[str, Any],
    law: Path | None,
    policy: Path | None,
    *,
    refuse: bool,
) -> str:
    from qualwatch.law.loader import load_law
    from qualwatch.registers.loads import reject, release
    from qualwatch.registers.models import Load

    load = Load.objects.get(pk=number)
    if refuse:
        load = reject(load=load, **decision)
    else:
        load = release(load=load, law=load_law(law, policy), **decision)
    return _(LOAD_STATES[load.state])


def _decide_run(
    number: int,
    decision: Mapping[str, Any],
    law: Path | None,
    policy: Path | None,
    *,
    refuse: bool,
) -> Iterator[str]:
    from qualwatch.assessments.actions import reject_run
    from qualwatch.assessments.models import Run
    from qualwatch.law.loader import load_law
    from qualwatch.patrol.days import release_held_run

    run = Run.objects.get(pk=number)
    if refuse:
        yield _(RUN_STATES[reject_run(run=run, **decision).state])
        return
    result = release_held_run(run=run, law=load_law(law, policy), **decision)
    yield _(RUN_STATES[result.run.state])
    yield from day_counts(result.cases)


def _release_changes(
    which: str, decision: Mapping[str, Any], law: Path | None, policy: Path | None
) -> Iterator[str]:
    """Releases the quarantined changes of a sequence number, a range of them or a day."""
    from django.utils import timezone

    from qualwatch.law.loader import load_law
    from qualwatch.patrol.pushes import release_all_quarantined, release_quarantined
    from qualwatch.registers.models import PlatformChange

    day = timezone.localdate(decision["at"])
    decision = {**decision, "law": load_law(law, policy), "day": day}
    if which.isdecimal():
        change = PlatformChange.objects.get(sequence=int(which))
        outcome = release_quarantined(change=change, **decision)
        count = len(outcome.result.credit_codes)
        yield _("已放行，涉及 {count} 家企业").format(count=count)
        return
    outcome = release_all_quarantined(changes=_quarantined(which), **decision)
    blocked = [row for row in outcome.result.outcomes if row[1] != "released"]
    yield _("已放行 {released} 条，涉及 {count} 家企业").format(
        released=len(outcome.result.outcomes) - len(blocked),
        count=len(outcome.result.credit_codes),
    )
    for pushed, _state, problem in blocked:
        yield _("  没有放行：{number}，{problem}").format(
            number=pushed.sequence or pushed.change_id, problem=problem
        )


def _reject_changes(which: str, decision: Mapping[str, Any]) -> str:
    """Rejects the quarantined changes of a sequence number, a range of them or a day."""
    from qualwatch.registers.changes import reject_changes

    result = reject_changes(changes=_quarantined(which), **decision)
    return _("已拒绝 {count} 条，登记不变").format(count=len(result.outcomes))


def _quarantined(which: str) -> "QuerySet[PlatformChange]":
    """The quarantined changes that a command names: 12, 12..40 or 2026-05-20."""
    from qualwatch.registers.changes import quarantined_changes

    first, dots, last = which.partition("..")
    if first.isdecimal() and (last.isdecimal() or not dots):
        return quarantined_changes(numbers=(int(first), int(last or first)))
    try:
        return quarantined_changes(received_on=date.fromisoformat(which))
    except ValueError as error:
        raise InvalidCommand(_("写推送的序号（12）、范围（12..40）或日期（2026-05-20）")) from error


def _whole(number: str) -> int:
    if not number.isdecimal():
        raise InvalidCommand(_("第几次要写数字：{value}").format(value=number))
    return int(number)


def _load_lines(load: "Load", source: str) -> Iterator[str]:
    from qualwatch.reports.labels import TABLES, label_of

    yield _("第 {number} 次载入，{source}，{day}：{state}").format(
        number=load.pk, source=source, day=load.as_of, state=_(LOAD_STATES[load.state])
    )
    if load.because:
        yield load.because
    for table, counts in sorted(load.counts.items()):
        parts = [
            f"{_(label)} {counts[name]}" for name, label in LOAD_COUNTS.items() if name in counts
        ]
        yield f"  {label_of(TABLES | OTHER_TABLES, table)}{_('：')}{_('，').join(parts)}"


def _run_lines(run: "Run") -> Iterator[str]:
    from qualwatch.reports.labels import VERDICTS

    if run.state == "held":
        sentence = _("第 {number} 次核查，{day}：已扣下（{because}），等审核放行")
    else:
        sentence = _("第 {number} 次核查，{day}：已记录")
    yield sentence.format(number=run.pk, day=run.as_of, because=run.because)
    for name, label in RUN_COUNTS.items():
        yield f"  {_(label)}{_('：')}{run.counts.get(name, 0)}"
    for verdict, label in VERDICTS.items():
        yield f"  {_(label)}{_('：')}{run.counts['findings'].get(verdict, 0)}"
    for load in run.counts.get("loads_in_conflict", ()):
        yield _("  第 {load} 次载入（{source}，{as_of}）有 {rows} 行登记矛盾，请核对来源").format(
            **load
        )


def _missed_lines(missed: list[date]) -> Iterator[str]:
    if missed:
        days = _("、").join(map(str, missed[:MAX_DAYS]))
        yield _("  上次巡查后有 {count} 天没有巡查：{days}").format(count=len(missed), days=days)


def _months(text: str) -> tuple[date, date] | None:
    """The first and last day of the months that a text names: 2026-01..2026-03 or 2026-01."""
    if not text:
        return None
    first, dots, last = text.partition("..")
    try:
        start = date.fromisoformat(f"{first}-01")
        end = date.fromisoformat(f"{last if dots else first}-01")
    except ValueError as error:
        raise InvalidCommand(_("覆盖的月份写作 2026-01..2026-03")) from error
    end = end.replace(day=monthrange(end.year, end.month)[1])
    if end < start:
        raise InvalidCommand(_("覆盖的月份写作 2026-01..2026-03"))
    return start, end
