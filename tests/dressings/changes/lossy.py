"""Changes after which a reader cannot know everything: doubt or refusal, never a wrong verdict."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from dressings.dress import LEFT, UP, Dress, Formula, change, some
from dressings.facts import Column, Table
from dressings.writers import serial


@change("cells", group="identities", needs="typed", loses="digits beyond the fifteenth")
def identities_as_numbers(dress: Dress, random: Random) -> None:
    for table, column in some(random, dress.columns("identity")):
        for row in table.rows:
            cell = str(row[column.key])
            if cell.isdigit():
                row[column.key] = float(int(cell))


@change("cells", group="identities", loses="digits beyond the third")
def identities_in_scientific_notation(dress: Dress, random: Random) -> None:
    for table, column in some(random, dress.columns("identity")):
        for row in table.rows:
            if str(row[column.key]).isdigit():
                row[column.key] = f"{int(row[column.key]):.5E}"


@change("cells", group="numbers", loses="registration numbers")
def registration_numbers_shortened(dress: Dress, random: Random) -> None:
    word = random.choice(
        ("1.14202E+15", "办理中", "/", "0", "见证书", "无", "同上", "详见证书", "待补")
    )
    for row in dress.tables["注册人员"].rows:
        if random.random() < 0.6:
            row["注册编号"] = word


@change("cells", group="months", needs="typed", loses="January from October")
def months_as_decimals(dress: Dress, random: Random) -> None:
    for row in dress.tables["社保"].rows:
        if isinstance(row["缴费月份"], date) and random.random() < 0.8:
            row["缴费月份"] = float(f"{row['缴费月份'].year}.{row['缴费月份'].month}")


@change("cells", group="days", needs="1904", loses="from when the days are counted")
def serial_numbers_counted_from_1904(dress: Dress, random: Random) -> None:
    dress.is_1904 = True
    for table, column in some(random, dress.columns("day")):
        for row in table.rows:
            if isinstance(row[column.key], date):
                row[column.key] = serial(row[column.key], is_1904=True)


@change("cells", group="days", loses="the century or the order of day and month")
def days_that_are_ambiguous(dress: Dress, random: Random) -> None:
    form = random.choice(
        ("{0:%m/%d/%Y}", "{0:%y-%m-%d}", "{0:%d.%m.%Y}", "{0:%Y-%m}", "{0:%y/%m/%d}")
    )
    for table, column in some(random, dress.columns("day")):
        for row in table.rows:
            if isinstance(row[column.key], date):
                row[column.key] = form.format(row[column.key])


@change("cells", group="days", loses="days that do not exist")
def days_that_do_not_exist(dress: Dress, random: Random) -> None:
    for table, column in some(random, dress.columns("day")):
        for row in table.rows:
            if isinstance(row[column.key], date) and random.random() < 0.2:
                row[column.key] = random.choice(
                    ("2026-02-30", "2026-13-01", "20260500", "26年", "不详")
                )


@change("cells", needs="formulas", loses="values that were never computed")
def formulas_without_stored_values(dress: Dress, random: Random) -> None:
    for table, column in some(random, dress.columns("text", "day", "identity", "month", "code")):
        for row in table.rows:
            if random.random() < 0.3 and row[column.key] != "":
                row[column.key] = Formula("VLOOKUP(A2,B:C,2,0)", None)


@change("cells", loses="values behind an error")
def error_values(dress: Dress, random: Random) -> None:
    word = random.choice(("#N/A", "#REF!", "#VALUE!", "#NAME?", "######"))
    for table, column in some(random, dress.columns("text", "day", "identity", "month", "code")):
        for row in table.rows:
            if random.random() < 0.15 and row[column.key] != "":
                row[column.key] = word


@change("cells", loses="words that nobody knows")
def unknown_words(dress: Dress, random: Random) -> None:
    for name, key in (("注册人员", "状态"), ("注册人员", "证书类别"), ("资质", "状态")):
        for row in dress.tables[name].rows:
            if random.random() < 0.3:
                row[key] = random.choice(("审核中", "待定", "变更中", "？"))


@change("columns", loses="which of two days is meant")
def two_ends_that_differ(dress: Dress, random: Random) -> None:
    """The use period of an electronic certificate beside the end of the registration."""
    table = dress.tables["注册人员"]
    heading = random.choice(("证书有效期", "证书有效期至", "有效期至", "使用有效期"))
    _add(
        table,
        random,
        heading,
        [date(2026, 4, 30) + timedelta(days=n) for n in range(len(table.rows))],
    )


@change("headings", loses="whether the registration or its certificate ends")
def only_the_end_of_the_certificate(dress: Dress, random: Random) -> None:
    column = dress.tables["注册人员"].column("有效期止")
    if column is not None and column.heading == "有效期止":
        column.heading = random.choice(("证书有效期", "证书有效期止", "证书到期日期"))


@change("columns", group="states", loses="which of two states is meant")
def two_states_that_differ(dress: Dress, random: Random) -> None:
    table = dress.tables["注册人员"]
    words = [random.choice(("有效", "注销", "暂停", "")) for _ in table.rows]
    _add(table, random, random.choice(("注册状态", "证书状态", "人员状态")), list(words))


@change("columns", loses="which of two numbers is the person's")
def two_identities_that_differ(dress: Dress, random: Random) -> None:
    table = dress.tables[random.choice(("注册人员", "社保"))]
    cells = [row["身份证号"] for row in table.rows]
    _add(table, random, "证件号码", [*cells[1:], cells[0]])


@change("columns", group="insurance", loses="whether the pension was paid")
def insurance_of_other_kinds(dress: Dress, random: Random) -> None:
    table = dress.tables["社保"]
    for heading, words in (
        ("险种", ("养老保险", "工伤保险", "医疗保险", "失业保险", "？")),
        ("缴费状态", ("已到账", "审核中", "补缴中", "？")),
        ("到账金额", ("1024.50", "见附件", "")),
    ):
        if random.random() < 0.7:
            _add(table, random, heading, [random.choice(words) for _ in table.rows])


def _add(table: Table, random: Random, heading: str, cells: list[object]) -> None:
    if table.column(heading) is not None or any(c.heading == heading for c in table.columns):
        return
    table.columns.insert(random.randint(0, len(table.columns)), Column(heading, "text"))
    for row, cell in zip(table.rows, cells, strict=True):
        row[heading] = cell


@change("headings", loses="a column that decides")
def a_heading_that_nobody_knows(dress: Dress, random: Random) -> None:
    for table in some(random, list(dress.tables.values())):
        column = random.choice(table.columns)
        column.heading = random.choice(("字段7", "FIELD_07", "待确认", "col", "信息"))


@change("headings", loses="which column is which")
def the_same_heading_twice(dress: Dress, random: Random) -> None:
    for table in some(random, list(dress.tables.values())):
        column, other = random.sample(table.columns, 2)
        column.heading = other.heading


@change("headings", loses="all headings")
def no_headings(dress: Dress, random: Random) -> None:
    for table in random.sample(list(dress.tables.values()), 2):
        for column in table.columns:
            column.heading = ""


@change("layout", group="merged", loses="the keys of the rows below")
def keys_only_on_the_first_row(dress: Dress, random: Random) -> None:
    """Merged cells that were taken apart: the rows below have no key."""
    for block in some(random, dress.blocks()):
        above = None
        for row in block.body:
            if row and row[0] == above and row[0] is not UP:
                row[0] = ""
            elif row:
                above = row[0]


@change("layout", loses="whether the rows beneath a title count")
def titles_that_state_something(dress: Dress, random: Random) -> None:
    titles = {
        "注册人员": ("已注销人员名单", "暂停执业人员", "二、失效人员"),
        "社保": ("欠费人员名单", "停保减员", "医疗保险缴费明细"),
        "资质": ("已撤回资质", "作废证书"),
    }
    for sheet in some(random, [sheet for sheet in dress.sheets if sheet.name in titles]):
        line = _line_of_title(random.choice(titles[sheet.name]), random)
        block = random.choice(sheet.blocks)
        if random.random() < 0.5:
            block.above.insert(0, line)
        else:
            places = [at for at in range(len(block.body)) if UP not in block.body[at]]
            block.body.insert(random.choice(places or [0]), line)


def _line_of_title(title: str, random: Random) -> list[object]:
    """A title as offices write it: spaced, behind a mark, long, or with a unit and a day."""
    form = random.choice(("{0}", "■{0}", "● {0}", "▲{0}", "★{0}", "{1}", "{2}", "{3}{0}"))
    of_office = "山西省太原市小店区建筑施工企业及其在建工程项目现场注册建造师之"
    text = form.format(title, " ".join(title), "\u3000".join(title), of_office)
    return [text, "单位:元", "2026年3月"] if random.random() < 0.25 else [text]


@change("columns", loses="whether the rows with a word in an unused column count")
def columns_that_state_something(dress: Dress, random: Random) -> None:
    words = {
        "注册人员": (("去向", "离职"), ("现状", "注 销"), ("处理", "注销"), ("备注", "离　职")),
        "社保": (("标记", "停缴"), ("异动", "停保"), ("标识", "欠 费"), ("备注", "未足额")),
    }
    for name, choices in some(random, list(words.items())):
        heading, word = random.choice(choices)
        table = dress.tables[name]
        _add(table, random, heading, [word if random.random() < 0.9 else "" for _ in table.rows])


@change("files", loses="whether the rows of a file count")
def names_that_state_something(dress: Dress, random: Random) -> None:
    words = {"注册人员": "已注销", "社保": "欠费"}
    for sheet in some(random, [sheet for sheet in dress.sheets if sheet.name in words]):
        form = random.choice(("{0}（{1}）", "{0}2.{1}人员"))
        sheet.name = form.format(sheet.name, words[sheet.name])


@change("layout", loses="whether a row is a heading or what is left of a row")
def group_headings_between_rows(dress: Dress, random: Random) -> None:
    words = (
        "一、特级企业",
        "甲装饰有限公司",
        "太原市",
        "（一）一级建造师",
        "2026年3月",
        "注册人员",
    )
    for block in some(random, dress.blocks()):
        places = [at for at in range(len(block.body)) if UP not in block.body[at]]
        for at in sorted(random.sample(places, min(2, len(places))), reverse=True):
            block.body.insert(at, [random.choice(words)])


@change("layout", loses="cells of rows that slipped")
def rows_that_slipped(dress: Dress, random: Random) -> None:
    """Cells one place to the right or left."""
    for block in some(random, dress.blocks()):
        for row in block.body:
            if random.random() < 0.1 and UP not in row:
                # a blank row has nothing that could slip to the left
                if random.random() < 0.5 or not row:
                    row.insert(random.randint(0, len(row)), "")
                else:
                    row.pop(random.randint(0, len(row) - 1))


@change("rows", loses="which of two rows of one certificate is right")
def items_that_contradict(dress: Dress, random: Random) -> None:
    """One certificate and qualification twice, with another grade, authority, state or end."""
    rows = dress.tables["资质"].rows
    for row in random.sample(rows, random.randint(1, 4)):
        other = dict(row)
        key, word = random.choice(
            (
                ("等级", "一级"),
                ("许可机关", "太原市行政审批服务管理局"),
                ("状态", "注销"),
                ("有效期止", date(2026, 5, 1)),
                ("有效期止", date(2029, 1, 1)),
            )
        )
        other[key] = word
        rows.insert(random.randint(0, len(rows)), other)


@change("cells", group="months", loses="which months are meant")
def months_as_ranges_or_names(dress: Dress, random: Random) -> None:
    form = random.choice(
        ("{0:%Y%m}-202603", "{0.month}月", "Jan-26", "{0:%Y}", "2026年第一季度", "{0:%y%m}")
    )
    for row in dress.tables["社保"].rows:
        if isinstance(row["缴费月份"], date):
            row["缴费月份"] = form.format(row["缴费月份"])


@change("cells", group="days", loses="nothing that a person could not read")
def days_in_chinese_numerals(dress: Dress, random: Random) -> None:
    digits = str.maketrans("0123456789", "〇一二三四五六七八九")
    for table, column in some(random, dress.columns("day")):
        for row in table.rows:
            if isinstance(row[column.key], date):
                day = row[column.key]
                row[column.key] = f"{day.year}年{day.month}月{day.day}日".translate(digits)


SPLIT_HEADINGS = {
    ("证件类型", "身份证号"): ("证件", "类型", "号码"),
    ("缴费月份", "缴费单位信用代码"): ("缴费", "月份", "单位信用代码"),
    ("资质证书号", "资质名称"): ("资质", "证书号", "名称"),
    ("状态", "状态日期"): ("登记状态", "状态", "日期"),
    ("身份证号", "出生日期"): ("个人信息", "证件号", "生日"),
    ("统一社会信用代码", "企业名称"): ("企业", "代码", "名称"),
}


@change("layout", group="header", loses="whether two words in two rows are one heading")
def headings_split_under_a_group(dress: Dress, random: Random) -> None:
    """证件 over 类型 and 号码."""
    for block in dress.blocks():
        keys = [column.key for column in block.table.columns]
        if len(block.header) > 1 or len(keys) != len(block.header[0]):
            continue
        upper: list[Any] = list(block.header[0])
        lower: list[Any] = [UP] * len(keys)
        for at, pair in enumerate(pairwise(keys)):
            words = SPLIT_HEADINGS.get(pair)
            if words and random.random() < 0.7 and upper[at] is not LEFT:
                upper[at : at + 2] = [words[0], LEFT]
                lower[at : at + 2] = list(words[1:])
        block.header = [upper, lower]


@change("layout", group="header", loses="a header that stands after the first rows")
def a_header_far_below(dress: Dress, random: Random) -> None:
    """Forty lines of instructions above the table."""
    for block in some(random, dress.blocks()):
        block.above = [[f"{n}. 填写说明第{n}条"] for n in range(1, 41)]


@change("layout", loses="all but a cell or two of some rows")
def rows_of_which_little_is_left(dress: Dress, random: Random) -> None:
    """Not the last rows: of a lone day below the table nobody can say whose it is."""
    for block in some(random, dress.blocks()):
        rows = block.body[:-3]
        for row in random.sample(rows, (len(rows) + 7) // 8):
            filled = [at for at, cell in enumerate(row) if cell not in ("", UP, LEFT)]
            left = random.sample(filled, min(len(filled), random.randint(1, 2)))
            row[:] = [cell if at in left else "" for at, cell in enumerate(row)]
