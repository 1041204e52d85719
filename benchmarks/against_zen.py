"""The GoRules ZEN engine on the same rules: do its verdicts agree, and how many enterprises a second does it judge?"""

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from decisions import Decisions, comparable
from measure import answer, missing, seconds
from nation import DAY, nation

from qualwatch.evaluation import columnar
from qualwatch.evaluation.facts import Facts, Item, Registration
from qualwatch.evaluation.items import items_in_force
from qualwatch.evaluation.people import PersonRules, age_on
from qualwatch.intake.facts_folder import read_facts
from qualwatch.law.figures import grade_rank, requirements_on
from qualwatch.law.loader import Law, load_law
from qualwatch.law.policy import Policy

Verdict = tuple[str, str, str, str]  # credit code, level, requirement, verdict with its two counts


class Prejoined:
    """Enterprises as ZEN is given them: items, and people already joined and partly judged."""

    def __init__(self, law: Law, policy: Policy, facts: Facts) -> None:
        self.law, self.policy, self.facts = law, policy, facts

    def enterprise(self, code: str) -> dict[str, Any] | None:
        """One enterprise's input; None where it is not comparable: out of scope, rejected or accepted rows."""
        own = self.facts.for_enterprise(code)
        area = self.law.area_of(own.enterprise.division_code) if own.enterprise else None
        items = [
            item for item in items_in_force(self.law, own.items, DAY).items if self._plain(item)
        ]
        if area is None or own.unparsed or own.accepted_findings or not items:
            return None
        person_rules = PersonRules(
            self.law, self.policy, self.facts, own, code, area, as_of=DAY, known_on=DAY
        )
        people = sorted({row.person_id for row in own.registrations})
        return {
            "items": [{"level": level_of(item)} for item in items],
            "people": [
                self._person(
                    person_rules,
                    person,
                    [row for row in own.registrations if row.person_id == person],
                )
                for person in people
            ],
        }

    def _plain(self, item: Item) -> bool:
        """Whether an item is judged by comparable requirements only by its level, not by an extension."""
        if item.category not in self.law.categories or item.extended_without_check_until:
            return False
        key = (item.category, item.sub_item, item.grade, item.route)
        return any(
            comparable(requirement)
            for requirement in requirements_on(self.law, self.policy, *key, DAY)
        )

    def _person(
        self, person_rules: PersonRules, person_id: str, rows: list[Registration]
    ) -> dict[str, Any]:
        held_against = person_rules.person(person_id)
        reasons = held_against.never | held_against.doubt
        born_on = (
            person_rules.own.people[person_id].born_on
            if person_id in person_rules.own.people
            else None
        )
        age = age_on(born_on, DAY) if born_on else -1
        return {
            "alive": "deceased" not in reasons,
            "locked": "locked" in reasons,
            "elsewhere": "registered-elsewhere" in reasons,
            "insured": person_rules.insurance(person_id)[0],
            "registrations": [
                {
                    "in_force": person_rules.registration_problem(row) is None,
                    "profession": row.profession,
                    "rank": grade_rank(self.law, row.profession, row.profession_grade) or -1,
                    "speciality": "?" if row.speciality is None else row.speciality,
                    "age": age,
                }
                for row in rows
            ],
        }


def level_of(item: Item) -> str:
    """The name of a level and route, as decisions.py writes it."""
    return f"{item.category}/{item.sub_item}/{item.grade}/{item.route}"


def ours(law: Law, policy: Policy, facts: Facts, codes: set[str]) -> Iterator[Verdict]:
    """Our verdicts of the comparable requirements of those enterprises."""
    levels = {
        (i.credit_code, i.category, i.sub_item): i
        for code in codes
        for i in items_in_force(law, facts.items_of(code), DAY).items
    }
    for result in columnar.evaluate(law, policy, facts, DAY):
        for finding in result.findings:
            item = levels.get((finding.credit_code, finding.category, finding.sub_item))
            if item is None or item.extended_without_check_until:
                continue
            asked = requirements_on(
                law, policy, item.category, item.sub_item, item.grade, item.route, DAY
            )
            if any(
                comparable(other) and other.requirement == finding.requirement for other in asked
            ):
                yield (
                    finding.credit_code,
                    level_of(item),
                    finding.requirement,
                    f"{finding.verdict} {finding.held} {finding.possible}",
                )


def work(words: list[str]) -> dict[str, Any]:
    """Words: ENTERPRISES of the nation that is compared."""
    try:
        import zen  # optional
    except ImportError:
        raise missing("zen-engine") from None
    law = load_law()
    policy, facts = law.policy_on(DAY), read_facts(nation(int(words[0])), law)
    decisions, prejoined = Decisions(law, policy, DAY), Prejoined(law, policy, facts)
    given: dict[str, dict[str, Any]] = {}

    def join() -> None:
        given.update(
            {code: one for code in facts.credit_codes if (one := prejoined.enterprise(code))}
        )

    joining = seconds(join)
    expected = set(ours(law, policy, facts, set(given)))
    whole = zen.ZenEngine(
        {"loader": {"type": "static", "content": {"all": decisions.per_enterprise()}}}
    )
    small = zen.ZenEngine({"loader": {"type": "static", "content": decisions.per_level()}})
    texts = {code: json.dumps(one) for code, one in given.items()}
    found: dict[str, set[Verdict]] = {"whole": set(), "small": set()}

    def by_enterprise() -> None:
        for code, text in texts.items():
            answers = whole.evaluate("all", text)["result"]["findings"]
            for item, judged in zip(given[code]["items"], answers, strict=True):
                found["whole"].update(
                    (
                        code,
                        item["level"],
                        f["requirement"],
                        f"{f['verdict']} {f['held']:.0f} {f['possible']:.0f}",
                    )
                    for f in judged
                )

    def by_level() -> None:
        for code, text in texts.items():
            for item in given[code]["items"]:
                answer_ = small.evaluate(item["level"], text)["result"]
                for key, held in answer_.items():
                    if key.endswith("_held"):
                        name = key.removesuffix("_held")
                        counts = f"{answer_[name]} {held:.0f} {answer_[name + '_possible']:.0f}"
                        found["small"].add((code, item["level"], name.replace("_", "-"), counts))

    took = {"whole": seconds(by_enterprise, 2), "small": seconds(by_level, 2)}
    return {
        "version": version("zen-engine"),
        "enterprises": len(given),
        "findings": len(expected),
        "agree": {name: len(verdicts & expected) for name, verdicts in found.items()},
        "differ": {name: sorted(verdicts ^ expected)[:4] for name, verdicts in found.items()},
        "verdicts": {
            word: sum(one[3].startswith(word) for one in expected)
            for word in ("met", "short", "cannot-say")
        },
        "a_second": {name: len(given) / spent for name, spent in took.items()},
        "joining_seconds": joining,
    }


if __name__ == "__main__":
    answer(work)
