"""Tasks of authorities: every kind in one table, how a task is opened and what closes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.db.models import Q, QuerySet

from qualwatch.cases.acting import ActContext, Step
from qualwatch.cases.competence import (
    PROVINCE,
    authority_of,
    competent_for,
    successor_of,
    withdrawing_authority_of,
)
from qualwatch.cases.deadline_columns import DISPLAY, START_OF_WITHDRAWAL, STATEMENT
from qualwatch.cases.models import Case, Task, Withdrawal
from qualwatch.procedure.periods import Deadline, Period
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

# Who does a task: the competent authority; that of the place of registration; the province; who
# withdraws the item; the housing authority of the list; who issued the document.
DoneBy = Literal["competent", "place", "province", "withdrawing", "housing", "issuer"]
# The day of a task. `period` and `application` are reckoned by whoever opens it.
DueRule = Literal[
    "none",
    "today",
    "period",
    "application",
    "service",
    "order-service",
    "start",
    "statement",
    "display",
    "hearing",
]

PROPOSE, SIGN, REVIEW, WITHDRAW = "propose", "sign", "review", "withdraw"
EXAMINE, DECIDE_APPLICATION = "application", "decide-application"
LETTER, SERVE, SERVE_ORDER, VANISHED = "letter", "serve", "serve-order", "vanished"
OVERDUE_SERVICE = "overdue-service"
START, RECHECK = "start", "recheck-withdrawal"
REGISTER_CONFLICT = "register-conflict"
SIGN_ACT, RETURNED_ACT = "sign-act", "returned-act"
ANSWER, HEARING, REPORT_RESULTS = "answer", "hearing", "report-results"
APPLICATION_EVENTS = ("opinion", "refuse", "uphold", "retract")


class UnknownTask(Exception):
    """The table has no task of this kind."""


@dataclass(frozen=True, slots=True)
class TaskKind:
    """What has to be done, by whom, on which page, by when, and what closes it."""

    sentence: str
    done_by: DoneBy
    # The name of its URL in web/staff; '' where the office has no page for it.
    page: str = ""
    due: DueRule = "none"
    # Events of the case. Of a task with a detail, the act closes the one that it is about.
    closed_by: tuple[str, ...] = ()
    # The stage of a withdrawal that it leads to; reaching the stage closes it.
    stage: str = ""
    # Whether it stays open when the case is closed.
    outlives_case: bool = False
    # Whether reviewers, and then the authority above, are notified when its day is over.
    escalates: bool = False


TASK_KINDS: Mapping[str, TaskKind] = {
    PROPOSE: TaskKind(
        _n("黄牌期满，核查是否认定"),
        "competent",
        page="determine",
        due="period",
        closed_by=("propose",),
    ),
    SIGN: TaskKind(
        _n("审核签批认定"),
        "competent",
        page="decide",
        closed_by=("sign", "return-proposal"),
    ),
    # The detail of both is the act's number; its signature, return or end closes them.
    SIGN_ACT: TaskKind(
        _n("审核签批提出的事项"), "competent", page="proposed-act", outlives_case=True
    ),
    RETURNED_ACT: TaskKind(
        _n("提出的事项被退回，补正或撤销"), "competent", page="proposed-act", outlives_case=True
    ),
    REVIEW: TaskKind(_n("复查解除红牌"), "competent", page="case", closed_by=("review", "recheck")),
    WITHDRAW: TaskKind(
        _n("红牌期满，启动撤回"), "competent", due="period", closed_by=("open-withdrawal",)
    ),
    EXAMINE: TaskKind(
        _n("审查企业的申请"),
        "competent",
        page="application-of-task",
        due="application",
        closed_by=APPLICATION_EVENTS,
    ),
    DECIDE_APPLICATION: TaskKind(
        _n("核实并决定企业的申请"),
        "province",
        page="application-of-task",
        due="application",
        closed_by=APPLICATION_EVENTS,
    ),
    LETTER: TaskKind(
        _n("企业没有平台账号或没有打开推送，发函告知"),
        "place",
        due="service",
        closed_by=("push-proved",),
        outlives_case=True,
        escalates=True,
    ),
    # Its detail is the document's number and the method to be tried; its proof closes it.
    SERVE: TaskKind(_n("换一种方式送达文书"), "issuer", due="service", escalates=True),
    SERVE_ORDER: TaskKind(
        _n("送达责令整改通知书"),
        "issuer",
        due="order-service",
        closed_by=("order-served",),
        escalates=True,
    ),
    # Of the authority above, without a case; its detail is the slug of the authority that is late.
    OVERDUE_SERVICE: TaskKind(_n("督办逾期未送达的文书"), "province"),
    # Closed with the case only.
    VANISHED: TaskKind(_n("登记库中已没有这项资质，查明原因"), "competent"),
    # Without a case; its detail is the number of the conflict on record. Closed by the run that no
    # longer finds it.
    REGISTER_CONFLICT: TaskKind(_n("登记中同一证书的几行互相矛盾，核实更正"), "place"),
    # Steps of a withdrawal; the detail is the withdrawal's number.
    "suggest": TaskKind(_n("函告审批局撤回建议"), "housing", due="today", stage="suggested"),
    "report": TaskKind(_n("报住建部撤回"), "housing", due="today", stage="reported"),
    START: TaskKind(_n("受理撤回建议"), "withdrawing", due="start", stage="started"),
    "notify": TaskKind(_n("告知拟撤回"), "withdrawing", due="today", stage="notified"),
    "display": TaskKind(_n("公示拟撤回"), "withdrawing", due="statement", stage="displayed"),
    RECHECK: TaskKind(_n("公示期满复核"), "withdrawing", due="display", stage="rechecked"),
    "review-law": TaskKind(_n("法制审核"), "withdrawing", stage="reviewed"),
    "decide": TaskKind(_n("决定撤回"), "withdrawing", stage="decided"),
    "announce": TaskKind(_n("送达撤回决定"), "withdrawing", stage="announced"),
    "finish": TaskKind(_n("公告并办结"), "withdrawing", stage="closed"),
    # The detail is the submission's number.
    ANSWER: TaskKind(_n("答复陈述申辩或异议"), "withdrawing", closed_by=("answer",)),
    # The detail is the withdrawal's number.
    HEARING: TaskKind(
        _n("组织听证"), "withdrawing", due="hearing", closed_by=("hold-hearing", "hearing-lapses")
    ),
    # The detail is the list's number; without a case. The result letter closes it.
    REPORT_RESULTS: TaskKind(_n("函告撤回结果"), "withdrawing", due="today"),
}
# The key of the policy that has the working days of a rule.
SERVICE_DAYS = {
    "service": "service_task_working_days",
    "order-service": "order_service_working_days",
}
ESCALATING = tuple(kind for kind, row in TASK_KINDS.items() if row.escalates)
TASK_OF_STAGE = {row.stage: kind for kind, row in TASK_KINDS.items() if row.stage}
WITHDRAWAL_STEPS = tuple(TASK_OF_STAGE.values())
APPLICATION_TASKS = (EXAMINE, DECIDE_APPLICATION)
# The task of the competent authority when the period of a case in this state is over.
TASK_AT_PERIOD_END = {"yellow": PROPOSE, "red": WITHDRAW}
OUTLIVING_CASE = tuple(kind for kind, row in TASK_KINDS.items() if row.outlives_case)

AUTHORITIES: Mapping[DoneBy, Callable[[Case], str]] = {
    "competent": competent_for,
    "place": lambda case: authority_of(case.area),
    "province": lambda case: PROVINCE,
    "withdrawing": withdrawing_authority_of,
}


def kind_of(slug: str) -> TaskKind:
    """A row of the table. UnknownTask."""
    if slug not in TASK_KINDS:
        raise UnknownTask(slug)
    return TASK_KINDS[slug]


def sentence_of(slug: str) -> str:
    """What has to be done, in the chosen language."""
    return _(kind_of(slug).sentence)


def kinds_closed_by(event: str) -> list[str]:
    """The kinds of task that an event of a case closes."""
    return [slug for slug, kind in TASK_KINDS.items() if event in kind.closed_by]


def new_task(
    case: Case | None,
    kind: str,
    *,
    opened_on: date,
    authority: str = "",
    due_on: date | None = None,
    is_provisional: bool = False,
    detail: str = "",
) -> Task:
    """A task, not yet saved, for an authority's slug; by default that of the table. UnknownTask."""
    row = kind_of(kind)
    if not authority:
        assert case is not None  # without a case the caller names the authority
        authority = AUTHORITIES[row.done_by](case)
    return Task(
        # an application may have no case
        case=case if case is not None and case.pk else None,
        kind=kind,
        organisation=authority,
        opened_on=opened_on,
        due_on=due_on,
        is_due_provisional=is_provisional,
        detail=detail,
    )


def open_task(
    case: Case | None,
    kind: str,
    ctx: ActContext,
    *,
    authority: str = "",
    due: Deadline | None = None,
    detail: str = "",
) -> None:
    """Opens a task unless one of its kind and detail is open. UnknownTask."""
    due = due or due_by_rule(kind, ctx)
    task = new_task(
        case,
        kind,
        opened_on=ctx.on,
        authority=authority,
        due_on=due.ends_on if due else None,
        is_provisional=bool(due and due.provisional),
        detail=detail,
    )
    if not open_tasks(kind, [detail]).filter(case=task.case).exists():
        task.save()


def due_by_rule(kind: str, ctx: ActContext, row: Withdrawal | None = None) -> Deadline | None:
    """The day by the table's rule; of a step of a withdrawal, from its row."""
    rule = kind_of(kind).due
    if rule == "today":
        return Deadline(ctx.on, provisional=False)
    if rule == "hearing":
        return ctx.terms.hearing_held.from_day(ctx.on, ctx.law.calendar)
    if rule in SERVICE_DAYS:
        days = ctx.law.policy_on(ctx.on)[SERVICE_DAYS[rule]]
        return Period(days, "working-days").from_day(ctx.on, ctx.law.calendar)
    if row is None:
        return None
    if rule == "start":
        return START_OF_WITHDRAWAL.read(row.batch)
    if rule == "statement":
        return STATEMENT.read(row)
    return DISPLAY.read(row) if rule == "display" else None


def open_tasks(kind: str, details: Sequence[str] | None = None) -> QuerySet[Task]:
    """Open tasks of a kind; None: of any detail. UnknownTask."""
    if kind not in TASK_KINDS:
        raise UnknownTask(kind)
    tasks = Task.objects.filter(kind=kind, completed_on=None)
    return tasks if details is None else tasks.filter(detail__in=details)


def complete(tasks: QuerySet[Task], ctx: ActContext) -> None:
    """Closes tasks."""
    tasks.update(completed_on=ctx.on, completed_by=ctx.by)


def settle(step: Step, ctx: ActContext, surviving: Q | None = None) -> None:
    """Closes the tasks that a step closes; where it closes the case, all but the `surviving`."""
    waiting = Task.objects.filter(case=step.case, completed_on=None)
    if step.after.state == "closed":
        waiting = waiting.exclude(kind__in=OUTLIVING_CASE)
        waiting = waiting if surviving is None else waiting.exclude(surviving)
    else:
        waiting = waiting.filter(kind__in=kinds_closed_by(step.event.name), detail="")
    complete(waiting, ctx)


def reassign_tasks(case: Case) -> None:
    """Gives the open tasks of a case that moved to the authorities that have it now."""
    waiting = Task.objects.filter(case=case, completed_on=None)
    _done_by(waiting, "competent", "housing").update(organisation=competent_for(case))
    _done_by(waiting, "withdrawing").update(organisation=withdrawing_authority_of(case))
    _done_by(waiting, "place").update(organisation=authority_of(case.area))
    for task in _done_by(waiting, "issuer"):
        authority = successor_of(task.organisation, case)
        if authority != task.organisation:
            task.organisation = authority
            task.save(update_fields=["organisation"])


def _done_by(tasks: QuerySet[Task], *done_by: DoneBy) -> QuerySet[Task]:
    kinds = [slug for slug, kind in TASK_KINDS.items() if kind.done_by in done_by]
    return tasks.filter(kind__in=kinds)
