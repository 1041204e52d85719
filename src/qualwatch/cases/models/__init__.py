"""The tables of cases: their course, and their papers."""

from qualwatch.cases.models.courses import (
    GROUNDS,
    AnsweredRequest,
    Case,
    CaseRequirement,
    Conflict,
    CreditRecord,
    Delivery,
    Determination,
    Heartbeat,
    Notice,
    Question,
    SupervisionFinding,
    Task,
    Urging,
)
from qualwatch.cases.models.papers import (
    UNDECIDED,
    Application,
    Attachment,
    Document,
    NumberSequence,
    Service,
)

__all__ = [
    "GROUNDS",
    "UNDECIDED",
    "AnsweredRequest",
    "Application",
    "Attachment",
    "Case",
    "CaseRequirement",
    "Conflict",
    "CreditRecord",
    "Delivery",
    "Determination",
    "Document",
    "Heartbeat",
    "Notice",
    "NumberSequence",
    "Question",
    "Service",
    "SupervisionFinding",
    "Task",
    "Urging",
]
