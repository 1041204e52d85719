"""The eligibility check: single and many queries, recorded, idempotent requests, quotas."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from actors import Actors
from builders import OTHER, OWN
from qualwatch.accounts.actions import create_token
from qualwatch.accounts.queries import organisation
from qualwatch.cases.eligibility.actions import delete_old_responses
from qualwatch.cases.models import AnsweredRequest, EligibilityRecord
from register_office import RegisterOffice

pytestmark = pytest.mark.django_db
PERIOD_OVER = date(2026, 7, 21)
NOON = datetime.fromisoformat("2026-07-21T12:00:00+08:00")
DECORATION = "specialist-decoration"
Ask = Callable[..., Any]


@pytest.fixture
def ask(office: RegisterOffice) -> Ask:
    """The platform asks at noon, of a province with a red card."""
    actors = Actors(office)
    actors.red_case()
    token = create_token(
        organisation=organisation("platform"), scopes=["eligibility"], by="admin", at=office.tick()
    )
    client = Client()

    def asks(*questions: dict[str, str], token: str = token, key: str = "") -> Any:
        with time_machine.travel(NOON, tick=False):
            return client.post(
                "/api/platform/v1/eligibility",
                json.dumps({"questions": questions}),
                content_type="application/json",
                headers={
                    "Authorization": f"Bearer {token}",
                    **({"Idempotency-Key": key} if key else {}),
                },
            )

    return asks


def question(purpose: str = "bid", code: str = OWN, category: str = DECORATION) -> dict[str, str]:
    return {"credit_code": code, "purpose": purpose, "category": category}


def test_a_red_item_is_not_eligible_to_bid_and_the_answer_gives_the_reason(ask: Ask) -> None:
    answer = ask(question())
    assert answer.status_code == 200
    assert answer.json()["answered_at"] == "2026-07-21T12:00:00+08:00"
    (only_answer,) = answer.json()["answers"]
    assert (only_answer["answer"], only_answer["citation"]) == ("no", "71号文 三（3）")
    assert "红牌预警（晋红〔2026〕1号）" in only_answer["reasons"][0]
    eligibility_record = EligibilityRecord.objects.get()
    assert (
        eligibility_record.by,
        eligibility_record.credit_code,
        eligibility_record.purpose,
        eligibility_record.answer,
    ) == ("platform", OWN, "bid", "no")


def test_a_thousand_questions_are_answered_in_their_order_and_all_recorded(
    ask: Ask, django_assert_max_num_queries: Any
) -> None:
    many = [
        question(
            ("upgrade", "addition", "new-project", "award", "bid")[n % 5], OWN if n % 2 else OTHER
        )
        for n in range(1000)
    ]
    with django_assert_max_num_queries(30):  # set by set, whatever their number
        answer = ask(*many)
    answers = answer.json()["answers"]
    assert [(question["credit_code"], question["purpose"]) for question in answers] == [
        (question["credit_code"], question["purpose"]) for question in many
    ]
    assert {answer["answer"] for answer in answers if answer["credit_code"] == OWN} == {"no"}
    assert {answer["answer"] for answer in answers if answer["credit_code"] == OTHER} == {
        "cannot-say"
    }
    assert EligibilityRecord.objects.count() == 1000
    assert ask(*many, question()).status_code == 422
    assert ask().status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        question("marry"),
        question(code="123"),
        {**question(), "more": "x"},
        {"credit_code": OWN},
        {"credit_code": OWN, "purpose": "bid"},
        question(code=OWN.lower()),
        question(category="a\0b"),
    ],
)
def test_a_wrong_question_is_refused_with_all_the_others(ask: Ask, wrong: dict[str, str]) -> None:
    assert ask(question(), wrong).status_code == 422
    assert not EligibilityRecord.objects.exists()


def test_the_number_of_the_wrong_question_is_named(ask: Ask) -> None:
    answer = ask(question(), {"credit_code": OWN, "purpose": "bid"})
    assert answer.json()["detail"] == "第 2 问：请写明用哪项资质"


def test_a_repeated_request_gets_the_same_answer_and_another_one_under_its_key_none(
    ask: Ask,
) -> None:
    first = ask(question(), key="k1")
    again = ask(question(), key="k1")
    assert again.json() == first.json()
    assert (first.headers["Idempotent-Replayed"], again.headers["Idempotent-Replayed"]) == (
        "false",
        "true",
    )
    assert EligibilityRecord.objects.count() == 1
    other = ask(question("award"), key="k1")
    assert (other.status_code, other.json()["detail"]) == (
        409,
        "这个 Idempotency-Key 已经用于别的请求，或者不是今天的",
    )
    assert ask(question("award"), key="k2").status_code == 200
    assert ask(question(), key="k" * 101).status_code == 422
    assert AnsweredRequest.objects.count() == 2


def test_quotas_count_per_day(ask: Ask, settings: Any) -> None:
    settings.ELIGIBILITY_QUOTA = 3
    assert ask(question(), question("award")).status_code == 200
    exceeded = ask(question(), question("award"), key="k")
    assert exceeded.status_code == 429
    assert exceeded.headers["Retry-After"] == str(12 * 3600 + 1)
    assert EligibilityRecord.objects.count() == 2
    assert not AnsweredRequest.objects.exists()  # the key is free again
    assert ask(question(), key="k").status_code == 200


def test_the_eligibility_check_needs_a_token_of_its_scope(ask: Ask, office: RegisterOffice) -> None:
    other = create_token(
        organisation=organisation("platform"), scopes=["push-changes"], by="admin", at=office.tick()
    )
    assert ask(question(), token=other).status_code == 401
    assert ask(question(), token="guess").status_code == 401
    assert not EligibilityRecord.objects.exists()


def test_an_idempotency_key_expires_with_its_day(ask: Ask, office: RegisterOffice) -> None:
    assert ask(question(), key="k").status_code == 200
    AnsweredRequest.objects.update(at=NOON - timedelta(days=1))
    assert ask(question(), key="k").status_code == 409
    delete_old_responses(NOON + timedelta(days=2))
    assert ask(question(), key="k").status_code == 200
    assert EligibilityRecord.objects.count() == 2
