"""Cases follow the registers: another name, grade, certificate or place of the item."""

from collections.abc import Mapping

from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import (
    authority_of,
    competent_for,
    route_of,
    withdrawing_authority_of,
)
from qualwatch.cases.deadline_columns import DECISION, OPINION
from qualwatch.cases.deadlines import application_due
from qualwatch.cases.effects.transfers import hand_over_within
from qualwatch.cases.models import Application, Case
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.cases.tasks import EXAMINE, open_tasks, reassign_tasks
from qualwatch.cases.warnings.run_view import RunView
from qualwatch.journal.actions import NewEntry
from qualwatch.publication.actions import move_card

REGISTER_FIELDS = ("enterprise", "area", "grade", "certificate_no", "licensing_authority")


def update_from_registers(case: Case, view: RunView, ctx: ActContext) -> bool:
    """Copies what the registers have now into the case, not saved; whether anything changed.

    A new authority is notified and gets the open tasks; a new competent one gets a letter with the
    papers.
    """
    before = _register_values(case)
    sender = competent_for(case)
    old_authorities = {sender, authority_of(case.area)}
    view.describe(case)
    after = _register_values(case)
    if before == after:
        return False
    details = {"from": before, "to": after}
    ctx.entries.append(
        NewEntry(case.stream, "followed", before=before, after=after, details=details)
    )
    if case.card_number and case.state == "red":
        move_card(
            case.card_number,
            enterprise=case.enterprise,
            grade=case.grade,
            area=case.area,
            at=ctx.at,
        )
    if {competent_for(case), authority_of(case.area)} != old_authorities:
        _hand_over(case, old_authorities, ctx)
    if competent_for(case) != sender:
        hand_over_within(case, sender, ctx)
    return True


def _register_values(case: Case) -> Mapping[str, str]:
    return {name: getattr(case, name) for name in REGISTER_FIELDS}


def _hand_over(case: Case, old_authorities: set[str], ctx: ActContext) -> None:
    """Gives open tasks and applications to the authorities that are competent now."""
    reassign_tasks(case)
    for application in Application.objects.filter(case=case, stage="received"):
        if application.receiver != competent_for(case):
            _hand_over_application(application, case, ctx)
    receivers = {competent_for(case), authority_of(case.area)}
    if case.withdrawals.filter(ended="").exclude(stage="closed").exists():
        receivers.add(withdrawing_authority_of(case))
    notification = Notification(
        case,
        "moved",
        texts.subject("moved", case),
        texts.moved(case),
        to_enterprise=False,
        to_authorities=tuple(sorted(receivers - old_authorities)),
    )
    notify([notification], ctx.at)


def _hand_over_application(application: Application, case: Case, ctx: ActContext) -> None:
    """An application not yet examined starts a new period at its new receiver."""
    receiver = competent_for(case)
    ctx.entries.append(
        NewEntry(
            case.stream,
            "application-handed-over",
            before=application.receiver,
            after=receiver,
            details={"application": application.number, "to": receiver},
        )
    )
    due = application_due(case, EXAMINE, ctx)
    is_city_first = route_of(case) == "city"
    application.receiver = receiver
    new, old = (OPINION, DECISION) if is_city_first else (DECISION, OPINION)
    old.write(application, None)
    new.write(application, due)  # last: both share the flag of a provisional day
    application.save()
    open_tasks(EXAMINE).filter(case=case).update(
        due_on=due.ends_on, is_due_provisional=due.provisional
    )
