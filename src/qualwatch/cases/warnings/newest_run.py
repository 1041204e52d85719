"""The newest run's verdicts on one case, for the acts of officers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext
from qualwatch.cases.course.step import state_of
from qualwatch.cases.models import Case
from qualwatch.cases.warnings.run_view import RunView, people_counts
from qualwatch.law.loader import Law
from qualwatch.procedure.preconditions import other_red
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _


def event_from_newest_run(
    name: str, case: Case, ctx: ActContext
) -> tuple[Event, Mapping[str, Any]]:
    """An event with the newest run's verdicts, and the figures by requirement; CannotStep.

    The event is fresh if the run is recent enough for an adverse act.
    """
    view = current_run_view(case, ctx.law)
    verdicts, figures = view.verdicts_of(case)
    event = Event(
        name,
        ctx.on,
        by=ctx.by,
        is_fresh=ctx.is_fresh(view.run.as_of) and not _is_mixed(view.run),
        verdicts=verdicts,
        run_day=view.run.as_of,
        **people_counts(figures),
    )
    return event, figures


def with_other_red(event: Event, case: Case, ctx: ActContext) -> Event:
    """The event with what it has to say of the item's other red cards (`Event.other_red`)."""
    others = []
    same_item = Case.objects.filter(
        credit_code=case.credit_code, category=case.category, sub_item=case.sub_item, state="red"
    )
    for other in same_item.exclude(pk=case.pk).order_by("pk"):
        state = state_of(other, list(other.requirements.order_by("pk")))
        event_of_other = event_from_newest_run("open-withdrawal", other, ctx)[0]
        others.append((other.pk, state, event_of_other))
    return replace(event, **other_red(others, ctx.terms))


def current_run_view(case: Case, law: Law) -> RunView:
    """The newest released run of an enterprise; CannotStep before the first."""
    try:
        run = RunView.newest_run(case.credit_code)
    except Run.DoesNotExist as error:
        raise CannotStep("no-run", _("还没有放行的核查")) from error
    return RunView.of(run, law, [case], only_these=True)


def _is_mixed(run: Run) -> bool:
    """Whether findings of a younger run that was set aside are on record beside this one's."""
    return Run.objects.filter(state="set-aside", is_full=True, pk__gt=run.pk).exists()
