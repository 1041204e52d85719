"""A changed calendar moves the open deadlines of all rooms."""

from qualwatch.cases import calendar_changes as cases
from qualwatch.cases.acting import ActContext
from qualwatch.cases.calendar_changes import ChangedDeadline, write_changes
from qualwatch.law.loader import Law
from qualwatch.oversight import calendar_changes as oversight


def changed_deadlines(ctx: ActContext, law: Law) -> list[ChangedDeadline]:
    """Every open deadline that the calendar of `law` counts differently, today."""
    return [
        *cases.changed_deadlines(law.calendar, ctx.on),
        *oversight.changed_deadlines(law.calendar, ctx.law),
    ]


def move_deadlines(ctx: ActContext) -> int:
    """Moves them to their new days; how many moved. The caller has locked the cases."""
    changes = changed_deadlines(ctx, ctx.law)
    write_changes(changes, ctx)
    return sum(change.is_moved for change in changes)
