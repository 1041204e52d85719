"""The enterprise's own pages; every change is one call of an action."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from qualwatch.archive.contents import CannotStore
from qualwatch.cases.applications.actions import CAUSES, file_application, file_data_error, retract
from qualwatch.cases.applications.receiver import will_answer
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import UNDECIDED, Application, Case, Document, Notice, Withdrawal
from qualwatch.cases.notices.texts import STAGES, name_of
from qualwatch.cases.warnings.supervise import open_notice
from qualwatch.law.loader import current_law
from qualwatch.procedure.checklists import LINES, lines_of
from qualwatch.procedure.preconditions import HEARD
from qualwatch.procedure.state import CLOSED, STEPS
from qualwatch.procedure.transitions import CannotStep
from qualwatch.web.access import account_of, capability_required
from qualwatch.web.base.form_input import Refusal, form_token, refusal
from qualwatch.web.enterprise.forms import fields_of, filing_of
from qualwatch.web.enterprise.own import days_of, due_of, figures_now, in_words, newest_day, rows_of
from qualwatch.wording import gettext as _

own = capability_required("see-own")
MOST = 50
FORM = ("GET", "HEAD", "POST")
REFUSALS = (CannotStep, CannotStore, NotCompetent)


def code_of(request: HttpRequest) -> str:
    """The credit code of the enterprise that asks."""
    where = account_of(request).organisation
    return where.credit_code if where else ""


@require_safe
@own
def home(request: HttpRequest) -> HttpResponse:
    """Am I safe? What must I do by when?"""
    where, today = account_of(request).organisation, timezone.localdate()
    code = code_of(request)
    rows = rows_of(code, today)
    unread_first = F("first_opened_at").asc(nulls_first=True)
    found = Notice.objects.filter(credit_code=code).order_by(unread_first, "-posted_at", "-pk")
    notices = list(found[:MOST])
    handed_in = list(Application.objects.filter(credit_code=code).order_by("-pk")[:MOST])
    told = {
        "title": where.name if where else code,
        "code": code,
        "rows": rows,
        "red": sum(row.card == "red" for row in rows),
        "yellow": sum(row.card == "yellow" for row in rows),
        "unread": [one for one in notices if one.first_opened_at is None],
        "notices": sorted(
            (one for one in notices if one.first_opened_at),
            key=lambda notice: notice.posted_at,
            reverse=True,
        ),
        "unsure": sum(
            finding.verdict in ("cannot-say", "manual") for row in rows for finding in row.findings
        ),
        "applications": _in_words(handed_in),
        "answered": {
            application.case_id for application in handed_in if application.stage in UNDECIDED
        },
        "verdicts": in_words,
        "said": messages.get_messages(request),
    }
    return render(request, "enterprise/home.html", told)


@require_safe
@own
def case(request: HttpRequest, number: int) -> HttpResponse:
    """Why, by when, what may be done; what was sent and answered."""
    found, today = _own_case(request, number), timezone.localdate()
    now = figures_now(found)
    row = found.withdrawals.select_related("batch").order_by("-pk").first()
    is_open = row is not None and not row.ended
    found.under_way = [row] if is_open else []  # type: ignore[attr-defined]  # as in `open_cases`
    come = Q(services__proved_on__isnull=False) | Q(notices__first_opened_at__isnull=False)
    documents = (
        Document.objects.filter(come, case=found, credit_code=found.credit_code)
        .distinct()
        .order_by("-pk")
    )
    handed_in = sorted(found.applications.all(), key=lambda application: -application.pk)
    unread = Notice.objects.filter(
        case=found, credit_code=found.credit_code, first_opened_at=None
    ).order_by("-pk")
    told = {
        "title": _(name_of(found)),
        "case": found,
        "due": due_of(found, today),
        "requirements": [
            (requirement, now[requirement.requirement]) for requirement in found.requirements.all()
        ],
        "run_day": newest_day(found.credit_code),
        "verdicts": in_words,
        "documents": list(documents[:MOST]),
        "unread": list(unread[:MOST]),
        "applications": _in_words(handed_in),
        "can_apply": found.state != "closed"
        and not any(one.stage in UNDECIDED for one in handed_in),
        "stops": stops(found, row),
        "withdrawal": row if is_open else None,
        "days": days_of(row, today) if row is not None and is_open else [],
        "step": _(STEPS[row.stage]) if row else "",
        "is_heard": row is not None and row.stage in HEARD and row.batch.route != "ministry",
        "closed": _(CLOSED.get(found.closed_because, "")),
        "said": messages.get_messages(request),
    }
    return render(request, "enterprise/case.html", told)


@require_http_methods(FORM)
@own
def answer(request: HttpRequest, number: int) -> HttpResponse:
    """Objection or information repair: what is wrong, with evidence for every line."""
    case = _own_case(request, number)
    names = [
        requirement.requirement
        for requirement in case.requirements.all()
        if requirement.recovered_on is None or case.state == "red"
    ]
    errors: list[Refusal] = []
    if request.method == "POST":
        try:
            application = file_application(
                case=case,
                filing=filing_of(request, names),
                by=account_of(request),
                law=current_law(),
                at=timezone.now(),
            )
        except REFUSALS as why:
            errors.append(refusal(why, fields_of(names)))
        else:
            messages.success(
                request,
                _("已收到你的申请，编号 {number}。回执在下面“还没有打开的通知”里。").format(
                    number=application.number
                ),
            )
            return redirect("own-case", number=number)
    told = _form(request, errors) | {
        "title": _("对预警提出申请"),
        "case": case,
        "name": _(name_of(case)),
        "answers": will_answer(case.credit_code, case, current_law(), timezone.now()),
        "requirements": [(name, lines_of(name)) for name in names],
    }
    return render(request, "enterprise/answer.html", told, status=422 if errors else 200)


@require_http_methods(FORM)
@own
def data_error(request: HttpRequest) -> HttpResponse:
    """Register data found wrong, without any warning."""
    errors: list[Refusal] = []
    names = ["registration"]
    if request.method == "POST":
        try:
            filing = filing_of(request, names)
            application = file_data_error(
                filing=filing, by=account_of(request), law=current_law(), at=timezone.now()
            )
        except REFUSALS as why:
            errors.append(
                refusal(why, fields_of(names) | {"evidence": "file-registration-registration"})
            )
        else:
            messages.success(
                request, _("已收到你的申请，编号 {number}。").format(number=application.number)
            )
            return redirect("own")
    told = _form(request, errors) | {
        "title": _("登记信息有误，申请信息修复"),
        "case": None,
        "name": "",
        "answers": will_answer(code_of(request), None, current_law(), timezone.now()),
        "requirements": [],
    }
    return render(request, "enterprise/answer.html", told, status=422 if errors else 200)


@require_http_methods(FORM)
@own
def open_one(request: HttpRequest, number: int) -> HttpResponse:
    """Opens a notice: from then on it has arrived."""
    if request.method != "POST":
        return redirect("own-notice", number=number)
    notice = (
        Notice.objects.filter(pk=number, credit_code=code_of(request))
        .select_related("document", "case")
        .first()
    )
    if notice is None:
        raise Http404
    open_notice(notice=notice, by=account_of(request), at=timezone.now(), law=current_law())
    return redirect("own-notice", number=number)


@require_safe
@own
def notice(request: HttpRequest, number: int) -> HttpResponse:
    """A notice that was opened, word for word; one that was not is not shown."""
    found = (
        Notice.objects.filter(pk=number, credit_code=code_of(request))
        .select_related("document")
        .first()
    )
    if found is None:
        raise Http404
    return render(request, "enterprise/notice.html", {"title": found.subject, "notice": found})


@require_http_methods(FORM)
@own
def take_back(request: HttpRequest, number: int) -> HttpResponse:
    """The enterprise takes its application back."""
    application = (
        Application.objects.filter(pk=number, credit_code=code_of(request))
        .select_related("case")
        .first()
    )
    if application is None:
        raise Http404
    if request.method != "POST":
        return (
            redirect("own-case", number=application.case_id)
            if application.case_id
            else redirect("own")
        )
    try:
        retract(
            application=application, by=account_of(request), law=current_law(), at=timezone.now()
        )
        messages.success(request, _("申请 {number} 已撤回。").format(number=application.number))
    except REFUSALS as why:
        application.refresh_from_db(fields=["stage"])
        if application.stage == "retracted":  # sent twice
            messages.success(request, _("申请 {number} 已撤回。").format(number=application.number))
        else:
            messages.error(request, str(why))
    return (
        redirect("own-case", number=application.case_id) if application.case_id else redirect("own")
    )


def stops(case: Case, row: Withdrawal | None) -> list[dict[str, Any]]:
    """The course of a case: what has been reached, and what would come."""
    by_system, is_over = case.origin == "system", case.state == "closed"
    told: list[tuple[str, date | None, str]] = [
        *([(_("提醒（黄牌）"), case.opened_on, "yellow")] if by_system else []),
        (_("认定并公布红牌"), case.published_on, "red"),
        (_("责令整改送达，红牌期起算"), case.order_served_on, ""),
        (_("启动撤回"), row.opened_on if row else None, ""),
        *([(_("拟撤回告知送达，可以陈述申辩、要求听证"), row.notice_served_on, "")] if row else []),
        *([(_("听证"), row.hearing_on, "")] if row and row.hearing != "none" else []),
        *(
            [(_("公示拟撤回"), row.displayed_on, ""), (_("决定撤回"), row.decided_on, "red")]
            if row
            else []
        ),
        *([(_("撤回程序终止"), row.ended_on, "")] if row and row.ended else []),
        *([(_("结束"), case.closed_on, "done")] if is_over else []),
    ]
    ended = is_over or bool(row and row.ended)
    return [
        {"name": name, "on": on, "kind": kind, "is_reached": on is not None}
        for name, on, kind in told
        if on is not None or not ended
    ]


def _own_case(request: HttpRequest, number: int) -> Case:
    cases = Case.objects.filter(pk=number, credit_code=code_of(request))
    case = cases.prefetch_related("requirements", "applications").first()
    if case is None:
        raise Http404
    return case


def _in_words(applications: Iterable[Application]) -> list[tuple[Application, str, bool]]:
    return [
        (application, _(STAGES[application.stage]), application.stage in UNDECIDED)
        for application in applications
    ]


def _form(request: HttpRequest, errors: list[Refusal]) -> dict[str, Any]:
    return {
        "errors": errors,
        "told": request.POST,
        "form_token": form_token(request),
        "causes": [(slug, _(text)) for slug, text in CAUSES.items()],
        "lines": {slug: _(text) for slug, text in LINES.items()},
    }
