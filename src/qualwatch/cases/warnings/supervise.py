"""Acts of officers besides determinations: findings, follow-up, fraud, recheck, review, end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext, Step, write_journal
from qualwatch.cases.competence import require_competent, require_competent_or_local
from qualwatch.cases.course.step import act
from qualwatch.cases.deadlines import annulment_entry
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.service import serve_or_open_task
from qualwatch.cases.effects.cards import perform
from qualwatch.cases.models import (
    GROUNDS,
    Case,
    CreditRecord,
    Document,
    Notice,
    SupervisionFinding,
    SupervisoryContact,
)
from qualwatch.cases.service.actions import confirm_service
from qualwatch.cases.warnings.determine import open_red
from qualwatch.cases.warnings.run_view import INSURANCE, RunView
from qualwatch.journal.actions import NewEntry, record
from qualwatch.law.loader import Law
from qualwatch.procedure.service import PLATFORM
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.registers.tables import lock
from qualwatch.reports.labels import REQUIREMENTS
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n


@dataclass(frozen=True, slots=True)
class InspectionFinding:
    """What an authority found in daily supervision.

    what: the facts. figures: requirement -> required and held (or people), as found.
    """

    credit_code: str
    category: str
    sub_item: str
    what: str
    evidence: Sequence[str]
    figures: Mapping[str, Mapping[str, Any]]
    ground: str = "shortage"


@transaction.atomic
def record_supervision_finding(
    *, finding: InspectionFinding, by: Account, law: Law, at: datetime
) -> Step:
    """Opens a red card of officer origin, beside any case of the system (notice 2(2)).

    CannotStep, NotCompetent.
    """
    ctx = ActContext(law, at, by.username)
    run = Run.objects.filter(state="released", is_full=True).order_by("-id").first()
    if run is None:
        raise CannotStep("no-run", _("还没有放行的核查"))
    view, case = _new_officer_case(finding, run, law)
    authority = require_competent_or_local(by, "propose", case)
    ctx.authority = authority
    evidence = _nonblank(finding.evidence)
    verdicts, run_figures = view.verdicts_of(case)
    figures = _with_basis(_checked_figures(finding), verdicts, run_figures)
    event = Event(
        "inspected",
        ctx.on,
        by=by.username,
        requirements=tuple(figures),
        because=finding.what,
        verdicts={name: verdict for name, verdict in verdicts.items() if name in figures},
        has_evidence=bool(evidence),
    )
    finding_row = SupervisionFinding(
        found_on=ctx.on,
        what=finding.what,
        evidence=evidence,
        run=run.pk,
        authority=authority,
        by=by.username,
    )
    return open_red(case, event, figures, ctx, finding_row)


def _new_officer_case(finding: InspectionFinding, run: Run, law: Law) -> tuple[RunView, Case]:
    """The run's view of the item, and a new case of it, not saved; CannotStep."""
    item = (finding.credit_code, finding.category, finding.sub_item)
    unsaved = Case(
        credit_code=finding.credit_code, category=finding.category, sub_item=finding.sub_item
    )
    view = RunView.of(run, law, [unsaved], only_these=True)
    case = view.case_of_item(item)
    if not case.grade:
        raise CannotStep("items", _("登记里没有这项有效资质"))
    case.ground = finding.ground
    case.origin = "officer"
    return view, case


def _nonblank(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if text.strip()]


def _checked_figures(finding: InspectionFinding) -> dict[str, dict[str, int]]:
    """The figures to be published: whole numbers of known requirements only; CannotStep."""
    checked = {
        slug: numbers
        for slug, figure in finding.figures.items()
        if (numbers := _checked_figure(slug, figure)) is not None
    }
    is_complete = bool(checked) and len(checked) == len(finding.figures)
    if not is_complete or finding.ground not in GROUNDS:
        raise CannotStep("requirements", _("请写明哪些指标不达标，应有、现有各几人"))
    return checked


def _with_basis(
    figures: Mapping[str, Mapping[str, int]],
    verdicts: Mapping[str, str],
    run_figures: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    """The found figures with the standard they rest on, and what the registers say beside them.

    CannotStep where the standard of the item's grade demands nothing of the kind on the day.
    """
    based: dict[str, dict[str, Any]] = {}
    for slug, figure in figures.items():
        if slug == INSURANCE:
            based[slug] = dict(figure)
            continue
        in_registers = run_figures.get(slug, {})
        if not in_registers.get("basis") or verdicts.get(slug) == "not-required":
            name = REQUIREMENTS.get(slug, slug)
            raise CannotStep(
                "requirements",
                _("资质标准当日对这项资质的“{name}”没有要求，不能据以认定").format(name=name),
            )
        based[slug] = {
            **figure,
            "basis": in_registers["basis"],
            "registered": in_registers["held"],
        }
    return based


def _checked_figure(slug: str, figure: Mapping[str, Any]) -> dict[str, int] | None:
    """One requirement's figures with its shortfall; None where they show no shortfall."""
    if slug not in {*REQUIREMENTS, INSURANCE}:
        return None
    names = ("people",) if slug == INSURANCE else ("required", "held")
    # type(), because True is an int too
    numbers = {name: figure[name] for name in names if type(figure.get(name)) is int}
    if len(numbers) < len(names) or min(numbers.values()) < 0:
        return None
    if slug == INSURANCE:
        return numbers if numbers["people"] > 0 else None
    numbers["shortfall"] = numbers["required"] - numbers["held"]
    return numbers if numbers["shortfall"] > 0 else None


@transaction.atomic
def follow_up(
    *, case: Case, kind: str, what: str, by: Account, at: datetime, law: Law, form_token: str = ""
) -> SupervisoryContact:
    """Records a visit, letter, call or meeting that urges an enterprise to rectify (notice 3).

    `form_token`: of the submitted form; the same form sent again returns the existing contact.
    CannotStep, NotCompetent.
    """
    authority = require_competent_or_local(by, "follow-up", case)
    if not what.strip():
        raise CannotStep("because", _("请写明内容"))
    ctx = ActContext(law, at, by.username, authority)
    locked = Case.objects.select_for_update().get(pk=case.pk)
    existing = SupervisoryContact.objects.filter(form_token=form_token, case=locked)
    if form_token and (contact := existing.first()):
        return contact
    if locked.state == "closed":
        raise CannotStep("closed", _("案件已经终结"))
    contact = SupervisoryContact.objects.create(
        case=locked, kind=kind, on=ctx.on, what=what, by=by.username, form_token=form_token or None
    )
    details = {"kind": kind, "what": what, "authority": authority}
    ctx.entries.append(NewEntry(case.stream, "followed-up", basis=_n("71号文 三"), details=details))
    if kind == "letter":
        serve_or_open_task(issuing.supervision_letter(locked, what, ctx), ctx)
    write_journal(ctx)
    return contact


@transaction.atomic
def record_fraud(
    *,
    case: Case,
    what: str,
    evidence: Sequence[str],
    referred_to: str,
    by: Account,
    at: datetime,
    law: Law,
) -> CreditRecord:
    """Records concealed facts or faked rectification: credit record and referral.

    The case goes on. CannotStep, NotCompetent.
    """
    authority = require_competent_or_local(by, "propose", case)
    evidence = _nonblank(evidence)
    if not (what.strip() and evidence and referred_to.strip()):
        raise CannotStep("evidence", _("要写明事实、证据和移送单位"))
    ctx = ActContext(law, at, by.username, authority)
    locked = Case.objects.select_for_update().get(pk=case.pk)
    credit_record = CreditRecord.objects.create(
        case=locked,
        credit_code=case.credit_code,
        what=what,
        evidence=evidence,
        referred_to=referred_to,
        recorded_on=ctx.on,
        by=by.username,
    )
    details = {
        "what": what,
        "evidence": evidence,
        "referred_to": referred_to,
        "authority": authority,
    }
    ctx.entries.append(
        NewEntry(case.stream, "fraud-recorded", basis=_n("71号文 三"), details=details)
    )
    serve_or_open_task(issuing.credit_record(credit_record, ctx), ctx)
    write_journal(ctx)
    return credit_record


def recheck(
    *,
    case: Case,
    outcome: str,
    because: str,
    evidence: Sequence[str],
    by: Account,
    law: Law,
    at: datetime,
) -> Step:
    """An officer's recheck of a red card of officer origin; outcome: `short` or `recovered`."""
    require_competent_or_local(by, "propose", case)
    ctx = ActContext(law, at, by.username)
    event = Event(
        "recheck",
        ctx.on,
        by=by.username,
        outcome=outcome,
        because=because,
        has_evidence=bool(_nonblank(evidence)),
    )
    return act(case=case, event=event, ctx=ctx, perform=perform)


def review(*, case: Case, because: str, by: Account, law: Law, at: datetime) -> Step:
    """Closes a red card as recovered; not by those who determined it."""
    require_competent(by, "sign", case)
    ctx = ActContext(law, at, by.username)
    event = Event("review", ctx.on, by=by.username, because=because)
    return act(case=case, event=event, ctx=ctx, perform=perform)


@transaction.atomic
def annul(
    *,
    case: Case,
    because: str,
    document: str,
    by: Account,
    law: Law,
    at: datetime,
    received_on: date | None = None,
) -> Step:
    """Records that a review or a court annulled the red card, also after the case was closed.

    `received_on`: the day on which its document was received; what is public is taken down within
    the policy's days from then.
    """
    require_competent(by, "sign", case)
    # A withdrawal may be undone with it; lock order: see CONTRIBUTING.md
    lock()
    ctx = ActContext(law, at, by.username)
    ctx.entries.append(annulment_entry(case, received_on, ctx))
    event = Event(
        "annul", ctx.on, by=by.username, because=because, has_evidence=bool(document.strip())
    )
    return act(case=case, event=event, ctx=ctx, perform=perform)


def end(
    *, case: Case, code: str, because: str, by: Account, law: Law, at: datetime, evidence: str = ""
) -> Step:
    """Ends a case with a code of ENDINGS; a red card by a reviewer who did not determine it."""
    require_competent(by, "sign" if case.state == "red" else "propose", case)
    ctx = ActContext(law, at, by.username)
    event = Event(
        "end",
        ctx.on,
        by=by.username,
        code=code,
        because=because,
        has_evidence=bool(evidence.strip()),
    )
    return act(case=case, event=event, ctx=ctx, perform=perform)


@transaction.atomic
def open_notice(*, notice: Notice, by: Account, at: datetime, law: Law) -> bool:
    """Records that an account of the recipient opened a notice; whether it was the first time.

    A warning opened by the enterprise itself counts as proved, where the policy says so.
    Notice.DoesNotExist for anybody else.
    """
    if not _may_open(notice, by):
        raise Notice.DoesNotExist(notice.pk)
    case = notice.case
    if case is not None:
        # lock order: see CONTRIBUTING.md
        case = Case.objects.select_for_update().get(pk=case.pk)
    is_first = Notice.objects.filter(pk=notice.pk, first_opened_at=None).update(
        first_opened_at=at, first_opened_by=by.username
    )
    if not is_first:
        return False
    details = {"notice": notice.pk, "kind": notice.kind}
    stream = case.stream if case is not None else f"enterprise/{notice.credit_code}"
    record(stream=stream, by=by.username, at=at, what="notice-opened", details=details)
    if notice.document is not None:
        _confirm_on_platform(notice.document, by, law, at)
    elif case is not None and _is_warning_to_enterprise(notice):
        _prove_push(case, notice, by, law, at)
    return True


def _may_open(notice: Notice, by: Account) -> bool:
    organisation = by.organisation
    if organisation is None:
        return False
    if notice.credit_code:
        return organisation.credit_code == notice.credit_code and has_capability(by, "see-own")
    return organisation.slug == notice.organisation and has_capability(by, "read-cases")


def _is_warning_to_enterprise(notice: Notice) -> bool:
    return bool(notice.credit_code) and notice.kind in ("push", "push-addition")


def _confirm_on_platform(document: Document, by: Account, law: Law, at: datetime) -> None:
    """Proves the pending service of a document on the platform."""
    services = document.services.filter(method=PLATFORM, proved_on=None, failed_on=None)
    service = services.first()
    if service is not None:
        confirm_service(service, by=by, law=law, at=at)


def _prove_push(case: Case, notice: Notice, by: Account, law: Law, at: datetime) -> None:
    """Proves the warning of the requirements that were pushed on the notice's day."""
    ctx = ActContext(law, at, by.username)
    if case.state == "closed":
        return
    if "warning" not in law.policy_on(ctx.on)["platform_opening_proves"]:
        return
    unproved = case.requirements.filter(
        pushed_on=timezone.localdate(notice.posted_at), proved_on=None
    )
    names = tuple(unproved.values_list("requirement", flat=True))
    if names:
        event = Event("push-proved", ctx.on, by=by.username, proved_on=ctx.on, requirements=names)
        act(case=case, event=event, ctx=ctx, perform=perform)
