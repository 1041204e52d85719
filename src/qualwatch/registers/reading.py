"""The tables read from a source's files as rows of the registers, with people by row number."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import CharField

from qualwatch.intake.problems import NothingReadable
from qualwatch.intake.register_files import RegisterFiles
from qualwatch.intake.tables import Project
from qualwatch.intake.vocabulary import IDENTITY_CARD
from qualwatch.registers.identities import numbers_of
from qualwatch.registers.models import TABLES
from qualwatch.registers.sources import Source
from qualwatch.wording import gettext as _

PROJECT_TYPES = (pa.string(), pa.string(), pa.string(), pa.string(), pa.date32(), pa.date32())


def rows_by_table(source: Source, register_files: RegisterFiles) -> dict[str, pa.Table]:
    """The rows of the source's tables and the unparsed rows, by table; new people are recorded.

    NothingReadable where a cell is longer than the registers store.
    """
    people = register_files.people
    if people is None:
        raise NothingReadable(_("带假名的事实文件夹不能导入登记库"))
    facts = register_files.facts.tables
    identities = people.identities()
    born_on = facts["people"].column("born_on").combine_chunks()
    is_card = pa.array([kind == IDENTITY_CARD for kind, _number in identities], pa.bool_())
    born_on_of_cards = pc.if_else(is_card, born_on, pa.scalar(None, pa.date32()))
    numbers = numbers_of(identities, people.names_by_rank(), born_on_of_cards)
    numbering = _Numbering(people.ids, numbers)
    projects = list(people.rows.projects)
    rows: dict[str, pa.Table] = {
        slug: _table_rows(slug, facts, numbering, projects) for slug in source.tables
    }
    if "registrations" in source.tables:
        # the birthday of a card follows from its number and never changes: only the others are rows
        is_stated = pc.and_(pc.invert(is_card), pc.is_valid(born_on))
        columns = {"person_id": numbers.filter(is_stated), "born_on": born_on.filter(is_stated)}
        rows["birthdays"] = pa.table(columns)
    rows["unparsed"] = _unparsed(facts["unparsed"], numbering)
    for slug, table in rows.items():
        _check_lengths(slug, table)
    return rows


@dataclass(frozen=True, slots=True)
class _Numbering:
    """Person ids of files (`ids`) and the row numbers of the same people in the registers, in one
    order.
    """

    ids: pa.Array
    numbers: pa.Array

    def applied_to(self, table: pa.Table) -> pa.Table:
        """The table with row numbers in its column person_id."""
        positions = pc.index_in(table.column("person_id"), value_set=self.ids)
        at = table.column_names.index("person_id")
        return table.set_column(at, "person_id", pc.take(self.numbers, positions))


def _table_rows(
    slug: str, facts: Mapping[str, pa.Table], numbering: _Numbering, projects: list[Project]
) -> pa.Table:
    """The rows of one table of a source."""
    if slug == "enterprises":
        return _with_branches(facts["enterprises"])
    if slug == "registrations":
        registrations = numbering.applied_to(facts["registrations"])
        return _filled(registrations, "speciality", "registration_no")
    if slug == "contributions":
        return _filled(numbering.applied_to(facts["contributions"]), "insurance_kind")
    if slug == "locks":
        return numbering.applied_to(_locks(facts["people"]))
    if slug == "projects":
        return _projects(projects)
    table = facts[slug]
    return numbering.applied_to(table) if "person_id" in table.column_names else table


def _unparsed(table: pa.Table, numbering: _Numbering) -> pa.Table:
    """Unparsed rows as the registers store them: nobody is person 0, what is unknown is empty."""
    renamed = table.rename_columns({"table": "table_name"}).drop_columns(["row_id"])
    numbered = numbering.applied_to(renamed)
    person_numbers = pc.fill_null(numbered.column("person_id"), 0)
    at = numbered.column_names.index("person_id")
    return _filled(
        numbered.set_column(at, "person_id", person_numbers),
        "credit_code",
        "profession",
        "category",
    )


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
