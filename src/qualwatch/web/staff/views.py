"""The work list, the cases of a jurisdiction, one case with what may be done and why not."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from qualwatch.accounts.models import Account
from qualwatch.cases.allowed_actions import AllowedActions, allowed_actions_of, is_proposed
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import Case, Determination, Document, Task
from qualwatch.cases.notices.texts import STAGES, entry_word, name_of
from qualwatch.cases.queries import cases_seen_by, history_of, tasks_of
from qualwatch.cases.warnings.determine import Proposed, propose, return_proposal, sign
from qualwatch.cases.warnings.supervise import follow_up, review
from qualwatch.law.loader import current_law
from qualwatch.procedure.service import FAILURES, METHODS
from qualwatch.procedure.state import CLOSED, OUTCOMES, STEPS
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.queries import look_up
from qualwatch.reports.labels import VERDICTS, label_of
from qualwatch.web.access import account_of, capability_required
from qualwatch.web.base.form_input import Refusal, form_token, refusal
from qualwatch.web.staff.forms import ACCEPTED, FIELDS, LONGEST_NUMBER, Unreadable, proposed
from qualwatch.web.staff.labels import LEAVES, STATES, task_sentence
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

staff = capability_required("read-cases")
FORM = ("GET", "HEAD", "POST")
ON_A_PAGE, MOST, WEEK = 50, 50, 7
REFUSALS = (CannotStep, NotCompetent, Unreadable)
CONSEQUENCES = {
    "red": _n(
        "签批后立即向社会公布红牌预警：预警期间该企业不得申请资质升级、增项，省内在建项目全部列入重点监管，"
        "不得以该资质承揽新项目，不得参加评优评先；期满仍不达标的，依法启动该资质的撤回程序。"
    ),
    "dismissed": _n("签批后案件结束，并留下认可、更正或豁免：到复核日之前，同样的情况不再预警。"),
    "extended": _n("签批后整改期延长到所写的日期；只能延长一次。"),
    "review": _n("解除后红牌不再有效，公布的内容改为已解除，限制随之取消。"),
}
ACTS = {
    "red": _n("提出认定红牌"),
    "dismissed": _n("提出不予认定"),
    "extended": _n("提出延长整改"),
    "sign": _n("签批"),
    "return": _n("退回提出的认定"),
    "review": _n("复查解除"),
    "follow-up": _n("记录指导督促"),
}
WITH_PAGE = (
    "propose",
    "sign",
    "review",
    "application",
    "decide-application",
)  # tasks that are done on a page
CONTACT_KINDS = {
    "visit": _n("上门"),
    "letter": _n("发函"),
    "call": _n("电话"),
    "meeting": _n("约谈"),
}


@require_safe
@staff
def work(request: HttpRequest) -> HttpResponse:
    """What is due: overdue, today, this week, later, without a day."""
    account, today = account_of(request), timezone.localdate()
    where = account.organisation
    tasks = tasks_of(where.slug) if where else []
    groups: dict[str, list[tuple[Task, str, str]]] = {
        name: [] for name in (_("已逾期"), _("今天"), _("七天内"), _("以后"), _("没有期限"))
    }
    names = list(groups)
    for task in tasks:
        groups[names[_group(task.due_on, today)]].append(
            (task, task_sentence(task.kind), _link(task))
        )
    told = {
        "title": _("待办"),
        "paper": _paper,
        "with_page": WITH_PAGE,
        "where": where,
        "count": len(tasks),
        "said": messages.get_messages(request),
        "groups": [(name, rows[:MOST], len(rows)) for name, rows in groups.items() if rows],
    }
    return render(request, "staff/work.html", told)


@require_safe
@staff
def cases(request: HttpRequest) -> HttpResponse:
    """The cases of the jurisdiction; filters stay in the address."""
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "state", "area")}
    found = cases_seen_by(account_of(request)).prefetch_related("requirements")
    found = found.filter(state=asked["state"]) if asked["state"] else found.exclude(state="closed")
    if asked["area"]:
        found = found.filter(area=asked["area"])
    if asked["q"]:
        found = found.filter(
            Q(enterprise__icontains=asked["q"]) | Q(credit_code=asked["q"].upper())
        )
    page = Paginator(found.order_by("-opened_on", "-pk"), ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    areas = current_law().divisions.areas
    told = {
        "title": _("案件"),
        "asked": asked,
        "page": page,
        "cases": [(case, _(name_of(case))) for case in page],
        "areas": [(slug, area_text.name) for slug, area_text in areas.items()],
        "places": [(slug, _(text)) for slug, text in STATES.items()],
        "area_names": {slug: area_text.name for slug, area_text in areas.items()},
    }
    return render(request, "staff/cases.html", told)


@require_safe
@staff
def case(request: HttpRequest, number: int) -> HttpResponse:
    """What happened, what may be done, and why the rest may not."""
    return _case_page(request, _seen_case(request, number), [])


def _case_page(request: HttpRequest, case: Case, errors: list[Refusal]) -> HttpResponse:
    view = allowed_actions_of(case, account_of(request), current_law(), timezone.now())
    consequences = {slug: _(text) for slug, text in CONSEQUENCES.items()}
    told = _about(case, view) | {
        "acts": [
            (slug, _(text), view.why_not[slug])
            for slug, text in ACTS.items()
            if case.state != "closed"
        ],
        "stops": _stops(case, view.withdrawal),
        "applications": [
            (application, _(STAGES[application.stage]))
            for application in case.applications.order_by("-pk")
        ],
        "steps": STEPS,
        "errors": errors,
        "told": request.POST,
        "review_ends": consequences["review"],
        "form_token": form_token(request),
        "supervisory_contacts": [(slug, _(text)) for slug, text in CONTACT_KINDS.items()],
        "said": messages.get_messages(request),
        "closed": _(CLOSED.get(case.closed_because, "")),
    }
    return render(request, "staff/case.html", told, status=422 if errors else 200)


@require_safe
@staff
def documents(request: HttpRequest, number: int) -> HttpResponse:
    """Documents, and what became of their service."""
    case = _seen_case(request, number)
    documents = (
        Document.objects.filter(case=case).prefetch_related("services").order_by("-pk")[:MOST]
    )
    rows = [
        (
            document,
            _served(document),
            [(row, _(METHODS[row.method].name)) for row in document.services.all()],
        )
        for document in documents
    ]
    told = {
        "title": f"{case.enterprise} {_(name_of(case))}",
        "case": case,
        "documents": rows,
        "failures": {slug: _(text) for slug, text in FAILURES.items()},
    }
    return render(request, "staff/documents.html", told)


@require_safe
@staff
def history(request: HttpRequest, number: int) -> HttpResponse:
    """Everything that the journal has of a case, the newest first."""
    case = _seen_case(request, number)
    life = Paginator(list(reversed(history_of(case))), ON_A_PAGE).get_page(request.GET.get("page"))
    told = {
        "title": f"{case.enterprise} {_(name_of(case))}",
        "case": case,
        "page": life,
        "life": [(entry, entry_word(entry.what)) for entry in life],
    }
    return render(request, "staff/history.html", told)


@require_http_methods(FORM)
@staff
def determine(request: HttpRequest, number: int) -> HttpResponse:
    """An officer proposes: evidence side by side, what stands in the way, the consequence before the button."""
    case = _seen_case(request, number)
    errors: list[Refusal] = []
    if request.method == "POST":
        try:
            what = proposed(request, case)
            if not request.POST.get("has_read"):
                raise Unreadable(_("请先阅读后果并勾选"), "has_read")
            _propose(case, what, account_of(request))
        except REFUSALS as why:
            errors.append(refusal(why, FIELDS))
        else:
            messages.success(request, _("已提出，等另一人审核签批。"))
            return redirect("case", number=number)
    view = allowed_actions_of(case, account_of(request), current_law(), timezone.now())
    told = _about(case, view) | {
        "errors": errors,
        "told": request.POST,
        "items": items_of(case) if case.category is None else [],
        "leaves": [
            (slug, _(text)) for slug, text in LEAVES.items() if case.category or slug != ACCEPTED
        ],
        "outcomes": [
            (slug, _(OUTCOMES[slug]), view.why_not[slug], _(CONSEQUENCES[slug]))
            for slug in ("red", "dismissed", "extended")
        ],
    }
    return render(request, "staff/determine.html", told, status=422 if errors else 200)


@require_http_methods(FORM)
@staff
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """A reviewer signs what was proposed, or returns it with reasons."""
    case = _seen_case(request, number)
    errors: list[Refusal] = []
    view = allowed_actions_of(case, account_of(request), current_law(), timezone.now())
    if request.method == "POST":
        try:
            done = _decided(request, case)
        except REFUSALS as why:
            errors.append(refusal(why, {"because": "because", "has_read": "has_read"}))
        else:
            messages.success(request, done)
            return redirect("case", number=number)
    if view.proposal is None and not errors:
        raise Http404
    outcome = view.proposal.outcome if view.proposal else ""
    told = _about(case, view) | {
        "errors": errors,
        "told": request.POST,
        "outcome": _(OUTCOMES.get(outcome, "")),
        "items": _items(view.proposal),
        "leaves": _left(view.proposal),
        "consequence": _(CONSEQUENCES.get(outcome, "")),
        "why_not": view.why_not,
    }
    return render(request, "staff/decide.html", told, status=422 if errors else 200)


@require_http_methods(FORM)
@staff
def record_contact(request: HttpRequest, number: int) -> HttpResponse:
    """A visit, letter, call or meeting goes on record."""
    if request.method != "POST":
        return redirect("case", number=number)
    case, kind, what = (
        _seen_case(request, number),
        request.POST.get("kind", ""),
        request.POST.get("what", ""),
    )
    try:
        if kind not in CONTACT_KINDS:
            raise Unreadable(_("请选择督促的方式"), "kind")
        follow_up(
            case=case,
            kind=kind,
            what=what,
            by=account_of(request),
            at=timezone.now(),
            law=current_law(),
            form_token=form_token(request),
        )
    except REFUSALS as why:
        return _case_page(request, case, [refusal(why, {"kind": "kind", "because": "what"})])
    messages.success(request, _("已记录。"))
    return redirect("case", number=number)


@require_http_methods(FORM)
@staff
def reviewed(request: HttpRequest, number: int) -> HttpResponse:
    """Somebody who did not determine it finds that the enterprise has recovered: the red card ends."""
    if request.method != "POST":
        return redirect("case", number=number)
    case = _seen_case(request, number)
    try:
        if not request.POST.get("has_read"):
            raise Unreadable(_("请先阅读后果并勾选"), "has_read")
        review(
            case=case,
            because=request.POST.get("because", "").strip(),
            by=account_of(request),
            law=current_law(),
            at=timezone.now(),
        )
    except REFUSALS as why:
        case.refresh_from_db()
        if case.closed_because == "reviewed":  # sent twice, or somebody else was first
            messages.success(request, _("已解除。"))
            return redirect("case", number=number)
        fields = {"because": "because-review", "has_read": "has_read_review"}
        return _case_page(request, case, [refusal(why, fields)])
    messages.success(request, _("已解除。"))
    return redirect("case", number=number)


def _propose(case: Case, what: Proposed, by: Account) -> None:
    """Sent twice, proposed once."""
    try:
        propose(
            case=case,
            what=what,
            by=by,
            law=current_law(),
            at=timezone.now(),
            read=CONSEQUENCES.get(what.outcome, ""),
        )
    except CannotStep:
        if not is_proposed(case, what, by):
            raise


def _decided(request: HttpRequest, case: Case) -> str:
    """What was done, in words; sent twice, it is done once."""
    because, by, told = (
        request.POST.get("because", "").strip(),
        account_of(request),
        request.POST.get("proposal", ""),
    )
    number = int(told) if told.isdecimal() and len(told) <= LONGEST_NUMBER else 0
    determination, is_return = (
        case.determinations.filter(pk=number).first(),
        request.POST.get("act") == "return",
    )
    try:
        if is_return:
            return_proposal(
                case=case,
                by=by,
                because=because,
                law=current_law(),
                at=timezone.now(),
                proposal=number,
            )
        elif not request.POST.get("has_read"):
            raise Unreadable(_("请先阅读后果并勾选"), "has_read")
        else:
            read = CONSEQUENCES.get(determination.outcome, "") if determination else ""
            sign(
                case=case,
                by=by,
                law=current_law(),
                at=timezone.now(),
                because=because,
                read=read,
                proposal=number,
            )
    except CannotStep:
        state = "returned" if is_return else "signed"
        if not case.determinations.filter(pk=number, state=state, decided_by=by.username).exists():
            raise
    return _("已退回。") if is_return else _("已签批，立即生效。")


def items_of(case: Case) -> list[tuple[str, str]]:
    """The items of an enterprise in force, as `category/sub-item`, and what they are called."""
    return [
        (
            f"{answer.category}/{answer.sub_item}",
            f"{answer.qualification}{answer.sub_item} {_(answer.grade)}",
        )
        for answer in look_up(case.credit_code, timezone.localdate(), with_notices=False).answers
        if answer.standing in ("in-force", "red", "cannot-say")
    ]


def _about(case: Case, view: AllowedActions) -> dict[str, Any]:
    """What every page of a case shows: at the warning and now, side by side."""
    rows = [
        {
            "row": requirement,
            "then": requirement.warned_figures,
            "now": view.figures.get(requirement.requirement, {}),
            "verdict": label_of(VERDICTS, view.verdicts.get(requirement.requirement, "")),
            "is_ripe": requirement.requirement in view.ripe,
        }
        for requirement in view.requirements
    ]
    return {
        "title": f"{case.enterprise} {_(name_of(case))}",
        "case": case,
        "view": view,
        "rows": rows,
        "proposal": view.proposal,
        "today": timezone.localdate(),
    }


def _items(determination: Determination | None) -> list[str]:
    """The items that a red card is proposed for, by name."""
    known = current_law().categories
    return (
        [
            f"{known[one].name if one in known else one}{sub_item}"
            for one, sub_item in determination.items
        ]
        if determination
        else []
    )


def _left(determination: Determination | None) -> str:
    """What a dismissal leaves, and where it is found."""
    if determination is None or determination.leaves not in LEAVES:
        return ""
    number = determination.left.get(determination.leaves)
    return _(LEAVES[determination.leaves]) + (
        _("：第 {number} 号").format(number=number) if number else ""
    )


def _seen_case(request: HttpRequest, number: int) -> Case:
    case = cases_seen_by(account_of(request)).filter(pk=number).first()
    if case is None:
        raise Http404
    return case


def _stops(case: Case, row: Any) -> Iterable[dict[str, Any]]:
    """yellow -> determination -> red -> withdrawal, with days."""
    yellow = [(_("黄牌"), case.opened_on, "yellow"), (_("推送有凭证"), case.push_proved_on, "")]
    told = [
        *(yellow if case.origin == "system" else []),
        (_("公布红牌"), case.published_on, "red"),
        (_("责令整改送达"), case.order_served_on, ""),
        (_("启动撤回"), row.opened_on if row else None, ""),
        (_("决定撤回"), row.decided_on if row else None, "red"),
        *([(_("结束"), case.closed_on, "")] if case.state == "closed" else []),
    ]
    return [
        {"name": name, "on": on, "kind": kind, "is_reached": on is not None}
        for name, on, kind in told
        if on is not None or case.state != "closed"
    ]


def _served(document: Document) -> str:
    services = list(document.services.all())
    proved = [service.proved_on for service in services if service.proved_on]
    if document.voided_on:
        return _("已作废")
    if proved:
        return _("已于 {day} 送达").format(day=proved[0])
    return _("送达中") if any(service.failed_on is None for service in services) else _("未送达")


def _paper(detail: str) -> str:
    """Of a task to serve: the document's number, and the way to be tried."""
    number, _space, method = detail.rpartition(" ")
    return f"{number} {_(METHODS[method].name) if method in METHODS else method}".strip()


def _group(due: date | None, today: date) -> int:
    if due is None:
        return 4
    if due <= today:
        return 0 if due < today else 1
    return 2 if due <= today + timedelta(days=WEEK) else 3


def _link(task: Task) -> str:
    if task.kind in ("application", "decide-application"):
        return "application"
    return "decide" if task.kind == "sign" else "determine" if task.kind == "propose" else "case"
