"""Deadlines in the columns of a row: day, whether it is provisional, what it was counted from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from qualwatch.procedure.periods import Basis, Deadline, Period
from qualwatch.wording import gettext_noop as _n


@dataclass(frozen=True, slots=True)
class DeadlineColumns:
    """The columns of one deadline. name: its key in the row's `deadline_bases`, and in TEXTS."""

    name: str
    day: str
    provisional: str

    @property
    def fields(self) -> list[str]:
        """The columns to be saved."""
        return [self.day, self.provisional, "deadline_bases"]

    def read(self, row: Any) -> Deadline | None:
        """The deadline of a row; None where it has none."""
        ends_on: date | None = getattr(row, self.day)
        if ends_on is None:
            return None
        values = row.deadline_bases.get(self.name)
        basis = basis_of(values) if values else None
        return Deadline(ends_on, getattr(row, self.provisional), basis)

    def write(self, row: Any, deadline: Deadline | None) -> None:
        """Writes a deadline, or none, into a row, which is not saved."""
        setattr(row, self.day, deadline.ends_on if deadline else None)
        setattr(row, self.provisional, bool(deadline and deadline.provisional))
        bases = {key: value for key, value in row.deadline_bases.items() if key != self.name}
        if deadline and deadline.basis:
            bases[self.name] = values_of(deadline.basis)
        row.deadline_bases = bases


@dataclass(frozen=True, slots=True)
class RaisedDeadline(DeadlineColumns):
    """The deadline in `CaseRequirement.raised`; it is written by the step of its case."""

    def read(self, row: Any) -> Deadline | None:
        """The deadline of a raised figure; None where none was raised."""
        return self.of_values(row.raised) if row.raised else None

    def of_values(self, values: Mapping[str, Any]) -> Deadline:
        """The deadline from the values of `CaseRequirement.raised`."""
        basis = basis_of(values["basis"]) if values["basis"] else None
        return Deadline(date.fromisoformat(values["ends_on"]), values["is_provisional"], basis)


def bases_of(columns: DeadlineColumns, deadline: Deadline) -> dict[str, Any]:
    """The `deadline_bases` of a new row with one deadline."""
    return {columns.name: values_of(deadline.basis)} if deadline.basis else {}


def values_of(basis: Basis) -> dict[str, Any]:
    """What a deadline was counted from, as JSON holds it: start, amount, unit, calendar version."""
    period = basis.period
    return {
        "start": basis.start.isoformat(),
        "amount": period.amount if period else None,
        "unit": period.unit if period else None,
        "first_counted": basis.first_counted,
        "calendar": basis.calendar,
    }


def basis_of(values: Mapping[str, Any]) -> Basis:
    """The same read back."""
    period = Period(values["amount"], values["unit"]) if values["amount"] else None
    start = date.fromisoformat(values["start"])
    return Basis(start, period, values["first_counted"], values["calendar"])


YELLOW = DeadlineColumns("yellow", "ends_on", "is_provisional")
RAISED = RaisedDeadline("raised", "raised", "raised")
EXTENSION = DeadlineColumns("extension", "extended_until", "is_extension_provisional")
RED = DeadlineColumns("red", "red_ends_on", "is_red_provisional")
OPINION = DeadlineColumns("opinion", "opinion_due_on", "is_due_provisional")
DECISION = DeadlineColumns("decision", "decision_due_on", "is_due_provisional")
PROOF_OF_SERVICE = DeadlineColumns("service", "due_on", "is_due_provisional")
START_OF_WITHDRAWAL = DeadlineColumns("start", "start_due_on", "is_start_due_provisional")
STATEMENT = DeadlineColumns("statement", "statement_until", "is_statement_provisional")
DISPLAY = DeadlineColumns("display", "display_until", "is_display_provisional")
HEARING_REQUEST = DeadlineColumns(
    "hearing_request", "hearing_request_until", "is_hearing_request_provisional"
)
HEARING_LATEST = DeadlineColumns("hearing_latest", "hearing_due_on", "is_hearing_due_provisional")
HEARING_EARLIEST = DeadlineColumns(
    "hearing_earliest", "hearing_not_before", "is_hearing_not_before_provisional"
)
LOWER_GRADE = DeadlineColumns("lower_grade", "lower_grade_until", "is_lower_grade_provisional")
RETURN_DUE = DeadlineColumns("return", "due_on", "is_due_provisional")
FOLLOW_UP = DeadlineColumns("follow_up", "follow_up_due_on", "is_follow_up_provisional")
# Their fields in `procedure.state.Withdrawal` have the same names.
OF_WITHDRAWAL = (STATEMENT, DISPLAY, HEARING_REQUEST, HEARING_LATEST, HEARING_EARLIEST)
TEXTS: Mapping[str, str] = {
    "yellow": _n("整改期限"),
    "raised": _n("提高后指标的整改期限"),
    "extension": _n("延长的整改期限"),
    "red": _n("红牌预警期限"),
    "opinion": _n("申请的审查期限"),
    "decision": _n("申请的答复期限"),
    "service": _n("送达凭证期限"),
    "notice": _n("公告送达期限"),
    "start": _n("启动撤回的期限"),
    "statement": _n("陈述申辩期限"),
    "display": _n("公示期限"),
    "hearing_request": _n("要求听证的期限"),
    "hearing_latest": _n("举行听证的期限"),
    "hearing_earliest": _n("听证通知后可以举行听证的日期"),
    "lower_grade": _n("申请核定低等级的期限"),
    "return": _n("季度汇总报送期限"),
    "follow_up": _n("抽查问题整改期限"),
}
