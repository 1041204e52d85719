"""What if: the registers with some registrations left out."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.evaluation.facts import Facts


class UnknownRegistration(Exception):
    """No register has this registration number; the message is the number."""


def without(facts: Facts, registration_nos: Iterable[str]) -> Facts:
    """The facts without the registrations of these numbers."""
    registrations = facts.tables["registrations"]
    column = registrations.column("registration_no")
    left_out = list(registration_nos)
    existing = set(column.to_pylist())
    for number in left_out:
        if number not in existing:
            raise UnknownRegistration(number)
    is_left_out = pc.is_in(column, value_set=pa.array(left_out, pa.string()))
    return Facts({**facts.tables, "registrations": registrations.filter(pc.invert(is_left_out))})


def without_people(facts: Facts, person_ids: Iterable[str]) -> Facts:
    """The facts without any registration of these people."""
    registrations = facts.tables["registrations"]
    is_left_out = pc.is_in(
        registrations.column("person_id"), value_set=pa.array(list(person_ids), pa.string())
    )
    return Facts({**facts.tables, "registrations": registrations.filter(pc.invert(is_left_out))})


def with_grade(facts: Facts, credit_code: str, category: str, sub_item: str, grade: str) -> Facts:
    """The facts with another grade of one item."""
    key = (credit_code, category, sub_item)
    items = [
        row._replace(grade=grade) if (row.credit_code, row.category, row.sub_item) == key else row
        for row in facts.rows("items")
    ]
    return Facts({**facts.tables, "items": Facts.of_rows({"items": items}).tables["items"]})
