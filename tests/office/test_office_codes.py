"""Codes that identify in the office, where every source is loaded by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from test_platform import Platform

from builders import OTHER, OWN, law
from qualwatch.evaluation.reference import evaluate
from qualwatch.registers.facts import facts_on
from qualwatch.registers.models import EnterpriseRow, ItemRow, LoadRejection, RegistrationRow
from register_files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS, Rows
from register_office import DAY, SOURCES, RegisterOffice
from register_rows import MONTHS, item, paid, person, province

pytestmark = pytest.mark.django_db
IRREGULAR = OWN[:-1] + "0"
NEXT_DAY = DAY + timedelta(days=1)


def with_code(rows: Rows, code: str = IRREGULAR) -> Rows:
    """Rows with another code of the firm."""
    return [[code if cell == OWN else cell for cell in row] for row in rows]


def load_all(office: RegisterOffice, day: Any = DAY, **changed: Rows) -> None:
    """Every source of the firm with the irregular code, in the order of the sheets."""
    for sheet, rows in province(3, **changed).items():
        office.load(SOURCES[sheet], with_code(rows), day=day)


def verdicts() -> dict[str, str]:
    """Verdicts of today's facts, by credit code."""
    policy = law().policy_on(DAY)
    results = evaluate(law(), policy, facts_on(DAY), DAY)
    return {
        finding.credit_code: finding.verdict for result in results for finding in result.findings
    }


def test_an_irregular_code_is_taken_once_another_source_has_it(office: RegisterOffice) -> None:
    load_all(office)
    # the first list to come had nobody to agree with
    assert not EnterpriseRow.objects.filter(recorded_to=None, credit_code=IRREGULAR).exists()
    assert ItemRow.objects.filter(recorded_to=None, credit_code=IRREGULAR).exists()
    [rejection] = LoadRejection.objects.all()
    assert IRREGULAR in rejection.problem
    # the same file again is not passed over: the code is confirmed now
    again = office.load("enterprises", with_code(province(3)["企业"]))
    assert again.state == "released"
    assert verdicts() == {IRREGULAR: "met"}
    # and then it is
    assert office.load("enterprises", with_code(province(3)["企业"])).state == "unchanged"


def test_the_same_bytes_on_the_next_day_are_read_when_the_code_is_confirmed(
    office: RegisterOffice,
) -> None:
    load_all(office)
    office.load("enterprises", with_code(province(3)["企业"]), day=NEXT_DAY)
    assert EnterpriseRow.objects.filter(recorded_to=None, credit_code=IRREGULAR).exists()


def test_a_list_with_few_differences_is_read_whole_when_the_code_is_confirmed(
    office: RegisterOffice,
) -> None:
    items = [ITEMS, *(item(统一社会信用代码=OTHER, 资质证书号=f"D2140001{n}") for n in range(40))]
    office.load("qualifications", [*items, item(统一社会信用代码=IRREGULAR)])
    assert not ItemRow.objects.filter(credit_code=IRREGULAR).exists()
    office.load("practitioners", with_code([REGISTRATIONS, person(1)]))
    later = [*items, item(统一社会信用代码=IRREGULAR), item(统一社会信用代码=OTHER)]
    load = office.load("qualifications", later, day=NEXT_DAY)
    assert load.counts["items"]["rejected"] == 0
    assert ItemRow.objects.filter(recorded_to=None, credit_code=IRREGULAR).exists()


def test_a_slip_of_the_pen_is_not_taken_although_two_sources_have_it(
    office: RegisterOffice,
) -> None:
    office.load("enterprises", province(3)["企业"])
    office.load("qualifications", with_code(province(3)["资质"]))
    load = office.load("practitioners", with_code(province(3)["注册人员"]))
    assert load.counts["registrations"]["rejected"] == 3
    assert not ItemRow.objects.exists()


def test_a_code_of_one_source_stays_rejected(office: RegisterOffice) -> None:
    office.load("enterprises", province(3)["企业"])
    lonely = "91140105MA00000070"
    for day in (DAY, NEXT_DAY):
        rows = with_code(province(3)["资质"], lonely)
        load = office.load("qualifications", [*rows, [*item(资质证书号=f"{day:%d}")]], day=day)
        assert load.counts["items"]["rejected"] == 1
    assert not ItemRow.objects.filter(credit_code=lonely).exists()


@pytest.mark.parametrize("first", ["practitioners", "insurance"])
@pytest.mark.parametrize(
    ("registered", "insured", "verdict"),
    [
        ("H12345678", "H1234567801", "cannot-say"),
        ("H1234567801", "H12345678", "cannot-say"),
        ("M1234567801", "M1234567802", "cannot-say"),
        ("H12345678", "H12345678", "met"),
        ("E12345678", "E12345678", "met"),
        ("830000198506150075", "830000198506150075", "met"),
        ("H12345678", "H12345679", "short"),
    ],
)
def test_documents_of_two_sources(
    office: RegisterOffice, first: str, registered: str, insured: str, verdict: str
) -> None:
    other = person(3, 证件类型="港澳居民来往内地通行证", 身份证号=registered, 出生日期="1985-06-15")
    lists = {
        "practitioners": [REGISTRATIONS, person(1), person(2), other],
        "insurance": [
            CONTRIBUTIONS,
            *paid(1),
            *paid(2),
            *([insured, month, OWN] for month in MONTHS),
        ],
    }
    office.load("enterprises", [ENTERPRISES, [OWN, "甲", "140105", ""]])
    office.load("qualifications", province(3)["资质"])
    for source in sorted(lists, key=lambda source: source != first):
        office.load(source, lists[source])
    assert verdicts() == {OWN: verdict}
    some = facts_on(DAY, credit_codes=[OWN]).tables["unparsed"].to_pylist()
    assert some == facts_on(DAY).tables["unparsed"].to_pylist()
    assert len(some) == (verdict == "cannot-say")


def test_a_pushed_row_with_an_irregular_code_is_taken_where_another_source_has_it(
    office: RegisterOffice,
) -> None:
    load_all(office)
    platform = Platform(office)
    answer = platform.push(
        platform.change(7, 统一社会信用代码=IRREGULAR, 注册编号="晋214000000999")
    )
    assert answer.status_code == 200
    rows = RegistrationRow.objects.filter(recorded_to=None, credit_code=IRREGULAR)
    assert rows.filter(registration_no="晋214000000999").exists()
