"""Reminders before a period ends, once each; said late rather than never (F36). Tasks when it is over."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction

from qualwatch.cases.competence import competent_for
from qualwatch.cases.course.step import Doing
from qualwatch.cases.models import (
    Case,
    CaseRequirement,
    Determination,
    Notice,
    Task,
    Withdrawal,
    WithdrawalList,
)
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import Said, tell
from qualwatch.cases.queries import over_on
from qualwatch.cases.warnings.run_view import item_of
from qualwatch.journal.actions import Told, record_all

KIND, LATE = "reminder", "start-late"
DUE = {"yellow": "propose", "red": "withdraw"}  # what the authority has to do when a period is over


@transaction.atomic
def remind(doing: Doing) -> int:
    """Tells enterprises whose yellow period ends soon (policy), once per case; how many were told."""
    days = doing.law.policy_on(doing.on)["reminder_days_before_end"]
    soon = CaseRequirement.objects.filter(
        case__place="yellow",
        recovered_on=None,
        ends_on__lte=doing.on + timedelta(days=days),  # late rather than never
    )
    told = set(
        Notice.objects.filter(kind=KIND, case__in=soon.values("case")).values_list(
            "case_id", flat=True
        )
    )
    due: dict[Case, CaseRequirement] = {}
    for row in soon.select_related("case").order_by("-ends_on"):
        if row.case_id not in told:
            due[row.case] = row
    said = [
        Said(
            case,
            KIND,
            texts.subject(KIND, case),
            texts.reminder(case, row.ends_on),
            to_authorities=(),
        )
        for case, row in due.items()
    ]
    tell(said, doing.at)
    _journaled("reminded", due, doing)
    return len(said)


@transaction.atomic
def escalate(doing: Doing) -> int:
    """A task for the competent authority of every case whose period is over, once while it waits; how many."""
    proposed = set(Determination.objects.filter(state="proposed").values_list("case_id", flat=True))
    going_on = Withdrawal.objects.filter(ended="").exclude(place="closed")
    withdrawn = set(going_on.values_list("credit_code", "category", "sub_item"))
    over = [
        one
        for one in over_on(doing.on)
        if one.pk not in proposed and item_of(one) not in withdrawn and _is_to_be_done(one)
    ]
    waiting = set(
        Task.objects.filter(done_on=None, kind__in=DUE.values()).values_list("case_id", "kind")
    )
    due = [one for one in over if (one.pk, DUE[one.place]) not in waiting]
    made = [
        Task(
            case=one,
            kind=DUE[one.place],
            organisation=competent_for(one),
            opened_on=doing.on,
            due_on=doing.on,
        )
        for one in due
    ]
    Task.objects.bulk_create(made, batch_size=1000)
    _journaled("task-opened", due, doing)
    return len(made)


@transaction.atomic
def tell_late_starts(doing: Doing) -> int:
    """Both sides are told, once, of a list not started in its days (notice 4(2)); how many lists."""
    waiting = WithdrawalList.objects.filter(
        start_due_on__lt=doing.on,
        is_start_due_provisional=False,
        members__place="suggested",
        members__ended="",
    )
    told = 0
    for batch in waiting.distinct().order_by("pk").select_related("suggestion"):
        letter = batch.suggestion
        if (
            letter is None
            or batch.start_due_on is None
            or letter.notices.filter(kind=LATE).exists()
        ):
            continue
        subject, body = texts.late_start(letter.number, batch.start_due_on)
        tell(
            [Said(Case(), LATE, subject, body, False, (batch.housing, batch.carrier), letter)],
            doing.at,
        )
        record_all(
            [Told(f"withdrawal-list/{batch.pk}", LATE, details={"due": batch.start_due_on})],
            by=doing.by,
            at=doing.at,
        )
        told += 1
    return told


def _is_to_be_done(case: Case) -> bool:
    """Short as a run says; an officer's red card without such a run waits for a recheck, unless it is in review."""
    return not case.needs_review and (
        case.last_found == "short" or (case.place == "red" and case.origin == "officer")
    )


def _journaled(what: str, cases: Iterable[Case], doing: Doing) -> None:
    record_all(
        [Told(one.stream, what, details={"on": doing.on}) for one in cases],
        by=doing.by,
        at=doing.at,
    )
