"""No forgery of an evidence pack passes, with our check or with sha256sum and openssl alone."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from actors import Actors
from commands import qualwatch
from forged_packs import OF_ARCHIVES, OF_FILES, STRANGER, Files, unpacked, write_folder
from qualwatch.cases.evidence_packs.journal import journal_content
from qualwatch.cases.evidence_packs.pack import CannotPack, evidence_pack
from qualwatch.cases.models import Case
from qualwatch.journal.actions import record
from qualwatch.journal.keys import current_public_key
from qualwatch.journal.packs import check_pack, faults_of_pack, read_public_keys, zipped
from qualwatch.publication.keys import pem_of
from register_office import DAY, RegisterOffice

pytestmark = pytest.mark.django_db
PERIOD_OVER = DAY.replace(month=7, day=21)
COMMAND = re.compile(r"^    (\S.*)$", re.M)
# what each command of README.txt prints for a sound pack, in their order
SOUND = ("Signature Verified Successfully", "文件原样", "0")


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def served_case(actors: Actors) -> Case:
    case = actors.red_case()
    actors.serve_order(case, PERIOD_OVER)
    actors.patrol(PERIOD_OVER + timedelta(days=1))
    return case


def pack_of(actors: Actors, case: Case) -> bytes:
    at = actors.office.tick(PERIOD_OVER + timedelta(days=1))
    return evidence_pack(card_number=case.card_number, by=actors.account("officer"), at=at)


def commands_of(files: Files) -> list[str]:
    """The commands of README.txt."""
    return COMMAND.findall(files["README.txt"].decode())


def outputs(files: Files, commands: list[str], folder: Path, public_key: str) -> list[str]:
    """The last line that each command prints in a folder with these files, the key beside it."""
    write_folder(files, folder)
    (folder.parent / "office.pem").write_text(pem_of(public_key))
    lines = []
    for command in commands:
        # nothing of this package: a shell with coreutils and openssl
        ran = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        lines.append((ran.stdout.strip().splitlines() or [ran.stderr.strip()])[-1])
    return lines


def test_a_pack_as_made_is_sound_as_an_archive_and_unpacked(actors: Actors, tmp_path: Path) -> None:
    case = served_case(actors)
    pack = pack_of(actors, case)
    path = tmp_path / f"{case.card_number}.zip"
    path.write_bytes(pack)
    folder = write_folder(unpacked(pack), tmp_path / "folder")
    for place in (path, folder):
        result = check_pack(place, [current_public_key()], card=case.card_number)
        assert result.faults == ()
        assert (result.card, result.made_on) == (case.card_number, "2026-07-22")
        assert result.unsealed == 1  # the pack's own entry, under the pack's signature
        assert "没有给出机关公布的公钥" in "".join(faults_of_pack(place))


def test_moments_with_many_digits_and_masked_texts_leave_a_pack_sound(
    actors: Actors, tmp_path: Path
) -> None:
    """A moment with five decimals has as many digits as an identity number of the old form."""
    case = served_case(actors)
    moment = datetime.fromtimestamp(1799010106.15001, tz=UTC)
    details = {"seconds": 1401028506.15001, "text": "证件 140102198506150071"}
    with transaction.atomic():
        record(stream=case.stream, by="x", at=moment, what="noted", details=details)
    path = tmp_path / "pack.zip"
    path.write_bytes(pack_of(actors, case))
    assert faults_of_pack(path, current_public_key()) == []
    entries = json.loads(unpacked(path.read_bytes())["journal.json"])[0]["entries"]
    (noted,) = [entry for entry in entries if entry["what"] == "noted"]
    assert noted["recorded_at"] == moment.timestamp()
    assert noted["details"] == {"seconds": 1401028506.15001, "text": "证件 140102**********71"}


def test_a_pack_that_would_not_pass_is_not_handed_out(
    actors: Actors, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = served_case(actors)

    def altered(stream: str) -> dict[str, Any]:
        content = journal_content(stream)
        content["entries"][0]["by"] = "somebody"
        return content

    monkeypatch.setattr("qualwatch.cases.evidence_packs.pack.journal_content", altered)
    with pytest.raises(CannotPack, match=r"证据包核对不过：.*第 1 条被改动"):
        pack_of(actors, case)


def test_no_forgery_passes(actors: Actors, tmp_path: Path) -> None:
    """Each is refused with one sentence of its own, as an archive and unpacked."""
    files = unpacked(pack_of(actors, served_case(actors)))
    key = current_public_key()
    assert len(OF_FILES) + len(OF_ARCHIVES) >= 20
    for number, (kind, (sentence, forge)) in enumerate(OF_FILES.items()):
        forged = forge(files)
        assert forged != files, kind
        archive = tmp_path / f"{number}.zip"
        archive.write_bytes(zipped(forged))
        for place in (archive, write_folder(forged, tmp_path / str(number))):
            faults = faults_of_pack(place, key)
            assert len(faults) == 1, (kind, faults)
            assert sentence in faults[0], (kind, faults)
    for kind, (sentence, make) in OF_ARCHIVES.items():
        archive = tmp_path / "forged.zip"
        archive.write_bytes(make(files))
        faults = faults_of_pack(archive, key)
        assert len(faults) == 1, (kind, faults)
        assert sentence in faults[0], (kind, faults)


def test_a_link_in_a_folder_is_no_file(actors: Actors, tmp_path: Path) -> None:
    folder = write_folder(unpacked(pack_of(actors, served_case(actors))), tmp_path / "pack")
    (folder / "README.txt").rename(tmp_path / "README.txt")
    (folder / "README.txt").symlink_to(tmp_path / "README.txt")
    assert faults_of_pack(folder, current_public_key()) == ["README.txt 是链接，不是文件"]


def test_a_pack_is_not_taken_for_that_of_another_card(actors: Actors, tmp_path: Path) -> None:
    case = served_case(actors)
    pack = pack_of(actors, case)
    sentence = f"这是红牌 {case.card_number} 的证据包，不是 晋红〔2026〕9号 的"
    renamed = tmp_path / "晋红〔2026〕9号 证据.zip"
    renamed.write_bytes(pack)
    assert faults_of_pack(renamed, current_public_key()) == [sentence]
    (tmp_path / "证据.zip").write_bytes(pack)
    key = current_public_key()
    assert faults_of_pack(tmp_path / "证据.zip", key, card="晋红〔2026〕9号") == [sentence]


def test_parts_of_two_packs_make_none(actors: Actors, tmp_path: Path) -> None:
    """Signed sums of an older pack of the same card do not cover the files of a newer one."""
    case = served_case(actors)
    older, newer = unpacked(pack_of(actors, case)), unpacked(pack_of(actors, case))
    mixed = {**newer, **{name: older[name] for name in ("SHA256SUMS", "SHA256SUMS.sig")}}
    (fault,) = faults_of_pack(write_folder(mixed, tmp_path / "mixed"), current_public_key())
    assert "journal.json、manifest.json 被改动" in fault


def test_the_commands_of_readme_check_a_pack_without_this_system(
    actors: Actors, tmp_path: Path
) -> None:
    files = unpacked(pack_of(actors, served_case(actors)))
    commands, key = commands_of(files), current_public_key()
    programs = {word for command in commands for word in re.findall(r"openssl|sha256sum", command)}
    assert programs == {"openssl", "sha256sum"}
    assert len(commands) == len(SOUND)
    assert outputs(files, commands, tmp_path / "sound", key) == list(SOUND)
    stranger = STRANGER.public_key().public_bytes_raw().hex()
    assert outputs(files, commands, tmp_path / "stranger", stranger) != list(SOUND)
    for number, (kind, (_sentence, forge)) in enumerate(OF_FILES.items()):
        assert outputs(forge(files), commands, tmp_path / str(number), key) != list(SOUND), kind


def test_the_command_checks_an_archive_with_a_key_from_a_file(
    actors: Actors, tmp_path: Path
) -> None:
    case = served_case(actors)
    pack, pem = tmp_path / "证据.zip", tmp_path / "office.pem"
    pack.write_bytes(pack_of(actors, case))
    pem.write_text(pem_of(current_public_key()))
    result = qualwatch("journal", "check", pack, "--key", pem, "--card", case.card_number)
    assert result.status == 0
    assert result.out.splitlines()[0].startswith(f"证据包完好：红牌 {case.card_number}，")
    assert qualwatch("journal", "check", pack).status == 3
    other = qualwatch("journal", "check", pack, "--key", pem, "--card", "晋红〔2026〕9号")
    assert (other.status, other.out.splitlines()[-1]) == (3, "1 处不符")
    nothing = qualwatch("journal", "check", tmp_path / "none.zip", "--key", pem)
    assert (nothing.status, "打不开" in nothing.out) == (3, True)
    for bad in ("ab", tmp_path / "none.pem", pack):
        refused = qualwatch("journal", "check", pack, "--key", bad)
        assert (refused.status, "读不出公钥" in refused.err) == (2, True)
    assert read_public_keys(str(pem)) == [current_public_key()]
