"""Faults in registers and runs that an independent review found, each with the right result."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection, transaction
from test_assessments import findings_as_tuples, firms, shorten_firms
from test_journal import key
from test_platform import Platform, constructors
from test_registers import held_constructors

from builders import OTHER, OWN, credit_code, identity, law
from qualwatch.assessments.actions import CannotAssess, evaluated
from qualwatch.assessments.models import FindingRow, Run
from qualwatch.assessments.queries import run_of
from qualwatch.intake.problems import NothingReadable
from qualwatch.intake.synthetic_province import Plan, generate_province
from qualwatch.journal.actions import record
from qualwatch.journal.models import Entry
from qualwatch.journal.queries import faults
from qualwatch.patrol.days import run_day
from qualwatch.registers.corrections import CannotCorrect, correct
from qualwatch.registers.facts import facts_on, revision_at
from qualwatch.registers.identities import name_of, rotate
from qualwatch.registers.loads import CannotDecide, Delivery, import_delivery, release
from qualwatch.registers.models import ItemRow, Person, PlatformChange, RegistrationRow, UnparsedRow
from register_files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS
from register_office import DAY, RegisterOffice, insurance, items
from register_rows import item, paid, person

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)
BRANCH = credit_code(777)


def test_a_branchs_unparsed_insurance_row_counts_in_a_push_as_in_a_full_run(
    office: RegisterOffice,
) -> None:
    office.province(3)
    office.load("enterprises", [ENTERPRISES, [OWN, "甲装饰有限公司", "140105", BRANCH]])
    office.load("insurance", [CONTRIBUTIONS, *paid(1), *paid(2)[:2], ["12345", "2026-03", BRANCH]])
    revision = revision_at(None)
    _facts, full = evaluated(DAY, revision, law())
    _facts, part = evaluated(DAY, revision, law(), [OWN])
    assert findings_as_tuples(part) == findings_as_tuples(full)
    assert "unparsed-insurance-row" in full[0].findings[0].because


def test_some_enterprises_are_judged_as_all_are(office: RegisterOffice, tmp_path: Path) -> None:
    generate_province(Plan(40, 9), tmp_path / "p", "csv", law())
    names = {
        "企业": "enterprises",
        "资质": "qualifications",
        "注册人员": "practitioners",
        "社保": "insurance",
        "豁免": "exemptions",
        "锁定": "locks",
    }
    for file in sorted((tmp_path / "p").glob("*.csv")):
        office.load_files(names[file.stem], {file.name: file})
    revision = revision_at(None)
    _facts, full = evaluated(DAY, revision, law())
    for result in full:
        codes = {finding.credit_code for finding in result.findings}
        for code in codes:
            _facts, [alone] = evaluated(DAY, revision, law(), [code])
            assert findings_as_tuples([alone]) == findings_as_tuples([result])
            assert alone.anomalies == result.anomalies


def test_the_last_month_covered_is_covered_to_its_end(office: RegisterOffice) -> None:
    office.province(3)
    path = office.path(
        [CONTRIBUTIONS, *(row for n in (1, 2, 3) for row in [[identity(n), "2026-03", OWN]])]
    )
    delivery = Delivery(
        "insurance", {"社保.csv": path}, DAY, None, (date(2026, 3, 1), date(2026, 3, 31))
    )
    import_delivery(delivery=delivery, law=law(), by="li", at=office.tick())
    assert held_constructors(office) == ("met", 3)
    silent = import_delivery(
        delivery=Delivery("insurance", {"社保.csv": path}, DAY),
        law=law(),
        by="li",
        at=office.tick(),
    )
    assert (silent.covers_from, silent.covers_to) == (date(2026, 3, 1), date(2026, 3, 31))


def test_a_delta_of_insurance_widens_what_is_covered(office: RegisterOffice) -> None:
    office.province(3)
    delta = Delivery(
        "insurance",
        {"社保.csv": office.path([CONTRIBUTIONS, [identity(1), "2025-12", OWN]])},
        DAY,
        False,
    )
    load = import_delivery(delivery=delta, law=law(), by="li", at=office.tick())
    assert (load.covers_from, load.covers_to) == (date(2025, 12, 1), date(2026, 4, 30))
    assert held_constructors(office) == ("met", 3)


def test_a_held_run_is_released_after_new_people_are_known(office: RegisterOffice) -> None:
    firms(office, 30, 2)
    run = office.run(guarded=True)
    office.load("locks", [["身份证号", "锁定起"], [identity(900), "2026-01-01"]])
    released = office.release(run)
    assert (released.state, released.of_id) == ("released", run.pk)
    assert Run.objects.get(pk=run.pk).state == "decided"


def test_a_birth_date_corrected_by_the_source_counts_from_then_on(
    office: RegisterOffice,
) -> None:
    passport = {"身份证号": "E12345678", "证件类型": "护照"}
    office.load("practitioners", [REGISTRATIONS, person(1, **passport, 出生日期="1950-01-01")])
    before = office.now
    office.load(
        "practitioners", [REGISTRATIONS, person(1, **passport, 出生日期="1985-01-01")], day=NEXT_DAY
    )
    assert [row.born_on for row in facts_on(NEXT_DAY).rows("people")] == [date(1985, 1, 1)]
    assert [row.born_on for row in facts_on(DAY, before).rows("people")] == [date(1950, 1, 1)]


def test_a_held_day_is_released_although_a_push_came_between_and_the_push_stays(
    office: RegisterOffice,
) -> None:
    firms(office, 200, 3)
    office.run()
    platform = Platform(office)
    shorten_firms(office, 200, 20)
    run = office.run(NEXT_DAY, guarded=True)
    assert run.state == "held"
    pushed = platform.push(platform.change(600, "remove", 统一社会信用代码=credit_code(200)))
    assert pushed.json()["run_state"] == "released"
    assert office.release(run).state == "released"
    assert FindingRow.objects.filter(recorded_to=None, verdict="short").count() == 21


def test_after_a_release_the_guard_counts_anew(office: RegisterOffice) -> None:
    firms(office, 200, 3)
    office.run()
    shorten_firms(office, 200, 40)
    office.release(office.run(NEXT_DAY, guarded=True))
    rows = [
        person(n * 3 + k, 统一社会信用代码=credit_code(n))
        for n in range(1, 201)
        for k in range(2 if n <= 41 else 3)
    ]
    office.load("practitioners", [REGISTRATIONS, *rows], day=NEXT_DAY)
    run = office.run(NEXT_DAY, guarded=True)
    assert (run.state, run.counts["newly"]) == ("released", 1)


def test_two_held_pushes_may_be_released_in_either_order(office: RegisterOffice) -> None:
    firms(office, 200, 3)
    office.run()
    platform = Platform(office)
    for n in range(1, 22):
        platform.push(platform.change(n * 3, "remove", 统一社会信用代码=credit_code(n)))
    first, second = Run.objects.filter(state="held").order_by("id")
    office.release(second)
    office.release(first)
    assert FindingRow.objects.filter(recorded_to=None, verdict="short").count() == 21


def test_an_earlier_or_future_day_is_not_recorded_and_the_seals_stay_sound(
    office: RegisterOffice,
) -> None:
    office.province(3)
    run_day(day=NEXT_DAY, law=law(), by="patrol", at=office.tick(NEXT_DAY))
    with pytest.raises(CannotAssess, match="更早"):
        run_day(day=DAY, law=law(), by="patrol", at=office.tick())
    with pytest.raises(CannotAssess, match="还没有到"):
        run_day(day=date(2027, 1, 1), law=law(), by="patrol", at=office.tick())
    assert list(faults(key())) == []


def test_what_is_recorded_later_is_known_later(office: RegisterOffice) -> None:
    started_at = office.tick()
    office.people(1)
    pushed = office.now
    delivery = Delivery(
        "practitioners", {"a.csv": office.path([REGISTRATIONS, person(1), person(2)])}, DAY
    )
    # Began before, committed after
    import_delivery(delivery=delivery, law=law(), by="li", at=started_at)
    assert revision_at(started_at) == 0
    assert len(facts_on(DAY, pushed - timedelta(seconds=1)).tables["registrations"]) == 0


def test_a_released_run_is_known_from_its_release(office: RegisterOffice) -> None:
    firms(office, 30, 2)
    run = office.run(guarded=True)
    office.now += timedelta(hours=5)
    released = office.release(run)
    assert run_of(DAY, run.run_at) is None
    assert run_of(DAY, office.now) == released


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(
    "bad",
    [
        '统一社会信用代码,姓名,身份证号,证书类别\n"x,y\n'.encode(),
        "姓名,甲\n张,乙\n".encode(),
        b"\x00\x01\x02,\n",
        "统一社会信用代码,身份证号\n1,2\n".encode(),
    ],
)
def test_a_file_that_cannot_be_read_holds_the_load(
    office: RegisterOffice, tmp_path: Path, bad: bytes, full: bool
) -> None:
    office.people(1, 2)
    broken = tmp_path / "b.csv"
    broken.write_bytes(bad)
    load = office.load_files(
        "practitioners",
        {"a.csv": office.path([REGISTRATIONS, person(1)]), "b.csv": broken},
        full=full,
    )
    assert load.state == "held"
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 2


def test_an_empty_first_list_is_held(office: RegisterOffice) -> None:
    assert office.load("practitioners", [REGISTRATIONS]).state == "held"


def test_a_full_list_does_not_undo_what_was_pushed_since_its_day(office: RegisterOffice) -> None:
    office.province(3)
    office.run()
    platform = Platform(office)
    platform.push(platform.change(9), platform.change(1, "remove"))
    office.people(1, 2, 3, day=DAY)  # dumped before the pushes, taken in after them
    names = {name_of(row.person) for row in RegistrationRow.objects.filter(recorded_to=None)}
    assert names == {"张2", "张3", "张9"}


def test_a_held_load_is_superseded_by_a_newer_one_of_the_same_day(office: RegisterOffice) -> None:
    office.people(*range(1, 21))
    load = office.people(1, day=NEXT_DAY)
    office.people(*range(1, 22), day=NEXT_DAY)
    with pytest.raises(CannotDecide, match="已有"):
        release(
            load=load, law=law(), by="wang", at=office.tick(), because="核对过", proposed_by="li"
        )


def test_of_two_writes_of_one_person_in_a_batch_the_second_remains(office: RegisterOffice) -> None:
    office.province(3)
    office.run()
    platform = Platform(office)
    platform.push(
        platform.change(1, 有效期止="2028-01-01 00:00:00"),
        platform.change(1, 有效期止="2029-01-01 00:00:00"),
    )
    current = RegistrationRow.objects.filter(recorded_to=None, valid_to__gt=date(2027, 6, 1))
    assert [row.valid_to for row in current] == [date(2029, 1, 1)]


def test_a_remove_that_finds_nothing_is_rejected(office: RegisterOffice) -> None:
    office.province(3)
    office.run()
    platform = Platform(office)
    answer = platform.push(platform.change(1, "remove", 注册编号=""), platform.change(44, "remove"))
    assert [outcome["state"] for outcome in answer.json()["outcomes"]] == [
        "quarantined",
        "quarantined",
    ]
    assert constructors() == ("met", 3)


def test_two_rejected_rows_are_two_people(office: RegisterOffice) -> None:
    office.province(3)
    office.run()
    platform = Platform(office)
    for number in (1, 2):
        platform.push(platform.change(number, "remove"))
    for number in (11, 12):
        platform.push(platform.change(number, 有效期止="2026-02-30", 身份证号="x"))
    assert UnparsedRow.objects.filter(recorded_to=None).count() == 2
    assert constructors() == ("cannot-say", 1)


def test_a_cell_that_no_register_keeps_does_not_stop_the_sequence(office: RegisterOffice) -> None:
    office.province(3)
    office.run()
    platform = Platform(office)
    answer = platform.push(platform.change(1, 注册编号="12" * 100), platform.change(2, 姓名="\x00"))
    assert [outcome["state"] for outcome in answer.json()["outcomes"]] == [
        "quarantined",
        "quarantined",
    ]
    assert platform.push(platform.change(1, "remove")).status_code == 200
    with pytest.raises(NothingReadable, match="最多 200 个"):
        office.load("enterprises", [ENTERPRISES, [OWN, "长" * 201, "140105", ""]])


def test_lists_a_b_a_on_one_day_end_with_a_and_another_text_is_another_delivery(
    office: RegisterOffice,
) -> None:
    first, second = (
        office.path([REGISTRATIONS, *map(person, numbers)]) for numbers in ([1, 2], [1, 2, 3])
    )
    for path in (first, second, first):
        load = office.load_files("practitioners", {"a.csv": path})
    assert load.state == "released"
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 2
    assert office.load_files("practitioners", {"a.csv": first}, full=False).state == "released"
    with pytest.raises(NothingReadable, match="还没有到"):
        import_delivery(
            delivery=Delivery("practitioners", {"a.csv": first}, NEXT_DAY),
            law=law(),
            by="li",
            at=office.now,
        )


def test_key_rotation_covers_pushed_rows_and_is_journaled(
    office: RegisterOffice, settings: LazySettings
) -> None:
    office.province(3)
    office.run()
    platform = Platform(office)
    platform.push(platform.change(5))
    settings.IDENTITY_KEYS = {**settings.IDENTITY_KEYS, "2": b"n" * 32}
    while rotate(by="admin", at=office.tick(), at_most=2):
        pass
    settings.IDENTITY_KEYS = {"2": b"n" * 32}
    assert {name_of(person) for person in Person.objects.all()} == {"张1", "张2", "张3", "张5"}
    assert PlatformChange.objects.get().key_version == "2"
    office.people(1, 2, 3, day=DAY)  # what was pushed is read again
    assert Entry.objects.filter(stream="keys", what="encrypted-anew").count() == 3


def test_free_text_of_an_entry_hides_identity_numbers(office: RegisterOffice) -> None:
    text = f"经核对 {identity(1)} 已离职"
    entry = record(
        stream="x", by="li", at=office.tick(), what="done", basis=text, details={"because": text}
    )
    assert identity(1) not in entry.basis + str(entry.details)
    assert list(faults(key())) == []


def test_correcting_one_of_two_rows_of_a_key_leaves_the_other(office: RegisterOffice) -> None:
    office.load("qualifications", [ITEMS, item(等级="一级"), item(等级="二级")])
    row = ItemRow.objects.get(duplicate_no=1)
    keys = {name: getattr(row, name) for name in ItemRow.KEY}
    arguments = {
        "table": "items",
        "key": keys,
        "because": "x",
        "document": "y",
        "review_on": date(2027, 1, 1),
        "by": "li",
    }
    correct(**arguments, field="valid_to", value="2030-01-01", at=office.tick())  # type: ignore[arg-type]  # words of one kind each
    assert len(facts_on(DAY).rows("items")) == 2
    for field, value in (("register_state", "注销"), ("valid_to", "某日"), ("grade", "长" * 31)):
        with pytest.raises(CannotCorrect):
            correct(**arguments, field=field, value=value, at=office.tick())  # type: ignore[arg-type]  # as above


def test_a_fresh_second_source_does_not_hide_a_stale_first_one(office: RegisterOffice) -> None:
    office.province(3)
    late = DAY + timedelta(days=30)
    for source, rows in (
        ("enterprises", [ENTERPRISES, [OWN, "甲", "140105", ""]]),
        ("qualifications", items({})),
    ):
        office.load(source, rows, day=late)
    office.load("national-practitioners", [REGISTRATIONS, *map(person, (1, 2, 3))], day=late)
    assert held_constructors(office, late)[0] == "cannot-say"


def test_replacing_an_entry_is_refused_too(office: RegisterOffice) -> None:
    record(stream="x", by="li", at=office.tick(), what="done")
    entry = Entry.objects.get()
    verb = "INSERT OR REPLACE" if connection.vendor == "sqlite" else "INSERT"
    statement = (
        f"{verb} INTO journal_entry (id, stream, number, recorded_at, by, what, basis, before, after, details, previous, digest) "
        "SELECT id, stream, number, recorded_at, 'another', what, basis, before, after, details, previous, digest FROM journal_entry"
    )
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.get(pk=entry.pk).by == "li"


def test_insurance_of_a_person_registered_elsewhere_reassesses_that_enterprise(
    office: RegisterOffice,
) -> None:
    office.province(3)
    office.load("insurance", insurance(1, 2))
    office.run()
    platform = Platform(office)
    platform.sequence += 1
    row = dict(zip(CONTRIBUTIONS, [identity(3), "2026-03", OTHER], strict=True))
    change = {"id": "i1", "sequence": 1, "source": "insurance", "action": "put", "row": row}
    assert platform.push(change).json()["enterprises"] >= 1


def test_insurance_says_which_months_it_covers(office: RegisterOffice) -> None:
    office.province(3)
    load = office.load("insurance", insurance(1, 2))
    assert (load.covers_from, load.covers_to) == (date(2026, 1, 1), date(2026, 4, 30))
    [covered] = [row for row in facts_on(DAY).coverage if row.source == "contributions"]
    assert (covered.covers_from, covered.covers_to, covered.loaded_at) == (
        date(2026, 1, 1),
        date(2026, 4, 30),
        DAY,
    )
    assert load.counts["contributions"]["absent"] == 3
    assert CONTRIBUTIONS[0] == "身份证号"
