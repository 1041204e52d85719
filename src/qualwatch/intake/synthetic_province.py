"""A synthetic province as register files: plausible names, sizes and defects.

The same seed gives the same bytes.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import xlsxwriter
from stdnum.cn import ric, uscc

from qualwatch.intake.headers import table_heads
from qualwatch.law.figures import Accept, Reading, requirements_on
from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES, GradeSlug, ProfessionText
from qualwatch.law.texts_on_disk import load_yaml

SHEET_ROWS = 1_000_000
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
DOCUMENT_KINDS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
MINISTRY = "住房和城乡建设部"
PROVINCE = "山西省住房和城乡建设厅"
CITY_GRADES = ("grade-2", "grade-3", "ungraded", "grade-c")
# shares of rows or people
BRANCH_SHARE = 0.04
SHORT_NAME_SHARE = 0.5
FORMAL_NUMERAL_SHARE = 0.2  # of grades written 壹级, 贰级
ONE_TEXT_SHARE = 0.3  # of qualifications written with their grade in one cell
SECOND_CERTIFICATE_SHARE = 0.25
FIRST_GRADE_SHARE = 0.4
ISO_DAY_SHARE = 0.85
SLASH_DAY_SHARE = 0.1
OWN_PEOPLE = 4  # a small firm without figures to meet still registers a few people


@dataclass(frozen=True, slots=True)
class Plan:
    """How many enterprises, which seed, and the day around which everything is dated."""

    enterprises: int
    seed: int
    as_of: date = date(2026, 5, 20)


Certificate = tuple[str, str | None, list[str]]  # profession, grade, specialities
Row = dict[str, str]


@dataclass(slots=True)
class _Person:
    """A registered person. kind: of the identity document, '' for an identity card."""

    number: str
    kind: str
    name: str
    born_on: date
    certificates: list[Certificate] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Employer:
    """An enterprise, and the code that pays its people's insurance."""

    code: str
    payer_code: str


def generate_province(plan: Plan, folder: Path, form: str, law: Law) -> dict[str, int]:
    """Writes the province into `folder`; rows written per file."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = _Province(plan, law).tables()
    return _write_csv(tables, folder) if form == "csv" else _write_xlsx(tables, folder)


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    loaded: dict[str, Any] = load_yaml(Path(__file__).parent / "synthetic_province.yaml")
    return loaded


class _Province:
    def __init__(self, plan: Plan, law: Law) -> None:
        self.plan = plan
        self.law = law
        self.random = random.Random(plan.seed)  # not a secret
        self.policy = law.policy_on(plan.as_of)
        self.words = _words()
        self.rates = self.words["rates"]
        self.rows: dict[str, list[Row]] = {name: [] for name in table_heads()}
        self.serial = 0
        self.divisions = {area: _division_codes(law, area) for area in law.divisions.areas}
        self.retired_divisions = [
            code
            for code, division in law.divisions.divisions.items()
            if division.to and division.successors
        ]

    def tables(self) -> dict[str, list[Row]]:
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
        """One enterprise with its items and people. Drawn in this order: the seed fixes every
        byte.
        """
        area = self._pick(self.words["area_weights"])
        is_retired = self._chance("retired_division")
        division = self.random.choice(
            self.retired_divisions if is_retired else self.divisions[area]
        )
        code = self._credit_code(division)
        name = self._enterprise_name(supervisor=supervisor)
        branch = self._credit_code(division) if self.random.random() < BRANCH_SHARE else ""
        self._row(
            "enterprises",
            credit_code=code,
            name=name,
            division_code=division,
            branch_credit_codes=branch,
        )
        people: list[_Person] = []
        for category, sub_item, grade in self._items(supervisor, index):
            route = self._item(code, area, category, sub_item, grade)
            self._staff(people, category, sub_item, grade, route)
        self._change_staff(people, "supervising-engineer" if supervisor else "constructor")
        employer = _Employer(code, branch or code)
        for person in people:
            self._register(person, employer)

    def _enterprise_name(self, *, supervisor: bool) -> str:
        ending = self.random.choice(self.words["firm_supervisor" if supervisor else "firm_builder"])
        first = self.random.choice(self.words["firm_first"])
        second = self.random.choice(self.words["firm_second"])
        third = "" if self.random.random() < SHORT_NAME_SHARE else self._given(1)
        return f"山西{first}{second}{third}{ending}"

    def _change_staff(self, people: list[_Person], profession: str) -> None:
        """Some enterprises have more people than required; some let people go, and fall short."""
        spare = self.random.randint(1, 4) if self._chance("enterprise_spare") else 0
        for _ in range(spare + (0 if people else OWN_PEOPLE)):
            people.append(self._person_with(profession, None, None))
        if self._chance("enterprise_short") and people:
            for _ in range(min(len(people), self.random.randint(1, 3))):
                people.pop(self.random.randrange(len(people)))

    def _items(self, supervisor: bool, index: int) -> list[tuple[str, str, GradeSlug]]:
        sector = "supervision" if supervisor else "construction"
        own = {slug: text for slug, text in self.law.categories.items() if text.sector == sector}
        weights = {
            slug: self.words["category_weights"].get(slug, self.words["category_weight_otherwise"])
            for slug in own
        }
        items: dict[tuple[str, str], GradeSlug] = {}
        for turn in range(self._pick(self.words["item_count_weights"])):
            # every category occurs: the first item of every tenth enterprise goes through the list
            if turn == 0 and index % 10 == 0:
                slug = list(own)[index // 10 % len(own)]
            else:
                slug = self._pick(weights)
            levels = [(sub, grade) for sub, grade, _ in own[slug].every_grade()]
            chances = [self.words["grade_weights"][grade] for _sub, grade in levels]
            sub_item, grade = self.random.choices(levels, chances)[0]
            items[(slug, sub_item)] = grade
        return [(slug, sub_item, grade) for (slug, sub_item), grade in items.items()]

    def _authority(self, area: str, category: str, grade: GradeSlug) -> str:
        """Who licenses: the ministry for the highest grades, cities for the lower construction
        grades.
        """
        text = self.law.categories[category]
        is_top = grade in ("special", "grade-a") or (grade, text.sequence) == ("grade-1", "general")
        if text.sector == "construction" and not is_top and grade in CITY_GRADES:
            return self.law.divisions.areas[area].name + "行政审批服务管理局"
        return MINISTRY if is_top or category == "supervision-comprehensive" else PROVINCE

    def _item(self, code: str, area: str, category: str, sub_item: str, grade: GradeSlug) -> str:
        """One certificate; the route by which it was obtained."""
        text = self.law.categories[category]
        authority = self._authority(area, category, grade)
        issuer = _issuer_digit(authority)
        self.serial += 1
        letter = "E" if text.sector == "supervision" else "D"
        start = self._day(-1700, -60)
        route = self._pick({"直接申请": 40, "升级": 30, "": 30})
        grade_word = GRADE_NAMES[grade]
        if self.random.random() < FORMAL_NUMERAL_SHARE:
            grade_word = grade_word.replace("一级", "壹级").replace("二级", "贰级")
        is_one_text = self.random.random() < ONE_TEXT_SHARE
        self._row(
            "items",
            credit_code=code,
            certificate_no=f"{letter}{issuer}14{self.serial % 100_000:05d}0",
            qualification=text.name + (grade_word if is_one_text else ""),
            sub_item=sub_item,
            grade="" if is_one_text else grade_word,
            licensing_authority=authority,
            route=route,
            valid_from=self._written(start),
            valid_to=self._written(start + timedelta(days=5 * 365)),
            register_state="有效",
        )
        return {"直接申请": "direct", "升级": "upgrade"}.get(route, "unknown")

    def _staff(
        self, people: list[_Person], category: str, sub_item: str, grade: GradeSlug, route: str
    ) -> None:
        """Hires whoever is still missing for one item; people already there count again."""
        key = (category, sub_item, grade, route)
        for requirement in requirements_on(self.law, self.policy, *key, self.plan.as_of):
            reading = requirement.strong or requirement.weak
            if requirement.outcome == "judge" and reading is not None:
                self._hire(people, reading, by_certificate=requirement.counts == "person-times")

    def _hire(self, people: list[_Person], reading: Reading, *, by_certificate: bool) -> None:
        """Enough for every clause of a reading, each person for one clause only."""
        assigned: set[str] = set()
        for minimum, accept in reading.group:
            free = [
                person
                for person in people
                if person.number not in assigned and _suits_any(person, accept)
            ]
            assigned |= {person.number for person in free[:minimum]}
            held = sum(len(person.certificates) for person in free) if by_certificate else len(free)
            missing = minimum + self.random.choice(self.words["slack"]) - held
            for _ in range(missing):
                kind = self.random.choice([kind for kind in accept if not kind.doubt])
                person = self._person_with(kind.profession, kind.lowest_rank, kind.specialities)
                people.append(person)
                assigned.add(person.number)

    def _person_with(
        self, profession: str, rank: int | None, specialities: frozenset[str] | None
    ) -> _Person:
        text = self.law.professions[profession]
        grade = self._grade(text, rank) if text.grades else None
        person = self._person()
        own = (profession, grade, self._specialities(text, grade, specialities))
        person.certificates.append(own)
        is_engineer = profession == "supervising-engineer"
        if is_engineer and self.random.random() < SECOND_CERTIFICATE_SHARE:
            second = self.random.choice(("cost-engineer", "constructor"))
            second_text = self.law.professions[second]
            of_second = self._specialities(second_text, "grade-1", None)
            person.certificates.append((second, "grade-1", of_second))
        return person

    def _grade(self, text: ProfessionText, rank: int | None) -> str:
        if rank == 2 or (rank != 1 and self.random.random() < FIRST_GRADE_SHARE):
            return "grade-1"
        return self.random.choice(text.grades)

    def _specialities(
        self, text: ProfessionText, grade: str | None, accepted: frozenset[str] | None
    ) -> list[str]:
        """One or two specialities, the first one of the accepted ones."""
        possible = [slug for slug in text.specialities if slug != "unspecified"]
        if not possible:
            return []
        # C16: four trades have grade 1 only
        if grade == "grade-2" and text.name == "注册建造师":
            possible = [slug for slug in possible if slug not in self.words["first_grade_only"]]
        choice = sorted(accepted & set(text.specialities)) if accepted else possible
        first = self.random.choice(choice)
        if self._chance("several_specialities"):
            return list(dict.fromkeys([first, self.random.choice(possible)]))
        return [first]

    def _person(self) -> _Person:
        years = self.random.triangular(25, 59.5, 40)
        if self._chance("aged_61_and_over"):
            years = self.random.uniform(61.05, 66)
        elif self._chance("aged_60"):
            years = self.random.uniform(60.02, 60.98)
        born_on = self.plan.as_of - timedelta(days=int(years * 365.2425))
        surname = self.random.choice(self.words["surnames"])
        name = surname + self._given(self.random.choice((1, 2, 2)))
        self.serial += 1
        if self._chance("other_document"):
            return _Person(f"H{self.serial:08d}", "港澳居民来往内地通行证", name, born_on)
        area = self._pick(self.words["area_weights"])
        division = self.random.choice(self.divisions[area])
        # the zone has no code of its own in identity numbers
        region = "140105" if division == "140171" else division
        body = f"{region}{born_on:%Y%m%d}{self.serial % 1000:03d}"
        return _Person(body + ric.calc_check_digit(body + "0"), "", name, born_on)

    def _register(self, person: _Person, employer: _Employer) -> None:
        """A person's registrations at an enterprise, with the defects of real registers, and the
        insurance.
        """
        joined = self._day(-150, -5) if self._chance("joined_lately") else self._day(-1500, -170)
        is_new = joined > self.plan.as_of - timedelta(days=160)
        identity = self._written_identity(person)
        for certificate in person.certificates:
            self._registration(person, certificate, employer, identity, joined)
        if self._chance("registered_twice") and self.rows["enterprises"]:
            elsewhere = self.random.choice(self.rows["enterprises"])["credit_code"]
            last = self.rows["registrations"][-1]
            self.rows["registrations"].append({**last, "credit_code": elsewhere})
        if self._chance("locked"):
            locked_from = str(self._day(-100, -10))
            self._row("locks", **_identity(person), locked_from=locked_from)
        self._insure(person, employer, is_new=is_new)

    def _written_identity(self, person: _Person) -> str:
        """The number as the register has it: some in the old form, some with a wrong check
        digit.
        """
        identity = person.number
        if person.kind:
            return identity
        if person.born_on.year < 2000 and self._chance("old_identity_number"):
            identity = identity[:6] + identity[8:17]
        if self._chance("bad_check_digit"):
            identity = identity[:-1] + ("1" if identity[-1] == "0" else "0")
        return identity

    def _registration(
        self,
        person: _Person,
        certificate: Certificate,
        employer: _Employer,
        identity: str,
        joined: date,
    ) -> None:
        profession, grade, specialities = certificate
        text = self.law.professions[profession]
        is_expired = self._chance("registration_expired")
        end = self._day(-200, -1) if is_expired else self._day(30, 1000)
        start = end - timedelta(days=365 * 3)
        is_deregistered = self._chance("registration_deregistered")
        words = [self.random.choice(text.specialities[slug][:2]) for slug in specialities]
        self.serial += 1
        kind = 1 if grade == "grade-1" else 2
        number = f"晋{kind}14{start.year}{start.year}{self.serial % 100_000:05d}"
        self._row(
            "registrations",
            credit_code=employer.code,
            person_name=person.name,
            identity_kind=person.kind,
            identity=identity,
            born_on=str(person.born_on) if person.kind else "",
            profession=text.name,
            profession_grade={"grade-1": "一级", "grade-2": "二级"}.get(grade or "", ""),
            speciality="、".join(words),
            registration_no="" if self._chance("no_registration_no") else number,
            at_enterprise_from=self._written(joined),
            valid_from=self._written(start),
            valid_to="2026-02-30" if self._chance("bad_date") else self._written(end),
            register_state="注销" if is_deregistered else "有效",
            register_state_from=str(self._day(-90, -2)) if is_deregistered else "",
        )

    def _insure(self, person: _Person, employer: _Employer, *, is_new: bool) -> None:
        if self._chance("no_insurance_data"):
            return
        if self._chance("retired_with_document"):
            self._row(
                "exemptions",
                **_identity(person),
                credit_code=employer.code,
                exemption_reason="退休",
                document=f"退休证〔{self.plan.as_of.year - 1}〕{self.serial % 10_000}号",
                valid_from=str(self.plan.as_of - timedelta(days=300)),
            )
            return
        months, payers = self._payment(employer, is_new=is_new)
        now = self.plan.as_of.year * 12 + self.plan.as_of.month - 1
        for back in months:
            month = now - back
            for payer in payers:
                self._row(
                    "contributions",
                    **_identity(person),
                    month=f"{month // 12}-{month % 12 + 1:02d}",
                    payer_credit_code=payer,
                )

    def _payment(self, employer: _Employer, *, is_new: bool) -> tuple[range, list[str]]:
        """The months paid, counted back from as_of, and who paid them."""
        months = range(2, 5)  # the last settled months with a lag of one
        payers = [employer.payer_code]
        if self._chance("unpaid") and not is_new:
            months = range(9, 11)
        elif self._chance("paid_by_other"):
            payers = [self._any_enterprise()]
        elif self._chance("paid_by_several"):
            payers.append(self._any_enterprise())
        return months, payers

    def _any_enterprise(self) -> str:
        return self.random.choice(self.rows["enterprises"])["credit_code"]

    def _row(self, table: str, **cells: str) -> None:
        self.rows[table].append(cells)

    def _given(self, count: int) -> str:
        return "".join(self.random.choice(self.words["given"]) for _ in range(count))

    def _written(self, day: date) -> str:
        """A day in one of the shapes that offices use."""
        chance = self.random.random()
        if chance < ISO_DAY_SHARE:
            return str(day)
        if chance < ISO_DAY_SHARE + SLASH_DAY_SHARE:
            return f"{day.year}/{day.month}/{day.day}"
        return f"{day.year}年{day.month}月{day.day}日"

    def _credit_code(self, division: str) -> str:
        self.serial += 1
        counter = [DOCUMENT_KINDS[self.serial // 31**power % 31] for power in (3, 2, 1, 0)]
        drawn = [self.random.choice(DOCUMENT_KINDS) for _ in range(2)]
        organisation = "MA" + "".join([*counter, *drawn])
        first = f"91{division}{organisation}{_organisation_check(organisation)}"
        return first + uscc.calc_check_digit(first)


def _division_codes(law: Law, area: str) -> list[str]:
    """The codes of an area's counties in force; the area's own where it has none."""
    codes = [
        code
        for code, division in law.divisions.divisions.items()
        if division.area == area and not division.to and code[4:] > "01"
    ]
    return codes or [area[-6:]]


def _issuer_digit(authority: str) -> str:
    """The digit of a certificate number for its authority; the zone's carry the province's."""
    if authority == MINISTRY:
        return "1"
    return "2" if authority.startswith("山西") else "3"


def _suits_any(person: _Person, accept: tuple[Accept, ...]) -> bool:
    return any(_suits(certificate, kind) for kind in accept for certificate in person.certificates)


def _suits(certificate: Certificate, kind: Accept) -> bool:
    profession, grade, specialities = certificate
    if profession != kind.profession or (kind.lowest_rank >= 2 and grade != "grade-1"):
        return False
    return kind.specialities is None or bool(kind.specialities & set(specialities))


def _identity(person: _Person) -> Row:
    return {"identity": person.number, "identity_kind": person.kind}


def _organisation_check(organisation: str) -> str:
    """The check character of an organisation code (GB 11714)."""
    values = [int(char) if char.isdigit() else ord(char) - 55 for char in organisation]
    total = sum(value * weight for value, weight in zip(values, ORGANISATION_WEIGHTS, strict=True))
    check = 11 - total % 11
    return {10: "X", 11: "0"}.get(check, str(check))


def _columns(rows: list[Row], table: str) -> list[str]:
    used = {key for row in rows for key in row}
    return [key for key in table_heads()[table].columns if key in used]


def _lines(rows: list[Row], table: str) -> Iterator[list[str]]:
    columns = _columns(rows, table)
    yield [table_heads()[table].columns[key].header for key in columns]
    for row in rows:
        yield [row.get(key, "") for key in columns]


def _write_csv(tables: dict[str, list[Row]], folder: Path) -> dict[str, int]:
    counts = {}
    for table, rows in tables.items():
        name = f"{table_heads()[table].name}.csv"
        with (folder / name).open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(_lines(rows, table))
        counts[name] = len(rows)
    return counts


def _write_xlsx(tables: dict[str, list[Row]], folder: Path) -> dict[str, int]:
    counts = {}
    options = {"strings_to_numbers": False, "strings_to_formulas": False}
    with xlsxwriter.Workbook(folder / "登记数据.xlsx", options) as book:
        # a fixed moment: the same seed gives the same bytes
        book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001
        for table, rows in tables.items():
            for start in range(0, len(rows), SHEET_ROWS):
                name = table_heads()[table].name + (str(start // SHEET_ROWS + 1) if start else "")
                part = rows[start : start + SHEET_ROWS]
                _write_sheet(book.add_worksheet(name), _lines(part, table))
                counts[f"登记数据.xlsx {name}"] = len(part)
    return counts


def _write_sheet(sheet: Any, lines: Iterator[list[str]]) -> None:
    for at, line in enumerate(lines):
        for column, text in enumerate(line):
            sheet.write_string(at, column, text)
