"""What a step does besides changing the case: notices, tasks, the public copy. In the step's transaction."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from qualwatch.cases.competence import PROVINCE, authority_of, competent_for
from qualwatch.cases.acting import ActContext, Step
from qualwatch.cases.deadlines import DECIDE, EXAMINE, application_due
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.numbers import RED_CARD, next_number
from qualwatch.cases.documents.service import (
    ERASED,
    serve_or_open_task,
    take_down_notices,
    tasks_that_survive,
)
from qualwatch.cases.effects.withdrawal import end_withdrawal, publish_decision
from qualwatch.cases.models import UNDECIDED, Application, Case, Task
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import LETTER, Notification, notify
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.periods import same_day_after_months
from qualwatch.procedure.state import Effect
from qualwatch.publication.actions import (
    Card,
    amend_card,
    post_cleared,
    post_red_card,
    post_red_period,
    remove_red_card,
)
from qualwatch.reports.labels import AUTHORITIES

RED_PREFIX = "晋红"
APPLIED = (EXAMINE, DECIDE)
COMPLETED_BY_EVENT = {
    "sign": ("sign",),
    "return-proposal": ("sign",),
    "review": ("review",),
    "order-served": ("serve-order",),
    "opinion": APPLIED,
    "refuse": APPLIED,
    "uphold": APPLIED,
    "retract": APPLIED,
    "propose": ("propose",),
    "recheck": ("review",),
    "open-withdrawal": ("withdraw",),
}
Handler = Callable[[Step, Effect, ActContext], None]


def perform(step: Step, ctx: ActContext) -> None:
    """The tasks that a step settles, then its effects in their order."""
    settle(step, ctx)  # first, for a step may open a task of the kind that it settles
    for effect in step.effects:
        HANDLERS[effect.name](step, effect, ctx)


def settle(step: Step, ctx: ActContext) -> None:
    """Closes the tasks that a step has done; where the case is closed all but letters, which say so."""
    waiting = Task.objects.filter(case=step.case, completed_on=None)
    if step.after.state == "closed" and step.event.name != "uphold":
        end_applications([step.case.pk], ctx)
    if step.event.name == "push-proved":
        waiting.filter(kind=LETTER).update(completed_on=ctx.on, completed_by=ctx.by)
    waiting = waiting.exclude(kind=LETTER)
    if step.after.state == "closed":
        waiting = waiting.exclude(tasks_that_survive([step.case.pk]))
    else:
        waiting = waiting.filter(kind__in=COMPLETED_BY_EVENT.get(step.event.name, ()))
    waiting.update(completed_on=ctx.on, completed_by=ctx.by)


def end_applications(cases: Iterable[int], ctx: ActContext) -> None:
    """Applications that were still waiting when their cases ended otherwise."""
    waiting = Application.objects.filter(case__in=list(cases), stage__in=UNDECIDED)
    waiting.update(stage="moot", decided_on=ctx.on)


def figures_of(step: Step, requirements: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    """What the enterprise is told of each requirement: today's figures, else those it was warned with."""
    known = (
        {}
        if step.case.pk is None
        else {
            requirement.requirement: requirement.warned_figures
            for requirement in step.case.requirements.all()
        }
    )
    return {name: step.figures.get(name) or known.get(name, {}) for name in requirements}


def notification_of(step: Step, effect: Effect) -> Notification | None:
    """What a step says to the enterprise and its authorities."""
    case = step.case
    if effect.name in ("push", "push-addition"):
        ends = [
            requirement.deadline.ends_on
            for requirement in step.after.requirements
            if requirement.name in effect.requirements
        ]
        body = texts.warning(case, figures_of(step, effect.requirements), max(ends))
        return Notification(case, effect.name, texts.subject(effect.name, case), body)
    if effect.name == "notify-closed":
        subject = texts.subject("closed" if effect.detail in texts.CLEARS else "ended", case)
        return Notification(case, "closed", subject, texts.closing(case, effect.detail))
    if effect.name == "notify-extended":
        return Notification(case, "extended", texts.subject("extended", case), texts.extended(case))
    if effect.name == "notify-repaired":
        return Notification(
            case,
            "repaired",
            texts.subject("repaired", case),
            texts.repaired(case, effect.requirements),
        )
    if effect.name == "notify-refused":
        return Notification(case, "refused", texts.subject("refused", case), texts.refused(case))
    if effect.name == "set-red-period":
        return Notification(
            case, "red-period", texts.subject("red-period", case), texts.red_period(case)
        )
    return None


def _tell(step: Step, effect: Effect, ctx: ActContext) -> None:
    notification = notification_of(step, effect)
    if notification is not None:
        notify([notification], ctx.at)


def _publish_red(step: Step, effect: Effect, ctx: ActContext) -> None:
    """Public from this moment on, with figures and without people."""
    case = step.case
    case.card_number = case.card_number or next_number(RED_CARD, RED_PREFIX, ctx.on.year)
    figures = figures_of(step, effect.requirements)
    authority = authority_name(ctx.authority or competent_for(case), ctx)
    card = Card(
        case.card_number,
        case.credit_code,
        case.enterprise,
        case.category or "",
        case.sub_item or "",
        case.qualification,
        case.grade,
        case.area,
        authority,
        _public(figures),
    )
    post_red_card(card, on=ctx.on, at=ctx.at)
    case.published_on = ctx.on
    notify(
        [
            Notification(
                case, "red", texts.subject("red", case), texts.red(case, figures, authority)
            )
        ],
        ctx.at,
    )


def _public(figures: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Requirements as the public copy has them."""
    return [
        {
            "text": texts.line(name, figure),
            "requirement": name,
            "required": figure.get("required"),
            "held": figure.get("held"),
        }
        for name, figure in figures.items()
    ]


def _amend_red(step: Step, effect: Effect, ctx: ActContext) -> None:
    """What was repaired is no longer said publicly; the rest of the card stands, with the figures determined."""
    decided = issuing.decided_figures(step.case)
    left = {name: decided.get(name, {}) for name in effect.requirements}
    amend_card(step.case.card_number, requirements=_public(left), at=ctx.at)


def _issue_order(step: Step, effect: Effect, ctx: ActContext) -> None:
    """The determination and the order to rectify go out; the red period waits for the order's proof of service."""
    case = step.case
    about = tuple(
        requirement.name for requirement in step.after.requirements if requirement.is_determined
    )
    waiting = case.determinations.filter(state="proposed").first() if step.before.proposal else None
    days = (
        [
            requirement.pushed_on
            for requirement in step.after.requirements
            if requirement.is_determined
        ]
        if waiting
        else []
    )
    if case.arises_from is not None:
        days = list(case.arises_from.requirements.values_list("pushed_on", flat=True))
    because = waiting.because if waiting else step.event.because
    ground = issuing.RedCardBasis(figures_of(step, about), because, min(days, default=None))
    documents = issuing.red_card(case, ground, ctx, issuing.OF_A_RED_CARD)
    open_task(case, "serve-order", ctx, where=documents[0].organisation)
    for document in documents:
        serve_or_open_task(document, ctx)


def _set_red_period(step: Step, effect: Effect, ctx: ActContext) -> None:
    assert step.after.red is not None  # what the step has just set
    red = step.after.red
    post_red_period(
        step.case.card_number, ends_on=red.ends_on, is_provisional=red.provisional, at=ctx.at
    )
    _tell(step, effect, ctx)


def _take_down(step: Step, effect: Effect, ctx: ActContext) -> None:
    """Cleared and still to be seen for a while; or gone, where it should never have been."""
    if not step.case.card_number:
        return
    take_down_notices(step.case, effect.detail, ctx)
    if effect.detail in ERASED:
        remove_red_card(step.case.card_number, on=ctx.on, because=effect.detail, at=ctx.at)
        return
    years = ctx.law.policy_on(ctx.on)["public_retention_years"]
    post_cleared(
        step.case.card_number,
        on=ctx.on,
        because=effect.detail,
        at=ctx.at,
        hidden_from=same_day_after_months(ctx.on, years * MONTHS),
    )


def _open_task(step: Step, effect: Effect, ctx: ActContext) -> None:
    where = PROVINCE if effect.detail == DECIDE else ""
    due = application_due(step.case, effect.detail, ctx) if effect.detail in APPLIED else None
    open_task(step.case, effect.detail, ctx, where=where, due_on=due.ends_on if due else None)


def open_task(
    case: Case | None,
    kind: str,
    ctx: ActContext,
    *,
    where: str = "",
    due_on: date | None = None,
    detail: str = "",
) -> None:
    """A task for `where`, or the case's competent authority; one of a kind at a time."""
    waiting = Task.objects.filter(case=case, kind=kind, detail=detail, completed_on=None)
    if not waiting.exists():
        Task.objects.create(
            case=case,
            kind=kind,
            organisation=where or (competent_for(case) if case else ""),
            opened_on=ctx.on,
            due_on=due_on,
            detail=detail,
        )


def authority_name(slug: str, ctx: ActContext) -> str:
    """An authority as the public reads it."""
    areas = {authority_of(area): text for area, text in ctx.law.divisions.areas.items()}
    return areas[slug].authority if slug in areas else AUTHORITIES.get(slug, slug)


def _journaled(step: Step, effect: Effect, ctx: ActContext) -> None:
    """What the action itself does for all cases at once (open-red, publish-display)."""
    ctx.entries.append(
        NewEntry(step.case.stream, effect.name, details={"requirements": list(effect.requirements)})
    )


MONTHS = 12  # of a year
HANDLERS: Mapping[str, Handler] = {
    "push": _tell,
    "push-addition": _tell,
    "notify-closed": _tell,
    "notify-extended": _tell,
    "notify-refused": _tell,
    "notify-repaired": _tell,
    "amend-red": _amend_red,
    "publish-red": _publish_red,
    "issue-order": _issue_order,
    "set-red-period": _set_red_period,
    "take-down": _take_down,
    "open-task": _open_task,
    "open-red": _journaled,
    "publish-display": _journaled,
    "publish-decision": publish_decision,
    "end-withdrawal": end_withdrawal,
}
