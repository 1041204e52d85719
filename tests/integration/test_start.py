"""Commands start quickly, write nothing unasked, and speak one language at a time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from compileall import compile_dir
from importlib import import_module
from pathlib import Path

import pytest

from commands import qualwatch
from qualwatch.cli.failures import FAILURES
from qualwatch.cli.options import read_day
from qualwatch.cli.run import COMMANDS

ROOT = Path(__file__).parent.parent.parent
HEAVY = {"pydantic", "rich", "pyarrow", "duckdb", "django", "jinja2", "xlsxwriter", "pandas"}
OFFICE = [
    ["import", "practitioners", "a.csv", "--as-of", "2026-05-20"],
    ["patrol", "--on", "2026-05-20"],
    ["propose", "load", "1", "a.pdf", "--by", "li", "--because", "x", "--password-from-stdin"],
    ["evidence", "load", "1", "--by", "li", "--output", "e", "--password-from-stdin"],
    ["decide", "load", "1", "--by", "li", "--because", "x", "--password-from-stdin"],
    ["deliver"],
    ["heartbeat"],
    ["pack", "晋红〔2026〕1号", "--by", "li", "--output", "a.zip", "--password-from-stdin"],
    ["returns", "2026Q1", "--on", "2026-05-20"],
    ["redraw", "1"],
    ["journal", "verify"],
    ["manage", "create_officer", "li", "--organisation", "province", "--role", "x"],
    ["manage", "change_account", "li"],
    ["manage", "change_organisation", "province", "--address", "x", "--hours", "x"],
    ["manage", "create_token"],
    ["manage", "revoke_token"],
    ["manage", "rotate_keys"],
    ["manage", "migrate"],
]
NO_OFFICE = [
    [],
    ["--help"],
    ["--version"],
    ["--completion", "bash"],
    ["deadline", "--from", "2026-05-20", "--months", "3"],
    ["standards", "list"],
    ["standards", "show", "建筑工程", "--on", "2026-05-20"],
    ["standards", "lint"],
    ["standards", "coverage", "--on", "2026-05-20"],
    ["check", "nowhere", "--as-of", "2026-05-20"],
    ["explain", "nowhere", "x", "--as-of", "2026-05-20"],
    ["whatif", "nowhere", "x", "--as-of", "2026-05-20", "--without", "y"],
    ["impact", "nowhere", "--as-of", "2026-05-20", "--against", "nowhere.yaml"],
    ["journal", "check", "nowhere"],
    ["manage", "help"],
]


def run(words: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command as a process that starts from nothing, without an office."""
    office = ("QUALWATCH_STATE", "QUALWATCH_KEYS", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    inherited = {name: value for name, value in os.environ.items() if name not in office}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**inherited, **environment},
        input="",
        capture_output=True,
        text=True,
        check=False,
    )


def imported(*words: str) -> set[str]:
    """The packages that a command imports."""
    ran = run(["-X", "importtime", "-m", "qualwatch", *words], ROOT)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["deadline", "--from", "2026-05-20", "--months", "3"], {"pydantic"}),
        (["standards", "list"], {"pydantic", "rich"}),
        (["check", "--help"], {"pydantic"}),
        (["patrol", "--help"], {"pydantic"}),
    ],
)
def test_a_command_imports_only_what_it_needs(words: list[str], allowed: set[str]) -> None:
    assert imported(*words) & HEAVY <= allowed


def test_a_deadline_reads_the_calendar_only() -> None:
    assert "qualwatch.law.loader" not in imported("deadline", "--from", "2026-05-20", "--days", "3")


def cpu_seconds(words: list[str], folder: Path) -> float:
    """The least of three runs: other processes can only add to it."""
    seconds = []
    for _turn in range(3):
        before = os.times()
        run(words, folder)
        after = os.times()
        children = after.children_user + after.children_system
        seconds.append(children - before.children_user - before.children_system)
    return min(seconds)


def test_starting_costs_a_few_times_what_its_command_line_library_costs(tmp_path: Path) -> None:
    """Measured against `import typer` in the same minute, with half as much again to spare."""
    registers = tmp_path / "registers"
    assert qualwatch("generate", registers, "--enterprises", "5").status == 0
    unit = cpu_seconds(["-c", "import typer"], tmp_path)
    limits = [
        (["--help"], 3.6),
        (["deadline", "--from", "2026-05-20", "--months", "3"], 4.5),
        (["standards", "list"], 7.3),
        (["check", str(registers), "--as-of", "2026-05-20"], 13.6),
    ]
    for words, limit in limits:
        ratio = cpu_seconds(["-m", "qualwatch", *words], tmp_path) / unit
        assert ratio < 1.5 * limit, (words[0], ratio)


@pytest.fixture(scope="module")
def clean_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as a clone has it."""
    folder = tmp_path_factory.mktemp("clone")
    made_later = shutil.ignore_patterns("__pycache__", "*.mo", "*.egg-info")
    shutil.copytree(ROOT / "src", folder / "src", ignore=made_later)
    shutil.copy(ROOT / "pyproject.toml", folder)
    compile_dir(folder, quiet=1)
    return folder


def test_commands_and_the_type_checker_leave_no_file_behind(clean_copy: Path) -> None:
    """mypy's Django plugin does what the last line does: it imports the settings and sets up."""
    files = sorted(clean_copy.rglob("*"))
    path = {"PYTHONPATH": str(clean_copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    for words in [*NO_OFFICE, *OFFICE, ["manage", "prepare"]]:
        ran = run(["-m", "qualwatch", *words], clean_copy, **path)
        assert "Traceback" not in ran.stderr, (words, ran.stderr)
    plugin = (
        "import qualwatch; print(qualwatch.__path__[0])\n"
        "from mypy_django_plugin.django.context import DjangoContext\n"
        "DjangoContext('qualwatch.config.settings')\n"
    )
    ran = run(["-c", plugin], clean_copy, **path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == str(clean_copy / "src" / "qualwatch")
    assert sorted(clean_copy.rglob("*")) == files


@pytest.mark.parametrize("words", OFFICE, ids=" ".join)
def test_an_office_command_without_a_state_is_one_sentence(words: list[str]) -> None:
    ran = qualwatch(*words, QUALWATCH_STATE="")
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert "QUALWATCH_STATE" in ran.err


@pytest.mark.parametrize("words", OFFICE, ids=" ".join)
def test_before_prepare_a_command_is_one_sentence_and_writes_nothing(
    words: list[str], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    ran = qualwatch(*words, QUALWATCH_STATE=str(state), QUALWATCH_KEYS="", DATABASE_URL="")
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert "qualwatch manage prepare" in ran.err
    assert not state.exists()


def test_bad_keys_are_one_sentence(tmp_path: Path) -> None:
    state = {"QUALWATCH_STATE": str(tmp_path), "DATABASE_URL": ""}
    ran = qualwatch("patrol", "--on", "2026-05-20", QUALWATCH_KEYS="{}", **state)
    assert (ran.status, len(ran.err.splitlines())) == (2, 1)
    assert "QUALWATCH_KEYS" in ran.err


INVALID = [
    (["chek"], "check"),
    (["check"], "PATH"),
    (["check", "a", "b"], "b"),
    (["check", "a", "--foo", "x"], "--foo"),
    (["check", "a", "--as-of"], "--as-of"),
    (["check", "a", "--as-of", "20.5.2026"], "2026/5/20"),
    (["check", "a", "--format", "doc"], "xlsx"),
    (["check", "a", "--as-of", "2026-05-20", "--output", "x.docx"], ".csv"),
    (["deadline", "--months", "3"], "--from"),
    (["deadline", "--from", "2026-05-20", "--months", "x"], "1200"),
    (["deadline", "--from", "2026-05-20", "--first-counted=1"], "--first-counted"),
    (["standards"], "qualwatch standards --help"),
    (["standards", "liste"], "list"),
    (["redraw", "x"], "NUMBER"),
    ([], "qualwatch --help"),
]


@pytest.mark.parametrize(("words", "part"), INVALID, ids=lambda value: " ".join(value))
def test_an_invalid_command_is_one_sentence_in_the_chosen_language(
    words: list[str], part: str
) -> None:
    english = re.compile(r"missing|invalid|value|usage|option|error|argument|such", re.I)
    chinese = re.compile("[\u3000-\u9fff\uff00-\uffef]")
    for language, other in (("zh", english), ("en", chinese)):
        ran = qualwatch(*words, QUALWATCH_LANG=language)
        assert (ran.status, ran.out, len(ran.err.splitlines())) == (2, "", 1), ran
        assert part in ran.err
        assert not other.search(ran.err), ran.err


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_in_the_chosen_language(name: str) -> None:
    words = [name, "--help"] if name != "manage" else [name, "help", "create_officer"]
    ran = qualwatch(*words)
    assert ran.status == 0, ran.err
    assert not re.search("Usage|Options|Arguments|Commands|required|Show", ran.out)
    ran = qualwatch(*words, QUALWATCH_LANG="en")
    assert "Usage" in ran.out
    english = ran.out.replace("晋红〔2026〕1号", "")  # the number of a card is never translated
    assert not re.search("[\u3000-\u9fff]", english), ran.out


def test_a_management_command_speaks_the_chosen_language(tmp_path: Path) -> None:
    ran = qualwatch("manage", "help", "prepare")
    assert ran.status == 0
    assert "--settings" not in ran.out
    state = {"QUALWATCH_STATE": str(tmp_path), "DATABASE_URL": ""}
    ran = qualwatch("manage", "nothing", **state)
    assert (ran.status, "没有管理命令 nothing" in ran.err) == (2, True)


def test_the_version_and_the_completion_script_are_printed() -> None:
    assert re.fullmatch(r"qualwatch \d+\.\d+\.\d+\n", qualwatch("--version").out)
    assert "_QUALWATCH_COMPLETE=complete_bash" in qualwatch("--completion", "bash").out


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("qualwatch de", {"deadline", "decide", "deliver"}),
        ("qualwatch standards l", {"list", "lint"}),
        ("qualwatch check --as", {"--as-of"}),
    ],
)
def test_the_shell_completes_commands_and_options(typed: str, completed: set[str]) -> None:
    request = {"_QUALWATCH_COMPLETE": "complete_bash", "COMP_WORDS": typed}
    ran = qualwatch(**request, COMP_CWORD=str(len(typed.split()) - 1))
    assert set(ran.out.split()) == completed


@pytest.mark.parametrize(
    "text", ["2026-05-20", "2026/5/20", "2026.5.20", "20260520", "2026年5月20日", " 2026-5-20 "]
)
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    assert str(read_day(text)) == "2026-05-20"
    assert qualwatch("deadline", "--from", text, "--days", "1").out == "2026-05-21\n"


@pytest.mark.parametrize("text", ["2026111", "2026-5/20", "2026-02-30", "20-05-2026", "", "x"])
def test_a_day_that_can_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # as the command line library asks for
        read_day(text)


def test_every_foreseen_failure_exists() -> None:
    for module, name, _sentence in FAILURES:
        assert issubclass(getattr(import_module(module), name), Exception)
