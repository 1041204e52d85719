"""Reminders before a period ends, once each; said late rather than never (F36). Tasks when it is over."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction

from qualwatch.cases.competence import competent_for
from qualwatch.cases.acting import ActContext
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
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.cases.queries import over_on
from qualwatch.cases.warnings.run_view import item_of
from qualwatch.journal.actions import NewEntry, record_all

KIND, LATE = "reminder", "start-late"
DUE = {"yellow": "propose", "red": "withdraw"}  # what the authority has to do when a period is over


@transaction.atomic
def remind(ctx: ActContext) -> int:
    """Tells enterprises whose yellow period ends soon (policy), once per case; how many were told."""
    days = ctx.law.policy_on(ctx.on)["reminder_days_before_end"]
    soon = CaseRequirement.objects.filter(
        case__state="yellow",
        recovered_on=None,
        ends_on__lte=ctx.on + timedelta(days=days),  # late rather than never
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
        Notification(
            case,
            KIND,
            texts.subject(KIND, case),
            texts.reminder(case, row.ends_on),
            to_authorities=(),
        )
        for case, row in due.items()
    ]
    notify(said, ctx.at)
    _journaled("reminded", due, ctx)
    return len(said)


@transaction.atomic
def escalate(ctx: ActContext) -> int:
    """A task for the competent authority of every case whose period is over, once while it waits; how many."""
    proposed = set(Determination.objects.filter(state="proposed").values_list("case_id", flat=True))
    going_on = Withdrawal.objects.filter(ended="").exclude(stage="closed")
    withdrawn = set(going_on.values_list("credit_code", "category", "sub_item"))
    over = [
        case
        for case in over_on(ctx.on)
        if case.pk not in proposed and item_of(case) not in withdrawn and _is_to_be_done(case)
    ]
    waiting = set(
        Task.objects.filter(completed_on=None, kind__in=DUE.values()).values_list("case_id", "kind")
    )
    due = [case for case in over if (case.pk, DUE[case.state]) not in waiting]
    made = [
        Task(
            case=case,
            kind=DUE[case.state],
            organisation=competent_for(case),
            opened_on=ctx.on,
            due_on=ctx.on,
        )
        for case in due
    ]
    Task.objects.bulk_create(made, batch_size=1000)
    _journaled("task-opened", due, ctx)
    return len(made)


@transaction.atomic
def tell_late_starts(ctx: ActContext) -> int:
    """Both sides are told, once, of a list not started in its days (notice 4(2)); how many lists."""
    waiting = WithdrawalList.objects.filter(
        start_due_on__lt=ctx.on,
        is_start_due_provisional=False,
        members__stage="suggested",
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
        notify(
            [
                Notification(
                    None,
                    LATE,
                    subject,
                    body,
                    False,
                    (batch.housing, batch.withdrawing_authority),
                    letter,
                )
            ],
            ctx.at,
        )
        record_all(
            [NewEntry(f"withdrawal-list/{batch.pk}", LATE, details={"due": batch.start_due_on})],
            by=ctx.by,
            at=ctx.at,
        )
        told += 1
    return told


def _is_to_be_done(case: Case) -> bool:
    """Short as a run says; an officer's red card without such a run waits for a recheck, unless it is in review."""
    return not case.needs_review and (
        case.last_result == "short" or (case.state == "red" and case.origin == "officer")
    )


def _journaled(what: str, cases: Iterable[Case], ctx: ActContext) -> None:
    record_all(
        [NewEntry(case.stream, what, details={"on": ctx.on}) for case in cases],
        by=ctx.by,
        at=ctx.at,
    )
