"""What if: the registers with some registrations left out."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.evaluation.facts import Facts


class UnknownRegistration(Exception):
    """No register has this registration number; the message is the number."""


def without(facts: Facts, registration_nos: Iterable[str]) -> Facts:
    """The facts without the registrations of these numbers."""
    table, numbers = facts.tables["registrations"], list(registration_nos)
    known = set(table.column("registration_no").to_pylist())
    for number in numbers:
        if number not in known:
            raise UnknownRegistration(number)
    gone = pc.is_in(table.column("registration_no"), value_set=pa.array(numbers, pa.string()))
    return Facts({**facts.tables, "registrations": table.filter(pc.invert(gone))})
