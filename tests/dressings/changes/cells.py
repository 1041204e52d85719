"""How values are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

from dressings.dress import DayCell, Dress, Formula, RichText, change, some
from dressings.writers import serial

Writing = Callable[[date], Any]


def _write_days(dress: Dress, random: Random, kinds: tuple[str, ...], writing: Writing) -> None:
    for table, column in some(random, dress.columns(*kinds)):
        for row in table.rows:
            if isinstance(row[column.key], date):
                row[column.key] = writing(row[column.key])


DAY_TEXTS: dict[str, Writing] = {
    "2026.5.20": lambda day: f"{day.year}.{day.month}.{day.day}",
    "2026.05.20": lambda day: f"{day:%Y.%m.%d}",
    "2026/5/20": lambda day: f"{day.year}/{day.month}/{day.day}",
    "2026年5月20日": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "2026年05月20日": lambda day: f"{day:%Y年%m月%d日}",
    "20260520": lambda day: f"{day:%Y%m%d}",
    "2026-5-20 0:00:00": lambda day: f"{day.year}-{day.month}-{day.day} 0:00:00",
    "2026-05-20T00:00:00": lambda day: f"{day.isoformat()}T00:00:00",
    "2026-05-20 00:00:00.0": lambda day: f"{day.isoformat()} 00:00:00.0",
    "full-width": lambda day: _full_width(day.isoformat()),
    "serial": lambda day: str(serial(day)),
    "serial-and-time": lambda day: f"{serial(day)}.7291666667",
    "2026-05-20 23:59:59": lambda day: f"{day.isoformat()} 23:59:59",
    "2026 - 5 - 20": lambda day: f"{day.year} - {day.month} - {day.day}",
}


@change("cells", group="days")
def days_in_another_form(dress: Dress, random: Random) -> None:
    _write_days(dress, random, ("day",), random.choice(list(DAY_TEXTS.values())))


@change("cells", group="days")
def days_in_many_forms(dress: Dress, random: Random) -> None:
    """Every cell in a form of its own."""
    forms = list(DAY_TEXTS.values())
    _write_days(dress, random, ("day",), lambda day: random.choice(forms)(day))


@change("cells", group="days", needs="typed")
def days_as_serial_numbers(dress: Dress, random: Random) -> None:
    _write_days(dress, random, ("day",), serial)


@change("cells", group="days", needs="typed")
def days_as_dates(dress: Dress, random: Random) -> None:
    form = random.choice(("yyyy-mm-dd", "yyyy/m/d", 'yyyy"年"m"月"d"日"', "m/d/yy", "d-mmm-yy"))
    _write_days(dress, random, ("day",), lambda day: DayCell(day, form))


@change("cells", group="days", needs="1904")
def days_as_dates_counted_from_1904(dress: Dress, random: Random) -> None:
    dress.is_1904 = True
    _write_days(dress, random, ("day",), DayCell)


@change("cells")
def open_ended_in_other_words(dress: Dress, random: Random) -> None:
    word = random.choice(("长期有效", "永久", "9999-12-31", "99991231", "长 期", "9999/12/31"))
    for row in dress.tables["注册人员"].rows:
        if row["有效期止"] == "长期":
            row["有效期止"] = word


MONTH_TEXTS: dict[str, Writing] = {
    "202601": lambda day: f"{day:%Y%m}",
    "2026.01": lambda day: f"{day:%Y.%m}",
    "2026/1": lambda day: f"{day.year}/{day.month}",
    "2026-1": lambda day: f"{day.year}-{day.month}",
    "2026年1月": lambda day: f"{day.year}年{day.month}月",
    "2026年01月": lambda day: f"{day:%Y年%m月}",
    "full-width": lambda day: _full_width(f"{day:%Y-%m}"),
}
DAYS_OF_MONTHS: dict[str, Writing] = {
    "2026-01-15": lambda day: f"{day:%Y-%m}-15",
    "20260101": lambda day: f"{day:%Y%m%d}",
}


@change("cells", group="months")
def months_in_another_form(dress: Dress, random: Random) -> None:
    forms = MONTH_TEXTS | DAYS_OF_MONTHS
    _write_days(dress, random, ("month",), random.choice(list(forms.values())))
    _write_days(dress, random, ("whole-month",), random.choice(list(MONTH_TEXTS.values())))


@change("cells", group="months")
def months_in_many_forms(dress: Dress, random: Random) -> None:
    forms = list((MONTH_TEXTS | DAYS_OF_MONTHS).values())
    _write_days(dress, random, ("month",), lambda day: random.choice(forms)(day))


@change("cells", group="months", needs="typed")
def months_as_numbers(dress: Dress, random: Random) -> None:
    _write_days(dress, random, ("month",), lambda day: day.year * 100 + day.month)


@change("cells", group="months", needs="typed")
def months_as_dates(dress: Dress, random: Random) -> None:
    _write_days(dress, random, ("month",), lambda day: DayCell(day, "yyyy-mm"))


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _in_fours(text: str) -> str:
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def _as_birthday_groups(text: str) -> str:
    return f"{text[:6]} {text[6:14]} {text[14:]}" if len(text) == 18 else text


CODE_FORMS: dict[str, Callable[[str], str]] = {
    "apostrophe": lambda text: "'" + text,
    "excel-text": lambda text: f'="{text}"',
    "full-width": _full_width,
    "lower-case": str.lower,
    "in-fours": _in_fours,
    "groups": _as_birthday_groups,
    "tab-after": lambda text: text + "\t",
    "tab-before": lambda text: "\t" + text,
    "no-break-space": lambda text: f"\u00a0{text}\u00a0",
    "ideographic-space": lambda text: f"\u3000{text}",
    "zero-width": lambda text: f"\u200b{text}\ufeff",
    "line-break": lambda text: text + "\n",
}


def _write_codes(dress: Dress, random: Random, kind: str, forms: list[str]) -> None:
    for table, column in some(random, dress.columns(kind)):
        for row in table.rows:
            cell = row[column.key]
            if isinstance(cell, str) and any(c.isdigit() for c in cell):
                row[column.key] = CODE_FORMS[random.choice(forms)](cell)


@change("cells", group="identities")
def identities_in_another_form(dress: Dress, random: Random) -> None:
    _write_codes(dress, random, "identity", [random.choice(list(CODE_FORMS))])


@change("cells", group="identities")
def identities_in_many_forms(dress: Dress, random: Random) -> None:
    _write_codes(dress, random, "identity", list(CODE_FORMS))


@change("cells", group="identities")
def identities_of_fifteen_digits(dress: Dress, random: Random) -> None:
    """The first generation's numbers: without century and check digit."""
    for table, column in some(random, dress.columns("identity")):
        for row in table.rows:
            cell = str(row[column.key])
            if len(cell) == 18 and cell.startswith("14") and random.random() < 0.3:
                row[column.key] = cell[:6] + cell[8:17]


@change("cells", group="codes")
def credit_codes_in_another_form(dress: Dress, random: Random) -> None:
    forms = [name for name in CODE_FORMS if name != "groups"]
    _write_codes(dress, random, "code", [random.choice(forms)])


@change("cells", group="codes")
def credit_codes_in_many_forms(dress: Dress, random: Random) -> None:
    _write_codes(dress, random, "code", [name for name in CODE_FORMS if name != "groups"])


@change("cells", group="numbers")
def registration_numbers_in_another_form(dress: Dress, random: Random) -> None:
    """Counted by number: the same number in two forms would be two certificates."""
    form = CODE_FORMS[random.choice([name for name in CODE_FORMS if name != "groups"])]
    for row in dress.tables["注册人员"].rows:
        row["注册编号"] = form(row["注册编号"])


PLACEHOLDERS = ("-", "--", "—", "/", "无", "暂无", "NULL", "null", "\uff0f", "空", "N/A", " ")


@change("cells")
def placeholders_in_empty_cells(dress: Dress, random: Random) -> None:
    word = random.choice(PLACEHOLDERS)
    for table in some(random, list(dress.tables.values())):
        for column in table.columns:
            for row in table.rows:
                if row[column.key] == "":
                    row[column.key] = word


STATES = {
    "有效": ("有效", "正常", "在册", "已注册", "有效期内", "", "正常有效"),
    "注销": ("注销", "已注销", "注销注册", "已注销注册"),
}
PROFESSIONS = {
    "注册建造师": ("建造师", "注册建造师证书"),
    "注册监理工程师": ("监理工程师",),
    "注册造价工程师": ("造价工程师",),
}
GRADES = {"一级": ("壹级", "1级"), "二级": ("贰级", "2级")}
QUALIFICATIONS = {
    "建筑装修装饰工程专业承包": (
        "建筑装饰装修工程专业承包",
        "装修装饰工程专业承包",
        "建筑装修装饰工程专业承包资质",
        "专业承包建筑装修装饰工程",
    ),
    "建筑工程施工总承包": ("房屋建筑工程施工总承包", "施工总承包建筑工程", "建筑工程总承包"),
}


def _write_words(
    rows: list[dict[str, Any]], key: str, words: dict[str, Any], random: Random
) -> None:
    for row in rows:
        if row[key] in words:
            row[key] = random.choice(words[row[key]])


@change("cells", group="states")
def states_in_other_words(dress: Dress, random: Random) -> None:
    for name in ("注册人员", "资质"):
        _write_words(dress.tables[name].rows, "状态", STATES, random)


@change("cells", group="professions")
def professions_and_grades_in_other_words(dress: Dress, random: Random) -> None:
    rows = dress.tables["注册人员"].rows
    _write_words(rows, "证书类别", PROFESSIONS, random)
    _write_words(rows, "等级", GRADES, random)


@change("cells", group="professions")
def grade_in_the_name_of_the_certificate(dress: Dress, random: Random) -> None:
    """二级注册建造师, and no grade beside it."""
    shape = random.choice(("{1}注册{0}", "注册{0}（{1}）", "{1}{0}", "注册{0}({1})"))
    for row in dress.tables["注册人员"].rows:
        if row["证书类别"] == "注册建造师":
            row["证书类别"], row["等级"] = shape.format("建造师", row["等级"]), ""


@change("cells")
def qualifications_in_other_words(dress: Dress, random: Random) -> None:
    _write_words(dress.tables["资质"].rows, "资质名称", QUALIFICATIONS, random)


@change("cells")
def grade_in_the_name_of_the_qualification(dress: Dress, random: Random) -> None:
    for row in dress.tables["资质"].rows:
        if row["等级"].endswith("级") and row["等级"] != "不分等级" and random.random() < 0.7:
            row["资质名称"], row["等级"] = row["资质名称"] + row["等级"], ""


@change("cells")
def spaces_around_words(dress: Dress, random: Random) -> None:
    for table, column in some(random, dress.columns("text")):
        if column.key == "企业名称":  # shown as it is
            continue
        for row in table.rows:
            if row[column.key] and isinstance(row[column.key], str):
                row[column.key] = random.choice(
                    (" {}", "{} ", "\u3000{}", "{}\u00a0", " {} ")
                ).format(row[column.key])


@change("cells", needs="formulas")
def formulas_with_stored_values(dress: Dress, random: Random) -> None:
    for table, column in some(random, dress.columns("text", "identity")):
        for row in table.rows:
            cell = row[column.key]
            if isinstance(cell, str) and cell.strip() and not cell.startswith(("=", "'")):
                row[column.key] = Formula(f"VLOOKUP(A2,B:C,{len(cell)},0)", cell)


@change("cells")
def validity_in_one_cell(dress: Dress, random: Random) -> None:
    """有效期 with both days in place of two columns."""
    between = random.choice(("至", " 至 ", "~", "\uff5e", "——", "到", "--"))
    table = dress.tables[random.choice(("注册人员", "资质"))]
    if any(column.key == "注册有效期至" for column in table.columns):
        return
    for row in table.rows:
        start, end = (
            cell.isoformat() if isinstance(cell, date) else cell
            for cell in (row["有效期起"], row["有效期止"])
        )
        if all(isinstance(cell, str) for cell in (start, end)):
            row["有效期止"] = f"{start}{between}{end}"
    end_column = table.column("有效期止")
    assert end_column is not None
    end_column.heading = "有效期"
    table.columns = [column for column in table.columns if column.key != "有效期起"]


@change("cells")
def division_codes_in_another_form(dress: Dress, random: Random) -> None:
    forms: list[Callable[[str], Any]] = [
        lambda code: code + "000000",
        lambda code: code + ".0",
        lambda code: f" {code} ",
        lambda code: "'" + code,
        _full_width,
    ]
    if "typed" in dress.container.abilities:
        forms += [int, float]
    form = random.choice(forms)
    for row in dress.tables["企业"].rows:
        if isinstance(row["注册地区划代码"], str):
            row["注册地区划代码"] = form(row["注册地区划代码"])


@change("cells")
def counts_in_another_form(dress: Dress, random: Random) -> None:
    word: Any = random.choice(("5.0", "5人", " 5 ", "\uff15", "05", "5.00"))
    if "typed" in dress.container.abilities and random.random() < 0.4:
        word = 5.0
    for row in dress.tables["认定"].rows:
        row["认定人数"] = word


@change("cells", needs="formulas")
def texts_with_two_fonts(dress: Dress, random: Random) -> None:
    for table, column in some(random, dress.columns("text", "identity", "code", "number")):
        for row in table.rows:
            cell = row[column.key]
            if isinstance(cell, str) and len(cell.strip()) > 3 and cell == cell.strip():
                row[column.key] = RichText(cell)
