"""Reminders before a period ends, once each; said late rather than never (F36)."""

from datetime import timedelta

from qualwatch.cases import words
from qualwatch.cases.course import Doing
from qualwatch.cases.models import Case, CaseRequirement, Notice
from qualwatch.cases.telling import Said, tell

KIND = "reminder"


def remind(doing: Doing) -> int:
    """Tells enterprises whose yellow period ends soon (policy), once per case; how many were told."""
    days = doing.law.policy_on(doing.on)["reminder_days_before_end"]
    soon = CaseRequirement.objects.filter(
        case__place="yellow",
        recovered_on=None,
        ends_on__lte=doing.on + timedelta(days=days),  # late rather than never
    )
    told = set(Notice.objects.filter(kind=KIND, case__in=soon.values("case")).values_list("case_id", flat=True))
    due: dict[Case, CaseRequirement] = {}
    for row in soon.select_related("case").order_by("-ends_on"):
        if row.case_id not in told:
            due[row.case] = row
    said = [
        Said(case, KIND, words.subject(KIND, case), words.reminder(case, row.ends_on), to_authorities=())
        for case, row in due.items()
    ]
    tell(said, doing.at)
    return len(said)
