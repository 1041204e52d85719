"""What officers enter, read from their forms; a value that cannot be read is a sentence."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest

from qualwatch.cases.applications.repairs import FieldCorrection, Repairs
from qualwatch.cases.documents.attachments import SubmittedFile, check_sizes
from qualwatch.cases.models import Case
from qualwatch.cases.warnings.determine import ProposedDetermination
from qualwatch.web.base.form_input import number_field, text_field
from qualwatch.web.staff.labels import CORRECTABLE_FIELDS, labels_of_field, slug_of_label
from qualwatch.wording import gettext as _

# what a refusal is about -> the field of a determination
DETERMINATION_FIELDS = {
    "valid-outcome": "outcome-red",
    "because": "because",
    "evidence": "evidence",
    "items": "item-1",
    "register-effect": "register_effect-1",
    "extends-in-limits": "until",
    "until": "until",
    "review_on": "review_on",
    "register_effect_number": "register_effect_number",
    "has_read": "has_read",
}
# register effects of a dismissal
ACCEPTED = "accepted-finding"
EFFECTS_BY_NUMBER = ("correction", "exemption")


class Unreadable(Exception):
    """A field of a form cannot be read; the message says how it is written. `about`: the field."""

    def __init__(self, sentence: str, about: str) -> None:
        super().__init__(sentence)
        self.about = about


def check_has_read(request: HttpRequest) -> None:
    """Raises Unreadable where the box "I have read the consequences" is not ticked."""
    if not request.POST.get("has_read"):
        raise Unreadable(_("请先阅读后果并勾选"), "has_read")


def uploaded_files(request: HttpRequest, name: str) -> list[SubmittedFile]:
    """The files of a field, with the note `NAME_note` on each.

    Raises CannotStore before too large files are read, Unreadable where there is none.
    """
    uploads = request.FILES.getlist(name)
    if not uploads:
        raise Unreadable(_("请上传证据文件，至少一件"), name)
    check_sizes(upload.size or 0 for upload in uploads)
    note = text_field(request, f"{name}_note")
    return [SubmittedFile(upload.name or "", upload.read(), note) for upload in uploads]


def day(request: HttpRequest, name: str, label: str) -> date | None:
    """A day, or none where the field is empty. Raises Unreadable."""
    text = text_field(request, name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        sentence = _("{label}：请写成 2023-07-31 这样的日期").format(label=label)
        raise Unreadable(sentence, name) from error


def determination_form(request: HttpRequest, case: Case) -> ProposedDetermination:
    """A determination as entered. Raises Unreadable."""
    outcome = request.POST.get("outcome", "")
    register_effect = _register_effect(request, case) if outcome == "dismissed" else ""
    items = [item.partition("/") for item in request.POST.getlist("item")]
    return ProposedDetermination(
        outcome=outcome,
        because=text_field(request, "because"),
        evidence=uploaded_files(request, "evidence"),
        requirements=request.POST.getlist("requirement"),
        items=[(category, sub_item) for category, _slash, sub_item in items],
        until=day(request, "until", _("延长至")) if outcome == "extended" else None,
        register_effect=register_effect,
        register_effect_details=_register_effect_details(request, register_effect),
    )


def _register_effect(request: HttpRequest, case: Case) -> str:
    """What a dismissal leaves; an accepted finding unless something else is chosen."""
    default = ACCEPTED if case.category else ""
    register_effect = request.POST.get("register_effect", default)
    if not register_effect:
        raise Unreadable(_("请选择不予认定时留下什么"), "register-effect")
    return register_effect


def _register_effect_details(request: HttpRequest, register_effect: str) -> dict[str, Any] | None:
    """Until when a finding is accepted, or the number of a correction or exemption."""
    if not register_effect:
        return None
    if register_effect == ACCEPTED:
        return {"until": day(request, "review_on", _("复核日"))}
    number = number_field(request, "register_effect_number")
    if register_effect not in EFFECTS_BY_NUMBER or number is None:
        raise Unreadable(_("请写明更正或豁免的编号"), "register_effect_number")
    return {register_effect: number}


def repairs_form(request: HttpRequest, keys: Mapping[str, Mapping[str, Any]]) -> Repairs:
    """One field of one register row to be set; without a row the finding is accepted as it is.

    keys: `table/number` -> the key of the row. Raises Unreadable.
    """
    review_on = day(request, "review_on", _("复核日"))
    if review_on is None:
        raise Unreadable(_("请写明复核日"), "review_on")
    row_id = request.POST.get("row", "")
    if not row_id:
        return Repairs(review_on)
    table = row_id.partition("/")[0]
    field = request.POST.get("field", "")
    if row_id not in keys or field not in CORRECTABLE_FIELDS.get(table, ()):
        raise Unreadable(_("请选择要更正的登记行和它的登记项"), "row")
    value = _corrected_value(request, table, field)
    document = text_field(request, "document")
    return Repairs(review_on, [FieldCorrection(table, dict(keys[row_id]), field, value, document)])


def _corrected_value(request: HttpRequest, table: str, field: str) -> str:
    """The value as the register writes it."""
    value = slug_of_label(field, text_field(request, "value"))
    if value is None:
        sentence = _("{field}只能是：{words}").format(
            field=_(CORRECTABLE_FIELDS[table][field]),
            words=_("、").join(labels_of_field(field).values()),
        )
        raise Unreadable(sentence, "value")
    return value
