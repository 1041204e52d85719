"""The reference engine, one enterprise at a time, explanation included."""

from functools import partial
from statistics import mean, quantiles
from typing import Any

from measure import answer, seconds
from nation import DAY, nation

from qualwatch.evaluation.reference import judge
from qualwatch.intake.facts_folder import read_facts
from qualwatch.law.loader import load_law


def work(words: list[str]) -> dict[str, Any]:
    """Words: ENTERPRISES of the nation, how many of them to judge."""
    enterprises = int(words[0])
    judged = int(words[1])
    law = load_law()
    policy = law.policy_on(DAY)
    facts = read_facts(nation(enterprises), law)
    codes = facts.credit_codes
    chosen = codes[:: max(1, len(codes) // judged)][:judged]
    # the facts' indexes are made on first use
    judge(law, policy, facts, chosen[0], DAY)
    durations = [seconds(partial(judge, law, policy, facts, code, DAY)) for code in chosen]
    lines = sum(
        len(people)
        for code in chosen[:200]
        for people in judge(law, policy, facts, code, DAY).people
    )
    return {
        "judged": len(durations),
        "mean_ms": mean(durations) * 1000,
        "p99_ms": quantiles(durations, n=100)[98] * 1000,
        "people_explained": lines / len(chosen[:200]),
    }


if __name__ == "__main__":
    answer(work)
