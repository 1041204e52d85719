"""The platform's API: `POST /changes` (changes of the registers), `POST /eligibility` (queries)."""

from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Schema, Status
from ninja.security import HttpBearer
from pydantic import ConfigDict, Field

from qualwatch.accounts.models import Organisation
from qualwatch.accounts.queries import machine_of
from qualwatch.cases.eligibility.actions import KeyReused, QuotaExceeded, answer_request
from qualwatch.cases.eligibility.measures import EligibilityQuery, InvalidQuery
from qualwatch.law.loader import current_law
from qualwatch.patrol.pushes import PushOutcome, import_changes
from qualwatch.registers.pushed import OutOfOrder
from qualwatch.web.platform_api.records import records_of
from qualwatch.wording import gettext as _

MAX_CHANGES = 1000
MAX_QUESTIONS = 1000
MAX_KEY_LENGTH = 100
SLUG = r"^[^\x00-\x1f]*$"


class _Token(HttpBearer):
    """A machine's token with a scope."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Organisation | None:
        """The platform whose token it is."""
        return machine_of(token, self.scope, timezone.now())


class Batch(Schema):
    """Changes in any order; their sequence numbers go on where the last batch ended.

    Each is `records.ChangeIn`; what is none is quarantined.
    """

    model_config = ConfigDict(extra="forbid")

    changes: Annotated[list[Any], Field(min_length=1, max_length=MAX_CHANGES)]


class Outcome(Schema):
    """What became of one record: applied, quarantined (with the problem), or known from before.

    `position` is its place in the batch, from 1; `sequence` is null where it took no number.
    """

    position: int
    id: str
    sequence: int | None
    state: str
    problem: str


class PushResultOut(Schema):
    """What became of a batch, and the assessment that followed (none where nothing new came)."""

    outcomes: list[Outcome]
    enterprises: int
    run: int | None
    run_state: str


class Problem(Schema):
    """One sentence; `expected` is the sequence number that must come next."""

    detail: str
    expected: int | None = None


api = NinjaAPI(
    title="qualwatch platform",
    version="1",
    urls_namespace="platform",
    auth=_Token("push-changes"),
    docs_url=None,
    openapi_url=None,
)


@api.post("/changes", response={200: PushResultOut, 409: Problem, 422: Problem})
def push_changes(request: HttpRequest, batch: Batch) -> Status[PushResultOut | Problem]:
    """Applies the changes, quarantines the malformed, and assesses the enterprises concerned.

    Where numbers are missing nothing is applied.
    """
    now = timezone.now()
    platform: Organisation = request.auth  # type: ignore[attr-defined]  # ninja puts it there
    try:
        outcome = import_changes(
            changes=records_of(batch.changes),
            law=current_law(),
            by=platform.slug,
            at=now,
            day=timezone.localdate(now),
        )
    except OutOfOrder as error:
        return Status(409, Problem(detail=str(error), expected=error.expected))
    return Status(200, _push_result(outcome))


def _push_result(push: PushOutcome) -> PushResultOut:
    return PushResultOut(
        outcomes=[
            Outcome(
                position=change.position,
                id=change.change_id,
                sequence=change.sequence,
                state=state,
                problem=problem,
            )
            for change, state, problem in push.result.outcomes
        ],
        enterprises=len(push.result.credit_codes),
        run=push.run.pk if push.run else None,
        run_state=push.run.state if push.run else "",
    )


class QuestionIn(Schema):
    """May this enterprise do this today? `category`, `sub_item`: slugs of the item to be used."""

    model_config = ConfigDict(extra="forbid")

    credit_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")]
    purpose: Literal["upgrade", "addition", "new-project", "award", "bid"]
    category: Annotated[str, Field(max_length=80, pattern=SLUG)] = ""
    sub_item: Annotated[str, Field(max_length=80, pattern=SLUG)] = ""


class Questions(Schema):
    """One question or many, all answered as of one moment."""

    model_config = ConfigDict(extra="forbid")

    questions: Annotated[list[QuestionIn], Field(min_length=1, max_length=MAX_QUESTIONS)]


class AnswerOut(Schema):
    """yes, no or cannot-say; why, and what it rests on."""

    credit_code: str
    purpose: str
    category: str
    sub_item: str
    answer: str
    reasons: list[str]
    citation: str


class Answers(Schema):
    """In the order of the questions. Every one of them is on record."""

    answered_at: str
    answers: list[AnswerOut]


@api.post(
    "/eligibility",
    auth=_Token("eligibility"),
    response={200: Answers, 409: Problem, 422: Problem, 429: Problem},
)
def check_eligibility(
    request: HttpRequest, response: HttpResponse, batch: Questions
) -> Status[Answers | Problem]:
    """Answers and records every question.

    With an `Idempotency-Key` the same request again gets the same answer and asks nothing.
    """
    now = timezone.now()
    asker: Organisation = request.auth  # type: ignore[attr-defined]  # ninja puts it there
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > MAX_KEY_LENGTH:
        sentence = _("Idempotency-Key 最长 {most} 个字符").format(most=MAX_KEY_LENGTH)
        return Status(422, Problem(detail=sentence))
    try:
        answers = answer_request(
            queries=_queries(batch),
            key=key,
            by=asker.slug,
            on=timezone.localdate(now),
            at=now,
            quota=settings.ELIGIBILITY_QUOTA,
        )
    except InvalidQuery as error:
        return Status(422, Problem(detail=str(error)))
    except KeyReused as error:
        return Status(409, Problem(detail=str(error)))
    except QuotaExceeded as error:
        response["Retry-After"] = str(error.seconds)
        return Status(429, Problem(detail=str(error)))
    response["Idempotent-Replayed"] = "true" if answers.pop("is_replayed") else "false"
    return Status(200, Answers(**answers))


def _queries(batch: Questions) -> list[EligibilityQuery]:
    return [
        EligibilityQuery(
            question.credit_code, question.purpose, question.category, question.sub_item
        )
        for question in batch.questions
    ]
