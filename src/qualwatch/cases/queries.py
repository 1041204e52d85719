"""Queries about cases: work lists, the funnel, the history of one case."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability, jurisdiction
from qualwatch.cases.models import (
    UNDECIDED,
    Application,
    Case,
    CaseRequirement,
    SupervisoryContact,
    Task,
    WithdrawalList,
)
from qualwatch.cases.tasks import WITHDRAWAL_STEPS
from qualwatch.journal.models import Entry
from qualwatch.journal.queries import entries_of


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many cases reached which stage. `closed`: by the code with which they were closed."""

    yellow: int
    recovered_in_yellow: int
    red: int
    recovered_in_red: int
    open_yellow: int
    open_red: int
    closed: Mapping[str, int]


def funnel(since: date, until: date, area: str | None = None) -> Funnel:
    """Of the cases opened in these days. Their number is those open plus those closed."""
    cases = Case.objects.filter(opened_on__gte=since, opened_on__lte=until)
    if area is not None:
        cases = cases.filter(area=area)
    opened = list(cases.only("state", "closed_because", "published_on", "origin"))
    red = [case for case in opened if case.published_on is not None]
    states = Counter(case.state for case in opened)
    closed = Counter(case.closed_because for case in opened if case.state == "closed")
    recovered_in_red = sum(case.closed_because == "recovered" for case in red)
    reviewed_in_red = sum(case.closed_because == "reviewed" for case in red)
    return Funnel(
        yellow=sum(case.origin == "system" for case in opened),
        recovered_in_yellow=closed["recovered"] - recovered_in_red,
        red=len(red),
        recovered_in_red=recovered_in_red + reviewed_in_red,
        open_yellow=states["yellow"],
        open_red=states["red"],
        closed=dict(sorted(closed.items())),
    )


def cases_over_on(day: date, *, including_provisional: bool = False) -> list[Case]:
    """Cases whose period has ended before the day, waiting for an officer.

    Yellow ones of which a requirement's period is over and no extension runs; red ones whose red
    period is over. Provisional periods never are, unless they are asked for.
    """
    rows = CaseRequirement.objects.filter(recovered_on=None, ends_on__lt=day)
    extension = Q(extended_until__lt=day)
    red = Q(state="red", red_ends_on__lt=day)
    if not including_provisional:
        rows = rows.filter(is_provisional=False)
        extension &= Q(is_extension_provisional=False)
        red &= Q(is_red_provisional=False)
    not_extended = Q(extended_until=None) | extension
    yellow = Q(state="yellow") & Exists(rows.filter(case=OuterRef("pk"))) & not_extended
    return list(Case.objects.filter(yellow | red).order_by("pk"))


def line_of(case: Case) -> list[Case]:
    """The case, and before it those that it arises from or goes on from, oldest first."""
    line = [case]
    while (before := line[0].arises_from or line[0].continued_from) is not None:
        line.insert(0, before)
    return line


def going_on_as(case: Case) -> Case:
    """The case with which the warnings of a closed one go on; the case itself where none does."""
    while case.state == "closed":
        successor = case.continued_as.order_by("pk").first()
        if successor is None:
            return case
        case = successor
    return case


def red_cases_with_warnings_over_on(day: date) -> list[Case]:
    """Red cases that also warned of a requirement whose period has ended before the day."""
    rows = CaseRequirement.objects.filter(
        case=OuterRef("pk"),
        recovered_on=None,
        determined_on=None,
        ends_on__lt=day,
        is_provisional=False,
    )
    return list(Case.objects.filter(Exists(rows), state="red").order_by("pk"))


def cases_due_by(day: date) -> list[tuple[date, Case]]:
    """Open cases with the day on which their period ends, up to a day, earliest first."""
    due: dict[tuple[date, int], Case] = {}
    rows = CaseRequirement.objects.filter(case__state="yellow", recovered_on=None, ends_on__lte=day)
    for row in rows.select_related("case"):
        due[(row.ends_on, row.case_id)] = row.case
    for case in Case.objects.filter(state="red", red_ends_on__lte=day):
        assert case.red_ends_on is not None  # the query says so
        due[(case.red_ends_on, case.pk)] = case
    return [(ends_on, due[(ends_on, number)]) for ends_on, number in sorted(due)]


def cases_without_contact(area: str | None = None) -> list[Case]:
    """Open cases without any supervisory contact yet (notice 3), oldest first."""
    contacts = SupervisoryContact.objects.filter(case=OuterRef("pk"))
    cases = Case.objects.exclude(state="closed").filter(~Exists(contacts))
    if area is not None:
        cases = cases.filter(area=area)
    return list(cases.order_by("opened_on", "pk"))


def tasks_of(organisation: str) -> list[Task]:
    """The open tasks of an authority (its slug), the earliest due first."""
    tasks = Task.objects.filter(organisation=organisation, completed_on=None).select_related("case")
    return list(tasks.order_by(F("due_on").asc(nulls_last=True), "opened_on", "pk"))


def cases_visible_to(account: Account) -> QuerySet[Case]:
    """The cases in an account's jurisdiction, as `competence.may_see` says of each case.

    None without the capability to read cases.
    """
    cases = Case.objects.select_related("supervision_finding")
    if not (has_capability(account, "read-cases") or has_capability(account, "see-own")):
        return cases.none()
    visible = jurisdiction(account)
    if visible.everywhere:
        return cases
    areas = visible.areas - {""}
    in_areas = Q(area__in=areas) | Q(category__isnull=False, licensing_authority__in=areas)
    own = Q(credit_code=visible.credit_code) if visible.credit_code else Q(pk=None)
    return cases.filter(in_areas | own)


def history_of(case: Case) -> list[Entry]:
    """The journal's entries of a case, oldest first."""
    return list(entries_of(case.stream))


def applications_due_by(day: date) -> list[Application]:
    """Undecided applications whose opinion or decision is due by a day, earliest first."""
    due = Coalesce("decision_due_on", "opinion_due_on")
    waiting = Application.objects.filter(stage__in=UNDECIDED).annotate(due=due)
    return list(waiting.filter(due__lte=day).order_by("due", "pk"))


def outcomes_of(batch: WithdrawalList) -> Counter[str]:
    """How many members of a list have which outcome; '' = under way."""
    return Counter(row.outcome for row in batch.members.all())


def withdrawals_due_by(day: date, withdrawing_authority: str = "") -> list[tuple[date, Task]]:
    """Steps of withdrawals that are due by a day, earliest first, of one authority or of all."""
    steps = Task.objects.filter(kind__in=WITHDRAWAL_STEPS, completed_on=None, due_on__lte=day)
    if withdrawing_authority:
        steps = steps.filter(organisation=withdrawing_authority)
    steps = steps.select_related("case").order_by("due_on", "pk")
    return [(task.due_on, task) for task in steps if task.due_on is not None]
