"""Judging only those concerned gives what judging everybody gives: findings, counts, guard."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Q

from builders import BRANCH, credit_code, identity, law
from qualwatch.assessments import actions, changes, guard
from qualwatch.assessments.actions import assess, evaluated
from qualwatch.assessments.models import AnomalyRow, FindingRow, Run
from qualwatch.assessments.record import anomaly_row, counts_of, finding_row
from qualwatch.intake.synthetic_province import Plan, generate_province
from qualwatch.law.loader import Law
from qualwatch.registers.acceptances import Requirement, accept_finding
from qualwatch.registers.loads import release
from register_files import ENTERPRISES, ITEMS, REGISTRATIONS, Rows
from register_office import DAY, SOURCES, RegisterOffice
from register_rows import MONTHS, item, person

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)  # of the same ISO week: a Wednesday and a Thursday
COMPLETE, UNPAID, WITH_BRANCH, TURNS_61, FOREIGN, LOCKED, ENDING = map(credit_code, range(11, 18))
# firms without items: only where at most a third is concerned is not everybody judged
OTHERS = tuple(map(credit_code, range(30, 50)))
FIRMS = (COMPLETE, UNPAID, WITH_BRANCH, TURNS_61, FOREIGN, LOCKED, ENDING)
INSURANCE = ["证件类型", "身份证号", "缴费月份", "缴费单位信用代码"]
LOCKS = ["身份证号", "锁定起", "锁定止"]
EXEMPTIONS = ["身份证号", "统一社会信用代码", "豁免理由", "证明材料"]
PASSPORT = {"证件类型": "护照", "身份证号": "E12345678", "出生日期": "1985-06-15"}

Patch = pytest.MonkeyPatch


def constructors(firm: str) -> list[dict[str, str]]:
    """Three constructors of a decoration firm that needs three, as cells that differ."""
    first = FIRMS.index(firm) * 10
    cells = [{"身份证号": identity(first + number)} for number in range(3)]
    if firm == WITH_BRANCH:
        cells.pop()
    if firm == TURNS_61:
        cells[0]["身份证号"] = identity(first, f"{NEXT_DAY.year - 61}{NEXT_DAY:%m%d}")
    if firm == FOREIGN:
        cells[0] = dict(PASSPORT)
    for number, row in enumerate(cells):
        row |= {"统一社会信用代码": firm, "注册编号": f"晋214{first + number:09d}"}
    return cells


def enterprises(*changed: list[str]) -> Rows:
    rows = {firm: [firm, f"企{firm}", "140105", ""] for firm in (*FIRMS, *OTHERS)}
    rows[WITH_BRANCH][3] = BRANCH
    rows |= {row[0]: row for row in changed}
    return [ENTERPRISES, *rows.values()]


def items(**grades: str) -> Rows:
    rows = []
    for firm in FIRMS:
        valid_to = DAY.isoformat() if firm == ENDING else "2027-01-01"
        cells = {"统一社会信用代码": firm, "资质证书号": f"D{firm}", "有效期止": valid_to}
        rows.append(item(**cells, 等级=grades.get(firm, "二级")))
    return [ITEMS, *rows]


def practitioners(*more: dict[str, str], without: str = "") -> Rows:
    rows = [cells for firm in FIRMS for cells in constructors(firm)]
    remaining = [cells for cells in rows if cells["身份证号"] != without]
    return [REGISTRATIONS, *(person(0, **cells) for cells in (*remaining, *more))]


def insurance(*more: list[str], unpaid: bool = True) -> Rows:
    rows = []
    for firm in FIRMS:
        for cells in constructors(firm):
            if unpaid and cells["身份证号"] == identity_of(UNPAID):
                continue
            kind, number = cells.get("证件类型", ""), cells["身份证号"]
            rows += [[kind, number, month, firm] for month in MONTHS]
    return [INSURANCE, *rows, *more]


def locks(*more: list[str]) -> Rows:
    return [LOCKS, [identity_of(LOCKED), "2026-01-01", DAY.isoformat()], *more]


def identity_of(firm: str) -> str:
    """The number of a firm's first constructor."""
    return constructors(firm)[0]["身份证号"]


def deliver_province(office: RegisterOffice, day: date = DAY) -> None:
    for source, rows in (
        ("enterprises", enterprises()),
        ("qualifications", items()),
        ("practitioners", practitioners()),
        ("insurance", insurance()),
        ("locks", locks()),
    ):
        deliver(office, source, rows, day)


def deliver(office: RegisterOffice, source: str, rows: Rows, day: date = NEXT_DAY) -> None:
    load = office.load(source, rows, day=day)
    if load.state == "held":
        release(
            load=load, law=law(), by="wang", at=office.tick(day), because="核对过", proposed_by="li"
        )


def on_record() -> tuple[set[Any], set[Any]]:
    """Findings and anomalies as they stand."""
    findings, anomalies = (
        set(
            model._default_manager.filter(recorded_to=None).values_list(
                *(name for name in model.fact_columns() if name != "duplicate_no")
            )
        )
        for model in (FindingRow, AnomalyRow)
    )
    return findings, anomalies


def of_everybody(run: Run, by: Law) -> tuple[set[Any], set[Any]]:
    """The findings and anomalies that judging everybody gives."""
    _facts, results = evaluated(run.as_of, run.revision_id, by)
    findings = {finding_row(finding) for result in results for finding in result.findings}
    anomalies = {anomaly_row(anomaly) for result in results for anomaly in result.anomalies}
    return findings, anomalies


def stricter_law() -> Law:
    """The built-in law, but nobody over 30 counts."""
    text = law().policy
    (start, dated), *_rest = text.values.age_construction.items()
    rule = dated.value["default"].model_copy(update={"doubt_from": 29, "ends_at": 30})
    changed = dated.model_copy(update={"value": {"default": rule}})
    values = text.values.model_copy(update={"age_construction": {start: changed}})
    return replace(law(), policies=(text.model_copy(update={"values": values}),))


# Events of the next day, each with the check in changes.py that notices it.


def birthday(office: RegisterOffice) -> None:
    """One constructor turns 61 and no longer counts: nothing is delivered."""


def expiry(office: RegisterOffice) -> None:
    """A lock and an item end with DAY: nothing is delivered."""


def stated_birthday(office: RegisterOffice) -> None:
    older = {**PASSPORT, "出生日期": "1955-06-15"}
    rows = practitioners(without=PASSPORT["身份证号"])
    cells = constructors(FOREIGN)[0] | older
    deliver(office, "practitioners", [*rows, person(0, **cells)])


def branch(office: RegisterOffice) -> None:
    """A row about the branch cannot be read: it may be of a constructor of the parent."""
    unreadable = {"统一社会信用代码": BRANCH, "身份证号": identity(900), "证书类别": "？"}
    deliver(office, "practitioners", practitioners(unreadable))


def enterprise(office: RegisterOffice) -> None:
    deliver(office, "enterprises", enterprises([COMPLETE, "迁往外省", "110101", ""]))


def grade(office: RegisterOffice) -> None:
    deliver(office, "qualifications", items(**{COMPLETE: "一级"}))


def departure(office: RegisterOffice) -> None:
    deliver(office, "practitioners", practitioners(without=identity_of(COMPLETE)))


def second_employer(office: RegisterOffice) -> None:
    elsewhere = {**constructors(COMPLETE)[0], "统一社会信用代码": WITH_BRANCH}
    deliver(office, "practitioners", practitioners({**elsewhere, "注册编号": "晋214000000999"}))


def payment(office: RegisterOffice) -> None:
    deliver(office, "insurance", insurance(unpaid=False))


def unreadable_payment(office: RegisterOffice) -> None:
    row = ["", identity_of(UNPAID), "？", credit_code(99)]
    deliver(office, "insurance", insurance(row))


def lock_of_person(office: RegisterOffice) -> None:
    deliver(office, "locks", locks([identity_of(COMPLETE), "2026-01-01", ""]))


def exemption(office: RegisterOffice) -> None:
    row = [identity_of(UNPAID), UNPAID, "EX-1", "退休证"]
    deliver(office, "exemptions", [EXEMPTIONS, row])


def acceptance(office: RegisterOffice) -> None:
    row = FindingRow._default_manager.get(
        credit_code=WITH_BRANCH, requirement="constructors", recorded_to=None
    )
    accept_finding(
        about=Requirement(WITH_BRANCH, row.category, row.sub_item, row.requirement),
        at_held=row.held or 0,
        until=NEXT_DAY + timedelta(days=90),
        because="认定",
        by="wang",
        at=office.tick(NEXT_DAY),
    )


def push_by_another_policy(office: RegisterOffice) -> None:
    at = office.tick(DAY)
    assess(as_of=DAY, law=stricter_law(), by="push", at=at, credit_codes=[COMPLETE], guarded=False)


def no_table(name: str) -> Callable[[Patch], None]:
    def remove(patch: Patch) -> None:
        for tables in ("TABLES_OF_PEOPLE", "TABLES_OF_ENTERPRISES"):
            rest = tuple(table for table in getattr(changes, tables) if table != name)
            patch.setattr(changes, tables, rest)

    return remove


def no_check(name: str) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(changes, name, lambda *_arguments: set())


def no_dates(column: str) -> Callable[[Patch], None]:
    dates_reached = changes._dates_reached

    def of_other_columns(facts: Any, name: str, since: date, day: date) -> set[str]:
        return set() if name == column else dates_reached(facts, name, since, day)

    return lambda patch: patch.setattr(changes, "_dates_reached", of_other_columns)


EVENTS: tuple[tuple[Callable[[RegisterOffice], None], Callable[[Patch], None]], ...] = (
    (birthday, no_check("_birthdays_reached")),
    (expiry, no_dates("person_id")),
    (expiry, no_dates("credit_code")),
    (stated_birthday, no_table("birthdays")),
    (branch, no_check("_parents")),
    (enterprise, no_table("enterprises")),
    (grade, no_table("items")),
    (departure, no_table("registrations")),
    (second_employer, no_check("_employers")),
    (payment, no_table("contributions")),
    (unreadable_payment, no_table("unparsed")),
    (lock_of_person, no_table("locks")),
    (exemption, no_table("exemptions")),
    (acceptance, no_table("accepted_findings")),
    (push_by_another_policy, no_check("_pushed_since")),
)


@pytest.mark.parametrize(
    ("event", "remove_check"), EVENTS, ids=[event.__name__ for event, _remove in EVENTS]
)
def test_an_event_concerns_those_whose_findings_it_changes(
    office: RegisterOffice,
    monkeypatch: Patch,
    event: Callable[[RegisterOffice], None],
    remove_check: Callable[[Patch], None],
) -> None:
    """Without the check that the event is for, the record is wrong; with it, it is right."""
    deliver_province(office)
    office.run(DAY)
    event(office)
    with monkeypatch.context() as patch, transaction.atomic():
        remove_check(patch)
        assert not is_record_right(office)
        transaction.set_rollback(True)
    concerned = spy_on_concerned(monkeypatch)
    assert is_record_right(office)
    assert concerned.pop()


AT_COMPLETE = constructors(COMPLETE)[0]
AT_WITH_BRANCH = {**AT_COMPLETE, "统一社会信用代码": WITH_BRANCH}
PERMIT = {
    **AT_COMPLETE,
    "统一社会信用代码": WITH_BRANCH,
    "证件类型": "港澳居民来往内地通行证",
    "身份证号": "H12345678",
    "出生日期": "1985-06-15",
    "注册编号": "晋214000000998",
}
Event = Callable[[RegisterOffice], None]


def deliver_two_sources(office: RegisterOffice, *province: dict[str, str]) -> None:
    """A constructor of whom only the nation says that COMPLETE has them, and what else it says."""
    deliver_province(office)
    rows = practitioners(*province, without=identity_of(COMPLETE))
    deliver(office, "practitioners", rows, DAY)
    nation = [REGISTRATIONS, person(0, **AT_COMPLETE)]
    deliver(office, "national-practitioners", nation, DAY)


def registered_elsewhere(office: RegisterOffice) -> None:
    """The province registers the constructor elsewhere: the nation's row yields to it."""
    rows = practitioners(AT_WITH_BRANCH, without=identity_of(COMPLETE))
    deliver(office, "practitioners", rows)


def registration_begins(_office: RegisterOffice) -> None:
    """The registration elsewhere begins on the next day: nothing is delivered."""


def becomes_branch(office: RegisterOffice) -> None:
    """COMPLETE becomes a branch of the firm that has its constructor: both rows are right."""
    deliver(office, "enterprises", enterprises([WITH_BRANCH, "企", "140105", COMPLETE]))


def payment_of_other_issue(office: RegisterOffice) -> None:
    row = [PERMIT["证件类型"], PERMIT["身份证号"] + "01", MONTHS[-1], WITH_BRANCH]
    deliver(office, "insurance", insurance(row))


def deliver_with_permit(office: RegisterOffice) -> None:
    """A constructor with a permit, unpaid."""
    deliver_province(office)
    deliver(office, "practitioners", practitioners(PERMIT), DAY)


@pytest.mark.parametrize(
    ("prepare", "event", "check"),
    [
        (deliver_two_sources, registered_elsewhere, "_employers"),
        (
            lambda office: deliver_two_sources(
                office, {**AT_WITH_BRANCH, "有效期起": NEXT_DAY.isoformat()}
            ),
            registration_begins,
            "_employers",
        ),
        (
            lambda office: deliver_two_sources(office, AT_WITH_BRANCH),
            becomes_branch,
            "_changed_branches",
        ),
        (deliver_with_permit, payment_of_other_issue, "same_permits"),
    ],
)
def test_an_event_concerns_those_whom_the_facts_do_not_name(
    office: RegisterOffice, monkeypatch: Patch, prepare: Event, event: Event, check: str
) -> None:
    """The enterprise of a row that yields, a branch, the person with another issue of a permit."""
    prepare(office)
    office.run(DAY)
    event(office)
    with monkeypatch.context() as patch, transaction.atomic():
        no_check(check)(patch)
        assert not is_record_right(office)
        transaction.set_rollback(True)
    concerned = spy_on_concerned(monkeypatch)
    assert is_record_right(office)
    assert concerned.pop()


def is_record_right(office: RegisterOffice) -> bool:
    """Whether after the next day's run the record is as if everybody had been judged."""
    run = office.run(NEXT_DAY)
    return on_record() == of_everybody(run, law())


def spy_on_concerned(monkeypatch: Patch) -> list[list[str] | None]:
    """What each run finds concerned; None = everybody."""
    answers: list[list[str] | None] = []
    concerned = actions._concerned

    def noted(*arguments: Any) -> list[str] | None:
        answers.append(concerned(*arguments))
        return answers[-1]

    monkeypatch.setattr(actions, "_concerned", noted)
    return answers


def test_another_policy_concerns_everybody(office: RegisterOffice) -> None:
    deliver_province(office)
    office.run(DAY)
    stricter = stricter_law()
    at = office.tick(NEXT_DAY)
    run = assess(as_of=NEXT_DAY, law=stricter, by="patrol", at=at, guarded=False)
    assert on_record() == of_everybody(run, stricter)
    at = office.tick(NEXT_DAY)
    run = assess(as_of=NEXT_DAY, law=law(), by="patrol", at=at, guarded=False)
    assert on_record() == of_everybody(run, law())


def test_another_release_of_the_program_concerns_everybody(
    office: RegisterOffice, monkeypatch: Patch
) -> None:
    deliver_province(office)
    first = office.run(DAY)
    monkeypatch.setattr(actions, "program_digest", lambda: "another release")
    concerned = spy_on_concerned(monkeypatch)
    assert office.run(NEXT_DAY).program_digest == "another release"
    assert concerned == [None]
    # the same day by another release is another run
    monkeypatch.setattr(actions, "program_digest", lambda: first.program_digest)
    assert office.run(NEXT_DAY).program_digest == first.program_digest
    assert concerned == [None, None]


def test_registers_that_grow_too_old_concern_everybody(office: RegisterOffice) -> None:
    days = law().policy_on(DAY)["register_freshness_days"]
    deliver_province(office, DAY - timedelta(days=days))
    before = office.run(DAY)
    run = office.run(NEXT_DAY)
    assert on_record() == of_everybody(run, law())
    assert run.counts["findings"] != before.counts["findings"]


def test_everybody_is_judged_on_the_first_run_of_each_week_and_month(
    office: RegisterOffice, monkeypatch: Patch
) -> None:
    """Findings altered in the database are put right within a week."""
    concerned = spy_on_concerned(monkeypatch)
    deliver_province(office)
    days = [
        date(2026, 6, 24),  # the first run
        date(2026, 6, 25),
        date(2026, 6, 28),  # Sunday
        date(2026, 6, 29),  # Monday
        date(2026, 7, 1),  # Wednesday; the law names a date between, 2026-06-30
        date(2026, 7, 2),
    ]
    for day in days:
        run = office.run(day)
        if day == date(2026, 6, 24):
            altered = FindingRow._default_manager.filter(credit_code=COMPLETE, recorded_to=None)
            altered.update(recorded_to=run.pk + 1)
            assert on_record() != of_everybody(run, law())
        if day >= date(2026, 6, 29):
            assert on_record() == of_everybody(run, law())
    is_everybody = [codes is None for codes in concerned]
    assert is_everybody == [True, False, False, True, True, False]


# A province that changes at random.

DATES = ("有效期止", "有效期起", "变更日期")
Province = dict[str, list[dict[str, str]]]


@pytest.fixture
def province(tmp_path: Path) -> Province:
    """The rows of a synthetic province, by file."""
    start = DAY.replace(day=2)
    generate_province(Plan(40, 7, start), tmp_path, "csv", law())
    sheets = {}
    for path in sorted(tmp_path.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            sheets[path.stem] = list(csv.DictReader(file))
    return sheets


def change_at_random(province: Province, day: date, chance: random.Random) -> None:
    """Up to three changes of single rows."""
    for _time in range(chance.randint(0, 3)):
        change = chance.choice([change_row, change_row, change_payer, lock_somebody, add_branch])
        change(province, day, chance)


def change_row(province: Province, day: date, chance: random.Random) -> None:
    """A row goes, changes its code or dates, or cannot be read."""
    rows = province[chance.choice(["注册人员", "资质", "社保", "企业"])]
    at = chance.randrange(len(rows))
    row = rows[at] = dict(rows[at])
    kind = chance.choice(["gone", "code", "unreadable", "dates", "dates", "dates"])
    if kind == "gone":
        del rows[at]
    elif kind == "code":
        name = next(column for column in row if "信用代码" in column)
        row[name] = chance.choice(rows)[name]
    elif kind == "unreadable":
        row[chance.choice(list(row))] = "？"
    else:
        for name in DATES:
            if name in row:
                row[name] = (day + timedelta(days=chance.randint(-3, 3))).isoformat()


def change_payer(province: Province, _day: date, chance: random.Random) -> None:
    """Nobody pays for somebody any more, or somebody else does."""
    number = chance.choice(province["注册人员"])["身份证号"]
    payer = chance.choice(province["企业"])["统一社会信用代码"]
    is_unpaid = chance.random() < 0.5
    rows = []
    for row in province["社保"]:
        if row["身份证号"] != number:
            rows.append(row)
        elif not is_unpaid:
            rows.append({**row, "缴费单位信用代码": payer})
    province["社保"] = rows


def lock_somebody(province: Province, day: date, chance: random.Random) -> None:
    """Somebody is locked for some days."""
    row = {
        "身份证号": chance.choice(province["注册人员"])["身份证号"],
        "锁定起": day.isoformat(),
        "锁定止": (day + timedelta(days=chance.randint(0, 5))).isoformat(),
    }
    province["锁定"] = [row]


def add_branch(province: Province, _day: date, chance: random.Random) -> None:
    """An enterprise is a branch of another."""
    parent, branch = chance.sample(province["企业"], 2)
    parent["分支机构信用代码"] = branch["统一社会信用代码"]


def deliver_sheets(office: RegisterOffice, province: Province, day: date) -> None:
    """Every register as it is on a day."""
    for name, rows in province.items():
        deliver(office, SOURCES[name], [list(rows[0]), *(list(row.values()) for row in rows)], day)


@pytest.mark.parametrize("seed", range(2))
def test_a_record_kept_by_events_is_that_of_everybody(
    office: RegisterOffice, province: Province, seed: int, monkeypatch: Patch
) -> None:
    chance = random.Random(seed)
    concerned = spy_on_concerned(monkeypatch)
    day = DAY.replace(day=4)
    for _time in range(14):
        deliver_sheets(office, province, day)
        run = office.run(day)
        _facts, results = evaluated(run.as_of, run.revision_id, law())
        assert on_record() == of_everybody(run, law())
        assert run.counts == {**counts_of(results), "newly": run.counts["newly"]}
        in_breach = guard.enterprises_in_breach_on_record(Q(recorded_to=None))
        assert in_breach == guard.enterprises_in_breach(results)
        if chance.random() < 0.2:
            codes = [chance.choice(province["企业"])["统一社会信用代码"]]
            assess(as_of=day, law=law(), by="push", at=office.tick(day), credit_codes=codes)
        day += timedelta(days=chance.choice([1, 1, 1, 1, 2]))
        change_at_random(province, day, chance)
    assert sum(bool(codes) for codes in concerned) >= 5
