"""What somebody may do about a case today, and why not: asked of the same table that decides when it is done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from qualwatch.accounts.models import Account
from qualwatch.assessments.models import Run
from qualwatch.cases.applications.actions import FIRST_WORKED, check_other, seat_of
from qualwatch.cases.applications.receiver import who_determined
from qualwatch.cases.competence import PROVINCE, NotCompetent, check, check_place
from qualwatch.cases.acting import ActContext
from qualwatch.cases.course.step import state_of
from qualwatch.cases.models import Application, Case, CaseRequirement, Determination, Withdrawal
from qualwatch.cases.warnings.determine import Proposed
from qualwatch.cases.warnings.run_view import INSURANCE, RunView
from qualwatch.law.loader import Law
from qualwatch.procedure.periods import Deadline
from qualwatch.procedure.preconditions import ripe_requirements
from qualwatch.procedure.state import CaseState, Event
from qualwatch.procedure.transitions import CannotStep, step
from qualwatch.wording import gettext as _


@dataclass(frozen=True, slots=True)
class AllowedActions:
    """The state of a case, what the newest run says of it, and by act: why it may not be done ('' = it may be)."""

    state: CaseState
    requirements: tuple[CaseRequirement, ...]
    proposal: Determination | None
    withdrawal: Withdrawal | None
    verdicts: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    run_day: date | None = None
    is_fresh: bool = False
    ripe: tuple[str, ...] = ()
    why_not: Mapping[str, str] = field(default_factory=dict)


ACTS = {
    "red": "propose",
    "dismissed": "propose",
    "extended": "propose",
    "sign": "sign",
    "return": "sign",
    "review": "sign",
    "follow-up": "follow-up",
}


def allowed_actions_of(case: Case, by: Account, law: Law, at: datetime) -> AllowedActions:
    """Nothing is changed, and nothing but what the acts themselves ask is asked."""
    ctx = ActContext(law, at, by.username)
    rows = tuple(case.requirements.order_by("pk"))
    proposal = case.determinations.filter(state="proposed").first()
    row = case.withdrawals.select_related("batch").order_by("-pk").first()
    state = state_of(case, rows, proposal, row if row is not None and not row.ended else None)
    view = None if case.state == "closed" else _glance(case, rows, law)
    verdicts, figures = view.verdicts_of(case) if view else ({}, {})
    if case.ground == INSURANCE:  # as the last patrol found: to judge people again is for the act
        verdicts = {
            INSURANCE: {"short": "short", "recovered": "met"}.get(case.last_result, "cannot-say")
        }
    event = Event(
        "propose",
        ctx.on,
        by=by.username,
        is_fresh=view is not None and ctx.is_fresh(view.run.as_of),
        verdicts=verdicts,
        run_day=view.run.as_of if view else None,
    )
    waiting = tuple(
        requirement.requirement for requirement in rows if requirement.recovered_on is None
    )
    asked = replace(
        event,
        requirements=waiting,
        because="?",
        has_evidence=True,
        leaves="accepted-finding",
        until=Deadline(
            ctx.terms.extension.from_day(ctx.on, law.calendar).ends_on, provisional=False
        ),
    )
    ripe = ripe_requirements(state, event)
    events = {
        outcome: replace(asked, outcome=outcome) for outcome in ("red", "dismissed", "extended")
    }
    events["red"] = replace(
        events["red"], requirements=ripe or waiting
    )  # what is not ripe yet waits for its own day
    events |= {
        "sign": replace(asked, name="sign"),
        "return": replace(asked, name="return-proposal"),
        "review": replace(asked, name="review"),
    }
    why_not = {
        name: _why_not(state, event, case, by, ctx, ACTS[name]) for name, event in events.items()
    }
    why_not["follow-up"] = _not_competent("follow-up", case, by) or (
        "" if state.is_open else _("案件已经终结")
    )
    return AllowedActions(
        state,
        rows,
        proposal,
        row,
        verdicts,
        figures,
        event.run_day,
        event.is_fresh,
        ripe,
        why_not,
    )


def _glance(case: Case, rows: Iterable[CaseRequirement], law: Law) -> RunView | None:
    """The newest run, for this item only; of insurance how many people."""
    try:
        run = RunView.newest_run(case.credit_code)
    except Run.DoesNotExist:
        return None
    named = {case.pk: [requirement.requirement for requirement in rows]}
    return RunView.for_page(run, law, case, named)


def _why_not(
    state: CaseState, event: Event, case: Case, by: Account, ctx: ActContext, capability: str
) -> str:
    wanting = _not_competent(capability, case, by)
    if wanting:
        return wanting
    try:
        step(state, event, ctx.terms)
    except CannotStep as why:
        return str(why)
    return ""


def _not_competent(capability: str, case: Case, by: Account) -> str:
    try:
        (check_place if capability == "follow-up" else check)(by, capability, case)
    except NotCompetent as why:
        return str(why)
    return ""


def is_proposed(case: Case, what: Proposed, by: Account) -> bool:
    """Whether just this was proposed by this account, and waits."""
    determination = case.determinations.filter(state="proposed", proposed_by=by.username).first()
    if determination is None:
        return False
    about = list(what.requirements) or [
        requirement.requirement for requirement in case.requirements.filter(recovered_on=None)
    ]
    left = (
        {name: str(told) for name, told in (what.left or {}).items()}
        if what.outcome == "dismissed"
        else {}
    )
    asked = (
        what.outcome,
        about,
        [list(item) for item in what.items],
        what.until,
        what.because,
        list(what.evidence),
        what.leaves,
        left,
    )
    return asked == (
        determination.outcome,
        determination.requirements,
        determination.items,
        determination.until,
        determination.because,
        determination.evidence,
        determination.leaves,
        {name: str(told) for name, told in determination.left.items()},
    )


def application_why_not(application: Application, by: Account) -> dict[str, str]:
    """By act on an application: why it may not be done ('' = it may be), asked of what the acts themselves ask."""
    by_city = application.stage == FIRST_WORKED and application.receiver != PROVINCE
    seats = {
        "agree": ("sign", (application.receiver, PROVINCE)),
        "verify": ("correct", (PROVINCE,)),
        "uphold": ("sign", (PROVINCE,)),
        "refuse": (
            "sign",
            (application.receiver if application.stage == FIRST_WORKED else PROVINCE, PROVINCE),
        ),
    }
    determined = who_determined(application)
    told = {
        name: _may_not(application, by, name, determined, *seat) for name, seat in seats.items()
    }
    if by_city:
        told |= {
            name: told[name] or _("市级核发的资质先由市级审查") for name in ("verify", "uphold")
        }
    else:
        told["agree"] = told["agree"] or _("这份申请不由市级出审查意见")
    if application.proposed_repairs is None:
        told["uphold"] = told["uphold"] or _("还没有经办核实，写明怎样修复")
    return told


def _may_not(
    application: Application,
    by: Account,
    act: str,
    determined: set[str],
    capability: str,
    slugs: tuple[str, ...],
) -> str:
    try:
        seat_of(by, *slugs, capability=capability)
        check_other(application, by, "?", verifies=act == "verify", determined=determined)
    except (NotCompetent, CannotStep) as why:
        return str(why)
    return ""
