"""What the public may know, and what a red card forbids."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction

from builders import OTHER, OWN
from bureau import Bureau, fresh
from files import ITEMS
from office import DAY, Office
from qualwatch.cases.eligibility.measures import CannotAsk, EligibilityQuery, check, key_supervision
from qualwatch.cases.models import Case, EligibilityRecord
from qualwatch.publication import actions
from qualwatch.publication.actions import NotInAnAction, hide_what_is_over, take_snapshot
from qualwatch.publication.models import FeedEntry, QuarterFigures, RedCard, Snapshot, Standing
from qualwatch.publication.queries import (
    canonical,
    cards_on,
    cards_to_see,
    entries_after,
    history_of,
    public_copy,
    replay,
    replayed,
    standing_of,
    standings_of,
)
from registers import item

pytestmark = pytest.mark.django_db
NEXT = DAY + timedelta(days=1)
OVER = date(2026, 7, 21)
DECORATION, BUILDING = "specialist-decoration", "general-building"
PROJECTS = ["项目编码", "统一社会信用代码", "资质名称", "项目所在地区划", "开工日期", "竣工日期"]


@pytest.fixture
def bureau(office: Office) -> Bureau:
    return Bureau(office)


def word(day: date, code: str = OWN, category: str = DECORATION) -> str:
    return standing_of(code, category, "", day).standing


def test_the_six_answers_and_their_days(bureau: Bureau) -> None:
    case = bureau.red()
    assert word(DAY) == "in-force"
    assert word(OVER) == "red"
    assert (
        word(OVER - timedelta(days=1)) == "cannot-say"
    )  # the last list known then was two months old
    assert word(DAY, code=OTHER) == "unknown"
    answer = standing_of(OWN, DECORATION, "", OVER)
    assert answer.card is not None
    assert answer.card.requirements[0]["held"] == 2
    gone = OVER + timedelta(days=1)
    bureau.morning(gone, 资质=[ITEMS, item(状态="撤回", 状态日期=gone.isoformat())])
    assert word(gone) == "withdrawn"
    assert word(OVER) == "red"  # history stays
    assert fresh(case).closed_because == "withdrawn"
    assert [standing.standing for standing in history_of(OWN, DECORATION, "")] == [
        "in-force",
        "withdrawn",
    ]


def test_yellow_is_nowhere_in_the_public_copy(bureau: Bureau) -> None:
    bureau.yellow()
    assert not RedCard.objects.exists()
    assert not FeedEntry.objects.exists()
    assert {answer.standing for answer in standings_of(OWN, DAY)} == {"in-force"}


def test_an_item_that_ends_is_ended_with_its_reason_and_not_counted_again(bureau: Bureau) -> None:
    """F16: a withdrawn or ended item is not shown as current, and still seen in its history."""
    bureau.morning()
    bureau.morning(NEXT, 资质=[ITEMS, item(有效期止="2026-05-20")])
    assert standing_of(OWN, DECORATION, "", NEXT).because == "expired"
    assert Standing.objects.filter(to_on=None).count() == 1
    bureau.morning(NEXT + timedelta(days=1))  # the register says otherwise again
    assert word(NEXT + timedelta(days=1)) == "in-force"


def test_a_register_that_is_old_cannot_say(bureau: Bureau) -> None:
    bureau.morning()
    later = DAY + timedelta(days=9)
    bureau.patrol(later)
    assert standing_of(OWN, DECORATION, "", later).because == "items-stale"


def test_the_feed_has_no_gap_and_replays_to_the_snapshot(bureau: Bureau) -> None:
    """F51: subscribers resume from any number and end with the copy of the snapshot."""
    case = bureau.red()
    bureau.serve_order(case, OVER)
    bureau.inspect(OVER)
    good = OVER + timedelta(days=2)
    bureau.morning(good, people=3)
    told = entries_after(0)
    assert [feed_entry.sequence for feed_entry in told] == list(range(1, len(told) + 1))
    assert [feed_entry.sequence for feed_entry in entries_after(2)] == list(range(3, len(told) + 1))
    shot = Snapshot.objects.get(day=good)
    assert (
        hashlib.sha256(canonical(replay(told[: shot.sequence])).encode()).hexdigest() == shot.sha256
    )
    assert replayed(shot.sequence) == public_copy()
    assert take_snapshot(day=good) == shot


def test_what_should_never_have_been_leaves_a_tombstone(bureau: Bureau) -> None:
    from qualwatch.cases.warnings.supervise import annul

    case = bureau.red()
    annul(
        case=fresh(case),
        because="判决",
        document="判决书",
        by=bureau.who("reviewer"),
        law=bureau.law,
        at=bureau.office.tick(OVER),
    )
    last = entries_after(0)[-1]
    assert (last.key, last.body) == (case.card_number, None)
    assert public_copy() == {}
    assert cards_on(OVER) == []


def test_a_cleared_card_is_seen_for_two_years(bureau: Bureau) -> None:
    bureau.red()
    good = OVER + timedelta(days=2)
    bureau.morning(good, people=3)
    assert [red_card.state for red_card in cards_to_see(date(2028, 7, 22))] == ["cleared"]
    assert cards_to_see(date(2028, 7, 23)) == []
    assert hide_what_is_over(on=date(2028, 7, 22), at=bureau.office.tick()) == 0
    assert hide_what_is_over(on=date(2028, 7, 23), at=bureau.office.tick()) == 1
    assert public_copy() == {}


def test_nothing_is_posted_outside_an_act(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    card = actions.Card("x", OWN, "甲", DECORATION, "", "装修", "二级", "", "省厅", [])
    monkeypatch.setattr(
        "qualwatch.publication.actions.connection", SimpleNamespace(in_atomic_block=False)
    )
    with pytest.raises(NotInAnAction):  # a test runs within a transaction itself
        actions.post_red_card(card, on=DAY, at=office.tick())


def test_the_database_refuses_a_removed_card_that_still_names_somebody(bureau: Bureau) -> None:
    bureau.red()
    with pytest.raises(IntegrityError), transaction.atomic():
        RedCard.objects.update(state="removed", ended_on=OVER)


def asked(bureau: Bureau, purpose: str, category: str = "", on: date = OVER) -> str:
    at = bureau.office.tick(on)
    return check(asked=EligibilityQuery(OWN, purpose, category), by="platform", on=on, at=at).answer


def test_a_red_item_forbids_new_projects_with_it_and_all_upgrades_of_the_enterprise(
    bureau: Bureau,
) -> None:
    """F13: "no new project" touches the red item only; upgrade, addition, awards and key supervision the enterprise."""
    both = [
        ITEMS,
        item(),
        item(资质名称="建筑工程施工总承包", 资质证书号="D214000011", 等级="一级"),
    ]
    bureau.morning(资质=both)
    for case in Case.objects.filter(category=DECORATION):
        bureau.prove(case, DAY)
    bureau.office.load(
        "projects",
        [
            PROJECTS,
            ["P1", OWN, "建筑装修装饰工程专业承包", "140105", "2026-01-01", ""],
            ["P2", OWN, "建筑装修装饰工程专业承包", "140105", "2025-01-01", "2026-01-01"],
            ["P3", OWN, "建筑装修装饰工程专业承包", "140105", "2025-01-01", "2027-01-01"],
            ["P4", OWN, "建筑装修装饰工程专业承包", "110105", "2025-01-01", ""],
        ],
    )
    assert asked(bureau, "bid", DECORATION, on=DAY) == "yes"  # yellow forbids nothing
    assert key_supervision(on=DAY, law=bureau.law) == []
    bureau.morning(OVER, 资质=both)
    case = Case.objects.get(category=DECORATION)
    bureau.propose(case, day=OVER)
    bureau.sign(case, day=OVER)
    answers = {
        (purpose, category): asked(bureau, purpose, category)
        for purpose, category in [
            ("upgrade", ""),
            ("addition", ""),
            ("award", ""),
            ("bid", DECORATION),
            ("bid", BUILDING),
            ("new-project", DECORATION),
            ("new-project", BUILDING),
        ]
    }
    assert answers == {
        ("upgrade", ""): "no",
        ("addition", ""): "no",
        ("award", ""): "no",
        ("bid", DECORATION): "no",
        ("bid", BUILDING): "yes",
        ("new-project", DECORATION): "no",
        ("new-project", BUILDING): "yes",
    }
    assert [row.project_code for row in key_supervision(on=OVER, law=bureau.law)] == ["P1", "P3"]
    eligibility_record = EligibilityRecord.objects.latest("pk")
    assert (eligibility_record.answer, eligibility_record.by, eligibility_record.credit_code) == (
        "yes",
        "platform",
        OWN,
    )
    assert (
        "晋红〔2026〕1号" in EligibilityRecord.objects.filter(answer="no").latest("pk").reasons[0]
    )


def test_what_nobody_knows_is_not_answered_with_yes(bureau: Bureau) -> None:
    bureau.morning()
    assert (
        asked(bureau, "bid", DECORATION, on=DAY + timedelta(days=1)) == "yes"
    )  # yesterday's list is young enough
    assert asked(bureau, "bid", DECORATION, on=DAY + timedelta(days=4)) == "cannot-say"
    assert asked(bureau, "bid", BUILDING, on=DAY) == "cannot-say"
    with pytest.raises(CannotAsk):
        asked(bureau, "bid", on=DAY)
    with pytest.raises(CannotAsk):
        asked(bureau, "marry", on=DAY)


def test_statistics_forget_what_was_annulled(office: Office) -> None:
    """What never should have been is counted in no quarter, also a past one."""
    from qualwatch.cases.warnings.supervise import annul
    from qualwatch.oversight.statistics import publish_statistics

    bureau = Bureau(office)
    case = bureau.red()
    publish_statistics(on=date(2026, 10, 5), law=bureau.law)
    assert (
        sum(
            quarter_figures.figures.get("published", 0)
            for quarter_figures in QuarterFigures.objects.filter(quarter=3)
        )
        == 1
    )
    annul(
        case=fresh(case),
        because="判决",
        document="判决书",
        by=bureau.who("reviewer"),
        law=bureau.law,
        at=office.tick(date(2026, 10, 5)),
    )
    publish_statistics(on=date(2026, 10, 6), law=bureau.law)
    assert not QuarterFigures.objects.exists()


def test_between_two_certificates_the_item_has_expired_and_is_not_gone(bureau: Bureau) -> None:
    bureau.morning()
    gap = [
        ITEMS,
        item(有效期止="2026-05-20"),
        item(资质证书号="D214000011", 有效期起="2026-05-28", 有效期止="2031-05-27"),
    ]
    bureau.morning(NEXT, 资质=gap)
    answer = standing_of(OWN, DECORATION, "", NEXT)
    assert (answer.standing, answer.because) == ("ended", "expired")
    later = date(2026, 5, 28)
    bureau.morning(later, 资质=gap)
    assert word(later) == "in-force"
