"""Proposing an act, signing it, returning it with reasons, taking it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from qualwatch.accounts.models import Account
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.course.void_acts import close_act_tasks, void_act
from qualwatch.cases.documents.attachments import SubmittedFile, attach
from qualwatch.cases.documents.evidence import (
    check_evidence,
    entry_of_files,
    evidence_of,
    require_opened,
    what_was_read,
)
from qualwatch.cases.models import Case, ProposedAct, Withdrawal
from qualwatch.cases.proposed_acts.kinds import ACT_KINDS, ANY_SIGNER, FINDING, ActKind
from qualwatch.cases.proposed_acts.releases import RELEASE_CHANGE
from qualwatch.cases.tasks import RETURNED_ACT, SIGN_ACT, open_task
from qualwatch.cases.warnings.supervise import InspectionFinding
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.procedure.periods import Deadline
from qualwatch.procedure.transitions import CannotStep
from qualwatch.registers.tables import lock
from qualwatch.wording import gettext as _


@dataclass(frozen=True, slots=True)
class NewAct:
    """What an officer proposes. kind: a key of ACT_KINDS.

    About a case, or a withdrawal (its case is found), or an item (credit_code, category, sub_item),
    or a held load, run or pushed change by its number (of several changes the first, all of them in
    the payload). payload: the fields of the kind.
    """

    kind: str
    because: str
    files: Sequence[SubmittedFile]
    payload: Mapping[str, Any] = field(default_factory=dict)
    case: Case | None = None
    withdrawal: Withdrawal | None = None
    item: tuple[str, str, str] = ("", "", "")
    number: int | None = None


def finding_act(finding: InspectionFinding, files: Sequence[SubmittedFile]) -> NewAct:
    """A supervision finding as an act to be proposed."""
    item = (finding.credit_code, finding.category, finding.sub_item)
    return NewAct(FINDING, finding.what, files, finding.as_payload(), item=item)


def changes_act(
    sequence_numbers: Sequence[int], because: str, files: Sequence[SubmittedFile]
) -> NewAct:
    """The release of quarantined changes in one act. CannotStep where there are none."""
    numbers = sorted(sequence_numbers)
    if not numbers:
        raise CannotStep("release", _("没有扣下的推送"), about="number")
    payload = {"sequence_numbers": numbers}
    return NewAct(RELEASE_CHANGE, because, files, payload, number=numbers[0])


@transaction.atomic
def propose_act(*, new: NewAct, by: Account, law: Law, at: datetime, read: str = "") -> ProposedAct:
    """Submits an act to a reviewer, with reasons and evidence.

    `read`: the consequence that the proposer was shown. CannotStep where the act is not possible
    now, or waits already; CannotStore, NotCompetent.
    """
    kind = _kind_of(new.kind)
    act = _new_row(new, kind, by, at)
    act.authority = kind.competence(act, by, kind.proposer, law)
    if not new.because.strip():
        raise CannotStep("because", _("请写明理由"))
    files = check_evidence(new.files)
    ctx = ActContext(law, at, by.username, act.authority)
    _lock(act, kind)
    _require_none_waiting(act)
    kind.check(act, replace(ctx, by=ANY_SIGNER, entries=[]))
    act.proposer_read = what_was_read(read, files)
    act.save()
    attach(files, by=by.username, at=at, act=act)
    _close_returned(act, ctx)
    open_task(
        act.case,
        SIGN_ACT,
        ctx,
        authority=act.authority,
        due=_due_of_signature(act, ctx),
        detail=f"{act.pk}",
    )
    details = {
        **_details_of(act),
        "payload": act.payload,
        "evidence": entry_of_files(files),
        "authority": act.authority,
        "read": act.proposer_read,
    }
    ctx.entries.append(NewEntry(act.stream, "act-proposed", basis=act.because, details=details))
    write_journal(ctx)
    return act


def _kind_of(slug: str) -> ActKind:
    if slug not in ACT_KINDS:
        raise CannotStep("kind", _("没有这种事项：{kind}").format(kind=slug))
    return ACT_KINDS[slug]


def _new_row(new: NewAct, kind: ActKind, by: Account, at: datetime) -> ProposedAct:
    """The act as it will be stored; CannotStep for fields that its kind does not have."""
    case = new.withdrawal.case if new.withdrawal is not None else new.case
    if kind.needs_case and case is None:
        raise CannotStep("case", _("请写明是哪一件案件"))
    unknown = sorted(set(new.payload) - set(kind.payload))
    if unknown:
        raise CannotStep("payload", _("这种事项没有这一栏：{name}").format(name=unknown[0]))
    fresh = Case.objects.get(pk=case.pk) if case is not None else None
    code, category, sub_item = new.item
    return ProposedAct(
        kind=new.kind,
        case=fresh,
        withdrawal=new.withdrawal,
        number=new.number,
        credit_code=fresh.credit_code if fresh is not None else code,
        category=(fresh.category or "") if fresh is not None else category,
        sub_item=(fresh.sub_item or "") if fresh is not None else sub_item,
        area=fresh.area if fresh is not None else "",
        licensing_authority=fresh.licensing_authority if fresh is not None else "",
        payload={**kind.payload, **new.payload},
        because=new.because.strip(),
        proposed_by=by.username,
        proposed_at=at,
    )


def _lock(act: ProposedAct, kind: ActKind) -> None:
    """Lock order: see CONTRIBUTING.md."""
    if kind.locks_registers:
        lock()
    if act.case_id is not None:
        Case.objects.select_for_update().get(pk=act.case_id)


def _same_subject(act: ProposedAct) -> dict[str, Any]:
    """The condition on acts of the same kind about the same thing."""
    if act.case_id is not None:
        return {"kind": act.kind, "case": act.case_id}
    if act.number is not None:
        return {"kind": act.kind, "number": act.number}
    names = ("kind", "credit_code", "category", "sub_item")
    return {name: getattr(act, name) for name in names} | {"number": None}


def _require_none_waiting(act: ProposedAct) -> None:
    waiting = ProposedAct.objects.filter(state="proposed", **_same_subject(act))
    if waiting.exists():
        raise CannotStep("act-waits", _("同一事项已有人提出，等审核签批"))


def _close_returned(act: ProposedAct, ctx: ActContext) -> None:
    """What was returned before is answered by the new proposal."""
    for returned in ProposedAct.objects.filter(state="returned", **_same_subject(act)):
        close_act_tasks(returned, ctx)


def _due_of_signature(act: ProposedAct, ctx: ActContext) -> Deadline | None:
    """An urgent finding is to be signed the same day."""
    return Deadline(ctx.on, provisional=False) if act.payload.get("is_urgent") else None


def _details_of(act: ProposedAct) -> dict[str, Any]:
    """What the journal says of an act."""
    return {
        "act": act.pk,
        "kind": act.kind,
        "credit_code": act.credit_code,
        "category": act.category,
        "sub_item": act.sub_item,
        "number": act.number,
        "withdrawal": act.withdrawal_id,
    }


@transaction.atomic
def sign_act(
    *,
    act: ProposedAct,
    by: Account,
    law: Law,
    at: datetime,
    because: str = "",
    read: str = "",
) -> Any:
    """A reviewer signs: the act is carried out; what its kind returns.

    `read`: the consequence that the signer was shown. CannotStep where the signer proposed it, has
    not opened all evidence, or the act is not possible any more; NotCompetent.
    """
    locked, kind = _locked(act)
    authority = kind.competence(locked, by, kind.signer, law)
    _require_other_person(locked, by)
    require_opened(locked, by.username)
    ctx = ActContext(law, at, by.username, authority)
    locked.signer_read = what_was_read(read, evidence_of(locked))
    _decide(locked, "signed", because, ctx)
    result = kind.run(locked, by, ctx)
    details = {**_details_of(locked), "proposed_by": locked.proposed_by, "authority": authority}
    details["read"] = locked.signer_read
    ctx.entries.append(NewEntry(locked.stream, "act-signed", basis=because, details=details))
    write_journal(ctx)
    return result


@transaction.atomic
def return_act(
    *, act: ProposedAct, because: str, by: Account, law: Law, at: datetime
) -> ProposedAct:
    """A reviewer returns the act with reasons. CannotStep, NotCompetent."""
    locked, kind = _locked(act)
    authority = kind.competence(locked, by, kind.signer, law)
    _require_other_person(locked, by)
    if not because.strip():
        raise CannotStep("because", _("请写明理由"))
    ctx = ActContext(law, at, by.username, authority)
    _decide(locked, "returned", because, ctx)
    detail = f"{locked.pk}"
    open_task(locked.case, RETURNED_ACT, ctx, authority=locked.authority, detail=detail)
    details = {**_details_of(locked), "proposed_by": locked.proposed_by, "authority": authority}
    ctx.entries.append(NewEntry(locked.stream, "act-returned", basis=because, details=details))
    write_journal(ctx)
    return locked


@transaction.atomic
def retract_act(
    *, act: ProposedAct, because: str, by: Account, law: Law, at: datetime
) -> ProposedAct:
    """Its proposer takes an act back, or does not take up again one that was returned.

    CannotStep.
    """
    locked = ProposedAct.objects.select_for_update(of=("self",)).get(pk=act.pk)
    if locked.proposed_by != by.username:
        raise CannotStep("other-person", _("只有提出的人可以撤销"))
    if not because.strip():
        raise CannotStep("because", _("请写明理由"))
    ctx = ActContext(law, at, by.username, locked.authority)
    if locked.state == "returned":
        close_act_tasks(locked, ctx)
        entry = NewEntry(locked.stream, "act-dropped", basis=because, details=_details_of(locked))
        ctx.entries.append(entry)
    elif locked.state == "proposed":
        void_act(locked, because, ctx)
    else:
        raise CannotStep("decided", _("这一事项已经办结"))
    write_journal(ctx)
    return locked


def _locked(act: ProposedAct) -> tuple[ProposedAct, ActKind]:
    """The act as it is now; CannotStep where it does not wait."""
    kind = _kind_of(act.kind)
    _lock(act, kind)
    acts = ProposedAct.objects.select_for_update(of=("self",))
    locked = acts.select_related("case", "withdrawal__case").get(pk=act.pk)
    if locked.state != "proposed":
        raise CannotStep("decided", _("这一事项已经办结"))
    return locked, kind


def _require_other_person(act: ProposedAct, by: Account) -> None:
    if act.proposed_by == by.username:
        raise CannotStep("other-person", _("提出的人不能自己签批"))


def _decide(act: ProposedAct, state: str, because: str, ctx: ActContext) -> None:
    """Writes the decision before the act is carried out, so that nothing voids it meanwhile."""
    act.state, act.decided_because = state, because
    act.decided_by, act.decided_at = ctx.by, ctx.at
    act.save()
    close_act_tasks(act, ctx)
