"""Rows with nothing to say about them, taken as columns: most rows of the two long registers.

A row is smooth if every cell is read, nothing contradicts and nothing needs a notice. All other rows go one by one
through tables.py, which alone decides what they mean; a smooth row is one that tables.py would take in silence.
"""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.evaluation.facts import SCHEMAS
from qualwatch.intake import cells
from qualwatch.intake.cells import Cell, folded, plain
from qualwatch.intake.columns import Body, Read
from qualwatch.intake.problems import BadCell
from qualwatch.intake.rows import SheetReader
from qualwatch.intake.vocabulary import IDENTITY_CARD, Words, identity_kind, payer, state

TEXT, DAY = pa.string(), pa.date32()
NUMBER = pa.field(
    "number", TEXT
)  # of an identity card; people get their pseudonyms when every file has been read
BLOCKS = {
    "registrations": pa.schema(
        [NUMBER, ("person_name", TEXT), *list(SCHEMAS["registrations"])[1:]]
    ),
    "contributions": pa.schema([NUMBER, *list(SCHEMAS["contributions"])[1:]]),
}
Certificate = tuple[str, str | None, str | None]


class CleanRows:
    """Collects the smooth rows of all sheets. blocks[table]: the facts' columns, a number for the person."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self._blocks: dict[str, list[pa.Table]] = {name: [] for name in BLOCKS}
        self._known_numbers: dict[Cell, str] = {}

    def rows(self, table: str) -> pa.Table:
        """Everything taken of one table."""
        return pa.concat_tables([BLOCKS[table].empty_table(), *self._blocks[table]])

    def take(self, reader: SheetReader) -> pa.Array:
        """Takes a sheet's smooth rows; which rows below the header they are, as booleans."""
        body = reader.body()
        take = {"registrations": self._registrations, "contributions": self._contributions}
        if reader.header.table.slug not in take or not body.length:
            return pa.repeat(pa.scalar(value=False), body.length)
        return take[reader.header.table.slug](reader, body)

    def _card_number(self, cell: Cell) -> str:
        """An identity card's number with nothing to notice about it; read once, in whatever register it stands."""
        number = self._known_numbers.get(cell)
        if number is None:
            number = cells.resident_number(cell)
            if cells.has_retired_region(number):
                raise BadCell("", "")
            self._known_numbers[cell] = number
        return number

    def _certificates(self, together: Cell) -> list[Certificate]:
        """The certificates of (profession, grade, speciality); BadCell where a row would be refused or noticed."""
        found, unparsed, graded = self.words.certificates(*together)
        if unparsed or not graded:
            raise BadCell("", "")
        return found

    def _numbers(self, body: Body) -> tuple[Read, pa.Array]:
        """Identity cards' numbers, and which rows carry a good one."""
        card = pc.equal(
            body.column("identity_kind").read(identity_kind).as_array(TEXT), IDENTITY_CARD
        )
        numbers = body.column("identity").read(self._card_number)
        return numbers, _all(card, numbers.fine)

    def _registrations(self, reader: SheetReader, body: Body) -> pa.Array:
        numbers, known = self._numbers(body)
        kinds = body.joined("profession", "profession_grade", "speciality").read(self._certificates)
        read = {
            "credit_code": cells.credit_code,
            "at_enterprise_from": cells.day,
            "valid_from": cells.day,
            "valid_to": cells.end_day,
            "register_state": state,
            "register_state_from": cells.day,
            "registration_no": lambda cell: folded(cell) or None,
            "person_name": plain,
            "born_on": cells.day_if_told,
        }
        found = {slug: body.column(slug).read(reads) for slug, reads in read.items()}
        schema = BLOCKS["registrations"]
        columns = {
            slug: read.as_array(schema.field(slug).type if slug in schema.names else DAY)
            for slug, read in found.items()
        }
        columns["number"] = numbers.as_array(TEXT)
        smooth = _all(
            reader.surely_data(body),
            known,
            kinds.fine,
            *(read.fine for read in found.values()),
            _unless_told(pc.less_equal(columns["valid_from"], columns["valid_to"])),
            _unless_told(_born_as_numbered(columns["born_on"], columns["number"])),
        )
        most = max((len(value) for value in kinds.values if value), default=0)
        for at in range(most):
            for place, slug in enumerate(("profession", "profession_grade", "speciality")):
                columns[slug] = kinds.as_array(TEXT, _part(at, place))
            block = pa.Table.from_arrays([columns[slug] for slug in schema.names], schema=schema)
            self._blocks["registrations"].append(
                block.filter(_all(smooth, pc.is_valid(columns["profession"])))
            )
        return smooth

    def _contributions(self, reader: SheetReader, body: Body) -> pa.Array:
        numbers, known = self._numbers(body)
        months = body.column("month").read(cells.month)
        payers = body.column("payer_credit_code").read(payer)
        smooth = _all(reader.surely_data(body), known, months.fine, payers.fine)
        columns = [numbers.as_array(TEXT), months.as_array(DAY), payers.as_array(TEXT)]
        block = pa.Table.from_arrays(columns, schema=BLOCKS["contributions"])
        self._blocks["contributions"].append(block.filter(smooth))
        return smooth


def _all(*conditions: pa.Array) -> pa.Array:
    """Where every condition is true; unknown is false."""
    found = conditions[0].fill_null(False)
    for other in conditions[1:]:
        found = pc.and_(found, other.fill_null(False))
    return found


def _unless_told(condition: pa.Array) -> pa.Array:
    """A condition that holds where nothing is known to the contrary."""
    return condition.fill_null(True)


def _born_as_numbered(born_on: pa.Array, number: pa.Array) -> pa.Array:
    return pc.equal(pc.strftime(born_on, "%Y%m%d"), pc.utf8_slice_codeunits(number, 6, 14))


def _part(at: int, place: int) -> Callable[[list[Certificate]], Any]:
    """Of a row's certificates, one part of the one at a place; None where there are fewer."""
    return lambda found: found[at][place] if at < len(found) else None
