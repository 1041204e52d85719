"""The fast engine: findings.sql, anomalies.sql, people.sql over facts and the law of the day."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.evaluation.conflicts import (
    AsOf,
    conflict_of_registrations,
    contested_items,
    contested_registrations,
    undecided,
)
from qualwatch.evaluation.counting import flat_clause
from qualwatch.evaluation.facts import Coverage, Facts, Registration
from qualwatch.evaluation.findings import (
    Anomaly,
    ClauseCount,
    EnterpriseResult,
    Finding,
    FindingKey,
    JudgedRegistration,
    PersonLine,
    RegisterConflict,
)
from qualwatch.evaluation.items import items_in_force, never_read
from qualwatch.evaluation.law_tables import BIG, NUMBER, TEXT, LawTables, Rows, mask_of, slugs_of
from qualwatch.evaluation.people import covered_months, first_days, is_stale, month_of
from qualwatch.evaluation.reference import stale_registers
from qualwatch.evaluation.sessions import DuckSession, Session
from qualwatch.law.figures import Clause, Requirement
from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.law.policy import Policy

MAX_MONTHS = 60  # months of insurance kept as bits, back from the last settled one


class Bound:
    """The facts as the statements bind them, for all enterprises or some.

    Enterprises and people are numbered, months are bits, coverage is by area.

    `tables` has the law's tables too; `named` gives results their credit codes and person ids
    again. Numbers go by credit code (results come in that order); those of people are in no order.
    """

    def __init__(self, facts: Facts, law: LawTables, of: Iterable[str] | None = None) -> None:
        chosen = facts.tables if of is None else facts.about(of).tables
        tables = _renamed(chosen, law)
        columns = {"credit_code", "branch_code", "payer_credit_code"}
        with ThreadPoolExecutor() as threads:
            codes = threads.submit(_numbered, tables, columns, ordered=True)
            people = threads.submit(_numbered, tables, {"person_id"}, ordered=False)
        code_numbers, code_texts = codes.result()
        person_numbers, person_texts = people.result()
        self._texts = {"credit_code": code_texts, "person_id": person_texts}
        for (name, column), numbers in {**code_numbers, **person_numbers}.items():
            tables[name] = _with_column(tables[name], column, numbers)
        registrations = tables["registrations"]
        ones = pa.repeat(pa.scalar(1, NUMBER), len(registrations))
        registrations = registrations.append_column("row_no", pc.cumulative_sum(ones))
        as_of = AsOf(law.day, law.policy["late_closing_days"])
        self.contested = Contested(facts, chosen["registrations"], registrations, as_of)
        tables["registrations"] = registrations.append_column(
            "contested", self.contested.is_contested
        )
        tables["cover"] = _cover(facts, law)
        tables["register_state"] = _register_states(facts, law)
        self.tables = {**law.tables(), **tables}

    def named(self, table: pa.Table) -> pa.Table:
        """A result with credit codes and person ids in the place of their numbers."""
        for column in self._texts.keys() & set(table.column_names):
            texts = self._texts[column].take(table.column(column).combine_chunks())
            table = _with_column(table, column, texts)
        return table


class Contested:
    """The registrations whose rows of one certificate contradict each other."""

    def __init__(
        self, facts: Facts, registrations: pa.Table, numbered: pa.Table, as_of: AsOf
    ) -> None:
        """numbered: the same rows in the same order, people numbered, with row_no from 1."""
        self.groups: list[tuple[Registration, ...]] = []
        places = pc.subtract(_rows_of_one_certificate(numbered), 1)
        self.is_contested = pa.repeat(pa.scalar(value=False), len(numbered))
        if not len(places):
            return
        people: dict[str, list[Registration]] = {}
        rows = Facts({"registrations": registrations.take(places)}).rows("registrations")
        for row in rows:
            people.setdefault(row.person_id, []).append(row)
        for of_person in people.values():
            self.groups += contested_registrations(of_person, as_of, facts.are_one_legal_person)
        contested = {row for group in self.groups for row in group}
        is_contested = [False] * len(numbered)
        for place, row in zip(places.to_pylist(), rows, strict=True):
            is_contested[place] = row in contested
        self.is_contested = pa.array(is_contested, pa.bool_())

    def by_enterprise(self) -> dict[str, list[RegisterConflict]]:
        """The conflicts of each enterprise, as reference.judge orders them."""
        conflicts: dict[str, list[RegisterConflict]] = {}
        for rows in sorted(self.groups, key=lambda rows: rows[0].person_id):
            for credit_code in sorted({row.credit_code for row in rows}):
                conflict = conflict_of_registrations(credit_code, rows)
                conflicts.setdefault(credit_code, []).append(conflict)
        return conflicts


def _rows_of_one_certificate(registrations: pa.Table) -> pa.Array:
    """The row numbers of registrations that share person, profession, number and speciality with
    another row, in order.
    """
    certificate = "hash(registration_no, profession, coalesce(speciality, ''))"
    with DuckSession({"registrations": registrations}) as session:
        query = (
            "WITH repeated AS ("
            f"SELECT person_id, {certificate} AS certificate FROM registrations "
            "WHERE registration_no <> '' "
            f"GROUP BY person_id, {certificate} HAVING count(*) > 1) "
            "SELECT row_no FROM registrations r JOIN repeated c ON c.person_id = r.person_id "
            f"AND c.certificate = {certificate} ORDER BY row_no"
        )
        return session.ask(query).column("row_no").combine_chunks()


def _with_column(table: pa.Table, column: str, values: pa.ChunkedArray | pa.Array) -> pa.Table:
    """A table with other values in one column."""
    return table.set_column(table.column_names.index(column), column, values)


def _renamed(tables: Mapping[str, pa.Table], law: LawTables) -> dict[str, pa.Table]:
    """The facts' tables by the names and with the columns of the statements."""
    enterprises = tables["enterprises"]
    branches = enterprises.column("branch_credit_codes").combine_chunks()
    parents = enterprises.column("credit_code").take(pc.list_parent_indices(branches))
    return {
        "items": tables["items"],
        "registrations": tables["registrations"],
        "people": tables["people"],
        "exemptions": _with_months(tables["exemptions"], law.last_month),
        "accepted_findings": tables["accepted_findings"],
        "contribution": _month_bits(tables["contributions"], law),
        "contribution_in_doubt": _month_bits(tables["contributions"], law, in_doubt=True),
        "unparsed": tables["unparsed"].rename_columns({"table": "table_name"}),
        "enterprises": enterprises.drop_columns(["branch_credit_codes"]),
        "branches": pa.table({"credit_code": parents, "branch_code": pc.list_flatten(branches)}),
    }


def _month_bits(rows: pa.Table, law: LawTables, *, in_doubt: bool = False) -> pa.Table:
    """Contributions with the month as a bit counted back from the last settled one.

    0 for later and older months, and for those that are owed or in doubt. in_doubt: those alone.
    """
    is_doubtful, is_paid = _paid(rows, law)
    if in_doubt:
        rows = rows.filter(is_doubtful)
        is_paid = pa.repeat(pa.scalar(value=True), len(rows))
    back = _months_back(rows.column("month"), law.last_month)
    in_range = pc.and_(pc.greater_equal(back, 0), pc.less_equal(back, MAX_MONTHS))
    # a shift by a negative number is undefined: out of range it is 0, and its bit not used
    shifted = pc.shift_left(pa.scalar(1, BIG), pc.if_else(in_range, back, 0))
    bits = pc.if_else(pc.and_(in_range, is_paid), shifted, pa.scalar(0, BIG))
    return rows.select(["person_id", "payer_credit_code"]).append_column("month_bit", bits)


def _paid(rows: pa.Table, law: LawTables) -> tuple[pa.Array, pa.Array]:
    """Per contribution: whether it may be paid, in doubt; whether it is paid, of a kind that
    counts.
    """
    kind, state = rows.column("insurance_kind"), rows.column("payment_state")
    if kind.null_count == len(rows) == state.null_count:
        values = (pa.repeat(pa.scalar(value), len(rows)) for value in (False, True))
        return next(values), next(values)
    kinds = pa.array([*law.policy["insurance_kinds"], None], TEXT)
    is_paid = pc.and_(
        pc.is_in(kind, value_set=kinds), pc.is_in(state, value_set=pa.array(["paid", None], TEXT))
    )
    is_owed = pc.fill_null(pc.equal(state, "owed"), False)
    return pc.invert(pc.or_(is_paid, is_owed)), is_paid


def _months_back(days: pa.ChunkedArray, last_month: int) -> pa.ChunkedArray:
    """How many months the month of each day lies before the last settled one."""
    counted = pc.subtract(pc.add(pc.multiply(pc.year(days), 12), pc.month(days)), 1)
    return pc.subtract(pa.scalar(last_month, BIG), counted)


def _with_months(exemptions: pa.Table, last_month: int) -> pa.Table:
    """Exemptions with the months that they cover, wholly or in part, as bits (ADR 31)."""
    latest = _months_back(exemptions.column("valid_to"), last_month)
    first = _months_back(exemptions.column("valid_from"), last_month)
    lowest = pc.max_element_wise(pc.fill_null(latest, 0), 0)
    highest = pc.min_element_wise(pc.fill_null(first, MAX_MONTHS), MAX_MONTHS)
    covers_any = pc.less_equal(lowest, highest)
    # both powers stay below the sign bit; of no month both are 1
    above = pc.shift_left(pa.scalar(1, BIG), pc.if_else(covers_any, pc.add(highest, 1), 0))
    below = pc.shift_left(pa.scalar(1, BIG), pc.if_else(covers_any, lowest, 0))
    return exemptions.append_column("covered_months", pc.subtract(above, below))


def _numbered(
    tables: Mapping[str, pa.Table], names: set[str], *, ordered: bool
) -> tuple[dict[tuple[str, str], pa.ChunkedArray], pa.Array]:
    """Numbers for every text in the columns of these names, by table and column.

    And the texts by number.
    """
    places = [
        (name, column)
        for name, table in tables.items()
        for column in table.column_names
        if column in names
    ]
    chunks = [chunk for name, column in places for chunk in tables[name].column(column).chunks]
    coded = pa.chunked_array(chunks, TEXT).dictionary_encode()
    texts = coded.chunk(0).dictionary if coded.num_chunks else pa.array([], TEXT)
    numbers = [chunk.indices for chunk in coded.chunks]
    if ordered:
        order = pc.sort_indices(texts)
        ranks = pc.sort_indices(order).cast(NUMBER)
        texts = texts.take(order)
        numbers = [ranks.take(chunk) for chunk in numbers]
    all_numbers = pa.chunked_array(numbers, NUMBER)
    by_place = {}
    start = 0
    for name, column in places:
        by_place[name, column] = all_numbers.slice(start, len(tables[name]))
        start += len(tables[name])
    return by_place, texts


def _cover(facts: Facts, law: LawTables) -> pa.Table:
    """Per area ('' = outside or unknown): the covered months as bits, for everybody and for those
    who appear.
    """
    rows = [row for row in facts.coverage if row.source == "contributions"]
    cover = Rows({"area": TEXT, "for_everybody": BIG, "for_those_present": BIG})
    for area in ("", *law.law.divisions.areas):
        if rows:
            everybody = _covered_bits(rows, area, "all", law)
            present = _covered_bits(rows, area, "present", law)
        else:
            everybody = 0
            present = _bits_of(map(month_of, facts.contribution_months), law)
        cover.rows.append((area, everybody, present))
    return cover.table()


def _covered_bits(rows: list[Coverage], area: str, people: str, law: LawTables) -> int:
    """The months that fresh rows cover in an area, for everybody (`all`) or those who appear
    (`present`).
    """
    window = law.policy["insurance_window_months"]
    days = law.policy["insurance_freshness_days"]
    bits = 0
    for row in rows:
        is_here = row.area in ("", area)
        is_of_these = (row.people == "present") == (people == "present")
        if is_here and is_of_these and not is_stale(row, law.day, days):
            bits |= _bits_of(covered_months(row, law.last_month, window), law)
    return bits


def _bits_of(months: Iterable[int], law: LawTables) -> int:
    """Counted months as bits; later and older ones than the bits hold are left out."""
    ago = {law.last_month - month for month in months}
    return sum(1 << back for back in ago if 0 <= back <= MAX_MONTHS)


def _register_states(facts: Facts, law: LawTables) -> pa.Table:
    """Per area: which registers are too old or were never loaded, as bits."""
    states = Rows({"area": TEXT, "reasons": BIG})
    days = law.policy["register_freshness_days"]
    for area in ("", *law.law.divisions.areas):
        reasons = stale_registers(facts.coverage, area, law.day, days)
        states.rows.append((area, mask_of(reasons)))
    return states.table()


def evaluate(
    law: Law, policy: Policy, facts: Facts, as_of: date, session: type[Session] = DuckSession
) -> Iterator[EnterpriseResult]:
    """Every enterprise in credit-code order, as reference.evaluate gives it but for the person
    lines.
    """
    tables = LawTables(law, policy, as_of)
    findings: dict[str, list[Finding]] = {}
    anomalies: dict[str, list[Anomaly]] = {}
    bound = Bound(facts, tables)
    with session(bound.tables) as opened:
        for row in _rows(bound.named(opened.run("findings.sql"))):
            findings.setdefault(row["credit_code"], []).append(_finding(law, tables, row))
        for row in _rows(bound.named(opened.run("anomalies.sql"))):
            anomalies.setdefault(row["credit_code"], []).append(_anomaly(tables, row))
    never_read_of: dict[str, list[Finding]] = {}
    for finding in _never_read(law, facts, findings):
        never_read_of.setdefault(finding.credit_code, []).append(finding)
    conflicts = bound.contested.by_enterprise()
    for credit_code in facts.credit_codes:
        in_force = items_in_force(law, facts.items_of(credit_code), as_of)
        decided = undecided(
            findings.get(credit_code, ()),
            in_force.conflicts,
            is_highest_any_trade=tables.is_highest_any_trade,
        )
        yield EnterpriseResult(
            findings=(*decided, *never_read_of.get(credit_code, ())),
            anomalies=tuple(sorted(anomalies.get(credit_code, ()), key=attrgetter("person_id"))),
            not_judged=tuple(in_force.not_judged),
            conflicts=(*in_force.conflicts, *conflicts.get(credit_code, ())),
        )


def people(
    law: Law,
    policy: Policy,
    facts: Facts,
    as_of: date,
    credit_codes: Iterable[str],
    session: type[Session] = DuckSession,
) -> dict[FindingKey, tuple[PersonLine, ...]]:
    """Everybody's line for each requirement of some enterprises, by the finding's key."""
    bound = Bound(facts, LawTables(law, policy, as_of), credit_codes)
    key_of = itemgetter("credit_code", "category", "sub_item", "requirement", "person_id")
    lines: dict[FindingKey, list[PersonLine]] = {}
    with session(bound.tables) as opened:
        rows = _rows(bound.named(opened.run("people.sql")))
        for (*key, person_id), rows_of_person in groupby(rows, key_of):
            line = _person_line(person_id, list(rows_of_person))
            lines.setdefault(tuple(key), []).append(line)
    contested = {
        item
        for credit_code in {key[0] for key in lines}
        for item in contested_items(
            items_in_force(law, facts.items_of(credit_code), as_of).conflicts
        )
    }
    return {
        key: tuple(sorted(of_key, key=attrgetter("person_id")))
        for key, of_key in lines.items()
        if key[:3] not in contested
    }


def _person_line(person_id: str, rows: list[dict[str, Any]]) -> PersonLine:
    registration_of = itemgetter("profession", "profession_grade", "speciality", "registration_no")
    registrations = tuple(registration_of(row) for row in rows)
    judged = tuple(
        JudgedRegistration(row["registration_counts"], slugs_of(row["registration_because"]))
        for row in rows
    )
    counts, because = rows[0]["counts"], slugs_of(rows[0]["because"])
    return PersonLine(person_id, registrations, counts, because, judged)


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    names = table.column_names
    columns = [table.column(name).to_pylist() for name in names]
    for values in zip(*columns, strict=True):
        yield dict(zip(names, values, strict=True))


def _anomaly(tables: LawTables, row: dict[str, Any]) -> Anomaly:
    ago = [back for back in range(MAX_MONTHS + 1) if row["months"] >> back & 1]
    days = first_days(tables.last_month - back for back in ago)
    return Anomaly(row["credit_code"], row["person_id"], row["registration_no"], row["kind"], days)


def _finding(law: Law, tables: LawTables, row: dict[str, Any]) -> Finding:
    requirement = tables.requirements[row["requirement_id"]]
    text = law.categories.get(row["category"])
    basis = requirement.basis
    if row["deferred"] and text:
        deferrable = text.grades_of(row["sub_item"])[row["grade"]].check_deferrable
        basis = (*basis, law.doc_no(deferrable.basis)) if deferrable else basis
    return Finding(
        credit_code=row["credit_code"],
        enterprise=row["name"] or "",
        certificate_no=row["certificate_no"],
        licensing_authority=row["licensing_authority"],
        category=row["category"],
        qualification=text.name if text else row["sub_item"],
        sub_item=row["sub_item"] if text else "",
        grade=GRADE_NAMES.get(row["grade"], row["grade"]),
        requirement=requirement.requirement,
        text=requirement.text,
        verdict=row["verdict"],
        required=row["required"],
        held=row["held"],
        possible=row["possible"],
        shortfall=row["shortfall"],
        clauses=tuple(_clauses(tables, requirement, row)),
        basis=basis,
        because=slugs_of(row["because"]),
    )


def _clauses(
    tables: LawTables, requirement: Requirement, row: dict[str, Any]
) -> Iterator[ClauseCount]:
    if row["required"] is None:
        return
    reading = requirement.strong if row["shown"] == "strong" else requirement.weak
    base = requirement.strong or requirement.weak
    clauses: tuple[Clause, ...] = reading.clauses if reading else ()
    if tables.is_highest_any_trade and requirement.requirement == "constructors" and base:
        clauses = (flat_clause(base, row["required"]),)
    for place, clause in enumerate(clauses, 1):
        held = row[f"held_{place}"]
        possible = row[f"possible_{place}"]
        yield ClauseCount(clause.text, clause.at_least, held, possible)


def _never_read(law: Law, facts: Facts, findings: dict[str, list[Finding]]) -> Iterator[Finding]:
    """A `cannot-say` for each rejected item row of a category without an accepted row."""
    rows = [row for row in facts.unparsed if row.table == "items" and row.credit_code is not None]
    categories: dict[str, set[str | None]] = {}
    for row in rows:
        code = row.credit_code or ""
        if code not in categories:
            categories[code] = {finding.category for finding in findings.get(code, ())}
        if row.category not in categories[code]:
            categories[code].add(row.category)
            yield never_read(law, row, facts.enterprise_name(code))
