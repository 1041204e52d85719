"""A changed calendar: the open deadlines that it moves, and their new days (Civil Code 203).

They move to a later day or stay. Each rests on the version of the calendar by which it was counted
last.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Any

from django.db.models import Q, QuerySet

from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.competence import PROVINCE, authority_of, withdrawing_authority_of
from qualwatch.cases.course.step import act
from qualwatch.cases.course.withdrawal_rows import as_state
from qualwatch.cases.deadline_columns import (
    DECISION,
    EXTENSION,
    LOWER_GRADE,
    OF_WITHDRAWAL,
    OPINION,
    PROOF_OF_SERVICE,
    RAISED,
    RED,
    START_OF_WITHDRAWAL,
    TEXTS,
    YELLOW,
    DeadlineColumns,
)
from qualwatch.cases.documents.public_notices import move_notice
from qualwatch.cases.documents.service import stream_of
from qualwatch.cases.effects.withdrawal import extend_display
from qualwatch.cases.models import (
    UNDECIDED,
    Application,
    Case,
    CaseRequirement,
    Service,
    Task,
    Withdrawal,
    WithdrawalList,
)
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import Notification, has_account, notify
from qualwatch.cases.recipient import Recipient
from qualwatch.cases.service.actions import waiting_services
from qualwatch.cases.tasks import (
    APPLICATION_TASKS,
    HEARING,
    PROPOSE,
    RECHECK,
    START,
    WITHDRAW,
    open_tasks,
)
from qualwatch.journal.actions import NewEntry
from qualwatch.law.calendar import Calendar
from qualwatch.procedure.periods import Deadline, recounted
from qualwatch.procedure.service import NOTICE
from qualwatch.procedure.state import Event
from qualwatch.publication.actions import post_red_period

MOVED, SETTLED = "deadline-moved", "deadline-settled"


@dataclass(frozen=True, slots=True)
class Concerned:
    """What a deadline is about, and who has to know that it moves.

    about: the item, application or document. stream: of the journal. authorities: their slugs.
    recipient: the enterprise; None where the deadline is an authority's own. case: whose step
    writes the deadline.
    """

    about: str
    stream: str
    authorities: tuple[str, ...]
    recipient: Recipient | None = None
    case: Case | None = None


@dataclass(frozen=True, slots=True)
class ChangedDeadline:
    """An open deadline that another calendar counts differently; `row` holds it in `columns`."""

    row: Any
    columns: DeadlineColumns
    old: Deadline
    new: Deadline
    concerned: Concerned

    @property
    def is_moved(self) -> bool:
        """Whether the day itself moves; otherwise it only became final, or provisional."""
        return self.new.ends_on != self.old.ends_on

    @property
    def kind(self) -> str:
        """Its key in TEXTS."""
        is_notice = isinstance(self.row, Service) and self.row.method == NOTICE
        return "notice" if is_notice else self.columns.name


def changed_deadlines(calendar: Calendar, on: date) -> list[ChangedDeadline]:
    """Every open deadline of cases, applications and services that a calendar changes."""
    return [
        # what is over is not made to run again
        *(change for change in _of_cases(calendar) if not change.old.is_over(on)),
        *_of_withdrawals(calendar),
        *_of_decided_withdrawals(calendar, on),
        *_of_lists(calendar),
        *_of_applications(calendar),
        *_of_services(calendar),
    ]


def write_changes(changes: Iterable[ChangedDeadline], ctx: ActContext) -> None:
    """Writes new days, with journal, tasks, public copy and notices. The caller has the locks.

    A case's own deadlines are written by its step.
    """
    of_cases: dict[int, list[ChangedDeadline]] = defaultdict(list)
    others: list[ChangedDeadline] = []
    for change in changes:
        if change.concerned.case is None:
            others.append(change)
        else:
            of_cases[change.concerned.case.pk].append(change)
    for number in sorted(of_cases):
        _write_case(of_cases[number], ctx)
    for change in others:
        change.columns.write(change.row, change.new)
        change.row.save(update_fields=change.columns.fields)
        _follow(change, ctx)
        ctx.entries.append(_entry(change, ctx))
    write_journal(ctx)
    notify(_notifications(chain(*of_cases.values(), others), ctx), ctx.at)


def _write_case(changes: Sequence[ChangedDeadline], ctx: ActContext) -> None:
    """The step of a case that recounts its periods and those of its withdrawal."""
    case = changes[0].concerned.case
    assert case is not None  # grouped by case
    ctx.entries += [_entry(change, ctx) for change in changes]
    event = Event("calendar-loaded", ctx.on)
    act(case=case, event=event, ctx=ctx, perform=lambda step, step_ctx: None)
    for change in changes:
        change.row.refresh_from_db()
        _follow(change, ctx)


def _entry(change: ChangedDeadline, ctx: ActContext) -> NewEntry:
    details = {
        "deadline": change.kind,
        "about": change.concerned.about,
        "old": change.old.ends_on,
        "new": change.new.ends_on,
        "is_provisional": change.new.provisional,
        "calendar": ctx.law.calendar.version,
    }
    return NewEntry(change.concerned.stream, MOVED if change.is_moved else SETTLED, details=details)


def _notifications(changes: Iterable[ChangedDeadline], ctx: ActContext) -> list[Notification]:
    """A notice of each day that moved, to the enterprise and its authorities."""
    return [
        Notification(
            change.concerned.case,
            MOVED,
            texts.deadline_moved_subject(change.concerned.about),
            texts.deadline_moved(
                TEXTS[change.kind], change.concerned.about, change.old, change.new, ctx.law.calendar
            ),
            to_enterprise=change.concerned.recipient is not None,
            to_authorities=change.concerned.authorities,
            recipient=change.concerned.recipient,
        )
        for change in changes
        if change.is_moved
    ]


def _follow(change: ChangedDeadline, ctx: ActContext) -> None:
    """The public copy, and the task that is due on the day."""
    row, new = change.row, change.new
    if change.columns == RED:
        # the card shows the red period that ends first
        card = Case.objects.get(pk=row.case_id)
        post_red_period(
            card.card_number,
            ends_on=card.red_ends_on,
            is_provisional=card.is_red_provisional,
            at=ctx.at,
        )
    elif change.columns.name == "display":
        extend_display(row, ctx)
    elif change.kind == "notice":
        move_notice(row, ctx)
    tasks = _TASKS_OF.get(change.columns.name)
    if tasks is not None:
        tasks(change).update(due_on=new.ends_on, is_due_provisional=new.provisional)


def _tasks_of_case(change: ChangedDeadline) -> QuerySet[Task]:
    case = change.concerned.case
    assert case is not None  # only deadlines of cases
    return open_tasks(WITHDRAW if change.columns == RED else PROPOSE).filter(case=case)


def _tasks_of_withdrawal(kind: str) -> Callable[[ChangedDeadline], QuerySet[Task]]:
    return lambda change: open_tasks(kind, [str(change.row.pk)])


def _tasks_of_list(change: ChangedDeadline) -> QuerySet[Task]:
    members = change.row.members.values_list("pk", flat=True)
    return open_tasks(START, [str(number) for number in members])


def _tasks_of_application(change: ChangedDeadline) -> QuerySet[Task]:
    """Examining or deciding it: an application has one of these at a time."""
    application = change.row
    waiting = Task.objects.filter(kind__in=APPLICATION_TASKS, completed_on=None)
    waiting = waiting.filter(case=application.case)
    # without a case a task is found by the application's number
    return waiting if application.case else waiting.filter(detail=application.number)


_TASKS_OF: Mapping[str, Callable[[ChangedDeadline], QuerySet[Task]]] = {
    "yellow": _tasks_of_case,
    "raised": _tasks_of_case,
    "extension": _tasks_of_case,
    "red": _tasks_of_case,
    "statement": _tasks_of_withdrawal("display"),
    "display": _tasks_of_withdrawal(RECHECK),
    "hearing_latest": _tasks_of_withdrawal(HEARING),
    "start": _tasks_of_list,
    "opinion": _tasks_of_application,
    "decision": _tasks_of_application,
}


def changed(
    row: Any, columns: DeadlineColumns, calendar: Calendar, concerned: Concerned
) -> Iterator[ChangedDeadline]:
    """The change of one deadline, if the calendar changes it."""
    old = columns.read(row)
    if old is not None:
        new = recounted(old, calendar)
        if new != old:
            yield ChangedDeadline(row, columns, old, new, concerned)


def _of_cases(calendar: Calendar) -> Iterator[ChangedDeadline]:
    """Warned and red requirements that are not met again; extensions."""
    rows = CaseRequirement.objects.filter(recovered_on=None).exclude(case__state="closed")
    for row in rows.select_related("case").order_by("case_id", "pk"):
        concerned = _of_case(row.case)
        yield from changed(row, YELLOW if row.determined_on is None else RED, calendar, concerned)
        yield from changed(row, RAISED, calendar, concerned)
    extended = Case.objects.filter(state="yellow", extended_until__isnull=False)
    for case in extended.order_by("pk"):
        yield from changed(case, EXTENSION, calendar, _of_case(case))


def _of_case(case: Case, *more: str) -> Concerned:
    """The enterprise, the competent authority, that of the place, and more authorities."""
    recipient = Recipient.of_case(case)
    authorities = {recipient.authority, authority_of(recipient.area), *more}
    about = f"{case.enterprise} {texts.name_of(case)}"
    return Concerned(about, case.stream, tuple(sorted(authorities)), recipient, case)


def _of_withdrawals(calendar: Calendar) -> Iterator[ChangedDeadline]:
    """Statements, hearings and displays of withdrawals at that stage."""
    rows = Withdrawal.objects.filter(ended="", decided_on=None).exclude(case__state="closed")
    for row in rows.select_related("case", "batch").order_by("pk"):
        running = as_state(row).running_deadlines
        concerned = _of_case(row.case, withdrawing_authority_of(row.case))
        for columns in OF_WITHDRAWAL:
            if columns.name in running:
                yield from changed(row, columns, calendar, concerned)


def _of_decided_withdrawals(calendar: Calendar, on: date) -> Iterator[ChangedDeadline]:
    """The days until which a lower grade may be asked for after a withdrawal."""
    rows = Withdrawal.objects.filter(ended="", decided_on__isnull=False)
    rows = rows.filter(Q(lower_grade_until__gte=on) | Q(is_lower_grade_provisional=True))
    for row in rows.select_related("case", "batch").order_by("pk"):
        concerned = _of_case(row.case, withdrawing_authority_of(row.case))
        # the case is closed: it takes no step
        yield from changed(row, LOWER_GRADE, calendar, replace(concerned, case=None))


def _of_lists(calendar: Calendar) -> Iterator[ChangedDeadline]:
    """By when bureaus start what was suggested to them."""
    lists = WithdrawalList.objects.filter(members__stage="suggested", members__ended="")
    for batch in lists.distinct().select_related("suggestion").order_by("pk"):
        number = batch.suggestion.number if batch.suggestion else str(batch)
        concerned = Concerned(
            number, f"withdrawal-list/{batch.pk}", (batch.housing, batch.withdrawing_authority)
        )
        yield from changed(batch, START_OF_WITHDRAWAL, calendar, concerned)


def _of_applications(calendar: Calendar) -> Iterator[ChangedDeadline]:
    """By when the city gives its opinion, or the province decides."""
    applications = Application.objects.filter(stage__in=UNDECIDED).select_related("case")
    for application in applications.order_by("pk"):
        columns = DECISION if application.decision_due_on else OPINION
        authorities = {application.receiver, PROVINCE if columns == DECISION else ""} - {""}
        case = application.case
        concerned = Concerned(
            application.number,
            case.stream if case else f"enterprise/{application.credit_code}",
            tuple(sorted(authorities)),
            Recipient.of_application(application),
        )
        yield from changed(application, columns, calendar, concerned)


def _of_services(calendar: Calendar) -> Iterator[ChangedDeadline]:
    """By when a service is proved; of a public notice, when it counts as served."""
    for service in waiting_services().select_related("document__case"):
        document = service.document
        recipient = None
        # an enterprise without an account reads the notice itself, which moves
        if service.method == NOTICE and has_account(document.credit_code):
            recipient = Recipient(document.credit_code, document.addressee)
        concerned = Concerned(
            document.number, stream_of(document), (document.organisation,), recipient
        )
        yield from changed(service, PROOF_OF_SERVICE, calendar, concerned)
