"""Determinations: an officer proposes, a reviewer signs or returns (notice 2(2))."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from qualwatch.accounts.models import Account
from qualwatch.cases.acting import ActContext, Step, write_journal
from qualwatch.cases.competence import competent_for, require_competent
from qualwatch.cases.course.step import act, entry_of, rows_of, write_state_to_row
from qualwatch.cases.documents.attachments import CheckedFile, SubmittedFile, attach
from qualwatch.cases.documents.evidence import (
    check_evidence,
    entry_of_files,
    evidence_of,
    require_opened,
    what_was_read,
)
from qualwatch.cases.documents.numbers import RED_CARD, next_number
from qualwatch.cases.documents.wording import require_reason
from qualwatch.cases.effects.cards import RED_PREFIX, determined_figures, perform
from qualwatch.cases.models import Case, Determination, SupervisionFinding
from qualwatch.cases.tasks import PROPOSE, open_task
from qualwatch.cases.warnings.healing import (
    assess_again,
    require_cleared,
    require_review_day,
    tried,
)
from qualwatch.cases.warnings.insurance_items import (
    items_without_abnormal_people,
    require_failing,
    undecided_items,
)
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

ACCEPTED_FINDING = "accepted-finding"
# What a dismissal may leave beside an accepted finding; `step` refuses '' itself.
ROW_EFFECTS = ("", "correction", "exemption")


@dataclass(frozen=True, slots=True)
class ProposedDetermination:
    """What an officer proposes. outcome: a key of OUTCOMES.

    items: (category, sub_item), of an enterprise-wide case; rechecks: of those that no run can
    judge without the people in question, what an officer's recheck showed. register_effect: what a
    dismissal leaves in the registers for the next run, with its details: accepted-finding ("until",
    the review day), correction ("correction", its number) or exemption ("exemption", the
    row's number).
    """

    outcome: str
    because: str
    evidence: Sequence[SubmittedFile]
    requirements: Sequence[str] = ()
    items: Sequence[tuple[str, str]] = ()
    rechecks: Mapping[tuple[str, str], str] = field(default_factory=dict)
    until: date | None = None
    register_effect: str = ""
    register_effect_details: Mapping[str, Any] | None = None


@transaction.atomic
def propose(
    *,
    case: Case,
    proposed: ProposedDetermination,
    by: Account,
    law: Law,
    at: datetime,
    read: str = "",
) -> Determination:
    """Submits a determination to a reviewer; CannotStep, NotCompetent.

    `read`: the consequence that the officer was shown and has read.
    """
    authority = require_competent(by, "propose", case)
    ctx = ActContext(law, at, by.username, authority)
    require_reason(proposed.because)
    if proposed.outcome == "dismissed":
        # lock order: see CONTRIBUTING.md
        lock()
    files = check_evidence(proposed.evidence)
    if case.category is None and proposed.outcome == "red":
        _require_failing_items(case, proposed.items, proposed.rechecks, ctx)
    requirements = list(proposed.requirements) or _undetermined(case)
    effect_details = _checked_register_effect(
        case,
        proposed.outcome,
        proposed.register_effect,
        dict(proposed.register_effect_details or {}),
        ctx,
    )
    if proposed.outcome == "dismissed":
        _require_healing(case, requirements, proposed.register_effect, effect_details, ctx)
    event, _figures = event_from_newest_run("propose", case, ctx)
    event = replace(
        event,
        outcome=proposed.outcome,
        requirements=tuple(requirements),
        because=proposed.because,
        until=Deadline(proposed.until, provisional=False) if proposed.until else None,
        has_evidence=True,
        register_effect=proposed.register_effect,
    )
    ctx.entries.append(_proposal_entry(case, proposed, requirements, files, read, ctx))
    act(case=case, event=event, ctx=ctx, perform=perform)
    determination = Determination.objects.create(
        case=case,
        outcome=proposed.outcome,
        requirements=requirements,
        items=[list(item) for item in proposed.items],
        rechecks=[[*item, text] for item, text in proposed.rechecks.items()],
        until=proposed.until,
        because=proposed.because,
        register_effect=proposed.register_effect,
        register_effect_details=effect_details,
        proposed_by=by.username,
        proposed_at=at,
    )
    attach(files, by=by.username, at=at, determination=determination)
    return determination


def _undetermined(case: Case) -> list[str]:
    """The requirements of a case that are warned of, neither recovered nor determined."""
    rows = case.requirements.filter(recovered_on=None, determined_on=None)
    return list(rows.values_list("requirement", flat=True))


def _require_failing_items(
    case: Case,
    items: Sequence[tuple[str, str]],
    rechecks: Mapping[tuple[str, str], str],
    ctx: ActContext,
) -> None:
    if not items:
        raise CannotStep("items", _("请写明哪些资质因此不达标"))
    judged = items_without_abnormal_people(current_run_view(case, ctx.law), case)
    require_failing(items, judged, rechecks, ctx)


def _require_healing(
    case: Case,
    requirements: Sequence[str],
    register_effect: str,
    details: Mapping[str, Any],
    ctx: ActContext,
) -> None:
    """Tries what a dismissal leaves: CannotStep where the next run would warn again."""
    if not register_effect:
        # `step` refuses it
        return
    figures = current_run_view(case, ctx.law).verdicts_of(case)[1]
    with tried():
        if register_effect == ACCEPTED_FINDING:
            _accept_findings(case, requirements, details["until"], _("试算"), figures, ctx)
        assess_again(case.credit_code, ctx)
        require_cleared(case, requirements, ctx)


def _proposal_entry(
    case: Case,
    proposed: ProposedDetermination,
    requirements: Sequence[str],
    files: Sequence[CheckedFile],
    read: str,
    ctx: ActContext,
) -> NewEntry:
    details = {
        "outcome": proposed.outcome,
        "requirements": requirements,
        "evidence": entry_of_files(files),
        "register_effect": proposed.register_effect,
        "authority": ctx.authority,
        **_read_consequence(read),
        "read_digests": what_was_read(read, files),
    }
    return NewEntry(case.stream, "proposed", basis=proposed.because, details=details)


def _read_consequence(read: str) -> Mapping[str, str]:
    return {"read": read} if read else {}


@transaction.atomic
def return_proposal(
    *, case: Case, by: Account, because: str, law: Law, at: datetime, proposal: int | None = None
) -> Step:
    """A reviewer returns the proposal with reasons; CannotStep, NotCompetent.

    `proposal`: the number of the determination that the reviewer read.
    """
    require_competent(by, "sign", case)
    _check_proposal(case.determinations.filter(state="proposed").first(), proposal)
    ctx = ActContext(law, at, by.username)
    event = Event("return-proposal", ctx.on, by=by.username, because=because)
    step = act(case=case, event=event, ctx=ctx, perform=perform)
    _record_decision(case, by, at, "returned", because)
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
    """A reviewer signs: the determination takes effect, if its preconditions still hold.

    `read`: the consequence that the reviewer was shown and has read. `proposal`: the number of the
    determination that the reviewer read. CannotStep, NotCompetent.
    """
    authority = require_competent(by, "sign", case)
    ctx = ActContext(law, at, by.username, authority)
    determination = case.determinations.filter(state="proposed").first()
    _check_proposal(determination, proposal)
    if determination is not None:
        _check_still_possible(case, determination, ctx)
        # whoever proposed it is refused for that
        if determination.proposed_by != by.username:
            require_opened(determination, by.username)
    event, figures = event_from_newest_run("sign", case, ctx)
    undecided = _undecided_items(case, determination, ctx)
    event = replace(
        event,
        because=because or (determination.because if determination else ""),
        is_partial=bool(undecided),
    )
    details: dict[str, Any] = {"authority": authority, **_read_consequence(read)}
    if determination is not None:
        details["read_digests"] = what_was_read(read, evidence_of(determination))
    ctx.entries.append(NewEntry(case.stream, "signed", basis=because, details=details))
    step = act(case=case, event=event, ctx=ctx, perform=perform, figures=figures)
    # without a proposal `act` has refused
    assert determination is not None
    names = tuple(name for name in determination.requirements if name in figures)
    signed_figures = determined_figures(step, names)
    _record_decision(case, by, at, "signed", because, signed_figures)
    if determination.outcome == "dismissed":
        _accept_dismissed(case, determination, figures, ctx)
    if any(effect.name == "open-red" for effect in step.effects):
        _open_item_cards(case, determination, by, ctx)
    for card in undecided[:1]:
        # beside the authority of the place only the province decides on items
        open_task(step.case, PROPOSE, ctx, authority=competent_for(card))
        write_journal(ctx)
    return step


def _undecided_items(
    case: Case, determination: Determination | None, ctx: ActContext
) -> list[Case]:
    """Items that fail and that other authorities still decide on, of an enterprise-wide case."""
    if determination is None or determination.outcome != "red" or case.category is not None:
        return []
    judged = items_without_abnormal_people(current_run_view(case, ctx.law), case)
    return undecided_items(judged, item_keys(determination), case)


def item_keys(determination: Determination) -> list[tuple[str, str]]:
    """(category, sub_item) of the items that a determination names."""
    return [(category, sub_item) for category, sub_item in determination.items]


def _check_proposal(determination: Determination | None, proposal: int | None) -> None:
    """CannotStep where the determination decided on is not the one that was read."""
    if proposal is not None and (determination is None or determination.pk != proposal):
        raise CannotStep("changed", _("案件刚刚被别人改动过，请刷新后再办"))


def _check_still_possible(case: Case, determination: Determination, ctx: ActContext) -> None:
    """CannotStep where what a dismissal leaves does not heal, or an item does not fail by now."""
    if determination.outcome == "red" and case.category is None:
        rechecks = {
            (category, sub_item): text for category, sub_item, text in determination.rechecks
        }
        _require_failing_items(case, item_keys(determination), rechecks, ctx)
    if determination.outcome == "dismissed":
        # lock order: see CONTRIBUTING.md
        lock()
    details = _checked_register_effect(
        case,
        determination.outcome,
        determination.register_effect,
        determination.register_effect_details,
        ctx,
    )
    if determination.outcome == "dismissed":
        _require_healing(
            case, determination.requirements, determination.register_effect, details, ctx
        )


def _record_decision(
    case: Case,
    by: Account,
    at: datetime,
    state: str,
    because: str,
    figures: Mapping[str, Any] | None = None,
) -> None:
    proposed = Determination.objects.filter(case=case, state="proposed")
    proposed.update(
        state=state,
        decided_by=by.username,
        decided_at=at,
        decided_because=because,
        figures=figures or {},
    )


def _checked_register_effect(
    case: Case, outcome: str, register_effect: str, details: dict[str, Any], ctx: ActContext
) -> dict[str, Any]:
    """The register effect of a dismissal as stored; CannotStep where it is not on record.

    Without one the next run would warn again.
    """
    if outcome != "dismissed":
        return {}
    if register_effect == ACCEPTED_FINDING:
        return _checked_acceptance(case, details.get("until"), ctx)
    if register_effect not in ROW_EFFECTS:
        raise CannotStep("register-effect", _("不予认定要留下更正、豁免或认可"))
    number = int(details.get(register_effect) or 0)
    if register_effect and not _is_on_record(case, register_effect, number):
        raise CannotStep(
            "register-effect", _("没有找到所说的更正或豁免"), about="register_effect_number"
        )
    return details


def _checked_acceptance(case: Case, review_day: Any, ctx: ActContext) -> dict[str, Any]:
    """The review day of an accepted finding, a date or ISO text, as stored; CannotStep."""
    until = date.fromisoformat(review_day) if isinstance(review_day, str) else review_day
    if not isinstance(until, date):
        raise CannotStep("register-effect", _("认可要写明复核日"), about="review_on")
    require_review_day(until, ctx)
    if case.category is None:
        raise CannotStep("register-effect", _("社保案件只能留下更正或豁免"))
    return {"until": until.isoformat()}


def _is_on_record(case: Case, register_effect: str, number: int) -> bool:
    """Whether the open correction, or the exemption, exists and concerns the case."""
    if register_effect == "correction":
        correction = Correction.objects.filter(pk=number, released_at=None).first()
        return correction is not None and _concerns(case, correction)
    exemptions = ExemptionRow._default_manager.filter(
        recorded_to=None, credit_code=case.credit_code
    )
    return exemptions.filter(pk=number).exists()


def _concerns(case: Case, correction: Correction) -> bool:
    """Whether a correction is about the enterprise or somebody registered there."""
    if correction.key.get("credit_code") == case.credit_code:
        return True
    current = RegistrationRow._default_manager.filter(
        recorded_to=None, credit_code=case.credit_code
    )
    return current.filter(person_id=correction.key.get("person_id") or 0).exists()


def _accept_dismissed(
    case: Case, determination: Determination, figures: Mapping[str, Any], ctx: ActContext
) -> None:
    """Accepts the findings that a dismissal leaves, where it leaves these."""
    if determination.register_effect == ACCEPTED_FINDING:
        until = determination.register_effect_details["until"]
        names = determination.requirements
        _accept_findings(case, names, until, determination.because, figures, ctx)


def _accept_findings(
    case: Case,
    requirements: Sequence[str],
    until: str,
    because: str,
    figures: Mapping[str, Any],
    ctx: ActContext,
) -> None:
    """Accepts findings at today's figures. `until`: the review day in ISO form."""
    for row in case.requirements.filter(requirement__in=requirements):
        held = figures.get(row.requirement, row.warned_figures).get("held")
        about = Requirement(
            case.credit_code, case.category or "", case.sub_item or "", row.requirement
        )
        accept_finding(
            about=about,
            at_held=int(held or 0),
            until=date.fromisoformat(until),
            because=because,
            by=ctx.by,
            at=ctx.at,
        )


def _open_item_cards(
    case: Case, determination: Determination, by: Account, ctx: ActContext
) -> None:
    """Opens red cards of officer origin for the items of an enterprise's insurance case."""
    view = current_run_view(case, ctx.law)
    verdicts, figures = view.verdicts_of(case)
    event = Event(
        "inspected",
        ctx.on,
        by=by.username,
        others=(determination.proposed_by,),
        requirements=(INSURANCE,),
        because=determination.because,
        has_evidence=True,
        verdicts=verdicts,
    )
    for category, sub_item in determination.items:
        card = view.case_of_item((case.credit_code, category, sub_item))
        if not card.grade:
            item = f"{category} {sub_item}".strip()
            raise CannotStep("items", _("登记里没有这项有效资质：{item}").format(item=item))
        if _is_red_for_insurance(card):
            continue
        card.ground = INSURANCE
        card.origin = "officer"
        card.arises_from = case
        open_red(card, event, figures, ctx)


def _is_red_for_insurance(case: Case) -> bool:
    """Whether the item of a case has an open red card for insurance."""
    cards = Case.objects.filter(
        credit_code=case.credit_code,
        category=case.category,
        sub_item=case.sub_item,
        ground=INSURANCE,
        state="red",
    )
    return cards.exists()


def open_red(
    case: Case,
    event: Event,
    figures: Mapping[str, Any],
    ctx: ActContext,
    finding: SupervisionFinding | None = None,
) -> Step:
    """Opens a case, not saved before, with a red card of officer origin; CannotStep.

    finding: what it rests on, not saved; the documents of the card list its evidence.
    """
    # a constraint of the database allows only these words
    before = CaseState(ground=case.ground, origin="officer")  # type: ignore[arg-type]
    # Locks the sequence of numbers: of two acts at the same moment the second waits here.
    number = next_number(RED_CARD, RED_PREFIX, ctx.on.year)
    if is_open_by_officer(case):
        raise CannotStep("open-once", _("这项资质已有主管部门认定的红牌"))
    after, effects = step(before, event, ctx.terms)
    case_step = Step(case, before, after, (), event, figures)
    case.opened_on = ctx.on
    write_state_to_row(case, after, ctx)
    case.version = 1
    case.card_number = number
    case.save()
    new_rows, _changed_rows = rows_of(case_step, [])
    for row in new_rows:
        row.case = case
        row.save()
    if finding is not None:
        finding.act.case = case
        finding.act.save(update_fields=["case"])
        finding.case = case
        finding.save()
    case_step.effects = effects
    perform(case_step, ctx)
    ctx.entries.insert(0, entry_of(case_step))
    write_journal(ctx)
    return case_step


def is_open_by_officer(case: Case) -> bool:
    """Whether the item has an open case of officer origin on the same ground, which is locked."""
    cases = Case.objects.exclude(state="closed").filter(
        credit_code=case.credit_code,
        category=case.category,
        sub_item=case.sub_item,
        ground=case.ground,
        origin="officer",
    )
    return cases.select_for_update().exists()
