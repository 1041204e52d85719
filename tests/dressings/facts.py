"""The set of facts that is dressed: a small province with every verdict, plainly written.

It is drawn tight: most enterprises hold exactly the number that is asked, so that one row lost or
misread changes a finding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from builders import credit_code, identity

DAY = date(2026, 5, 20)
MONTHS = (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))
DATONG = "140200"
TAIYUAN = "140105"
PASSPORT = "EA1234567"
BASE = ("企业", "资质", "注册人员")  # tables without which nothing is judged

Record = dict[str, Any]


@dataclass
class Column:
    """A column: its canonical heading, what its cells are, and how it is headed.

    kind: text, code (a credit code), identity, number (of a registration), day, month, or
    whole-month (where a day would mean that day).
    """

    key: str
    kind: str
    heading: str = ""

    def __post_init__(self) -> None:
        self.heading = self.heading or self.key


@dataclass
class Table:
    """A register: its columns in order, its rows by canonical heading."""

    name: str
    columns: list[Column]
    rows: list[Record] = field(default_factory=list)

    def column(self, key: str) -> Column | None:
        """The column of a canonical heading, if the table has it."""
        return next((column for column in self.columns if column.key == key), None)


COLUMNS = {
    "企业": "统一社会信用代码 code|企业名称 text|注册地区划代码 text|分支机构信用代码 code",
    "资质": "统一社会信用代码 code|资质证书号 text|资质名称 text|分项 text|等级 text|许可机关 text"
    "|取得方式 text|有效期起 day|有效期止 day|延续申请日期 day|状态 text|状态日期 day",
    "注册人员": "统一社会信用代码 code|姓名 text|证件类型 text|身份证号 identity|出生日期 day"
    "|证书类别 text|等级 text|专业 text|注册编号 number|变更日期 day|有效期起 day|有效期止 day"
    "|延续注册申请日期 day|状态 text|状态日期 day",
    "社保": "身份证号 identity|缴费月份 month|缴费单位信用代码 code",
    "豁免": "身份证号 identity|统一社会信用代码 code|豁免理由 text|证明材料 text|豁免起 day"
    "|豁免止 day",
    "锁定": "身份证号 identity|锁定起 day|锁定止 day",
    "认定": "统一社会信用代码 code|资质名称 text|分项 text|指标 text|认定人数 text|有效至 day"
    "|原因 text",
    "覆盖": "来源 text|载入日期 day|覆盖起 whole-month|覆盖止 whole-month|辖区 text|人员 text",
}


def empty_table(name: str) -> Table:
    """A register without rows."""
    columns = [Column(*text.split(" ")) for text in COLUMNS[name].split("|")]
    return Table(name, columns)


class Province:
    """Collects the rows of all registers."""

    def __init__(self) -> None:
        self.tables = {name: empty_table(name) for name in COLUMNS}
        self.people = 0

    def add(self, table: str, **cells: Any) -> None:
        """A row; cells left out are empty."""
        keys = [column.key for column in self.tables[table].columns]
        assert set(cells) <= set(keys), cells
        self.tables[table].rows.append(dict.fromkeys(keys, "") | cells)

    def enterprise(self, number: int, name: str, division: str = TAIYUAN, branch: str = "") -> str:
        """An enterprise; gives its credit code."""
        code = credit_code(number)
        self.add(
            "企业",
            统一社会信用代码=code,
            企业名称=name,
            注册地区划代码=division,
            分支机构信用代码=branch,
        )
        return code

    def item(self, code: str, name: str, grade: str, **cells: Any) -> None:
        """A qualification in force."""
        number = len(self.tables["资质"].rows) + 1
        standard = {
            "统一社会信用代码": code,
            "资质证书号": f"D2140{number:05d}",
            "资质名称": name,
            "等级": grade,
            "许可机关": "山西省住房和城乡建设厅",
            "有效期起": date(2022, 1, 1),
            "有效期止": date(2027, 1, 1),
            "状态": "有效",
        }
        self.add("资质", **standard | cells)

    def person(self, code: str, *, payer: str | None = None, **cells: Any) -> str:
        """A second-grade building constructor in order, three months paid by the enterprise.

        payer: somebody else, or '' for nobody. Gives the identity number.
        """
        self.people += 1
        number = cells.get("身份证号", identity(self.people, f"19{70 + self.people % 20}0615"))
        self.certificate(code, f"张{self.people}", number, **cells)
        if payer != "":
            for month in MONTHS:
                self.add("社保", 身份证号=number, 缴费月份=month, 缴费单位信用代码=payer or code)
        return str(number)

    def certificate(self, code: str, name: str, number: str, **cells: Any) -> None:
        """One more registration of a person."""
        serial = len(self.tables["注册人员"].rows) + 1
        standard = {
            "统一社会信用代码": code,
            "姓名": name,
            "身份证号": number,
            "证书类别": "注册建造师",
            "等级": "二级",
            "专业": "建筑工程",
            "注册编号": f"晋214{serial:09d}",
            "有效期起": date(2024, 1, 1),
            "有效期止": date(2027, 1, 1),
            "状态": "有效",
        }
        self.add("注册人员", **standard | cells)


DECORATION = "建筑装修装饰工程专业承包"
BUILDING = "建筑工程施工总承包"
ELECTRONICS = "电子与智能化工程专业承包"


def province() -> dict[str, Table]:
    """All registers, by name."""
    facts = Province()
    _decorators(facts)
    _builders(facts)
    _supervisors(facts)
    _insurance(facts)
    _coverage(facts, "", "仅出现者")
    _coverage(facts, "大同市", "全部")
    return facts.tables


def _coverage(facts: Province, area: str, people: str) -> None:
    facts.add(
        "覆盖",
        来源="社保",
        载入日期=date(2026, 5, 19),
        覆盖起=date(2026, 1, 1),
        覆盖止=date(2026, 3, 1),
        辖区=area,
        人员=people,
    )


def _decorators(facts: Province) -> None:
    """Three asked: met; one expired the day before; one deregistered; one renewing."""
    met = facts.enterprise(1, "甲装饰有限公司")
    facts.item(met, DECORATION, "二级")
    for _ in range(3):
        facts.person(met)
    short = facts.enterprise(2, "乙装饰有限公司")
    facts.item(short, DECORATION, "二级")
    facts.person(short, 有效期止=date(2026, 5, 20))
    facts.person(short, 有效期止="长期", 姓名="王𬭎")
    facts.person(short, 有效期止=date(2026, 5, 19))
    deregistered = facts.enterprise(3, "丙装饰有限公司")
    facts.item(deregistered, DECORATION, "二级")
    facts.person(deregistered)
    facts.person(deregistered, 变更日期=date(2026, 5, 20))
    facts.person(deregistered, 状态="注销", 状态日期=date(2026, 4, 1))
    renewing = facts.enterprise(11, "子装饰有限公司")
    facts.item(renewing, DECORATION, "二级")
    facts.person(renewing)
    facts.person(renewing)
    facts.person(renewing, 有效期止=date(2026, 5, 10), 延续注册申请日期=date(2026, 4, 1))


def _builders(facts: Province) -> None:
    """Several specialities, a branch that pays, a passport; grade one missing; items that ended."""
    branch = credit_code(40)
    building = facts.enterprise(4, "丁建筑有限公司", branch=branch)
    facts.item(building, BUILDING, "三级")
    facts.person(building, 专业="建筑工程、市政公用工程")
    facts.person(building, payer=branch)
    facts.person(building, 等级="一级")
    facts.person(building, 证件类型="护照", 身份证号=PASSPORT, 出生日期=date(1985, 6, 15))
    facts.person(
        building,
        专业="机电工程",
        证件类型="台湾居民居住证",
        身份证号="830000198506150075",
        出生日期=date(1985, 6, 15),
    )
    electronics = facts.enterprise(5, "戊智能科技有限公司", DATONG)
    facts.item(electronics, ELECTRONICS, "二级")
    facts.item(electronics, BUILDING, "三级", 有效期止=date(2026, 5, 19))
    facts.item(
        electronics, DECORATION, "二级", 有效期止=date(2026, 5, 1), 延续申请日期=date(2026, 3, 1)
    )
    facts.person(electronics, 等级="一级", 专业="机电工程")
    for _ in range(3):
        facts.person(electronics, 专业="机电工程")
    labour = facts.enterprise(6, "己劳务有限公司")
    facts.item(labour, "施工劳务", "不分等级")


def _supervisors(facts: Province) -> None:
    """Ten engineers, a cost engineer with two certificates, and exactly fifteen person-times."""
    code = facts.enterprise(7, "庚工程监理有限公司", DATONG)
    facts.item(code, "工程监理房屋建筑工程专业", "乙级", 资质证书号="E214000001")
    supervisor = {"证书类别": "注册监理工程师", "等级": "", "专业": "房屋建筑工程"}
    numbers = [
        facts.person(code, 注册编号=f"1400{serial:04d}", **supervisor) for serial in range(1, 11)
    ]
    for serial, number in enumerate(numbers[:3], 1):
        facts.certificate(
            code, f"监{serial}", number, 等级="一级", 注册编号=f"晋1142024{serial:06d}"
        )
    cost = {"证书类别": "注册造价工程师", "等级": "一级"}
    engineer = facts.person(code, 注册编号="建[造]1100000001", 专业="土木建筑工程", **cost)
    facts.certificate(code, "造1", engineer, 注册编号="建[造]1100000002", 专业="安装工程", **cost)


def _insurance(facts: Province) -> None:
    """Nobody's data; unpaid where the register covers everybody; paid by others; exempt; locked."""
    unknown = facts.enterprise(8, "辛装饰有限公司")
    facts.item(unknown, DECORATION, "二级")
    facts.person(unknown, payer="")
    for _ in range(2):
        facts.person(unknown)
    unpaid = facts.enterprise(9, "壬装饰有限公司", DATONG)
    facts.item(unpaid, DECORATION, "二级")
    facts.person(unpaid, payer="")
    facts.person(unpaid)
    retired = facts.person(unpaid, payer="")
    facts.add(
        "豁免",
        身份证号=retired,
        统一社会信用代码=unpaid,
        豁免理由="退休",
        证明材料="退休证〔2024〕1号",
        豁免起=date(2024, 1, 1),
    )
    by_others = facts.enterprise(10, "癸装饰有限公司")
    facts.item(by_others, DECORATION, "二级")
    facts.person(by_others, payer=credit_code(1))
    facts.person(by_others, payer="个人")
    locked = facts.person(by_others)
    facts.person(by_others)
    facts.add("锁定", 身份证号=locked, 锁定起=date(2026, 5, 1), 锁定止=date(2026, 12, 31))
    facts.add(
        "认定",
        统一社会信用代码=by_others,
        资质名称=DECORATION,
        指标="注册建造师",
        认定人数="5",
        有效至=date(2026, 12, 31),
        原因="复核",
    )
