"""The only input of an evaluation: tables with fixed columns, whatever they were read from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

TEXT, DAY = pa.string(), pa.date32()


class Enterprise(NamedTuple):
    """A legal person. division_code: six digits of the place of registration, or null."""

    credit_code: str
    name: str
    division_code: str | None
    branch_credit_codes: tuple[str, ...]


class Item(NamedTuple):
    """One certificate record of an item (credit_code, category, sub_item)."""

    credit_code: str
    category: str
    sub_item: str
    grade: str
    certificate_no: str
    licensing_authority: str | None
    route: str
    valid_from: date | None
    valid_to: date | None
    renewal_filed_on: date | None
    extended_without_check_until: date | None
    register_state: str
    register_state_from: date | None


class Registration(NamedTuple):
    """One person, one profession, one speciality, one enterprise. speciality null = unreadable.

    renewal_filed_on: the day on which renewal was applied for, null = none, or the register does
    not say. certificate_valid_to: where valid_to is null, the end that the register gives of the
    certificate alone: that of the registration, or of the use of an electronic certificate.
    """

    person_id: str
    credit_code: str
    profession: str
    profession_grade: str | None
    speciality: str | None
    registration_no: str | None
    at_enterprise_from: date | None
    valid_from: date | None
    valid_to: date | None
    register_state: str
    register_state_from: date | None
    renewal_filed_on: date | None = None
    certificate_valid_to: date | None = None


class Person(NamedTuple):
    """A person. born_on null = age in doubt."""

    person_id: str
    born_on: date | None
    died_on: date | None
    locked_from: date | None
    locked_until: date | None


class Contribution(NamedTuple):
    """One month (its first day) of social insurance of one kind by one payer.

    insurance_kind: one of INSURANCE_KINDS; null = the register does not tell kinds apart.
    payment_state: one of PAYMENT_STATES; null = the register lists payments only, so it is paid.
    """

    person_id: str
    month: date
    payer_credit_code: str
    insurance_kind: str | None = None
    payment_state: str | None = None


class Exemption(NamedTuple):
    """A lawful reason why a person's insurance is elsewhere, with its document."""

    person_id: str
    credit_code: str
    reason: str
    document: str | None
    valid_from: date | None
    valid_to: date | None


class AcceptedFinding(NamedTuple):
    """A determined or repaired finding that must not warn again while at least `at_held` are
    held.
    """

    credit_code: str
    category: str
    sub_item: str
    requirement: str
    at_held: int
    until: date | None
    because: str | None


class Coverage(NamedTuple):
    """What a source (a table's name) covers.

    loaded_at null = never loaded; area '' = everywhere; people `all` or `present` (only those who
    appear).
    """

    source: str
    loaded_at: date | None
    covers_from: date | None
    covers_to: date | None
    area: str
    people: str


class Unparsed(NamedTuple):
    """A rejected row. A null key could be anyone's: it can only help."""

    row_id: str
    credit_code: str | None
    table: str
    profession: str | None
    person_id: str | None
    category: str | None


TABLES: Mapping[str, type[Any]] = {
    "enterprises": Enterprise,
    "items": Item,
    "registrations": Registration,
    "people": Person,
    "contributions": Contribution,
    "exemptions": Exemption,
    "accepted_findings": AcceptedFinding,
    "coverage": Coverage,
    "unparsed": Unparsed,
}
_DAYS = {
    "born_on",
    "died_on",
    "locked_from",
    "locked_until",
    "month",
    "valid_from",
    "valid_to",
    "renewal_filed_on",
    "certificate_valid_to",
    "extended_without_check_until",
    "register_state_from",
    "at_enterprise_from",
    "until",
    "loaded_at",
    "covers_from",
    "covers_to",
}
REGISTER_STATES = (
    "in-force",
    "suspended",
    "withdrawn",
    "annulled",
    "revoked",
    "deregistered",
    "expired",
)
ROUTES = ("direct", "upgrade", "unknown")
# pension 养老, medical 医疗, unemployment 失业, work-injury 工伤, maternity 生育; other: any other
# kind, or a text that names none. Which kinds count is the policy's `insurance_kinds`.
INSURANCE_KINDS = ("pension", "medical", "unemployment", "work-injury", "maternity", "other")
# paid; owed 欠费 or nothing received: not paid; deferred 缓缴: in order where an exemption with its
# document covers the month, else in doubt; unclear: a text that was not understood, in doubt.
PAYMENT_STATES = ("paid", "owed", "deferred", "unclear")


def _type_of(column: str) -> pa.DataType:
    if column in _DAYS:
        return DAY
    if column == "branch_credit_codes":
        return pa.list_(TEXT)
    return pa.int32() if column == "at_held" else TEXT


SCHEMAS: Mapping[str, pa.Schema] = {
    name: pa.schema([(column, _type_of(column)) for column in row._fields])
    for name, row in TABLES.items()
}


@dataclass(frozen=True, slots=True)
class EnterpriseFacts:
    """What concerns one enterprise: its own rows, and everything else about the people registered
    there.
    """

    enterprise: Enterprise | None
    items: list[Item]
    registrations: list[Registration]
    elsewhere: Mapping[str, list[Registration]]
    people: Mapping[str, Person]
    contributions: Mapping[str, list[Contribution]]
    exemptions: Mapping[str, list[Exemption]]
    accepted_findings: list[AcceptedFinding]
    unparsed: list[Unparsed]


class Facts:
    """All tables of one evaluation. `tables[name]` is an Arrow table in the schema of SCHEMAS."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self.tables = {name: tables.get(name, SCHEMAS[name].empty_table()) for name in TABLES}
        for name, table in self.tables.items():
            if table.schema.names != SCHEMAS[name].names:
                raise ValueError(
                    f"{name}: columns {table.schema.names}, expected {SCHEMAS[name].names}"
                )

    @classmethod
    def of_rows(cls, rows: Mapping[str, Iterable[Any]]) -> "Facts":
        """Facts from named tuples (or plain tuples in column order), by table name."""
        tables = {}
        for name, listed in rows.items():
            columns = list(zip(*listed, strict=True)) or [()] * len(SCHEMAS[name])
            arrays = [
                pa.array(column, field.type)
                for column, field in zip(columns, SCHEMAS[name], strict=True)
            ]
            tables[name] = pa.Table.from_arrays(arrays, schema=SCHEMAS[name])
        return cls(tables)

    def rows(self, name: str) -> list[Any]:
        """A table's rows as named tuples."""
        make, table = TABLES[name], self.tables[name]
        columns = [table.column(column).to_pylist() for column in make._fields]
        if name == "enterprises":
            branches = make._fields.index("branch_credit_codes")
            columns[branches] = [tuple(codes or ()) for codes in columns[branches]]
        return [make(*values) for values in zip(*columns, strict=True)]

    @cached_property
    def coverage(self) -> list[Coverage]:
        """Coverage rows."""
        return self.rows("coverage")

    @cached_property
    def contribution_months(self) -> frozenset[date]:
        """The months in which anybody paid for anybody."""
        return frozenset(self.tables["contributions"].column("month").unique().to_pylist())

    @cached_property
    def unparsed(self) -> list[Unparsed]:
        """Rejected rows."""
        return self.rows("unparsed")

    @cached_property
    def _enterprises(self) -> dict[str, Enterprise]:
        return {row.credit_code: row for row in self.rows("enterprises")}

    @cached_property
    def _people(self) -> dict[str, Person]:
        return {row.person_id: row for row in self.rows("people")}

    @cached_property
    def _items(self) -> dict[str, list[Item]]:
        return _grouped(self.rows("items"), "credit_code")

    def items_of(self, credit_code: str) -> list[Item]:
        """The certificate records of an enterprise."""
        return self._items.get(credit_code, [])

    def enterprise_name(self, credit_code: str) -> str:
        """An enterprise's name; '' where it has no row."""
        enterprise = self._enterprises.get(credit_code)
        return enterprise.name if enterprise else ""

    def are_one_legal_person(self, credit_code: str, other: str) -> bool:
        """Whether two credit codes are of one enterprise and its branches."""
        legal_persons = self._legal_persons(credit_code)
        return credit_code == other or not legal_persons.isdisjoint(self._legal_persons(other))

    def _legal_persons(self, credit_code: str) -> set[str]:
        return {credit_code, *self._parents.get(credit_code, ())}

    @cached_property
    def _parents(self) -> dict[str, list[str]]:
        """Branch -> the enterprises that name it."""
        table = self.tables["enterprises"]
        branches = table.column("branch_credit_codes").combine_chunks()
        parents = table.column("credit_code").take(pc.list_parent_indices(branches))
        pairs = zip(pc.list_flatten(branches).to_pylist(), parents.to_pylist(), strict=True)
        parents_of: dict[str, list[str]] = defaultdict(list)
        for branch, parent in pairs:
            parents_of[branch].append(parent)
        return dict(parents_of)

    @cached_property
    def _registrations(self) -> dict[str, list[Registration]]:
        return _grouped(self.rows("registrations"), "credit_code")

    @cached_property
    def _registrations_of(self) -> dict[str, list[Registration]]:
        return _grouped((row for rows in self._registrations.values() for row in rows), "person_id")

    @cached_property
    def _contributions(self) -> dict[str, list[Contribution]]:
        return _grouped(self.rows("contributions"), "person_id")

    @cached_property
    def _exemptions(self) -> dict[str, list[Exemption]]:
        return _grouped(self.rows("exemptions"), "person_id")

    @cached_property
    def _accepted(self) -> dict[str, list[AcceptedFinding]]:
        return _grouped(self.rows("accepted_findings"), "credit_code")

    @cached_property
    def _unparsed_of(self) -> dict[str | None, list[Unparsed]]:
        return _grouped(self.unparsed, "credit_code")

    @cached_property
    def _unparsed_insurance(self) -> dict[str | None, list[Unparsed]]:
        return _grouped((row for row in self.unparsed if row.table != "registrations"), "person_id")

    def _unparsed_near(self, credit_code: str, person_ids: set[str]) -> list[Unparsed]:
        """Rejected rows that may concern the enterprise: its own, its branches', its people's, and
        anyone's.
        """
        enterprise = self._enterprises.get(credit_code)
        codes = (None, credit_code, *(enterprise.branch_credit_codes if enterprise else ()))
        rows = [row for code in codes for row in self._unparsed_of.get(code, [])]
        if self._unparsed_insurance:
            for person_id in person_ids:
                rows += self._unparsed_insurance.get(person_id, [])
        return list({row.row_id: row for row in rows}.values())

    @cached_property
    def credit_codes(self) -> list[str]:
        """Every enterprise that has a row, an item, or an item's row that could not be read, in
        order.
        """
        unparsed = {
            row.credit_code for row in self.unparsed if row.table == "items" and row.credit_code
        }
        listed = (
            self.tables[name].column("credit_code").to_pylist() for name in ("enterprises", "items")
        )
        return sorted(unparsed.union(*listed))

    def about(self, credit_codes: Iterable[str]) -> "Facts":
        """The facts about some enterprises: their items, and all about the people registered there.

        The other tables are whole.
        """
        tables, codes = dict(self.tables), pa.array(sorted(set(credit_codes)), TEXT)

        def restrict(name: str, column: str, values: pa.Array) -> None:
            tables[name] = tables[name].filter(pc.is_in(tables[name].column(column), values))

        restrict("items", "credit_code", codes)
        registrations = tables["registrations"]
        here = registrations.filter(pc.is_in(registrations.column("credit_code"), codes))
        for name in ("registrations", "people", "contributions"):
            restrict(name, "person_id", here.column("person_id").unique())
        return Facts(tables)

    def for_enterprise(self, credit_code: str) -> EnterpriseFacts:
        """The part of the facts that one enterprise's evaluation needs."""
        own = self._registrations.get(credit_code, [])
        ids = {row.person_id for row in own}
        return EnterpriseFacts(
            enterprise=self._enterprises.get(credit_code),
            items=self._items.get(credit_code, []),
            registrations=own,
            elsewhere={
                person_id: [
                    row
                    for row in self._registrations_of[person_id]
                    if row.credit_code != credit_code
                ]
                for person_id in ids
            },
            people={
                person_id: self._people[person_id] for person_id in ids if person_id in self._people
            },
            contributions={
                person_id: self._contributions[person_id]
                for person_id in ids
                if person_id in self._contributions
            },
            exemptions={
                person_id: self._exemptions[person_id]
                for person_id in ids
                if person_id in self._exemptions
            },
            accepted_findings=self._accepted.get(credit_code, []),
            unparsed=self._unparsed_near(credit_code, ids),
        )


def _grouped(rows: Iterable[Any], key: str) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, key)].append(row)
    return dict(groups)
