"""The platform's pushes through the API: in order, once each, findings renewed at once."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from test_journal import key

from builders import OTHER, OWN, identity, law
from conftest import Leaks
from qualwatch.accounts.actions import create_organisations, create_token
from qualwatch.accounts.queries import organisation
from qualwatch.assessments.models import FindingRow, Run
from qualwatch.journal.queries import faults
from qualwatch.registers.models import PlatformChange, RegistrationRow, UnparsedRow
from register_files import REGISTRATIONS
from register_office import DAY, RegisterOffice
from register_rows import person

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)  # noon in Beijing


class Platform:
    """The platform as it pushes."""

    def __init__(self, office: RegisterOffice, scopes: tuple[str, ...] = ("push-changes",)) -> None:
        create_organisations(divisions=law().divisions, by="prepare", at=office.tick())
        self.token = create_token(
            organisation=organisation("platform"), scopes=scopes, by="admin", at=office.tick()
        )
        self.client, self.sequence = Client(), 0

    def change(self, number: int, action: str = "put", **cells: str) -> dict[str, Any]:
        """The next change: a row of 注册人员."""
        self.sequence += 1
        row = dict(zip(REGISTRATIONS, person(number, **cells), strict=True))
        return {
            "id": f"c{self.sequence}",
            "sequence": self.sequence,
            "source": "practitioners",
            "action": action,
            "row": row,
        }

    def push(self, *changes: dict[str, Any], token: str | None = None) -> Any:
        """POSTs a batch at noon of the day."""
        with time_machine.travel(NOON, tick=False):
            return self.client.post(
                "/api/platform/v1/changes",
                json.dumps({"changes": changes}),
                content_type="application/json",
                headers={"Authorization": f"Bearer {self.token if token is None else token}"},
            )


def constructors(code: str = OWN) -> tuple[str, int | None]:
    row = FindingRow.objects.get(recorded_to=None, credit_code=code, requirement="constructors")
    return row.verdict, row.held


@pytest.fixture
def platform(office: RegisterOffice) -> Platform:
    """A province on record and assessed, and the platform's token."""
    office.province(3)
    office.run()
    return Platform(office)


def test_a_leave_and_a_join_renew_the_findings_at_once(platform: Platform) -> None:
    assert constructors() == ("met", 3)
    answer = platform.push(platform.change(1, "remove"), platform.change(2, "remove"))
    assert answer.status_code == 200
    assert [outcome["state"] for outcome in answer.json()["outcomes"]] == ["applied", "applied"]
    assert (answer.json()["enterprises"], answer.json()["run_state"]) == (1, "released")
    assert constructors() == ("short", 1)
    absent = RegistrationRow.objects.exclude(absent_since=None)
    assert {row.absent_since for row in absent} == {DAY}
    platform.push(platform.change(1), platform.change(2))
    assert constructors() == ("met", 3)
    assert not Run.objects.latest("id").is_full
    assert list(faults(key())) == []


def test_a_change_pushed_twice_is_applied_once(platform: Platform) -> None:
    first = platform.change(1, "remove")
    platform.push(first)
    runs = Run.objects.count()
    again = platform.push(first)
    assert [outcome["state"] for outcome in again.json()["outcomes"]] == ["known"]
    assert again.json()["run"] is None
    assert (PlatformChange.objects.count(), Run.objects.count()) == (1, runs)
    mixed = platform.push(first, platform.change(2, "remove"))
    assert [outcome["state"] for outcome in mixed.json()["outcomes"]] == ["known", "applied"]


def test_changes_out_of_order_are_refused_and_nothing_of_the_batch_is_applied(
    platform: Platform,
) -> None:
    platform.push(platform.change(1, "remove"))
    good, skipped, late = (platform.change(n, "remove") for n in (2, 3, 3))
    del skipped
    answer = platform.push(good, late)
    assert (answer.status_code, answer.json()["expected"]) == (409, 3)
    assert PlatformChange.objects.count() == 1
    assert constructors() == ("short", 2)
    other = dict(good, id="c1")
    assert platform.push(other).status_code == 409  # an id used for something else
    assert platform.push(dict(good, id="x", sequence=1)).status_code == 409  # a number used before


def test_order_is_by_sequence_not_by_position_in_the_batch(platform: Platform) -> None:
    leave, join, leave_again = (
        platform.change(1, action) for action in ("remove", "put", "remove")
    )
    answer = platform.push(leave_again, leave, join)
    assert [outcome["sequence"] for outcome in answer.json()["outcomes"]] == [1, 2, 3]
    assert constructors() == ("short", 2)


def test_a_row_that_cannot_be_read_is_rejected_and_may_only_help(platform: Platform) -> None:
    answer = platform.push(platform.change(1, "remove"), platform.change(9, 有效期止="2026-02-30"))
    assert [outcome["state"] for outcome in answer.json()["outcomes"]] == ["applied", "rejected"]
    assert "2026-02-30" in answer.json()["outcomes"][1]["problem"]
    assert UnparsedRow.objects.filter(recorded_to=None, credit_code=OWN).count() == 1
    assert constructors() == ("cannot-say", 2)


def test_a_person_who_joins_another_enterprise_puts_the_first_in_doubt(platform: Platform) -> None:
    answer = platform.push(platform.change(1, 统一社会信用代码=OTHER, 注册编号="晋214000000999"))
    assert answer.json()["enterprises"] == 2
    assert constructors()[0] in ("met", "cannot-say")
    assert (
        FindingRow.objects.get(recorded_to=None, credit_code=OWN, requirement="constructors").held
        == 2
    )


def test_a_write_replaces_every_speciality_of_the_row(platform: Platform) -> None:
    platform.push(platform.change(1, 专业="建筑工程、市政公用工程"))
    assert RegistrationRow.objects.filter(recorded_to=None, person__isnull=False).count() == 4
    platform.push(platform.change(1, 专业="市政公用工程"))
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 3


@pytest.mark.parametrize("token", ["", "nonsense", "Bearer"])
def test_without_a_valid_token_nobody_has_access(platform: Platform, token: str) -> None:
    assert platform.push(platform.change(1, "remove"), token=token).status_code == 401
    assert not PlatformChange.objects.exists()


def test_a_token_of_another_scope_does_not_push(office: RegisterOffice) -> None:
    reader = Platform(office, scopes=("read",))
    assert reader.push(reader.change(1)).status_code == 401


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"source": "nowhere"}, 422),
        ({"action": "burn"}, 422),
        ({"sequence": 0}, 422),
        ({"row": {}}, 422),
        ({"id": ""}, 422),
        ({"more": 1}, 422),
        ({"row": {"甲": "乙"}}, 200),
    ],
)
def test_a_malformed_batch_is_refused(
    platform: Platform, changed: dict[str, Any], status: int
) -> None:
    answer = platform.push({**platform.change(1), **changed})
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["outcomes"][0]["state"] == "rejected"
    else:
        assert not PlatformChange.objects.exists()


def test_at_most_a_thousand_changes_and_no_id_twice(platform: Platform) -> None:
    change = platform.change(1)
    assert platform.push(change, change).status_code == 422
    assert (
        platform.push(*(dict(change, id=f"x{n}", sequence=n) for n in range(1, 1002))).status_code
        == 422
    )


def test_pushes_count_in_the_rolling_guard(office: RegisterOffice) -> None:
    from test_assessments import firms

    firms(office, 200, 3)
    office.run()
    platform = Platform(office)
    from builders import credit_code

    for n in range(1, 20):
        answer = platform.push(platform.change(n * 3, "remove", 统一社会信用代码=credit_code(n)))
        assert answer.json()["run_state"] == "released"
    held = platform.push(platform.change(60, "remove", 统一社会信用代码=credit_code(20)))
    assert held.json()["run_state"] == "held"
    run = Run.objects.latest("id")
    assert run.counts["newly"] == 20
    assert run.credit_codes == [credit_code(20)]
    # The registers know; nobody is warned
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 580
    released = office.release(run)
    assert released.state == "released"
    assert FindingRow.objects.filter(recorded_to=None, verdict="short").count() == 20


def test_pushed_rows_are_stored_encrypted(platform: Platform) -> None:
    platform.push(platform.change(7))
    stored = bytes(PlatformChange.objects.get().row)
    assert identity(7).encode() not in stored


def test_the_listener_to_all_logs_hears_an_identity_number(leaks: Leaks) -> None:
    logging.getLogger("qualwatch.anything").debug("row %s", identity(1))
    logging.getLogger("django.request").error("Internal Server Error: %s", f"/{identity(2)}/")
    assert len(leaks.records) == 2
    leaks.records.clear()
