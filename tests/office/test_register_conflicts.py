"""Contradictory rows of one certificate: no card opens or closes, an officer gets a task."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from actors import Actors, reload
from builders import BRANCH, OTHER, OWN, credit_code, identity
from qualwatch.assessments.models import AnomalyRow, ConflictRow, FindingRow, Run
from qualwatch.assessments.queries import conflict_view, conflicts_on_record
from qualwatch.cases.models import Case, Task
from qualwatch.evaluation import conflicts
from qualwatch.registers.corrections import correct, release_correction
from qualwatch.registers.facts import facts_on, revision_at
from qualwatch.registers.models import Correction, RegistrationRow
from register_files import ENTERPRISES, ITEMS, REGISTRATIONS, Rows
from register_office import DAY, RegisterOffice
from register_rows import item, person

pytestmark = pytest.mark.django_db
NEXT_DAY, THIRD_DAY = DAY + timedelta(days=1), DAY + timedelta(days=2)
TWO_GRADES: Rows = [
    ITEMS,
    item(等级="一级"),
    item(等级="二级", 许可机关="太原市行政审批服务管理局"),
]


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def finding() -> FindingRow:
    return FindingRow.objects.get(recorded_to=None, requirement="constructors")


def conflict_tasks() -> list[Task]:
    return list(Task.objects.filter(kind="register-conflict", completed_on=None))


def test_two_grades_of_one_certificate_open_no_card_but_a_task(actors: Actors) -> None:
    actors.load_and_patrol(DAY, people=2, 资质=TWO_GRADES)
    assert (finding().verdict, finding().because) == ("cannot-say", '["register-conflict"]')
    assert (finding().grade, finding().licensing_authority) == ("一级/二级", None)
    assert not Case.objects.exists()
    [task] = conflict_tasks()
    assert (task.case, task.organisation) == (None, "city-140100")
    [conflict] = conflicts_on_record(OWN)
    assert task.detail == str(conflict.pk)
    view = conflict_view(conflict)
    assert view.since == DAY
    assert sorted(row.facts["grade"] for row in view.rows) == ["grade-1", "grade-2"]
    assert {(row.source, row.as_of) for row in view.rows} == {("qualifications", DAY)}
    assert all(row.load for row in view.rows)


def test_the_order_of_the_rows_decides_nothing(actors: Actors) -> None:
    actors.load_and_patrol(DAY, people=2, 资质=[TWO_GRADES[0], *reversed(TWO_GRADES[1:])])
    assert finding().verdict == "cannot-say"
    assert not Case.objects.exists()


def test_an_open_card_stays_as_it_is_and_goes_on_when_the_rows_agree(actors: Actors) -> None:
    case = actors.yellow_case()
    before = (case.grade, case.licensing_authority, case.certificate_no)
    # enough people for grade 2: were that row taken, the card would close
    actors.load_and_patrol(NEXT_DAY, people=3, 资质=TWO_GRADES)
    case = reload(case)
    assert case.state == "yellow"
    assert (case.grade, case.licensing_authority, case.certificate_no) == before
    assert len(conflict_tasks()) == 1
    actors.load_and_patrol(THIRD_DAY, people=3)
    assert reload(case).closed_because == "recovered"
    assert conflict_tasks() == []
    assert not conflicts_on_record()


def test_the_same_conflict_on_the_next_day_gives_no_second_task(actors: Actors) -> None:
    actors.load_and_patrol(DAY, people=2, 资质=TWO_GRADES)
    actors.load_and_patrol(NEXT_DAY, people=2, 资质=TWO_GRADES)
    assert Task.objects.filter(kind="register-conflict").count() == 1
    assert ConflictRow.objects.count() == 1


@pytest.mark.parametrize("grade", ["grade-1", "grade-2"])
def test_a_correction_of_the_contradictory_fields_settles_it(
    actors: Actors, office: RegisterOffice, grade: str
) -> None:
    actors.load_and_patrol(DAY, people=2, 资质=TWO_GRADES)
    key = {
        "credit_code": OWN,
        "category": "specialist-decoration",
        "sub_item": "",
        "certificate_no": "D214000010",
    }
    for field, value in (("grade", grade), ("licensing_authority", "province")):
        correct(
            table="items",
            key=key,
            field=field,
            value=value,
            because="核对纸质证书",
            document="核查笔录1号",
            review_on=date(2026, 12, 1),
            by="officer",
            at=office.tick(DAY),
        )
    actors.load_and_patrol(NEXT_DAY, people=2, 资质=TWO_GRADES)
    assert {row.grade for row in facts_on(NEXT_DAY).rows("items")} == {grade}
    assert finding().verdict == "short"
    assert conflict_tasks() == []


def test_two_grades_of_one_registration_keep_the_person_in_doubt(actors: Actors) -> None:
    people = [person(n) for n in range(1, 4)]
    actors.load_and_patrol(DAY, people=3, 注册人员=[REGISTRATIONS, *people, person(3, 等级="一级")])
    assert (finding().verdict, finding().held, finding().possible) == ("cannot-say", 2, 3)
    assert "register-conflict" in finding().because
    [conflict] = conflicts_on_record()
    assert (conflict.table_name, conflict.subject, conflict.part) == (
        "registrations",
        "constructor",
        "building",
    )
    assert {row.facts["profession_grade"] for row in conflict_view(conflict).rows} == {
        "grade-1",
        "grade-2",
    }
    assert len(conflict_tasks()) == 1
    assert not AnomalyRow.objects.filter(recorded_to=None).exists()


def test_no_identity_number_in_the_record_of_a_conflict(actors: Actors) -> None:
    """A special worker's certificate is numbered T and the identity number."""
    number = f"T{identity(3)}"
    people = [person(n) for n in range(1, 3)]
    twice = [person(3, 注册编号=number), person(3, 注册编号=number, 等级="一级")]
    actors.load_and_patrol(DAY, people=3, 注册人员=[REGISTRATIONS, *people, *twice])
    [conflict] = ConflictRow.objects.all()
    assert identity(3)[6:14] not in conflict.number
    assert len(conflict_view(conflict).rows) == 2
    numbers = RegistrationRow.objects.values_list("registration_no", flat=True)
    assert not [text for text in numbers if identity(3)[6:14] in text]


def test_the_account_of_a_day_counts_contested_people_and_names_the_load(actors: Actors) -> None:
    rows: Rows = [REGISTRATIONS]
    for number in range(1, 37):
        rows += [person(number), person(number, 等级="一级")] if number < 13 else [person(number)]
    actors.load_and_patrol(DAY, people=36, 注册人员=rows)
    run = Run.objects.latest("pk")
    assert (run.counts["conflicts"], run.counts["contested_people"]) == (12, 12)
    [load] = run.counts["loads_in_conflict"]
    assert (load["source"], load["as_of"], load["rows"]) == ("practitioners", str(DAY), 24)
    # each has a number of its own
    apart = [person(n, 注册编号=f"晋215{n:09d}") for n in range(1, 13)]
    people = [person(n) for n in range(1, 37)]
    actors.load_and_patrol(NEXT_DAY, people=36, 注册人员=[REGISTRATIONS, *people, *apart])
    run = Run.objects.latest("pk")
    assert (run.counts["conflicts"], run.counts.get("loads_in_conflict")) == (0, None)


def test_a_registration_at_two_enterprises_in_one_source_is_a_conflict_at_both(
    actors: Actors,
) -> None:
    people = [person(n) for n in range(1, 4)]
    actors.load_and_patrol(
        DAY, people=3, 注册人员=[REGISTRATIONS, *people, person(3, 统一社会信用代码=OTHER)]
    )
    assert (finding().verdict, finding().possible) == ("cannot-say", 3)
    assert len(conflict_view(conflicts_on_record(OWN)[0]).rows) == 2
    assert not Case.objects.exists()


def test_of_two_sources_the_one_with_precedence_is_taken(office: RegisterOffice) -> None:
    office.load("practitioners", [REGISTRATIONS, person(1), person(2, 状态="注销")])
    office.load(
        "national-practitioners",
        [
            REGISTRATIONS,
            # rows of a source that contradict one another yield together
            person(1, 等级="一级"),
            person(1, 等级="一级", 有效期止="2026-01-01"),
            person(1, 统一社会信用代码=OTHER),
            # the better source says that it has ended: elsewhere it may be in force
            person(2, 统一社会信用代码=OTHER),
        ],
    )
    rows = facts_on(DAY).rows("registrations")
    assert [
        (row.credit_code, row.profession_grade) for row in rows if row.registration_no[-1] == "1"
    ] == [(OWN, "grade-2")]
    assert {row.credit_code for row in rows if row.registration_no[-1] == "2"} == {OWN, OTHER}


def places(day: date = DAY) -> dict[str, set[str]]:
    """Last digit of a registration number -> where its person is registered, by the facts."""
    enterprises: dict[str, set[str]] = {}
    for row in facts_on(day).rows("registrations"):
        enterprises.setdefault((row.registration_no or "")[-1], set()).add(row.credit_code)
    return enterprises


def registration_key(number: int, credit_code: str = OWN) -> dict[str, Any]:
    row = RegistrationRow._default_manager.get(
        credit_code=credit_code,
        registration_no__endswith=str(number),
        source="practitioners",
        recorded_to=None,
    )
    return {name: getattr(row, name) for name in RegistrationRow.KEY}


def correct_registration(office: RegisterOffice, number: int, field: str, value: str) -> Correction:
    return correct(
        table="registrations",
        key=registration_key(number),
        field=field,
        value=value,
        because="核对注册证书",
        document="核查笔录1号",
        review_on=date(2026, 12, 1),
        by="officer",
        at=office.tick(DAY),
    )


def test_the_better_source_counts_as_an_officer_corrected_it(office: RegisterOffice) -> None:
    office.load(
        "practitioners", [REGISTRATIONS, *(person(n) for n in (1, 2, 3)), person(4, 状态="注销")]
    )
    elsewhere = [person(n, 统一社会信用代码=OTHER) for n in (1, 2, 3, 4)]
    office.load("national-practitioners", [REGISTRATIONS, *elsewhere])
    assert places() == {"1": {OWN}, "2": {OWN}, "3": {OWN}, "4": {OWN, OTHER}}
    corrections = [
        correct_registration(office, 1, "register_state", "deregistered"),
        correct_registration(office, 2, "valid_to", "2026-05-19"),
        correct_registration(office, 3, "valid_to", "2026-05-20"),  # the last day
        correct_registration(office, 4, "register_state", "in-force"),
    ]
    assert places() == {"1": {OWN, OTHER}, "2": {OWN, OTHER}, "3": {OWN}, "4": {OWN}}
    assert places(NEXT_DAY)["3"] == {OWN, OTHER}
    before = facts_on(DAY, revision_at(None) - len(corrections)).rows("registrations")
    assert {row.credit_code for row in before if row.registration_no[-1] == "1"} == {OWN}
    release_correction(correction=corrections[0], by="officer", at=office.tick(DAY), because="误")
    assert places()["1"] == {OWN}


FROM_TODAY, FROM_TOMORROW = DAY.isoformat(), NEXT_DAY.isoformat()


@pytest.mark.parametrize(
    ("cells", "is_in_force"),
    [
        ({"有效期起": "2026-09-01"}, False),
        ({"有效期起": FROM_TOMORROW}, False),
        ({"有效期起": FROM_TODAY}, True),
        ({"变更日期": FROM_TOMORROW}, False),
        ({"变更日期": FROM_TODAY}, True),
        ({"有效期起": ""}, True),
        ({"有效期止": ""}, True),
        ({"有效期止": FROM_TODAY}, True),
        ({"有效期止": "2026-05-19"}, False),
        ({"有效期止": "2026-05-19", "延续申请日期": "2026-05-19"}, True),
        ({"有效期止": "2026-05-19", "延续申请日期": FROM_TODAY}, False),
        ({"状态": "注销"}, False),
        ({"状态": "注销", "状态日期": FROM_TODAY}, False),
        ({"状态": "注销", "状态日期": FROM_TOMORROW}, True),
    ],
)
def test_only_a_registration_in_force_takes_the_other_source_row_away(
    office: RegisterOffice, cells: dict[str, str], is_in_force: bool
) -> None:
    columns = [*dict.fromkeys([*REGISTRATIONS, "变更日期", "状态日期", "延续申请日期"])]
    row = dict(zip(REGISTRATIONS, person(1), strict=True)) | cells
    office.load("practitioners", [columns, [row.get(name, "") for name in columns]])
    [alone] = facts_on(DAY).rows("registrations")
    assert conflicts._is_in_force(alone, DAY) == is_in_force
    office.load("national-practitioners", [REGISTRATIONS, person(1, 统一社会信用代码=OTHER)])
    assert places() == {"1": {OWN} if is_in_force else {OWN, OTHER}}


def test_an_enterprise_and_its_branches_do_not_hide_each_other(office: RegisterOffice) -> None:
    second_branch = credit_code(4)
    office.load(
        "enterprises",
        [
            ENTERPRISES,
            [OWN, "甲公司", "140105", f"{BRANCH};{second_branch}"],
            [OTHER, "乙公司", "140105", credit_code(5)],
        ],
    )
    pairs = [
        (OWN, BRANCH),
        (second_branch, OWN),
        (BRANCH, second_branch),
        (OWN, OTHER),
        (OTHER, BRANCH),
    ]
    better = [person(n, 统一社会信用代码=a) for n, (a, _b) in enumerate(pairs)]
    others = [person(n, 统一社会信用代码=b) for n, (_a, b) in enumerate(pairs)]
    office.load("practitioners", [REGISTRATIONS, *better])
    office.load("national-practitioners", [REGISTRATIONS, *others])
    related = {str(number): set(pair) for number, pair in enumerate(pairs[:3])}
    assert places() == {**related, "3": {OWN}, "4": {OTHER}}
    assert not facts_on(DAY).are_one_legal_person(OTHER, BRANCH)
    before = revision_at(None)
    # the branches go: at an earlier revision they were
    office.load(
        "enterprises",
        [ENTERPRISES, [OWN, "甲公司", "140105", ""], [OTHER, "乙", "140105", ""]],
        day=NEXT_DAY,
    )
    assert places()["0"] == {OWN}
    rows = facts_on(DAY, before).rows("registrations")
    assert {row.credit_code for row in rows if row.registration_no[-1] == "0"} == {OWN, BRANCH}
