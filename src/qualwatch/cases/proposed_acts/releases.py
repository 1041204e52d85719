"""Release of what a guard held: a load, a run, a pushed change."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from qualwatch.assessments.actions import CannotAssess, assess, reject_run, release_run
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.course.void_acts import void_act
from qualwatch.cases.models import ProposedAct
from qualwatch.cases.warnings.warn import apply_run_to_cases
from qualwatch.journal.actions import seal
from qualwatch.journal.models import Seal
from qualwatch.law.loader import Law
from qualwatch.procedure.preconditions import SYSTEM
from qualwatch.procedure.transitions import CannotStep
from qualwatch.registers.changes import (
    CannotRelease,
    PushResult,
    changes_within,
    reject_changes,
    releasable_changes,
    release_change,
    release_changes,
)
from qualwatch.registers.loads import CannotDecide, reject, release
from qualwatch.registers.models import Load, PlatformChange
from qualwatch.registers.tables import lock
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

RELEASE_LOAD, RELEASE_RUN, RELEASE_CHANGE = "release-load", "release-run", "release-change"


@dataclass(frozen=True, slots=True)
class ReleasedRun:
    """A run put on record, the seal of its day, and the cards opened, extended and closed."""

    run: Run
    seal: Seal
    cases: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class ReleasedChanges:
    """The outcome of every pushed change of a release, and the run that followed."""

    result: PushResult
    run: Run | None


@transaction.atomic
def release_held_run(
    *, run: Run, law: Law, by: str, at: datetime, because: str, proposed_by: str
) -> ReleasedRun:
    """A held run goes on record, and its cards are made today. CannotAssess."""
    released = release_run(run=run, law=law, by=by, at=at, because=because, proposed_by=proposed_by)
    ctx = ActContext(law, at, SYSTEM)
    cases = apply_run_to_cases(run=released, ctx=ctx)
    return ReleasedRun(released, seal(day=released.as_of), cases)


@transaction.atomic
def release_quarantined(
    *,
    change: PlatformChange,
    law: Law,
    by: str,
    at: datetime,
    because: str,
    proposed_by: str,
) -> ReleasedChanges:
    """Applies a quarantined change, and assesses those it concerns. CannotRelease."""
    day = timezone.localdate(at)
    result = release_change(
        change=change, law=law, by=by, at=at, day=day, because=because, proposed_by=proposed_by
    )
    return ReleasedChanges(result, _assess_those_concerned(result, law, by, at))


@transaction.atomic
def release_all_quarantined(
    *,
    changes: QuerySet[PlatformChange],
    law: Law,
    by: str,
    at: datetime,
    because: str,
    proposed_by: str,
) -> ReleasedChanges:
    """Applies some quarantined changes in one act, and assesses those they concern once.

    Those that cannot be applied stay, with their problem. CannotRelease where none can be.
    """
    day = timezone.localdate(at)
    result = release_changes(
        changes=changes, law=law, by=by, at=at, day=day, because=because, proposed_by=proposed_by
    )
    return ReleasedChanges(result, _assess_those_concerned(result, law, by, at))


def _assess_those_concerned(result: PushResult, law: Law, by: str, at: datetime) -> Run | None:
    codes, day = result.credit_codes, timezone.localdate(at)
    return assess(as_of=day, law=law, by=by, at=at, credit_codes=codes) if codes else None


@contextmanager
def _refusals() -> Iterator[None]:
    """The refusals of the lower rooms as CannotStep."""
    try:
        yield
    except (CannotAssess, CannotDecide, CannotRelease) as error:
        raise CannotStep("release", str(error)) from error


def check_release(act: ProposedAct, ctx: ActContext) -> None:
    """CannotStep where nothing of that number is held, or it was overtaken."""
    if act.number is None or not IS_HELD[act.kind](act):
        raise CannotStep("release", _("没有扣下的这一件，或者之后已有新的数据"), about="number")


def check_release_of_changes(act: ProposedAct, ctx: ActContext) -> None:
    """CannotStep where a change is not quarantined, or its release was proposed already."""
    check_release(act, ctx)
    numbers = sequence_numbers(act)
    held = releasable_changes(PlatformChange.objects.filter(sequence__in=numbers)).count()
    if held < len(numbers) or act.number != numbers[0]:
        raise CannotStep("release", _("没有扣下的这一件，或者之后已有新的数据"), about="number")
    for other in ProposedAct.objects.filter(state="proposed", kind=act.kind):
        common = sorted(set(sequence_numbers(other)) & set(numbers))
        if common:
            sentence = _("推送 {number} 的放行已有人提出（第 {act} 号），等审核签批")
            raise CannotStep("act-waits", sentence.format(number=common[0], act=other.pk))


def sequence_numbers(act: ProposedAct) -> list[int]:
    """The sequence numbers of the pushed changes that an act is about, ascending."""
    return act.payload.get("sequence_numbers") or [_number(act)]


def waiting_releases_of_changes(
    *, numbers: tuple[int, int] | None = None, received_on: date | None = None
) -> list[ProposedAct]:
    """The proposed releases whose changes all are of a range of sequence numbers, or of a day."""
    within = changes_within(numbers=numbers, received_on=received_on)
    acts = ProposedAct.objects.filter(kind=RELEASE_CHANGE, state="proposed").order_by("pk")
    return [
        act
        for act in acts
        if within.filter(sequence__in=sequence_numbers(act)).count() == len(sequence_numbers(act))
    ]


def _number(act: ProposedAct) -> int:
    assert act.number is not None  # checked when it was proposed
    return act.number


def sign_load(act: ProposedAct, ctx: ActContext) -> Load:
    """Accepts a held load. CannotStep."""
    with _refusals():
        return release(
            load=Load.objects.get(pk=_number(act)),
            law=ctx.law,
            by=ctx.by,
            at=ctx.at,
            because=act.because,
            proposed_by=act.proposed_by,
        )


def sign_run(act: ProposedAct, ctx: ActContext) -> ReleasedRun:
    """Puts a held run on record. CannotStep."""
    with _refusals():
        return release_held_run(
            run=Run.objects.get(pk=_number(act)),
            law=ctx.law,
            by=ctx.by,
            at=ctx.at,
            because=act.because,
            proposed_by=act.proposed_by,
        )


def sign_change(act: ProposedAct, ctx: ActContext) -> ReleasedChanges:
    """Applies one or several quarantined changes in one act. CannotStep."""
    numbers = sequence_numbers(act)
    changes = PlatformChange.objects.filter(sequence__in=numbers).order_by("sequence")
    persons = {"by": ctx.by, "proposed_by": act.proposed_by}
    with _refusals():
        if len(numbers) > 1:
            return release_all_quarantined(
                changes=changes, law=ctx.law, at=ctx.at, because=act.because, **persons
            )
        return release_quarantined(
            change=changes.get(), law=ctx.law, at=ctx.at, because=act.because, **persons
        )


def _is_load_held(act: ProposedAct) -> bool:
    load = Load.objects.filter(pk=_number(act), state="held").first()
    if load is None:
        return False
    later = Load.objects.filter(source=load.source, state="released", as_of__gte=load.as_of)
    return not any((other.as_of, other.pk) > (load.as_of, load.pk) for other in later)


def _is_run_held(act: ProposedAct) -> bool:
    number = _number(act)
    later = Run.objects.filter(state="released", is_full=True, pk__gt=number)
    return Run.objects.filter(pk=number, state="held").exists() and not later.exists()


def _is_any_change_held(act: ProposedAct) -> bool:
    changes = PlatformChange.objects.filter(sequence__in=sequence_numbers(act))
    return releasable_changes(changes).exists()


IS_HELD: dict[str, Callable[[ProposedAct], bool]] = {
    RELEASE_LOAD: _is_load_held,
    RELEASE_RUN: _is_run_held,
    RELEASE_CHANGE: _is_any_change_held,
}


def void_overtaken_releases(ctx: ActContext) -> None:
    """Voids proposed releases of what is no longer held, or was overtaken by newer data."""
    for act in ProposedAct.objects.filter(state="proposed", kind__in=list(IS_HELD)):
        if act.number is None or not IS_HELD[act.kind](act):
            void_act(act, _n("已有新的数据或决定，不再需要放行"), ctx)


@transaction.atomic
def reject_held_load(*, load: Load, law: Law, by: str, at: datetime, because: str) -> Load:
    """Refuses a held load: none of its rows is used. CannotDecide."""
    lock()
    rejected = reject(load=load, by=by, at=at, because=because)
    _void(ActContext(law, at, by))
    return rejected


@transaction.atomic
def reject_held_run(*, run: Run, law: Law, by: str, at: datetime, because: str) -> Run:
    """Refuses a held run. CannotAssess."""
    lock()
    rejected = reject_run(run=run, by=by, at=at, because=because)
    _void(ActContext(law, at, by))
    return rejected


@transaction.atomic
def reject_quarantined(
    *, changes: QuerySet[PlatformChange], law: Law, by: str, at: datetime, because: str
) -> PushResult:
    """Refuses quarantined changes: the registers stay as they are. CannotRelease."""
    lock()
    rejected = reject_changes(changes=changes, by=by, at=at, because=because)
    _void(ActContext(law, at, by))
    return rejected


def _void(ctx: ActContext) -> None:
    void_overtaken_releases(ctx)
    write_journal(ctx)
