"""An invented province as register files: plausible names, sizes and defects; the same seed gives the same bytes."""

import csv
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import xlsxwriter
from stdnum.cn import ric, uscc

from qualwatch.intake.headers import table_heads
from qualwatch.law.figures import Accept, requirements_on
from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES, GradeSlug, ProfessionText
from qualwatch.law.texts_on_disk import load_yaml

SHEET_ROWS = 1_000_000
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
DOCUMENT_KINDS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
OWN_PEOPLE = 4  # a small firm without figures to meet still registers a few people


@dataclass(frozen=True, slots=True)
class Plan:
    """How many enterprises, which seed, and the day around which everything is dated."""

    enterprises: int
    seed: int
    as_of: date = date(2026, 5, 20)


@dataclass(slots=True)
class _Someone:
    """A person with certificates (profession, grade, specialities)."""

    number: str
    kind: str
    name: str
    born_on: date
    certificates: list[tuple[str, str | None, list[str]]] = field(default_factory=list)


def generate_province(plan: Plan, folder: Path, form: str, law: Law) -> dict[str, int]:
    """Writes the province into `folder`; rows written per file."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = _Province(plan, law).tables()
    return _write_csv(tables, folder) if form == "csv" else _write_xlsx(tables, folder)


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    loaded: dict[str, Any] = load_yaml(Path(__file__).parent / "invented.yaml")
    return loaded


class _Province:
    def __init__(self, plan: Plan, law: Law) -> None:
        self.plan, self.law, self.random = plan, law, random.Random(plan.seed)  # not a secret
        self.policy = law.policy_on(plan.as_of)
        self.words, self.rates = _words(), _words()["rates"]
        self.rows: dict[str, list[dict[str, str]]] = {name: [] for name in table_heads()}
        self.serial = 0
        divisions = law.divisions.divisions
        self.places = {
            area: [
                code
                for code, division_text in divisions.items()
                if division_text.area == area and not division_text.to and code[4:] > "01"
            ]
            for area in law.divisions.areas
        }
        self.places |= {area: [area[-6:]] for area, codes in self.places.items() if not codes}
        self.retired = [
            code
            for code, division_text in divisions.items()
            if division_text.to and division_text.successors
        ]

    def tables(self) -> dict[str, list[dict[str, str]]]:
        """All rows, by table."""
        for index in range(self.plan.enterprises):
            self._enterprise(supervisor=self._chance("supervision_share", self.words), index=index)
        return {name: rows for name, rows in self.rows.items() if rows}

    def _chance(self, rate: str, among: dict[str, Any] | None = None) -> bool:
        return self.random.random() < float((among or self.rates)[rate])

    def _pick(self, weights: dict[Any, int]) -> Any:
        return self.random.choices(list(weights), list(weights.values()))[0]

    def _day(self, first: int, last: int) -> date:
        """A day between `first` and `last` days from as_of."""
        return self.plan.as_of + timedelta(days=self.random.randint(first, last))

    def _enterprise(self, *, supervisor: bool, index: int) -> None:
        area = self._pick(self.words["area_weights"])
        place = self.random.choice(
            self.retired if self._chance("retired_division") else self.places[area]
        )
        code = self._credit_code(place)
        tail = self.random.choice(self.words["firm_supervisor" if supervisor else "firm_builder"])
        first, second = (
            self.random.choice(self.words["firm_first"]),
            self.random.choice(self.words["firm_second"]),
        )
        name = f"山西{first}{second}{'' if self.random.random() < 0.5 else self._given(1)}{tail}"
        branch = self._credit_code(place) if self.random.random() < 0.04 else ""
        self._row(
            "enterprises",
            credit_code=code,
            name=name,
            division_code=place,
            branch_credit_codes=branch,
        )
        people: list[_Someone] = []
        for category, sub_item, grade in self._items(supervisor, index):
            route = self._item(code, area, category, sub_item, grade)
            self._staff(people, category, sub_item, grade, route)
        spare = self.random.randint(1, 4) if self._chance("enterprise_spare") else 0
        for _ in range(spare + (OWN_PEOPLE if not people else 0)):
            people.append(
                self._someone("supervising-engineer" if supervisor else "constructor", None, None)
            )
        if self._chance("enterprise_short") and people:
            for _ in range(min(len(people), self.random.randint(1, 3))):
                people.pop(self.random.randrange(len(people)))
        for someone in people:
            self._register(someone, code, branch)

    def _items(self, supervisor: bool, index: int) -> list[tuple[str, str, GradeSlug]]:
        sector = "supervision" if supervisor else "construction"
        own = {slug: text for slug, text in self.law.categories.items() if text.sector == sector}
        weights = {
            slug: self.words["category_weights"].get(slug, self.words["category_weight_otherwise"])
            for slug in own
        }
        found: dict[tuple[str, str], GradeSlug] = {}
        for turn in range(self._pick(self.words["item_count_weights"])):
            # every category occurs: the first item of some enterprises goes through the list in turn
            slug = (
                list(own)[index // 10 % len(own)]
                if turn == 0 and index % 10 == 0
                else self._pick(weights)
            )
            levels = [(sub, grade) for sub, grade, _ in own[slug].every_grade()]
            chances = [self.words["grade_weights"][grade] for _sub, grade in levels]
            sub_item, grade = self.random.choices(levels, chances)[0]
            found[(slug, sub_item)] = grade
        return [(slug, sub_item, grade) for (slug, sub_item), grade in found.items()]

    def _item(self, code: str, area: str, category: str, sub_item: str, grade: GradeSlug) -> str:
        text = self.law.categories[category]
        top = grade in ("special", "grade-a") or (grade == "grade-1" and text.sequence == "general")
        authority = (
            "住房和城乡建设部"
            if top or category == "supervision-comprehensive"
            else "山西省住房和城乡建设厅"
        )
        if (
            not top
            and grade in ("grade-2", "grade-3", "ungraded", "grade-c")
            and text.sector == "construction"
        ):
            authority = self.law.divisions.areas[area].name + "行政审批服务管理局"
        issuer = (
            {"住": "1", "山": "2"}.get(authority[0], "3")
            if authority != "山西省住房和城乡建设厅"
            else "2"
        )
        self.serial += 1
        number = (
            f"{'E' if text.sector == 'supervision' else 'D'}{issuer}14{self.serial % 100_000:05d}0"
        )
        start = self._day(-1700, -60)
        route = self._pick({"直接申请": 40, "升级": 30, "": 30})
        grade_word = (
            GRADE_NAMES[grade].replace("一级", "壹级").replace("二级", "贰级")
            if self.random.random() < 0.2
            else GRADE_NAMES[grade]
        )
        whole = self.random.random() < 0.3
        self._row(
            "items",
            credit_code=code,
            certificate_no=number,
            qualification=text.name + (grade_word if whole else ""),
            sub_item=sub_item,
            grade="" if whole else grade_word,
            licensing_authority=authority,
            route=route,
            valid_from=self._written(start),
            valid_to=self._written(start + timedelta(days=5 * 365)),
            register_state="有效",
        )
        return {"直接申请": "direct", "升级": "upgrade"}.get(route, "unknown")

    def _staff(
        self, people: list[_Someone], category: str, sub_item: str, grade: GradeSlug, route: str
    ) -> None:
        """Hires whoever is still missing for one item; people already there serve again."""
        for requirement in requirements_on(
            self.law, self.policy, category, sub_item, grade, route, self.plan.as_of
        ):
            reading = requirement.strong or requirement.weak
            if requirement.outcome != "judge" or reading is None:
                continue
            taken: set[str] = set()
            for minimum, accept in reading.group:
                free = [
                    p
                    for p in people
                    if p.number not in taken and any(self._suits(p, a) for a in accept)
                ]
                taken |= {p.number for p in free[:minimum]}
                certificates = (
                    sum(len(p.certificates) for p in free)
                    if requirement.counts == "person-times"
                    else len(free)
                )
                asked = minimum + self.random.choice(self.words["slack"])
                for _ in range(asked - certificates):
                    accepted = self.random.choice([a for a in accept if not a.doubt])
                    hired = self._someone(
                        accepted.profession, accepted.lowest_rank, accepted.specialities
                    )
                    people.append(hired)
                    taken.add(hired.number)

    def _suits(self, someone: _Someone, accept: Accept) -> bool:
        return any(
            profession == accept.profession
            and (accept.lowest_rank < 2 or grade == "grade-1")
            and (accept.specialities is None or bool(accept.specialities & set(specialities)))
            for profession, grade, specialities in someone.certificates
        )

    def _someone(
        self, profession: str, rank: int | None, specialities: frozenset[str] | None
    ) -> _Someone:
        text = self.law.professions[profession]
        grade = None
        if text.grades:
            grade = (
                "grade-1"
                if rank == 2 or (rank != 1 and self.random.random() < 0.4)
                else self.random.choice(text.grades)
            )
        someone = self._person()
        someone.certificates.append((profession, grade, self._trades(text, grade, specialities)))
        if profession == "supervising-engineer" and self.random.random() < 0.25:
            second = self.random.choice(("cost-engineer", "constructor"))
            someone.certificates.append(
                (second, "grade-1", self._trades(self.law.professions[second], "grade-1", None))
            )
        return someone

    def _trades(
        self, text: ProfessionText, grade: str | None, wanted: frozenset[str] | None
    ) -> list[str]:
        known = [slug for slug in text.specialities if slug != "unspecified"]
        if not known:
            return []
        if grade == "grade-2" and text.name == "注册建造师":  # C16: four trades have grade 1 only
            known = [slug for slug in known if slug not in self.words["first_grade_only"]]
        first = self.random.choice(sorted(wanted & set(text.specialities)) if wanted else known)
        if self._chance("several_specialities"):
            return list(dict.fromkeys([first, self.random.choice(known)]))
        return [first]

    def _person(self) -> _Someone:
        years = self.random.triangular(25, 59.5, 40)
        if self._chance("aged_61_and_over"):
            years = self.random.uniform(61.05, 66)
        elif self._chance("aged_60"):
            years = self.random.uniform(60.02, 60.98)
        born_on = self.plan.as_of - timedelta(days=int(years * 365.2425))
        name = self.random.choice(self.words["surnames"]) + self._given(
            self.random.choice((1, 2, 2))
        )
        self.serial += 1
        if self._chance("other_document"):
            return _Someone(f"H{self.serial:08d}", "港澳居民来往内地通行证", name, born_on)
        area = self.random.choice(self.places[self._pick(self.words["area_weights"])])
        body = f"{area if area != '140171' else '140105'}{born_on:%Y%m%d}{self.serial % 1000:03d}"
        return _Someone(body + ric.calc_check_digit(body + "0"), "", name, born_on)

    def _register(self, someone: _Someone, code: str, branch: str) -> None:
        joined = self._day(-150, -5) if self._chance("joined_lately") else self._day(-1500, -170)
        lately = joined > self.plan.as_of - timedelta(days=160)
        identity = someone.number
        if not someone.kind and someone.born_on.year < 2000 and self._chance("old_identity_number"):
            identity = identity[:6] + identity[8:17]
        if not someone.kind and self._chance("bad_check_digit"):
            identity = identity[:-1] + ("1" if identity[-1] == "0" else "0")
        for profession, grade, trades in someone.certificates:
            text = self.law.professions[profession]
            end = (
                self._day(30, 1000)
                if not self._chance("registration_expired")
                else self._day(-200, -1)
            )
            start = end - timedelta(days=365 * 3)
            gone = self._chance("registration_deregistered")
            words = [self.random.choice(text.specialities[trade][:2]) for trade in trades]
            grade_word = {"grade-1": "一级", "grade-2": "二级"}.get(grade or "", "")
            self.serial += 1
            number = f"晋{1 if grade == 'grade-1' else 2}14{start.year}{start.year}{self.serial % 100_000:05d}"
            self._row(
                "registrations",
                credit_code=code,
                person_name=someone.name,
                identity_kind=someone.kind,
                identity=identity,
                born_on=str(someone.born_on) if someone.kind else "",
                profession=text.name,
                profession_grade=grade_word,
                speciality="、".join(words),
                registration_no="" if self._chance("no_registration_no") else number,
                at_enterprise_from=self._written(joined),
                valid_from=self._written(start),
                valid_to="2026-02-30" if self._chance("bad_date") else self._written(end),
                register_state="注销" if gone else "有效",
                register_state_from=str(self._day(-90, -2)) if gone else "",
            )
        if self._chance("registered_twice") and self.rows["enterprises"]:
            again = dict(
                self.rows["registrations"][-1],
                credit_code=self.random.choice(self.rows["enterprises"])["credit_code"],
            )
            self.rows["registrations"].append(again)
        if self._chance("locked"):
            self._row(
                "locks",
                identity=someone.number,
                identity_kind=someone.kind,
                locked_from=str(self._day(-100, -10)),
            )
        self._insure(someone, code, branch, lately=lately)

    def _insure(self, someone: _Someone, code: str, branch: str, *, lately: bool) -> None:
        if self._chance("no_insurance_data"):
            return
        if self._chance("retired_with_document"):
            self._row(
                "exemptions",
                identity=someone.number,
                identity_kind=someone.kind,
                credit_code=code,
                exemption_reason="退休",
                document=f"退休证〔{self.plan.as_of.year - 1}〕{self.serial % 10_000}号",
                valid_from=str(self.plan.as_of - timedelta(days=300)),
            )
            return
        now = self.plan.as_of.year * 12 + self.plan.as_of.month - 1
        payers = [branch or code]
        back = range(2, 5)  # the last settled months with a lag of one
        if self._chance("unpaid") and not lately:
            back = range(9, 11)
        elif self._chance("paid_by_other"):
            payers = [self.random.choice(self.rows["enterprises"])["credit_code"]]
        elif self._chance("paid_by_several"):
            payers.append(self.random.choice(self.rows["enterprises"])["credit_code"])
        for months in back:
            month = now - months
            for payer in payers:
                self._row(
                    "contributions",
                    identity=someone.number,
                    identity_kind=someone.kind,
                    month=f"{month // 12}-{month % 12 + 1:02d}",
                    payer_credit_code=payer,
                )

    def _row(self, table: str, **cells: str) -> None:
        self.rows[table].append(cells)

    def _given(self, count: int) -> str:
        return "".join(self.random.choice(self.words["given"]) for _ in range(count))

    def _written(self, day: date) -> str:
        """A day in one of the shapes that offices use."""
        turn = self.random.random()
        if turn < 0.85:
            return str(day)
        return (
            f"{day.year}/{day.month}/{day.day}"
            if turn < 0.95
            else f"{day.year}年{day.month}月{day.day}日"
        )

    def _credit_code(self, place: str) -> str:
        self.serial += 1
        body = (
            "MA"
            + "".join(DOCUMENT_KINDS[self.serial // 31**power % 31] for power in (3, 2, 1, 0))
            + "".join(self.random.choice(DOCUMENT_KINDS) for _ in range(2))
        )
        total = sum(
            (int(c) if c.isdigit() else ord(c) - 55) * w
            for c, w in zip(body, ORGANISATION_WEIGHTS, strict=True)
        )
        check = 11 - total % 11
        first = f"91{place}{body}{'X' if check == 10 else 0 if check == 11 else check}"
        return first + uscc.calc_check_digit(first)


def _columns(rows: list[dict[str, str]], table: str) -> list[str]:
    used = Counter(key for row in rows for key in row)
    return [key for key in table_heads()[table].columns if used[key]]


def _lines(rows: list[dict[str, str]], table: str) -> Iterator[list[str]]:
    columns = _columns(rows, table)
    yield [table_heads()[table].columns[key].header for key in columns]
    for row in rows:
        yield [row.get(key, "") for key in columns]


def _write_csv(tables: dict[str, list[dict[str, str]]], folder: Path) -> dict[str, int]:
    counts = {}
    for table, rows in tables.items():
        name = f"{table_heads()[table].name}.csv"
        with (folder / name).open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(_lines(rows, table))
        counts[name] = len(rows)
    return counts


def _write_xlsx(tables: dict[str, list[dict[str, str]]], folder: Path) -> dict[str, int]:
    counts = {}
    with xlsxwriter.Workbook(
        folder / "登记数据.xlsx", {"strings_to_numbers": False, "strings_to_formulas": False}
    ) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001  # the same seed gives the same bytes
        for table, rows in tables.items():
            for part in range(0, len(rows), SHEET_ROWS):
                name = table_heads()[table].name + (str(part // SHEET_ROWS + 1) if part else "")
                sheet = book.add_worksheet(name)
                for at, line in enumerate(_lines(rows[part : part + SHEET_ROWS], table)):
                    for column, text in enumerate(line):
                        sheet.write_string(at, column, text)
                counts[f"登记数据.xlsx {name}"] = len(rows[part : part + SHEET_ROWS])
    return counts
