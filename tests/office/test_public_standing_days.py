"""Days on public pages: the last day of a certificate, provisional days, quarters."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from actors import Actors
from builders import OWN, law
from fixtures_case_states import NOON, TODAY, CaseStates
from page_requests import client_of, enterprise_client, page, public_page, visible_text
from qualwatch.cases.eligibility.standings import publish_items_of
from qualwatch.cases.models import Application, CaseRequirement, Withdrawal
from qualwatch.evaluation.facts import Item
from qualwatch.evaluation.items import last_day
from qualwatch.publication.models import Announcement, RedCard, Standing
from qualwatch.publication.queries import look_up, standings_of
from qualwatch.registers.corrections import correct
from qualwatch.registers.models import ItemRow, Revision

pytestmark = pytest.mark.django_db
MAY_MOVE = "（放假安排公布后可能顺延）"


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """The transaction of `case_states` instead of pytest-django's."""


def standing(case_states: CaseStates, number: int, day: date) -> tuple[str, str]:
    (answer,) = look_up(case_states.codes[number], day).answers
    assert [answer] == standings_of(case_states.codes[number], day)
    return answer.standing, answer.because


def test_a_certificate_ends_with_its_last_day_and_not_with_the_next_patrol(
    case_states: CaseStates,
) -> None:
    rows = Standing.objects.filter(credit_code=case_states.codes[7], to_on=None)
    rows.update(valid_to=TODAY)
    assert standing(case_states, 7, TODAY) == ("in-force", "")
    with time_machine.travel(datetime.fromisoformat(NOON) + timedelta(days=1), tick=False):
        assert standing(case_states, 7, TODAY + timedelta(days=1)) == ("ended", "expired")
        assert standing(case_states, 7, TODAY) == ("in-force", "")  # of yesterday the same is said


def test_the_last_day_is_the_registers(case_states: CaseStates) -> None:
    code = case_states.codes[7]
    (row,) = ItemRow._default_manager.filter(recorded_to=None, credit_code=code)
    correct(
        table="items",
        key={name: getattr(row, name) for name in ItemRow.KEY},
        field="valid_to",
        value=TODAY + timedelta(days=3),
        because="证书",
        document="证书",
        review_on=TODAY + timedelta(days=9),
        by="wang",
        at=datetime.fromisoformat(NOON),
    )
    before = list(
        Standing.objects.filter(credit_code=code).values_list("from_on", "to_on", "standing")
    )
    publish_items_of(code, on=TODAY, law=law())
    assert Standing.objects.get(credit_code=code, to_on=None).valid_to == TODAY + timedelta(days=3)
    assert (
        list(Standing.objects.filter(credit_code=code).values_list("from_on", "to_on", "standing"))
        == before
    )


def item(valid_from: date, valid_to: date) -> Item:
    return Item(
        OWN,
        "specialist-decoration",
        "",
        "grade-2",
        "D314",
        "city:taiyuan",
        "direct",
        valid_from,
        valid_to,
        None,
        None,
        "in-force",
        None,
    )


def test_the_last_day_follows_the_rule_by_which_items_are_in_force() -> None:
    old = item(date(2021, 9, 22), date(2026, 9, 21))
    new = item(date(2026, 9, 22), date(2031, 9, 21))
    late = item(date(2026, 9, 23), date(2031, 9, 21))
    day, end = date(2026, 9, 20), date(2026, 9, 21)

    def last(*records: Item) -> date | None:
        return last_day(law(), records, day)

    assert last(old) == end
    assert last(old, new) == date(2031, 9, 21)
    assert last(old, late) == end
    assert last(old, new._replace(valid_to=None)) is None
    assert last(old, new._replace(register_state="revoked")) == end
    assert last(old._replace(renewal_filed_on=date(2026, 9, 1))) is None  # held to be renewed
    assert last(old._replace(renewal_filed_on=date(2026, 9, 22))) == end  # filed too late
    assert last(old, item(date(2020, 1, 1), date(2030, 1, 1))._replace(valid_from=None)) == date(
        2030, 1, 1
    )
    deregistered = old._replace(
        renewal_filed_on=date(2026, 9, 1),
        register_state="deregistered",
        register_state_from=date(2026, 9, 22),
    )
    assert last(deregistered, new) == date(2031, 9, 21)
    announced = old._replace(
        valid_to=None, register_state="withdrawn", register_state_from=date(2026, 10, 8)
    )
    assert last(announced) == date(2026, 10, 7)  # said in advance


def test_an_open_red_card_is_shown_beside_a_suspension(
    client: Client, case_states: CaseStates
) -> None:
    Standing.objects.filter(credit_code=case_states.codes[3], to_on=None).update(
        standing="ended", because="suspended"
    )
    card = RedCard.objects.get(credit_code=case_states.codes[3])
    for shown in (
        public_page(client, f"/enterprises/{case_states.codes[3]}"),
        public_page(client, "/?q=装饰"),
    ):
        (row,) = [
            entry for entry in shown.split("<li") if "不在有效状态" in entry and "答案" not in entry
        ]
        assert "■</span> 红牌" in row
    assert reverse("red-card", args=[card.number]) in public_page(
        client, f"/enterprises/{case_states.codes[3]}"
    )


def test_a_card_past_retention_is_no_link_even_before_the_patrol_hides_it(
    client: Client, case_states: CaseStates
) -> None:
    card = RedCard.objects.get(credit_code=case_states.codes[3])
    card.state, card.ended_on, card.hidden_from = "cleared", TODAY - timedelta(days=2), TODAY
    card.save()
    past = public_page(
        client, f"/enterprises/{case_states.codes[3]}?on={TODAY - timedelta(days=5)}"
    )
    assert reverse("red-card", args=[card.number]) not in past
    RedCard.objects.filter(pk=card.pk).update(hidden_from=TODAY + timedelta(days=1))
    past = client.get(
        f"/enterprises/{case_states.codes[3]}?on={TODAY - timedelta(days=5)}&again=1"
    ).content.decode()
    assert reverse("red-card", args=[card.number]) in past


def test_a_provisional_day_is_marked_on_every_site(
    client: Client, officers: Actors, case_states: CaseStates
) -> None:
    card = RedCard.objects.get(credit_code=case_states.codes[3])
    display = Announcement.objects.get(kind="display", credit_code=case_states.codes[2])
    places = ["/red-cards", f"/red-cards/{card.number}", f"/announcements/{display.number}"]
    for path in places:
        assert MAY_MOVE not in public_page(client, path), path
    RedCard.objects.update(is_provisional=True)
    Announcement.objects.update(is_provisional=True)
    for path in places:
        assert MAY_MOVE in public_page(client, path + "?again=1"), path
    # No day is said for what follows
    assert "起仍未达到" not in public_page(client, f"/red-cards/{card.number}?again=1")
    own = enterprise_client(case_states, 7)
    assert MAY_MOVE not in page(own, "own-case", case_states.cases[7].pk)
    CaseRequirement.objects.update(is_provisional=True)
    # Above, and beside its requirement
    assert page(own, "own-case", case_states.cases[7].pk).count(MAY_MOVE) == 2
    assert MAY_MOVE in page(own, "own")
    officer, application = (
        client_of(officers.account("city-reviewer")),
        Application.objects.get(case=case_states.cases[6]),
    )
    assert MAY_MOVE in page(officer, "case", case_states.cases[9].pk)
    assert MAY_MOVE not in page(officer, "application", application.pk)
    Application.objects.update(is_due_provisional=True)
    assert MAY_MOVE in page(officer, "application", application.pk)


def test_the_deadline_shown_of_a_withdrawal_is_its_next_one(
    officers: Actors, case_states: CaseStates
) -> None:
    own, case = client_of(officers.enterprise_account(case_states.codes[2])), case_states.cases[2]
    row = Withdrawal.objects.get(case=case)
    assert case.red_ends_on is not None
    assert case.red_ends_on < TODAY < row.display_until  # type: ignore[operator]  # it is on display
    assert row.display_until is not None
    for shown in (page(own, "own"), page(own, "own-case", case.pk)):
        visible = visible_text(shown)
        day = f"{row.display_until.year}年{row.display_until.month}月{row.display_until.day}日"
        assert f"公示期满 {day} ， 还有 {(row.display_until - TODAY).days} 天" in visible.replace(
            "，", " ， "
        ).replace("  ", " ")
        assert "已过" not in visible
    Withdrawal.objects.filter(pk=row.pk).update(
        stage="notified",
        display_until=None,
        notice_served_on=TODAY,
        statement_until=TODAY + timedelta(days=7),
        hearing_request_until=date(2026, 9, 29),
    )
    visible = visible_text(page(own, "own-case", case.pk))
    assert "要求听证的最后一天： 2026年9月29日" in visible.replace("：", "： ").replace(
        "：  ", "： "
    )
    assert "陈述申辩期满" in visible


def test_a_finding_that_cannot_be_judged_now_is_no_shortfall(
    officers: Actors, case_states: CaseStates
) -> None:
    from qualwatch.assessments.models import FindingRow

    own, case = enterprise_client(case_states, 7), case_states.cases[7]
    (row,) = FindingRow._default_manager.filter(recorded_to=None, credit_code=case.credit_code)
    newest = Revision.objects.order_by("-pk")[0].pk + 1
    FindingRow._default_manager.filter(pk=row.pk).update(recorded_to=newest)
    row.pk, row.recorded_from, row.verdict, row.because = None, newest, "cannot-say", '["no-data"]'
    row.save()
    own_page = page(own, "own-case", case.pk)
    assert "现在（2026年9月21日核查）：应有 3，现有 2 无法判定：没有社保数据" in visible_text(
        own_page
    )
    assert own_page.count('class="short"') == 1  # when it was warned, not now


def test_a_quarter_is_open_until_it_has_been_counted_to_its_end(
    client: Client, case_states: CaseStates
) -> None:
    with time_machine.travel(datetime.fromisoformat("2026-10-01T00:10:00+08:00"), tick=False):
        visible = visible_text(public_page(client, "/statistics?quarter=2026Q3"))
    assert "截至 2026年9月21日" in visible
    assert "季末仍为红牌" not in visible
