"""What an upheld application puts on record: corrections of the registers, or accepted findings."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from qualwatch.cases.acting import ActContext
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.models import Application, Case
from qualwatch.cases.notices.texts import names
from qualwatch.cases.warnings.healing import assess_again, require_cleared, require_review_day
from qualwatch.cases.warnings.run_view import RunView
from qualwatch.procedure.transitions import CannotStep
from qualwatch.registers.acceptances import Requirement, accept_finding
from qualwatch.registers.corrections import correct
from qualwatch.registers.models import RegistrationRow
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # documents are Chinese

CORRECTION, ACCEPTED, OFFICER = "correction", "accepted-finding", "supervision-finding"


@dataclass(frozen=True, slots=True)
class FieldCorrection:
    """A corrected field of a register row; with NEW_ROW a row that the source lacks.

    As in registers.corrections.
    """

    table: str
    key: Mapping[str, Any]
    field: str
    value: Any
    document: str


@dataclass(frozen=True, slots=True)
class Repairs:
    """Corrections of wrong data; without any the findings are accepted. Valid to `review_on`."""

    review_on: date
    corrections: Sequence[FieldCorrection] = ()

    def as_json(self) -> dict[str, Any]:
        """As stored while they wait for the signature; days in ISO form."""
        corrections = [asdict(correction) for correction in self.corrections]
        content = {"review_on": self.review_on, "corrections": corrections}
        as_json_values: dict[str, Any] = json.loads(json.dumps(content, default=str))
        return as_json_values

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Repairs":
        """The inverse of `as_json`."""
        corrections = [FieldCorrection(**correction) for correction in stored["corrections"]]
        return cls(date.fromisoformat(stored["review_on"]), corrections)


@dataclass(slots=True)
class RepairResult:
    """What was put on record.

    `records`: kind and number of each; `lines`: for the decision. `register_effect`: of the
    step's event.
    """

    records: list[list[Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    register_effect: str = ""


def digest_of(proposed: Mapping[str, Any] | None) -> str:
    """SHA-256 of stored repairs: a reviewer signs only what was shown."""
    text = json.dumps(proposed, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def repair(
    application: Application, repairs: Repairs, ctx: ActContext, because: str
) -> RepairResult:
    """Puts the repairs on record and assesses the enterprise again.

    CannotStep where the enterprise might be warned again by the next run; CannotCorrect,
    CannotAccept.
    """
    require_review_day(repairs.review_on, ctx)
    case = application.case
    was_inspected = case is not None and hasattr(case, "supervision_finding")
    if application.cause == "data-wrong" and not repairs.corrections and not was_inspected:
        raise CannotStep("register-effect", _("信息有误的要写明更正哪些登记"))
    result = _correct_registers(application.credit_code, repairs, ctx, because)
    if case is None:
        assess_again(application.credit_code, ctx)
    elif was_inspected:
        # No run warns of what an officer found: the finding itself is given up.
        result.records.append([OFFICER, case.pk])
        result.lines.append(_n("原监管发现不再作为依据。"))
        result.register_effect = OFFICER
    else:
        if not result.records:
            result = _accept_findings(application, case, repairs, ctx, because)
        assess_again(case.credit_code, ctx)
        require_cleared(case, application.requirements, ctx)
    return result


def _correct_registers(
    credit_code: str, repairs: Repairs, ctx: ActContext, because: str
) -> RepairResult:
    records: list[list[Any]] = []
    for correction in repairs.corrections:
        _require_own_row(credit_code, correction)
        recorded = correct(
            table=correction.table,
            key=correction.key,
            field=correction.field,
            value=correction.value,
            because=because,
            document=correction.document,
            review_on=repairs.review_on,
            by=ctx.by,
            at=ctx.at,
        )
        records.append([CORRECTION, recorded.pk])
    if not records:
        return RepairResult()
    line = _n("更正登记 {count} 处。").format(count=len(records))
    return RepairResult(records, [line], CORRECTION)


def _require_own_row(credit_code: str, correction: FieldCorrection) -> None:
    """CannotStep unless the row is the applicant's or that of a person registered there."""
    if "credit_code" in correction.key:
        is_own = correction.key["credit_code"] == credit_code
    else:
        registrations = RegistrationRow._default_manager.filter(
            recorded_to=None, credit_code=credit_code
        )
        is_own = registrations.filter(person_id=correction.key.get("person_id") or 0).exists()
    if not is_own:
        raise CannotStep("register-effect", _("只能更正申请企业自己的登记"))


def _accept_findings(
    application: Application, case: Case, repairs: Repairs, ctx: ActContext, because: str
) -> RepairResult:
    """Accepts each disputed requirement at the number of people held today."""
    if case.category is None:
        raise CannotStep("register-effect", _("社保案件只能用更正或豁免修复"))
    figures = _newest_view(case, ctx).verdicts_of(case)[1]
    records: list[list[Any]] = []
    for name in application.requirements:
        accepted = accept_finding(
            about=Requirement(case.credit_code, case.category, case.sub_item or "", name),
            at_held=_held(figures, name),
            until=repairs.review_on,
            because=because,
            by=ctx.by,
            at=ctx.at,
        )
        records.append([ACCEPTED, accepted.pk])
    line = _n("认可 {what}，至 {day} 复核。").format(
        what=names(application.requirements), day=day(repairs.review_on)
    )
    return RepairResult(records, [line], ACCEPTED if records else "")


def _held(figures: Mapping[str, Any], requirement: str) -> int:
    """The number of people held. CannotStep where the newest run has none."""
    held: int | None = figures.get(requirement, {}).get("held")
    if held is None:
        sentence = _("{what} 没有现有人数，不能认可").format(what=names([requirement]))
        raise CannotStep("register-effect", sentence)
    return held


def _newest_view(case: Case, ctx: ActContext) -> RunView:
    """The newest run's judgement of the case."""
    return RunView.of(RunView.newest_run(case.credit_code), ctx.law, [case], only_these=True)
