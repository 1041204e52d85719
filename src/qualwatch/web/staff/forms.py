"""What officers enter, read from their forms; a wrong value is a sentence."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest

from qualwatch.cases.applications.repairs import Correcting, Repairs
from qualwatch.cases.models import Case
from qualwatch.cases.warnings.determine import Proposed
from qualwatch.web.staff.labels import CORRECTED, slug_of, words_of
from qualwatch.wording import gettext as _

FIELDS = {
    "known-outcome": "outcome-red",
    "because": "because",
    "evidence": "evidence",
    "items": "item-1",
    "leaves-something": "leaves-1",
    "extends-in-limits": "until",
    **{name: name for name in ("until", "review_on", "left_number", "has_read")},
}  # what a refusal is about -> the field of a determination
ACCEPTED, LEFT, LONGEST_NUMBER = (
    "accepted-finding",
    ("correction", "exemption"),
    18,
)  # what a dismissal leaves


class Unreadable(Exception):
    """A field of a form cannot be read; the message says which, and how it is written. `about`: the field."""

    def __init__(self, sentence: str, about: str) -> None:
        super().__init__(sentence)
        self.about = about


def lines(request: HttpRequest, name: str) -> list[str]:
    """One entry on each line."""
    return [line.strip() for line in request.POST.get(name, "").splitlines() if line.strip()]


def day(request: HttpRequest, name: str, label: str) -> date | None:
    """A day, or none."""
    told = request.POST.get(name, "").strip()
    if not told:
        return None
    try:
        return date.fromisoformat(told)
    except ValueError as error:
        raise Unreadable(
            _("{label}：请写成 2023-07-31 这样的日期").format(label=label), name
        ) from error


def proposed(request: HttpRequest, case: Case) -> Proposed:
    """A determination as entered."""
    outcome = request.POST.get("outcome", "")
    leaves = (
        request.POST.get("leaves", ACCEPTED if case.category else "")
        if outcome == "dismissed"
        else ""
    )
    if outcome == "dismissed" and not leaves:
        raise Unreadable(_("请选择不予认定时留下什么"), "leaves-something")
    items = [one.partition("/")[::2] for one in request.POST.getlist("item")]
    return Proposed(
        outcome=outcome,
        because=request.POST.get("because", "").strip(),
        evidence=lines(request, "evidence"),
        requirements=request.POST.getlist("requirement"),
        items=[(category, sub_item) for category, sub_item in items],
        until=day(request, "until", _("延长至")) if outcome == "extended" else None,
        leaves=leaves,
        left=_left(request, leaves),
    )


def _left(request: HttpRequest, leaves: str) -> dict[str, Any] | None:
    """What a dismissal leaves: until when a finding is accepted, or the number of a correction or exemption."""
    if not leaves:
        return None
    if leaves == ACCEPTED:
        return {"until": day(request, "review_on", _("复核日"))}
    number = request.POST.get("left_number", "").strip()
    if leaves not in LEFT or not number.isdecimal() or len(number) > LONGEST_NUMBER:
        raise Unreadable(_("请写明更正或豁免的编号"), "left_number")
    return {leaves: int(number)}


def repairs(request: HttpRequest, rows: Mapping[str, Mapping[str, Any]]) -> Repairs:
    """What is to be put right: one field of one of the applicant's rows; or none, and the finding is accepted as it is.

    rows: `table/number` -> the key of the row.
    """
    review_on = day(request, "review_on", _("复核日"))
    if review_on is None:
        raise Unreadable(_("请写明复核日"), "review_on")
    row, field = request.POST.get("row", ""), request.POST.get("field", "")
    if not row:
        return Repairs(review_on)
    table = row.partition("/")[0]
    if row not in rows or field not in CORRECTED.get(table, ()):
        raise Unreadable(_("请选择要更正的登记行和它的登记项"), "row")
    told, document = request.POST.get("value", "").strip(), request.POST.get("document", "").strip()
    value = slug_of(field, told)
    if value is None:
        known = _("、").join(words_of(field).values())
        raise Unreadable(
            _("{field}只能是：{words}").format(field=_(CORRECTED[table][field]), words=known),
            "value",
        )
    correcting = Correcting(table, dict(rows[row]), field, value, document)
    return Repairs(review_on, [correcting])
