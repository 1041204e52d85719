"""Members of a list of withdrawals taking a step together: each that is ready; the others wait with their reasons."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from qualwatch.accounts.models import Account
from qualwatch.cases.acting import ActContext, Step, write_journal
from qualwatch.cases.competence import (
    PROVINCE,
    NotCompetent,
    require_authority,
    require_housing_authority,
    withdrawing_authority_of,
)
from qualwatch.cases.course.step import act
from qualwatch.cases.course.withdrawal_rows import attach_to_withdrawal
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.attachments import CheckedFile
from qualwatch.cases.documents.service import serve_on_authority
from qualwatch.cases.effects.cards import perform
from qualwatch.cases.models import Case, Document, Withdrawal, WithdrawalList
from qualwatch.law.loader import Law
from qualwatch.procedure.preconditions import SYSTEM
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _


@dataclass(slots=True)
class BatchResult:
    """What became of the members of a step: those that took it; those that wait, by number, and why."""

    done: list[Withdrawal] = field(default_factory=list)
    waiting: dict[int, str] = field(default_factory=dict)


def stream_of(batch: WithdrawalList) -> str:
    """Where the journal tells of a list."""
    return f"withdrawal-list/{batch.pk}"


EventAndFigures = Event | tuple[Event, Any]


def apply_to_members(
    rows: Sequence[Withdrawal],
    ctx: ActContext,
    event: Callable[[Withdrawal], EventAndFigures],
    after: Callable[[Step, ActContext], None] | None = None,
) -> BatchResult:
    """Every member takes the step, or waits with its reason; CannotStep with the first reason where none can."""
    result = BatchResult()
    for row in rows:
        said = len(ctx.entries)
        try:
            with transaction.atomic():
                wanted = event(row)
                made, figures = wanted if isinstance(wanted, tuple) else (wanted, None)
                step = step_of(row.case, made, ctx, figures)
                if after is not None:
                    after(step, ctx)
                write_journal(ctx)
        except CannotStep as why:
            del ctx.entries[said:]
            result.waiting[row.pk] = str(why)
        else:
            result.done.append(Withdrawal.objects.select_related("batch", "case").get(pk=row.pk))
    if not result.done:
        raise CannotStep(
            "members", "；".join(sorted(set(result.waiting.values()))) or _("名单是空的")
        )
    return result


def require_all(result: BatchResult) -> BatchResult:
    """A letter names its whole list."""
    if result.waiting:
        raise CannotStep("members", "；".join(sorted(set(result.waiting.values()))))
    return result


def step_of(case: Case, event: Event, ctx: ActContext, figures: Any = None) -> Step:
    """The step of a case as it stands now."""
    fresh = Case.objects.get(pk=case.pk)
    return act(case=fresh, event=event, ctx=ctx, perform=perform, figures=figures)


def attach_files(files: Sequence[CheckedFile], step: Step, ctx: ActContext) -> None:
    """Files of a step, on the withdrawal's file."""
    assert step.row is not None  # the table needs it
    attach_to_withdrawal(files, step.row, ctx)


def keep_recheck_figures(step: Step, ctx: ActContext) -> None:
    """What the recheck saw, which the decision will say."""
    assert step.row is not None  # the table needs it
    determined = [
        requirement.name for requirement in step.after.requirements if requirement.is_determined
    ]
    told = issuing.decided_figures(step.case)
    by_run = (
        step.figures if step.case.origin == "system" else {}
    )  # registers say nothing of what an officer found
    step.row.figures = {name: dict(by_run.get(name) or told.get(name, {})) for name in determined}
    step.row.save(update_fields=["figures"])


def close_other_cases_of_item(step: Step, ctx: ActContext) -> None:
    """The item's other cases end with it."""
    case = step.case
    same = {"credit_code": case.credit_code, "category": case.category, "sub_item": case.sub_item}
    for other in Case.objects.filter(**same).exclude(state="closed").order_by("pk"):
        step_of(other, Event("assessed", ctx.on, by=SYSTEM, ended="withdrawn"), ctx)


def lock_members_for(
    members: Iterable[Withdrawal], by: Account, law: Law, at: datetime, *capabilities: str
) -> tuple[ActContext, list[Withdrawal]]:
    """The members as they stand now that the account's authority withdraws; NotCompetent where it has none of them.

    All open cases of their items are locked in one order, before anything else: a decision closes them.
    """
    where = require_authority(by, *capabilities)
    numbers = [withdrawal.pk for withdrawal in members]
    withdrawals = Withdrawal.objects.filter(pk__in=numbers)
    cases = Q(withdrawals__in=numbers)
    for told in withdrawals.values("credit_code", "category", "sub_item"):
        cases |= Q(**told) & ~Q(state="closed")
    wanted = set(Case.objects.filter(cases).values_list("pk", flat=True))
    list(Case.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))
    rows = list(withdrawals.select_related("batch", "case").order_by("case_id"))
    if not rows:
        raise CannotStep("members", _("名单是空的"))
    mine = [row for row in rows if withdrawing_authority_of(row.case) == where]
    if not mine:
        raise NotCompetent(_("这项资质由别的许可机关撤回"))
    return ActContext(law, at, by.username, where), mine


def lock_list_for_signature(
    batch: WithdrawalList, by: Account, law: Law, at: datetime
) -> ActContext:
    """A reviewer of the housing authority that opened the list, or of the province; not whoever opened it."""
    where = require_housing_authority(by, "sign")
    if where not in (batch.housing, PROVINCE):
        raise NotCompetent(_("这项资质由别的主管部门办理"))
    if by.username == batch.opened_by:
        raise CannotStep("other-person", _("开列名单的人不能自己签批"))
    list(Case.objects.select_for_update().filter(withdrawals__batch=batch).order_by("pk"))
    return ActContext(law, at, by.username, where)


def undecided(batch: WithdrawalList) -> list[Withdrawal]:
    """The members of a list that have no outcome yet."""
    withdrawals = batch.members.filter(ended="", decided_on=None).select_related("case", "batch")
    return list(withdrawals.order_by("case_id"))


def sent_list(
    kind: str, rows: Sequence[Withdrawal], addressee: str, ctx: ActContext, **more: Any
) -> Document:
    """The letter about these items, to the bureau or the ministry; it is in the list's row before it arrives."""
    batch = rows[0].batch
    told = {**issuing.items([row.case for row in rows]), **more}
    document = issuing.issue(kind, ctx, values=told, addressee=addressee, batch=batch)
    batch.suggestion = document
    batch.save(update_fields=["suggestion"])
    document.batch = batch
    serve_on_authority(document, batch.withdrawing_authority if batch.route == "city" else "", ctx)
    write_journal(ctx)
    return document
