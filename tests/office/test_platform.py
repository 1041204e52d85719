"""The platform's pushes through the API: in order, once each, findings renewed at once."""

from __future__ import annotations

import io
import json
import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from test_journal import key

from actors import PASSWORD, Actors, evidence_file, picture
from builders import OTHER, OWN, identity, law
from conftest import Leaks
from qualwatch.accounts.actions import create_organisations, create_token
from qualwatch.accounts.queries import organisation
from qualwatch.assessments.models import FindingRow, Run
from qualwatch.cases.models import ProposedAct
from qualwatch.cases.proposed_acts.actions import changes_act, sign_act
from qualwatch.cases.proposed_acts.releases import (
    reject_quarantined,
    release_all_quarantined,
    release_quarantined,
    sequence_numbers,
)
from qualwatch.cli import office as office_commands
from qualwatch.cli.options import InvalidCommand
from qualwatch.journal.models import Entry
from qualwatch.journal.queries import faults
from qualwatch.procedure.transitions import CannotStep
from qualwatch.registers import changes
from qualwatch.registers.changes import CannotRelease, quarantined_changes, reject_changes
from qualwatch.registers.models import (
    PlatformChange,
    RegistrationRow,
    RevisionClock,
    UnparsedRow,
)
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


def test_missing_changes_are_asked_for_and_nothing_of_the_batch_is_applied(
    platform: Platform,
) -> None:
    platform.push(platform.change(1, "remove"))
    good, skipped, late = (platform.change(n, "remove") for n in (2, 3, 3))
    del skipped
    answer = platform.push(good, late)
    assert (answer.status_code, answer.json()["expected"]) == (409, 3)
    assert PlatformChange.objects.count() == 1
    assert constructors() == ("short", 2)


def states(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [outcome["state"] for outcome in answer.json()["outcomes"]]


def test_an_id_or_a_number_used_before_is_quarantined(platform: Platform) -> None:
    first, second, third = (platform.change(n, "remove") for n in (1, 2, 3))
    platform.push(first)
    assert states(platform.push(dict(second, id="c1"))) == ["quarantined"]
    assert constructors() == ("cannot-say", 2)
    assert states(platform.push(dict(third, id="other", sequence=1))) == ["quarantined"]
    # again, as after an answer that was lost
    assert states(platform.push(dict(second, id="c1"))) == ["known"]
    assert states(platform.push(dict(third, id="other", sequence=1))) == ["known"]
    # the number of the first was taken, the second one's was not; none was missing
    assert platform.push(dict(third, sequence=4)).status_code == 409
    assert states(platform.push(third)) == ["applied"]
    assert list(PlatformChange.objects.order_by("pk").values_list("sequence", flat=True)) == [
        1,
        2,
        None,
        3,
    ]


def test_order_is_by_sequence_not_by_position_in_the_batch(platform: Platform) -> None:
    leave, join, leave_again = (
        platform.change(1, action) for action in ("remove", "put", "remove")
    )
    answer = platform.push(leave_again, leave, join)
    assert [outcome["sequence"] for outcome in answer.json()["outcomes"]] == [1, 2, 3]
    assert constructors() == ("short", 2)


def test_a_row_that_cannot_be_read_is_quarantined_and_may_only_help(platform: Platform) -> None:
    answer = platform.push(platform.change(1, "remove"), platform.change(9, 有效期止="2026-02-30"))
    assert [outcome["state"] for outcome in answer.json()["outcomes"]] == ["applied", "quarantined"]
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


MALFORMED: tuple[tuple[str, Any], ...] = (
    ("source", "nowhere"),
    ("source", None),
    ("action", "burn"),
    ("sequence", 0),
    ("sequence", "2"),
    ("sequence", 2.0),
    ("sequence", True),
    ("sequence", 2**63),
    ("row", {}),
    ("row", None),
    ("row", ["甲"]),
    ("row", {"甲": "乙"}),
    ("row", {"甲": 1.14202e15}),
    ("row", {"甲": "\ud800"}),
    ("row", {"\ud800\x00": "甲"}),
    ("row", {"甲": "乙" * 501}),
    ("row", {f"列{n}": "" for n in range(61)}),
    ("id", ""),
    ("id", 7),
    ("id", "\x00"),
    ("more", 1),
)


@pytest.mark.parametrize(("key", "value"), MALFORMED)
def test_a_malformed_record_is_quarantined_and_the_others_go_on(
    platform: Platform, key: str, value: Any
) -> None:
    before, bad, after = (platform.change(n, "remove") for n in (1, 9, 2))
    bad[key] = value
    answer = platform.push(before, bad, after)
    assert states(answer) == ["applied", "quarantined", "applied"]
    outcome = answer.json()["outcomes"][1]
    assert outcome["position"] == 2
    assert outcome["problem"]
    assert constructors()[1] == 1
    # the platform goes on, and may send all of it again
    assert states(platform.push(platform.change(1))) == ["applied"]
    assert set(states(platform.push(before, bad, after))) == {"known"}
    assert PlatformChange.objects.count() == 4


@pytest.mark.parametrize("record", [None, 7, "甲", [], [[]], {}, {"id": "c2"}])
def test_what_is_no_record_is_quarantined(platform: Platform, record: Any) -> None:
    before, after = platform.change(1, "remove"), platform.change(2, "remove")
    answer = platform.push(before, record, after)
    assert sorted(states(answer)) == ["applied", "applied", "quarantined"]
    assert constructors() == ("short", 1)


def test_a_record_without_a_number_leaves_room_for_its_own(platform: Platform) -> None:
    before, bad, after = (platform.change(n, "remove") for n in (1, 9, 2))
    assert states(platform.push(before, dict(bad, sequence=None))) == ["applied", "quarantined"]
    assert states(platform.push(after)) == ["applied"]
    # what came without its number may come again with it
    assert states(platform.push(dict(bad, id="again"))) == ["quarantined"]
    assert PlatformChange.objects.get(sequence=2).problem == "登记里没有这一行"
    missing = platform.change(3, "remove")
    del missing
    assert platform.push(platform.change(3, "remove")).status_code == 409


def test_a_malformed_record_puts_what_it_may_be_about_in_doubt(platform: Platform) -> None:
    change = platform.change(9)
    answer = platform.push({**change, "action": "upsert"}, platform.change(1, "remove"))
    assert states(answer) == ["quarantined", "applied"]
    assert UnparsedRow.objects.filter(recorded_to=None, credit_code=OWN).count() == 1
    assert constructors() == ("cannot-say", 2)


def test_a_row_that_is_not_understood_puts_its_enterprise_in_doubt(platform: Platform) -> None:
    change = platform.change(9)
    change["row"] = {"单位": OWN, "谁": "张三"}
    assert states(platform.push(platform.change(1, "remove") | {"sequence": 2}, change)) == [
        "quarantined",
        "applied",
    ]
    assert constructors() == ("cannot-say", 2)


def test_null_is_empty_and_a_whole_number_its_digits(platform: Platform) -> None:
    change = platform.change(9)
    change["row"] |= {"状态日期": None, "注册编号": 214000000009}
    assert states(platform.push(change)) == ["applied"]
    row = RegistrationRow.objects.get(recorded_to=None, registration_no="214000000009")
    assert row.register_state_from is None


def test_at_most_a_thousand_changes_in_a_batch(platform: Platform) -> None:
    change = platform.change(1)
    batch = [dict(change, id=f"x{number}", sequence=number) for number in range(1, 1002)]
    assert platform.push(*batch).status_code == 422
    assert not PlatformChange.objects.exists()


def test_the_same_record_twice_in_a_batch_is_applied_once(platform: Platform) -> None:
    change = platform.change(1, "remove")
    assert sorted(states(platform.push(change, change))) == ["applied", "known"]
    assert constructors() == ("short", 2)


def test_removals_beyond_the_guard_wait_for_a_person(office: RegisterOffice) -> None:
    """Of 20 rows more than 30 % and more than 5 are gone with the seventh."""
    office.province(20)
    office.run()
    platform = Platform(office)
    first = [platform.change(number, "remove") for number in range(1, 5)]
    assert states(platform.push(*first)) == ["applied"] * 4
    answer = platform.push(*(platform.change(number, "remove") for number in range(5, 9)))
    assert states(answer) == ["applied", "applied", "quarantined", "quarantined"]
    assert "6" in answer.json()["outcomes"][2]["problem"]
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 14
    # who came back is not gone
    assert (
        states(platform.push(platform.change(1), platform.change(9, "remove"))) == ["applied"] * 2
    )
    waiting = PlatformChange.objects.get(sequence=7)
    decision: dict[str, Any] = {
        "law": law(),
        "by": "wang",
        "at": office.tick(),
        "because": "核对过",
        "proposed_by": "li",
    }
    with pytest.raises(CannotRelease):
        release_quarantined(change=waiting, **(decision | {"because": " "}))
    outcome = release_quarantined(change=waiting, **decision)
    assert outcome.run is not None
    assert PlatformChange.objects.get(sequence=7).state == "released"
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 13
    with pytest.raises(CannotRelease):
        release_quarantined(change=waiting, **decision)


def quarantined(office: RegisterOffice) -> Platform:
    """Of 20 people 6 removed by pushes, numbers 7 to 9 quarantined, 9 written again since."""
    office.province(20)
    office.run()
    platform = Platform(office)
    platform.push(*(platform.change(number, "remove") for number in range(1, 10)))
    platform.push(platform.change(9, 有效期止="2029-01-01"))
    return platform


def test_quarantined_removals_are_released_in_one_act(office: RegisterOffice) -> None:
    quarantined(office)
    runs = Run.objects.count()
    decision: dict[str, Any] = {
        "law": law(),
        "by": "wang",
        "at": office.tick(),
        "proposed_by": "li",
    }
    with pytest.raises(CannotRelease):
        release_all_quarantined(
            changes=quarantined_changes(numbers=(7, 9)), because=" ", **decision
        )
    outcome = release_all_quarantined(
        changes=quarantined_changes(numbers=(7, 9)), because="核对过", **decision
    )
    states = [(row[0].sequence, row[1]) for row in outcome.result.outcomes]
    assert states == [(7, "released"), (8, "released"), (9, "quarantined")]
    assert outcome.result.outcomes[2][2]
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 12
    assert Run.objects.count() == runs + 1
    entry = Entry.objects.get(what="changes-released")
    assert entry.details["changes"] == {"released": [7, 8], "quarantined": [9]}
    assert entry.details["proposed_by"] == "li"
    released = PlatformChange.objects.filter(state="released", proposed_by="li", decided_by="wang")
    assert [change.sequence for change in released.order_by("sequence")] == [7, 8]
    with pytest.raises(CannotRelease):
        release_all_quarantined(
            changes=quarantined_changes(numbers=(7, 8)), because="核对过", **decision
        )


def propose_release(actors: Actors, *numbers: int) -> ProposedAct:
    """The proposed release of changes by their sequence numbers."""
    new = changes_act(numbers, "已电话核实离职", [evidence_file()])
    return actors.propose_act(new.kind, DAY, payload=new.payload, number=new.number)


def reject_range(office: RegisterOffice, first: int, last: int) -> None:
    changes = quarantined_changes(numbers=(first, last))
    at = office.tick(DAY)
    reject_quarantined(changes=changes, law=law(), by="reviewer", at=at, because="误删")


def state_of(act: ProposedAct) -> str:
    return ProposedAct.objects.get(pk=act.pk).state


def test_a_range_of_pushes_is_proposed_by_one_and_released_by_another(
    office: RegisterOffice,
) -> None:
    quarantined(office)
    actors, runs = Actors(office), Run.objects.count()
    proposal = propose_release(actors, 9, 7, 8)
    assert (proposal.number, sequence_numbers(proposal)) == (7, [7, 8, 9])
    for numbers in ((8,), (8, 9), (8, 11), ()):
        with pytest.raises(CannotStep):
            propose_release(actors, *numbers)
    with pytest.raises(CannotStep):
        actors.propose_act("release-change", DAY, number=9)
    reviewer = actors.account("reviewer")
    with pytest.raises(CannotStep):  # the evidence is not opened
        sign_act(act=proposal, by=reviewer, law=law(), at=office.tick(DAY))
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 14
    outcome = actors.sign_act(proposal, DAY)
    outcomes = outcome.result.outcomes
    assert [(row[0].sequence, row[1]) for row in outcomes] == [
        (7, "released"),
        (8, "released"),
        (9, "quarantined"),
    ]
    assert outcomes[2][2] == "这一行之后已有新的推送或载入"
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 12
    assert Run.objects.count() == runs + 1
    released = PlatformChange.objects.filter(proposed_by="officer", decided_by="reviewer")
    assert set(released.values_list("sequence", "state")) == {(7, "released"), (8, "released")}
    entry = Entry.objects.get(what="changes-released")
    assert (entry.by, entry.details["proposed_by"]) == ("reviewer", "officer")
    left = actors.propose_act("release-change", DAY, number=9)
    with pytest.raises(CannotStep):
        actors.sign_act(left, DAY)  # overtaken


def test_a_refusal_voids_the_proposed_release_of_what_is_refused(office: RegisterOffice) -> None:
    platform, actors = quarantined(office), Actors(office)
    platform.push({"id": "bad", "sequence": 11, "source": "practitioners", "row": {"x": "y"}})
    proposal = propose_release(actors, 7, 8)
    reject_range(office, 7, 7)
    assert state_of(proposal) == "proposed"
    reject_range(office, 8, 12)
    assert state_of(proposal) == "void"
    assert not quarantined_changes().exists()


def test_a_signed_release_names_what_was_refused_meanwhile(office: RegisterOffice) -> None:
    quarantined(office)
    actors = Actors(office)
    proposal = propose_release(actors, 7, 8)
    reject_range(office, 7, 7)
    outcome = actors.sign_act(proposal, DAY)
    assert [(row[0].sequence, row[1]) for row in outcome.result.outcomes] == [
        (7, "rejected"),
        (8, "released"),
    ]
    assert PlatformChange.objects.get(sequence=7).state == "rejected"


def test_a_release_of_which_nothing_can_be_applied_is_refused_as_a_whole(
    office: RegisterOffice,
) -> None:
    platform, actors = quarantined(office), Actors(office)
    proposal = propose_release(actors, 7, 8)
    platform.push(platform.change(7, 有效期止="2029-01-01"))
    platform.push(platform.change(8, 有效期止="2029-01-01"))
    with pytest.raises(CannotStep) as refusal:
        actors.sign_act(proposal, DAY)
    assert "7：" in str(refusal.value)
    assert "8：" in str(refusal.value)
    assert state_of(proposal) == "proposed"


def test_the_database_keeps_the_two_persons_of_a_release_apart(office: RegisterOffice) -> None:
    quarantined(office)
    row = PlatformChange.objects.filter(sequence=7)
    for proposed_by in ("", "wang"):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(state="released", decided_by="wang", proposed_by=proposed_by)


class Commands:
    """`qualwatch propose`, `evidence` and `decide` about changes, at one o'clock of the day."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.monkeypatch, self.folder = monkeypatch, folder
        self.file = folder / "说明.png"
        self.file.write_bytes(picture())

    def _run(self, command: Any, which: str, by: str, *files: Any, **options: Any) -> int:
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
        with time_machine.travel(NOON + timedelta(hours=1), tick=False):
            status: int = command(
                "change", which, *files, by=by, password_from_stdin=True, **options
            )
        return status

    def propose(self, which: str, by: str = "officer") -> int:
        return self._run(office_commands.propose, which, by, [self.file], because="集团迁出")

    def evidence(self, which: str, by: str = "reviewer") -> int:
        self.folder = self.folder / "read"
        return self._run(office_commands.evidence, which, by, output=self.folder)

    def decide(self, which: str, by: str = "reviewer", **options: Any) -> int:
        return self._run(office_commands.decide, which, by, because="已核对", **options)


def test_commands_on_a_range_of_pushes_and_on_a_day(
    office: RegisterOffice,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    platform, actors = quarantined(office), Actors(office)
    platform.push({"id": "bad", "sequence": 11, "source": "practitioners", "row": {"x": "y"}})
    for name in ("officer", "reviewer", "other-reviewer"):
        actors.account(name)
    commands = Commands(monkeypatch, tmp_path)
    for which in ("", "7..", "..9", "7..x", "一", "2026-13-01"):
        with pytest.raises(InvalidCommand):
            commands.propose(which)
    with pytest.raises(InvalidCommand):
        commands.decide("7..9")
    with pytest.raises(CannotStep):
        commands.propose("20..40")
    assert not ProposedAct.objects.exists()
    capsys.readouterr()
    commands.propose(str(DAY))
    proposed = "放行推送 3 条：7、8、9\n"
    number = ProposedAct.objects.get().pk
    lines = (
        f"{proposed}  没有放行：11，读不出，不能放行\n已提出（第 {number} 号），等另一人审核签批\n"
    )
    assert capsys.readouterr().out == lines
    with pytest.raises(InvalidCommand):
        commands.decide("7..8")  # the proposal is about more
    with pytest.raises(CannotStep):
        commands.decide("7..9")  # the evidence is not opened
    commands.evidence("7..9")
    assert capsys.readouterr().out.startswith(f"officer 提出：集团迁出\n{proposed}1-说明.png ")
    commands.decide("7..40")
    assert capsys.readouterr().out == (
        "已放行 2 条，涉及 1 家企业\n  没有放行：9，这一行之后已有新的推送或载入\n"
    )
    commands.propose("9")
    commands.decide("9..12", "other-reviewer", refuse=True)
    assert capsys.readouterr().out.endswith("已拒绝 2 条，登记不变\n")
    assert not ProposedAct.objects.filter(state="proposed").exists()


def test_several_proposed_releases_are_named_one_by_one(
    office: RegisterOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarantined(office)
    actors = Actors(office)
    for name in ("officer", "reviewer"):
        actors.account(name)
    commands = Commands(monkeypatch, tmp_path)
    commands.propose("7")
    commands.propose("8..9")
    with pytest.raises(InvalidCommand, match=r"7\.\.7、8\.\.9"):
        commands.decide(str(DAY))
    commands.evidence("7")
    commands.decide("7")
    assert PlatformChange.objects.get(sequence=7).state == "released"


def test_quarantined_pushes_of_a_day_are_rejected_in_one_act(office: RegisterOffice) -> None:
    platform = quarantined(office)
    platform.push({"id": "bad", "sequence": 11, "source": "practitioners", "row": {"x": "y"}})
    assert not quarantined_changes(received_on=DAY + timedelta(days=1)).exists()
    result = reject_changes(
        changes=quarantined_changes(received_on=DAY),
        by="wang",
        at=office.tick(),
        because="误删，已请平台更正",
    )
    assert [row[0].sequence for row in result.outcomes] == [7, 8, 9, 11]
    rejected = PlatformChange.objects.filter(state="rejected", decided_by="wang")
    assert rejected.count() == 4
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 14
    assert Entry.objects.filter(what="changes-rejected").count() == 1


def test_quarantined_pushes_are_superseded_by_a_full_list_of_a_later_day(
    office: RegisterOffice,
) -> None:
    quarantined(office)
    next_day = DAY + timedelta(days=1)
    rows = [REGISTRATIONS, *(person(number) for number in range(7, 21))]
    load = office.load("practitioners", rows, day=next_day)
    assert load.state == "released"
    assert load.counts["pushes"] == {"superseded": 3}
    settled = PlatformChange.objects.filter(state="superseded")
    assert [change.sequence for change in settled.order_by("sequence")] == [7, 8, 9]
    assert all(str(next_day) in change.because for change in settled)
    assert not quarantined_changes().exists()


def test_what_the_database_refuses_of_one_record_does_not_stop_the_others(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = changes._apply_to_table

    def refusing(change: changes.Change, *rest: Any) -> int:
        if change.sequence == 2:
            RevisionClock.objects.create(number=1)  # there is one already
        return apply(change, *rest)

    monkeypatch.setattr(changes, "_apply_to_table", refusing)
    answer = platform.push(
        platform.change(1, "remove"),
        platform.change(2, "remove"),
        platform.change(3, 有效期止="2028-01-01"),
    )
    assert states(answer) == ["applied", "quarantined", "applied"]
    assert "数据库" in answer.json()["outcomes"][1]["problem"]
    assert constructors() == ("cannot-say", 2)
    assert PlatformChange.objects.count() == 3


def test_a_quarantined_removal_is_not_released_after_its_row_was_written_again(
    office: RegisterOffice,
) -> None:
    office.province(20)
    office.run()
    platform = Platform(office)
    platform.push(*(platform.change(number, "remove") for number in range(1, 8)))
    platform.push(platform.change(7, 有效期止="2029-01-01"))
    waiting = PlatformChange.objects.get(sequence=7)
    assert waiting.state == "quarantined"
    with pytest.raises(CannotRelease):
        release_quarantined(
            change=waiting,
            law=law(),
            by="wang",
            at=office.tick(),
            because="核对过",
            proposed_by="li",
        )
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 14


def test_removals_by_pushes_count_where_a_list_shrinks(office: RegisterOffice) -> None:
    """4 of 20 removed by pushes and 3 more absent from the list are more than 30 %."""
    office.province(20)
    platform = Platform(office)
    platform.push(*(platform.change(number, "remove") for number in range(1, 5)))
    next_day = DAY + timedelta(days=1)
    rows = [REGISTRATIONS, *(person(number) for number in range(8, 21))]
    load = office.load("practitioners", rows, day=next_day)
    assert load.state == "held"
    rows = [REGISTRATIONS, *(person(number) for number in range(7, 21))]
    assert office.load("practitioners", rows, day=next_day).state == "released"


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
