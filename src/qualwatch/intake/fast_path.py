"""Clean rows read column by column: most rows of the two long registers.

A row is clean if every cell can be read, nothing contradicts and nothing needs a notice. All other
rows are read one by one in tables.py, which defines what a row means; it would accept a clean row
without a notice.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.evaluation.facts import SCHEMAS
from qualwatch.intake import cells
from qualwatch.intake.cells import Cell, plain
from qualwatch.intake.columns import Body, ReadColumn
from qualwatch.intake.headers import Header
from qualwatch.intake.problems import BadCell
from qualwatch.intake.rows import SheetReader
from qualwatch.intake.vocabulary import (
    IDENTITY_CARD,
    PaymentCells,
    Words,
    amount,
    identity_kind,
    insurance_kinds,
    payer,
    payment_state,
    payment_word_under,
    state_under,
)

TEXT, DAY = pa.string(), pa.date32()
# the number of an identity card: people get their pseudonyms when every file has been read
NUMBER = pa.field("number", TEXT)
BLOCKS = {
    "registrations": pa.schema(
        [NUMBER, ("person_name", TEXT), *list(SCHEMAS["registrations"])[1:]]
    ),
    "contributions": pa.schema([NUMBER, *list(SCHEMAS["contributions"])[1:]]),
}
CODE_COLUMNS = (("registrations", "credit_code"), ("contributions", "payer_credit_code"))
Certificate = tuple[str, str | None, str | None]  # profession, grade, speciality
CERTIFICATE_COLUMNS = ("profession", "profession_grade", "speciality")
REGISTRATION_CELLS: Mapping[str, Callable[[Cell], Any]] = {
    "credit_code": cells.credit_code,
    "at_enterprise_from": cells.day,
    "valid_from": cells.day,
    "valid_to": cells.end_day,
    "register_state_from": cells.day,
    "renewal_filed_on": cells.day,
    "registration_no": cells.registration_number,
    "person_name": plain,
    "born_on": cells.day_or_none,
}


class CleanRows:
    """Collects the clean rows of all sheets.

    Blocks have the facts' columns, with a number for the person.
    """

    def __init__(self, words: Words) -> None:
        self.words = words
        self._blocks: dict[str, list[pa.Table]] = {name: [] for name in BLOCKS}
        self._card_numbers: dict[Cell, str] = {}
        # of the last sheet, how many clean rows have this kind of insurance and state of payment
        self.payments_of_sheet: Counter[tuple[str | None, str | None]] = Counter()
        # of the last sheet, how many clean rows have no registration number
        self.without_number_of_sheet = 0

    def rows(self, table: str) -> pa.Table:
        """Every clean row of one table."""
        return pa.concat_tables([BLOCKS[table].empty_table(), *self._blocks[table]])

    def credit_codes(self) -> Iterator[str]:
        """The credit codes that the clean rows name, each once per table."""
        for table, column in CODE_COLUMNS:
            yield from self.rows(table).column(column).unique().to_pylist()

    def collect(self, reader: SheetReader) -> pa.Array:
        """Collects a sheet's clean rows; per row below the header, whether it was one."""
        self.payments_of_sheet = Counter()
        self.without_number_of_sheet = 0
        body = reader.body()
        table = reader.header.table.slug
        if table == "registrations" and body.length:
            return self._registrations(reader, body)
        if table == "contributions" and body.length:
            return self._contributions(reader, body)
        return pa.repeat(pa.scalar(value=False), body.length)

    def _card_number(self, cell: Cell) -> str:
        """An identity card's number without a notice.

        Each is read once, in whatever register it stands.
        """
        number = self._card_numbers.get(cell)
        if number is None:
            number = cells.resident_number(cell)
            if cells.has_retired_region(number):
                raise BadCell("", "")
            self._card_numbers[cell] = number
        return number

    def _certificates(self, together: Cell) -> list[Certificate]:
        """The certificates of (profession, grade, speciality).

        BadCell where a row needs a closer look.
        """
        certificates, unparsed, graded = self.words.certificates(*together)
        if unparsed or not graded:
            raise BadCell("", "")
        return certificates

    def _numbers(self, body: Body) -> tuple[ReadColumn, pa.Array]:
        """Identity cards' numbers, and which rows carry a good one."""
        kinds = body.column("identity_kind").read(identity_kind).as_array(TEXT)
        numbers = body.column("identity").read(self._card_number)
        return numbers, _all(pc.equal(kinds, IDENTITY_CARD), numbers.is_accepted)

    def _registrations(self, reader: SheetReader, body: Body) -> pa.Array:
        numbers, has_number = self._numbers(body)
        certificates = body.joined(*CERTIFICATE_COLUMNS).read(self._certificates)
        read_columns = {
            slug: body.column(slug).read(read) for slug, read in REGISTRATION_CELLS.items()
        }
        read_state = state_under(reader.header.written.get("register_state", ""))
        read_columns["register_state"] = body.column("register_state").read(read_state)
        schema = BLOCKS["registrations"]
        columns = {
            slug: read.as_array(schema.field(slug).type if slug in schema.names else DAY)
            for slug, read in read_columns.items()
        }
        columns["number"] = numbers.as_array(TEXT)
        end = columns["valid_to"]
        columns["certificate_valid_to"] = pa.nulls(body.length, DAY)
        if reader.header.is_vague("valid_to"):
            columns["valid_to"], columns["certificate_valid_to"] = (
                columns["certificate_valid_to"],
                end,
            )
        is_clean = _all(
            reader.is_surely_data(body),
            has_number,
            certificates.is_accepted,
            *(read.is_accepted for read in read_columns.values()),
            _true_if_unknown(pc.less_equal(columns["valid_from"], end)),
            _true_if_unknown(_born_as_numbered(columns["born_on"], columns["number"])),
        )
        self._add_registrations(columns, certificates, is_clean)
        without_number = _all(is_clean, pc.is_null(columns["registration_no"]))
        self.without_number_of_sheet = without_number.true_count
        return is_clean

    def _add_registrations(
        self, columns: dict[str, pa.Array], certificates: ReadColumn, is_clean: pa.Array
    ) -> None:
        """One block for everybody's first certificate, one for the second, and so on."""
        schema = BLOCKS["registrations"]
        most = max((len(value) for value in certificates.values if value), default=0)
        for nth in range(most):
            parts = {
                slug: certificates.as_array(TEXT, _part(nth, part))
                for part, slug in enumerate(CERTIFICATE_COLUMNS)
            }
            all_columns = columns | parts
            arrays = [all_columns[slug] for slug in schema.names]
            block = pa.Table.from_arrays(arrays, schema=schema)
            has_certificate = pc.is_valid(parts["profession"])
            self._blocks["registrations"].append(block.filter(_all(is_clean, has_certificate)))

    def _contributions(self, reader: SheetReader, body: Body) -> pa.Array:
        numbers, has_number = self._numbers(body)
        months = body.column("month").read(cells.month)
        payers = body.column("payer_credit_code").read(payer)
        kinds = body.column("insurance_kind").read(_only_kind)
        payments = _payments(reader, body)
        is_clean = _all(
            reader.is_surely_data(body),
            has_number,
            months.is_accepted,
            payers.is_accepted,
            kinds.is_accepted,
            payments.is_accepted,
        )
        columns = [
            numbers.as_array(TEXT),
            months.as_array(DAY),
            payers.as_array(TEXT),
            kinds.as_array(TEXT),
            payments.as_array(TEXT),
        ]
        block = pa.Table.from_arrays(columns, schema=BLOCKS["contributions"]).filter(is_clean)
        self._blocks["contributions"].append(block)
        self.payments_of_sheet = _counted(block)
        return is_clean


def _only_kind(cell: Cell) -> str | None:
    """The kind of insurance of a cell that does not name several."""
    kinds = insurance_kinds(cell)
    if len(kinds) > 1:
        raise BadCell("", "")
    return kinds[0]


def payment_readings(header: Header) -> dict[str, Callable[[Cell], str] | None]:
    """How each column that says something of a payment is read; None for one that is not there."""
    word = payment_word_under(header.written.get("payment_state", ""))
    readings = {"payment_state": word, "amount_received": amount, "amount_owed": amount}
    return {slug: read if slug in header.positions else None for slug, read in readings.items()}


def _payments(reader: SheetReader, body: Body) -> ReadColumn:
    """The state of payment of each row."""
    readings = payment_readings(reader.header)

    def read_payment(together: Cell) -> str | None:
        written = (
            read(cell) if read else None
            for read, cell in zip(readings.values(), together, strict=True)
        )
        return payment_state(PaymentCells(*written))

    return body.joined(*readings).read(read_payment)


def _counted(block: pa.Table) -> Counter[tuple[str | None, str | None]]:
    """How many rows have each kind of insurance and state of payment."""
    keys = ["insurance_kind", "payment_state"]
    groups = block.select(keys).group_by(keys).aggregate([([], "count_all")])
    rows = zip(*(groups.column(name).to_pylist() for name in (*keys, "count_all")), strict=True)
    return Counter({(kind, state): count for kind, state, count in rows})


def _all(*conditions: pa.Array) -> pa.Array:
    """Where every condition is true; unknown is false."""
    is_true = conditions[0].fill_null(False)
    for condition in conditions[1:]:
        is_true = pc.and_(is_true, condition.fill_null(False))
    return is_true


def _true_if_unknown(condition: pa.Array) -> pa.Array:
    return condition.fill_null(True)


def _born_as_numbered(born_on: pa.Array, number: pa.Array) -> pa.Array:
    return pc.equal(pc.strftime(born_on, "%Y%m%d"), pc.utf8_slice_codeunits(number, 6, 14))


def _part(nth: int, part: int) -> Callable[[list[Certificate]], Any]:
    """Of a row's certificates, one part of the nth; None where there are fewer."""
    return lambda certificates: certificates[nth][part] if nth < len(certificates) else None
