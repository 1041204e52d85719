"""The register rows of an enterprise, as an officer chooses among them; people masked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qualwatch.evaluation.facts import REGISTER_STATES
from qualwatch.law.loader import current_law
from qualwatch.registers.identities import mask_of, name_of
from qualwatch.registers.models import ItemRow, Person, RegistrationRow
from qualwatch.reports.labels import REGISTER_STATES as STATES
from qualwatch.reports.labels import label_of

MOST = 200  # rows offered at once; a word of their names finds the others


@dataclass(frozen=True, slots=True)
class Row:
    """A register row: its key, and what it is called."""

    key: dict[str, Any]
    name: str


def rows_of(credit_code: str) -> dict[str, Row]:
    """By `table/number`; a corrected row stands for its source's."""
    found: dict[str, Row] = {}
    known: set[str] = set()
    for place, key, name in (*_items(credit_code), *_registrations(credit_code)):
        row = f"{place.partition('/')[0]} {sorted(key.items(), key=str)}"
        if row not in known:
            known.add(row)
            found[place] = Row(key, name)
    return found


def _items(credit_code: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    law = current_law()
    rows = ItemRow._default_manager.filter(recorded_to=None, credit_code=credit_code).order_by(
        "category", "pk"
    )
    for row in rows:
        text = law.categories.get(row.category)
        name = f"{text.name if text else row.category}{row.sub_item} {row.certificate_no} {_state(row.register_state)}"
        yield f"items/{row.pk}", {name: getattr(row, name) for name in ItemRow.KEY}, name


def _registrations(credit_code: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    law, model = current_law(), RegistrationRow._default_manager
    found = list(
        model.filter(recorded_to=None, credit_code=credit_code).order_by("person_id", "pk")
    )
    people = Person.objects.in_bulk({one.person_id for one in found})
    for row in found:
        person = people.get(row.person_id)
        who = f"{name_of(person)} {mask_of(person)}" if person else str(row.person_id)
        profession = (
            law.professions[row.profession].name
            if row.profession in law.professions
            else row.profession
        )
        told = f"{who} {profession} {row.speciality} {row.registration_no} {_state(row.register_state)}"
        yield (
            f"registrations/{row.pk}",
            {name: getattr(row, name) for name in RegistrationRow.KEY},
            " ".join(told.split()),
        )


def _state(slug: str | None) -> str:
    return label_of(STATES, slug) if slug in REGISTER_STATES and slug != "in-force" else ""
