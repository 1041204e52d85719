"""The work list: an authority's open tasks by deadline."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from qualwatch.cases.models import Task
from qualwatch.cases.queries import tasks_of
from qualwatch.cases.tasks import APPLICATION_TASKS, RETURNED_ACT, SERVE, SIGN_ACT, TASK_KINDS
from qualwatch.procedure.service import METHODS
from qualwatch.web.access import account_of
from qualwatch.web.staff.guards import officer_page
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

MAX_TASKS_OF_GROUP = 50
WEEK = timedelta(days=7)
# in the order of the page
GROUPS = (_n("已逾期"), _n("今天"), _n("七天内"), _n("以后"), _n("没有期限"))


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as the list shows it."""

    task: Task
    sentence: str
    address: str
    has_page: bool
    document: str  # to be served, and by which method


@require_safe
@officer_page
def work(request: HttpRequest) -> HttpResponse:
    """Tasks that are overdue, due today, this week, later, or without a day."""
    organisation = account_of(request).organisation
    tasks = tasks_of(organisation.slug) if organisation else []
    groups = _grouped(tasks, timezone.localdate())
    context = {
        "title": _("待办"),
        "organisation": organisation,
        "count": len(tasks),
        "messages": messages.get_messages(request),
        "groups": [
            (_(name), [_row(task) for task in groups[name][:MAX_TASKS_OF_GROUP]], len(groups[name]))
            for name in GROUPS
            if groups[name]
        ],
    }
    return render(request, "staff/work.html", context)


def _grouped(tasks: list[Task], today: date) -> dict[str, list[Task]]:
    groups: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        groups[_group_of(task.due_on, today)].append(task)
    return groups


def _group_of(due_on: date | None, today: date) -> str:
    overdue, due_today, this_week, later, undated = GROUPS
    if due_on is None:
        return undated
    if due_on < today:
        return overdue
    if due_on == today:
        return due_today
    return this_week if due_on <= today + WEEK else later


def _row(task: Task) -> TaskRow:
    kind = TASK_KINDS[task.kind]
    return TaskRow(
        task=task,
        sentence=_(kind.sentence),
        address=_address(task, kind.page),
        has_page=bool(kind.page),
        document=_document(task.detail) if task.kind == SERVE else "",
    )


def _address(task: Task, page: str) -> str:
    """Where the task is done; without a page of its own its case, or the list of cases."""
    if task.kind in APPLICATION_TASKS:
        return reverse(page, args=[task.pk])
    if task.kind in (SIGN_ACT, RETURNED_ACT):
        return reverse(page, args=[task.detail])
    if task.case_id:
        return reverse(page or "case", args=[task.case_id])
    return reverse("cases")


def _document(detail: str) -> str:
    """The number of a document to be served, and the method to be tried."""
    number, _space, method = detail.rpartition(" ")
    return f"{number} {_(METHODS[method].name) if method in METHODS else method}".strip()


urlpatterns = [path("work", work, name="work")]
