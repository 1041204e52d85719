"""What others ask about cases: work lists, funnels, one case's life."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import jurisdiction, may
from qualwatch.cases.course.withdrawal_rows import TASKS
from qualwatch.cases.models import (
    UNDECIDED,
    Application,
    Case,
    CaseRequirement,
    SupervisoryContact,
    Task,
    WithdrawalList,
)
from qualwatch.journal.models import Entry
from qualwatch.journal.queries import entries_of


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many cases came how far, between two days."""

    yellow: int
    recovered_in_yellow: int
    red: int
    recovered_in_red: int
    open_yellow: int
    open_red: int
    closed: Mapping[str, int]


def funnel(since: date, until: date, area: str | None = None) -> Funnel:
    """Of the cases opened in these days; totals always add up: opened = open + closed by reason."""
    cases = Case.objects.filter(opened_on__gte=since, opened_on__lte=until)
    if area is not None:
        cases = cases.filter(area=area)
    told = list(cases.values_list("state", "closed_because", "published_on", "origin"))
    closed = Counter(because for place, because, _red, _origin in told if place == "closed")
    return Funnel(
        yellow=sum(origin == "system" for _place, _because, _red, origin in told),
        recovered_in_yellow=sum(
            because == "recovered" and red is None for _place, because, red, _origin in told
        ),
        red=sum(red is not None for _place, _because, red, _origin in told),
        recovered_in_red=sum(
            because in ("recovered", "reviewed") and red is not None
            for _place, because, red, _origin in told
        ),
        open_yellow=sum(place == "yellow" for place, *_rest in told),
        open_red=sum(place == "red" for place, *_rest in told),
        closed=dict(sorted(closed.items())),
    )


def over_on(day: date) -> list[Case]:
    """Yellow cases of which a requirement's period is over, and red ones whose period is: waiting for an officer."""
    over = CaseRequirement.objects.filter(
        case=OuterRef("pk"), recovered_on=None, ends_on__lt=day, is_provisional=False
    )
    yellow = (
        Q(state="yellow")
        & Exists(over)
        & (Q(extended_until=None) | Q(extended_until__lt=day, is_extension_provisional=False))
    )
    red = Q(state="red", red_ends_on__lt=day, is_red_provisional=False)
    return list(Case.objects.filter(yellow | red).order_by("pk"))


def cases_due_by(day: date) -> list[tuple[date, Case]]:
    """Open cases by the day on which their period ends, up to a day, earliest first."""
    rows = CaseRequirement.objects.filter(case__state="yellow", recovered_on=None, ends_on__lte=day)
    found = {(row.ends_on, row.case_id): row.case for row in rows.select_related("case")}
    found |= {
        (case.red_ends_on, case.pk): case
        for case in Case.objects.filter(state="red", red_ends_on__lte=day)
        if case.red_ends_on is not None
    }
    return [(day_of, case) for (day_of, _number), case in sorted(found.items())]


def cases_without_contact(area: str | None = None) -> list[Case]:
    """Open cases about which no authority has urged yet (notice 3: guide and follow_up)."""
    cases = Case.objects.exclude(state="closed").filter(
        ~Exists(SupervisoryContact.objects.filter(case=OuterRef("pk")))
    )
    return list((cases if area is None else cases.filter(area=area)).order_by("opened_on", "pk"))


def tasks_of(organisation: str) -> list[Task]:
    """What an authority has to do, oldest first."""
    tasks = Task.objects.filter(organisation=organisation, completed_on=None).select_related("case")
    return list(tasks.order_by(F("due_on").asc(nulls_last=True), "opened_on", "pk"))


def cases_seen_by(account: Account) -> QuerySet[Case]:
    """The cases within an account's jurisdiction, as `competence.may_see` says of each; nobody's without the right."""
    seen = jurisdiction(account)
    cases = Case.objects.select_related("supervision_finding")
    if not (may(account, "read-cases") or may(account, "see-own")):
        return cases.none()
    if seen.everywhere:
        return cases
    by_area = Q(area__in=seen.areas - {""}) | Q(
        category__isnull=False, licensing_authority__in=seen.areas - {""}
    )
    own = Q(credit_code=seen.credit_code) if seen.credit_code else Q(pk=None)
    return cases.filter(by_area | own)


def history_of(case: Case) -> list[Entry]:
    """Everything the journal has of a case, oldest first."""
    return list(entries_of(case.stream))


def applications_due_by(day: date) -> list[Application]:
    """Undecided applications whose opinion or decision is due on or before a day, earliest first."""
    due = Coalesce("decision_due_on", "opinion_due_on")
    waiting = Application.objects.filter(stage__in=UNDECIDED).annotate(due=due)
    return list(waiting.filter(due__lte=day).order_by("due", "pk"))


def outcomes_of(batch: WithdrawalList) -> Counter[str]:
    """How many members of a list came to what; '' = under way. They add up to its members."""
    return Counter(row.outcome for row in batch.members.all())


def withdrawals_due_by(day: date, withdrawing_authority: str = "") -> list[tuple[date, Task]]:
    """Steps of withdrawals that are due by a day, earliest first; late ones are those before today."""
    tasks = Task.objects.filter(kind__in=TASKS, completed_on=None, due_on__lte=day).select_related(
        "case"
    )
    tasks = tasks.filter(organisation=withdrawing_authority) if withdrawing_authority else tasks
    return [
        (task.due_on, task) for task in tasks.order_by("due_on", "pk") if task.due_on is not None
    ]
