"""The work of one day, in order. It is idempotent; a late run only extends periods."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import perf_counter

from django.db import transaction
from django.db.models import Q

from qualwatch.assessments.actions import assess
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.effects.withdrawal import release_overtaken
from qualwatch.cases.eligibility.actions import delete_old_responses
from qualwatch.cases.eligibility.standings import publish_register
from qualwatch.cases.models import Case, Heartbeat
from qualwatch.cases.proposed_acts.releases import void_overtaken_releases
from qualwatch.cases.service.actions import process_due_services, waiting_services
from qualwatch.cases.service.overdue import escalate_services, request_letters
from qualwatch.cases.warnings.key_supervision import update_key_supervision
from qualwatch.cases.warnings.remind import escalate, notify_late_starts, remind
from qualwatch.cases.warnings.warn import apply_run_to_cases
from qualwatch.journal.actions import seal
from qualwatch.journal.models import Seal
from qualwatch.law.loader import Law
from qualwatch.oversight.returns import record_due
from qualwatch.oversight.statistics import publish_statistics
from qualwatch.patrol.calendar_changes import move_deadlines
from qualwatch.patrol.signing_keys import publish_signing_keys
from qualwatch.procedure.preconditions import SYSTEM
from qualwatch.publication.actions import remove_expired_cards, take_snapshot
from qualwatch.registers.corrections import due_for_review
from qualwatch.registers.tables import lock


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """The run and seal of a day. `cases`: cards opened, extended and closed, by kind.

    `seconds`: by part.
    """

    run: Run
    seal: Seal
    cases: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)


@transaction.atomic
def run_day(*, day: date, law: Law, by: str, at: datetime) -> DayOutcome:
    """Assesses the day, applies it to cases, publishes, seals the journal: in one transaction.

    Cards, reminders and the public copy belong to the day on which this runs; a day long past is
    only assessed. A run that a guard holds makes no cards until an officer releases it.
    """
    ctx = ActContext(law, at, SYSTEM)
    is_fresh = ctx.is_fresh(day)
    took: dict[str, float] = {}
    if is_fresh:
        lock()  # lock order: see CONTRIBUTING.md
        release_overtaken(ctx)
    with _timed(took, "assess"):
        run = assess(as_of=day, law=law, by=by, at=at)
    counts: Counter[str] = Counter()
    if is_fresh:
        ctx = ActContext(law, at, SYSTEM)
        with _timed(took, "cases"):
            counts = _update_cases(run, ctx)
        with _timed(took, "publish"):
            counts["standings"] += _publish(ctx)
    # last, so that the seal covers the entries of this day
    with _timed(took, "seal"):
        sealed = seal(day=day)
    summary = {"run": run.pk, "state": run.state, "by": by, "cases": dict(counts)}
    # a second run of the day leaves the summary of the first
    finished = {"state": "done", "finished_at": at, "by": by, "summary": summary}
    if not Heartbeat.objects.filter(day=day, state="held").update(**finished):
        Heartbeat.objects.get_or_create(day=day, state="done", defaults=finished)
    return DayOutcome(run, sealed, counts, took)


def _update_cases(run: Run, ctx: ActContext) -> Counter[str]:
    """Cards, reminders, services and recounted deadlines of a day; returns their counts."""
    lock_cases()
    record_due(ctx)
    # before the run: a period that the calendar has made longer is not over yet
    moved = move_deadlines(ctx)
    counts = apply_run_to_cases(run=_newest(run), ctx=ctx)
    counts["deadlines-moved"] += moved
    counts["reminded"] += remind(ctx)
    counts["escalated"] += escalate(ctx)
    counts["late-starts"] += notify_late_starts(ctx)
    counts["services"] += process_due_services(ctx)
    counts["letters"] += request_letters(ctx)
    counts["services-escalated"] += escalate_services(ctx)
    counts["key-supervision"] += update_key_supervision(ctx)
    void_overtaken_releases(ctx)
    write_journal(ctx)
    delete_old_responses(ctx.at)
    counts["corrections-due"] += len(list(due_for_review(ctx.on)))
    return counts


def _publish(ctx: ActContext) -> int:
    """Brings the public copy up to the day; how many standings changed."""
    changed = publish_register(on=ctx.on, law=ctx.law)
    remove_expired_cards(on=ctx.on, at=ctx.at)
    publish_statistics(on=ctx.on, law=ctx.law)
    publish_signing_keys(on=ctx.on, at=ctx.at)
    take_snapshot(day=ctx.on)
    return changed


def lock_cases() -> None:
    """Locks all cases that the patrol may change, before the public copy (CONTRIBUTING.md, lock
    order).
    """
    waiting = (
        waiting_services().exclude(document__case=None).values_list("document__case", flat=True)
    )
    condition = Q(pk__in=list(waiting)) | ~Q(state="closed")
    list(
        Case.objects.select_for_update()
        .filter(condition)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def missed_days(day: date) -> list[date]:
    """Days since the last heartbeat on which no patrol was run, before a day."""
    finished = Heartbeat.objects.filter(day__lt=day, state="done")
    last = finished.order_by("-day").values_list("day", flat=True).first()
    return [last + timedelta(days=n) for n in range(1, (day - last).days)] if last else []


def last_patrol(day: date) -> Heartbeat | None:
    """The newest patrol of a day or before."""
    return Heartbeat.objects.filter(day__lte=day, state="done").order_by("-day").first()


def _newest(run: Run) -> Run:
    """The run whose findings are on record; a held run is not."""
    if run.state == "released":
        return run
    return Run.objects.filter(state="released", is_full=True).order_by("-id").first() or run


@contextmanager
def _timed(took: dict[str, float], part: str) -> Iterator[None]:
    started_at = perf_counter()
    yield
    took[part] = perf_counter() - started_at
