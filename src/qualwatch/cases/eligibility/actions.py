"""Eligibility queries of machines: quotas, and idempotent requests (notice 3 and 4(4))."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.cases.eligibility.measures import (
    EligibilityAnswer,
    EligibilityQuery,
    check_eligibility_of_all,
)
from qualwatch.cases.models import AnsweredRequest, DailyQuota
from qualwatch.journal.proofs import digest_of
from qualwatch.wording import gettext as _

# How long stored responses are kept; a key is valid on its own day only.
RETENTION = timedelta(days=2)


class KeyReused(Exception):
    """The idempotency key was used for another request, or on another day."""


class QuotaExceeded(Exception):
    """The day's quota of queries is exceeded. seconds: time until the next day."""

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


@transaction.atomic
def answer_request(
    *, queries: Sequence[EligibilityQuery], key: str, by: str, on: date, at: datetime, quota: int
) -> dict[str, Any]:
    """Answers the queries in their order; InvalidQuery, KeyReused, QuotaExceeded.

    With an idempotency `key` the same request again gets the stored response: `is_replayed` is
    true, and nothing is counted or recorded.
    """
    request = _request_of(queries, key, by, at) if key else None
    if request is not None and request.response is not None:
        return {**request.response, "is_replayed": True}
    _count_against_quota(len(queries), by, at, quota)
    answers = check_eligibility_of_all(queries=queries, by=by, on=on, at=at)
    response = {
        "answered_at": timezone.localtime(at).isoformat(timespec="seconds"),
        "answers": [
            _answer_fields(query, answer) for query, answer in zip(queries, answers, strict=True)
        ],
    }
    if request is not None:
        request.response = response
        request.save(update_fields=["response"])
    return {**response, "is_replayed": False}


def _request_of(
    queries: Sequence[EligibilityQuery], key: str, by: str, at: datetime
) -> AnsweredRequest:
    """The locked row of the key, new or of the same request earlier today; KeyReused."""
    digest = digest_of([asdict(query) for query in queries])
    request, _is_new = AnsweredRequest.objects.select_for_update().get_or_create(
        organisation=by, key=key, defaults={"digest": digest, "at": at}
    )
    is_today = timezone.localdate(request.at) == timezone.localdate(at)
    if request.digest != digest or not is_today:
        raise KeyReused(_("这个 Idempotency-Key 已经用于别的请求，或者不是今天的"))
    return request


def _count_against_quota(count: int, by: str, at: datetime, quota: int) -> None:
    today = timezone.localdate(at)
    row, _is_new = DailyQuota.objects.select_for_update().get_or_create(organisation=by, day=today)
    row.count += count
    if row.count > quota:
        midnight = timezone.make_aware(datetime.combine(today + timedelta(days=1), time.min))
        raise QuotaExceeded(
            _("今天的查询超过限额 {quota}").format(quota=quota),
            int((midnight - at).total_seconds()) + 1,
        )
    row.save(update_fields=["count"])


def _answer_fields(query: EligibilityQuery, answer: EligibilityAnswer) -> dict[str, Any]:
    return {
        **asdict(query),
        "answer": answer.answer,
        "reasons": list(answer.reasons),
        "citation": answer.citation,
    }


def delete_old_responses(at: datetime) -> None:
    """Deletes stored responses past their retention; the eligibility records stay."""
    AnsweredRequest.objects.filter(at__lt=at - RETENTION).delete()
