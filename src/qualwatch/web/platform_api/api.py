"""The platform's door. `POST /changes`: the "real time" of the notice. `POST /gate`: may this enterprise do X today?"""

from typing import Annotated, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Schema, Status
from ninja.security import HttpBearer
from pydantic import ConfigDict, Field

from qualwatch.accounts.models import Organisation
from qualwatch.accounts.queries import machine_of
from qualwatch.cases.eligibility.actions import OtherRequest, OverQuota, answer_once
from qualwatch.cases.eligibility.measures import CannotAsk, EligibilityQuery
from qualwatch.law.loader import current_law
from qualwatch.patrol.pushes import import_changes
from qualwatch.registers.changes import Change, OutOfOrder
from qualwatch.registers.sources import UnknownSource
from qualwatch.wording import gettext as _

MOST_CHANGES = MOST_QUESTIONS = 1000
LONGEST_KEY = 100
SLUG = r"^[^\x00-\x1f]*$"
Cell = Annotated[str, Field(max_length=500)]


class _Token(HttpBearer):
    """A machine's token with a scope."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Organisation | None:
        """The platform whose token it is."""
        return machine_of(token, self.scope, timezone.now())


class ChangeIn(Schema):
    """One row put or removed; `row` has the headers of the source's register files."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=100)]
    sequence: Annotated[int, Field(ge=1, le=2**62)]
    source: Annotated[str, Field(max_length=40)]
    action: Literal["put", "remove"]
    row: Annotated[dict[Cell, Cell], Field(min_length=1, max_length=60)]


class Batch(Schema):
    """Changes in any order; their sequence numbers go on where the last batch ended."""

    model_config = ConfigDict(extra="forbid")

    changes: Annotated[list[ChangeIn], Field(min_length=1, max_length=MOST_CHANGES)]


class Outcome(Schema):
    """What became of one change: applied, rejected (with the problem), or known from before."""

    id: str
    sequence: int
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
    """Takes changes in: registers updated and the findings of the enterprises concerned renewed, or nothing."""
    now = timezone.now()
    platform: Organisation = request.auth  # type: ignore[attr-defined]  # ninja puts it there
    changes = [
        Change(change_in.id, change_in.sequence, change_in.source, change_in.action, change_in.row)
        for change_in in batch.changes
    ]
    if len({change.change_id for change in changes}) < len(changes):
        return Status(422, Problem(detail=_("同一批里有两个相同的变更编号")))
    try:
        outcome = import_changes(
            changes=changes,
            law=current_law(),
            by=platform.slug,
            at=now,
            day=timezone.localdate(now),
        )
    except OutOfOrder as error:
        return Status(409, Problem(detail=str(error), expected=error.expected))
    except UnknownSource as error:
        return Status(422, Problem(detail=_("没有这个来源；有 {sources}").format(sources=error)))
    outcomes = [
        Outcome(id=change.change_id, sequence=change.sequence, state=state, problem=problem)
        for change, state, problem in outcome.result.outcomes
    ]
    run = outcome.run
    push_result_out = PushResultOut(
        outcomes=outcomes,
        enterprises=len(outcome.result.credit_codes),
        run=run.pk if run else None,
        run_state=run.state if run else "",
    )
    return Status(200, push_result_out)


class QuestionIn(Schema):
    """May this enterprise do this (with this item) today? `category`, `sub_item`: the register's slugs of the item."""

    model_config = ConfigDict(extra="forbid")

    credit_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")]
    purpose: Literal["upgrade", "addition", "new-project", "award", "bid"]
    category: Annotated[str, Field(max_length=80, pattern=SLUG)] = ""
    sub_item: Annotated[str, Field(max_length=80, pattern=SLUG)] = ""


class Questions(Schema):
    """One question or many, all answered as of one moment."""

    model_config = ConfigDict(extra="forbid")

    questions: Annotated[list[QuestionIn], Field(min_length=1, max_length=MOST_QUESTIONS)]


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
    "/gate", auth=_Token("gate"), response={200: Answers, 409: Problem, 422: Problem, 429: Problem}
)
def ask(
    request: HttpRequest, response: HttpResponse, asked: Questions
) -> Status[Answers | Problem]:
    """Answers and records. With an `Idempotency-Key` the same request again gets the same answer and asks nothing."""
    now = timezone.now()
    asker: Organisation = request.auth  # type: ignore[attr-defined]  # ninja puts it there
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > LONGEST_KEY:
        return Status(
            422, Problem(detail=_("Idempotency-Key 最长 {most} 个字符").format(most=LONGEST_KEY))
        )
    questions = [
        EligibilityQuery(
            question_in.credit_code, question_in.purpose, question_in.category, question_in.sub_item
        )
        for question_in in asked.questions
    ]
    try:
        told = answer_once(
            asked=questions,
            key=key,
            by=asker.slug,
            on=timezone.localdate(now),
            at=now,
            quota=settings.ELIGIBILITY_QUOTA,
        )
    except CannotAsk as error:
        return Status(422, Problem(detail=str(error)))
    except OtherRequest as error:
        return Status(409, Problem(detail=str(error)))
    except OverQuota as error:
        response["Retry-After"] = str(error.seconds)
        return Status(429, Problem(detail=str(error)))
    response["Idempotent-Replayed"] = "true" if told.pop("is_replayed") else "false"
    return Status(200, Answers(**told))
