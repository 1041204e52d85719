"""What officers do about cases besides determining: supervision findings, urging, fraud, proof, review, end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import may
from qualwatch.assessments.models import Run
from qualwatch.cases.competence import check, check_place
from qualwatch.cases.acting import ActContext, Step, write_journal
from qualwatch.cases.course.step import act
from qualwatch.cases.deadlines import annulment_entry
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.service import serve_or_open_task
from qualwatch.cases.effects.cards import perform
from qualwatch.cases.models import (
    GROUNDS,
    Case,
    CreditRecord,
    Notice,
    SupervisionFinding,
    SupervisoryContact,
)
from qualwatch.cases.service.actions import confirm
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
class Found:
    """What an authority found in daily supervision. `figures`: requirement -> required and held, as found."""

    credit_code: str
    category: str
    sub_item: str
    what: str
    evidence: Sequence[str]
    figures: Mapping[str, Mapping[str, Any]]
    ground: str = "shortage"


@transaction.atomic
def record_supervision_finding(*, found: Found, by: Account, law: Law, at: datetime) -> Step:
    """A red card of origin officer, beside whatever the system has (notice 2(2)). CannotStep, NotCompetent."""
    ctx = ActContext(law, at, by.username)
    run = Run.objects.filter(state="released", is_full=True).order_by("-id").first()
    if run is None:
        raise CannotStep("no-run", _("还没有放行的核查"))
    probe = Case(credit_code=found.credit_code, category=found.category, sub_item=found.sub_item)
    view = RunView.of(run, law, [probe], only_these=True)
    case = view.case_of_item((found.credit_code, found.category, found.sub_item))
    if not case.grade:
        raise CannotStep("items", _("登记里没有这项有效资质"))
    case.ground, case.origin = found.ground, "officer"
    ctx.authority = where = check_place(by, "propose", case)
    figures = _checked_figures(found)
    evidence = [one for one in found.evidence if one.strip()]
    event = Event(
        "inspected",
        ctx.on,
        by=by.username,
        requirements=tuple(figures),
        because=found.what,
        verdicts={
            name: verdict for name, verdict in view.verdicts_of(case)[0].items() if name in figures
        },
        has_evidence=bool(evidence),
    )
    step = open_red(case, event, figures, ctx)
    SupervisionFinding.objects.create(
        case=step.case,
        found_on=ctx.on,
        what=found.what,
        evidence=evidence,
        run=run.pk,
        authority=where,
        by=by.username,
    )
    return step


def _checked_figures(found: Found) -> dict[str, dict[str, int]]:
    """What will be public: known requirements with whole numbers, and nothing else."""
    checked: dict[str, dict[str, int]] = {}
    for slug, figure in found.figures.items():
        names = ("people",) if slug == INSURANCE else ("required", "held")
        numbers = {
            name: figure[name]
            for name in names
            if type(figure.get(name)) is int and figure[name] >= 0
        }
        if slug not in {*REQUIREMENTS, INSURANCE} or len(numbers) < len(names):
            break
        if slug != INSURANCE:
            numbers["shortfall"] = numbers["required"] - numbers["held"]
        if min(numbers["shortfall"] if "shortfall" in numbers else numbers["people"], 1) < 1:
            break
        checked[slug] = numbers
    if not checked or len(checked) < len(found.figures) or found.ground not in GROUNDS:
        raise CannotStep("requirements", _("请写明哪些指标不达标，应有、现有各几人"))
    return checked


@transaction.atomic
def follow_up(
    *, case: Case, kind: str, what: str, by: Account, at: datetime, law: Law, form_token: str = ""
) -> SupervisoryContact:
    """Guides and urges an enterprise to rectify: a visit, letter, call or meeting (notice 3).

    `form_token`: of its form; the same again gives what was kept.
    """
    where = check_place(by, "follow-up", case)
    if not what.strip():
        raise CannotStep("because", _("请写明内容"))
    ctx = ActContext(law, at, by.username, where)
    locked = Case.objects.select_for_update().get(pk=case.pk)
    if form_token and (
        known := SupervisoryContact.objects.filter(form_token=form_token, case=locked).first()
    ):
        return known
    if locked.state == "closed":
        raise CannotStep("closed", _("案件已经终结"))
    supervisory_contact = SupervisoryContact.objects.create(
        case=locked, kind=kind, on=ctx.on, what=what, by=by.username, form_token=form_token or None
    )
    details = {"kind": kind, "what": what, "authority": where}
    ctx.entries.append(NewEntry(case.stream, "followed-up", basis=_n("71号文 三"), details=details))
    if kind == "letter":
        serve_or_open_task(issuing.supervision_letter(locked, what, ctx), ctx)
    write_journal(ctx)
    return supervisory_contact


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
    """Facts concealed or rectification faked: an adverse credit record and a referral. The case goes on."""
    where = check_place(by, "propose", case)
    evidence = [one for one in evidence if one.strip()]
    if not (what.strip() and evidence and referred_to.strip()):
        raise CannotStep("evidence", _("要写明事实、证据和移送单位"))
    ctx = ActContext(law, at, by.username, where)
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
    details = {"what": what, "evidence": evidence, "referred_to": referred_to, "authority": where}
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
    """An officer looks again at a red card of origin officer: `short` or `recovered`."""
    check_place(by, "propose", case)
    ctx = ActContext(law, at, by.username)
    event = Event(
        "recheck",
        ctx.on,
        by=by.username,
        outcome=outcome,
        because=because,
        has_evidence=any(one.strip() for one in evidence),
    )
    return act(case=case, event=event, ctx=ctx, perform=perform)


def review(*, case: Case, because: str, by: Account, law: Law, at: datetime) -> Step:
    """Somebody else than those who determined it agrees that the enterprise has recovered: closed."""
    check(by, "sign", case)
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
    """A review or a court has annulled the red card: taken down, also after it was closed.

    `received_on`: the day on which its document came; what is public goes within the policy's days from then.
    """
    check(by, "sign", case)
    lock()  # the registers before the case, as the patrol does: a withdrawal may be undone with it
    ctx = ActContext(law, at, by.username)
    ctx.entries.append(annulment_entry(case, received_on, ctx))
    event = Event(
        "annul", ctx.on, by=by.username, because=because, has_evidence=bool(document.strip())
    )
    return act(case=case, event=event, ctx=ctx, perform=perform)


def end(
    *, case: Case, code: str, because: str, by: Account, law: Law, at: datetime, evidence: str = ""
) -> Step:
    """Records what became of the item or the enterprise. A red card: by a reviewer who did not determine it."""
    check(by, "sign" if case.state == "red" else "propose", case)
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
    """An account of the recipient opens a notice; whether it was the first time.

    The first time is kept. A warning that the enterprise itself has opened is proved to have reached it.
    """
    where = by.organisation
    is_theirs = where is not None and (
        where.credit_code == notice.credit_code
        if notice.credit_code
        else where.slug == notice.organisation
    )
    if not is_theirs or not may(by, "see-own" if notice.credit_code else "read-cases"):
        raise Notice.DoesNotExist(notice.pk)
    case = notice.case
    if case is not None:
        case = Case.objects.select_for_update().get(
            pk=case.pk
        )  # the case before its stream, as everywhere
    first = Notice.objects.filter(pk=notice.pk, first_opened_at=None).update(
        first_opened_at=at, first_opened_by=by.username
    )
    if not first:
        return False
    details = {"notice": notice.pk, "kind": notice.kind}
    stream = case.stream if case is not None else f"enterprise/{notice.credit_code}"
    record(stream=stream, by=by.username, at=at, what="notice-opened", details=details)
    document = notice.document
    if document is not None:
        served = document.services.filter(method=PLATFORM, proved_on=None, failed_on=None).first()
        if served is not None:
            confirm(served, by=by, law=law, at=at)
    if document is not None or case is None:
        return True
    told_on = timezone.localdate(notice.posted_at)
    proves = "warning" in law.policy_on(timezone.localdate(at))["platform_opening_proves"]
    requirements = case.requirements.filter(pushed_on=told_on, proved_on=None).values_list(
        "requirement", flat=True
    )
    if (
        notice.credit_code
        and notice.kind in ("push", "push-addition")
        and case.state != "closed"
        and requirements
        and proves
    ):
        ctx = ActContext(law, at, by.username)
        event = Event(
            "push-proved",
            ctx.on,
            by=by.username,
            proved_on=ctx.on,
            requirements=tuple(requirements),
        )
        act(case=case, event=event, ctx=ctx, perform=perform)
    return True
