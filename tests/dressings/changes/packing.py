"""Workbooks as other programs pack them: wrong dimensions, other prefixes, cells without places."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from random import Random

from dressings.dress import Dress, change

SHEETS = re.compile(r"xl/worksheets/sheet\d+\.xml")


def _rewrite_members(
    dress: Dress, name_matches: Callable[[str], bool], writing: Callable[[str], str]
) -> None:
    """Every matching member of the packed file rewritten."""

    def packed(raw: bytes) -> bytes:
        out = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(raw)) as archive,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy,
        ):
            for name in archive.namelist():
                content = archive.read(name)
                if name_matches(name):
                    content = writing(content.decode()).encode()
                copy.writestr(name, content)
        return out.getvalue()

    dress.packing.append(packed)


def _rewrite_sheets(dress: Dress, writing: Callable[[str], str]) -> None:
    _rewrite_members(dress, lambda name: bool(SHEETS.fullmatch(name)), writing)


@change("files", needs="packed")
def dimensions_that_are_wrong(dress: Dress, random: Random) -> None:
    """Exporters write A1, nothing, or the whole sheet."""
    written = random.choice(("A1", "A1:B2", "A1:XFD1048576", ""))
    tag = f'<dimension ref="{written}"/>' if written else ""
    _rewrite_sheets(dress, lambda text: re.sub(r"<dimension [^>]*/>", tag, text))


@change("files", needs="packed")
def cells_and_rows_without_places(dress: Dress, random: Random) -> None:
    """Places may be left out where no cell is: every blank is then a cell."""
    del random
    dress.fills_blanks = True
    _rewrite_sheets(dress, lambda text: re.sub(r'(<(?:c|row)) r="[A-Z]*\d+"', r"\1", text))


@change("files", needs="packed")
def elements_with_a_prefix(dress: Dress, random: Random) -> None:
    """<x:row> in place of <row>, as libraries of one vendor write."""
    del random

    def with_prefix(text: str) -> str:
        text = re.sub(r"<(/?)([A-Za-z])", r"<\1x:\2", text)
        return text.replace(
            ' xmlns="http://schemas.openxmlformats', ' xmlns:x="http://schemas.openxmlformats'
        )

    _rewrite_members(
        dress,
        lambda name: (
            name in ("xl/workbook.xml", "xl/sharedStrings.xml") or bool(SHEETS.fullmatch(name))
        ),
        with_prefix,
    )


@change("files", needs="packed")
def absolute_targets(dress: Dress, random: Random) -> None:
    """/xl/worksheets/sheet1.xml in place of worksheets/sheet1.xml."""
    del random
    _rewrite_members(
        dress,
        lambda name: name == "xl/_rels/workbook.xml.rels",
        lambda text: re.sub(r'Target="(?!/)', 'Target="/xl/', text),
    )


@change("files", needs="packed")
def texts_in_the_cells(dress: Dress, random: Random) -> None:
    """Inline strings in place of shared ones."""
    del random

    def packed(raw: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        shared = re.findall(
            r"<si>(.*?)</si>", members.get("xl/sharedStrings.xml", b"").decode(), re.DOTALL
        )

        def inline(match: re.Match[str]) -> str:
            return f'<c{match[1]} t="inlineStr"{match[2]}><is>{shared[int(match[3])]}</is></c>'

        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
            for name, content in members.items():
                if SHEETS.fullmatch(name):
                    text = re.sub(
                        r'<c([^>]*?) t="s"([^>]*)><v>(\d+)</v></c>', inline, content.decode()
                    )
                    content = text.encode()
                copy.writestr(name, content)
        return out.getvalue()

    dress.packing.append(packed)
