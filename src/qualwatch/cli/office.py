"""The office's daily commands: loads, the patrol, decisions, messages, evidence packs."""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
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
from qualwatch.cli.database import actor, check_account, now, office_law, with_database
from qualwatch.cli.options import (
    ALL_READ,
    SOME_REJECTED,
    AsOf,
    InvalidCommand,
    On,
    PasswordFromStdin,
    read_day,
    required_day,
)
from qualwatch.cli.output import complete_file, print_lines
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

if TYPE_CHECKING:
    from qualwatch.assessments.models import Run
    from qualwatch.cases.documents.attachments import SubmittedFile
    from qualwatch.cases.models import Heartbeat, ProposedAct
    from qualwatch.cases.proposed_acts.actions import NewAct
    from qualwatch.law.loader import Law
    from qualwatch.registers.changes import PushResult
    from qualwatch.registers.models import Load, PlatformChange
    from qualwatch.registers.pushed import Pushed

By = Annotated[str, typer.Option("--by", help=_n("谁做的（账号名）；不写时是系统用户名"))]
SourceSlug = Annotated[str, typer.Argument(metavar="SOURCE", help=_n("来源，如 practitioners"))]
RegisterFiles = Annotated[list[Path], typer.Argument(metavar="FILE…", help=_n("登记文件"))]
Covers = Annotated[str, typer.Option("--covers", help=_n("社保覆盖的月份，如 2026-01..2026-03"))]
IsDelta = Annotated[bool, typer.Option("--delta", help=_n("只有变更，不是全量"))]
HeldKind = Annotated[
    str, typer.Argument(metavar="load|run|change|patrol", help=_n("载入、核查、推送还是巡查"))
]
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
EvidenceFiles = Annotated[list[Path], typer.Argument(metavar="FILE…", help=_n("证据文件"))]
EvidenceFolder = Annotated[Path, typer.Option("--output", help=_n("把证据写到这个新文件夹"))]
PatrolDay = Annotated[date, typer.Argument(metavar="DAY", parser=read_day, help=_n("哪一天的巡查"))]
Sign = Annotated[bool, typer.Option("--sign", help=_n("签批别人提出的作废"))]
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
) -> int:
    """Import a source's files: compared with what is on record, accepted or held for review."""
    from qualwatch.cli.registers import Steps
    from qualwatch.registers import loads

    texts, day, months = office_law(), required_day(as_of), _months(covers)
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
def patrol(on: On = None, by: By = "") -> int:
    """Run a day: assess it, deal with its cards, publish, seal the journal.

    Running it again adds nothing.
    """
    from qualwatch.patrol.days import DayOutcome, missed_days
    from qualwatch.patrol.guard import run_guarded_day

    day = required_day(on, "--on")
    missed = missed_days(day)
    result = run_guarded_day(day=day, law=office_law(), by=actor(by), at=now())
    if not isinstance(result, DayOutcome):
        print_lines(*_held_patrol_lines(result))
        return SOME_REJECTED
    print_lines(*_run_lines(result.run), *_missed_lines(missed), *day_counts(result.cases))
    return SOME_REJECTED if result.run.state == "held" else ALL_READ


@with_database
def propose(
    what: HeldKind,
    number: HeldNumber,
    files: EvidenceFiles,
    by: Officer,
    because: Because,
    password_from_stdin: PasswordFromStdin = False,
) -> int:
    """Propose to release what a guard held, with evidence; another person decides."""
    from qualwatch.accounts.models import Account
    from qualwatch.cases.documents.attachments import SubmittedFile
    from qualwatch.cases.proposed_acts.actions import propose_act

    _release_kind(what)
    check_account(by, "read-cases", password_from_stdin=password_from_stdin)
    submitted = [SubmittedFile(file.name, _content_of(file)) for file in files]
    new, lines = _new_release(what, number, because, submitted)
    officer = Account.objects.get(username=by)
    act = propose_act(new=new, by=officer, law=office_law(), at=now())
    print_lines(*lines, _("已提出（第 {number} 号），等另一人审核签批").format(number=act.pk))
    return ALL_READ


@with_database
def evidence(
    what: HeldKind,
    number: HeldNumber,
    by: Reviewer,
    output: EvidenceFolder,
    password_from_stdin: PasswordFromStdin = False,
) -> int:
    """Read the evidence of a proposed release; whoever decides must have opened all of it."""
    from qualwatch.accounts.models import Account
    from qualwatch.cases.documents.evidence import evidence_of, open_file
    from qualwatch.cases.proposed_acts.releases import sequence_numbers

    _release_kind(what)
    check_account(by, "read-cases", password_from_stdin=password_from_stdin)
    act = _waiting_act(what, number)
    if output.exists():
        raise InvalidCommand(_("{path} 已经存在，请换一个文件名").format(path=output))
    print_lines(_("{who} 提出：{because}").format(who=act.proposed_by, because=act.because))
    if what == "change":
        print_lines(_numbers_line(sequence_numbers(act)))
    with complete_file(output) as part:
        part.mkdir()
        for position, file in enumerate(evidence_of(act), 1):
            account = Account.objects.get(username=by)
            _attachment, content = open_file(number=file.number, by=account, at=now())
            name = f"{position}-{file.name}"
            (part / name).write_bytes(content)
            print_lines(f"{name} {file.sha256}", *([file.note] if file.note else []))
    return ALL_READ


@with_database
def decide(
    what: HeldKind,
    number: HeldNumber,
    by: Reviewer,
    because: Because,
    refuse: Refuse = False,
    password_from_stdin: PasswordFromStdin = False,
) -> int:
    """Release what a guard held, as another person proposed, or refuse it; not who began it."""
    from qualwatch.accounts.models import Account

    if what == "patrol":
        check_account(by, "release-runs", password_from_stdin=password_from_stdin)
        decision = {"by": by, "at": now(), "because": because}
        print_lines(*_decide_patrol(_whole_number(number), decision, refuse=refuse))
        return ALL_READ
    _release_kind(what)
    capability = "release-runs" if what == "run" else "release-loads"
    check_account(by, capability, password_from_stdin=password_from_stdin)
    texts = office_law()
    if refuse:
        print_lines(_refuse(what, number, {"by": by, "at": now(), "because": because}, texts))
        return ALL_READ
    from qualwatch.cases.proposed_acts.actions import sign_act

    result = sign_act(
        act=_waiting_act(what, number),
        by=Account.objects.get(username=by),
        law=texts,
        at=now(),
        because=because,
    )
    print_lines(*_release_lines(what, result))
    return ALL_READ


@with_database
def heartbeat(on: On = None) -> int:
    """The day of the last patrol; status 3 where it is missing for the day, for a monitor."""
    from django.utils import timezone

    from qualwatch.cases.models import Heartbeat
    from qualwatch.outbox.actions import waiting_since
    from qualwatch.patrol.days import last_patrol

    day = on or timezone.localdate()
    for held in Heartbeat.objects.filter(state="held").order_by("day"):
        print_lines(*_held_patrol_lines(held))
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


def _release_kind(what: str) -> str:
    """The kind of act that releases a load, a run or a change; InvalidCommand."""
    if what not in ("load", "run", "change"):
        raise InvalidCommand(_("写 load、run 或 change"))
    return f"release-{what}"


def _content_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidCommand(_("找不到 {path}").format(path=file)) from error


def _new_release(
    what: str, which: str, because: str, files: Sequence["SubmittedFile"]
) -> tuple["NewAct", list[str]]:
    """The release to be proposed; the lines on changes, proposed or not. InvalidCommand."""
    from qualwatch.cases.proposed_acts.actions import NewAct, changes_act
    from qualwatch.registers.changes import quarantined_changes, releasable_changes

    if what != "change" or which.isdecimal():
        number = _whole_number(which)
        return NewAct(_release_kind(what), because, files, number=number), []
    quarantined = quarantined_changes(**_selection(which))
    releasable = releasable_changes(quarantined).values_list("sequence", flat=True)
    numbers = [number for number in releasable if number is not None]
    unreadable = [change for change in quarantined if change.sequence not in numbers]
    lines = [
        _numbers_line(numbers),
        *(_blocked_line(change, _("读不出，不能放行")) for change in unreadable),
    ]
    return changes_act(numbers, because, files), lines


def _waiting_act(what: str, which: str) -> "ProposedAct":
    """The proposed release of a number, or of changes of a range or a day; InvalidCommand."""
    from qualwatch.cases.models import ProposedAct
    from qualwatch.cases.proposed_acts.releases import (
        sequence_numbers,
        waiting_releases_of_changes,
    )

    kind = _release_kind(what)
    if what == "change":
        acts = waiting_releases_of_changes(**_selection(which))
    else:
        number = _whole_number(which)
        acts = list(ProposedAct.objects.filter(kind=kind, number=number, state="proposed"))
    if not acts:
        raise InvalidCommand(_("还没有人提出放行：先由另一人用 qualwatch propose 提出"))
    if len(acts) > 1:
        ranges = [f"{min(all_)}..{max(all_)}" for all_ in map(sequence_numbers, acts)]
        sentence = _("有 {count} 件放行在等，请写明是哪一件：{ranges}")
        raise InvalidCommand(sentence.format(count=len(acts), ranges=_("、").join(ranges)))
    return acts[0]


def _refuse(what: str, which: str, decision: Mapping[str, Any], law: "Law") -> str:
    """Refuses a load, a run or changes; the state that it has then, or how many changes."""
    from qualwatch.assessments.models import Run
    from qualwatch.cases.proposed_acts import releases
    from qualwatch.registers.changes import quarantined_changes
    from qualwatch.registers.models import Load

    if what == "change":
        changes = quarantined_changes(**_selection(which))
        result = releases.reject_quarantined(changes=changes, law=law, **decision)
        return _("已拒绝 {count} 条，登记不变").format(count=len(result.outcomes))
    number = _whole_number(which)
    if what == "load":
        load = Load.objects.get(pk=number)
        return _(LOAD_STATES[releases.reject_held_load(load=load, law=law, **decision).state])
    run = Run.objects.get(pk=number)
    return _(RUN_STATES[releases.reject_held_run(run=run, law=law, **decision).state])


def _release_lines(what: str, result: Any) -> Iterator[str]:
    """What was released: the state of the load or run, its cards; the changes."""
    if what == "load":
        yield _(LOAD_STATES[result.state])
    elif what == "run":
        yield _(RUN_STATES[result.run.state])
        yield from day_counts(result.cases)
    else:
        yield from _released_changes_lines(result.result)


def _released_changes_lines(result: "PushResult") -> Iterator[str]:
    """How many changes were released and enterprises concerned; each that was not, and why."""
    count = len(result.credit_codes)
    if len(result.outcomes) == 1:
        yield _("已放行，涉及 {count} 家企业").format(count=count)
        return
    blocked = [row for row in result.outcomes if row[1] != "released"]
    released = len(result.outcomes) - len(blocked)
    yield _("已放行 {released} 条，涉及 {count} 家企业").format(released=released, count=count)
    for change, _state, problem in blocked:
        yield _blocked_line(change, problem)


def _blocked_line(change: "PlatformChange | Pushed", problem: str) -> str:
    number = change.sequence or change.change_id
    return _("  没有放行：{number}，{problem}").format(number=number, problem=problem)


def _numbers_line(numbers: Sequence[int]) -> str:
    names = _("、").join(map(str, numbers))
    return _("放行推送 {count} 条：{numbers}").format(count=len(numbers), numbers=names)


def _selection(which: str) -> dict[str, Any]:
    """What a command names of changes: 12, 12..40 or 2026-05-20, as an argument of a query."""
    first, dots, last = which.partition("..")
    if first.isdecimal() and (last.isdecimal() or not dots):
        return {"numbers": (int(first), int(last or first))}
    try:
        return {"received_on": date.fromisoformat(which)}
    except ValueError as error:
        raise InvalidCommand(_("写推送的序号（12）、范围（12..40）或日期（2026-05-20）")) from error


def _whole_number(which: str) -> int:
    if not which.isdecimal():
        raise InvalidCommand(_("第几次要写数字：{value}").format(value=which))
    return int(which)


def _decide_patrol(
    number: int,
    decision: Mapping[str, Any],
    *,
    refuse: bool,
) -> Iterator[str]:
    """Lets a held patrol run, or refuses it."""
    from qualwatch.accounts.models import Account
    from qualwatch.cases.models import Heartbeat
    from qualwatch.patrol.guard import refuse_patrol, release_patrol

    heartbeat = Heartbeat.objects.get(pk=number)
    decided = {**decision, "by": Account.objects.get(username=decision["by"])}
    if refuse:
        refused = refuse_patrol(heartbeat=heartbeat, **decided)
        yield _("{day} 的巡查已拒绝，什么也没有做").format(day=refused.day)
        return
    result = release_patrol(heartbeat=heartbeat, law=office_law(), **decided)
    yield from _run_lines(result.run)
    yield from day_counts(result.cases)


def _held_patrol_lines(held: "Heartbeat") -> Iterator[str]:
    yield _(
        "第 {number} 号巡查，{day}：已扣下（{because}），请先核对系统时钟，再由审核人放行"
    ).format(number=held.pk, day=held.day, because=held.because)


@with_database
def set_aside(
    day: PatrolDay,
    by: Officer,
    because: Because,
    sign: Sign = False,
    password_from_stdin: PasswordFromStdin = False,
) -> int:
    """Set aside a patrol recorded by a wrong clock: proposed by one person, signed by another."""
    from qualwatch.accounts.models import Account
    from qualwatch.cases.models import Heartbeat
    from qualwatch.patrol.setting_aside import propose_setting_aside, sign_setting_aside

    capability = "release-runs" if sign else "import"
    check_account(by, capability, password_from_stdin=password_from_stdin)
    act: dict[str, Any] = {
        "heartbeat": Heartbeat.objects.get(day=day, state="done"),
        "by": Account.objects.get(username=by),
        "at": now(),
        "because": because,
    }
    effects = sign_setting_aside(law=office_law(), **act) if sign else propose_setting_aside(**act)
    print_lines(
        _("{day} 的巡查已作废").format(day=day)
        if sign
        else _("已提出 {day} 的巡查作废，等审核人用 --sign 签批").format(day=day),
        _("撤销："),
        *(f"  {sentence}" for sentence in effects.undone),
        _("不撤销，须另行处理："),
        *(f"  {sentence}" for sentence in effects.remaining),
    )
    return ALL_READ


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
