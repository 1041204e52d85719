"""Rules of the repository that no linter checks."""

import re
import tomllib
from pathlib import Path

import pytest

from builders import law

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src" / "qualwatch"


def test_no_file_names_a_package_index() -> None:
    for path in (*ROOT.glob("*.txt"), *ROOT.glob("*.toml"), ROOT / "Makefile"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"index-url|https?://|find-links", text), path


def test_every_dependency_has_its_reason() -> None:
    block = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = re.findall(r'^  "[\w-]+>=[\d.]+(?:,<\d+)?",.*$', block, re.M)
    assert len(lines) >= 15
    assert all(re.search(r",\s+# \S.{4,}", line) for line in lines), lines


def test_no_number_of_the_law_in_python() -> None:
    """The pure rooms hold no figure, period, age or date of the law: only small structural numbers."""
    allowed = {"0", "1", "2", "4", "5", "8", "12", "25", "40", "65", "8192"}
    for room in ("law", "evaluation", "procedure"):
        for path in (SOURCE / room).glob("*.py"):
            code = re.sub(r'"""(.|\n)*?"""|"[^"\n]*"|#.*', "", path.read_text(encoding="utf-8"))
            numbers = set(re.findall(r"(?<![\w.])\d+(?![\w.])", code)) - allowed
            # Bits kept, months peeled, a cache
            numbers -= (
                {"3", "60", "4096"}
                if path.name in ("columnar.py", "corpus.py", "law_tables.py")
                else set()
            )
            assert not numbers, (path.name, numbers)


@pytest.mark.parametrize("word", ["evaluation", "procedure", "law"])
def test_pure_rooms_read_no_clock(word: str) -> None:
    for path in (SOURCE / word).glob("*.py"):
        assert not re.search(r"\.(now|today|utcnow)\(", path.read_text(encoding="utf-8")), path


def test_types_are_checked_in_every_folder_of_python() -> None:
    """mypy reads src, tests, benchmarks and tools; without exceptions from strictness."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert config["strict"]
    assert set(config["files"]) == {"src", "tests", "benchmarks", "tools"}
    assert "exclude" not in config
    assert not any(
        override.get("ignore_errors") or override.get("follow_imports") == "skip"
        for override in config.get("overrides", [])
    )


def test_reason_slugs_verdicts_and_states_all_have_labels() -> None:
    from qualwatch.evaluation.facts import REGISTER_STATES
    from qualwatch.evaluation.findings import REASONS, VERDICTS
    from qualwatch.reports import labels

    assert set(REASONS) == set(labels.REASONS)
    assert set(VERDICTS) == set(labels.VERDICTS)
    assert set(REGISTER_STATES) - {"in-force"} <= set(labels.REGISTER_STATES)
    requirements = {
        requirement_text.requirement
        for text in law().categories.values()
        for *_, grade in text.every_grade()
        for requirement_text in grade.requirements
    }
    assert requirements <= set(labels.REQUIREMENTS)


def test_the_glossary_has_every_slug_of_the_facts() -> None:
    from qualwatch.evaluation.facts import SCHEMAS

    glossary = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    for name in SCHEMAS:
        assert f"`{name}`" in glossary, name


def test_the_reference_pages_are_printed_from_the_source() -> None:
    import subprocess
    import sys

    process = subprocess.run(
        [sys.executable, ROOT / "tools" / "reference_pages.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr


def test_every_make_command_in_prose_is_a_target_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):(?!=)", makefile, re.M))
    named = {
        target
        for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
        for words in re.findall(
            r"`make ([a-z -]+)`|^ {4}make ([a-z -]+)", path.read_text(encoding="utf-8"), re.M
        )
        for target in "".join(words).split()
    }
    assert {"setup", "demo", "serve", "test"} <= named  # the pattern finds both forms
    assert named <= targets


def test_every_setting_is_documented() -> None:
    used: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        used |= set(
            re.findall(r'"(QUALWATCH_[A-Z_]+|DATABASE_URL)"', path.read_text(encoding="utf-8"))
        )
    listed = set(
        re.findall(
            r"^\| `(\w+)`",
            (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8"),
            re.M,
        )
    )
    assert used == listed


def test_red_and_yellow_stand_for_cards_only() -> None:
    """Nothing else on a page has their colours: neither a button nor a mistake in a form."""
    style = (SOURCE / "web" / "base" / "static" / "base" / "style.css").read_text(encoding="utf-8")
    colours = re.compile(r"var\(--(red|amber)\)")
    rules = [
        (where.strip(), what)
        for where, what in re.findall(r"([^{}]+)\{([^{}]*)\}", style)
        if colours.search(what)
    ]
    assert len(rules) > 4
    for where, what in rules:
        (colour,) = set(colours.findall(what))
        assert re.fullmatch(
            rf"(\.(standing|card|timeline li|answer)\.{colour}[\w.:-]*(, )?)+", where
        ), where
