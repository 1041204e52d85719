"""Single cells as offices write them: what they mean, and which are refused."""

from datetime import date, datetime
from typing import Any

import pytest

from qualwatch.intake import cells
from qualwatch.intake.credit_codes import confirmed_codes
from qualwatch.intake.problems import BadCell, UnreadableCell
from qualwatch.intake.vocabulary import (
    IDENTITY_CARD,
    OTHER_DOCUMENT,
    PaymentCells,
    amount,
    insurance_kinds,
    payment_state,
    payment_word_under,
    state,
    state_under,
    sure_identity,
)

JANUARY = date(2026, 1, 1)
LOST = UnreadableCell("=DATE(2026,5,1)", "公式没有存值", "打开后另存")


@pytest.mark.parametrize(
    "cell",
    [
        "",
        None,
        " ",
        "/",
        "\uff0f",
        "-",
        "\uff0d",
        "——",
        "…",
        "*",
        "无",
        "(无)",
        "（空）",
        "暂无。",
        "N/A",
        "NULL",
        "\\N",
        "“”",
        "\u3000",
        "\u200b",
    ],
)
def test_blank_cells(cell: Any) -> None:
    assert cells.plain(cell) == cells.folded(cell) == ""
    assert cells.is_blank(cell)


@pytest.mark.parametrize("cell", ["√", "×", "?", "??", "\ufffd", "0", "否", "待补", "见附件", LOST])
def test_cells_that_say_something(cell: Any) -> None:
    assert not cells.is_blank(cell)


@pytest.mark.parametrize(
    "cell", ["#N/A", "\uff03N/A", "#REF!", "#div/0!", "#VALUE!", "########", " #NAME? ", LOST]
)
def test_a_lost_value_is_neither_blank_nor_text(cell: Any) -> None:
    readers: list[Any] = [
        cells.plain,
        cells.folded,
        cells.day,
        cells.end_day,
        cells.month,
        cells.code,
    ]
    readers += [cells.registration_number, cells.whole_number, cells.credit_code, state, amount]
    for read in readers:
        with pytest.raises(BadCell):
            read(cell)
    assert cells.shown(cell) == str(cell).strip()


@pytest.mark.parametrize(
    "cell",
    [
        "2026-01",
        "2026-1",
        "2026/1",
        "2026.01",
        "2026年1月",
        "2026年01月份",
        "202601",
        "202601.0",
        "Jan-26",
        "Jan-2026",
        "January 2026",
        "2026-Jan",
        "26年1月",
        "2026年元月",
        "2026年一月",
        "\uff12\uff10\uff12\uff16\uff0d\uff10\uff11",
        "2026-01-31",
        "20260131",
        "2026-01-01 00:00:00",
        "46023",
        "202601-202601",
        "20260101-20260131",
        "2026-01至2026-01",
        "2026-01-01至2026-01-31",
        202601,
        202601.0,
        46023.0,
        datetime(2026, 1, 5, 8, tzinfo=cells.BEIJING),
        JANUARY,
    ],
)
def test_months(cell: Any) -> None:
    assert cells.month(cell) == JANUARY


def test_a_decimal_is_a_month_where_it_can_be_one_only() -> None:
    assert cells.month(2026.11) == cells.month("2026.11") == date(2026, 11, 1)
    assert cells.month(2026.2) == cells.month("2026.2") == date(2026, 2, 1)
    assert cells.month("2026.10") == date(2026, 10, 1)


@pytest.mark.parametrize(
    "cell",
    [
        "2026.1",
        2026.1,
        "20261",
        20261,
        "26-Jan",
        "1月26日",
        "2026",
        2026,
        "2026-13",
        "十月",
        "",
        "202601-202603",
        "2026-01至2026-03",
        "2026-01至",
        "26-01",
        0.5,
        True,
    ],
)
def test_months_that_may_be_others_are_refused(cell: Any) -> None:
    with pytest.raises(BadCell):
        cells.month(cell)


@pytest.mark.parametrize("cell", ["5", "5.0", "\uff15", "5人", "5 人", "5名", "05", 5, 5.0, "⑤"])
def test_counts(cell: Any) -> None:
    assert cells.whole_number(cell) == 5


def test_counts_with_thousands() -> None:
    assert cells.whole_number("1,200") == 1200


@pytest.mark.parametrize("cell", ["5.5", 5.5, "-5", "五六", "", "1,20", "5-6", True, "5e3"])
def test_what_is_no_count(cell: Any) -> None:
    with pytest.raises(BadCell):
        cells.whole_number(cell)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("晋1142020202101234", "晋1142020202101234"),
        ("晋214000000001", "晋214000000001"),
        ("14000001", "14000001"),
        ("14000101", "14000101"),  # no day, although 1400-01-01 would be one
        (14000001, "14000001"),
        (14000001.0, "14000001"),
        ("建[造]11140000123", "建[造]11140000123"),
        ("建造000061", "建造000061"),
        ("B11140000123", "B11140000123"),
        ("1140123-001", "1140123-001"),
        ("S1400123-001", "S1400123-001"),
        ("晋建安B(2020)0001234", "晋建安B(2020)0001234"),
        ("1142020202101234", "1142020202101234"),
        ("1400000000001", "1400000000001"),
        ("\uff11\uff14\uff10\uff10\uff10\uff10\uff10\uff11", "14000001"),
        ("", None),
        ("/", None),
        ("\uff0f", None),
        ("—", None),
        ("无", None),
    ],
)
def test_registration_numbers(cell: Any, number: str | None) -> None:
    assert cells.registration_number(cell) == number


@pytest.mark.parametrize(
    "cell",
    [
        "办理中",
        "见证书",
        "待补",
        "详见附件",
        "同上",
        "0",
        0,
        "000",
        "00000000",
        "晋000000000000",
        "1.14202E+15",
        "1.14202e15",
        1142020000000000.0,
        1142020202101230,
        "1142020202101230",
        "123",
        "2026-05-01",
        "20260501",
        "14010519850615001X",
        "待补2026",
        "√",
        "11111111",
    ],
)
def test_what_is_no_registration_number(cell: Any) -> None:
    with pytest.raises(BadCell):
        cells.registration_number(cell)


@pytest.mark.parametrize(
    ("cell", "identity"),
    [
        ("830000198506150075", (IDENTITY_CARD, "830000198506150075")),
        ("911140198506150056", (IDENTITY_CARD, "911140198506150056")),
        ("14010519850615001x", (IDENTITY_CARD, "14010519850615001X")),
        ("H12345678", (OTHER_DOCUMENT, "H12345678")),
        ("h1234567801", (OTHER_DOCUMENT, "H1234567801")),
        ("E12345678", (OTHER_DOCUMENT, "E12345678")),
        ("USA310075121401", (OTHER_DOCUMENT, "USA310075121401")),
        ("911140850615005", (IDENTITY_CARD, "911140198506150056")),
        ("140105850615001", None),  # of a resident, where the kind is an identity card
        ("H12345678(01)", (OTHER_DOCUMENT, "H1234567801")),
        ("A123456(7)", (OTHER_DOCUMENT, "A1234567")),
        ("140105-19850615-001X", (IDENTITY_CARD, "14010519850615001X")),
        ("140105198506150011", None),  # a wrong check digit
        ("12345678", None),
        ("张三", None),
        ("", None),
        (830000198506150075, None),
    ],
)
def test_documents_that_a_number_alone_names(cell: Any, identity: tuple[str, str] | None) -> None:
    assert sure_identity(cell) == identity


@pytest.mark.parametrize(
    "number", ["810000198506150071", "820000198506150073", "830000198506150075"]
)
def test_residence_permits_have_no_county(number: str) -> None:
    assert not cells.has_retired_region(number)


@pytest.mark.parametrize(
    "cell", ["办理中", "0", "000000", "", "1.23457E+17", 1.23457e17, "2026-05-01"]
)
def test_what_is_no_document_number(cell: Any) -> None:
    with pytest.raises(BadCell):
        cells.document_number(cell)


@pytest.mark.parametrize(
    ("number", "stem"),
    [
        ("H12345678", "H12345678"),
        ("M1234567802", "M12345678"),
        ("0123456701", "01234567"),
        ("E12345678", None),
        ("830000198506150075", None),
    ],
)
def test_permits_without_their_issue_count(number: str, stem: str | None) -> None:
    assert cells.permit_without_issue_count(number) == stem


@pytest.mark.parametrize(
    ("cell", "slug"),
    [
        ("", "in-force"),
        ("注册有效", "in-force"),
        ("有效。", "in-force"),
        ("【正常】", "in-force"),
        ("未注销", "in-force"),
        ("已注销", "deregistered"),
        ("注销(2025-12-01)", "deregistered"),
        ("被吊销", "revoked"),
        ("已撤销注册", "annulled"),
        ("撤回", "withdrawn"),
        ("失效", "expired"),
        ("有效期届满", "expired"),
        ("暂停执业", "suspended"),
    ],
)
def test_register_states(cell: Any, slug: str) -> None:
    assert state(cell) == slug


@pytest.mark.parametrize(
    "cell",
    ["锁定", "变更中", "延续中", "注销中", "有效(延续中)", "奇怪", "是", "?", "√", 2, True, "0", 1],
)
def test_states_that_do_not_say_it_are_refused(cell: Any) -> None:
    with pytest.raises(BadCell):
        state(cell)


@pytest.mark.parametrize(
    ("heading", "cell", "slug"),
    [
        ("是否注销", "是", "deregistered"),
        ("是否注销", "否", "in-force"),
        ("是否注销", "", "in-force"),
        ("注销标志", "1", "deregistered"),
        ("注销标志", 0, "in-force"),
        ("是否有效", "是", "in-force"),
        ("是否有效", "N", "deregistered"),
        ("是否失效", "Y", "expired"),
        ("是否锁定", "否", "in-force"),
        ("是否有效", "注销", "deregistered"),
        ("注销吊销标志", "0", "in-force"),
    ],
)
def test_states_under_headings_that_ask(heading: str, cell: Any, slug: str) -> None:
    assert state_under(heading)(cell) == slug


@pytest.mark.parametrize("heading", ["状态", "注册状态", "状态标志"])
@pytest.mark.parametrize("cell", ["0", "1", 0, 1, "2"])
def test_a_code_under_a_heading_that_asks_nothing_is_unknown(heading: str, cell: Any) -> None:
    """0 is 正常 in some systems and 注销 in others."""
    with pytest.raises(BadCell):
        state_under(heading)(cell)


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("是否锁定", "是"),
        ("锁定标志", "1"),
        ("是否锁定", "待定"),
        ("注销吊销标志", "1"),
        ("状态标志", "是"),
    ],
)
def test_a_yes_that_says_nothing_of_force_is_refused(heading: str, cell: str) -> None:
    with pytest.raises(BadCell):
        state_under(heading)(cell)


@pytest.mark.parametrize(
    ("cell", "kinds"),
    [
        ("", (None,)),
        ("养老保险", ("pension",)),
        ("城镇职工基本养老保险", ("pension",)),
        ("企业职工基本养老保险(单位缴纳)", ("pension",)),
        ("企业养老", ("pension",)),
        ("110", ("pension",)),
        (110.0, ("pension",)),
        ("五险", (None,)),
        ("五险合一", (None,)),
        ("社保", (None,)),
        ("社会保险费", (None,)),
        ("工伤保险", ("work-injury",)),
        ("基本医疗保险", ("medical",)),
        ("失业", ("unemployment",)),
        ("生育保险", ("maternity",)),
        ("养老、失业、工伤", ("pension", "unemployment", "work-injury")),
        ("城乡居民基本养老保险", ("other",)),
        ("企业年金", ("other",)),
        ("大额补充", ("other",)),
        ("三险", ("other",)),
    ],
)
def test_insurance_kinds(cell: Any, kinds: tuple[str | None, ...]) -> None:
    assert insurance_kinds(cell) == kinds


@pytest.mark.parametrize(
    ("heading", "cell", "word"),
    [
        ("缴费状态", "已缴费", "paid"),
        ("缴费状态", "补缴", "paid"),
        ("缴费状态", "欠费", "owed"),
        ("缴费状态", "未到账", "owed"),
        ("缴费状态", "缓缴", "deferred"),
        ("缴费状态", "参保缴费", "unclear"),
        ("缴费状态", "是", "unclear"),
        ("缴费状态", "1", "unclear"),
        ("缴费状态", "", ""),
        ("是否欠费", "是", "owed"),
        ("是否欠费", "否", "paid"),
        ("欠费标志", "1", "owed"),
        ("是否到账", "是", "paid"),
        ("到账标志", "0", "owed"),
        ("到账标志", "√", "paid"),
    ],
)
def test_payment_words(heading: str, cell: str, word: str) -> None:
    assert payment_word_under(heading)(cell) == word


@pytest.mark.parametrize(
    ("cell", "size"),
    [
        ("0", "zero"),
        ("0.00", "zero"),
        (0, "zero"),
        ("1,234.50", "positive"),
        ("￥800元", "positive"),
        (812.5, "positive"),
        ("", ""),
        ("-", ""),
        ("-12", "negative"),
        ("已到账", "unclear"),
        ("NaN", ""),
        ("inf", "unclear"),
        ("元", "unclear"),
    ],
)
def test_amounts(cell: Any, size: str) -> None:
    assert amount(cell) == size


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ((None, None, None), None),
        (("paid", None, None), "paid"),
        (("owed", None, None), "owed"),
        (("deferred", None, None), "deferred"),
        (("deferred", "zero", None), "deferred"),
        (("deferred", "positive", None), "unclear"),
        (("unclear", "positive", None), "unclear"),
        (("", None, None), "unclear"),
        (("", "positive", None), "paid"),
        ((None, "positive", None), "paid"),
        ((None, "zero", None), "owed"),
        ((None, "", None), "unclear"),
        ((None, "unclear", None), "unclear"),
        (("paid", "zero", None), "unclear"),
        (("paid", "", ""), "paid"),
        (("owed", "positive", None), "unclear"),
        ((None, None, "positive"), "owed"),
        ((None, None, "zero"), "paid"),
        (("paid", None, "positive"), "unclear"),
        ((None, "positive", "positive"), "unclear"),
    ],
)
def test_states_of_payment(written: tuple[str | None, ...], state: str | None) -> None:
    assert payment_state(PaymentCells(*written)) == state


@pytest.mark.parametrize(
    ("written", "state"),
    [
        (("refunded", None, None), "refunded"),
        (("paid", "negative", None), "refunded"),
        ((None, "negative", None), "refunded"),
        (("paid", None, "negative"), "unclear"),
        (("unclear", "negative", None), "unclear"),
    ],
)
def test_payments_that_were_turned_back(written: tuple[str | None, ...], state: str) -> None:
    assert payment_state(PaymentCells(*written)) == state


def test_codes_one_slip_away() -> None:
    regular = "91140105MA0000001E"
    assert regular in set(cells.near_codes("91140105MA00000010"))
    assert regular in set(cells.near_codes("91140105AM0000001E"))
    assert regular not in set(cells.near_codes("91140105MA00000030"))


def test_a_text_as_a_formula_is_that_text() -> None:
    assert cells.credit_code('="91140105MA0000001E"') == "91140105MA0000001E"
    assert cells.plain('= "0123" ') == "0123"
    assert cells.plain('="张""三"') == '张"三'
    assert cells.is_blank('=""')
    assert cells.month('="2026-01"') == JANUARY


@pytest.mark.parametrize("formula", ["=A1", '=TEXT(A1,"yyyy")', "=1+1"])
def test_any_other_formula_is_lost(formula: str) -> None:
    for read in (cells.plain, cells.folded, cells.month):
        with pytest.raises(BadCell):
            read(formula)


def test_confirmed_codes_are_irregular_and_have_a_source() -> None:
    for code, source in confirmed_codes().items():
        assert cells.written_credit_code(code) == cells.IrregularCode(code)
        assert source.strip()
