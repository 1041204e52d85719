"""The case follows the item: another name, grade, certificate or place (procedure: rename, renewal, regrade, move)."""

from qualwatch.cases.competence import (
    authority_of,
    competent_for,
    route_of,
    withdrawing_authority_of,
)
from qualwatch.cases.acting import ActContext
from qualwatch.cases.course.withdrawal_rows import ANSWER, BY_WITHDRAWING_AUTHORITY, HOLD
from qualwatch.cases.deadlines import DECIDE, application_due
from qualwatch.cases.documents.service import SERVE
from qualwatch.cases.models import Application, Case, Task
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import LETTER, Notification, notify
from qualwatch.cases.warnings.run_view import RunView
from qualwatch.journal.actions import NewEntry
from qualwatch.publication.actions import move_card

FOLLOWED = ("enterprise", "area", "grade", "certificate_no", "licensing_authority")


def follow(case: Case, view: RunView, ctx: ActContext) -> bool:
    """Takes over what the registers say now; a new authority is told and gets the tasks. Whether anything changed."""
    before = {name: getattr(case, name) for name in FOLLOWED}
    old = {competent_for(case), authority_of(case.area)}
    view.describe(case)
    after = {name: getattr(case, name) for name in FOLLOWED}
    if before == after:
        return False
    ctx.entries.append(
        NewEntry(
            case.stream,
            "followed",
            before=before,
            after=after,
            details={"from": before, "to": after},
        )
    )
    if case.card_number and case.state == "red":
        move_card(
            case.card_number,
            enterprise=case.enterprise,
            grade=case.grade,
            area=case.area,
            at=ctx.at,
        )
    new = {competent_for(case), authority_of(case.area)}
    if new != old:
        waiting = Task.objects.filter(case=case, completed_on=None)
        waiting.exclude(kind__in=(LETTER, SERVE, DECIDE)).update(organisation=competent_for(case))
        steps = set(BY_WITHDRAWING_AUTHORITY) | {ANSWER, HOLD}
        waiting.filter(kind__in=steps).update(organisation=withdrawing_authority_of(case))
        waiting.filter(kind=LETTER).update(organisation=authority_of(case.area))
        _hand_over(case, ctx)
        if case.withdrawals.filter(ended="").exclude(stage="closed").exists():
            new.add(withdrawing_authority_of(case))
        receivers = tuple(sorted(new - old))
        notification = Notification(
            case, "moved", texts.subject("moved", case), texts.moved(case), False, receivers
        )
        notify([notification], ctx.at)
    return True


def _hand_over(case: Case, ctx: ActContext) -> None:
    """An application not yet examined goes to the authority that is competent now, with a clock of its own."""
    for application in Application.objects.filter(case=case, stage="received"):
        if application.receiver == competent_for(case):
            continue
        ctx.entries.append(
            NewEntry(
                case.stream,
                "application-handed-over",
                before=application.receiver,
                after=competent_for(case),
                details={"application": application.number, "to": competent_for(case)},
            )
        )
        application.receiver = competent_for(case)
        due = application_due(case, "application", ctx)
        by_city = route_of(case) == "city"
        application.opinion_due_on, application.decision_due_on = (
            (due.ends_on, None) if by_city else (None, due.ends_on)
        )
        application.is_due_provisional = due.provisional
        application.save()
        Task.objects.filter(case=case, kind="application", completed_on=None).update(
            due_on=due.ends_on
        )
