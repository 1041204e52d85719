"""The GoRules ZEN engine on the same rules: do its verdicts agree, and how many enterprises a
second does it judge?
"""

import json
from collections import Counter
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
        self.law = law
        self.policy = policy
        self.facts = facts

    def enterprise(self, code: str) -> dict[str, Any] | None:
        """One enterprise's input.

        None where it is not comparable: out of scope, rejected or accepted rows.
        """
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
        rows_of: dict[str, list[Registration]] = {}
        for row in own.registrations:
            rows_of.setdefault(row.person_id, []).append(row)
        return {
            "items": [{"level": level_of(item)} for item in items],
            "people": [
                self._person(person_rules, person_id, rows)
                for person_id, rows in sorted(rows_of.items())
            ],
        }

    def _plain(self, item: Item) -> bool:
        """Whether an item is judged by comparable requirements only by its level, not by an
        extension.
        """
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
        judgement = person_rules.person(person_id)
        reasons = judgement.never | judgement.doubt
        person = person_rules.own.people.get(person_id)
        age = age_on(person.born_on, DAY) if person and person.born_on else -1
        return {
            "alive": "deceased" not in reasons,
            "locked": "locked" in reasons,
            "elsewhere": "registered-elsewhere" in reasons,
            "insured": person_rules.insurance(person_id)[0],
            "registrations": [self._registration(person_rules, row, age) for row in rows],
        }

    def _registration(
        self, person_rules: PersonRules, row: Registration, age: int
    ) -> dict[str, Any]:
        return {
            "in_force": person_rules.registration_problem(row) is None,
            "profession": row.profession,
            "rank": grade_rank(self.law, row.profession, row.profession_grade) or -1,
            "speciality": "?" if row.speciality is None else row.speciality,
            "age": age,
        }


def level_of(item: Item) -> str:
    """The name of a level and route, as decisions.py writes it."""
    return f"{item.category}/{item.sub_item}/{item.grade}/{item.route}"


def ours(law: Law, policy: Policy, facts: Facts, codes: set[str]) -> Iterator[Verdict]:
    """Our verdicts of the comparable requirements of those enterprises."""
    items = {
        (item.credit_code, item.category, item.sub_item): item
        for code in codes
        for item in items_in_force(law, facts.items_of(code), DAY).items
    }
    for result in columnar.evaluate(law, policy, facts, DAY):
        for finding in result.findings:
            item = items.get((finding.credit_code, finding.category, finding.sub_item))
            if item is None or item.extended_without_check_until:
                continue
            key = (item.category, item.sub_item, item.grade, item.route)
            names = {
                requirement.requirement
                for requirement in requirements_on(law, policy, *key, DAY)
                if comparable(requirement)
            }
            if finding.requirement in names:
                counts = f"{finding.verdict} {finding.held} {finding.possible}"
                yield finding.credit_code, level_of(item), finding.requirement, counts


class Zen:
    """Both shapes of the decisions in a ZEN engine, and the verdicts that each gave."""

    def __init__(self, zen: Any, decisions: Decisions, inputs: dict[str, dict[str, Any]]) -> None:
        whole = {"all": decisions.per_enterprise()}
        self.whole = zen.ZenEngine({"loader": {"type": "static", "content": whole}})
        levels = decisions.per_level()
        self.small = zen.ZenEngine({"loader": {"type": "static", "content": levels}})
        self.inputs = inputs
        self.texts = {code: json.dumps(enterprise) for code, enterprise in inputs.items()}
        self.verdicts: dict[str, set[Verdict]] = {"whole": set(), "small": set()}

    def by_enterprise(self) -> None:
        """One evaluation per enterprise."""
        for code, text in self.texts.items():
            answers = self.whole.evaluate("all", text)["result"]["findings"]
            for item, findings in zip(self.inputs[code]["items"], answers, strict=True):
                for finding in findings:
                    counts = f"{finding['held']:.0f} {finding['possible']:.0f}"
                    verdict = f"{finding['verdict']} {counts}"
                    key = (code, item["level"], finding["requirement"])
                    self.verdicts["whole"].add((*key, verdict))

    def by_level(self) -> None:
        """One evaluation per item."""
        for code, text in self.texts.items():
            for item in self.inputs[code]["items"]:
                result = self.small.evaluate(item["level"], text)["result"]
                for key, held in result.items():
                    if key.endswith("_held"):
                        name = key.removesuffix("_held")
                        counts = f"{held:.0f} {result[name + '_possible']:.0f}"
                        verdict = f"{result[name]} {counts}"
                        requirement = name.replace("_", "-")
                        self.verdicts["small"].add((code, item["level"], requirement, verdict))


def work(words: list[str]) -> dict[str, Any]:
    """Words: ENTERPRISES of the nation that is compared."""
    try:
        import zen  # optional
    except ImportError:
        raise missing("zen-engine") from None
    law = load_law()
    policy = law.policy_on(DAY)
    facts = read_facts(nation(int(words[0])), law)
    prejoined = Prejoined(law, policy, facts)
    inputs: dict[str, dict[str, Any]] = {}

    def join() -> None:
        for code in facts.credit_codes:
            enterprise = prejoined.enterprise(code)
            if enterprise:
                inputs[code] = enterprise

    joining = seconds(join)
    expected = set(ours(law, policy, facts, set(inputs)))
    engines = Zen(zen, Decisions(law, policy, DAY), inputs)
    durations = {"whole": seconds(engines.by_enterprise, 2), "small": seconds(engines.by_level, 2)}
    verdicts = engines.verdicts
    words_of = Counter(verdict.split()[0] for *_key, verdict in expected)
    return {
        "version": version("zen-engine"),
        "enterprises": len(inputs),
        "findings": len(expected),
        "agree": {name: len(of_shape & expected) for name, of_shape in verdicts.items()},
        "differ": {name: sorted(of_shape ^ expected)[:4] for name, of_shape in verdicts.items()},
        "verdicts": {word: words_of[word] for word in ("met", "short", "cannot-say")},
        "a_second": {name: len(inputs) / duration for name, duration in durations.items()},
        "joining_seconds": joining,
    }


if __name__ == "__main__":
    answer(work)
