"""The table of acts that one person proposes and another signs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from qualwatch.accounts.models import Account
from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import (
    require_authority,
    require_competent,
    require_competent_or_local,
    require_withdrawing_authority,
)
from qualwatch.cases.course.step import act as act_on
from qualwatch.cases.course.step import check_step
from qualwatch.cases.deadlines import annulment_entry
from qualwatch.cases.effects.cards import perform
from qualwatch.cases.models import Case, ProposedAct, Withdrawal
from qualwatch.cases.proposed_acts import releases
from qualwatch.cases.warnings import supervise
from qualwatch.cases.warnings.newest_run import with_other_red
from qualwatch.cases.withdrawals.actions import annul_withdrawal
from qualwatch.law.loader import Law
from qualwatch.procedure.preconditions import PRECONDITIONS
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

# Stands for the signer while an act is only proposed.
ANY_SIGNER = "?"
FINDING, FRAUD = "supervision-finding", "fraud"
Competence = Callable[[ProposedAct, Account, tuple[str, ...], Law], str]
Run = Callable[[ProposedAct, Account, ActContext], Any]


@dataclass(frozen=True, slots=True)
class ActKind:
    """What is proposed and what follows, by whom, and how it is checked and carried out.

    proposer, signer: capabilities, one of which is needed. competence: the slug of the account's
    authority, or NotCompetent. check: CannotStep where the act is not possible now. run: carries
    it out, signed. payload: the fields that it needs, with their default. locks_registers: whether
    it writes registers or needs their lock (lock order).
    """

    title: str
    consequence: str
    proposer: tuple[str, ...]
    signer: tuple[str, ...]
    competence: Competence
    check: Callable[[ProposedAct, ActContext], None]
    run: Run
    payload: Mapping[str, Any] = field(default_factory=dict)
    locks_registers: bool = False
    needs_case: bool = True


def _case_of(act: ProposedAct) -> Case:
    if act.case is None:
        raise CannotStep("case", _("请写明是哪一件案件"))
    return act.case


def _competent(act: ProposedAct, by: Account, capabilities: tuple[str, ...], law: Law) -> str:
    return require_competent(by, capabilities[0], _case_of(act))


def _competent_or_local(
    act: ProposedAct, by: Account, capabilities: tuple[str, ...], law: Law
) -> str:
    return require_competent_or_local(by, capabilities[0], _case_of(act))


def _competent_for_item(
    act: ProposedAct, by: Account, capabilities: tuple[str, ...], law: Law
) -> str:
    """Any authority that has the item or the place."""
    if act.pk is None:
        _view, case = supervise.new_officer_case(act, law)
        act.area, act.licensing_authority = case.area, case.licensing_authority
    else:
        # as it was proposed; that the item is as before is checked when the act is carried out
        case = Case(
            credit_code=act.credit_code,
            category=act.category,
            area=act.area,
            licensing_authority=act.licensing_authority,
        )
    return require_competent_or_local(by, capabilities[0], case)


def _withdrawing(act: ProposedAct, by: Account, capabilities: tuple[str, ...], law: Law) -> str:
    return require_withdrawing_authority(by, _case_of(act), *capabilities)


def _releasing(act: ProposedAct, by: Account, capabilities: tuple[str, ...], law: Law) -> str:
    return require_authority(by, *capabilities)


def _event_of(act: ProposedAct, ctx: ActContext) -> Event:
    """The event of the case that an act is; its kind is the event's name."""
    event = supervise.event_of_act(act.kind, act, ctx, code=act.payload.get("code", ""))
    case = _case_of(act)
    # a review may hand its withdrawal over
    return with_other_red(event, case, ctx) if case.state == "red" else event


def _check_event(act: ProposedAct, ctx: ActContext) -> None:
    check_step(_case_of(act), _event_of(act, ctx), replace(ctx, by=ANY_SIGNER))


def _run_event(act: ProposedAct, by: Account, ctx: ActContext) -> None:
    act_on(case=_case_of(act), event=_event_of(act, ctx), ctx=ctx, perform=perform)


def _received_on(act: ProposedAct) -> date | None:
    text = act.payload["received_on"]
    return date.fromisoformat(text) if text else None


def _check_annulment(act: ProposedAct, ctx: ActContext) -> None:
    # refuses a day of receipt in the future
    annulment_entry(_case_of(act), _received_on(act), ctx)
    _check_event(act, ctx)


def _run_annulment(act: ProposedAct, by: Account, ctx: ActContext) -> None:
    case = _case_of(act)
    ctx.entries.append(annulment_entry(case, _received_on(act), ctx))
    _run_event(act, by, ctx)


def _check_annulled_withdrawal(act: ProposedAct, ctx: ActContext) -> None:
    if act.withdrawal is None:
        raise CannotStep("withdrawal", _("请写明是哪一件撤回"))
    if Withdrawal.objects.filter(pk=act.withdrawal.pk).exclude(ended="").exists():
        raise CannotStep("not-annulled", _(PRECONDITIONS["not-annulled"].sentence))
    _check_annulment(act, ctx)


def _run_annulled_withdrawal(act: ProposedAct, by: Account, ctx: ActContext) -> None:
    assert act.withdrawal is not None  # checked when it was proposed
    event = _event_of(act, ctx)
    annul_withdrawal(
        member=act.withdrawal, event=event, by=by, ctx=ctx, received_on=_received_on(act)
    )


def _without_account(run: Callable[[ProposedAct, ActContext], Any]) -> Run:
    return lambda act, by, ctx: run(act, ctx)


ACT_KINDS: Mapping[str, ActKind] = {
    FINDING: ActKind(
        _n("监管发现，认定红牌"),
        _n("签批后立即向社会公布红牌预警，责令限期整改；期满仍不达标的，依法启动撤回程序。"),
        ("propose",),
        ("sign",),
        _competent_for_item,
        supervise.check_supervision_finding,
        _without_account(supervise.sign_supervision_finding),
        payload={"figures": {}, "reasons": {}, "ground": "shortage", "is_urgent": False},
        # no case that could be locked yet: of two findings about one item the second waits here
        locks_registers=True,
        needs_case=False,
    ),
    FRAUD: ActKind(
        _n("故意隐瞒、弄虚作假"),
        _n("签批后记入不良信用记录并移送处罚；案件照常继续。"),
        ("propose",),
        ("sign",),
        _competent_or_local,
        supervise.check_fraud,
        _without_account(supervise.sign_fraud),
        payload={"referred_to": ""},
    ),
    "review": ActKind(
        _n("复查解除红牌"),
        _n("解除后红牌不再有效，公布的内容改为已解除，限制随之取消。"),
        ("propose",),
        ("sign",),
        _competent,
        _check_event,
        _run_event,
    ),
    "end": ActKind(
        _n("终结案件"),
        _n("签批后案件终结：黄牌不再计期；红牌不再有效，未决定的撤回随之终止。"),
        ("propose",),
        ("sign",),
        _competent,
        _check_event,
        _run_event,
        payload={"code": ""},
    ),
    "annul": ActKind(
        _n("红牌被复议或诉讼撤销"),
        _n("签批后红牌自始不算，公布的内容撤下，未办结的撤回随之终止。"),
        ("propose",),
        ("sign",),
        _competent,
        _check_annulment,
        _run_annulment,
        payload={"received_on": ""},
        locks_registers=True,
    ),
    "annul-withdrawal": ActKind(
        _n("撤回决定被复议或诉讼撤销"),
        _n("签批后资质恢复，历史保留，重新核查；撤回的公告撤下。"),
        ("withdraw",),
        ("sign-withdrawal",),
        _withdrawing,
        _check_annulled_withdrawal,
        _run_annulled_withdrawal,
        payload={"received_on": ""},
        locks_registers=True,
    ),
    releases.RELEASE_LOAD: ActKind(
        _n("放行扣下的载入"),
        _n("签批后这批登记数据记入登记库，下一次核查据以判断。"),
        ("import", "release-loads"),
        ("release-loads",),
        _releasing,
        releases.check_release,
        _without_account(releases.sign_load),
        locks_registers=True,
        needs_case=False,
    ),
    releases.RELEASE_RUN: ActKind(
        _n("放行扣下的核查"),
        _n("签批后这次核查生效，新的黄牌今天推送给企业和主管部门。"),
        ("import", "release-runs"),
        ("release-runs",),
        _releasing,
        releases.check_release,
        _without_account(releases.sign_run),
        locks_registers=True,
        needs_case=False,
    ),
    releases.RELEASE_CHANGE: ActKind(
        _n("放行扣下的推送"),
        _n("签批后所列推送写入登记库，涉及的企业重新核查；写不了的仍旧扣下。"),
        ("import", "release-loads"),
        ("release-loads",),
        _releasing,
        releases.check_release_of_changes,
        _without_account(releases.sign_change),
        payload={"sequence_numbers": []},
        locks_registers=True,
        needs_case=False,
    ),
}
