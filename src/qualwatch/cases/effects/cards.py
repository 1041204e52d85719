"""Effects of a step: notices, tasks, documents, the public copy; in the step's transaction."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from qualwatch.cases.acting import ActContext, Step
from qualwatch.cases.competence import authority_of, competent_for
from qualwatch.cases.course.step import write_state_to_row
from qualwatch.cases.deadlines import application_due
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.numbers import RED_CARD, next_number
from qualwatch.cases.documents.public_notices import ERASED
from qualwatch.cases.documents.service import (
    serve_or_open_task,
    take_down_notices,
    take_down_notices_of_yellow,
    tasks_that_survive,
)
from qualwatch.cases.effects.transfers import hand_over_outside
from qualwatch.cases.effects.withdrawal import end_withdrawal, publish_decision
from qualwatch.cases.models import AS_WARNED, UNDECIDED, Application, Case
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.cases.tasks import APPLICATION_TASKS, SERVE_ORDER, open_task, settle
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.outcomes import continued
from qualwatch.procedure.periods import same_day_after_months
from qualwatch.procedure.state import Effect, WarnedRequirement
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
MOVED_OUT = "moved-out"
CONTINUE = "continue-warning"
# The columns of a case that say what it is about.
DESCRIPTION = (
    "credit_code",
    "category",
    "sub_item",
    "ground",
    "origin",
    "enterprise",
    "qualification",
    "grade",
    "certificate_no",
    "licensing_authority",
    "area",
)
MONTHS_OF_A_YEAR = 12
Handler = Callable[[Step, Effect, ActContext], None]
Notifier = Callable[[Step, Effect], Notification]


def perform(step: Step, ctx: ActContext) -> None:
    """Settles the tasks that a step closes, then carries out its effects in their order."""
    # what goes on is moved before the rest of the card is closed
    for effect in step.effects:
        if effect.name == CONTINUE:
            HANDLERS[CONTINUE](step, effect, ctx)
    # tasks before the effects, for one may open a task of a kind that the step closes
    _settle(step, ctx)
    for effect in step.effects:
        if effect.name != CONTINUE:
            HANDLERS[effect.name](step, effect, ctx)


def _settle(step: Step, ctx: ActContext) -> None:
    if step.after.state != "closed":
        settle(step, ctx)
        return
    if step.event.name != "uphold":
        end_applications([step.case.pk], ctx)
    if step.before.state == "yellow":
        take_down_notices_of_yellow([step.case], ctx)
    settle(step, ctx, surviving=tasks_that_survive([step.case.pk]))


def end_applications(cases: Iterable[int], ctx: ActContext) -> None:
    """Ends the undecided applications of cases that ended otherwise, by case numbers."""
    waiting = Application.objects.filter(case__in=list(cases), stage__in=UNDECIDED)
    waiting.update(stage="moot", decided_on=ctx.on)


def figures_of(step: Step, requirements: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    """By requirement, today's figures, else those that the enterprise was warned with."""
    warned: dict[str, Any] = {}
    if step.case.pk is not None:
        warned = issuing.warned_figures(step.case.requirements.all())
    return {name: step.figures.get(name) or warned.get(name, {}) for name in requirements}


def determined_figures(step: Step, requirements: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    """By requirement, the figures on which it is determined.

    As many people are required as the enterprise was warned of, where the run asks for more.
    """
    figures = figures_of(step, requirements)
    for name, figure in figures.items():
        warned = step.after.requirement(name)
        if warned is None or warned.required is None or figure.get("required") is None:
            continue
        if warned.required < figure["required"]:
            held = figure.get(AS_WARNED, figure)["held"]
            first = step.case.requirements.get(requirement=name).warned_figures
            figures[name] = {
                **figure,
                # by the grade that was warned of: another count than the run's own
                AS_WARNED: {"held": held, "possible": figure.get("possible")},
                "required": warned.required,
                "held": held,
                "shortfall": warned.required - held,
                "basis": first.get("basis", figure.get("basis", [])),
                "clauses": first.get("clauses", figure.get("clauses", [])),
            }
    return figures


def _warning(step: Step, effect: Effect) -> Notification:
    case = step.case
    ends_on = max(
        _warned_until(warned, step)
        for warned in step.after.requirements
        if warned.name in effect.requirements
    )
    body = texts.warning(case, figures_of(step, effect.requirements), ends_on)
    return Notification(case, effect.name, texts.subject(effect.name, case), body)


def _warned_until(warned: WarnedRequirement, step: Step) -> date:
    """The last day of the period that begins with the step's warning."""
    raised = warned.raised
    if raised is not None and raised.pushed_on == step.event.on:
        return raised.deadline.ends_on
    return warned.deadline.ends_on


def _closing(step: Step, effect: Effect) -> Notification:
    subject = texts.subject(
        "closed" if effect.detail in texts.CLEARING_CODES else "ended", step.case
    )
    return Notification(step.case, "closed", subject, texts.closing(step.case, effect.detail))


def _repaired(step: Step, effect: Effect) -> Notification:
    body = texts.repaired(step.case, effect.requirements)
    return Notification(step.case, "repaired", texts.subject("repaired", step.case), body)


def _dismissed(step: Step, effect: Effect) -> Notification:
    body = texts.dismissed(step.case, effect.requirements)
    return Notification(step.case, "dismissed", texts.subject("dismissed", step.case), body)


def _set_aside(step: Step, effect: Effect) -> Notification:
    body = texts.set_aside(step.case, effect.requirements)
    return Notification(step.case, "set-aside", texts.subject("set-aside", step.case), body)


def _red_period(step: Step, effect: Effect) -> Notification:
    """The period of the requirements of the order that was served."""
    begun = [
        warned
        for warned in step.after.requirements
        if warned.red is not None and step.before.requirement(warned.name) != warned
    ]
    # all of one order have the same days
    served_on = max(warned.order_served_on for warned in begun if warned.order_served_on)
    ends_on = max(warned.red.ends_on for warned in begun if warned.red)
    body = texts.red_period(step.case, [warned.name for warned in begun], served_on, ends_on)
    return Notification(step.case, "red-period", texts.subject("red-period", step.case), body)


def _by_case_alone(kind: str, body_of: Callable[[Case], str]) -> Notifier:
    """Of a notice whose text depends on nothing but the case."""

    def notification(step: Step, effect: Effect) -> Notification:
        return Notification(step.case, kind, texts.subject(kind, step.case), body_of(step.case))

    return notification


NOTIFICATIONS: Mapping[str, Notifier] = {
    "push": _warning,
    "push-addition": _warning,
    "notify-closed": _closing,
    "notify-repaired": _repaired,
    "notify-dismissed": _dismissed,
    "notify-extended": _by_case_alone("extended", texts.extended),
    "notify-refused": _by_case_alone("refused", texts.refused),
    "set-red-period": _red_period,
    "notify-set-aside": _set_aside,
}


def notification_of(step: Step, effect: Effect) -> Notification | None:
    """The notice of an effect to the enterprise and its authorities; None where it has none."""
    make = NOTIFICATIONS.get(effect.name)
    return make(step, effect) if make else None


def _notify(step: Step, effect: Effect, ctx: ActContext) -> None:
    notification = notification_of(step, effect)
    if notification is not None:
        notify([notification], ctx.at)


def _publish_red(step: Step, effect: Effect, ctx: ActContext) -> None:
    """Publishes a red card, with figures and without people."""
    case = step.case
    case.card_number = case.card_number or next_number(RED_CARD, RED_PREFIX, ctx.on.year)
    figures = determined_figures(step, effect.requirements)
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
    body = texts.red(case, figures, authority)
    notify([Notification(case, "red", texts.subject("red", case), body)], ctx.at)


def _add_to_red(step: Step, effect: Effect, ctx: ActContext) -> None:
    """Publishes further requirements on an open card; each waits for an order of its own."""
    case = step.case
    added = determined_figures(step, effect.requirements)
    figures = {**issuing.decided_figures(case), **added}
    amend_card(case.card_number, requirements=_public(figures), at=ctx.at)
    authority = authority_name(ctx.authority or competent_for(case), ctx)
    body = texts.added_to_red(case, added, authority, ctx.on)
    notify([Notification(case, "red", texts.subject("red", case), body)], ctx.at)


def _closed(step: Step, effect: Effect, ctx: ActContext) -> None:
    """Notifies of the end; a case that leaves the province is handed over by letter."""
    _notify(step, effect, ctx)
    if effect.detail == MOVED_OUT:
        hand_over_outside(step.case, step.before.state, ctx)


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
    """Leaves on the public card what neither recovered nor was repaired, as determined."""
    decided = issuing.decided_figures(step.case)
    remaining = {name: decided.get(name, {}) for name in effect.requirements}
    amend_card(step.case.card_number, requirements=_public(remaining), at=ctx.at)
    _post_red_period(step, ctx)


def _issue_order(step: Step, effect: Effect, ctx: ActContext) -> None:
    """Issues the determination and the order to rectify, and serves them.

    The red period waits for the order's proof of service.
    """
    case = step.case
    basis = _basis(step, effect.requirements or _determined_names(step))
    documents = issuing.red_card(case, basis, ctx, issuing.RED_CARD_KINDS)
    open_task(case, SERVE_ORDER, ctx, authority=documents[0].organisation)
    for document in documents:
        serve_or_open_task(document, ctx)


def _determined_names(step: Step) -> tuple[str, ...]:
    return tuple(warned.name for warned in step.after.requirements if warned.is_determined)


def _basis(step: Step, names: tuple[str, ...]) -> issuing.RedCardBasis:
    """The basis on which a step determines requirements, before its rows are saved."""
    case = step.case
    determined = [warned for warned in step.after.requirements if warned.name in names]
    proposal = None
    if step.before.proposal:
        proposal = case.determinations.filter(state="proposed").first()
    warned_days = [warned.pushed_on for warned in determined] if proposal else []
    if case.arises_from is not None:
        warned_days = list(case.arises_from.requirements.values_list("pushed_on", flat=True))
    return issuing.RedCardBasis(
        determined_figures(step, names),
        proposal.because if proposal else step.event.because,
        min(warned_days, default=None),
    )


def _set_red_period(step: Step, effect: Effect, ctx: ActContext) -> None:
    _post_red_period(step, ctx)
    _notify(step, effect, ctx)
    if any(warned.is_red and warned.red is None for warned in step.after.requirements):
        # a further order has not been served yet
        open_task(step.case, SERVE_ORDER, ctx)


def _post_red_period(step: Step, ctx: ActContext) -> None:
    red = step.after.red
    post_red_period(
        step.case.card_number,
        ends_on=red.ends_on if red else None,
        is_provisional=red.provisional if red else False,
        at=ctx.at,
    )


def _take_down(step: Step, effect: Effect, ctx: ActContext) -> None:
    """Shows the card as cleared for some years; removes it where it never should have been."""
    number = step.case.card_number
    if not number:
        return
    take_down_notices(step.case, effect.detail, ctx)
    if effect.detail in ERASED:
        remove_red_card(number, on=ctx.on, because=effect.detail, at=ctx.at)
        return
    years = ctx.law.policy_on(ctx.on)["public_retention_years"]
    post_cleared(
        number,
        on=ctx.on,
        because=effect.detail,
        at=ctx.at,
        hidden_from=same_day_after_months(ctx.on, years * MONTHS_OF_A_YEAR),
    )


def _continue_warning(step: Step, effect: Effect, ctx: ActContext) -> None:
    """Opens the yellow card on which the closed red card's other requirements go on."""
    case = step.case
    # one open case of an item, ground and origin: the red card's row is closed first
    Case.objects.filter(pk=case.pk).update(
        state="closed", closed_on=ctx.on, closed_because=effect.detail
    )
    state = continued(step.before, step.after, effect.requirements)
    successor = Case(
        continued_from=case,
        opened_on=ctx.on,
        **{name: getattr(case, name) for name in DESCRIPTION},
    )
    write_state_to_row(successor, state, ctx)
    successor.version = 1
    successor.save()
    for row in case.requirements.filter(requirement__in=effect.requirements).order_by("pk"):
        row.pk = None
        row.case = successor
        row.save()
    if state.application is not None:
        _move_application(case, successor)
    details = {"from": case.pk, "to": successor.pk, "requirements": list(effect.requirements)}
    for stream in (case.stream, successor.stream):
        ctx.entries.append(NewEntry(stream, "continued", details=details))
    subject = texts.subject("continued", successor)
    periods = {warned.name: warned.deadline.ends_on for warned in state.requirements}
    body = texts.continued(successor, periods)
    notify([Notification(successor, "continued", subject, body)], ctx.at)


def _move_application(case: Case, successor: Case) -> None:
    """The undecided application goes on with the requirements that it is about."""
    case.applications.filter(stage__in=UNDECIDED).update(case=successor)
    waiting = case.tasks.filter(kind__in=APPLICATION_TASKS, completed_on=None)
    waiting.update(case=successor)


def _open_task(step: Step, effect: Effect, ctx: ActContext) -> None:
    kind = effect.detail
    due = None
    if kind in APPLICATION_TASKS:
        due = application_due(step.case, kind, ctx)
    open_task(step.case, kind, ctx, due=due)


def authority_name(slug: str, ctx: ActContext) -> str:
    """An authority as the public reads it."""
    areas = {authority_of(area): text for area, text in ctx.law.divisions.areas.items()}
    return areas[slug].authority if slug in areas else AUTHORITIES.get(slug, slug)


def _journaled(step: Step, effect: Effect, ctx: ActContext) -> None:
    """Leaves to the action what it does for all cases at once (open-red, publish-display)."""
    ctx.entries.append(
        NewEntry(step.case.stream, effect.name, details={"requirements": list(effect.requirements)})
    )


HANDLERS: Mapping[str, Handler] = {
    "push": _notify,
    "push-addition": _notify,
    "notify-closed": _closed,
    "notify-extended": _notify,
    "notify-refused": _notify,
    "notify-repaired": _notify,
    "notify-dismissed": _notify,
    "notify-set-aside": _notify,
    "amend-red": _amend_red,
    "add-to-red": _add_to_red,
    CONTINUE: _continue_warning,
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
