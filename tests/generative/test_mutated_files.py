"""A damaged file gives findings or one sentence: no traceback, no abort, no hang, bounded memory."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dressings.mutations import MUTATIONS, companions, damaged, originals
from dressings.reading import Answer, ReadingProcess
from register_files import write
from register_rows import province

CHUNK, COUNT = 25, 250
CHUNK_OF_FULL, COUNT_OF_FULL = 500, 10_000
PEAK = 1500  # MB of memory that reading any small file may take


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    """A process that reads files."""
    process = ReadingProcess()
    yield process
    process.end()


def answer_for(process: ReadingProcess, folder: Path, seed: int) -> tuple[str, Answer]:
    """What was done to a file, and what came of it beside undamaged base tables."""
    folder.mkdir()
    done, ending, raw = damaged(seed)
    for name, content in companions().items():
        (folder / name).write_bytes(content)
    (folder / f"damaged{ending}").write_bytes(raw)
    return done, process.read(folder)


def check_files(process: ReadingProcess, tmp_path: Path, first: int, count: int) -> None:
    """Fails with every damaged file of these seeds that gave something else."""
    wrong = []
    for seed in range(first, first + count):
        done, answer = answer_for(process, tmp_path / str(seed), seed)
        if not answer.is_right or answer.peak > PEAK:
            wrong.append(f"seed {seed}, {done}: {answer.kind} {answer.text} ({answer.peak} MB)")
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_damaged_files(process: ReadingProcess, tmp_path: Path, first: int) -> None:
    check_files(process, tmp_path, first, CHUNK)


@pytest.mark.full
@pytest.mark.parametrize("first", range(COUNT, COUNT + COUNT_OF_FULL, CHUNK_OF_FULL))
def test_thousands_of_damaged_files(process: ReadingProcess, tmp_path: Path, first: int) -> None:
    check_files(process, tmp_path, first, CHUNK_OF_FULL)


def test_the_usual_run_uses_every_mutation_on_every_container() -> None:
    done = [damaged(seed)[0] for seed in range(COUNT)]
    names = {word.strip() for text in done for word in text.partition(":")[2].split(",")}
    assert MUTATIONS.keys() <= names
    assert {text.partition(":")[0] for text in done} == originals().keys()


@pytest.mark.parametrize("name", originals())
def test_the_undamaged_files_are_read(process: ReadingProcess, tmp_path: Path, name: str) -> None:
    """Otherwise every damaged one would be refused for its container."""
    ending, raw = originals()[name]
    for companion, content in companions().items():
        (tmp_path / companion).write_bytes(content)
    (tmp_path / f"undamaged{ending}").write_bytes(raw)
    answer = process.read(tmp_path)
    assert answer.kind == "findings"
    assert answer.text.endswith(", 0 rejected")


SHEET = "xl/worksheets/sheet3.xml"
HUGE_EXTENTS = {
    "a cell at XFD1048576": '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>',
    "a blank at XFD1048576": '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t> </t></is></c></row></sheetData>',
    "a blank at A1048576": '<row r="1048576"><c r="A1048576" t="inlineStr"><is><t> </t></is></c></row></sheetData>',
    "a blank at XFD1": '<row r="9"><c r="XFD9" t="inlineStr"><is><t> </t></is></c></row></sheetData>',
    "a merged area over the whole sheet": '</sheetData><mergeCells count="1"><mergeCell ref="A20:XFD1048576"/></mergeCells>',
    "a merged column": '</sheetData><mergeCells count="1"><mergeCell ref="A20:A1048576"/></mergeCells>',
}


@pytest.mark.parametrize("name", HUGE_EXTENTS)
def test_a_huge_extent_takes_no_huge_memory(tmp_path: Path, name: str) -> None:
    """Findings, or one sentence; never the memory of seventeen thousand million cells."""
    path = write(tmp_path, province(3), "xlsx") / "登记.xlsx"
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    changed = members[SHEET].decode().replace("</sheetData>", HUGE_EXTENTS[name], 1)
    assert changed != members[SHEET].decode()
    members[SHEET] = changed.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    process = ReadingProcess()
    try:
        answer = process.read(tmp_path)
    finally:
        process.end()
    assert answer.is_right, answer
    assert answer.peak < PEAK
