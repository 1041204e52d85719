"""The fast engine: findings.sql, anomalies.sql, people.sql over facts and the law of the day."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qualwatch.evaluation.counting import flat_clause
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.findings import Anomaly, ClauseCount, EnterpriseResult, Finding, FindingKey, PersonLine
from qualwatch.evaluation.items import items_in_force, never_read
from qualwatch.evaluation.law_tables import BIG, TEXT, LawTables, Rows, mask_of, slugs_of
from qualwatch.evaluation.people import first_of, is_stale, month_of, whole_months
from qualwatch.evaluation.reference import REGISTERS
from qualwatch.evaluation.sessions import DuckSession, Session
from qualwatch.law.figures import Clause, Requirement
from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.law.policy import Policy

MOST_MONTHS = 60  # months of insurance kept as bits, back from the last settled one


def _facts_tables(facts: Facts, law: LawTables) -> dict[str, pa.Table]:
    """The facts as the statements bind them: rows numbered, months as bits, lists unrolled, coverage by area."""
    tables = dict(facts.tables)
    registrations = tables["registrations"]
    tables["registrations"] = registrations.append_column("row_no", pa.array(range(len(registrations)), BIG))
    enterprises = tables["enterprises"]
    branches = enterprises.column("branch_credit_codes").combine_chunks()
    parents = pc.list_parent_indices(branches)
    tables["branches"] = pa.table(
        {"credit_code": enterprises.column("credit_code").take(parents), "branch_code": pc.list_flatten(branches)}
    )
    tables["enterprises"] = enterprises.drop_columns(["branch_credit_codes"])
    tables["unread"] = tables["unread"].rename_columns({"table": "table_name"})
    paid = tables.pop("contributions")
    back = pc.subtract(
        pa.scalar(law.last_month, BIG),
        pc.subtract(pc.add(pc.multiply(pc.year(paid.column("month")), 12), pc.month(paid.column("month"))), 1),
    )
    kept = pc.and_(pc.greater_equal(back, 0), pc.less_equal(back, MOST_MONTHS))
    bits = pc.shift_left(pa.scalar(1, BIG), back.filter(kept))
    tables["contribution"] = (
        paid.filter(kept).select(["person_id", "payer_credit_code"]).append_column("month_bit", bits)
    )
    tables["contribution_person"] = paid.select(["person_id"])
    tables["cover"] = _cover(facts, law)
    tables["register_state"] = _register_states(facts, law)
    return tables


def _cover(facts: Facts, law: LawTables) -> pa.Table:
    """Per area ('' = outside or unknown): the covered months as bits, for everybody and for those who appear."""
    rows = [row for row in facts.coverage if row.source == "contributions"]
    window, last = law.policy["insurance_window_months"], law.last_month
    found = Rows({"area": TEXT, "for_everybody": BIG, "for_those_present": BIG})
    for area in ("", *law.law.divisions.areas):
        everybody = present = 0
        if not rows:
            ago = [last - month_of(month) for month in facts.contribution_months]
            present = sum(1 << back for back in ago if 0 <= back <= MOST_MONTHS)
        for row in rows:
            if row.area not in ("", area) or is_stale(row, law.day, law.policy["insurance_freshness_days"]):
                continue
            first, final = whole_months(row)
            top = last if final is None else min(last, final)
            bottom = top - window + 1 if first is None else first
            months = range(max(bottom, top - window + 1), top + 1)
            bits = sum(1 << (last - month) for month in months if last - month <= MOST_MONTHS)
            if row.people == "present":
                present |= bits
            else:
                everybody |= bits
        found.rows.append((area, everybody, present))
    return found.table()


def _register_states(facts: Facts, law: LawTables) -> pa.Table:
    """Per area: which registers are too old or were never loaded, as bits."""
    found = Rows({"area": TEXT, "reasons": BIG})
    days = law.policy["register_freshness_days"]
    for area in ("", *law.law.divisions.areas):
        reasons = set()
        for source in REGISTERS:
            rows = [row for row in facts.coverage if row.source == source]
            here = [row for row in rows if row.area in ("", area)]
            if rows and all(row.loaded_at is None for row in here):
                reasons.add(f"{source}-never-loaded")
            elif rows and all(is_stale(row, law.day, days) for row in here):
                reasons.add(f"{source}-stale")
        found.rows.append((area, mask_of(reasons)))
    return found.table()


def evaluate(
    law: Law, policy: Policy, facts: Facts, as_of: date, session: type[Session] = DuckSession
) -> Iterator[EnterpriseResult]:
    """Every enterprise in credit-code order, as reference.evaluate gives it but for the person lines."""
    tables = LawTables(law, policy, as_of)
    findings: dict[str, list[Finding]] = {}
    anomalies: dict[str, list[Anomaly]] = {}
    with session({**tables.tables(), **_facts_tables(facts, tables)}) as bound:
        for row in _rows_of(bound, "findings.sql"):
            findings.setdefault(row["credit_code"], []).append(_finding(law, tables, row))
        for row in _rows_of(bound, "anomalies.sql"):
            anomalies.setdefault(row["credit_code"], []).append(_anomaly(tables, row))
    for one in _never_read(law, facts, findings):
        findings.setdefault(one.credit_code, []).append(one)
    for credit_code in facts.credit_codes:
        yield EnterpriseResult(
            findings=tuple(findings.get(credit_code, ())),
            anomalies=tuple(anomalies.get(credit_code, ())),
            not_judged=tuple(items_in_force(law, facts.items_of(credit_code), as_of).not_judged),
        )


def people(
    law: Law,
    policy: Policy,
    facts: Facts,
    as_of: date,
    credit_codes: Iterable[str],
    session: type[Session] = DuckSession,
) -> dict[FindingKey, tuple[PersonLine, ...]]:
    """Everybody looked at for each requirement of some enterprises, by the finding's key."""
    tables = LawTables(law, policy, as_of)
    bound = {**tables.tables(), **_facts_tables(facts, tables)}
    bound["items"] = bound["items"].filter(pc.is_in(bound["items"]["credit_code"], pa.array(set(credit_codes), TEXT)))
    key_of = itemgetter("credit_code", "category", "sub_item", "requirement", "person_id")
    found: dict[FindingKey, list[PersonLine]] = {}
    with session(bound) as opened:
        for (*key, person_id), rows in groupby(_rows_of(opened, "people.sql"), key_of):
            listed = list(rows)
            shown = tuple(map(itemgetter("profession", "profession_grade", "speciality", "registration_no"), listed))
            line = PersonLine(person_id, shown, listed[0]["counts"], slugs_of(listed[0]["because"]))
            found.setdefault(tuple(key), []).append(line)
    return {key: tuple(lines) for key, lines in found.items()}


def _rows_of(session: Session, statement: str) -> Iterator[dict[str, Any]]:
    """The rows of one statement."""
    found = session.run(statement)
    names = found.column_names
    for values in zip(*(found.column(name).to_pylist() for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


def _anomaly(tables: LawTables, row: dict[str, Any]) -> Anomaly:
    months = [tables.last_month - back for back in range(MOST_MONTHS, -1, -1) if row["months"] >> back & 1]
    days = tuple(first_of(month) for month in months)
    return Anomaly(row["credit_code"], row["person_id"], row["registration_no"], row["kind"], days)


def _finding(law: Law, tables: LawTables, row: dict[str, Any]) -> Finding:
    asked = tables.requirements[row["requirement_id"]]
    text = law.categories.get(row["category"])
    basis = asked.basis
    if row["deferred"] and text:
        deferrable = text.grades_of(row["sub_item"])[row["grade"]].check_deferrable
        basis = (*basis, law.doc_no(deferrable.basis)) if deferrable else basis
    because = slugs_of(row["because"])
    return Finding(
        credit_code=row["credit_code"],
        enterprise=row["name"] or "",
        certificate_no=row["certificate_no"],
        licensing_authority=row["licensing_authority"],
        category=row["category"],
        qualification=text.name if text else row["sub_item"],
        sub_item=row["sub_item"] if text else "",
        grade=GRADE_NAMES.get(row["grade"], row["grade"]),
        requirement=asked.requirement,
        text=asked.text,
        verdict=row["verdict"],
        required=row["required"],
        held=row["held"],
        possible=row["possible"],
        shortfall=row["shortfall"],
        clauses=tuple(_clauses(tables, asked, row)),
        basis=basis,
        because=because,
    )


def _clauses(tables: LawTables, asked: Requirement, row: dict[str, Any]) -> Iterator[ClauseCount]:
    if row["required"] is None:
        return
    reading = asked.strong if row["shown"] == "strong" else asked.weak
    base = asked.strong or asked.weak
    clauses: tuple[Clause, ...] = reading.clauses if reading else ()
    if tables.highest and asked.requirement == "constructors" and base:
        clauses = (flat_clause(base, row["required"]),)
    for place, clause in enumerate(clauses, 1):
        yield ClauseCount(clause.text, clause.at_least, row[f"held_{place}"], row[f"possible_{place}"])


def _never_read(law: Law, facts: Facts, found: dict[str, list[Finding]]) -> Iterator[Finding]:
    """A rejected row of an item that no good row stands for: it cannot be judged, and says so."""
    unread = [row for row in facts.unread if row.table == "items" and row.credit_code is not None]
    codes = {row.credit_code for row in unread}
    known: dict[str | None, set[str | None]] = {
        code: {one.category for one in found.get(code or "", ())} for code in codes
    }
    for row in unread:
        if row.category not in known[row.credit_code]:
            known[row.credit_code].add(row.category)
            yield never_read(law, row, facts.enterprise_name(row.credit_code or ""))
