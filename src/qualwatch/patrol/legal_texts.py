"""A text of the law to be loaded: what it would change, and what follows from its signature."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.models import Account
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext
from qualwatch.cases.calendar_changes import ChangedDeadline
from qualwatch.cases.deadline_columns import TEXTS
from qualwatch.evaluation import columnar
from qualwatch.evaluation.impact import Turn, turns
from qualwatch.journal.proofs import digest_of
from qualwatch.legal_texts.actions import propose_text, record_reading, sign_text
from qualwatch.legal_texts.differences import differences
from qualwatch.legal_texts.models import LegalText
from qualwatch.legal_texts.queries import law_in_force, law_with, signed_texts
from qualwatch.patrol.calendar_changes import changed_deadlines, move_deadlines
from qualwatch.patrol.days import lock_cases
from qualwatch.procedure.preconditions import SYSTEM
from qualwatch.registers.facts import facts_on
from qualwatch.registers.tables import lock
from qualwatch.wording import SOURCE, language_override
from qualwatch.wording import gettext as _


@dataclass(frozen=True, slots=True)
class Preview:
    """What a text would change: open deadlines, findings. judged_on: the day of the findings.

    judged_on is None where nothing has been assessed yet, or the text changes no finding.
    """

    deadlines: list[ChangedDeadline] = field(default_factory=list)
    findings: list[Turn] = field(default_factory=list)
    judged_on: date | None = None

    @property
    def moved(self) -> list[ChangedDeadline]:
        """The deadlines whose day moves."""
        return [change for change in self.deadlines if change.is_moved]

    def summary(self) -> Mapping[str, Any]:
        """Its counts, as they stand in the journal."""
        verdicts = Counter(
            f"{_verdict(turn.before)} → {_verdict(turn.after)}" for turn in self.findings
        )
        return {
            "deadlines_moved": len(self.moved),
            "deadlines_settled": len(self.deadlines) - len(self.moved),
            "findings": dict(sorted(verdicts.items())),
            "judged_on": self.judged_on.isoformat() if self.judged_on else None,
        }


def preview_of(text: LegalText, at: datetime) -> Preview:
    """What a text would change, compared with what is in force on its first day without it.

    A calendar moves deadlines and changes no finding; policy and standards change findings, and no
    clock that runs already.
    """
    before = [other for other in signed_texts(text.in_force_from) if other.pk != text.pk]
    law_before, law_after = law_with(before), law_with([*before, text])
    if text.kind == "calendar":
        ctx = ActContext(law_before, at, SYSTEM)
        return Preview(deadlines=changed_deadlines(ctx, law_after))
    run = Run.objects.filter(state="released", is_full=True).order_by("-id").first()
    if run is None:
        return Preview()
    # the facts of the newest run; the policy of the day on which the text takes effect
    facts, day = facts_on(run.as_of, run.revision_id, None), max(text.in_force_from, run.as_of)
    results = [
        list(columnar.evaluate(law, law.policy_on(day), facts, run.as_of))
        for law in (law_before, law_after)
    ]
    return Preview(findings=turns(*results), judged_on=run.as_of)


@dataclass(frozen=True, slots=True)
class Reading:
    """What who signs a text reads: the text, what differs from the law in force, the preview."""

    text: LegalText
    differences: list[str]
    preview: Preview

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, in whatever language it is read."""
        findings = [
            {
                "item": [turn.either.credit_code, turn.either.category, turn.either.sub_item],
                "requirement": turn.either.requirement,
                "turns": [_verdict(turn.before), _verdict(turn.after)],
            }
            for turn in self.preview.findings
        ]
        with language_override(SOURCE):
            lines = [deadline_line(change) for change in self.preview.deadlines]
        content = [self.text.sha256, self.differences, lines, findings, str(self.preview.judged_on)]
        return digest_of(content)


def reading_of(text: LegalText, at: datetime) -> Reading:
    """What is to be read of a text, as everything is now."""
    others = [other for other in signed_texts(text.in_force_from) if other.pk != text.pk]
    with language_override(SOURCE):
        lines = differences(text, law_with(others), law_with([*others, text]))
    return Reading(text, lines, preview_of(text, at))


@transaction.atomic
def show(*, text: LegalText, by: Account, at: datetime) -> Reading:
    """Shows a text to who may sign it, and records that; CannotLoad."""
    reading = reading_of(text, at)
    record_reading(text=text, shown=reading.digest, by=by, at=at)
    return reading


@transaction.atomic
def propose(
    *, text: LegalText, because: str, by: Account, at: datetime
) -> tuple[LegalText, Preview]:
    """Proposes a checked text with its preview; CannotLoad."""
    preview = preview_of(text, at)
    proposed = propose_text(text=text, preview=preview.summary(), because=because, by=by, at=at)
    return proposed, preview


@transaction.atomic
def sign(*, text: LegalText, by: Account, at: datetime, because: str) -> tuple[LegalText, int]:
    """Puts a text in force from its day; how many deadlines moved at once.

    Those of a later day are moved by the patrol of that day. CannotLoad where this person has not
    read what it changes as of now (`show`); LawError.
    """
    lock()  # lock order: see CONTRIBUTING.md
    lock_cases()
    shown = reading_of(text, at).digest
    signed = sign_text(text=text, by=by, at=at, because=because, shown=shown)
    today = timezone.localdate(at)
    if signed.in_force_from > today or signed.kind != "calendar":
        return signed, 0
    return signed, move_deadlines(ActContext(law_in_force(today), at, SYSTEM))


def deadline_line(change: ChangedDeadline) -> str:
    """One changed deadline for a list: what, whose, old day, new day."""
    new = str(change.new.ends_on) if change.is_moved else _("不变，已确定")
    name = _(TEXTS[change.kind])
    return "\t".join([change.concerned.about, name, str(change.old.ends_on), new])


def _verdict(finding: Any) -> str:
    return finding.verdict if finding else "-"
