"""Steps that the members of a withdrawal list take together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from qualwatch.cases.effects.cards import determined_figures, perform
from qualwatch.cases.models import Case, Document, Withdrawal, WithdrawalList
from qualwatch.cases.warnings.officer_figures import rechecked_figures
from qualwatch.law.loader import Law
from qualwatch.procedure.preconditions import SYSTEM
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _


@dataclass(slots=True)
class BatchResult:
    """The members that took a step, and by number the reason why another could not."""

    succeeded: list[Withdrawal] = field(default_factory=list)
    blocked: dict[int, str] = field(default_factory=dict)

    @property
    def reasons(self) -> str:
        """The distinct reasons of those that could not."""
        return "；".join(sorted(set(self.blocked.values())))


@dataclass(frozen=True, slots=True)
class EventAndFigures:
    """The event of a member, and by requirement the figures that it rests on."""

    event: Event
    figures: Any = None


AfterStep = Callable[[Step, ActContext], None]


def stream_of(batch: WithdrawalList) -> str:
    """The journal's stream of a list."""
    return f"withdrawal-list/{batch.pk}"


def apply_to_members(
    rows: Sequence[Withdrawal],
    ctx: ActContext,
    event_of: Callable[[Withdrawal], EventAndFigures],
    after: AfterStep | None = None,
) -> BatchResult:
    """Takes a step for each member that is ready; CannotStep where none is."""
    result = BatchResult()
    for row in rows:
        entries_before = len(ctx.entries)
        try:
            with transaction.atomic():
                _apply(row, ctx, event_of, after)
        except CannotStep as why:
            del ctx.entries[entries_before:]
            result.blocked[row.pk] = str(why)
        else:
            members = Withdrawal.objects.select_related("batch", "case")
            result.succeeded.append(members.get(pk=row.pk))
    if not result.succeeded:
        raise CannotStep("members", result.reasons or _("名单是空的"))
    return result


def apply_event(
    rows: Sequence[Withdrawal], ctx: ActContext, event: Event, after: AfterStep | None = None
) -> BatchResult:
    """As `apply_to_members`, with the same event for each."""
    return apply_to_members(rows, ctx, lambda row: EventAndFigures(event), after)


def _apply(
    row: Withdrawal,
    ctx: ActContext,
    event_of: Callable[[Withdrawal], EventAndFigures],
    after: AfterStep | None,
) -> None:
    event_and_figures = event_of(row)
    step = step_of(row.case, event_and_figures.event, ctx, event_and_figures.figures)
    if after is not None:
        after(step, ctx)
    write_journal(ctx)


def require_all(result: BatchResult) -> BatchResult:
    """CannotStep where a member could not; a letter names its whole list."""
    if result.blocked:
        raise CannotStep("members", result.reasons)
    return result


def step_of(case: Case, event: Event, ctx: ActContext, figures: Any = None) -> Step:
    """Takes a step of a case by its row as it is now."""
    fresh = Case.objects.get(pk=case.pk)
    return act(case=fresh, event=event, ctx=ctx, perform=perform, figures=figures)


def file_attacher(files: Sequence[CheckedFile]) -> AfterStep:
    """Attaches files to the withdrawal after its step."""

    def attach(step: Step, ctx: ActContext) -> None:
        # the transition needs a withdrawal
        assert step.row is not None
        attach_to_withdrawal(files, step.row, ctx)

    return attach


def store_recheck_figures(step: Step, ctx: ActContext) -> None:
    """Stores the figures of the recheck, which the decision states."""
    assert step.row is not None
    decided = issuing.decided_figures(step.case)
    # the registers say nothing of what an officer found: the officer's own recheck does
    is_system = step.case.origin == "system"
    red = tuple(warned.name for warned in step.after.requirements if warned.is_red)
    rechecked = determined_figures(step, red) if is_system else rechecked_figures(step.case)
    step.row.figures = {
        warned.name: dict(rechecked.get(warned.name) or decided.get(warned.name, {}))
        for warned in step.after.requirements
        if warned.is_red
    }
    step.row.save(update_fields=["figures"])


def close_other_cases_of_item(step: Step, ctx: ActContext) -> None:
    """Ends the other open cases of a withdrawn item."""
    case = step.case
    same_item = Case.objects.filter(
        credit_code=case.credit_code, category=case.category, sub_item=case.sub_item
    )
    for other in same_item.exclude(state="closed").order_by("pk"):
        step_of(other, Event("assessed", ctx.on, by=SYSTEM, ended="withdrawn"), ctx)


def lock_members_for(
    members: Iterable[Withdrawal], by: Account, law: Law, at: datetime, *capabilities: str
) -> tuple[ActContext, list[Withdrawal]]:
    """The members as they are now that the account's authority withdraws.

    All open cases of their items are locked as well, for a decision closes them. CannotStep,
    NotCompetent.
    """
    authority = require_authority(by, *capabilities)
    numbers = [withdrawal.pk for withdrawal in members]
    withdrawals = Withdrawal.objects.filter(pk__in=numbers)
    # lock order: see CONTRIBUTING.md
    _lock_cases_of_items(withdrawals.values("credit_code", "category", "sub_item"), numbers)
    rows = list(withdrawals.select_related("batch", "case").order_by("case_id"))
    if not rows:
        raise CannotStep("members", _("名单是空的"))
    own = [row for row in rows if withdrawing_authority_of(row.case) == authority]
    if not own:
        raise NotCompetent(_("这项资质由别的许可机关撤回"))
    return ActContext(law, at, by.username, authority), own


def _lock_cases_of_items(items: Iterable[Mapping[str, Any]], withdrawals: Sequence[int]) -> None:
    cases = Q(withdrawals__in=withdrawals)
    for item in items:
        cases |= Q(**item) & ~Q(state="closed")
    numbers = set(Case.objects.filter(cases).values_list("pk", flat=True))
    list(Case.objects.select_for_update().filter(pk__in=numbers).order_by("pk"))


def lock_list_for_signature(
    batch: WithdrawalList, by: Account, law: Law, at: datetime
) -> ActContext:
    """Locks the cases of a list for a reviewer of its housing authority or of the province.

    NotCompetent; CannotStep for whoever opened the list.
    """
    authority = require_housing_authority(by, "sign")
    if authority not in (batch.housing, PROVINCE):
        raise NotCompetent(_("这项资质由别的主管部门办理"))
    if by.username == batch.opened_by:
        raise CannotStep("other-person", _("开列名单的人不能自己签批"))
    list(Case.objects.select_for_update().filter(withdrawals__batch=batch).order_by("pk"))
    return ActContext(law, at, by.username, authority)


def undecided(batch: WithdrawalList) -> list[Withdrawal]:
    """The members of a list that have no outcome yet."""
    withdrawals = batch.members.filter(ended="", decided_on=None).select_related("case", "batch")
    return list(withdrawals.order_by("case_id"))


def issue_proposal(
    kind: str, rows: Sequence[Withdrawal], addressee: str, ctx: ActContext, **values: Any
) -> Document:
    """Issues the letter that proposes these items to the bureau or the ministry, and serves it."""
    batch = rows[0].batch
    cases = [row.case for row in rows]
    document = issuing.issue(
        kind,
        ctx,
        values={**issuing.items(cases), **values},
        addressee=addressee,
        batch=batch,
        cases=cases,
    )
    # in the list's row before it is served, for its receipt starts the days of the list
    batch.suggestion = document
    batch.save(update_fields=["suggestion"])
    document.batch = batch
    serve_on_authority(document, batch.withdrawing_authority if batch.route == "city" else "", ctx)
    write_journal(ctx)
    return document
