"""What is done for one day, in order; running it again adds nothing, running it late only lengthens."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import perf_counter

from django.db import transaction
from django.db.models import Q

from qualwatch.assessments.actions import assess, release_run
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext
from qualwatch.cases.deadlines import recount_deadlines
from qualwatch.cases.effects.withdrawal import release_overtaken
from qualwatch.cases.eligibility.actions import forget_answers
from qualwatch.cases.eligibility.standings import publish_register
from qualwatch.cases.models import Case, Heartbeat
from qualwatch.cases.service.actions import process_due_services, waiting_services
from qualwatch.cases.warnings.remind import escalate, remind, tell_late_starts
from qualwatch.cases.warnings.warn import apply_run_to_cases
from qualwatch.journal.actions import seal
from qualwatch.journal.models import Seal
from qualwatch.law.loader import Law
from qualwatch.oversight.statistics import publish_statistics
from qualwatch.procedure.preconditions import SYSTEM
from qualwatch.publication.actions import hide_what_is_over, take_snapshot
from qualwatch.registers.corrections import due_for_review
from qualwatch.registers.tables import lock


@dataclass(frozen=True, slots=True)
class DayDone:
    """What running a day came to. `cases`: cards opened, added to, closed. `seconds`: by part."""

    run: Run
    seal: Seal
    cases: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)


@transaction.atomic
def run_day(*, day: date, law: Law, by: str, at: datetime) -> DayDone:
    """Assesses the day, deals with its cards, publishes, seals the journal. All of it or nothing.

    Cards, reminders and the public copy belong to the day on which this is really done; a day long past is only
    assessed. A run that a guard holds makes no cards until an officer releases it.
    """
    took: dict[str, float] = {}
    if ActContext(law, at, SYSTEM).is_fresh(day):
        lock()  # the registers first, as everywhere
        release_overtaken(ActContext(law, at, SYSTEM))
    with _timed(took, "assess"):
        run = assess(as_of=day, law=law, by=by, at=at)
    ctx = ActContext(law, at, SYSTEM)
    counts: Counter[str] = Counter()
    if ctx.is_fresh(day):
        with _timed(took, "cases"):
            lock_cases()
            counts = apply_run_to_cases(run=_newest(run), ctx=ctx)
            counts["reminded"] += remind(ctx)
            counts["escalated"] += escalate(ctx)
            counts["late-starts"] += tell_late_starts(ctx)
            counts["services"] += process_due_services(ctx)
            recount_deadlines(ctx)
            forget_answers(at)
            counts["corrections-due"] += len(list(due_for_review(ctx.on)))
        with _timed(took, "publish"):
            counts["standings"] += publish_register(on=ctx.on, law=law)
            hide_what_is_over(on=ctx.on, at=at)
            publish_statistics(on=ctx.on, law=law)
            take_snapshot(day=ctx.on)
    with _timed(took, "seal"):
        sealed = seal(day=day)
    summary = {"run": run.pk, "state": run.state, "by": by, "cases": dict(counts)}
    Heartbeat.objects.get_or_create(day=day, defaults={"finished_at": at, "summary": summary})
    return DayDone(run, sealed, counts, took)


@transaction.atomic
def release_held_run(*, run: Run, law: Law, by: str, at: datetime, because: str) -> DayDone:
    """A reviewer releases a held run: it goes on record, and its cards are made today."""
    released = release_run(run=run, law=law, by=by, at=at, because=because)
    ctx = ActContext(law, at, SYSTEM)
    return DayDone(released, seal(day=released.as_of), apply_run_to_cases(run=released, ctx=ctx))


def lock_cases() -> None:
    """All cases that the patrol may touch, in one order, before it touches the public copy: others wait."""
    waiting = (
        waiting_services().exclude(document__case=None).values_list("document__case", flat=True)
    )
    either = Q(pk__in=list(waiting)) | ~Q(state="closed")
    list(
        Case.objects.select_for_update().filter(either).order_by("pk").values_list("pk", flat=True)
    )


def missed_days(day: date) -> list[date]:
    """Days since the last heartbeat on which no patrol was run, before a day."""
    last = (
        Heartbeat.objects.filter(day__lt=day).order_by("-day").values_list("day", flat=True).first()
    )
    return [last + timedelta(days=n) for n in range(1, (day - last).days)] if last else []


def last_patrol(day: date) -> Heartbeat | None:
    """The newest patrol of a day or before."""
    return Heartbeat.objects.filter(day__lte=day).order_by("-day").first()


def _newest(run: Run) -> Run:
    """The run whose findings are on record: a held one changes nothing, the one before still speaks."""
    if run.state == "released":
        return run
    return Run.objects.filter(state="released", is_full=True).order_by("-id").first() or run


@contextmanager
def _timed(took: dict[str, float], part: str) -> Iterator[None]:
    begun = perf_counter()
    yield
    took[part] = perf_counter() - begun
