"""Acts of officers besides determinations: findings, fraud, rechecks, contacts, opened notices."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext, Step, write_journal
from qualwatch.cases.competence import require_competent_or_local
from qualwatch.cases.course.step import act as act_on
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.attachments import SubmittedFile, attach
from qualwatch.cases.documents.evidence import check_evidence, entry_of_files, evidence_of
from qualwatch.cases.documents.service import serve_or_open_task
from qualwatch.cases.effects.cards import perform
from qualwatch.cases.models import (
    GROUNDS,
    Case,
    CreditRecord,
    Document,
    Notice,
    ProposedAct,
    Recheck,
    SupervisionFinding,
    SupervisoryContact,
)
from qualwatch.cases.notices.notify import ACTING
from qualwatch.cases.notices.texts import name_of
from qualwatch.cases.queries import going_on_as
from qualwatch.cases.service.actions import confirm_service
from qualwatch.cases.warnings.determine import is_open_by_officer, open_red
from qualwatch.cases.warnings.insurance_items import items_without_abnormal_people
from qualwatch.cases.warnings.newest_run import current_run_view
from qualwatch.cases.warnings.officer_figures import (
    DifferenceReason,
    beside_registers,
    checked_figures,
    figures_beside,
    is_short,
)
from qualwatch.cases.warnings.run_view import INSURANCE, RunView
from qualwatch.journal.actions import NewEntry, record
from qualwatch.law.loader import Law
from qualwatch.procedure.service import PLATFORM
from qualwatch.procedure.state import CaseState, Event
from qualwatch.procedure.transitions import CannotStep, step
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n


@dataclass(frozen=True, slots=True)
class InspectionFinding:
    """What an authority found in daily supervision.

    what: the facts. figures: requirement -> required and held (or people), as found. reasons: by
    requirement, why the figure differs from the registers'. is_urgent: to be signed at once.
    """

    credit_code: str
    category: str
    sub_item: str
    what: str
    figures: Mapping[str, Mapping[str, Any]]
    reasons: Mapping[str, DifferenceReason] = field(default_factory=dict)
    ground: str = "shortage"
    is_urgent: bool = False

    @classmethod
    def of(cls, act: ProposedAct) -> "InspectionFinding":
        """The finding that a proposed act is about."""
        stored = act.payload
        return cls(
            act.credit_code,
            act.category,
            act.sub_item,
            act.because,
            stored["figures"],
            {name: DifferenceReason(**reason) for name, reason in stored["reasons"].items()},
            stored["ground"],
            stored["is_urgent"],
        )

    def as_payload(self) -> dict[str, Any]:
        """What a proposed act stores of it beside the item and the facts."""
        return {
            "figures": {name: dict(figure) for name, figure in self.figures.items()},
            "reasons": {name: asdict(reason) for name, reason in self.reasons.items()},
            "ground": self.ground,
            "is_urgent": self.is_urgent,
        }


def check_supervision_finding(act: ProposedAct, ctx: ActContext) -> None:
    """CannotStep where the finding cannot open a red card now."""
    finding = InspectionFinding.of(act)
    view, case = new_officer_case(act, ctx.law)
    if is_open_by_officer(case):
        raise CannotStep("open-once", _("这项资质已有主管部门认定的红牌"))
    event, _figures, _beside = _finding_event(act, finding, view, case, ctx)
    # a constraint of the database allows only these words
    before = CaseState(ground=case.ground, origin="officer")  # type: ignore[arg-type]
    step(before, event, ctx.terms)


def sign_supervision_finding(act: ProposedAct, ctx: ActContext) -> Step:
    """Opens a red card of officer origin, beside any case of the system (notice 2(2)).

    CannotStep.
    """
    finding = InspectionFinding.of(act)
    view, case = new_officer_case(act, ctx.law)
    event, figures, beside = _finding_event(act, finding, view, case, ctx)
    row = SupervisionFinding(
        act=act,
        found_on=ActContext.day_of(act.proposed_at),
        what=finding.what,
        figures=beside,
        run=view.run.pk,
        authority=act.authority,
        by=act.proposed_by,
    )
    # the card is published in the name of the authority that found it
    return open_red(case, event, figures, replace(ctx, authority=act.authority, entries=[]), row)


def _finding_event(
    act: ProposedAct, finding: InspectionFinding, view: RunView, case: Case, ctx: ActContext
) -> tuple[Event, dict[str, dict[str, Any]], dict[str, Any]]:
    """The event, the figures to be published, and those beside the registers'; CannotStep."""
    figures = checked_figures(finding.figures)
    if not all(is_short(name, numbers) for name, numbers in figures.items()):
        raise CannotStep("requirements", _("请写明哪些指标不达标，应有、现有各几人"))
    if INSURANCE in figures:
        _require_item_fails(view, case)
    verdicts, register_figures = view.verdicts_of(case)
    event = event_of_act(
        "inspected",
        act,
        ctx,
        requirements=tuple(figures),
        verdicts={name: verdict for name, verdict in verdicts.items() if name in figures},
    )
    beside = beside_registers(figures, verdicts, register_figures, finding.reasons)
    return event, figures_beside(beside), beside


def _require_item_fails(view: RunView, case: Case) -> None:
    """CannotStep where the item is met without the people whose insurance is abnormal."""
    judged = items_without_abnormal_people(view, case)
    item = judged.get((case.category or "", case.sub_item or ""))
    if item is None or item.verdict == "met":
        sentence = _("除去社保异常的人员，{item} 仍然达标，不能认定不达标")
        raise CannotStep("items", sentence.format(item=name_of(case)))


def event_of_act(name: str, act: ProposedAct, ctx: ActContext, **details: Any) -> Event:
    """The event of an act that one person proposed and another signs."""
    return Event(
        name,
        ctx.on,
        by=ctx.by,
        others=(act.proposed_by,),
        because=act.because,
        # before it is stored its files have been checked
        has_evidence=act.pk is None or act.attachments.exists(),
        **details,
    )


def new_officer_case(act: ProposedAct, law: Law) -> tuple[RunView, Case]:
    """The newest run's view of the item, and a new case of it, not saved; CannotStep."""
    run = Run.objects.filter(state="released", is_full=True).order_by("-id").first()
    if run is None:
        raise CannotStep("no-run", _("还没有放行的核查"))
    unsaved = Case(credit_code=act.credit_code, category=act.category, sub_item=act.sub_item)
    view = RunView.of(run, law, [unsaved], only_these=True)
    case = view.case_of_item((act.credit_code, act.category, act.sub_item))
    if not case.grade:
        raise CannotStep("items", _("登记里没有这项有效资质"))
    case.ground = act.payload["ground"]
    if case.ground not in GROUNDS:
        raise CannotStep("requirements", _("请写明哪些指标不达标，应有、现有各几人"))
    case.origin = "officer"
    return view, case


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


def check_fraud(act: ProposedAct, ctx: ActContext) -> None:
    """CannotStep where it is not said to whom the fraud is referred."""
    if not act.payload["referred_to"]:
        raise CannotStep("evidence", _("要写明事实、证据和移送单位"), about="referred_to")


def sign_fraud(act: ProposedAct, ctx: ActContext) -> CreditRecord:
    """Records concealed facts or faked rectification: credit record and referral (notice 3).

    The case goes on. CannotStep.
    """
    assert act.case is not None  # its kind is about a case
    credit_record = CreditRecord.objects.create(
        case=act.case,
        act=act,
        credit_code=act.case.credit_code,
        what=act.because,
        referred_to=act.payload["referred_to"],
        recorded_on=ctx.on,
        by=ctx.by,
    )
    details = {
        "what": act.because,
        "others": [act.proposed_by],
        "evidence": [file.sha256 for file in evidence_of(act)],
        "referred_to": credit_record.referred_to,
        "authority": ctx.authority,
    }
    ctx.entries.append(
        NewEntry(act.case.stream, "fraud-recorded", basis=_n("71号文 三"), details=details)
    )
    serve_or_open_task(issuing.credit_record(credit_record, ctx), ctx)
    return credit_record


@dataclass(frozen=True, slots=True)
class RecheckFinding:
    """What an officer found when rechecking a red card. outcome: `short` or `recovered`.

    figures: of every requirement that the card rests on, required and held (or people). reasons: by
    requirement, why the figure differs from the registers'.
    """

    outcome: str
    because: str
    figures: Mapping[str, Mapping[str, Any]]
    reasons: Mapping[str, DifferenceReason] = field(default_factory=dict)


@transaction.atomic
def recheck(
    *,
    case: Case,
    finding: RecheckFinding,
    files: Sequence[SubmittedFile],
    by: Account,
    law: Law,
    at: datetime,
) -> Step:
    """Records an officer's recheck of a red card of officer origin, with its evidence.

    CannotStep, CannotStore, NotCompetent.
    """
    authority = require_competent_or_local(by, "propose", case)
    ctx = ActContext(law, at, by.username, authority)
    checked = check_evidence(files)
    figures = _recheck_figures(case, finding)
    view = current_run_view(case, law)
    verdicts, register_figures = view.verdicts_of(case)
    beside = beside_registers(figures, verdicts, register_figures, finding.reasons)
    event = Event(
        "recheck",
        ctx.on,
        by=by.username,
        outcome=finding.outcome,
        because=finding.because,
        has_evidence=True,
    )
    details = {
        "outcome": finding.outcome,
        "figures": beside,
        "evidence": entry_of_files(checked),
        "authority": authority,
    }
    ctx.entries.append(NewEntry(case.stream, "rechecked", basis=finding.because, details=details))
    case_step = act_on(case=case, event=event, ctx=ctx, perform=perform)
    row = Recheck.objects.create(
        case=case_step.case,
        outcome=finding.outcome,
        because=finding.because,
        figures=beside,
        run=view.run.pk,
        rechecked_on=ctx.on,
        authority=authority,
        by=by.username,
    )
    attach(checked, by=by.username, at=at, recheck=row)
    return case_step


def _recheck_figures(case: Case, finding: RecheckFinding) -> dict[str, dict[str, int]]:
    """The figures of every requirement that the card rests on; CannotStep."""
    figures = checked_figures(finding.figures)
    determined = case.requirements.filter(determined_on__isnull=False, recovered_on=None)
    if set(figures) != set(determined.values_list("requirement", flat=True)):
        raise CannotStep("requirements", _("请写明红牌的每项指标复查时应有、现有各几人"))
    short = any(is_short(name, numbers) for name, numbers in figures.items())
    if short != (finding.outcome == "short"):
        raise CannotStep("requirements", _("复查的数字与复查结果不一致"))
    return figures


@transaction.atomic
def open_notice(*, notice: Notice, by: Account, at: datetime, law: Law) -> bool:
    """Records that an account of the recipient opened a notice; whether it was the first time.

    A warning opened by the enterprise itself counts as proved, where the policy says so; a document
    opened by an account that acts for the receiving authority is served. Notice.DoesNotExist for
    anybody else.
    """
    if not may_open(notice, by):
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
    stream = case.stream if case is not None else _stream_of(notice)
    record(stream=stream, by=by.username, at=at, what="notice-opened", details=details)
    if notice.document is not None:
        _confirm_on_platform(notice, notice.document, by, law, at)
    elif case is not None and _is_warning_to_enterprise(notice):
        _prove_push(case, notice, by, law, at)
    return True


def may_open(notice: Notice, by: Account) -> bool:
    """Whether an account receives a notice for the enterprise or authority it is addressed to."""
    organisation = by.organisation
    if organisation is None:
        return False
    if notice.credit_code:
        return organisation.credit_code == notice.credit_code and has_capability(by, "see-own")
    # an auditor reads without receiving
    return organisation.slug == notice.organisation and any(
        has_capability(by, capability) for capability in ACTING
    )


def _stream_of(notice: Notice) -> str:
    """The journal's stream of a notice without a case."""
    if notice.credit_code:
        return f"enterprise/{notice.credit_code}"
    return f"organisation/{notice.organisation}"


def _is_warning_to_enterprise(notice: Notice) -> bool:
    return bool(notice.credit_code) and notice.kind in ("push", "push-addition")


def _confirm_on_platform(
    notice: Notice, document: Document, by: Account, law: Law, at: datetime
) -> None:
    """Proves the pending service of a document on whom the notice is for; a copy proves nothing."""
    services = document.services.filter(method=PLATFORM, proved_on=None, failed_on=None)
    service = services.filter(recipient=notice.credit_code or notice.organisation).first()
    if service is not None:
        confirm_service(service, by=by, law=law, at=at)


def _prove_push(case: Case, notice: Notice, by: Account, law: Law, at: datetime) -> None:
    """Proves the warning of the requirements that were pushed on the notice's day."""
    ctx = ActContext(law, at, by.username)
    case = going_on_as(case)
    if case.state == "closed":
        return
    if "warning" not in law.policy_on(ctx.on)["platform_opening_proves"]:
        return
    warned_on = timezone.localdate(notice.posted_at)
    names = tuple(
        row.requirement for row in case.requirements.all() if warned_on in row.unproved_days
    )
    if names:
        event = Event(
            "push-proved",
            ctx.on,
            by=by.username,
            proved_on=ctx.on,
            requirements=names,
            warned_on=dict.fromkeys(names, warned_on),
        )
        act_on(case=case, event=event, ctx=ctx, perform=perform)
