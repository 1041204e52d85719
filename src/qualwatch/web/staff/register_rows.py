"""The register rows of an enterprise, as an officer chooses among them; people are masked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qualwatch.evaluation.facts import REGISTER_STATES
from qualwatch.law.loader import Law, current_law
from qualwatch.registers.identities import mask_of, name_of
from qualwatch.registers.models import ItemRow, Person, RegistrationRow
from qualwatch.reports.labels import REGISTER_STATES as STATE_LABELS
from qualwatch.reports.labels import label_of

MAX_ROWS = 200  # offered at once; a word of their names finds the others


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A register row: its table, its key, and its name for people."""

    table: str
    key: dict[str, Any]
    name: str


def rows_of(credit_code: str) -> dict[str, RegisterRow]:
    """The rows of an enterprise by `table/number`.

    Where a correction stands on top of a source's row, only the first of both is listed.
    """
    rows: dict[str, RegisterRow] = {}
    listed_keys: set[tuple[str, str]] = set()
    for row_id, row in (*_items(credit_code), *_registrations(credit_code)):
        key = (row.table, str(sorted(row.key.items(), key=str)))
        if key not in listed_keys:
            listed_keys.add(key)
            rows[row_id] = row
    return rows


def _items(credit_code: str) -> Iterator[tuple[str, RegisterRow]]:
    law = current_law()
    rows = ItemRow._default_manager.filter(recorded_to=None, credit_code=credit_code)
    for row in rows.order_by("category", "pk"):
        text = law.categories.get(row.category)
        category = text.name if text else row.category
        state = _state(row.register_state)
        name = f"{category}{row.sub_item} {row.certificate_no} {state}"
        key = {field: getattr(row, field) for field in ItemRow.KEY}
        yield f"items/{row.pk}", RegisterRow("items", key, name)


def _registrations(credit_code: str) -> Iterator[tuple[str, RegisterRow]]:
    law = current_law()
    rows = RegistrationRow._default_manager.filter(recorded_to=None, credit_code=credit_code)
    registrations = list(rows.order_by("person_id", "pk"))
    people = Person.objects.in_bulk({row.person_id for row in registrations})
    for row in registrations:
        name = _registration_name(row, people.get(row.person_id), law)
        key = {field: getattr(row, field) for field in RegistrationRow.KEY}
        yield f"registrations/{row.pk}", RegisterRow("registrations", key, name)


def _registration_name(row: RegistrationRow, person: Person | None, law: Law) -> str:
    """Person, profession, speciality, number and state, as far as they are known."""
    text = law.professions.get(row.profession)
    parts = [
        f"{name_of(person)} {mask_of(person)}" if person else row.person_id,
        text.name if text else row.profession,
        row.speciality,
        row.registration_no,
        _state(row.register_state),
    ]
    # a part may be empty
    return " ".join(" ".join(str(part) for part in parts).split())


def _state(slug: str | None) -> str:
    return label_of(STATE_LABELS, slug) if slug in REGISTER_STATES and slug != "in-force" else ""
