"""What an upheld application puts on record: corrections of the registers, or accepted findings; and the rerun."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from qualwatch.assessments.actions import assess
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.models import Application, Case
from qualwatch.cases.notices.texts import names
from qualwatch.cases.warnings.run_view import RunView
from qualwatch.procedure.transitions import CannotStep
from qualwatch.registers.acceptances import Requirement, accept_finding
from qualwatch.registers.corrections import correct
from qualwatch.registers.models import RegistrationRow
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # documents are Chinese

HEALED = ("met", "not-required", "advise", "manual")  # of these nobody is warned
CORRECTION, ACCEPTED, OFFICER = "correction", "accepted-finding", "supervision-finding"


@dataclass(frozen=True, slots=True)
class Correcting:
    """One field of one register row set right (registers.corrections), or with WHOLE a row that the source lacks."""

    table: str
    key: Mapping[str, Any]
    field: str
    value: Any
    document: str


@dataclass(frozen=True, slots=True)
class Repairs:
    """`corrections` for data that are wrong; else the findings are accepted. Both hold until `review_on`."""

    review_on: date
    corrections: Sequence[Correcting] = ()

    def told(self) -> dict[str, Any]:
        """As it waits for its signature."""
        rows = [asdict(correcting) for correcting in self.corrections]
        plain: dict[str, Any] = json.loads(
            json.dumps({"review_on": self.review_on, "corrections": rows}, default=str)
        )
        return plain

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Repairs":
        """Again from what waited."""
        return cls(
            date.fromisoformat(told["review_on"]),
            [Correcting(**one) for one in told["corrections"]],
        )


@dataclass(slots=True)
class Repaired:
    """What was put on record: kind and number of each, lines for the decision, what the course is told."""

    put: list[list[Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    leaves: str = ""


def digest_of(proposed: Mapping[str, Any] | None) -> str:
    """What waits for its signature, as a digest: whoever signs has read this and nothing else. `proposed`: as told."""
    return hashlib.sha256(
        json.dumps(proposed, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()


def repair(application: Application, repairs: Repairs, ctx: ActContext, because: str) -> Repaired:
    """Puts it on record and assesses the enterprise again. CannotStep where it might be warned again next morning."""
    repaired, case = Repaired(), application.case
    was_inspected = case is not None and hasattr(case, "supervision_finding")
    if application.cause == "data-wrong" and not repairs.corrections and not was_inspected:
        raise CannotStep("leaves-something", _("信息有误的要写明更正哪些登记"))
    for correcting in repairs.corrections:
        _check_concerns(application.credit_code, correcting)
        correction = correct(
            table=correcting.table,
            key=correcting.key,
            field=correcting.field,
            value=correcting.value,
            because=because,
            document=correcting.document,
            review_on=repairs.review_on,
            by=ctx.by,
            at=ctx.at,
        )
        repaired.put.append([CORRECTION, correction.pk])
        repaired.leaves = CORRECTION
    if repaired.put:
        repaired.lines.append(_n("更正登记 {count} 处。").format(count=len(repaired.put)))
    if case is None:
        _assess_again(application.credit_code, ctx)
        return repaired
    if (
        was_inspected
    ):  # no run warns of what an officer found: the finding itself is no longer relied on
        repaired.put.append([OFFICER, case.pk])
        repaired.lines.append(_n("原监管发现不再作为依据。"))
        repaired.leaves = OFFICER
        return repaired
    if not repaired.put:
        _accept(application, case, repairs, ctx, because, repaired)
    view = _again(case, ctx)
    verdicts = view.verdicts_of(case)[0]
    healed = bool(view.end_of(case))
    left = (
        []
        if healed
        else [
            requirement
            for requirement in application.requirements
            if verdicts.get(requirement, "cannot-say") not in HEALED
        ]
    )
    if left:
        raise CannotStep(
            "still-short",
            _("更正之后核查仍不达标或无法判定：{what}；请改正更正的内容，或不予支持").format(
                what=names(left)
            ),
        )
    return repaired


def _check_concerns(credit_code: str, correcting: Correcting) -> None:
    """A repair touches the applicant's own rows, or those of people registered there; nobody else's."""
    if "credit_code" in correcting.key:
        is_theirs = correcting.key["credit_code"] == credit_code
    else:
        registered = RegistrationRow._default_manager.filter(
            recorded_to=None, credit_code=credit_code
        )
        is_theirs = registered.filter(person_id=correcting.key.get("person_id") or 0).exists()
    if not is_theirs:
        raise CannotStep("leaves-something", _("只能更正申请企业自己的登记"))


def _accept(
    application: Application,
    case: Case,
    repairs: Repairs,
    ctx: ActContext,
    because: str,
    repaired: Repaired,
) -> None:
    """The finding stands corrected at what is held today."""
    if case.category is None:
        raise CannotStep("leaves-something", _("社保案件只能用更正或豁免修复"))
    figures = _seen(case, ctx).verdicts_of(case)[1]
    for name in application.requirements:
        held = figures.get(name, {}).get("held")
        if held is None:
            raise CannotStep(
                "leaves-something", _("{what} 没有现有人数，不能认可").format(what=names([name]))
            )
        row = accept_finding(
            about=Requirement(case.credit_code, case.category, case.sub_item or "", name),
            at_held=held,
            until=repairs.review_on,
            because=because,
            by=ctx.by,
            at=ctx.at,
        )
        repaired.put.append([ACCEPTED, row.pk])
        repaired.leaves = ACCEPTED
    repaired.lines.append(
        _n("认可 {what}，至 {day} 复核。").format(
            what=names(application.requirements), day=day(repairs.review_on)
        )
    )


def _again(case: Case, ctx: ActContext) -> RunView:
    """What the enterprise's case is after it was assessed again."""
    _assess_again(case.credit_code, ctx)
    return _seen(case, ctx)


def _assess_again(credit_code: str, ctx: ActContext) -> None:
    """With what is known now, as of the day of the newest run; that must be a recent one."""
    newest = Run.objects.filter(state="released").order_by("-as_of").first()
    if newest is None or not ctx.is_fresh(newest.as_of):
        raise CannotStep("no-run", _("没有新近放行的核查，暂不能核实"))
    assess(
        as_of=newest.as_of,
        law=ctx.law,
        by=ctx.by,
        at=ctx.at,
        credit_codes=[credit_code],
        guarded=False,
    )


def _seen(case: Case, ctx: ActContext) -> RunView:
    return RunView.of(RunView.newest_run(case.credit_code), ctx.law, [case], only_these=True)
