"""A patrol on a day far ahead is held for a reviewer: the clock may be wrong (policy)."""

from datetime import date, datetime

from django.db import transaction

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability
from qualwatch.cases.acting import ActContext
from qualwatch.cases.models import Heartbeat
from qualwatch.journal.actions import record
from qualwatch.law.loader import Law
from qualwatch.patrol.days import DayOutcome, missed_days, run_day
from qualwatch.procedure.preconditions import SYSTEM
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

STREAM = "patrol"


class CannotDecidePatrol(Exception):
    """The patrol is not held, or not by this person to be decided; the message says which."""


@transaction.atomic
def run_guarded_day(*, day: date, law: Law, by: str, at: datetime) -> DayOutcome | Heartbeat:
    """The patrol of a day; held, and nothing else done, after more missed days than the policy's.

    A held patrol is recorded once; the same again changes nothing.
    """
    existing = Heartbeat.objects.filter(day=day, state__in=("done", "held")).first()
    is_done = existing is not None and existing.state == "done"
    missed = len(missed_days(day))
    limit = law.policy_on(ActContext(law, at, SYSTEM).on)["patrol_gap_days"]
    if is_done or missed <= limit:
        return run_day(day=day, law=law, by=by, at=at)
    if existing is not None:
        return existing
    held = Heartbeat.objects.create(
        day=day,
        state="held",
        finished_at=at,
        by=by,
        summary={"missed": missed},
        because=_n("上次巡查后有 {count} 天没有巡查，超过 {limit} 天").format(
            count=missed, limit=limit
        ),
    )
    _record("patrol-held", held, by, at, held.because)
    return held


@transaction.atomic
def release_patrol(
    *, heartbeat: Heartbeat, law: Law, by: Account, at: datetime, because: str
) -> DayOutcome:
    """A reviewer lets the patrol of a held day run: the day was right. CannotDecidePatrol."""
    held = _held(heartbeat, by, because)
    _decide(held, by, at, because)
    _record("patrol-released", held, by.username, at, because)
    return run_day(day=held.day, law=law, by=held.by, at=at)


@transaction.atomic
def refuse_patrol(*, heartbeat: Heartbeat, by: Account, at: datetime, because: str) -> Heartbeat:
    """A reviewer refuses it: the day was wrong. Nothing was done; the day may come again."""
    held = _held(heartbeat, by, because)
    held.state = "refused"
    _decide(held, by, at, because)
    _record("patrol-refused", held, by.username, at, because)
    return held


def _held(heartbeat: Heartbeat, by: Account, because: str) -> Heartbeat:
    if not has_capability(by, "release-runs"):
        raise CannotDecidePatrol(_("账号 {name} 没有这项权限").format(name=by.username))
    held = Heartbeat.objects.select_for_update().get(pk=heartbeat.pk)
    if held.state != "held":
        raise CannotDecidePatrol(_("这次巡查没有被扣下"))
    if held.by == by.username:
        raise CannotDecidePatrol(_("发起巡查的人不能自己放行或拒绝"))
    if not because.strip():
        raise CannotDecidePatrol(_("请写明理由"))
    return held


def _decide(held: Heartbeat, by: Account, at: datetime, because: str) -> None:
    held.decided_by, held.decided_at, held.decided_because = by.username, at, because
    held.save()


def _record(what: str, held: Heartbeat, by: str, at: datetime, because: str) -> None:
    details = {"patrol": held.pk, "day": held.day, **held.summary}
    record(stream=STREAM, by=by, at=at, what=what, basis=because, details=details)
