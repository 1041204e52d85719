"""Who is handed an application, by when it is answered, and who may not answer it."""

from datetime import datetime

from qualwatch.accounts.queries import organisation
from qualwatch.cases.competence import PROVINCE, authority_of, competent_area, competent_for
from qualwatch.cases.acting import ActContext
from qualwatch.cases.deadlines import DECIDE, EXAMINE, application_due
from qualwatch.cases.models import Application, Case, Determination
from qualwatch.law.loader import Law
from qualwatch.procedure.periods import Deadline
from qualwatch.registers.facts import resolved_rows
from qualwatch.registers.models import EnterpriseRow, ItemRow


def will_answer(code: str, case: Case | None, law: Law, at: datetime) -> tuple[str, str, Deadline]:
    """Who would be handed an application today: the authority's name, `task` and the day by which it answers."""
    ctx = ActContext(law, at, "")
    if case is not None:
        where = competent_for(case)
    else:
        told = resolved_rows(EnterpriseRow, ("division_code",), credit_code=code)
        where = receiver_of(code, law.area_of(told[0][0]) or "" if told else "")
    task = DECIDE if where == PROVINCE else EXAMINE
    return organisation(where).name, task, application_due(case, task, ctx)


def receiver_of(code: str, area: str) -> str:
    """Who is told of wrong data: the province where it or the ministry issued an item (notice 4(5)), else the city."""
    issued = {
        resolved_row[0]
        for resolved_row in resolved_rows(ItemRow, ("licensing_authority",), credit_code=code)
    }
    by_cities = bool(issued) and all(one and competent_area(one, area) for one in issued)
    return authority_of(area) if by_cities else PROVINCE


def who_determined(application: Application) -> set[str]:
    """Who proposed or signed what an application is against. Who returned a proposal determined nothing."""
    if application.case is None:
        return set()
    told = set(application.case.determined_by)
    cases = [
        one for one in (application.case_id, application.case.arises_from_id) if one is not None
    ]
    for determination in Determination.objects.filter(case__in=cases):
        told |= {determination.proposed_by} | (
            {determination.decided_by} if determination.state == "signed" else set()
        )
    return told
