"""The newest run's verdicts on one case, for the acts of officers."""

from collections.abc import Mapping
from typing import Any

from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext
from qualwatch.cases.models import Case
from qualwatch.cases.warnings.run_view import RunView
from qualwatch.law.loader import Law
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
        is_fresh=ctx.is_fresh(view.run.as_of),
        verdicts=verdicts,
        run_day=view.run.as_of,
    )
    return event, figures


def current_run_view(case: Case, law: Law) -> RunView:
    """The newest released run of an enterprise; CannotStep before the first."""
    try:
        run = RunView.newest_run(case.credit_code)
    except Run.DoesNotExist as error:
        raise CannotStep("no-run", _("还没有放行的核查")) from error
    return RunView.of(run, law, [case], only_these=True)
