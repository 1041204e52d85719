"""A facts folder: the facts tables themselves, as CSV or Parquet, people as pseudonyms."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from qualwatch.evaluation.facts import REGISTER_STATES, ROUTES, SCHEMAS, Facts
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
    "registrations": {"register_state_from", "at_enterprise_from", "registration_no"},
    "people": {"died_on", "locked_from", "locked_until"},
    "unparsed": {"person_id", "category"},
}
SHORT_NAMES = {("exemptions", "from"): "valid_from", ("exemptions", "to"): "valid_to"}
NEEDED = ("enterprises", "items", "registrations")


def is_facts_folder(path: Path) -> bool:
    """Whether a folder holds `enterprises.csv` with the facts' own columns, or `enterprises.parquet`."""
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
        file = next(
            (
                path / f"{name}{end}"
                for end in (".parquet", ".csv")
                if (path / f"{name}{end}").is_file()
            ),
            None,
        )
        if file is None:
            if name in NEEDED:
                raise NothingReadable(
                    _("{path} 里没有 {name}.csv 或 {name}.parquet").format(path=path, name=name)
                )
            continue
        try:
            tables[name] = _conformed(name, _read(file, schema), schema)
        except (
            pa.ArrowInvalid,
            pa.ArrowKeyError,
            pa.ArrowNotImplementedError,
            OSError,
            ValueError,
        ) as error:
            reason = str(error).splitlines()[0][:200]
            raise NothingReadable(
                _("{file} 读不出：{reason}").format(file=file.name, reason=reason)
            ) from error
    _check_words(tables, law)
    return Facts(tables)


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
    table = table.rename_columns(
        [SHORT_NAMES.get((name, column), column) for column in table.schema.names]
    )
    columns = []
    for field in schema:
        if field.name not in table.schema.names:
            if field.name not in OPTIONAL_COLUMNS.get(name, set()):
                raise ValueError(_("缺少列 {column}").format(column=field.name))
            columns.append(pa.nulls(len(table), field.type))
            continue
        column = table.column(field.name)
        if pa.types.is_list(field.type) and pa.types.is_string(column.type):
            parts = [
                [code for code in (text or "").split(";") if code] for text in column.to_pylist()
            ]
            column = pa.array(parts, field.type)
        columns.append(column.cast(field.type))
    found = pa.Table.from_arrays(columns, schema=schema)
    blank = {
        "items": ("sub_item", "certificate_no"),
        "coverage": ("area",),
        "enterprises": ("name",),
    }.get(name, ())
    for column_name in blank:
        at = found.schema.get_field_index(column_name)
        found = found.set_column(at, schema.field(at), found.column(at).fill_null(""))
    if name == "enterprises":
        at = found.schema.get_field_index("branch_credit_codes")
        found = found.set_column(
            at,
            schema.field(at),
            pa.array([c or [] for c in found.column(at).to_pylist()], schema.field(at).type),
        )
    return found


def _check_words(tables: dict[str, pa.Table], law: Law) -> None:
    allowed = {
        ("items", "category"): {*law.categories, *law.out_of_scope},
        ("items", "register_state"): set(REGISTER_STATES),
        ("items", "route"): set(ROUTES),
        ("registrations", "register_state"): set(REGISTER_STATES),
        ("registrations", "profession"): set(law.professions),
        ("coverage", "source"): set(SCHEMAS),
        ("unparsed", "table"): set(SCHEMAS) | {"locks"},
    }
    for (name, column), words in allowed.items():
        if name not in tables:
            continue
        strange = set(tables[name].column(column).unique().to_pylist()) - words
        if strange:
            value = min(map(str, strange))
            sentence = _("{name} 的 {column} 列有认不出的值：{value}")
            raise NothingReadable(sentence.format(name=name, column=column, value=value))
