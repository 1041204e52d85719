"""A small province as rows of cells, as offices deliver them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from builders import OTHER, OWN, identity
from qualwatch.intake.fast_path import CleanRows
from qualwatch.intake.rows import SheetReader
from register_files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS, Rows

DAY = "2026-05-20"
MONTHS = ("2026-01", "2026-02", "2026-03")


def item(**cells: str) -> list[Any]:
    """One row of 资质."""
    base = dict.fromkeys(ITEMS, "")
    base |= {
        "统一社会信用代码": OWN,
        "资质证书号": "D214000010",
        "资质名称": "建筑装修装饰工程专业承包",
        "等级": "二级",
        "许可机关": "山西省住房和城乡建设厅",
        "有效期起": "2022-01-01",
        "有效期止": "2027-01-01",
        "状态": "有效",
    }
    return list((base | cells).values())


def person(number: int, **cells: Any) -> list[Any]:
    """One row of 注册人员: a second-grade building constructor in order."""
    base: dict[str, Any] = dict.fromkeys(REGISTRATIONS, "")
    base |= {
        "统一社会信用代码": OWN,
        "姓名": f"张{number}",
        "身份证号": identity(number),
        "证书类别": "注册建造师",
        "等级": "二级",
        "专业": "建筑工程",
        "注册编号": f"晋214{number:09d}",
        "有效期起": "2024-01-01",
        "有效期止": "2027-01-01",
        "状态": "有效",
    }
    return list((base | cells).values())


def paid(number: int, payer: str = OWN) -> Rows:
    """Three rows of 社保."""
    return [[identity(number), month, payer] for month in MONTHS]


def province(people: int = 3, **changed: Rows) -> dict[str, Rows]:
    """Sheets: one decoration firm of grade 2 with so many constructors, and another firm without items."""
    sheets: dict[str, Rows] = {
        "企业": [
            ENTERPRISES,
            [OWN, "甲装饰有限公司", "140105", ""],
            [OTHER, "乙建设有限公司", "140200", ""],
        ],
        "资质": [ITEMS, item()],
        "注册人员": [REGISTRATIONS, *(person(n) for n in range(1, people + 1))],
        "社保": [CONTRIBUTIONS, *(row for n in range(1, people + 1) for row in paid(n))],
    }
    return sheets | changed


def with_column(rows: Rows, heading: str, cells: list[Any], place: int | None = None) -> Rows:
    """Rows with a column more."""
    wider = [list(row) for row in rows]
    for row, cell in zip(wider, [heading, *cells], strict=True):
        row.insert(len(row) if place is None else place, cell)
    return wider


def no_clean_rows(_self: CleanRows, reader: SheetReader) -> pa.Array:
    """In place of CleanRows.collect: every row is read by itself."""
    return pa.repeat(pa.scalar(value=False), reader.body().length)
