"""Runs: recorded by day, held before mass warnings, reproducible from a revision."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from test_journal import key

from builders import OWN, credit_code, law, policy
from qualwatch.assessments.actions import CannotAssess, assess, evaluated, reject_run, release_run
from qualwatch.assessments.models import AnomalyRow, FindingRow, Run
from qualwatch.assessments.queries import anomalies_of, findings_of, held_runs, run_of
from qualwatch.evaluation import columnar
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.findings import EnterpriseResult
from qualwatch.intake.register_files import read_register_files
from qualwatch.intake.synthetic_province import Plan, generate_province
from qualwatch.journal.queries import entries_of, faults
from qualwatch.patrol.days import run_day
from qualwatch.registers.facts import facts_on
from register_files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS
from register_office import DAY, RegisterOffice
from register_rows import item, paid, person

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)


def constructors(run: Run) -> tuple[str, int | None]:
    [row] = [finding for finding in findings_of(run, OWN) if finding.requirement == "constructors"]
    return row.verdict, row.held


def test_a_run_records_its_findings_and_their_basis(office: RegisterOffice) -> None:
    office.province(3)
    run = office.run()
    assert run.state == "released"
    assert constructors(run) == ("met", 3)
    entry = entries_of("assessments")[-1]
    assert entry.details["law"] == law().digest == run.law_digest
    assert entry.details["input"] == run.input_digest
    assert run_of(DAY) == run
    assert run_of(NEXT_DAY) is None


def test_without_registers_there_is_no_run(office: RegisterOffice) -> None:
    with pytest.raises(CannotAssess, match="还是空的"):
        office.run()


def test_the_same_day_and_revision_is_the_same_run(office: RegisterOffice) -> None:
    office.province(3)
    first = office.run()
    assert office.run() == first
    assert Run.objects.count() == 1
    rows = FindingRow.objects.count()
    second = office.run(NEXT_DAY)
    assert second != first
    # The same verdict, numbers and basis: the same interval goes on
    assert FindingRow.objects.count() == rows


def test_a_changed_finding_ends_and_the_past_run_is_unchanged(
    office: RegisterOffice,
) -> None:
    office.province(3)
    first = office.run()
    office.people(1, day=NEXT_DAY)
    second = office.run(NEXT_DAY)
    assert constructors(second) == ("short", 1)
    assert constructors(first) == ("met", 3)
    assert {row.recorded_to for row in FindingRow.objects.filter(requirement="constructors")} == {
        None,
        second.pk,
    }


def findings_as_tuples(results: list[EnterpriseResult]) -> list[tuple[object, ...]]:
    return [
        (
            f.credit_code,
            f.category,
            f.requirement,
            f.verdict,
            f.required,
            f.held,
            f.possible,
            f.because,
        )
        for result in results
        for f in result.findings
    ]


def test_a_past_day_is_reproduced_after_the_registers_have_changed(
    office: RegisterOffice,
) -> None:
    office.province(3)
    run = office.run()
    _facts, before = evaluated(DAY, run.revision_id, law())
    office.people(1, day=NEXT_DAY)
    _facts, again = evaluated(DAY, run.revision_id, law())
    assert findings_as_tuples(again) == findings_as_tuples(before)
    _facts, now = evaluated(NEXT_DAY, run.revision_id + 1, law())
    assert findings_as_tuples(now) != findings_as_tuples(before)


def firms(office: RegisterOffice, count: int, people: int) -> None:
    """Decoration firms with so many constructors each."""
    codes = [credit_code(n) for n in range(1, count + 1)]
    office.load(
        "enterprises", [ENTERPRISES, *([code, f"企{code}", "140105", ""] for code in codes)]
    )
    office.load("qualifications", [ITEMS, *(item(统一社会信用代码=code) for code in codes)])
    rows = [(code, n * 3 + k) for n, code in enumerate(codes, 1) for k in range(people)]
    registered = (person(number, 统一社会信用代码=code) for code, number in rows)
    office.load("practitioners", [REGISTRATIONS, *registered])
    office.load(
        "insurance", [CONTRIBUTIONS, *(row for code, number in rows for row in paid(number, code))]
    )


def shorten_firms(office: RegisterOffice, count: int, short: int) -> None:
    """The next day's practitioners: the first `short` firms have one constructor less."""
    rows = [
        person(n * 3 + k, 统一社会信用代码=credit_code(n))
        for n in range(1, count + 1)
        for k in range(2 if n <= short else 3)
    ]
    assert office.load("practitioners", [REGISTRATIONS, *rows], day=NEXT_DAY).state == "released"


@pytest.mark.parametrize(("short", "state"), [(19, "released"), (20, "held")])
def test_f24_too_many_newly_short_at_once_are_held(
    office: RegisterOffice, short: int, state: str
) -> None:
    """policy: at least 20 enterprises and more than 5 %."""
    firms(office, 200, 3)
    office.run()
    shorten_firms(office, 200, short)
    run = office.run(NEXT_DAY, guarded=True)
    assert run.state == state
    assert run.counts["newly"] == short
    assert FindingRow.objects.filter(recorded_to=None, verdict="short").count() == (
        0 if state == "held" else short
    )
    if state == "held":
        assert held_runs() == [run]
        assert set(run.sample) == {credit_code(n) for n in range(1, short + 1)}


def test_the_guard_counts_over_a_rolling_day(office: RegisterOffice) -> None:
    firms(office, 200, 3)
    office.run()
    shorten_firms(office, 200, 12)
    assert office.run(NEXT_DAY, guarded=True).state == "released"
    rows = [
        person(n * 3 + k, 统一社会信用代码=credit_code(n))
        for n in range(1, 201)
        for k in range(2 if n <= 24 else 3)
    ]
    office.load("practitioners", [REGISTRATIONS, *rows], day=NEXT_DAY)
    run = office.run(NEXT_DAY, guarded=True)
    assert (run.state, run.counts["newly"]) == ("held", 24)


def test_a_first_run_that_warns_many_is_held_released_by_another_and_recorded(
    office: RegisterOffice,
) -> None:
    firms(office, 30, 2)
    run = office.run(guarded=True)
    assert run.state == "held"
    with pytest.raises(CannotAssess, match="不能自己"):
        release_run(
            run=run, law=law(), by="patrol", at=office.tick(), because="x", proposed_by="li"
        )
    with pytest.raises(CannotAssess, match="理由"):
        release_run(run=run, law=law(), by="wang", at=office.tick(), because=" ", proposed_by="li")
    office.people(1, day=NEXT_DAY)  # registers go on; what is released is what was known then
    released = office.release(run)
    assert (released.state, released.decided_by) == ("released", "wang")
    assert FindingRow.objects.filter(recorded_to=None, verdict="short").count() == 30
    with pytest.raises(CannotAssess, match="没有被扣下"):
        office.release(released)


def test_a_rejected_run_may_be_repeated(office: RegisterOffice) -> None:
    firms(office, 30, 2)
    run = office.run(guarded=True)
    reject_run(run=run, by="wang", at=office.tick(), because="社保整批缺失")
    assert not FindingRow.objects.exists()
    assert office.run(guarded=True).pk != run.pk


def test_a_run_of_some_enterprises_leaves_the_others_alone(office: RegisterOffice) -> None:
    firms(office, 5, 3)
    office.run()
    shorten_firms(office, 5, 5)
    run = assess(
        as_of=NEXT_DAY,
        law=law(),
        by="push",
        at=office.tick(NEXT_DAY),
        credit_codes=[credit_code(1)],
    )
    assert not run.is_full
    short = FindingRow.objects.filter(recorded_to=None, verdict="short").values_list(
        "credit_code", flat=True
    )
    assert list(short) == [credit_code(1)]
    assert FindingRow.objects.filter(recorded_to=None).values("credit_code").distinct().count() == 5


def test_a_day_run_twice_adds_nothing_and_the_journal_is_sound(office: RegisterOffice) -> None:
    office.province(3)
    for _again in range(2):
        day_done = run_day(day=DAY, law=law(), by="patrol", at=office.tick())
    assert (Run.objects.count(), day_done.seal.day) == (1, DAY)
    assert list(faults(key())) == []


@pytest.fixture(scope="module")
def synthetic_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("province")
    generate_province(Plan(120, 5), folder, "csv", law())
    return folder


def test_a_synthetic_province_is_judged_from_the_registers_as_from_its_files(
    office: RegisterOffice, synthetic_files: Path
) -> None:
    sources = {
        "企业": "enterprises",
        "资质": "qualifications",
        "注册人员": "practitioners",
        "社保": "insurance",
        "豁免": "exemptions",
        "锁定": "locks",
    }
    for file in sorted(synthetic_files.glob("*.csv")):
        office.load_files(sources[file.stem], {file.name: file})
    run = office.run()
    files = read_register_files(synthetic_files, law())
    # Deliveries say what they cover
    facts = Facts({**files.facts.tables, "coverage": facts_on(DAY).tables["coverage"]})
    expected = list(columnar.evaluate(law(), policy(DAY), facts, DAY))
    _facts, results = evaluated(DAY, run.revision_id, law())
    assert len(facts_on(DAY).tables["registrations"]) == len(files.facts.tables["registrations"])
    assert findings_as_tuples(results) == findings_as_tuples(expected)
    assert len(anomalies_of(run)) == sum(len(result.anomalies) for result in expected)
    assert {(a.credit_code, a.kind, a.months) for a in AnomalyRow.objects.all()} == {
        (a.credit_code, a.kind, ";".join(map(str, a.months)))
        for result in expected
        for a in result.anomalies
    }
