"""Determination: an officer proposes, a reviewer signs or returns. Red, dismissed or extended (notice 2(2))."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from qualwatch.accounts.models import Account
from qualwatch.cases.competence import check
from qualwatch.cases.acting import ActContext, Step, write_journal
from qualwatch.cases.course.step import act, entry_of, rows_of, write_state_to_row
from qualwatch.cases.documents.numbers import RED_CARD, next_number
from qualwatch.cases.effects.cards import RED_PREFIX, perform
from qualwatch.cases.models import Case, Determination
from qualwatch.cases.warnings.newest_run import current_run_view, event_from_newest_run
from qualwatch.cases.warnings.run_view import INSURANCE
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.procedure.periods import Deadline
from qualwatch.procedure.state import CaseState, Event
from qualwatch.procedure.transitions import CannotStep, step
from qualwatch.registers.acceptances import Requirement, accept_finding
from qualwatch.registers.models import Correction, ExemptionRow, RegistrationRow
from qualwatch.registers.tables import lock
from qualwatch.wording import gettext as _

LEFT = (
    "",
    "correction",
    "exemption",
)  # beside an accepted finding; `step` says that none is not enough


@dataclass(frozen=True, slots=True)
class Proposed:
    """What an officer proposes. `leaves`: what the next run will read, where the case is dismissed.

    `leaves`: accepted-finding (with `left["until"]`, the review day), correction (`left["correction"]`, its number) or
    exemption (`left["exemption"]`, the row's number). `items`: of an enterprise-wide case, [category, sub_item].
    """

    outcome: str
    because: str
    evidence: Sequence[str]
    requirements: Sequence[str] = ()
    items: Sequence[tuple[str, str]] = ()
    until: date | None = None
    leaves: str = ""
    left: Mapping[str, Any] | None = None


@transaction.atomic
def propose(
    *, case: Case, what: Proposed, by: Account, law: Law, at: datetime, read: str = ""
) -> Determination:
    """Puts a determination before a reviewer. CannotStep, NotCompetent.

    `read`: the consequence that the officer was shown and has read.
    """
    where = check(by, "propose", case)
    ctx = ActContext(law, at, by.username, where)
    if case.category is None and what.outcome == "red" and not what.items:
        raise CannotStep("items", _("请写明哪些资质因此不达标"))
    left = _checked_left(case, what.outcome, what.leaves, dict(what.left or {}), ctx)
    requirements = list(what.requirements) or [
        requirement.requirement for requirement in case.requirements.filter(recovered_on=None)
    ]
    until = Deadline(what.until, provisional=False) if what.until else None
    event, _figures = event_from_newest_run("propose", case, ctx)
    event = replace(
        event,
        outcome=what.outcome,
        requirements=tuple(requirements),
        because=what.because,
        until=until,
        has_evidence=any(one.strip() for one in what.evidence),
        leaves=what.leaves,
    )
    determination = Determination(
        case=case,
        outcome=what.outcome,
        requirements=requirements,
        items=[list(item) for item in what.items],
        until=what.until,
        because=what.because,
        evidence=list(what.evidence),
        leaves=what.leaves,
        left=left,
        proposed_by=by.username,
        proposed_at=at,
    )
    ctx.entries.append(
        NewEntry(
            case.stream,
            "proposed",
            basis=what.because,
            details={
                "outcome": what.outcome,
                "requirements": requirements,
                "evidence": list(what.evidence),
                "leaves": what.leaves,
                "authority": where,
                **({"read": read} if read else {}),
            },
        )
    )
    act(case=case, event=event, ctx=ctx, perform=perform)
    determination.save(force_insert=True)
    return determination


@transaction.atomic
def return_proposal(
    *, case: Case, by: Account, because: str, law: Law, at: datetime, proposal: int | None = None
) -> Step:
    """A reviewer sends it back with reasons. `proposal`: the one that was read; CannotStep where another waits."""
    check(by, "sign", case)
    _check_read(case.determinations.filter(state="proposed").first(), proposal)
    ctx = ActContext(law, at, by.username)
    event = Event("return-proposal", ctx.on, by=by.username, because=because)
    step = act(case=case, event=event, ctx=ctx, perform=perform)
    _decided(case, by, at, "returned", because)
    return step


@transaction.atomic
def sign(
    *,
    case: Case,
    by: Account,
    law: Law,
    at: datetime,
    because: str = "",
    read: str = "",
    proposal: int | None = None,
) -> Step:
    """A reviewer signs: the determination takes effect now. What it needs is looked at again.

    `read`: the consequence that the reviewer was shown and has read; `proposal`: the number of what was shown.
    """
    where = check(by, "sign", case)
    ctx = ActContext(law, at, by.username, where)
    determination = case.determinations.filter(state="proposed").first()
    _check_read(determination, proposal)
    if determination is not None:
        if determination.outcome == "dismissed":
            lock()  # the registers before the case, as the patrol does
            open_ones = case.requirements.filter(recovered_on=None).exclude(
                requirement__in=determination.requirements
            )
            if open_ones.exists():
                raise CannotStep("leaves-something", _("还有没有写进认定的指标，请退回"))
        _checked_left(
            case, determination.outcome, determination.leaves, determination.left, ctx
        )  # it may be gone by now
    event, figures = event_from_newest_run("sign", case, ctx)
    event = replace(event, because=because or (determination.because if determination else ""))
    ctx.entries.append(
        NewEntry(
            case.stream,
            "signed",
            basis=because,
            details={"authority": where, **({"read": read} if read else {})},
        )
    )
    step = act(case=case, event=event, ctx=ctx, perform=perform, figures=figures)
    signed_on = (
        {}
        if determination is None
        else {name: figures[name] for name in determination.requirements if name in figures}
    )
    _decided(case, by, at, "signed", because, signed_on)
    if determination is not None and determination.outcome == "dismissed":
        _leave(case, determination, figures, ctx)
    if determination is not None and any(effect.name == "open-red" for effect in step.effects):
        _open_reds(case, determination, by, ctx)
    return step


def _check_read(waits: Determination | None, proposal: int | None) -> None:
    """What is decided on is what was read; that nothing came between is for the case's version to say."""
    if proposal is not None and (waits is None or waits.pk != proposal):
        raise CannotStep("changed", _("案件刚刚被别人改动过，请刷新后再办"))


def _decided(
    case: Case,
    by: Account,
    at: datetime,
    state: str,
    because: str,
    figures: Mapping[str, Any] | None = None,
) -> None:
    waiting = Determination.objects.filter(case=case, state="proposed")
    waiting.update(
        state=state,
        decided_by=by.username,
        decided_at=at,
        decided_because=because,
        figures=figures or {},
    )


def _checked_left(
    case: Case, outcome: str, leaves: str, left: dict[str, Any], ctx: ActContext
) -> dict[str, Any]:
    """What is left for the next run must be there, or be makeable: else the next morning would warn again."""
    if outcome != "dismissed":
        return {}
    if leaves == "accepted-finding":
        told = left.get("until")
        until = date.fromisoformat(told) if isinstance(told, str) else told
        if not isinstance(until, date) or until <= ctx.on:
            raise CannotStep(
                "leaves-something", _("认可要写明复核日，且晚于今天"), about="review_on"
            )
        if case.category is None:
            raise CannotStep("leaves-something", _("社保案件只能留下更正或豁免"))
        return {"until": until.isoformat()}
    if leaves not in LEFT:
        raise CannotStep("leaves-something", _("不予认定要留下更正、豁免或认可"))
    number = int(left.get(leaves) or 0)
    if leaves == "correction":
        correction = Correction.objects.filter(pk=number, released_at=None).first()
        is_there = correction is not None and _concerns(case, correction)
    else:
        theirs = ExemptionRow._default_manager.filter(
            recorded_to=None, credit_code=case.credit_code
        )
        is_there = theirs.filter(pk=number).exists()
    if leaves and not is_there:
        raise CannotStep("leaves-something", _("没有找到所说的更正或豁免"), about="left_number")
    return left


def _concerns(case: Case, correction: Correction) -> bool:
    """Whether a correction is about the enterprise or somebody registered there."""
    if correction.key.get("credit_code") == case.credit_code:
        return True
    current = RegistrationRow._default_manager.filter(
        recorded_to=None, credit_code=case.credit_code
    )
    return current.filter(person_id=correction.key.get("person_id") or 0).exists()


def _leave(
    case: Case, determination: Determination, figures: Mapping[str, Any], ctx: ActContext
) -> None:
    """The accepted finding that a dismissal leaves, at what is held today."""
    if determination.leaves != "accepted-finding":
        return
    for row in case.requirements.filter(requirement__in=determination.requirements):
        held = figures.get(row.requirement, row.warned_figures).get("held")
        about = Requirement(
            case.credit_code, case.category or "", case.sub_item or "", row.requirement
        )
        accept_finding(
            about=about,
            at_held=int(held or 0),
            until=date.fromisoformat(determination.left["until"]),
            because=determination.because,
            by=ctx.by,
            at=ctx.at,
        )


def _open_reds(case: Case, determination: Determination, by: Account, ctx: ActContext) -> None:
    """An enterprise's insurance case was determined: red cards of the items named, of origin officer."""
    view = current_run_view(case, ctx.law)
    for category, sub_item in determination.items:
        one = view.case_of_item((case.credit_code, category, sub_item))
        if not one.grade:
            raise CannotStep(
                "items",
                _("登记里没有这项有效资质：{item}").format(item=f"{category} {sub_item}".strip()),
            )
        if Case.objects.filter(
            credit_code=case.credit_code,
            category=category,
            sub_item=sub_item,
            ground=INSURANCE,
            state="red",
        ).exists():
            continue  # it is red for it already
        one.ground, one.origin, one.arises_from = INSURANCE, "officer", case
        open_red(
            one,
            Event(
                "inspected",
                ctx.on,
                by=by.username,
                others=(determination.proposed_by,),
                requirements=(INSURANCE,),
                because=determination.because,
                has_evidence=True,
                verdicts=view.verdicts_of(case)[0],
            ),
            view.verdicts_of(case)[1],
            ctx,
        )


def open_red(case: Case, event: Event, figures: Mapping[str, Any], ctx: ActContext) -> Step:
    """A new case that begins red."""
    state = CaseState(ground=case.ground, origin="officer")  # type: ignore[arg-type]  # the database's words
    number = next_number(RED_CARD, RED_PREFIX, ctx.on.year)  # locks: of two at once one waits here
    same = Case.objects.exclude(state="closed").filter(
        credit_code=case.credit_code,
        category=case.category,
        sub_item=case.sub_item,
        ground=case.ground,
        origin="officer",
    )
    if same.select_for_update().exists():
        raise CannotStep("open-once", _("这项资质已有主管部门认定的红牌"))
    after, effects = step(state, event, ctx.terms)
    done = Step(case, state, after, (), event, figures)
    case.opened_on = ctx.on
    write_state_to_row(case, after, ctx)
    case.version, case.card_number = 1, number
    case.save()
    for row in rows_of(done, [])[0]:
        row.case = case
        row.save()
    done.effects = effects
    perform(done, ctx)
    ctx.entries.insert(0, entry_of(done))
    write_journal(ctx)
    return done
