"""Identity numbers in texts, however they are written."""

from __future__ import annotations

import json

import pytest

from builders import identity
from qualwatch.privacy import hidden, hidden_in, masked_text

NUMBER = identity(7)
WIDE = NUMBER.translate({code: code + 0xFEE0 for code in range(0x30, 0x7B)})


def spaced(mark: str, *sizes: int) -> str:
    """The number in groups of these sizes."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(NUMBER[at : at + size])
        at += size
    return mark.join([*pieces, NUMBER[at:]])


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        NUMBER.lower(),
        WIDE,
        NUMBER[:6] + WIDE[6:],
        spaced(" ", 6, 8),
        spaced("-", 6, 4, 4),
        spaced("\u3000", 4, 4, 4, 4),
        spaced("\u2014", 6, 8),
        spaced("\u200b", 3, 3, 8),
        spaced(" - ", 6, 8),
        spaced(".", 6, 8),
        spaced(" ", *[1] * 17),
        spaced("\u00a0", 3, 3, 4, 4),
    ],
)
@pytest.mark.parametrize("sentence", ["{}", "证件{}的人", "第 12 行 {} 3", "2026-05-20 {}", "T{}"])
def test_a_resident_number_is_masked(written: str, sentence: str) -> None:
    shown = hidden(sentence.format(written))
    digits = "".join(filter(str.isdigit, shown.translate({0xFEE0 + c: c for c in range(48, 58)})))
    assert NUMBER[6:14] not in digits
    assert shown.startswith(sentence.partition("{")[0])
    assert "*" * 8 in shown
    assert NUMBER[6:14] not in masked_text(sentence.format(written))


@pytest.mark.parametrize(
    "written", ["140102850615001", "1401028506150\uff10\uff11", "140102-850615-001"]
)
def test_the_old_form_is_masked(written: str) -> None:
    assert "*" in hidden(f"证件 {written}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "91140100MA0K123456",
        "2026-05-20 2026-05-21 12",
        "2024-01-01 0512345",
        "晋建〔2026〕12号 2026-05-20 10:30:00",
        "第 1、2、3、4、5、6、7、8、9、10、11、12、13 行",
        "214000000001 214000000002",
        "0351-1234567 13800138000",
        "2026-05-20\n1401021985\n06150075",
        "a140102198506150071b",  # beside letters only with its check digit
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert hidden(text) == text


def test_values_of_json_keep_numbers_keys_and_digests() -> None:
    moment = 1401028506.15001  # as many digits as a number of the old form
    digest = f"{NUMBER[:17]}{'0' * 47}"
    value = {NUMBER: [moment, digest, None, True, 140102850615001], "text": (f"证件 {NUMBER}",)}
    masked = hidden_in(value)
    assert masked[NUMBER] == value[NUMBER]
    assert masked["text"] == [f"证件 {NUMBER[:6]}{'*' * 10}{NUMBER[-2:]}"]
    assert json.loads(json.dumps(masked)) == masked
    assert hidden(str(moment)) == str(moment)


def test_two_numbers_of_one_line() -> None:
    both = hidden(f"{NUMBER} {identity(8)}、{WIDE}")
    assert both.count("**********") == 3
