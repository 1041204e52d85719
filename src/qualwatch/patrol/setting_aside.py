"""A patrol recorded by a wrong clock is set aside by two people.

What it did to warn is undone: its runs, the yellow cards and requirements that it warned of, the
tasks that it opened, the standings that it published ahead of their day. What enterprises or
others may rely on stays, and is named: closed cases, services that count as proved, deadlines that
moved to later days, ended withdrawals, seals.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability
from qualwatch.assessments.actions import set_runs_aside
from qualwatch.cases.acting import ActContext
from qualwatch.cases.course.step import act
from qualwatch.cases.effects.cards import perform
from qualwatch.cases.models import Case, Heartbeat, Task
from qualwatch.cases.notices.texts import entry_label
from qualwatch.cases.tasks import TASK_AT_PERIOD_END, complete
from qualwatch.journal.actions import record
from qualwatch.journal.models import Entry, Seal
from qualwatch.law.loader import Law
from qualwatch.patrol.days import lock_cases
from qualwatch.patrol.guard import STREAM
from qualwatch.procedure.preconditions import SYSTEM
from qualwatch.procedure.state import Event
from qualwatch.publication.actions import undo_standings
from qualwatch.publication.models import FeedEntry, Snapshot
from qualwatch.registers.tables import lock
from qualwatch.wording import gettext as _

PUSHED = ("push", "push-addition")
# Entries whose effect is undone with the warnings, or that are the patrol's own.
UNDONE = ("run-released", "run-held", "task-opened", "reminded")


class CannotSetAside(Exception):
    """The patrol is not on record, or not by this person; the message says which."""


@dataclass(frozen=True, slots=True)
class PatrolEffects:
    """What setting a patrol aside undoes, and what stays; sentences.

    warnings: by the number of the case, the requirements that the patrol warned of.
    """

    warnings: dict[int, tuple[str, ...]]
    undone: list[str]
    remaining: list[str]


def effects_of(heartbeat: Heartbeat) -> PatrolEffects:
    """The effects of a patrol, read from the journal entries of its moment."""
    entries = list(Entry.objects.filter(recorded_at=heartbeat.finished_at).order_by("pk"))
    warnings = dict(_warnings(entries))
    determined = set(
        Case.objects.filter(pk__in=warnings).exclude(state="yellow").values_list("pk", flat=True)
    )
    undone = [
        _("案件 {number}：撤销 {what} 的预警").format(number=number, what="、".join(names))
        for number, names in warnings.items()
        if number not in determined
    ]
    remaining = [
        _("案件 {number}：其后已认定或已结案，不撤销").format(number=number)
        for number in sorted(determined)
    ]
    remaining += _remaining(entries, heartbeat)
    return PatrolEffects(
        {number: names for number, names in warnings.items() if number not in determined},
        undone,
        remaining,
    )


@transaction.atomic
def propose_setting_aside(
    *, heartbeat: Heartbeat, by: Account, at: datetime, because: str
) -> PatrolEffects:
    """An officer proposes that a patrol is set aside; CannotSetAside."""
    patrol = _locked_patrol(heartbeat, by, "import", because)
    patrol.proposed_by, patrol.proposed_because = by.username, because
    patrol.save()
    effects = effects_of(patrol)
    _record("setting-aside-proposed", patrol, effects, by, at, because)
    return effects


@transaction.atomic
def sign_setting_aside(
    *, heartbeat: Heartbeat, by: Account, law: Law, at: datetime, because: str
) -> PatrolEffects:
    """A reviewer signs it: the warnings are undone, the rest is named. CannotSetAside."""
    lock()  # lock order: see CONTRIBUTING.md
    lock_cases()
    patrol = _locked_patrol(heartbeat, by, "release-runs", because)
    if not patrol.proposed_by:
        raise CannotSetAside(_("还没有人提出这次巡查作废"))
    if patrol.proposed_by == by.username:
        raise CannotSetAside(_("提出的人不能自己签批"))
    effects = effects_of(patrol)
    moment = patrol.finished_at
    patrol.state, patrol.decided_by, patrol.decided_at = "set-aside", by.username, at
    patrol.decided_because = because
    patrol.save()
    set_runs_aside(run_at=moment, by=by.username, at=at, because=because)
    ctx = ActContext(law, at, SYSTEM)
    for number in sorted(effects.warnings):
        names = effects.warnings[number]
        event = Event(
            "set-aside",
            ctx.on,
            because=because,
            requirements=names,
            # warnings carry the day of the machine's clock, which the patrol went by
            warned_on=dict.fromkeys(names, ActContext.day_of(moment)),
        )
        act(case=Case.objects.get(pk=number), event=event, ctx=ctx, perform=perform)
    _close_tasks(moment, ctx)
    if patrol.day > ctx.on:
        undo_standings(on=patrol.day)
    _record("patrol-set-aside", patrol, effects, by, at, because)
    return effects


def _warnings(entries: Iterable[Entry]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """By the number of the case, the requirements that these steps warned of."""
    for entry in entries:
        kind, _slash, number = entry.stream.partition("/")
        if kind != "case" or entry.what != "assessed":
            continue
        for name, *requirements in entry.details["effects"]:
            if name in PUSHED:
                # the last part is the effect's detail
                yield int(number), tuple(requirements[:-1])


def _remaining(entries: Iterable[Entry], heartbeat: Heartbeat) -> Iterator[str]:
    """What stays: steps of cases without a warning, other acts, the day's seal and snapshot."""
    for entry in entries:
        effects = entry.details.get("effects") or []
        is_warning = any(name in PUSHED for name, *_rest in effects)
        is_change = entry.details.get("from") != entry.details.get("to") or bool(effects)
        is_named = entry.what == "assessed" and is_change and not is_warning
        if is_named or entry.what not in ("assessed", *UNDONE):
            yield entry.stream + _("：") + (_closing(entry) or entry_label(entry.what))
    removed = FeedEntry.objects.filter(at=heartbeat.finished_at, body=None).count()
    if removed:
        yield _("撤下公布的内容 {count} 项").format(count=removed)
    if Seal.objects.filter(day=heartbeat.day).exists():
        yield _("日志：{day} 的封签").format(day=heartbeat.day)
    if Snapshot.objects.filter(day=heartbeat.day).exists():
        yield _("公开副本：{day} 的快照").format(day=heartbeat.day)


def _closing(entry: Entry) -> str:
    """A case that the patrol closed, with the code; '' of any other entry."""
    if entry.details.get("to") != "closed":
        return ""
    return _("结案（{code}），由下次巡查重新核查").format(code=entry.details.get("code"))


def _close_tasks(moment: datetime, ctx: ActContext) -> None:
    """Closes the tasks at the end of periods that the patrol opened: the next one opens them."""
    opened = Entry.objects.filter(recorded_at=moment, what="task-opened")
    numbers = [int(entry.stream.partition("/")[2]) for entry in opened]
    tasks = Task.objects.filter(
        case__in=numbers,
        kind__in=TASK_AT_PERIOD_END.values(),
        opened_on=ctx.day_of(moment),
        completed_on=None,
    )
    complete(tasks, ctx)


def _locked_patrol(heartbeat: Heartbeat, by: Account, capability: str, because: str) -> Heartbeat:
    if not has_capability(by, capability):
        raise CannotSetAside(_("账号 {name} 没有这项权限").format(name=by.username))
    patrol = Heartbeat.objects.select_for_update().get(pk=heartbeat.pk)
    if patrol.state != "done":
        raise CannotSetAside(_("这次巡查没有完成，或者已经作废"))
    if not because.strip():
        raise CannotSetAside(_("请写明理由"))
    return patrol


def _record(
    what: str,
    heartbeat: Heartbeat,
    effects: PatrolEffects,
    by: Account,
    at: datetime,
    because: str,
) -> None:
    details = {
        "patrol": heartbeat.pk,
        "day": heartbeat.day,
        "undone": effects.undone,
        "remaining": effects.remaining,
    }
    record(stream=STREAM, by=by.username, at=at, what=what, basis=because, details=details)
