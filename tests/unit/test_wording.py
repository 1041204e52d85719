"""The source is Chinese; the English catalog is complete and keeps every placeholder."""

import io
import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from commands import qualwatch

SOURCE = Path(__file__).parent.parent.parent / "src" / "qualwatch"
CATALOG = SOURCE / "locale" / "en" / "LC_MESSAGES" / "qualwatch.po"
METHODS = [
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2.ext:babel_extract"),
    ("**/jinja2/**.html", "jinja2.ext:babel_extract"),
]
CHINESE = re.compile(r"[\u3001-\u30ff\u4e00-\u9fff\uff00-\uffef]")


def catalog() -> Catalog:
    return read_po(io.BytesIO(CATALOG.read_bytes()), locale="en")


def test_every_text_has_its_english() -> None:
    keywords = {"_": None, "_n": None, "gettext": None}
    used = {
        message
        for _file, _line, message, *_rest in extract_from_dir(
            SOURCE, method_map=METHODS, keywords=keywords
        )
        if isinstance(message, str)
    }
    translated = {message.id: message.string for message in catalog() if message.id}
    assert {text for text in used if CHINESE.search(text)} == set(translated), (
        "run `make messages` and translate"
    )
    assert all(translated.values())
    for text, english in translated.items():
        assert sorted(re.findall(r"\{\w*\}", str(text))) == sorted(
            re.findall(r"\{\w*\}", str(english))
        ), text


def test_no_chinese_sentence_outside_the_catalog() -> None:
    """A Chinese string in the code is a marked text, a word to compare with, or data; sentences must be marked."""
    unmarked = []
    for path in SOURCE.rglob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            bare = re.sub(r"\b_n?\(\s*\"[^\"]*\"", "", line.split("  # ")[0])
            if (
                re.search(r"f?\"[^\"]*[\u4e00-\u9fff]{2}[^\"]*[，。；][^\"]*\"", bare)
                and '"""' not in line
                and not line.strip().startswith('"')
            ):
                unmarked.append(f"{path.name}:{number}")
    assert not unmarked


def test_no_chinese_outside_the_marks_of_a_template() -> None:
    pages = [path for path in SOURCE.rglob("*.html") if {"templates", "jinja2"} & set(path.parts)]
    assert len(pages) > 40
    for path in pages:
        bare = re.sub(r"(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", path.read_text(encoding="utf-8"))
        assert not CHINESE.search(bare), path


def test_the_language_is_chosen_by_the_environment(tmp_path: Path) -> None:
    assert (
        "cannot find"
        in qualwatch("check", tmp_path / "none", "--as-of", "2026-05-20", QUALWATCH_LANG="en").err
    )
    assert "找不到" in qualwatch("check", tmp_path / "none", "--as-of", "2026-05-20").err
    assert "every item's verdict" in qualwatch("check", "--help", QUALWATCH_LANG="en").out
    assert "每项资质的结论" in qualwatch("check", "--help").out
