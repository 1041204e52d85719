"""Tasks for contradictory register rows: one for each conflict on record."""

from qualwatch.assessments.queries import conflicts_on_record
from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import authority_of
from qualwatch.cases.models import Task
from qualwatch.cases.tasks import REGISTER_CONFLICT, complete, new_task, open_tasks
from qualwatch.registers.facts import resolved_rows
from qualwatch.registers.models import EnterpriseRow


def update_conflict_tasks(ctx: ActContext) -> None:
    """Opens a task at the place of registration for each new conflict, closes those that are over.

    Enterprises outside the province, or of unknown place, get none: nothing is decided there.
    """
    conflicts = {str(conflict.pk): conflict for conflict in conflicts_on_record()}
    waiting = open_tasks(REGISTER_CONFLICT)
    existing = set(waiting.values_list("detail", flat=True))
    complete(waiting.exclude(detail__in=conflicts), ctx)
    new = {detail: conflicts[detail] for detail in conflicts if detail not in existing}
    areas = _areas({conflict.credit_code for conflict in new.values()}, ctx)
    tasks = [
        new_task(
            None,
            REGISTER_CONFLICT,
            opened_on=ctx.on,
            authority=authority_of(areas[conflict.credit_code]),
            detail=detail,
        )
        for detail, conflict in new.items()
        if conflict.credit_code in areas
    ]
    Task.objects.bulk_create(tasks, batch_size=1000)


def _areas(codes: set[str], ctx: ActContext) -> dict[str, str]:
    """The supervising area of each enterprise that is in the province."""
    rows = resolved_rows(EnterpriseRow, ("credit_code", "division_code"), credit_code__in=codes)
    areas = {code: ctx.law.area_of(division) for code, division in rows}
    return {code: area for code, area in areas.items() if area}
