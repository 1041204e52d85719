"""Which authority receives an application, and by when it answers."""

from dataclasses import dataclass
from datetime import datetime

from qualwatch.accounts.queries import organisation
from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import PROVINCE, authority_of, competent_area, competent_for
from qualwatch.cases.deadlines import application_due
from qualwatch.cases.models import Case
from qualwatch.cases.recipient import Recipient
from qualwatch.cases.tasks import DECIDE_APPLICATION, EXAMINE
from qualwatch.law.loader import Law
from qualwatch.procedure.periods import Deadline
from qualwatch.registers.facts import resolved_rows
from qualwatch.registers.models import EnterpriseRow, ItemRow


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    """Who would receive an application today: the authority's name, the kind of its task."""

    authority: str
    task: str
    due: Deadline


def expected_answer(credit_code: str, case: Case | None, law: Law, at: datetime) -> ExpectedAnswer:
    """What an enterprise may expect if it applies now, about a case or (None) about its data."""
    if case is not None:
        authority = competent_for(case)
    else:
        applicant = applicant_of(credit_code, law)
        authority = applicant.authority if applicant else PROVINCE
    task = task_of(authority)
    due = application_due(case, task, ActContext(law, at, ""))
    return ExpectedAnswer(organisation(authority).name, task, due)


def task_of(receiver: str) -> str:
    """The kind of the receiver's task: the province decides, a city examines."""
    return DECIDE_APPLICATION if receiver == PROVINCE else EXAMINE


def applicant_of(credit_code: str, law: Law) -> Recipient | None:
    """An enterprise as the registers have it, with the authority that receives its application."""
    rows = resolved_rows(EnterpriseRow, ("name", "division_code"), credit_code=credit_code)
    if not rows:
        return None
    name, division_code = rows[0]
    area = law.area_of(division_code) or ""
    return Recipient(credit_code, name, area, receiver_of(credit_code, area))


def receiver_of(credit_code: str, area: str) -> str:
    """The slug of who receives an application about data (notice 4(5)).

    The province where it or the ministry issued an item, else the city of the `area`.
    """
    rows = resolved_rows(ItemRow, ("licensing_authority",), credit_code=credit_code)
    issuers = {issuer for (issuer,) in rows}
    if issuers and all(issuer and competent_area(issuer, area) for issuer in issuers):
        return authority_of(area)
    return PROVINCE
