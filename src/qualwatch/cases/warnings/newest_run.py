"""What the newest run says of one case, as an officer's act needs it."""

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
    """An event with the newest run's verdicts, whether that is young enough for an adverse act; and its figures."""
    view = current_run_view(case, ctx.law)
    verdicts, figures = view.verdicts_of(case)
    fresh, run_day = ctx.is_fresh(view.run.as_of), view.run.as_of
    return Event(
        name, ctx.on, by=ctx.by, is_fresh=fresh, verdicts=verdicts, run_day=run_day
    ), figures


def current_run_view(case: Case, law: Law) -> RunView:
    """The newest released run of an enterprise; CannotStep before the first."""
    try:
        run = RunView.newest_run(case.credit_code)
    except Run.DoesNotExist as error:
        raise CannotStep("no-run", _("还没有放行的核查")) from error
    return RunView.of(run, law, [case], only_these=True)
