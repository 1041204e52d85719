"""Loads, corrections and the facts of any day, on a small province."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from builders import OTHER, OWN, credit_code, identity, law
from qualwatch.evaluation import columnar
from qualwatch.intake.problems import NothingReadable
from qualwatch.journal.queries import entries_of
from qualwatch.registers.corrections import (
    CannotCorrect,
    conflicts,
    correct,
    due_for_review,
    release_correction,
)
from qualwatch.registers.facts import facts_on
from qualwatch.registers.identities import identity_of, mask_of, name_of
from qualwatch.registers.loads import CannotDecide, raw_file, reject, release
from qualwatch.registers.models import (
    TABLES,
    EnterpriseRow,
    ItemRow,
    Load,
    Person,
    RegistrationRow,
    Revision,
)
from register_files import ENTERPRISES, ITEMS, REGISTRATIONS
from register_office import DAY, RegisterOffice, items
from register_rows import item, person

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)


def held_constructors(office: RegisterOffice, day: date = DAY) -> tuple[str, int | None]:
    """Verdict and head count of the decoration firm's constructors."""
    facts = facts_on(day)
    for result in columnar.evaluate(law(), law().policy_on(day), facts, day):
        for finding in result.findings:
            if finding.requirement == "constructors":
                return finding.verdict, finding.held
    return "none", None


def test_a_load_accounts_for_every_row_and_stores_the_raw_file(office: RegisterOffice) -> None:
    rows = [REGISTRATIONS, person(1), person(1), person(2), person(3, 有效期止="2026-02-30")]
    path = office.path(rows)
    load = office.load_files("practitioners", {"登记.csv": path})
    counts = load.counts["registrations"]
    assert (counts["read"], counts["accepted"], counts["rejected"]) == (4, 3, 1)
    assert (
        counts["rows"],
        counts["added"],
        counts["changed"],
        counts["unchanged"],
        counts["absent"],
    ) == (2, 2, 0, 0, 0)
    rejection = load.rejections.get()
    assert (rejection.file, rejection.row, rejection.column) == ("登记.csv", 5, "有效期止")
    stored = raw_file(load.files[0]["sha256"], "登记.csv")
    assert stored.read_bytes() == path.read_bytes()
    assert stored.stat().st_mode & 0o077 == 0
    assert entries_of("source/practitioners")[-1].what == "load-released"


def test_the_same_file_twice_changes_nothing(office: RegisterOffice) -> None:
    path = office.path([REGISTRATIONS, person(1)])
    office.load_files("practitioners", {"登记.csv": path})
    revisions = Revision.objects.count()
    again = office.load_files("practitioners", {"登记.csv": path})
    assert again.state == "unchanged"
    assert Revision.objects.count() == revisions
    other_day = office.load_files("practitioners", {"登记.csv": path}, day=NEXT_DAY)
    counts = other_day.counts["registrations"]
    assert (other_day.state, counts["added"], counts["changed"], counts["unchanged"]) == (
        "released",
        0,
        0,
        1,
    )
    assert RegistrationRow.objects.count() == 1


def test_changed_new_and_absent_rows_are_distinguished_and_the_past_stays(
    office: RegisterOffice,
) -> None:
    office.people(1, 2, 3)
    before = office.now
    load = office.load(
        "practitioners",
        [REGISTRATIONS, person(1), person(2, 有效期止="2028-01-01"), person(4)],
        day=NEXT_DAY,
    )
    counts = load.counts["registrations"]
    assert (counts["added"], counts["changed"], counts["unchanged"], counts["absent"]) == (
        1,
        1,
        1,
        1,
    )
    absent = RegistrationRow.objects.get(absent_since__isnull=False)
    assert absent.absent_since == NEXT_DAY
    ended = {
        row[0]
        for row in RegistrationRow.objects.exclude(recorded_to=None).values_list("recorded_to")
    }
    assert ended == {load.revision_id}
    assert len(facts_on(DAY, before).tables["registrations"]) == 3
    assert [row.valid_to for row in facts_on(DAY, before).rows("registrations")] == [
        date(2027, 1, 1)
    ] * 3
    assert sorted(row.valid_to for row in facts_on(NEXT_DAY).rows("registrations"))[-1] == date(
        2028, 1, 1
    )


def test_a_delta_leaves_every_other_row_unchanged(office: RegisterOffice) -> None:
    office.people(1, 2, 3)
    load = office.people(2, 4, day=NEXT_DAY, full=False)
    counts = load.counts["registrations"]
    assert (counts["added"], counts["unchanged"], counts["absent"]) == (1, 1, 0)
    assert len(facts_on(NEXT_DAY).tables["registrations"]) == 4


def test_rows_that_share_a_key_are_all_stored(office: RegisterOffice) -> None:
    first, second = item(等级="二级"), item(等级="一级", 有效期起="2023-01-01")
    office.load("qualifications", [ITEMS, first, second])
    assert sorted(ItemRow.objects.values_list("duplicate_no", flat=True)) == [1, 2]
    assert (
        office.load("qualifications", [ITEMS, second, first], day=NEXT_DAY).counts["items"][
            "unchanged"
        ]
        == 2
    )


@pytest.mark.parametrize(
    ("remaining", "state"),
    [(0, "held"), (65, "held"), (70, "released"), (99, "released"), (100, "released")],
)
def test_a_list_that_shrinks_too_much_is_held(
    office: RegisterOffice, remaining: int, state: str
) -> None:
    """policy: more than 30 % and 5 rows; 70 of 100 are 30 %, not more."""
    office.people(*range(1, 101))
    load = office.people(*range(1, remaining + 1), day=NEXT_DAY)
    assert load.state == state
    assert RegistrationRow.objects.filter(recorded_to=None).count() == (
        100 if state == "held" else remaining
    )
    assert (load.revision is None) == (state == "held")


def test_zero_rows_where_there_were_many_are_held_and_change_nothing(
    office: RegisterOffice,
) -> None:
    """Field case F04: the call succeeded, with zero rows."""
    office.people(1, 2, 3)
    revisions, people = Revision.objects.count(), Person.objects.count()
    load = office.load("practitioners", [REGISTRATIONS], day=NEXT_DAY)
    assert load.state == "held"
    assert "3" in load.because
    assert (Revision.objects.count(), Person.objects.count()) == (revisions, people)


def test_an_unreadable_file_among_others_holds_a_full_list(
    office: RegisterOffice, tmp_path: Path
) -> None:
    office.people(1, 2)
    broken = tmp_path / "b.xlsx"
    broken.write_bytes(b"PK\x03\x04 not a workbook")
    good = office.path([REGISTRATIONS, person(1), person(2)])
    load = office.load_files("practitioners", {"a.csv": good, "b.xlsx": broken}, day=NEXT_DAY)
    assert load.state == "held"
    assert load.rejections.get().file == "b.xlsx"


def test_a_held_load_is_released_by_another_with_a_reason(office: RegisterOffice) -> None:
    office.people(*range(1, 11))
    load = office.people(1, day=NEXT_DAY)
    assert load.state == "held"
    with pytest.raises(CannotDecide, match="不能自己"):
        release(load=load, law=law(), by="li", at=office.tick(), because="核对过", proposed_by="li")
    with pytest.raises(CannotDecide, match="理由"):
        release(load=load, law=law(), by="wang", at=office.tick(), because=" ", proposed_by="li")
    released = release(
        load=load, law=law(), by="wang", at=office.tick(), because="九人确已注销", proposed_by="li"
    )
    assert (released.state, released.decided_by) == ("released", "wang")
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 1
    assert entries_of("source/practitioners")[-1].by == "wang"
    with pytest.raises(CannotDecide, match="没有被扣下"):
        release(
            load=Load.objects.get(pk=load.pk),
            law=law(),
            by="wang",
            at=office.tick(),
            because="again",
            proposed_by="li",
        )


def test_a_held_load_is_rejected_or_superseded_by_a_newer_one(office: RegisterOffice) -> None:
    office.people(*range(1, 11))
    first, second = office.people(1, day=NEXT_DAY), office.people(2, day=NEXT_DAY)
    reject(load=first, by="wang", at=office.tick(), because="上游故障")
    assert Load.objects.get(pk=first.pk).state == "rejected"
    office.people(*range(1, 11), day=NEXT_DAY + timedelta(days=1))
    with pytest.raises(CannotDecide, match="已有"):
        release(
            load=second, law=law(), by="wang", at=office.tick(), because="核对过", proposed_by="li"
        )


def test_an_older_list_than_the_one_on_record_is_rejected(office: RegisterOffice) -> None:
    office.people(1, 2, day=NEXT_DAY)
    load = office.people(1, day=DAY)
    assert load.state == "rejected"
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 2


def test_files_of_another_source_are_refused_and_nothing_is_written(office: RegisterOffice) -> None:
    with pytest.raises(NothingReadable, match="不属于来源"):
        office.load("insurance", [REGISTRATIONS, person(1)])
    with pytest.raises(NothingReadable, match="没有认出"):
        office.load("insurance", [["甲", "乙"], [1, 2]])
    assert not Load.objects.exists()
    assert not Person.objects.exists()


def test_every_register_of_the_province_gives_the_facts_that_the_files_give(
    office: RegisterOffice,
) -> None:
    office.province(3)
    verdict = held_constructors(office)
    assert verdict == ("met", 3)
    facts = facts_on(DAY)
    assert len(facts.tables["contributions"]) == 9
    assert {row.area for row in facts.coverage} == {""}
    only = facts_on(DAY, credit_codes=[OTHER])
    assert len(only.tables["registrations"]) == 0
    assert [row.credit_code for row in only.rows("enterprises")] == [OTHER]


def test_projects_are_read(office: RegisterOffice) -> None:
    head = ["项目编码", "统一社会信用代码", "资质名称", "项目所在地区划", "开工", "竣工"]
    load = office.load(
        "projects",
        [
            head,
            ["1401001", OWN, "建筑工程施工总承包", "140100", "2026-01-01", ""],
            ["", OWN, "建筑工程施工总承包", "140100", "2026-01-01", ""],
        ],
    )
    assert (load.counts["projects"]["added"], load.counts["projects"]["rejected"]) == (1, 1)
    assert load.rejections.get().problem == "项目编码为空"


# Field cases, section A


def test_f01_two_items_of_one_certificate_one_person_of_two_majors(office: RegisterOffice) -> None:
    office.load(
        "qualifications",
        items(
            {"资质名称": "建筑工程施工总承包", "等级": "二级"},
            {"资质名称": "市政公用工程施工总承包", "等级": "三级"},
        ),
    )
    office.load("practitioners", [REGISTRATIONS, person(1, 专业="建筑工程、市政公用工程")])
    assert ItemRow.objects.count() == 2
    assert Person.objects.count() == 1
    assert RegistrationRow.objects.count() == 2


def test_f03_a_source_that_no_longer_arrives(office: RegisterOffice) -> None:
    office.province(3)
    late = DAY + timedelta(days=30)
    verdict, count = held_constructors(office, late)
    assert verdict == "cannot-say"
    assert count in (None, 3)


def test_f05_two_sources_disagree_and_the_conflict_is_listed(office: RegisterOffice) -> None:
    office.load("practitioners", [REGISTRATIONS, person(1, 有效期止="2026-03-10")])
    office.load(
        "national-practitioners", [REGISTRATIONS, person(1, 有效期止="2026-03-31"), person(2)]
    )
    conflict_rows = conflicts("registrations")
    assert [row[-2:] for row in conflict_rows] == [("national-practitioners", "practitioners")]
    rows = facts_on(DAY).rows("registrations")
    # The province's is believed
    assert sorted(row.valid_to for row in rows) == [
        date(2026, 3, 10),
        date(2027, 1, 1),
    ]


def test_f05_moving_from_one_enterprise_to_another(office: RegisterOffice) -> None:
    office.load(
        "practitioners",
        [
            REGISTRATIONS,
            person(1, 有效期止="2026-03-10"),
            person(1, 统一社会信用代码=OTHER, 有效期起="2026-03-15"),
        ],
    )
    assert sorted(
        (row.credit_code, row.valid_from) for row in facts_on(DAY).rows("registrations")
    ) == sorted([(OWN, date(2024, 1, 1)), (OTHER, date(2026, 3, 15))])


def correction(office: RegisterOffice, value: str = "2031-01-31") -> None:
    row = RegistrationRow.objects.filter(recorded_to=None).exclude(source="correction").first()
    assert row is not None
    key = {name: getattr(row, name) for name in RegistrationRow.KEY}
    correct(
        table="registrations",
        key=key,
        field="valid_to",
        value=value,
        because="证书已延续",
        document="晋建延〔2026〕3号",
        review_on=date(2026, 8, 1),
        by="li",
        at=office.tick(),
    )


def test_f06_a_correction_outlives_the_next_load_until_it_is_released(
    office: RegisterOffice,
) -> None:
    office.load("practitioners", [REGISTRATIONS, person(1, 有效期止="2026-01-31")])
    before = office.now
    correction(office)
    assert [row.valid_to for row in facts_on(DAY).rows("registrations")] == [date(2031, 1, 31)]
    assert [row.valid_to for row in facts_on(DAY, before).rows("registrations")] == [
        date(2026, 1, 31)
    ]
    load = office.load(
        "practitioners",
        [REGISTRATIONS, person(1, 有效期止="2026-01-31", 等级="一级")],
        day=NEXT_DAY,
    )
    assert load.counts["corrections"] == {"source_still_differs": 1}
    [row] = facts_on(NEXT_DAY).rows("registrations")
    # One field corrected, the rest followed
    assert (row.valid_to, row.profession_grade) == (
        date(2031, 1, 31),
        "grade-1",
    )
    [due] = due_for_review(date(2026, 8, 1))
    assert list(due_for_review(date(2026, 7, 31))) == []
    release_correction(correction=due, by="li", at=office.tick(), because="来源已改")
    assert [row.valid_to for row in facts_on(NEXT_DAY).rows("registrations")] == [date(2026, 1, 31)]
    with pytest.raises(CannotCorrect, match="已经解除"):
        release_correction(correction=due, by="li", at=office.tick(), because="")


def test_a_corrected_row_that_its_source_no_longer_has_is_removed(office: RegisterOffice) -> None:
    office.people(1, 2, 3)
    correction(office)
    office.people(2, 3, day=NEXT_DAY)
    assert len(facts_on(NEXT_DAY).rows("registrations")) == 2


@pytest.mark.parametrize(
    ("field", "because", "document"),
    [
        ("valid_to", "", "x"),
        ("valid_to", "x", " "),
        ("credit_code", "x", "x"),
        ("nothing", "x", "x"),
        ("id", "x", "x"),
    ],
)
def test_a_correction_needs_field_reason_and_document(
    office: RegisterOffice, field: str, because: str, document: str
) -> None:
    office.people(1)
    row = RegistrationRow.objects.get()
    key = {name: getattr(row, name) for name in RegistrationRow.KEY}
    with pytest.raises(CannotCorrect):
        correct(
            table="registrations",
            key=key,
            field=field,
            value=None,
            because=because,
            document=document,
            review_on=date(2027, 1, 1),
            by="li",
            at=office.tick(),
        )


def test_f07_a_cancellation_in_the_future_and_the_right_certificate(office: RegisterOffice) -> None:
    office.load(
        "qualifications",
        items({"资质证书号": "D1", "状态": "注销", "状态日期": "2026-05-21"}, {"资质证书号": "D2"}),
    )
    first = office.load(
        "qualifications",
        items(
            {"资质证书号": "D1", "状态": "注销", "状态日期": "2026-05-21"},
            {"资质证书号": "D2", "等级": "一级"},
        ),
        day=NEXT_DAY,
    )
    assert first.counts["items"]["changed"] == 1
    assert ItemRow.objects.filter(certificate_no="D1").count() == 1
    states = {
        row.certificate_no: (row.register_state, row.register_state_from)
        for row in facts_on(DAY).rows("items")
    }
    assert states["D1"] == ("deregistered", NEXT_DAY)


def test_f09_every_place_belongs_to_one_city_or_is_reported(office: RegisterOffice) -> None:
    places = {
        credit_code(n): code
        for n, code in enumerate(["140100", "140105", "140171", "149999", ""], 1)
    }
    load = office.load(
        "enterprises", [ENTERPRISES, *([code, f"企{code}", at, ""] for code, at in places.items())]
    )
    # None dropped
    assert (load.counts["enterprises"]["accepted"], load.counts["enterprises"]["rejected"]) == (
        5,
        0,
    )
    areas = {
        row.credit_code: law().area_of(row.division_code)
        for row in facts_on(DAY).rows("enterprises")
    }
    assert [areas[code] for code in places] == [
        "city:140100",
        "city:140100",
        "zone:140171",
        None,
        None,
    ]
    office.load("qualifications", items(*({"统一社会信用代码": code} for code in places)))
    results = columnar.evaluate(law(), law().policy_on(DAY), facts_on(DAY), DAY)
    unsure = {
        finding.credit_code
        for result in results
        for finding in result.findings
        if "place-unknown" in finding.because
    }
    assert unsure == set(list(places)[3:])


def test_f11_identities_of_other_documents_load_too(office: RegisterOffice) -> None:
    office.load("practitioners", [REGISTRATIONS, person(1, 身份证号="E12345678", 证件类型="护照")])
    stored_person = Person.objects.get()
    assert identity_of(stored_person)[1] == "E12345678"
    assert stored_person.born_on is None


def test_f14_a_renamed_enterprise_keeps_its_history(office: RegisterOffice) -> None:
    office.load("enterprises", [ENTERPRISES, [OWN, "甲装饰有限公司", "140105", ""]])
    before = office.now
    office.load(
        "enterprises", [ENTERPRISES, [OWN, "甲建设集团有限公司", "140105", ""]], day=NEXT_DAY
    )
    assert [row.name for row in facts_on(NEXT_DAY).rows("enterprises")] == ["甲建设集团有限公司"]
    assert [row.name for row in facts_on(DAY, before).rows("enterprises")] == ["甲装饰有限公司"]
    assert EnterpriseRow.objects.filter(credit_code=OWN).count() == 2


def test_f16_a_withdrawn_item_is_in_the_history_and_does_not_count(office: RegisterOffice) -> None:
    office.province(3)
    office.load("qualifications", items({"状态": "撤回", "状态日期": "2026-05-01"}), day=NEXT_DAY)
    assert held_constructors(office, NEXT_DAY) == ("none", None)
    assert ItemRow.objects.count() == 2


# What the database itself keeps


def test_identities_are_stored_encrypted_and_shown_masked(office: RegisterOffice) -> None:
    office.people(1)
    person = Person.objects.get()
    assert identity(1).encode() not in bytes(person.identity)
    assert identity_of(person)[1] == identity(1)
    assert mask_of(person) == identity(1)[:6] + "*" * 10 + identity(1)[-2:]
    assert name_of(person) == "张1"
    assert person.born_on == date(1985, 6, 15)


@pytest.mark.parametrize("slug", sorted(TABLES))
def test_rows_of_every_register_only_end(office: RegisterOffice, slug: str) -> None:
    del office
    table = TABLES[slug]._meta.db_table
    model = TABLES[slug]
    columns: dict[str, str | int | None] = {"source": "x", "duplicate_no": 1, "recorded_from": 1}
    for field in model._meta.concrete_fields:
        name = str(field.column)
        if name not in columns and name != "id" and not field.null:
            kind = field.get_internal_type()
            sample: dict[str, str | int] = {
                "ForeignKey": 1,
                "BigIntegerField": 1,
                "IntegerField": 1,
                "DateField": "2026-01-01",
            }
            columns[name] = sample.get(kind, "x")

    def insert(**changed: int) -> None:
        values = columns | changed
        marks = ", ".join(["%s"] * len(values))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values())
            )

    def execute(statement: str) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    insert()
    with pytest.raises(IntegrityError):
        insert(recorded_from=2)  # two current rows of one key
    execute(f"UPDATE {table} SET recorded_to = 5")
    for refused in (
        f"UPDATE {table} SET recorded_to = NULL",
        f"UPDATE {table} SET recorded_to = 7",
        f"DELETE FROM {table}",
    ):
        with pytest.raises(DatabaseError, match="only ends"):
            execute(refused)
    with pytest.raises(DatabaseError, match="overlap"):
        insert(recorded_from=4)
    with pytest.raises(DatabaseError, match="overlap"):
        insert(recorded_from=2, recorded_to=3)
    insert(recorded_from=5)
    with pytest.raises(DatabaseError, match="only ends"):
        execute(f"UPDATE {table} SET source = 'y' WHERE recorded_to IS NULL")
    with pytest.raises(IntegrityError):
        execute(f"UPDATE {table} SET recorded_to = recorded_from WHERE recorded_to IS NULL")
