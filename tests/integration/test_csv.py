"""`check --output o.csv`: a flat table of findings that Excel opens."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from builders import OWN
from commands import qualwatch
from register_files import ENTERPRISES, write
from register_rows import DAY, province

FORMULA = '+HYPERLINK("http://x","甲")'


def test_findings_are_written_as_a_flat_table(tmp_path: Path) -> None:
    # a workbook holds it as a text; in a text file it would be a formula without a result
    folder = write(
        tmp_path, {**province(3), "企业": [ENTERPRISES, [OWN, FORMULA, "140105", ""]]}, "xlsx"
    )
    output = tmp_path / "o.csv"
    ran = qualwatch("check", folder, "--as-of", DAY, "--output", output)
    assert ran.status in (0, 3), ran.err
    content = output.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert header[:4] == ["核查日", "监管地", "企业", "统一社会信用代码"]
    assert {len(row) for row in rows} == {len(header)}
    first = dict(zip(header, rows[0], strict=True))
    assert (first["企业"], first["统一社会信用代码"]) == (f"'{FORMULA}", OWN)
    assert first["结论"] == "达标"


def test_the_table_stands_on_the_screen_too(tmp_path: Path) -> None:
    folder = write(tmp_path, province(3), "csv")
    ran = qualwatch("check", folder, "--as-of", DAY, "--format", "csv", QUALWATCH_LANG="en")
    assert ran.out.startswith("the day judged,") or "," in ran.out.splitlines()[0]
    assert not ran.out.startswith("\ufeff")
