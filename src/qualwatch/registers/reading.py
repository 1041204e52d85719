"""What was read of a source's files as rows of the registers' tables; people by their row numbers."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import CharField

from qualwatch.intake.gather import Gathered
from qualwatch.intake.problems import NothingReadable
from qualwatch.intake.tables import Project
from qualwatch.intake.vocabulary import IDENTITY_CARD
from qualwatch.registers.identities import numbers_of
from qualwatch.registers.models import TABLES
from qualwatch.registers.sources import Source
from qualwatch.wording import gettext as _

PROJECT_TYPES = (pa.string(), pa.string(), pa.string(), pa.string(), pa.date32(), pa.date32())


def rows_by_table(source: Source, gathered: Gathered) -> dict[str, pa.Table]:
    """Rows of the source's tables, and what could not be read; new people are made known.

    NothingReadable where a cell is longer than the registers keep.
    """
    people = gathered.people
    if people is None:
        raise NothingReadable(_("带假名的事实文件夹不能导入登记库"))
    facts = gathered.facts.tables
    identities, names = people.identities(), people.names_by_rank()
    born = facts["people"].column("born_on").combine_chunks()
    is_card = pa.array([kind == IDENTITY_CARD for kind, _number in identities], pa.bool_())
    numbers = numbers_of(identities, names, pc.if_else(is_card, born, pa.scalar(None, pa.date32())))

    def numbered(table: pa.Table) -> pa.Table:
        places = pc.index_in(table.column("person_id"), value_set=people.ids)
        at = table.column_names.index("person_id")
        return table.set_column(at, "person_id", pc.take(numbers, places))

    readers: dict[str, Callable[[], pa.Table]] = {
        "enterprises": lambda: _with_branches(facts["enterprises"]),
        "items": lambda: facts["items"],
        "registrations": lambda: _filled(
            numbered(facts["registrations"]), "speciality", "registration_no"
        ),
        "contributions": lambda: numbered(facts["contributions"]),
        "exemptions": lambda: numbered(facts["exemptions"]),
        "locks": lambda: numbered(_locks(facts["people"])),
        "projects": lambda: _projects(list(people.into.projects)),
    }
    rows: dict[str, pa.Table] = {slug: readers[slug]() for slug in source.tables}
    if "registrations" in source.tables:  # the birthday of a card is its number's and never changes
        is_stated = pc.and_(pc.invert(is_card), pc.is_valid(born))
        rows["birthdays"] = pa.table(
            {"person_id": numbers.filter(is_stated), "born_on": born.filter(is_stated)}
        )
    unparsed = numbered(
        facts["unparsed"].rename_columns({"table": "table_name"}).drop_columns(["row_id"])
    )
    nobody = pc.fill_null(unparsed.column("person_id"), 0)
    unparsed = unparsed.set_column(unparsed.column_names.index("person_id"), "person_id", nobody)
    rows["unparsed"] = _filled(unparsed, "credit_code", "profession", "category")
    for slug, table in rows.items():
        _check_lengths(slug, table)
    return rows


def _filled(table: pa.Table, *columns: str) -> pa.Table:
    for column in columns:
        table = table.set_column(
            table.column_names.index(column), column, pc.fill_null(table.column(column), "")
        )
    return table


def _with_branches(enterprises: pa.Table) -> pa.Table:
    branches = pc.binary_join(
        enterprises.column("branch_credit_codes").cast(pa.list_(pa.string())), ";"
    )
    return enterprises.set_column(
        enterprises.column_names.index("branch_credit_codes"), "branch_credit_codes", branches
    )


def _locks(people: pa.Table) -> pa.Table:
    locks = people.drop_columns(["born_on"])
    return locks.filter(
        pc.or_(pc.is_valid(locks.column("died_on")), pc.is_valid(locks.column("locked_from")))
    )


def _projects(projects: list[Project]) -> pa.Table:
    columns = [
        pa.array([row[at] for row in projects], kind) for at, kind in enumerate(PROJECT_TYPES)
    ]
    return pa.table(columns, list(Project._fields))


def _check_lengths(slug: str, table: pa.Table) -> None:
    for field in TABLES[slug]._meta.concrete_fields:
        if (
            not isinstance(field, CharField)
            or field.column not in table.column_names
            or not len(table)
        ):
            continue
        cells = table.column(field.column)
        longest = pc.max(pc.utf8_length(cells)).as_py() or 0
        if longest > (field.max_length or longest):
            cell = cells.filter(pc.equal(pc.utf8_length(cells), longest))[0].as_py()
            sentence = _("{table}的 {column} 有 {length} 个字，最多 {most} 个：{value}…")
            values = {
                "table": slug,
                "column": field.column,
                "length": longest,
                "most": field.max_length,
            }
            raise NothingReadable(sentence.format(**values, value=cell[:20]))
