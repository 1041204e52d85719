"""Small facts for tests; everything that a case leaves out is in order (in force, insured, of middle age)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from stdnum.cn import ric, uscc

from qualwatch.evaluation.facts import (
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
from qualwatch.law.loader import Law, load_law
from qualwatch.law.policy import Policy


def credit_code(number: int) -> str:
    """A valid credit code, different for every number."""
    first = f"91140105MA{number:07d}"
    return first + str(uscc.calc_check_digit(first))


def identity(number: int, born: str = "19850615") -> str:
    """A valid resident number."""
    body = f"140105{born}{number % 1000:03d}"
    return body + str(ric.calc_check_digit(body + "0"))


OWN, OTHER, BRANCH = credit_code(1), credit_code(2), credit_code(3)


def law() -> Law:
    """The built-in law."""
    return load_law()


def policy(day: date, **changed: Any) -> Policy:
    """The built-in policy on a day, with some values changed."""
    values = law().policy_on(day)
    return replace(values, values={**values.values, **changed})


class _Case:
    def __init__(self, case: dict[str, Any]) -> None:
        self.case, self.as_of = case, case["as_of"]
        self.rows: dict[str, list[Any]] = {
            name: []
            for name in (
                "enterprises",
                "items",
                "registrations",
                "people",
                "contributions",
                "exemptions",
                "accepted_findings",
                "coverage",
                "unparsed",
            )
        }
        self.serial = 0

    def facts(self) -> Facts:
        case, enterprise = self.case, self.case.get("enterprise", {})
        if not enterprise.get("unknown"):
            branches = (BRANCH,) if enterprise.get("branch") else ()
            division = enterprise.get("division_code", "140105")
            self.rows["enterprises"].append(Enterprise(OWN, "甲公司", division, branches))
        for item in case.get("items", ()):
            self.item(item)
        for group in case.get("people", ()):
            for _ in range(group.get("n", 1)):
                self.person(group)
        for row in case.get("coverage", ()):
            self.rows["coverage"].append(
                Coverage(
                    **{
                        "loaded_at": None,
                        "covers_from": None,
                        "covers_to": None,
                        "area": "",
                        "people": "all",
                        **row,
                    }
                )
            )
        for row in case.get("unparsed", ()):
            columns = {
                "row_id": f"U{len(self.rows['unparsed'])}",
                "credit_code": OWN,
                "profession": None,
                "person_id": None,
                "category": None,
                **row,
            }
            self.rows["unparsed"].append(Unparsed(**columns))
        for row in case.get("accepted", ()):
            columns = {
                "credit_code": OWN,
                "sub_item": "",
                "requirement": "constructors",
                "until": None,
                "because": None,
                **row,
            }
            self.rows["accepted_findings"].append(AcceptedFinding(**columns))
        return Facts.of_rows(self.rows)

    def item(self, given: dict[str, Any]) -> None:
        columns = {
            "credit_code": OWN,
            "sub_item": "",
            "certificate_no": "D214000010",
            "licensing_authority": "province",
            "route": "unknown",
            "valid_from": date(2007, 1, 1),
            "valid_to": date(2035, 12, 31),
            "renewal_filed_on": None,
            "extended_without_check_until": None,
            "register_state": "in-force",
            "register_state_from": None,
            **given,
        }
        self.rows["items"].append(Item(**columns))

    def person(self, given: dict[str, Any]) -> None:
        self.serial += 1
        person_id = f"P{self.serial:03d}"
        locked = given.get("locked", (None, None))
        self.rows["people"].append(
            Person(person_id, given.get("born", date(1985, 6, 15)), given.get("died"), *locked)
        )
        for certificate in (given, *given.get("also", ())):
            self.certificate(person_id, given, certificate)
        if given.get("elsewhere"):
            there = dict(given["elsewhere"]) if isinstance(given["elsewhere"], dict) else {}
            self.certificate(person_id, given, {**given, "at": OTHER, **there})
        self.insure(person_id, given)
        if "exempt" in given:
            columns = {
                "credit_code": OWN,
                "document": "证明",
                "valid_from": None,
                "valid_to": None,
                **given["exempt"],
            }
            self.rows["exemptions"].append(Exemption(person_id=person_id, **columns))

    def certificate(
        self, person_id: str, given: dict[str, Any], certificate: dict[str, Any]
    ) -> None:
        trades = certificate.get("speciality", "")
        self.serial += 1
        number = certificate.get("number", f"N{self.serial:05d}")
        for trade in trades if isinstance(trades, list) else [trades]:
            self.rows["registrations"].append(
                Registration(
                    person_id,
                    certificate.get("at", OWN),
                    certificate["profession"],
                    certificate.get("grade"),
                    trade,
                    number,
                    certificate.get("joined", given.get("joined")),
                    certificate.get("valid_from", date(2006, 1, 1)),
                    certificate.get("valid_to", date(2036, 1, 1)),
                    certificate.get("state", "in-force"),
                    certificate.get("state_from"),
                    certificate.get("renewal_filed_on"),
                    certificate.get("certificate_valid_to"),
                )
            )

    def insure(self, person_id: str, given: dict[str, Any]) -> None:
        last = month_of(self.as_of) - 2
        payers = {
            "own": [OWN],
            "other": [OTHER],
            "several": [OWN, OTHER],
            "branch": [BRANCH],
            "both": [OWN, BRANCH],
        }
        paid = given.get("paid", "own")
        months = {"none": [], "long-ago": [first_of(last - 9)]}.get(
            paid, [first_of(last - n) for n in range(3)]
        )
        if "months" in given:
            months = list(given["months"])
        for month in months:
            for payer in payers.get(paid, [OWN]):
                of_kind = (given.get("kind"), given.get("payment"))
                self.rows["contributions"].append(Contribution(person_id, month, payer, *of_kind))


def facts_of(case: dict[str, Any]) -> Facts:
    """The facts a spec case draws."""
    return _Case(case).facts()
