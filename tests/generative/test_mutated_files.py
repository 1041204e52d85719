"""A damaged file gives findings or one sentence: no traceback, no abort, no hang, bounded memory."""

import zipfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from dressings.mutations import MUTATIONS, companions, damaged, originals
from dressings.reading import Answer, ReadingProcess
from register_files import write
from register_rows import province

CHUNK, COUNT = 25, 100
CHUNK_OF_FULL, COUNT_OF_FULL = 500, 10_000
PEAK = 1100  # MB of memory: what the setting of the tests allows, and the rest of a process


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    """A process that reads files."""
    process = ReadingProcess()
    yield process
    process.end()


def answer_for(process: ReadingProcess, folder: Path, seed: int) -> tuple[str, Answer]:
    """How a file was damaged, and what came of it beside undamaged base tables."""
    folder.mkdir()
    mutation, ending, raw = damaged(seed)
    for name, content in companions().items():
        (folder / name).write_bytes(content)
    (folder / f"damaged{ending}").write_bytes(raw)
    return mutation, process.read(folder)


def check_files(process: ReadingProcess, tmp_path: Path, first: int, count: int) -> None:
    """Fails with every damaged file of these seeds that gave something else."""
    wrong = []
    for seed in range(first, first + count):
        mutation, answer = answer_for(process, tmp_path / str(seed), seed)
        if not answer.is_right or answer.peak > PEAK:
            wrong.append(f"seed {seed}, {mutation}: {answer.kind} {answer.text} ({answer.peak} MB)")
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_damaged_files(process: ReadingProcess, tmp_path: Path, first: int) -> None:
    check_files(process, tmp_path, first, CHUNK)


@pytest.mark.full
@pytest.mark.parametrize("first", range(COUNT, COUNT + COUNT_OF_FULL, CHUNK_OF_FULL))
def test_thousands_of_damaged_files(process: ReadingProcess, tmp_path: Path, first: int) -> None:
    check_files(process, tmp_path, first, CHUNK_OF_FULL)


def test_the_files_have_every_mutation_on_every_container() -> None:
    """The first hundreds of the long run do."""
    mutation = [damaged(seed)[0] for seed in range(250)]
    names = {word.strip() for text in mutation for word in text.partition(":")[2].split(",")}
    assert MUTATIONS.keys() <= names
    assert {text.partition(":")[0] for text in mutation} == originals().keys()


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
    "a blank at XFD9": '<row r="9"><c r="XFD9" t="inlineStr"><is><t> </t></is></c></row></sheetData>',
    "a merged area over the whole sheet": '</sheetData><mergeCells count="1"><mergeCell ref="A20:XFD1048576"/></mergeCells>',
    "a merged column": '</sheetData><mergeCells count="1"><mergeCell ref="A20:A1048576"/></mergeCells>',
    "two hundred megabytes of spaces": " " * 200_000_000 + "</sheetData>",
    "a million empty rows": "<row/>" * 1_000_000 + "</sheetData>",
    "a cell of ten megabytes": '<row r="9"><c r="A9" t="inlineStr"><is><t>'
    + "长" * 3_400_000
    + "</t></is></c></row></sheetData>",
}
LAUGHS = (
    "<!DOCTYPE w [<!ENTITY a 'ha ha ha ha '>"
    + "".join(
        f"<!ENTITY {after} '{f'&{before};' * 20}'>" for before, after in pairwise("abcdefghij")
    )
    + "]>"
)
HUGE_TEXTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "xml-2003 with entities of entities": (
        "xml-2003",
        lambda text: text.replace("<Workbook", LAUGHS + "<Workbook", 1).replace("甲", "&j;", 1),
    ),
    "xml-2003 with a cell far away": (
        "xml-2003",
        lambda text: text.replace(
            "</Table>", '<Row ss:Index="2000000000"><Cell ss:Index="2000000000"/></Row></Table>', 1
        ),
    ),
    "xml-2003 merged over everything": (
        "xml-2003",
        lambda text: text.replace(
            "<Cell ", '<Cell ss:MergeDown="2000000000" ss:MergeAcross="2000000000" ', 1
        ),
    ),
    "html with a span over everything": (
        "html",
        lambda text: text.replace("<td>", '<td rowspan="2000000000" colspan="2000000000">', 1),
    ),
    "html of ten thousand tables in one another": (
        "html",
        lambda text: text.replace("<body>", "<body>" + "<table><tr><td>" * 10_000, 1),
    ),
    "csv of a million columns": ("csv", lambda text: text + "," * 1_000_000),
    "csv with a cell of fifty megabytes": ("csv", lambda text: text + "长" * 17_000_000),
}


def read_alone(path: Path) -> Answer:
    """What a process of its own gives for a folder."""
    process = ReadingProcess()
    try:
        return process.read(path)
    finally:
        process.end()


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
    answer = read_alone(tmp_path)
    assert answer.is_right, answer
    assert answer.peak < PEAK


@pytest.mark.parametrize("name", HUGE_TEXTS)
def test_a_huge_text_takes_no_huge_memory(tmp_path: Path, name: str) -> None:
    original, change = HUGE_TEXTS[name]
    ending, raw = originals()[original]
    changed = change(raw.decode())
    assert changed != raw.decode()
    for companion, content in companions().items():
        (tmp_path / companion).write_bytes(content)
    (tmp_path / f"damaged{ending}").write_text(changed, encoding="utf-8")
    answer = read_alone(tmp_path)
    assert answer.is_right, answer
    assert answer.peak < PEAK
