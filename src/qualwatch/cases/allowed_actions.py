"""What an account may do about a case or an application today, and the refusals of other acts.

Uses the transition table and the checks of the acts themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from qualwatch.accounts.models import Account
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext
from qualwatch.cases.applications.deciders import (
    acting_authority,
    authority_in_charge,
    awaits_opinion,
    determining_accounts,
    require_other_person,
)
from qualwatch.cases.competence import (
    PROVINCE,
    NotCompetent,
    require_competent,
    require_competent_or_local,
)
from qualwatch.cases.course.step import state_of
from qualwatch.cases.documents.evidence import evidence_of
from qualwatch.cases.models import Application, Case, CaseRequirement, Determination, Withdrawal
from qualwatch.cases.proposed_acts.kinds import ANY_SIGNER
from qualwatch.cases.warnings.determine import ProposedDetermination
from qualwatch.cases.warnings.run_view import INSURANCE, RunView, people_counts
from qualwatch.law.loader import Law
from qualwatch.procedure.periods import Deadline
from qualwatch.procedure.preconditions import ripe_requirements
from qualwatch.procedure.state import CaseState, Event
from qualwatch.procedure.transitions import CannotStep, step
from qualwatch.wording import gettext as _

# Stands for the reasons that a form will ask for.
REASONS = "?"
CAPABILITIES = {
    "red": "propose",
    "dismissed": "propose",
    "extended": "propose",
    "sign": "sign",
    "return": "sign",
    "review": "propose",
    "follow-up": "follow-up",
}


@dataclass(frozen=True, slots=True)
class AllowedActions:
    """The state of a case, the newest run's judgement of it, and why acts are not allowed.

    `verdicts` and `figures`: by requirement. `ripe`: requirements that may be determined.
    `refusals`: by act, '' where it is allowed.
    """

    state: CaseState
    requirements: tuple[CaseRequirement, ...]
    proposal: Determination | None
    withdrawal: Withdrawal | None
    verdicts: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    run_day: date | None = None
    is_fresh: bool = False
    ripe: tuple[str, ...] = ()
    refusals: Mapping[str, str] = field(default_factory=dict)


def allowed_actions_of(case: Case, by: Account, law: Law, at: datetime) -> AllowedActions:
    """What an account may do about a case; reads only."""
    ctx = ActContext(law, at, by.username)
    requirements = tuple(case.requirements.order_by("pk"))
    proposal = case.determinations.filter(state="proposed").first()
    withdrawal = case.withdrawals.select_related("batch").order_by("-pk").first()
    is_under_way = withdrawal is not None and not withdrawal.ended
    state = state_of(case, requirements, proposal, withdrawal if is_under_way else None)
    event, figures = _proposing_event(case, requirements, ctx)
    ripe = ripe_requirements(state, event)
    return AllowedActions(
        state,
        requirements,
        proposal,
        withdrawal,
        event.verdicts,
        figures,
        event.run_day,
        event.is_fresh,
        ripe,
        _refusals(case, state, event, ripe, by, ctx),
    )


def _proposing_event(
    case: Case, requirements: Iterable[CaseRequirement], ctx: ActContext
) -> tuple[Event, Mapping[str, Any]]:
    """A proposal about all requirements not recovered, on the newest run; the run's figures."""
    rows = list(requirements)
    view = None if case.state == "closed" else _newest_view(case, rows, ctx.law)
    verdicts, figures = _verdicts(case, view)
    event = Event(
        "propose",
        ctx.on,
        by=ctx.by,
        requirements=tuple(
            row.requirement
            for row in rows
            if row.recovered_on is None and row.determined_on is None
        ),
        is_fresh=view is not None and ctx.is_fresh(view.run.as_of),
        verdicts=verdicts,
        run_day=view.run.as_of if view else None,
        **people_counts(figures),
    )
    return event, figures


def _newest_view(case: Case, requirements: list[CaseRequirement], law: Law) -> RunView | None:
    """The newest run for this item only; of insurance the number of people."""
    try:
        run = RunView.newest_run(case.credit_code)
    except Run.DoesNotExist:
        return None
    warned = {case.pk: [row.requirement for row in requirements]}
    has_raised = any(row.raised for row in requirements)
    return RunView.for_page(run, law, case, warned, has_raised=has_raised)


def _verdicts(case: Case, view: RunView | None) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """Verdicts and figures by requirement."""
    verdicts: Mapping[str, str] = {}
    figures: Mapping[str, Any] = {}
    if view is not None:
        verdicts, figures = view.verdicts_of(case)
    if case.ground == INSURANCE:
        # The last patrol's result: judging everybody's insurance again is left to the act.
        by_result = {"short": "short", "recovered": "met"}
        verdicts = {INSURANCE: by_result.get(case.last_result, "cannot-say")}
    return verdicts, figures


def _refusals(
    case: Case,
    state: CaseState,
    event: Event,
    ripe: tuple[str, ...],
    by: Account,
    ctx: ActContext,
) -> dict[str, str]:
    refusals = {}
    for name, trial in _trial_events(event, ripe, ctx).items():
        refusals[name] = _refusal_of_competence(CAPABILITIES[name], case, by)
        if not refusals[name]:
            refusals[name] = _refusal_of_step(state, trial, ctx)
    refusals["follow-up"] = _refusal_of_follow_up(case, state, by)
    return refusals


def _trial_events(event: Event, ripe: tuple[str, ...], ctx: ActContext) -> dict[str, Event]:
    """An event for each act, with everything that its form would supply."""
    latest = ctx.terms.extension.from_day(ctx.on, ctx.law.calendar)
    complete = replace(
        event,
        because=REASONS,
        has_evidence=True,
        register_effect="accepted-finding",
        until=Deadline(latest.ends_on, provisional=False),
    )
    return {
        # Requirements that are not ripe wait for their own day.
        "red": replace(complete, outcome="red", requirements=ripe or event.requirements),
        "dismissed": replace(complete, outcome="dismissed"),
        "extended": replace(complete, outcome="extended"),
        "sign": replace(complete, name="sign"),
        "return": replace(complete, name="return-proposal"),
        "review": replace(complete, name="review", by=ANY_SIGNER, others=(ctx.by,)),
    }


def _refusal_of_step(state: CaseState, event: Event, ctx: ActContext) -> str:
    try:
        step(state, event, ctx.terms)
    except CannotStep as error:
        return str(error)
    return ""


def _refusal_of_competence(capability: str, case: Case, by: Account) -> str:
    try:
        require_competent(by, capability, case)
    except NotCompetent as error:
        return str(error)
    return ""


def _refusal_of_follow_up(case: Case, state: CaseState, by: Account) -> str:
    try:
        require_competent_or_local(by, CAPABILITIES["follow-up"], case)
    except NotCompetent as error:
        return str(error)
    return "" if state.is_open else _("案件已经终结")


def is_proposed(case: Case, proposal: ProposedDetermination, by: Account) -> bool:
    """Whether an undecided proposal by this account says the same."""
    stored = case.determinations.filter(state="proposed", proposed_by=by.username).first()
    return stored is not None and _columns(case, proposal) == {
        "outcome": stored.outcome,
        "requirements": stored.requirements,
        "items": stored.items,
        "rechecks": stored.rechecks,
        "until": stored.until,
        "because": stored.because,
        "evidence": [file.sha256 for file in evidence_of(stored)],
        "register_effect": stored.register_effect,
        "register_effect_details": _as_text(stored.register_effect_details),
    }


def _columns(case: Case, proposal: ProposedDetermination) -> dict[str, Any]:
    """A proposal as its determination stores it."""
    waiting = case.requirements.filter(recovered_on=None, determined_on=None)
    return {
        "outcome": proposal.outcome,
        "requirements": list(proposal.requirements) or [row.requirement for row in waiting],
        "items": [list(item) for item in proposal.items],
        "rechecks": [[*item, text] for item, text in proposal.rechecks.items()],
        "until": proposal.until,
        "because": proposal.because,
        "evidence": [sha256(file.content).hexdigest() for file in proposal.evidence],
        "register_effect": proposal.register_effect,
        "register_effect_details": _as_text(proposal.register_effect_details or {})
        if proposal.outcome == "dismissed"
        else {},
    }


def _as_text(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def refusals_of_application(application: Application, by: Account) -> dict[str, str]:
    """By act on an application: why the account may not do it ('' = it may)."""
    examiners = (application.receiver, PROVINCE)
    decisive = (authority_in_charge(application), PROVINCE)
    determined_by = determining_accounts(application)
    return {
        "agree": _refusal_of_part(application, by, determined_by, examiners)
        or ("" if awaits_opinion(application) else _("这份申请不由市级出审查意见")),
        "verify": _refusal_of_part(application, by, determined_by, (PROVINCE,), verifies=True)
        or _refusal_of_examination(application),
        "uphold": _refusal_of_part(application, by, determined_by, (PROVINCE,))
        or _refusal_of_examination(application)
        or _refusal_of_verification(application),
        "refuse": _refusal_of_part(application, by, determined_by, decisive),
    }


def _refusal_of_part(
    application: Application,
    by: Account,
    determined_by: set[str],
    authorities: tuple[str, ...],
    *,
    verifies: bool = False,
) -> str:
    """Why the account may have no part in the act, by its authority or by what it did before."""
    try:
        acting_authority(by, *authorities, capability="correct" if verifies else "sign")
        require_other_person(application, by, verifies=verifies, determined_by=determined_by)
    except (NotCompetent, CannotStep) as error:
        return str(error)
    return ""


def _refusal_of_examination(application: Application) -> str:
    return _("市级核发的资质先由市级审查") if awaits_opinion(application) else ""


def _refusal_of_verification(application: Application) -> str:
    return "" if application.proposed_repairs is not None else _("还没有经办核实，写明怎样修复")
