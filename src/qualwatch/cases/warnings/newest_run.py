"""What the newest run says of one case, as an officer's act needs it."""

from collections.abc import Mapping
from typing import Any

from qualwatch.assessments.models import Run
from qualwatch.cases.course.step import Doing
from qualwatch.cases.models import Case
from qualwatch.cases.warnings.run_view import Seen
from qualwatch.law.loader import Law
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _


def looked(name: str, case: Case, doing: Doing) -> tuple[Event, Mapping[str, Any]]:
    """An event with the newest run's verdicts, whether that is young enough for an adverse act; and its figures."""
    seen = seen_now(case, doing.law)
    verdicts, figures = seen.verdicts_of(case)
    fresh, seen_on = doing.is_fresh(seen.run.as_of), seen.run.as_of
    return Event(
        name, doing.on, by=doing.by, is_fresh=fresh, verdicts=verdicts, seen_on=seen_on
    ), figures


def seen_now(case: Case, law: Law) -> Seen:
    """The newest released run of an enterprise; CannotStep before the first."""
    try:
        run = Seen.newest_run(case.credit_code)
    except Run.DoesNotExist as error:
        raise CannotStep("no-run", _("还没有放行的核查")) from error
    return Seen.of(run, law, [case], only_these=True)
