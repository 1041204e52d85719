"""All texts of the law in one object."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from qualwatch.law.calendar import Calendar
from qualwatch.law.model import (
    AcceptText,
    CategoryText,
    CountingRuleText,
    DivisionsText,
    DocumentText,
    OutOfScopeText,
    ProfessionText,
    SourceText,
)
from qualwatch.law.policy import Policy, PolicyText, policy_on


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """All texts of the law, by slug. `digest` is the SHA-256 of the files, in name order."""

    documents: dict[str, DocumentText]
    sources: dict[str, SourceText]
    counting_rules: dict[str, CountingRuleText]
    professions: dict[str, ProfessionText]
    profession_grades: dict[str, list[str]]
    pools: dict[str, list[AcceptText]]
    categories: dict[str, CategoryText]
    out_of_scope: dict[str, OutOfScopeText]
    divisions: DivisionsText
    calendar: Calendar
    policies: tuple[PolicyText, ...]  # oldest first; each from the day on which it takes effect
    digest: str
    files: Mapping[str, Path]  # every file that was read, by its name within a folder of the law

    def accepts(self, accept: str | list[AcceptText]) -> list[AcceptText]:
        """What a clause accepts, a pool's name resolved."""
        return self.pools.get(accept, []) if isinstance(accept, str) else accept

    @property
    def policy(self) -> PolicyText:
        """The newest version of the policy."""
        return self.policies[-1]

    def policy_on(self, day: date) -> Policy:
        """The policy's values that hold on `day`, by the version of that day."""
        return _policy_on(self, day)

    def area_of(self, division_code: str | None) -> str | None:
        """The supervising area of a place of registration.

        None where it lies outside the province or is unknown.
        """
        division = self.divisions.divisions.get(division_code or "")
        return division.area if division else None

    def doc_no(self, document: str) -> str:
        """A document's official number."""
        return self.documents[document].doc_no


@lru_cache(maxsize=4096)
def _policy_on(law: Law, day: date) -> Policy:
    """Kept, because what the law requires is remembered by the policy of the day."""
    versions = [text for text in law.policies[1:] if text.in_force_from <= day]
    return policy_on((law.policies[0], *versions)[-1], day)
