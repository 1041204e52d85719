"""A facts folder: the facts tables themselves, as CSV or Parquet, people as pseudonyms."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from qualwatch.evaluation.facts import (
    INSURANCE_KINDS,
    PAYMENT_STATES,
    REGISTER_STATES,
    ROUTES,
    SCHEMAS,
    Facts,
)
from qualwatch.intake.problems import NothingReadable
from qualwatch.law.loader import Law
from qualwatch.wording import gettext as _

OPTIONAL_COLUMNS = {
    "enterprises": {"branch_credit_codes", "name"},
    "items": {
        "renewal_filed_on",
        "extended_without_check_until",
        "register_state_from",
        "licensing_authority",
    },
    "registrations": {
        "register_state_from",
        "at_enterprise_from",
        "registration_no",
        "renewal_filed_on",
        "certificate_valid_to",
    },
    "contributions": {"insurance_kind", "payment_state"},
    "people": {"died_on", "locked_from", "locked_until"},
    "unparsed": {"person_id", "category"},
}
SHORT_NAMES = {("exemptions", "from"): "valid_from", ("exemptions", "to"): "valid_to"}
LONGEST_REASON = 200  # characters of a parser's message
BLANK_COLUMNS = {  # an empty cell of these is an empty text, not an unknown one
    "items": ("sub_item", "certificate_no"),
    "coverage": ("area",),
    "enterprises": ("name",),
}
NEEDED = ("enterprises", "items", "registrations")


def is_facts_folder(path: Path) -> bool:
    """Whether a folder holds `enterprises.csv` with the facts' own columns, or
    `enterprises.parquet`.
    """
    if (path / "enterprises.parquet").is_file():
        return True
    table = path / "enterprises.csv"
    if not table.is_file():
        return False
    with table.open("rb") as file:
        return b"credit_code" in file.readline()


def read_facts(path: Path, law: Law) -> Facts:
    """The facts of a facts folder; NothingReadable names the table and what is wrong with it."""
    tables = {}
    for name, schema in SCHEMAS.items():
        file = _file_of(path, name)
        if file is not None:
            tables[name] = _read_table(file, name, schema)
        elif name in NEEDED:
            raise NothingReadable(
                _("{path} 里没有 {name}.csv 或 {name}.parquet").format(path=path, name=name)
            )
    _check_words(tables, law)
    return Facts(tables)


def _file_of(folder: Path, name: str) -> Path | None:
    """The file of a table; Parquet comes before CSV."""
    for ending in (".parquet", ".csv"):
        file = folder / f"{name}{ending}"
        if file.is_file():
            return file
    return None


def _read_table(file: Path, name: str, schema: pa.Schema) -> pa.Table:
    try:
        return _conformed(name, _read(file, schema), schema)
    except (
        pa.ArrowInvalid,
        pa.ArrowKeyError,
        pa.ArrowNotImplementedError,
        OSError,
        ValueError,
    ) as error:
        reason = str(error).splitlines()[0][:LONGEST_REASON]
        raise NothingReadable(
            _("{file} 读不出：{reason}").format(file=file.name, reason=reason)
        ) from error


def write_facts(facts: Facts, folder: Path) -> None:
    """Every table as Parquet; reading the folder gives the same facts."""
    folder.mkdir(parents=True)
    for name, table in facts.tables.items():
        pa_parquet.write_table(table, folder / f"{name}.parquet")


def _read(file: Path, schema: pa.Schema) -> pa.Table:
    if file.suffix == ".parquet":
        return pa_parquet.read_table(file)
    types = {
        field.name: pa.string() if pa.types.is_list(field.type) else field.type for field in schema
    }
    types |= {
        short: types[long]
        for (table, short), long in SHORT_NAMES.items()
        if long in types and table == file.stem
    }
    options = pa_csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True)
    return pa_csv.read_csv(file, convert_options=options)


def _conformed(name: str, table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table as read, in the schema of the facts."""
    table = table.rename_columns(
        [SHORT_NAMES.get((name, column), column) for column in table.schema.names]
    )
    columns = [_column(name, table, field) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(name: str, table: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    """One column in its type; ValueError where a needed one is missing."""
    if field.name not in table.schema.names:
        if field.name not in OPTIONAL_COLUMNS.get(name, set()):
            raise ValueError(_("缺少列 {column}").format(column=field.name))
        column = pa.nulls(len(table), field.type)
    else:
        column = table.column(field.name)
    if pa.types.is_list(field.type):
        return _lists(column, field.type)
    column = column.cast(field.type)
    return column.fill_null("") if field.name in BLANK_COLUMNS.get(name, ()) else column


def _lists(column: pa.ChunkedArray | pa.Array, kind: pa.DataType) -> pa.Array:
    """Lists as they are, or codes in one text with ; between them; no code is an empty list."""
    if pa.types.is_string(column.type):
        split = [(text or "").split(";") for text in column.to_pylist()]
        column = pa.array([list(filter(None, codes)) for codes in split], kind)
    return pa.array([codes or [] for codes in column.cast(kind).to_pylist()], kind)


def _check_words(tables: dict[str, pa.Table], law: Law) -> None:
    allowed: dict[tuple[str, str], set[str | None]] = {
        ("items", "category"): {*law.categories, *law.out_of_scope},
        ("items", "register_state"): set(REGISTER_STATES),
        ("items", "route"): set(ROUTES),
        ("registrations", "register_state"): set(REGISTER_STATES),
        ("registrations", "profession"): set(law.professions),
        ("contributions", "insurance_kind"): {*INSURANCE_KINDS, None},
        ("contributions", "payment_state"): {*PAYMENT_STATES, None},
        ("coverage", "source"): set(SCHEMAS),
        ("unparsed", "table"): {*SCHEMAS, "locks"},
    }
    for (name, column), words in allowed.items():
        if name not in tables:
            continue
        unknown = set(tables[name].column(column).unique().to_pylist()) - words
        if unknown:
            value = min(map(str, unknown))
            sentence = _("{name} 的 {column} 列有认不出的值：{value}")
            raise NothingReadable(sentence.format(name=name, column=column, value=value))
