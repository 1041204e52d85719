"""One case as the enterprise sees it: why, by when, what may be done, what was sent."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from qualwatch.cases.models import UNDECIDED, Case, Document, Notice, Withdrawal
from qualwatch.cases.notices.texts import name_of
from qualwatch.procedure.preconditions import STATEMENT_STAGES
from qualwatch.procedure.state import CLOSED, STEPS
from qualwatch.web.base.pictures import Milestone
from qualwatch.web.enterprise.guards import enterprise_page, own_case
from qualwatch.web.enterprise.overview import (
    days_of,
    due_of,
    figures_now,
    newest_day,
    verdict_text,
    with_stages,
)
from qualwatch.wording import gettext as _

MAX_LISTED = 50


@require_safe
@enterprise_page
def case(request: HttpRequest, number: int) -> HttpResponse:
    """Why there is a warning, its deadline, what may be done, what was sent and answered."""
    case = own_case(request, number)
    withdrawal = case.withdrawals.select_related("batch").order_by("-pk").first()
    open_withdrawal = withdrawal if withdrawal is not None and not withdrawal.ended else None
    context = {
        "title": _(name_of(case)),
        "case": case,
        "due": due_of(case, open_withdrawal, timezone.localdate()),
        "documents": _received_documents(case),
        "unread": _unread_notices(case),
        "milestones": milestones_of(case, withdrawal),
        "closed": _(CLOSED.get(case.closed_because, "")),
        "messages": messages.get_messages(request),
        **_findings_context(case),
        **_applications_context(case),
        **_withdrawal_context(open_withdrawal),
    }
    return render(request, "enterprise/case.html", context)


def _findings_context(case: Case) -> dict[str, Any]:
    """Each requirement of the case with what the newest run finds."""
    figures = figures_now(case)
    requirements = case.requirements.all()
    return {
        "requirements": [(row, figures[row.requirement]) for row in requirements],
        "run_day": newest_day(case.credit_code),
        "verdict_text": verdict_text,
    }


def _applications_context(case: Case) -> dict[str, Any]:
    """The applications, newest first, and whether another one may be made."""
    applications = sorted(case.applications.all(), key=lambda row: -row.pk)
    is_undecided = any(application.stage in UNDECIDED for application in applications)
    return {
        "applications": with_stages(applications),
        "can_apply": case.state != "closed" and not is_undecided,
    }


def _withdrawal_context(withdrawal: Withdrawal | None) -> dict[str, Any]:
    """The withdrawal under way: its step and its days."""
    if withdrawal is None:
        return {"withdrawal": None, "days": [], "step": "", "is_heard": False}
    return {
        "withdrawal": withdrawal,
        "days": days_of(withdrawal, timezone.localdate()),
        "step": _(STEPS[withdrawal.stage]),
        "is_heard": withdrawal.stage in STATEMENT_STAGES and withdrawal.batch.route != "ministry",
    }


def _received_documents(case: Case) -> list[Document]:
    """Documents whose service is proved, or whose notice has been opened."""
    is_received = Q(services__proved_on__isnull=False) | Q(notices__first_opened_at__isnull=False)
    documents = Document.objects.filter(is_received, case=case, credit_code=case.credit_code)
    return list(documents.distinct().order_by("-pk")[:MAX_LISTED])


def _unread_notices(case: Case) -> list[Notice]:
    notices = Notice.objects.filter(case=case, credit_code=case.credit_code, first_opened_at=None)
    return list(notices.order_by("-pk")[:MAX_LISTED])


def milestones_of(case: Case, withdrawal: Withdrawal | None) -> list[Milestone]:
    """What has been reached; while the case goes on also what would come."""
    milestones = []
    if case.origin == "system":
        milestones.append(Milestone(_("提醒（黄牌）"), case.opened_on, "yellow"))
    milestones += [
        Milestone(_("认定并公布红牌"), case.published_on, "red"),
        Milestone(_("责令整改送达，红牌期起算"), case.order_served_on),
        Milestone(_("启动撤回"), withdrawal.opened_on if withdrawal else None),
    ]
    if withdrawal:
        milestones += _withdrawal_milestones(withdrawal)
    if case.state == "closed":
        milestones.append(Milestone(_("结束"), case.closed_on, "done"))
    is_over = case.state == "closed" or (withdrawal is not None and bool(withdrawal.ended))
    return [milestone for milestone in milestones if milestone.is_reached or not is_over]


def _withdrawal_milestones(withdrawal: Withdrawal) -> list[Milestone]:
    milestones = [
        Milestone(_("拟撤回告知送达，可以陈述申辩、要求听证"), withdrawal.notice_served_on)
    ]
    if withdrawal.hearing != "none":
        milestones.append(Milestone(_("听证"), withdrawal.hearing_on))
    milestones += [
        Milestone(_("公示拟撤回"), withdrawal.displayed_on),
        Milestone(_("决定撤回"), withdrawal.decided_on, "red"),
    ]
    if withdrawal.ended:
        milestones.append(Milestone(_("撤回程序终止"), withdrawal.ended_on))
    return milestones


urlpatterns = [path("own/cases/<int:number>", case, name="own-case")]
