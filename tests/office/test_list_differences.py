"""Reading a list by its differences equals reading all of it: rows, counts, rejections, unparsed rows."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Q

from builders import OTHER, OWN, credit_code, identity, law
from qualwatch.registers.differences import difference
from qualwatch.registers.loads import Delivery, import_delivery
from qualwatch.registers.models import (
    BirthdayRow,
    ContributionRow,
    ItemRow,
    Load,
    Person,
    RegistrationRow,
    UnparsedRow,
)
from register_files import CONTRIBUTIONS, ITEMS, REGISTRATIONS
from register_office import DAY, RegisterOffice
from register_rows import person

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)
PEOPLE = 60


class Undo(Exception):
    """Ends a trial."""


def row(chance: random.Random, number: int) -> list[Any]:
    """A row of somebody, often in order, sometimes in other words, sometimes unreadable."""
    cells: dict[str, str] = {
        "统一社会信用代码": chance.choice([OWN, OWN, OWN, OTHER]),
        "有效期止": f"202{chance.randint(7, 9)}-01-01",
    }
    odd = chance.random()
    if odd < 0.06:
        cells["有效期止"] = "2026-02-30"
    elif odd < 0.10:
        cells["身份证号"] = "12345"
    elif odd < 0.14:
        cells |= {
            "身份证号": f"E1234{number:04d}",
            "证件类型": "护照",
            "出生日期": chance.choice(["1950-01-01", "1985-01-01"]),
        }
    elif odd < 0.18:
        cells["身份证号"] = f" {identity(number)}（本人）"
    elif odd < 0.24:
        cells["专业"] = "建筑工程、市政公用工程"
    return person(number, **cells)


def item(chance: random.Random, number: int) -> list[Any]:
    """A certificate of one of a dozen enterprises, sometimes with an unreadable code, date or category."""
    code = chance.choice(
        [OWN, OTHER, f" {OWN}", OWN.lower(), "9114", ""] + [credit_code(number % 12)] * 12
    )
    ends = chance.choice(["2028-01-01"] * 9 + ["2026-02-30"])
    name = chance.choice(["建筑工程施工总承包", "市政公用工程施工总承包", "没有的资质"])
    cells = {
        "统一社会信用代码": code,
        "资质证书号": f"D1{number:05d}",
        "资质名称": name,
        "等级": "二级",
        "有效期止": ends,
    }
    return [cells.get(column, "") for column in ITEMS]


def contribution(chance: random.Random, number: int) -> list[Any]:
    who = "12345" if chance.random() < 0.05 else identity(number)
    return [who, f"2026-0{chance.randint(1, 4)}", chance.choice([OWN, OTHER, "?"])]


LISTS = {
    "practitioners": (REGISTRATIONS, row),
    "insurance": (CONTRIBUTIONS, contribution),
    "qualifications": (ITEMS, item),
}


def record_contents() -> dict[str, Any]:
    """What is on record, people by their hash."""
    lookup = dict(Person.objects.values_list("id", "lookup")) | {0: ""}
    load = Load.objects.latest("id")
    contents: dict[str, Any] = {"counts": load.counts, "state": load.state}
    for model in (ItemRow, RegistrationRow, ContributionRow, BirthdayRow, UnparsedRow):
        names = [name for name in model.fact_columns() if name != "person_id"]
        who = "person_id" if "person_id" in model.fact_columns() else "duplicate_no"
        current = model._default_manager.filter(recorded_to=None).values_list(who, *names)
        ended = model._default_manager.filter(~Q(recorded_to=None)).values_list(
            who, "absent_since", *names
        )
        contents[model.__name__] = Counter(
            (lookup.get(number, number), *rest) for number, *rest in current
        )
        contents[model.__name__ + " ended"] = Counter(
            (lookup.get(number, number), *rest) for number, *rest in ended
        )
    contents["rejections"] = list(
        load.rejections.order_by("row", "id").values_list(
            "file", "row", "column", "value", "problem"
        )
    )
    return contents


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("source", list(LISTS))
def test_reading_the_differences_equals_reading_the_whole_list(
    office: RegisterOffice, monkeypatch: pytest.MonkeyPatch, source: str, seed: int
) -> None:
    chance = random.Random(seed)
    head, make = LISTS[source]
    rows = [make(chance, chance.randint(1, PEOPLE)) for _ in range(300)]
    changed = [list(row) for row in rows]
    for _ in range(chance.randint(1, 12)):
        act, at = (
            chance.choice(["drop", "put", "again", "move", "change"]),
            chance.randrange(len(changed)),
        )
        if act == "drop":
            del changed[at]
        elif act == "put":
            changed.insert(at, make(chance, chance.randint(1, PEOPLE + 9)))
        elif act == "again":
            changed.append(list(changed[at]))
        elif act == "move":
            changed.append(changed.pop(at))
        else:
            changed[at] = make(chance, chance.randint(1, PEOPLE))
    covers = (date(2026, 1, 1), date(2026, 4, 30))

    def take(cells: list[list[Any]], day: date) -> Load:
        delivery = Delivery(source, {"登记.csv": office.path([head, *cells])}, day, None, covers)
        return import_delivery(delivery=delivery, law=law(), by="li", at=office.tick(day))

    assert take(rows, DAY).state == "released"
    used: list[bool] = []
    find = difference
    outcomes = []
    for read_completely in (False, True):

        def find_and_note(*words: Any, read_completely: bool = read_completely) -> Any:
            differences = None if read_completely else find(*words)
            used.append(differences is not None)
            return differences

        monkeypatch.setattr("qualwatch.registers.loads.difference", find_and_note)
        try:
            with transaction.atomic():
                take(changed, NEXT_DAY)
                outcomes.append(record_contents())
                raise Undo
        except Undo:
            pass
    assert (
        used == [True, False]
        or changed == rows
        or sorted(map(repr, changed)) == sorted(map(repr, rows))
    )
    assert outcomes[0] == outcomes[1]


def test_a_list_with_quotes_another_heading_or_many_changes_is_read_whole(
    office: RegisterOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[bool] = []
    find = difference

    def find_and_note(*words: Any) -> Any:
        differences = find(*words)
        used.append(differences is not None)
        return differences

    monkeypatch.setattr("qualwatch.registers.loads.difference", find_and_note)
    office.people(*range(1, 21))
    office.people(*range(2, 21), day=NEXT_DAY)
    office.load(
        "practitioners",
        [[*REGISTRATIONS, "备注"], *([*person(n), ""] for n in range(1, 21))],
        day=NEXT_DAY,
    )
    office.load(
        "practitioners",
        [REGISTRATIONS, *(person(n, 姓名='张"三') for n in range(1, 21))],
        day=NEXT_DAY,
    )
    office.people(*range(5, 30), day=NEXT_DAY + timedelta(days=1))
    assert used == [True, False, False, False]


@pytest.mark.parametrize("source", list(LISTS))
def test_the_same_bytes_on_the_next_day_equal_a_fresh_reading(
    office: RegisterOffice, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    chance = random.Random(3)
    head, make = LISTS[source]
    rows = [head, *(make(chance, chance.randint(1, PEOPLE)) for _ in range(200))]
    path = office.path(rows)
    covers = (date(2026, 1, 1), date(2026, 4, 30))
    contents = []
    for read_completely in (False, True):
        try:
            with transaction.atomic():
                for day in (DAY, NEXT_DAY):
                    if read_completely and day == NEXT_DAY:
                        monkeypatch.setattr(
                            "qualwatch.registers.loads._is_same_list", lambda *_words: False
                        )
                    delivery = Delivery(source, {"登记.csv": path}, day, None, covers)
                    load = import_delivery(
                        delivery=delivery, law=law(), by="li", at=office.tick(day)
                    )
                assert load.as_of == NEXT_DAY
                assert load.revision_id is not None
                contents.append(record_contents())
                raise Undo
        except Undo:
            pass
    assert contents[0] == contents[1]
