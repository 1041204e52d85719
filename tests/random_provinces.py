"""Random small provinces that mix every doubt, for comparing the engines."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from builders import credit_code, law
from qualwatch.evaluation.facts import (
    INSURANCE_KINDS,
    PAYMENT_STATES,
    AcceptedFinding,
    Contribution,
    Coverage,
    Enterprise,
    Exemption,
    Facts,
    Item,
    Person,
    Registration,
    Unparsed,
)
from qualwatch.evaluation.people import first_of, month_of

CATEGORIES = (
    "general-mining",
    "general-building",
    "general-metallurgy",
    "specialist-electronics",
    "specialist-railway-signalling",
    "specialist-road-traffic",
    "specialist-decoration",
    "specialist-waterproofing",
    "specialist-foundation",
    "labour",
    "supervision-building",
    "supervision-municipal",
    "supervision-highway",
    "supervision-comprehensive",
    "supervision-office",
    "design",
)
DIVISIONS = ("140105",) * 6 + ("140171", "140202", "140999", "110105", None)
STATES = ("in-force",) * 12 + ("suspended", "deregistered", "expired")
DAYS = (
    date(2015, 6, 1),
    date(2018, 3, 1),
    date(2019, 2, 1),
    date(2022, 10, 28),
    date(2024, 6, 1),
    date(2026, 5, 20),
    date(2026, 7, 1),
)
COUNTS = ("never", "in-doubt", "certain")


class RandomProvince:
    """One random province around one day."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.day = self.random.choice(DAYS)
        self.codes = [credit_code(n) for n in range(1, self.random.randint(2, 7))]
        self.people = [f"P{n:02d}" for n in range(1, self.random.choice((5, 15, 40, 90)))]
        self.rows: dict[str, list[Any]] = {}

    def facts(self) -> Facts:
        """All tables. The order of the draws decides what a seed gives."""
        pick, chance = self.random.choice, self._chance
        branches = [credit_code(n) for n in range(20, 24)]
        self.rows["enterprises"] = self._enterprises(branches)
        self.rows["items"] = [self._item(code) for code in self.codes for _ in self._times(0, 4)]
        self.rows["registrations"] = [
            self._registration(person) for person in self.people for _ in range(pick((1, 1, 2, 3)))
        ]
        if chance(0.4):
            self._share_out()
        if chance(0.4):
            self._contradict()
        self.rows["people"] = [self._person(person) for person in self.people if not chance(0.03)]
        self.rows["contributions"] = self._odd_contributions(branches)
        self.rows["contributions"] += self._regular_contributions()
        self.rows["exemptions"] = [self._exemption() for _ in self._times(0, 12)]
        self.rows["accepted_findings"] = [self._accepted() for _ in self._times(0, 4)]
        self.rows["coverage"] = []
        if chance(0.25):
            self.rows["coverage"] = [self._coverage() for _ in self._times(1, 6)]
        self.rows["unparsed"] = []
        if chance(0.4):
            self.rows["unparsed"] = [self._unparsed(n) for n in self._times(0, 3)]
        return Facts.of_rows({name: list(dict.fromkeys(rows)) for name, rows in self.rows.items()})

    def _contradict(self) -> None:
        """Further rows of some certificates, each with one or two columns changed."""
        pick = self.random.choice
        for _ in self._times(1, 8):
            row = pick(self.rows["registrations"])
            changed: dict[str, Any] = {
                "credit_code": pick(self.codes),
                "profession_grade": pick(("grade-1", "grade-2", None)),
                "valid_to": self._near(3, 900),
                "register_state": pick(STATES),
                "valid_from": self._near(1500, 1),
                "at_enterprise_from": self._near(400, 3),
                "renewal_filed_on": self._near(5, 0),
            }
            names = self.random.sample(sorted(changed), pick((0, 1, 1, 2)))
            if self._chance(0.3):
                names = ["credit_code"]
            self.rows["registrations"].append(
                row._replace(**{name: changed[name] for name in names})
            )
        for _ in self._times(0, 4 if self.rows["items"] else 0):
            item = pick(self.rows["items"])
            other = self._item(item.credit_code)
            names = self.random.sample(
                (
                    "licensing_authority",
                    "route",
                    "valid_to",
                    "register_state",
                    "valid_from",
                    "certificate_no",
                    "renewal_filed_on",
                ),
                pick((0, 1, 1, 2)),
            )
            changed = {name: getattr(other, name) for name in names}
            text = law().categories.get(item.category)
            if text and self._chance(0.5):
                grades = [grade for sub, grade, _ in text.every_grade() if sub == item.sub_item]
                changed["grade"] = pick([*grades, item.grade])
            self.rows["items"].append(item._replace(**changed))

    def _times(self, least: int, most: int) -> range:
        return range(self.random.randint(least, most))

    def _enterprises(self, branches: list[str]) -> list[Enterprise]:
        return [
            Enterprise(
                code,
                f"企业{n}",
                self.random.choice(DIVISIONS),
                tuple(self.random.sample(branches, self.random.randint(0, 2))),
            )
            for n, code in enumerate(self.codes)
            if not self._chance(0.05)
        ]

    def _odd_contributions(self, branches: list[str]) -> list[Contribution]:
        """Contributions of any month by any payer."""
        pick = self.random.choice
        payers = [*self.codes, *self.codes, *branches, credit_code(99), "personal"]
        return [
            Contribution(
                person,
                first_of(month_of(self.day) - pick((1, 2, 2, 3, 3, 4, 4, 5, 9))),
                pick(payers),
                pick((None, None, *INSURANCE_KINDS)),
                pick((None, None, *PAYMENT_STATES)),
            )
            for person in self.people
            for _ in self._times(0, 4)
        ]

    def _regular_contributions(self) -> list[Contribution]:
        """Three settled months by the enterprise of registration, for most people."""
        home = {row.person_id: row.credit_code for row in self.rows["registrations"]}
        return [
            Contribution(person, first_of(month_of(self.day) - back), home[person], *stated)
            for person in self.people
            if self._chance(0.8)
            for stated in [self._stated()]
            for back in (2, 3, 4)
        ]

    def _stated(self) -> tuple[str | None, str | None]:
        """The kind and state of a person's regular contributions; mostly not stated, or paid."""
        pick = self.random.choice
        if self._chance(0.85):
            return pick(((None, None), ("pension", "paid")))
        return pick((None, *INSURANCE_KINDS)), pick((None, *PAYMENT_STATES))

    def _share_out(self) -> None:
        """About as many people as a group of two clauses asks, some of them of use for either."""
        pick, code = self.random.choice, self.codes[0]
        self.rows["items"].append(
            Item(
                code,
                "general-mining",
                "",
                pick(("grade-2", "grade-3")),
                "D9",
                "province",
                "direct",
                None,
                None,
                None,
                None,
                "in-force",
                None,
            )
        )
        for person in self.people[: self.random.randint(4, 7)]:
            for trade in pick(
                (
                    ("mining",),
                    ("mining",),
                    ("mechanical-electrical",),
                    ("mining", "mechanical-electrical"),
                )
            ):
                kind = ("constructor", pick(("grade-1", "grade-2")), trade, f"G{person}{trade}")
                self.rows["registrations"].append(
                    Registration(person, code, *kind, None, None, None, "in-force", None)
                )

    def policy(self) -> dict[str, Any]:
        """Changed policy values."""
        pick = self.random.choice
        changed: dict[str, Any] = {}
        if self._chance(0.25):
            changed["counting"] = "highest-any-trade"
        if self._chance(0.3):
            changed |= {
                "locked_person_counts": pick(COUNTS),
                "registered_at_two_enterprises_counts": pick(COUNTS),
                "one_person_for_both_head_counts": pick(("allowed", "refused")),
                "insurance_window_months": pick((1, 2, 3)),
                "insurance_settlement_lag_months": pick((0, 1, 2)),
                "insurance_kinds": pick((["pension"], ["pension", "medical"], ["medical"])),
                "lowest_grade_figure": {
                    r: pick(("strong", "weak")) for r in ("direct", "upgrade", "unknown")
                },
                "insurance_person_counts": {
                    o: pick(COUNTS)
                    for o in (
                        "unpaid",
                        "paid-by-other",
                        "paid-by-several",
                        "no-data",
                        "insurance-not-yet-due",
                    )
                },
            }
        return changed

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _near(self, before: int, after: int) -> date | None:
        if self._chance(0.1):
            return None
        return self.day + timedelta(days=self.random.randint(-before, after))

    def _item(self, code: str) -> Item:
        pick = self.random.choice
        category = pick(CATEGORIES)
        text = law().categories.get(category)
        levels = (
            [(sub, grade) for sub, grade, _ in text.every_grade()]
            if text
            else [("设计资质", "甲级")]
        )
        sub_item, grade = pick(levels)
        if text and text.sub_items and self._chance(0.2):
            sub_item = ""
        return Item(
            code,
            category,
            sub_item,
            grade,
            f"D{self.random.randint(1, 3)}",
            pick(("province", "ministry", None)),
            pick(("direct", "upgrade", "unknown")),
            self._near(2000, 3),
            self._near(10, 900),
            self._near(60, 0),
            self._near(100, 100) if self._chance(0.2) else None,
            pick(STATES),
            self._near(30, 30),
        )

    def _registration(self, person_id: str) -> Registration:
        pick = self.random.choice
        profession = pick(
            ("constructor",) * 6
            + ("supervising-engineer",) * 3
            + ("cost-engineer", "architect", "civil-engineer", "temporary-constructor")
        )
        text = law().professions[profession]
        grade = pick([*text.grades, *text.grades, None]) if text.grades else None
        trades = [
            speciality
            for speciality in (
                "building",
                "mining",
                "mechanical-electrical",
                "railway",
                "telecom",
                "construction",
                "water",
                "municipal",
            )
            if speciality in text.specialities
        ]
        speciality = pick([*trades, *trades, None]) if trades else ""
        code = pick(self.codes[:2]) if self._chance(0.7) else pick(self.codes)
        if self._chance(0.05):
            code = pick(
                [branch for row in self.rows["enterprises"] for branch in row.branch_credit_codes]
                or [code]
            )
        valid_to, renewal_filed_on = self._near(3, 900), None
        if self._chance(0.15):  # filed near the end, in time or late
            valid_to = self.day - timedelta(days=self.random.randint(0, 5))
            renewal_filed_on = valid_to - timedelta(days=self.random.randint(-1, 3))
        certificate_valid_to = None
        if self._chance(0.2):  # the register knows the end of the certificate alone
            valid_to, certificate_valid_to = certificate_valid_to, valid_to
        return Registration(
            person_id,
            code,
            profession,
            grade,
            speciality,
            pick([f"N{n}" for n in range(60)] + [None] * 6),
            self._near(400, 3) if self._chance(0.5) else None,
            self._near(1500, 1),
            valid_to,
            pick(STATES),
            self._near(30, 30),
            renewal_filed_on,
            certificate_valid_to,
        )

    def _person(self, person_id: str) -> Person:
        years = self.random.choice((30, 40, 45, 50, 59, 60, 60, 61, 64, 65, 66))
        born = (
            self.day - timedelta(days=int(years * 365.2425) + self.random.randint(-2, 400))
            if not self._chance(0.05)
            else None
        )
        if born and self._chance(0.2):
            born = self._birthday(int(years))
        locked = (self._near(100, 5), self._near(5, 100)) if self._chance(0.08) else (None, None)
        return Person(person_id, born, self._near(10, 10) if self._chance(0.03) else None, *locked)

    def _birthday(self, years: int) -> date:
        """Born so many years ago to the day, or a day before or after."""
        day = self.day + timedelta(days=self.random.randint(-1, 1))
        return day.replace(year=day.year - years, day=min(day.day, 28))

    def _exemption(self) -> Exemption:
        pick = self.random.choice
        reason, document = (
            pick(("retired", "buyout", "no-such-ground")),
            pick(("证明", "证明", None, "")),
        )
        registration = pick(self.rows["registrations"])
        return Exemption(
            registration.person_id,
            registration.credit_code if self._chance(0.8) else pick(self.codes),
            reason,
            document,
            self._near(300, 5),
            self._near(*pick(((5, 50), (200, 0)))),
        )

    def _accepted(self) -> AcceptedFinding:
        pick = self.random.choice
        requirement = pick(("constructors", "supervising-engineers"))
        if self.rows["items"] and self._chance(0.7):
            item = pick(self.rows["items"])
            key = (item.credit_code, item.category, item.sub_item)
        else:
            key = (pick(self.codes), pick(CATEGORIES), "")
        return AcceptedFinding(*key, requirement, pick((0, 0, 1, 2, 3, 8)), self._near(3, 30), None)

    def _coverage(self) -> Coverage:
        pick = self.random.choice
        source = pick(
            (
                "enterprises",
                "items",
                "registrations",
                "contributions",
                "contributions",
                "contributions",
            )
        )
        area = pick(("", "", "city:140100", "city:140200", "zone:140171"))
        return Coverage(
            source,
            self._near(8, 0),
            self._near(200, 0),
            self._near(100, 0),
            area,
            pick(("all", "present")),
        )

    def _unparsed(self, number: int) -> Unparsed:
        pick = self.random.choice
        table = pick(
            (
                "registrations",
                "contributions",
                "exemptions",
                "items",
                "people",
                "enterprises",
                "accepted_findings",
            )
        )
        profession = (
            pick(("constructor", "supervising-engineer", None))
            if table == "registrations"
            else None
        )
        category = pick((*CATEGORIES, None)) if table == "items" else None
        person = pick((*self.people, None)) if table in ("contributions", "exemptions") else None
        code = pick((*self.codes, None, credit_code(21)))
        return Unparsed(f"U{number}", code, table, profession, person, category)
