"""The gate for machines: quotas, and the same answer to the same request (notice 3 and 4(4))."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.cases.eligibility.measures import EligibilityQuery, check_all
from qualwatch.cases.models import AnsweredRequest, DailyQuota
from qualwatch.journal.proofs import digest_of
from qualwatch.wording import gettext as _

KEPT = timedelta(days=2)


class OtherRequest(Exception):
    """The key was used for another request."""


class OverQuota(Exception):
    """So many questions are not allowed on one day; `seconds` until the next."""

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


@transaction.atomic
def answer_once(
    *, asked: Sequence[EligibilityQuery], key: str, by: str, on: date, at: datetime, quota: int
) -> dict[str, Any]:
    """Answers, by question; with a key the same request again gets what it got. CannotAsk, OtherRequest, OverQuota."""
    digest = digest_of([asdict(query) for query in asked])
    answered_request = None
    if key:
        answered_request, new = AnsweredRequest.objects.select_for_update().get_or_create(
            organisation=by, key=key, defaults={"digest": digest, "at": at}
        )
        if answered_request.digest != digest or timezone.localdate(
            answered_request.at
        ) != timezone.localdate(at):
            raise OtherRequest(_("这个 Idempotency-Key 已经用于别的请求，或者不是今天的"))
        if not new and answered_request.response is not None:
            return {**answered_request.response, "is_replayed": True}
    day, _new = DailyQuota.objects.select_for_update().get_or_create(
        organisation=by, day=timezone.localdate(at)
    )
    day.count += len(asked)
    if day.count > quota:
        tomorrow = timezone.make_aware(
            datetime.combine(timezone.localdate(at) + timedelta(days=1), time.min)
        )
        raise OverQuota(
            _("今天的查询超过限额 {quota}").format(quota=quota),
            int((tomorrow - at).total_seconds()) + 1,
        )
    day.save(update_fields=["count"])
    said = check_all(asked=asked, by=by, on=on, at=at)
    told = {
        "answered_at": timezone.localtime(at).isoformat(timespec="seconds"),
        "answers": [
            {
                **asdict(query),
                "answer": answer.answer,
                "reasons": list(answer.reasons),
                "citation": answer.citation,
            }
            for query, answer in zip(asked, said, strict=True)
        ],
    }
    if answered_request is not None:
        answered_request.response = told
        answered_request.save(update_fields=["response"])
    return {**told, "is_replayed": False}


def forget_answers(at: datetime) -> None:
    """Keys hold for their day; what is older may go. The questions stay on record."""
    AnsweredRequest.objects.filter(at__lt=at - KEPT).delete()
