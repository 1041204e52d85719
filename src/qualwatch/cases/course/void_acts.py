"""Proposed acts that a case no longer admits."""

from collections.abc import Iterable

from qualwatch.cases.acting import ActContext, Step
from qualwatch.cases.models import ProposedAct
from qualwatch.cases.tasks import RETURNED_ACT, SIGN_ACT, complete, open_tasks
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import BY_EVENT, can_still_happen
from qualwatch.wording import gettext_noop as _n


def void_impossible_acts(steps: Iterable[Step], ctx: ActContext) -> None:
    """Voids the waiting acts of cases whose new state does not admit them any more."""
    after = {step.case.pk: step.after for step in steps}
    for act in ProposedAct.objects.filter(state="proposed", case__in=list(after)):
        # a kind without an event of that name, such as fraud, depends on no state
        if act.kind in BY_EVENT and act.case_id is not None:
            event = Event(act.kind, ctx.on)
            if not can_still_happen(after[act.case_id], event, ctx.terms):
                void_act(act, _n("案件已经变化，不能再办"), ctx)


def void_act(act: ProposedAct, because: str, ctx: ActContext) -> None:
    """Voids an act that was proposed, closes its tasks, and leaves the entry to the context."""
    act.state, act.decided_by, act.decided_at = "void", ctx.by, ctx.at
    act.decided_because = because
    act.save()
    close_act_tasks(act, ctx)
    details = {"act": act.pk, "kind": act.kind}
    ctx.entries.append(NewEntry(act.stream, "act-voided", basis=because, details=details))


def close_act_tasks(act: ProposedAct, ctx: ActContext) -> None:
    """Closes the tasks of an act: to sign it, or to see that it was returned."""
    for kind in (SIGN_ACT, RETURNED_ACT):
        complete(open_tasks(kind, [str(act.pk)]), ctx)
