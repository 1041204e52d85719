"""The act that writes: its context, one step of one case, and its journal entries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from qualwatch.cases.models import Case, Withdrawal, WithdrawalList
from qualwatch.journal.actions import NewEntry, record_all
from qualwatch.law.loader import Law
from qualwatch.procedure.state import CaseState, Effect, Event, Terms


@dataclass(slots=True)
class ActContext:
    """One act: by which law, when, by whom, for which authority; and its journal entries so far."""

    law: Law
    at: datetime
    by: str
    # The slug of the authority that acts; '' of an enterprise, the public or the system.
    authority: str = ""
    # The list to which a withdrawal that is opened belongs.
    batch: WithdrawalList | None = None
    entries: list[NewEntry] = field(default_factory=list)

    @property
    def on(self) -> date:
        """The Beijing day of the act."""
        return timezone.localdate(self.at)

    @staticmethod
    def day_of(moment: datetime) -> date:
        """The Beijing day of a moment."""
        return timezone.localdate(moment)

    def is_fresh(self, as_of: date) -> bool:
        """Whether a run of a day is recent enough to act on (policy `register_freshness_days`)."""
        limit = self.law.policy_on(self.on)["register_freshness_days"]
        return timedelta(0) <= self.on - as_of <= timedelta(days=limit)

    @property
    def terms(self) -> Terms:
        """The periods of clocks that start today."""
        return Terms.of(self.law.policy_on(self.on), self.law.calendar)


@dataclass(slots=True)
class Step:
    """One step of one case: reckoned, its rows not yet saved."""

    case: Case
    before: CaseState
    after: CaseState
    effects: tuple[Effect, ...]
    event: Event
    # By requirement, the figures of which the enterprise is notified.
    figures: Mapping[str, Any] = field(default_factory=dict)
    # The withdrawal that the case carries.
    row: Withdrawal | None = None

    @property
    def is_change(self) -> bool:
        """Whether anything has to be written."""
        return self.before != self.after or bool(self.effects)


def write_journal(ctx: ActContext) -> None:
    """Records the act's entries in its transaction."""
    if ctx.entries:
        record_all(ctx.entries, by=ctx.by, at=ctx.at)
    ctx.entries.clear()
