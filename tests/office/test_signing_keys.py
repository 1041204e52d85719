"""The keys of seals and packs: replaced, listed with their days, old ones still good."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.test import Client

from actors import Actors
from commands import qualwatch
from databases import prepare_office
from qualwatch.cases.evidence_packs.pack import evidence_pack
from qualwatch.cases.models import Case
from qualwatch.cli import journal as journal_commands
from qualwatch.config.keys import create_keys
from qualwatch.journal.keys import current_public_key, public_keys, signing_keys
from qualwatch.journal.models import Entry
from qualwatch.journal.packs import check_pack, faults_of_pack, read_public_keys
from qualwatch.journal.proofs import key_number
from qualwatch.journal.queries import faults
from qualwatch.publication.models import SigningKey
from qualwatch.publication.queries import entries_after, public_copy, replayed
from register_office import RegisterOffice

pytestmark = pytest.mark.django_db
DAY_OF_DECISION = date(2026, 7, 21)
NEXT_DAY = DAY_OF_DECISION + timedelta(days=1)
NEW_SEED = b"n" * 32


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def replace_key(settings: object) -> str:
    """Another key signs from now on; the public key of the former one."""
    former = current_public_key()
    # the fixture is typed as an object
    settings.FORMER_SEAL_KEYS = (*public_keys(),)  # type: ignore[attr-defined]
    settings.SEAL_KEY = NEW_SEED  # type: ignore[attr-defined]
    return former


def fail_to_open(path: Path) -> Callable[..., int]:
    """`os.open` that cannot write beside a file."""

    open_any = os.open

    def open_file(name: Path, *details: int, **named: int) -> int:
        if Path(name).parent == path.parent:
            raise OSError("disk full")
        return open_any(name, *details, **named)

    return open_file


def pack(actors: Actors, case: Case, day: date, path: Path) -> Path:
    content = evidence_pack(
        card_number=case.card_number, by=actors.account("officer"), at=actors.office.tick(day)
    )
    path.write_bytes(content)
    return path


def test_packs_of_a_replaced_key_stay_sound(
    actors: Actors, tmp_path: Path, settings: object
) -> None:
    case = actors.red_case()
    older = pack(actors, case, DAY_OF_DECISION, tmp_path / "older.zip")
    former = replace_key(settings)
    actors.patrol(NEXT_DAY)
    newer = pack(actors, case, NEXT_DAY, tmp_path / "newer.zip")
    current = current_public_key()
    assert current != former
    assert faults_of_pack(older, former) == []
    # its journal has seals of both keys: those of the former one are vouched for by the pack
    assert faults_of_pack(newer, current) == []
    assert faults_of_pack(older, former, current) == faults_of_pack(newer, former, current) == []
    (fault,) = faults_of_pack(older, current)
    assert f"公钥 {key_number(former)} 签的，不是所给的公钥 {key_number(current)}" in fault
    assert "不是所给的公钥" in faults_of_pack(newer, former)[0]
    with zipfile.ZipFile(newer) as archive:
        seals = json.loads(archive.read("journal.json"))[0]["seals"]
        manifest = json.loads(archive.read("manifest.json"))
    assert {seal["public_key"] for seal in seals} == {former, current}
    assert [key["used_until"] for key in manifest["keys"]] == [str(NEXT_DAY), None]
    assert check_pack(newer, [current]).made_on == str(NEXT_DAY)


def test_the_journal_is_sound_by_all_keys_of_the_office(actors: Actors, settings: object) -> None:
    actors.red_case()
    former = replace_key(settings)
    actors.patrol(NEXT_DAY)
    assert list(faults(*public_keys())) == []
    assert any("签名" in fault for fault in faults(current_public_key()))
    assert any("签名" in fault for fault in faults(former))


def test_the_page_lists_every_key_with_its_days(
    actors: Actors, client: Client, settings: object
) -> None:
    actors.load_and_patrol(date(2026, 5, 20))
    former = replace_key(settings)
    actors.patrol(date(2026, 5, 21))
    current = current_public_key()
    assert list(
        SigningKey.objects.order_by("pk").values_list("public_key", "used_from", "used_until")
    ) == [
        (former, date(2026, 5, 20), date(2026, 5, 21)),
        (current, date(2026, 5, 21), None),
    ]
    page = client.get("/keys").content.decode()
    assert page.index(current) < page.index(former)
    assert "2026年5月20日 至 2026年5月21日，已更换" in re.sub(r"<[^>]+>", "", page)
    for key in (former, current):
        answer = client.get(f"/keys/{key_number(key)}.pem")
        loaded = load_pem_public_key(answer.content)
        # an Ed25519 key, of all that a PEM may hold
        assert loaded.public_bytes_raw().hex() == key  # type: ignore[union-attr]
    assert client.get("/keys/0000000000000000.pem").status_code == 404
    kinds = [(entry.kind, entry.key) for entry in entries_after(0) if entry.kind == "signing-key"]
    assert kinds == [("signing-key", key_number(key)) for key in (former, former, current)]
    assert public_copy() == replayed(10**9)


def test_a_key_without_a_seal_begins_today(settings: object) -> None:
    replace_key(settings)
    days = [(key.used_from, key.used_until) for key in signing_keys(date(2026, 5, 20))]
    assert days == [(date(2026, 5, 20), date(2026, 5, 20)), (date(2026, 5, 20), None)]


def test_the_command_replaces_the_key_in_the_state_folder(tmp_path: Path) -> None:
    state = {**prepare_office(tmp_path / "state"), "QUALWATCH_KEYS": ""}
    assert qualwatch("manage", "prepare", **state).status == 0
    before = qualwatch("journal", "key", **state).out.splitlines()
    assert len(before) == 2
    former = before[1]
    result = qualwatch("journal", "replace-key", **state)
    assert result.status == 0, result.err
    keys = json.loads((Path(state["QUALWATCH_STATE"]) / "keys.json").read_text())
    assert keys["former_seals"] == [former]
    shown = qualwatch("journal", "key", **state).out.splitlines()
    assert shown[3] == former
    assert shown[1] in result.out
    assert "至 今" in shown[0]
    pem = qualwatch("journal", "key", "--pem", **state).out
    (tmp_path / "keys.pem").write_text(pem)
    assert read_public_keys(str(tmp_path / "keys.pem")) == [shown[1], former]
    assert qualwatch("journal", "verify", **state).status == 0


def test_a_replacement_that_was_cut_off_goes_on_with_the_same_key(tmp_path: Path) -> None:
    """Cut off after the commit: the former key signs on; the command run again only switches."""
    state = {**prepare_office(tmp_path / "state"), "QUALWATCH_KEYS": ""}
    assert qualwatch("manage", "prepare", **state).status == 0
    path = Path(state["QUALWATCH_STATE"]) / "keys.json"
    before = json.loads(path.read_text())
    first = qualwatch("journal", "replace-key", **state)
    switched = json.loads(path.read_text())
    assert "next_seal" not in switched
    path.write_text(json.dumps({**before, "next_seal": switched["seal"]}))
    assert len(qualwatch("journal", "key", **state).out.splitlines()) == 2
    assert qualwatch("journal", "verify", **state).status == 0
    again = qualwatch("journal", "replace-key", **state)
    assert (again.status, again.out) == (0, first.out), again.err
    assert json.loads(path.read_text()) == switched
    assert qualwatch("journal", "verify", **state).status == 0


def test_a_key_signs_nothing_before_it_is_on_record(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QUALWATCH_KEYS", raising=False)
    settings.STATE = tmp_path / "state"
    create_keys(settings.STATE)
    path = settings.STATE / "keys.json"
    before = json.loads(path.read_text())
    # the command without its database decorator
    replace = journal_commands.replace_key.__wrapped__  # type: ignore[attr-defined]

    def fail(**_details: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("qualwatch.patrol.signing_keys.publish_signing_keys", fail)
        with pytest.raises(OSError, match="disk full"):
            replace()
    prepared = json.loads(path.read_text())
    assert {**before, "next_seal": prepared["next_seal"]} == prepared
    assert not Entry.objects.filter(stream="keys").exists()
    with monkeypatch.context() as patched:
        patched.setattr("qualwatch.config.keys.os.open", fail_to_open(path))
        with pytest.raises(OSError, match="disk full"):
            replace()
    assert json.loads(path.read_text()) == prepared
    assert replace() == 0
    assert json.loads(path.read_text())["seal"] == prepared["next_seal"]
    (entry,) = Entry.objects.filter(stream="keys")
    assert entry.details["former"] == current_public_key() != entry.details["new"]


def test_keys_of_the_environment_are_changed_there(tmp_path: Path) -> None:
    state = prepare_office(tmp_path / "state")
    result = qualwatch("journal", "replace-key", **state)
    seed = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    assert result.status == 2
    assert (
        f"请把 {seed.public_key().public_bytes_raw().hex()} 加到其 former_seals 末尾" in result.err
    )
