"""`POST /api/platform/v1/changes`: the "real time" of the notice."""

from typing import Annotated, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import NinjaAPI, Schema, Status
from ninja.security import HttpBearer
from pydantic import ConfigDict, Field

from qualwatch.accounts.models import Organisation
from qualwatch.accounts.queries import machine_of
from qualwatch.law.loader import current_law
from qualwatch.patrol.pushes import take_in_changes
from qualwatch.registers.changes import Change, OutOfOrder
from qualwatch.registers.sources import UnknownSource
from qualwatch.wording import gettext as _

MOST_CHANGES = 1000
Cell = Annotated[str, Field(max_length=500)]


class _Token(HttpBearer):
    """A machine's token with the scope push-changes."""

    def authenticate(self, request: HttpRequest, token: str) -> Organisation | None:
        """The platform whose token it is."""
        return machine_of(token, "push-changes", timezone.now())


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


class Taken(Schema):
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
    title="qualwatch platform", version="1", urls_namespace="platform", auth=_Token(), docs_url=None, openapi_url=None
)


@api.post("/changes", response={200: Taken, 409: Problem, 422: Problem})
def push_changes(request: HttpRequest, batch: Batch) -> Status[Taken | Problem]:
    """Takes changes in: registers updated and the findings of the enterprises concerned renewed, or nothing."""
    now = timezone.now()
    platform: Organisation = request.auth  # type: ignore[attr-defined]  # ninja puts it there
    changes = [Change(one.id, one.sequence, one.source, one.action, one.row) for one in batch.changes]
    if len({one.change_id for one in changes}) < len(changes):
        return Status(422, Problem(detail=_("同一批里有两个相同的变更编号")))
    try:
        done = take_in_changes(
            changes=changes, law=current_law(), by=platform.slug, at=now, day=timezone.localdate(now)
        )
    except OutOfOrder as error:
        return Status(409, Problem(detail=str(error), expected=error.expected))
    except UnknownSource as error:
        return Status(422, Problem(detail=_("没有这个来源；有 {sources}").format(sources=error)))
    outcomes = [
        Outcome(id=one.change_id, sequence=one.sequence, state=state, problem=problem)
        for one, state, problem in done.taken.outcomes
    ]
    run = done.run
    told = Taken(
        outcomes=outcomes, enterprises=len(done.taken.credit_codes), run=run.pk if run else None,
        run_state=run.state if run else "",
    )  # fmt: skip
    return Status(200, told)
