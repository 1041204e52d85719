"""What a pack discloses of people (ADR 40).

An identity number of a resident is the division, the birthday, three digits and a check digit.
Documents, as they were issued, show its first six and last two characters. Beside a birthday only
ten numbers would be left, so a pack holds no birthday at all: facts have years of age, of which the
findings of the day make use alone. What the pack itself writes shows no more than the first six.
"""

from datetime import date

import pyarrow as pa

from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.people import age_on
from qualwatch.privacy import hidden

# columns of texts that registers and officers write
FREE_TEXTS = {
    "registrations": ("registration_no",),
    "exemptions": ("document",),
    "accepted_findings": ("because",),
}


def disclosable(facts: Facts, day: date) -> Facts:
    """The facts without birthdays and identity numbers, which give the same findings on `day`.

    Everybody's birthday is replaced by the latest that makes the same full years on the day.
    """
    people = [
        row._replace(born_on=row.born_on and _latest_birthday(age_on(row.born_on, day), day))
        for row in facts.rows("people")
    ]
    tables = {**facts.tables, "people": Facts.of_rows({"people": people}).tables["people"]}
    for name, columns in FREE_TEXTS.items():
        for column in columns:
            tables[name] = _masked_column(tables[name], column)
    return Facts(tables)


def _latest_birthday(age: int, day: date) -> date:
    try:
        return day.replace(year=day.year - age)
    except ValueError:  # 29 February, in a year without one
        return day.replace(year=day.year - age, day=28)


def _masked_column(table: pa.Table, column: str) -> pa.Table:
    texts = [text and hidden(text) for text in table.column(column).to_pylist()]
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), pa.array(texts, pa.string()))


def mask_end(identity: str) -> str:
    """A masked number without its last characters."""
    start = identity.rstrip("0123456789Xx")
    return start + "*" * (len(identity) - len(start))


def mask_name(name: str) -> str:
    """The family name, the rest hidden."""
    return name[:1] + "*" * len(name[1:])
