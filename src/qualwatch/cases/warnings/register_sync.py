"""The case follows the item: another name, grade, certificate or place (procedure: rename, renewal, regrade, move)."""

from qualwatch.cases.competence import authority_of, carrier_of, competent_for, route_of
from qualwatch.cases.course.step import Doing
from qualwatch.cases.course.withdrawal_rows import ANSWER, CARRIED, HOLD
from qualwatch.cases.deadlines import DECIDE, application_due
from qualwatch.cases.documents.service import SERVE
from qualwatch.cases.models import Application, Case, Task
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import LETTER, Said, tell
from qualwatch.cases.warnings.run_view import Seen
from qualwatch.journal.actions import Told
from qualwatch.publication.actions import move_card

FOLLOWED = ("enterprise", "area", "grade", "certificate_no", "licensing_authority")


def follow(case: Case, seen: Seen, doing: Doing) -> bool:
    """Takes over what the registers say now; a new authority is told and gets the tasks. Whether anything changed."""
    before = {name: getattr(case, name) for name in FOLLOWED}
    old = {competent_for(case), authority_of(case.area)}
    seen.describe(case)
    after = {name: getattr(case, name) for name in FOLLOWED}
    if before == after:
        return False
    doing.told.append(
        Told(
            case.stream,
            "followed",
            before=before,
            after=after,
            details={"from": before, "to": after},
        )
    )
    if case.card_number and case.place == "red":
        move_card(
            case.card_number,
            enterprise=case.enterprise,
            grade=case.grade,
            area=case.area,
            at=doing.at,
        )
    new = {competent_for(case), authority_of(case.area)}
    if new != old:
        waiting = Task.objects.filter(case=case, done_on=None)
        waiting.exclude(kind__in=(LETTER, SERVE, DECIDE)).update(organisation=competent_for(case))
        steps = set(CARRIED) | {ANSWER, HOLD}
        waiting.filter(kind__in=steps).update(organisation=carrier_of(case))
        waiting.filter(kind=LETTER).update(organisation=authority_of(case.area))
        _hand_over(case, doing)
        if case.withdrawals.filter(ended="").exclude(place="closed").exists():
            new.add(carrier_of(case))
        receivers = tuple(sorted(new - old))
        said = Said(
            case, "moved", texts.subject("moved", case), texts.moved(case), False, receivers
        )
        tell([said], doing.at)
    return True


def _hand_over(case: Case, doing: Doing) -> None:
    """An application not yet examined goes to the authority that is competent now, with a clock of its own."""
    for one in Application.objects.filter(case=case, stage="received"):
        if one.receiver == competent_for(case):
            continue
        doing.told.append(
            Told(
                case.stream,
                "application-handed-over",
                before=one.receiver,
                after=competent_for(case),
                details={"application": one.number, "to": competent_for(case)},
            )
        )
        one.receiver = competent_for(case)
        due = application_due(case, "application", doing)
        by_city = route_of(case) == "city"
        one.opinion_due_on, one.decision_due_on = (
            (due.ends_on, None) if by_city else (None, due.ends_on)
        )
        one.is_due_provisional = due.provisional
        one.save()
        Task.objects.filter(case=case, kind="application", done_on=None).update(due_on=due.ends_on)
