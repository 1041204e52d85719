"""A fault put into either engine, in any of the named places, is noticed by comparing the two.

Were a mutation not noticed, the random provinces would be too tame in that place: extend random_provinces.py, not this list.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builders import law, policy
from qualwatch.evaluation import columnar, reference, sessions
from random_provinces import RandomProvince

SOURCE = Path(sessions.__file__).parent
PROVINCES = 150  # looked at before a mutation counts as unnoticed

# place: the fault in a statement (file, right text, wrong text) and the same kind of fault in the reference engine
MUTATIONS = {
    "the last day of a registration": (
        (
            "findings.sql",
            "WHEN r.valid_to < p.as_of AND NOT r.renewal_pending THEN b.registration_expired",
            "WHEN r.valid_to <= p.as_of AND NOT r.renewal_pending THEN b.registration_expired",
        ),
        ("people.py", "registration.valid_to < self.as_of", "registration.valid_to <= self.as_of"),
    ),
    "the birthday of an age limit": (
        (
            "findings.sql",
            "WHEN r.age >= f.doubt_from THEN b.age_in_doubt",
            "WHEN r.age > f.doubt_from THEN b.age_in_doubt",
        ),
        (
            "people.py",
            "(day.month, day.day) < (born_on.month, born_on.day)",
            "(day.month, day.day) <= (born_on.month, born_on.day)",
        ),
    ),
    "the month of joining": (
        ("findings.sql", "CASE WHEN day(m.joined) > 1 THEN 1 ELSE 0 END", "0"),
        ("people.py", "first_of(month) >= joined", "first_of(month) > joined"),
    ),
    "several payers in one month": (
        (
            "anomalies.sql",
            "WHEN t.months & coalesce(t.by_own, 0) & coalesce(t.by_other, 0)\n",
            "WHEN t.months & coalesce(t.by_other, 0)\n",
        ),
        (
            "people.py",
            "several = payments.by_own & payments.by_other - exempt",
            "several = payments.by_own and payments.by_other - exempt",
        ),
    ),
    "the enterprise's branches": (
        (
            "findings.sql",
            "i.payer_credit_code = s.credit_code OR c.branch_code IS NOT NULL",
            "i.payer_credit_code = s.credit_code",
        ),
        ("people.py", "frozenset((self.credit_code, *branches))", "frozenset((self.credit_code,))"),
    ),
    "registered at another enterprise": (
        ("findings.sql", "o.standing = 0 AND o.counted", "o.counted"),
        ("people.py", "row.credit_code not in self.codes", "row.credit_code != self.credit_code"),
    ),
    "the grade that suffices": (
        ("findings.sql", "k.rank >= a.lowest_rank", "k.rank > a.lowest_rank"),
        ("people.py", "rank < accepted.lowest_rank", "rank <= accepted.lowest_rank"),
    ),
    "the union of all clauses of a group": (
        (
            "law_tables.py",
            "for size in range(1, len(parts) + 1):",
            "for size in range(1, len(parts)):",
        ),
        (
            "matching.py",
            "len(filled[clause]) < minima[clause]",
            "len(filled[clause]) <= minima[clause]",
        ),
    ),
    "an unparsed row is somebody": (
        (
            "findings.sql",
            "coalesce(t.possible, 0) + coalesce(m.people, 0) AS possible",
            "coalesce(t.possible, 0) AS possible",
        ),
        ("reference.py", "maybe + nameless", "maybe"),
    ),
    "an accepted finding holds while as many are held": (
        ("findings.sql", "s.held >= f.at_held THEN 'advise'", "s.held > f.at_held THEN 'advise'"),
        ("reference.py", "and held >= accepted.at_held", "and held > accepted.at_held"),
    ),
    "an exemption needs its document": (
        ("findings.sql", "    WHERE x.document <> ''\n", ""),
        ("people.py", "            and bool(exemption.document)\n", ""),
    ),
    "an exemption covers its months": (
        (
            "findings.sql",
            "(coalesce(t.by_own, 0) | coalesce(x.months, 0)) <> 0 THEN 'paid'",
            "coalesce(t.by_own, 0) <> 0 THEN 'paid'",
        ),
        ("people.py", "if payments.by_own or exempt:", "if payments.by_own:"),
    ),
    "a month that may be paid": (
        (
            "findings.sql",
            "WHEN t.months & coalesce(q.months, 0) <> 0 THEN 'insurance-in-doubt'",
            "WHEN FALSE THEN 'insurance-in-doubt'",
        ),
        ("people.py", "if payments.in_doubt:", "if False:"),
    ),
    "a renewal that is undecided": (
        (
            "findings.sql",
            "CASE WHEN r.renewal_pending THEN b.registration_renewal_pending ELSE 0 END",
            "0",
        ),
        ("people.py", 'doubts.add("registration-renewal-pending")', "pass"),
        ("people.py", 'doubts.add("registration-end-unclear")', "pass"),
    ),
    "a contradictory registration": (
        ("findings.sql", "CASE WHEN r.contested THEN b.register_conflict ELSE 0 END", "0"),
        ("people.py", "doubts.add(CONFLICT)", "pass"),
    ),
    "a registration elsewhere that is in doubt": (
        (
            "findings.sql",
            "CASE WHEN w.certain = 1 THEN p.elsewhere_never",
            "CASE WHEN w.person_id IS NOT NULL THEN p.elsewhere_never",
        ),
        ("people.py", 'counts == "never" and not is_certain', "False"),
    ),
    "certificates are somebody's": (
        (
            "findings.sql",
            "ELSE CAST(r.person_id AS STRING) || ' ' || f.profession || ' ' || r.registration_no",
            "ELSE f.profession || ' ' || r.registration_no",
        ),
        (
            "reference.py",
            "{row.person_id} {row.profession} {row.registration_no}",
            "{row.profession} {row.registration_no}",
        ),
    ),
    "the certificate that counts is the latest": (
        (
            "findings.sql",
            "ORDER BY coalesce(valid_from, DATE '0001-01-01') DESC, certificate_no DESC,",
            "ORDER BY certificate_no DESC,",
        ),
        (
            "items.py",
            "        item.valid_from or date.min,\n        item.certificate_no,\n",
            "        item.certificate_no,\n",
        ),
    ),
}


def disagreement(provinces: int) -> int | None:
    """The first province about which the engines say different things; None where there is none."""
    for seed in range(provinces):
        province = RandomProvince(seed)
        facts, values = province.facts(), policy(province.day, **province.policy())
        expected = list(reference.evaluate(law(), values, facts, province.day))
        results = list(columnar.evaluate(law(), values, facts, province.day))
        if [(result.findings, result.anomalies) for result in expected] != [
            (result.findings, result.anomalies) for result in results
        ]:
            return seed
    return None


def mutated(folder: Path, file: str, right: str, wrong: str) -> Path:
    """The package with one fault, in a folder of its own."""
    shutil.copytree(
        SOURCE.parent, folder / "qualwatch", ignore=shutil.ignore_patterns("__pycache__", "locale")
    )
    path = folder / "qualwatch" / "evaluation" / file
    text = path.read_text(encoding="utf-8")
    assert right in text, f"{file} has no longer: {right}"
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    return folder


ENGINES = ("statement", "reference")
# Each run of a fault takes ten seconds and more: the usual run has one in six, in turns of the
# engines; `make test-full` has all.
SHARE = 6
EACH = [
    pytest.param(place, engine, marks=[] if number % SHARE == 0 else [pytest.mark.full])
    for number, (place, engine) in enumerate(
        (place, ENGINES[(at + nth) % len(ENGINES)])
        for at, place in enumerate(MUTATIONS)
        for nth in range(len(ENGINES))
    )
]


@pytest.mark.parametrize(("place", "engine"), EACH)
def test_a_fault_in_either_engine_is_noticed(tmp_path: Path, place: str, engine: str) -> None:
    folder = mutated(tmp_path, *MUTATIONS[place][engine == "reference"])
    paths = os.pathsep.join(
        [str(folder), str(Path(__file__).parent.parent), str(Path(__file__).parent)]
    )
    code = f"import qualwatch, test_mutations as t; assert {str(folder)!r} in qualwatch.__file__; print(t.disagreement({PROVINCES}))"
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert process.returncode == 0, process.stderr[-2000:]
    assert process.stdout.strip() != "None", f"not noticed within {PROVINCES} provinces"


def test_without_a_fault_there_is_nothing_to_notice() -> None:
    assert disagreement(20) is None
    assert len(MUTATIONS) >= 10
