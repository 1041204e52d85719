"""What stands on a sheet beside the table: titles, header rows, subtotals, signatures, blocks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

from dressings.dress import LEFT, UP, Block, Cells, Dress, Rows, change, some

PERIODS = {
    ("有效期起", "有效期止"): ("有效期", "有效期限", "有效期（年月日）"),
    ("豁免起", "豁免止"): ("豁免期限", "豁免期间"),
    ("锁定起", "锁定止"): ("锁定期限", "锁定"),
    ("覆盖起", "覆盖止"): ("覆盖", "覆盖期间"),
}


@change("layout", group="blocks")
def second_block_below(dress: Dress, random: Random) -> None:
    """A second table under the first, with the same headings."""
    for sheet in _long_sheets(dress, random):
        (block,) = sheet.blocks
        first, second = _halves(block, random)
        sheet.blocks = [first, second]


@change("layout", group="blocks")
def second_block_below_with_columns_in_another_order(dress: Dress, random: Random) -> None:
    for sheet in _long_sheets(dress, random):
        (block,) = sheet.blocks
        first, second = _halves(block, random)
        order = list(range(second.width))
        random.shuffle(order)
        for rows in (second.header, second.body):
            rows[:] = [[row[place] for place in order] for row in rows]
        sheet.blocks = [first, second]


@change("layout", group="blocks")
def second_block_below_with_a_column_more(dress: Dress, random: Random) -> None:
    for sheet in _long_sheets(dress, random):
        (block,) = sheet.blocks
        first, second = _halves(block, random)
        place = random.randint(0, second.width)
        for row in second.header:
            row.insert(place, "备注")
        for row in second.body:
            row.insert(place, random.choice(("", "经核对")))
        sheet.blocks = [first, second]


@change("layout", group="blocks")
def second_block_beside(dress: Dress, random: Random) -> None:
    for sheet in _long_sheets(dress, random):
        (block,) = sheet.blocks
        first, second = _halves(block, random)
        second.is_beside = True
        sheet.blocks = [first, second]


def _long_sheets(dress: Dress, random: Random) -> list[Any]:
    sheets = [sheet for sheet in dress.sheets if len(sheet.blocks[0].body) >= 4]
    return some(random, sheets)


def _halves(block: Block, random: Random) -> tuple[Block, Block]:
    at = random.randint(1, len(block.body) - 1)
    header = [list(row) for row in block.header]
    return (
        Block(block.table, block.header, block.body[:at]),
        Block(block.table, header, block.body[at:]),
    )


def _blocks(dress: Dress, random: Random) -> list[Block]:
    """Blocks to change; those beside one another alike."""
    return some(random, dress.blocks())


def _stacked(dress: Dress, random: Random) -> list[Block]:
    """Blocks of sheets that have no block beside another."""
    return some(
        random,
        [
            block
            for sheet in dress.sheets
            for block in sheet.blocks
            if not any(other.is_beside for other in sheet.blocks)
        ],
    )


@change("layout", group="merged", needs="merged")
def key_cells_merged_over_their_rows(dress: Dress, random: Random) -> None:
    """The enterprise once for all its people, the person once for all months."""
    for block in dress.blocks():
        key = "身份证号" if block.table.name == "社保" else "统一社会信用代码"
        if block.table.name not in ("社保", "注册人员", "资质"):
            continue
        places = [n for n, column in enumerate(block.table.columns) if column.key == key]
        if len(places) != 1 or len(block.header[0]) != len(block.table.columns):
            continue
        _merge_down(block, places[0])


def _merge_down(block: Block, place: int) -> None:
    if [column.heading for column in block.table.columns] != block.header[0]:
        return  # columns in another order
    block.body.sort(key=lambda row: str(row[place]))
    above: Any = None
    for row in block.body:
        if above is not None and row[place] == above:
            row[place] = UP
        else:
            above = row[place]


@change("layout", group="header")
def periods_under_one_heading(dress: Dress, random: Random) -> None:
    """有效期 over 起 and 止; the other headings above, with a blank or merged cell below."""
    for block in _stacked(dress, random):
        _split_periods(block, random, fills=False)


@change("layout", group="header")
def periods_under_one_heading_and_others_twice(dress: Dress, random: Random) -> None:
    """The same with the other headings repeated in the second row."""
    for block in _stacked(dress, random):
        _split_periods(block, random, fills=True)


def _split_periods(block: Block, random: Random, *, fills: bool) -> None:
    headings = block.header[-1]
    keys = [column.key for column in block.table.columns]
    if headings != [column.heading for column in block.table.columns] or len(block.header) > 1:
        return
    upper: Cells = list(headings)
    lower: Cells = [heading if fills else UP for heading in headings]
    pairs = 0
    for at, (start, end) in enumerate(pairwise(keys)):
        words = PERIODS.get((start, end))
        if words and block.table.name == "注册人员":
            words += ("注册有效期",)
        if words and str(headings[at]).startswith((start[0], "注", "起", "证", "发", "批")):
            upper[at], upper[at + 1] = random.choice(words), LEFT
            lower[at], lower[at + 1] = random.choice((("起", "止"), ("自", "至"), ("开始", "截止")))
            pairs += 1
    if pairs:
        block.header = [upper, lower]


@change("layout", group="header")
def groups_over_the_headings(dress: Dress, random: Random) -> None:
    """企业信息 | 人员信息 | 证书信息 over the headings."""
    for block in _stacked(dress, random):
        words = ["企业信息", "人员信息", "证书信息", "其他"]
        cuts = sorted(random.sample(range(1, block.width), min(2, block.width - 1)))
        group: Cells = []
        for at in range(block.width):
            group.append(words.pop(0) if at == 0 or at in cuts else LEFT)
        block.header.insert(0, group)


@change("layout", group="header")
def headings_in_three_rows(dress: Dress, random: Random) -> None:
    """A title merged over the table, groups, then headings over 起 and 止."""
    for block in _stacked(dress, random):
        _split_periods(block, random, fills=False)
        block.header.insert(0, [f"{block.table.name}情况", *[LEFT] * (block.width - 1)])


@change("layout", group="header", needs="merged")
def headings_merged_over_two_rows(dress: Dress, random: Random) -> None:
    for block in _stacked(dress, random):
        block.header.append([UP] * block.width)


NUMBERS: tuple[Callable[[int], str], ...] = (
    str,
    lambda n: f"({n})",
    lambda n: f"（{n}）",
    lambda n: chr(0x2460 + n - 1) if n <= 20 else str(n),
)


@change("layout")
def column_numbers_under_the_header(dress: Dress, random: Random) -> None:
    form = random.choice(NUMBERS)
    for block in _stacked(dress, random):
        block.body.insert(0, [form(n) for n in range(1, block.width + 1)])


def _gaps(body: Rows) -> list[int]:
    """Where a row may be put in: not inside a merged cell, not above the first row."""
    return [at for at in range(1, len(body)) if UP not in body[at]] + [len(body)]


def _insert(block: Block, random: Random, rows: list[Rows]) -> None:
    """Groups of rows at random places."""
    gaps = _gaps(block.body)
    places = sorted(random.choices(gaps, k=len(rows)), reverse=True)
    for place, group in zip(places, rows, strict=True):
        block.body[place:place] = group


@change("layout")
def header_repeated(dress: Dress, random: Random) -> None:
    """Exports page by page."""
    for block in _stacked(dress, random):
        again = [[list(row) for row in block.header] for _ in range(random.randint(1, 3))]
        _insert(block, random, again)


@change("layout")
def header_repeated_under_a_title(dress: Dress, random: Random) -> None:
    """Each page with its title and the header."""
    for block in _stacked(dress, random):
        pages = [
            [[f"{block.table.name}一览表（第{page}页）"], *([*row] for row in block.header)]
            for page in range(2, random.randint(3, 4))
        ]
        _insert(block, random, pages)


SUBTOTALS = (
    "小计",
    "合计",
    "本页小计",
    "本企业小计：3人",
    "合  计",
    "总计",
    "小 计",
    "累计",
    "共3人",
    "共计 3 人",
    "本页合计",
    "甲装饰有限公司小计",
    "合计：",
    "人数合计",
)


@change("layout")
def subtotals(dress: Dress, random: Random) -> None:
    for block in _blocks(dress, random):
        groups: list[Rows] = []
        for _ in range(random.randint(1, 3)):
            row: Cells = [""] * block.width
            at = random.randint(0, max(0, min(2, block.width - 2)))
            row[at] = random.choice(SUBTOTALS)
            if random.random() < 0.5:
                row[random.randint(at, block.width - 1)] = random.choice((3, "3", "3人", "12"))
                row[at] = random.choice(SUBTOTALS)
            groups.append([row])
        if random.random() < 0.3 and block.width > 3:
            sums: Cells = [""] * block.width
            sums[0] = random.choice(("合计", "总计", "小计"))
            sums[-3:] = ["3", "5.0", "1,024.50"]
            groups.append([sums])
        _insert(block, random, groups)


@change("layout")
def blank_rows_between(dress: Dress, random: Random) -> None:
    blanks: tuple[Rows, ...] = ([[]], [[""]], [[" ", "\u3000"]], [[], []])
    for block in _stacked(dress, random):
        _insert(block, random, [random.choice(blanks) for _ in range(random.randint(1, 3))])


TITLES = (
    "山西省建筑业企业{}登记表",
    "{}一览表",
    "附件2",
    "二〇二六年第一季度",
    "单位：人",
    "填报单位（盖章）：太原市住房和城乡建设局        填报日期：2026年5月18日",
    "统计时间：2026-01-01 至 2026-03-31",
    "乙建设有限公司",
    "一、建筑业企业",
    "（本表由系统导出）",
)


@change("layout")
def titles_above(dress: Dress, random: Random) -> None:
    for block in _stacked(dress, random):
        titles: Rows = [
            [random.choice(TITLES).format(block.table.name)] for _ in range(random.randint(1, 4))
        ]
        if random.random() < 0.5:
            titles[0] += [LEFT] * (block.width - 1)
        if random.random() < 0.5:
            titles.insert(random.randint(0, len(titles)), [])
        block.above = titles + block.above


SIGNATURES: tuple[Cells, ...] = (
    ["制表人：张三", "", "审核人：李四"],
    ["填表人：", "张三", "", "联系电话：0351-2021234"],
    ["制表：张三  审核：李四  日期：2026年5月20日"],
    ["负责人（签字）：", "", "经办人：王五"],
    ["单位负责人：李四", "填表人：张三", "", "填表日期：2026-05-20"],
    ["审核：", "", "复核："],
    ["", "", "太原市住房和城乡建设局"],
    ["", "", "2026年5月20日"],
    ["（盖章）"],
    ["打印时间：2026-05-20 09:30:00"],
    ["第1页，共1页"],
    ["报送日期：2026年5月20日"],
)
NOTES: tuple[Cells, ...] = (
    ["备注：本表一式两份，企业和主管部门各执一份。"],
    ["注：1.本表数据截至2026年5月19日。"],
    ["说明：数据来源于全国建筑市场监管公共服务平台"],
    ["填表说明：证件号码须为18位"],
    ["注", "以上数据由系统自动生成"],
    ["以下空白"],
    ["※以上信息真实有效"],
    ["--------------------"],
)


@change("layout")
def signatures_below(dress: Dress, random: Random) -> None:
    for block in _stacked(dress, random):
        lines = random.sample(SIGNATURES, random.randint(1, 3))
        if block.table.name == "覆盖":  # its key is a word: a name alone may be one
            lines = [line for line in lines if "张三" not in line]
        block.below += [list(line) for line in lines]


@change("layout")
def notes_below(dress: Dress, random: Random) -> None:
    for block in _stacked(dress, random):
        block.below += [list(row) for row in random.sample(NOTES, random.randint(1, 2))]


@change("layout", needs="merged")
def merged_cells_below(dress: Dress, random: Random) -> None:
    """Merged cells without content under the last row."""
    for block in _stacked(dress, random):
        block.below += [["", LEFT, LEFT], [UP, LEFT, LEFT]]


@change("layout")
def blank_cells_far_away(dress: Dress, random: Random) -> None:
    for sheet in some(random, dress.sheets):
        for _ in range(random.randint(1, 3)):
            place = (random.randint(0, 400), random.randint(20, 120))
            sheet.stray[place] = random.choice((" ", "\u3000", "\u00a0"))


@change("layout")
def words_to_the_right_of_the_table(dress: Dress, random: Random) -> None:
    """A remark that somebody typed outside the table."""
    for sheet in some(random, dress.sheets):
        place = (random.randint(0, 30), random.randint(45, 60))
        sheet.stray[place] = random.choice(("已核对", "2026-05-18 核", "？", "王工看一下", "3"))
