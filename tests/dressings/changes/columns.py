"""Which rows and columns a register has."""

from __future__ import annotations

from random import Random

from dressings.dress import Dress, change, some
from dressings.facts import Column, Table

REQUIRED = {
    "企业": ("统一社会信用代码", "企业名称", "注册地区划代码"),
    "资质": ("统一社会信用代码", "资质名称"),
    "注册人员": ("统一社会信用代码", "身份证号", "证书类别"),
}
UNUSED = {
    "企业": ("法定代表人", "注册资本（万元）", "联系电话", "经济类型", "备注"),
    "资质": ("法定代表人", "联系人", "备注", "企业名称"),
    "注册人员": ("序号", "性别", "民族", "学历", "联系电话", "企业名称", "备注"),
    "社保": ("序号", "姓名", "单位名称", "备注", "经办机构"),
}
WORDS = (
    "王五",
    "13903510000",
    "2000",
    "有限责任公司",
    "本科",
    "经核对",
    "男",
    "",
    "第一行\n第二行",
    "甲,乙",
    '他说"好"',
)


@change("rows")
def rows_shuffled(dress: Dress, random: Random) -> None:
    for table in dress.tables.values():
        random.shuffle(table.rows)


@change("rows")
def identical_rows_twice(dress: Dress, random: Random) -> None:
    for table in some(random, list(dress.tables.values())):
        for row in random.sample(table.rows, max(1, len(table.rows) // 4)):
            table.rows.insert(random.randint(0, len(table.rows)), dict(row))


@change("columns")
def columns_in_another_order(dress: Dress, random: Random) -> None:
    for table in some(random, list(dress.tables.values())):
        random.shuffle(table.columns)


@change("columns")
def empty_columns_left_out(dress: Dress, random: Random) -> None:
    for table in some(random, list(dress.tables.values())):
        table.columns = [
            column
            for column in table.columns
            if column.key in REQUIRED.get(table.name, ())
            or any(row[column.key] for row in table.rows)
        ]


@change("columns")
def serial_numbers_in_front(dress: Dress, random: Random) -> None:
    """序号 1, 2, 3, … as the first column."""
    for table in some(random, list(dress.tables.values())):
        _add(table, 0, "序号", [str(number) for number in range(1, len(table.rows) + 1)])


@change("columns")
def unused_columns(dress: Dress, random: Random) -> None:
    for name in some(random, list(UNUSED)):
        table = dress.tables[name]
        for heading in some(random, list(UNUSED[name])):
            if table.column(heading) is None:
                place = random.randint(0, len(table.columns))
                _add(table, place, heading, [random.choice(WORDS) for _ in table.rows])


@change("columns")
def blank_columns(dress: Dress, random: Random) -> None:
    """A column without heading and cells between others, or in front."""
    for table in some(random, list(dress.tables.values())):
        for number in range(random.randint(1, 2)):
            column = _add(table, random.randint(0, len(table.columns)), f"空{number}", [])
            column.heading = " "


@change("columns")
def a_key_column_twice_with_the_same_content(dress: Dress, random: Random) -> None:
    """Exports that join two tables carry the key of both."""
    key, other = random.choice((("身份证号", "证件号码"), ("统一社会信用代码", "社会信用代码")))
    table = dress.tables["注册人员"]
    cells = [row[key] for row in table.rows]
    column = _add(table, random.randint(0, len(table.columns)), other, cells)
    original = table.column(key)
    assert original is not None
    column.kind = original.kind


@change("columns")
def an_end_twice_with_the_same_content(dress: Dress, random: Random) -> None:
    table = dress.tables["注册人员"]
    cells = [row["有效期止"] for row in table.rows]
    column = _add(table, random.randint(0, len(table.columns)), "注册有效期至", cells)
    column.kind = "day"


@change("columns", group="insurance")
def pension_paid_in_full(dress: Dress, random: Random) -> None:
    """The insurance register says kind, state and amount: pension, received."""
    table = dress.tables["社保"]
    kind = random.choice(
        ("养老保险", "企业职工基本养老保险", "城镇职工基本养老保险", "基本养老保险")
    )
    state = random.choice(("已到账", "已缴费", "正常缴费", "实缴", "足额到账"))
    columns = {
        random.choice(("险种", "险种类型", "险种名称", "保险类型")): kind,
        random.choice(("缴费状态", "到账标志", "缴费标志", "到账情况")): state,
        random.choice(("到账金额", "缴费金额", "实缴金额")): "1024.50",
    }
    for heading, word in columns.items():
        if random.random() < 0.8:
            _add(table, len(table.columns), heading, [word] * len(table.rows))


@change("headings")
def a_heading_twice_with_the_same_content(dress: Dress, random: Random) -> None:
    for table in some(random, list(dress.tables.values())):
        original = random.choice(table.columns)
        cells = [row[original.key] for row in table.rows]
        place = random.randint(0, len(table.columns))
        column = _add(table, place, f"{original.key} again", cells)
        column.heading, column.kind = original.heading, original.kind


@change("columns")
def a_second_column_that_is_empty(dress: Dress, random: Random) -> None:
    """One of two columns of a meaning holds nothing."""
    name, key, other = random.choice(
        (
            ("注册人员", "身份证号", "证件号码"),
            ("注册人员", "有效期止", "注册有效期至"),
            ("注册人员", "注册编号", "注册证书编号"),
            ("资质", "有效期止", "有效期至"),
            ("社保", "缴费月份", "费款所属期"),
        )
    )
    table = dress.tables[name]
    if table.column(other) is None and table.column(key) is not None:
        _add(table, random.randint(0, len(table.columns)), other, [])


def _add(table: Table, place: int, heading: str, cells: list[object]) -> Column:
    """A further text column."""
    column = Column(heading, "text")
    table.columns.insert(place, column)
    for number, row in enumerate(table.rows):
        row[heading] = cells[number] if number < len(cells) else ""
    return column
