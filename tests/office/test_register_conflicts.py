"""Contradictory rows of one certificate: no card opens or closes, an officer gets a task."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from actors import Actors, reload
from builders import OTHER, OWN
from qualwatch.assessments.models import AnomalyRow, ConflictRow, FindingRow
from qualwatch.assessments.queries import conflict_view, conflicts_on_record
from qualwatch.cases.models import Case, Task
from qualwatch.registers.corrections import correct
from qualwatch.registers.facts import facts_on
from register_files import ITEMS, REGISTRATIONS, Rows
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
