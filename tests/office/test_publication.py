"""The public copy, and what a red card forbids."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction

from actors import Actors, cards_and_notices, reload
from builders import OTHER, OWN
from qualwatch.cases.eligibility.measures import (
    EligibilityQuery,
    InvalidQuery,
    check_eligibility,
    key_supervision,
)
from qualwatch.cases.models import Case, EligibilityRecord
from qualwatch.publication import actions
from qualwatch.publication.actions import NotInAnAction, remove_expired_cards, take_snapshot
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
from register_files import ITEMS
from register_office import DAY, RegisterOffice
from register_rows import item

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)
PERIOD_OVER = date(2026, 7, 21)
DECORATION, BUILDING = "specialist-decoration", "general-building"
PROJECTS = ["项目编码", "统一社会信用代码", "资质名称", "项目所在地区划", "开工日期", "竣工日期"]


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def standing_on(day: date, code: str = OWN, category: str = DECORATION) -> str:
    return standing_of(code, category, "", day).standing


def test_the_six_standings_and_their_days(actors: Actors) -> None:
    case = actors.red_case()
    assert standing_on(DAY) == "in-force"
    assert standing_on(PERIOD_OVER) == "red"
    # The last list known then was two months old
    assert standing_on(PERIOD_OVER - timedelta(days=1)) == "cannot-say"
    assert standing_on(DAY, code=OTHER) == "unknown"
    answer = standing_of(OWN, DECORATION, "", PERIOD_OVER)
    assert answer.card is not None
    assert answer.card.requirements[0]["held"] == 2
    withdrawn_on = PERIOD_OVER + timedelta(days=1)
    actors.load_and_patrol(
        withdrawn_on, 资质=[ITEMS, item(状态="撤回", 状态日期=withdrawn_on.isoformat())]
    )
    assert standing_on(withdrawn_on) == "withdrawn"
    assert standing_on(PERIOD_OVER) == "red"  # history stays
    assert reload(case).closed_because == "withdrawn"
    assert [standing.standing for standing in history_of(OWN, DECORATION, "")] == [
        "in-force",
        "withdrawn",
    ]


def test_yellow_cards_are_not_in_the_public_copy(actors: Actors) -> None:
    actors.yellow_case()
    assert not RedCard.objects.exists()
    assert set(FeedEntry.objects.values_list("kind", flat=True)) <= {"signing-key"}
    assert {answer.standing for answer in standings_of(OWN, DAY)} == {"in-force"}


def test_an_item_that_ends_is_ended_with_its_reason_and_not_counted_again(actors: Actors) -> None:
    """F16: a withdrawn or ended item is not shown as current, and still seen in its history."""
    actors.load_and_patrol()
    actors.load_and_patrol(NEXT_DAY, 资质=[ITEMS, item(有效期止="2026-05-20")])
    assert standing_of(OWN, DECORATION, "", NEXT_DAY).because == "expired"
    assert Standing.objects.filter(to_on=None).count() == 1
    actors.load_and_patrol(NEXT_DAY + timedelta(days=1))  # the register says otherwise again
    assert standing_on(NEXT_DAY + timedelta(days=1)) == "in-force"


def test_a_stale_register_gives_cannot_say(actors: Actors) -> None:
    actors.load_and_patrol()
    later = DAY + timedelta(days=9)
    actors.patrol(later)
    assert standing_of(OWN, DECORATION, "", later).because == "items-stale"


def test_the_feed_has_no_gap_and_replays_to_the_snapshot(actors: Actors) -> None:
    """F51: subscribers resume from any number and end with the copy of the snapshot."""
    case = actors.red_case()
    actors.serve_order(case, PERIOD_OVER)
    actors.inspect(PERIOD_OVER)
    recovered_on = PERIOD_OVER + timedelta(days=2)
    actors.load_and_patrol(recovered_on, people=3)
    entries = entries_after(0)
    assert [feed_entry.sequence for feed_entry in entries] == list(range(1, len(entries) + 1))
    assert [feed_entry.sequence for feed_entry in entries_after(2)] == list(
        range(3, len(entries) + 1)
    )
    shot = Snapshot.objects.get(day=recovered_on)
    assert (
        hashlib.sha256(canonical(replay(entries[: shot.sequence])).encode()).hexdigest()
        == shot.sha256
    )
    assert replayed(shot.sequence) == public_copy()
    assert take_snapshot(day=recovered_on) == shot


def test_an_annulled_card_leaves_a_tombstone(actors: Actors) -> None:

    case = actors.red_case()
    actors.act("annul", PERIOD_OVER, because="判决", signer="reviewer", case=case)
    last = entries_after(0)[-1]
    assert (last.key, last.body) == (case.card_number, None)
    assert cards_and_notices() == {}
    assert cards_on(PERIOD_OVER) == []


def test_a_cleared_card_is_public_for_two_years(actors: Actors) -> None:
    actors.red_case()
    recovered_on = PERIOD_OVER + timedelta(days=2)
    actors.load_and_patrol(recovered_on, people=3)
    assert [red_card.state for red_card in cards_to_see(date(2028, 7, 22))] == ["cleared"]
    assert cards_to_see(date(2028, 7, 23)) == []
    assert remove_expired_cards(on=date(2028, 7, 22), at=actors.office.tick()) == 0
    assert remove_expired_cards(on=date(2028, 7, 23), at=actors.office.tick()) == 1
    assert cards_and_notices() == {}


def test_nothing_is_published_outside_an_act(
    office: RegisterOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = actions.Card("x", OWN, "甲", DECORATION, "", "装修", "二级", "", "省厅", [])
    monkeypatch.setattr(
        "qualwatch.publication.actions.connection", SimpleNamespace(in_atomic_block=False)
    )
    with pytest.raises(NotInAnAction):  # a test runs within a transaction itself
        actions.post_red_card(card, on=DAY, at=office.tick())


def test_the_database_refuses_a_removed_card_that_still_names_somebody(actors: Actors) -> None:
    actors.red_case()
    with pytest.raises(IntegrityError), transaction.atomic():
        RedCard.objects.update(state="removed", ended_on=PERIOD_OVER)


def eligibility_answer(
    actors: Actors, purpose: str, category: str = "", on: date = PERIOD_OVER
) -> str:
    at = actors.office.tick(on)
    return check_eligibility(
        query=EligibilityQuery(OWN, purpose, category), by="platform", on=on, at=at
    ).answer


def test_a_red_item_forbids_new_projects_with_it_and_all_upgrades_of_the_enterprise(
    actors: Actors,
) -> None:
    """F13: "no new project" touches the red item only; upgrade, addition, awards and key supervision the enterprise."""
    two_items = [
        ITEMS,
        item(),
        item(资质名称="建筑工程施工总承包", 资质证书号="D214000011", 等级="一级"),
    ]
    actors.load_and_patrol(资质=two_items)
    for case in Case.objects.filter(category=DECORATION):
        actors.prove_warning(case, DAY)
    actors.office.load(
        "projects",
        [
            PROJECTS,
            ["P1", OWN, "建筑装修装饰工程专业承包", "140105", "2026-01-01", ""],
            ["P2", OWN, "建筑装修装饰工程专业承包", "140105", "2025-01-01", "2026-01-01"],
            ["P3", OWN, "建筑装修装饰工程专业承包", "140105", "2025-01-01", "2027-01-01"],
            ["P4", OWN, "建筑装修装饰工程专业承包", "110105", "2025-01-01", ""],
        ],
    )
    assert eligibility_answer(actors, "bid", DECORATION, on=DAY) == "yes"  # yellow forbids nothing
    assert key_supervision(on=DAY, law=actors.law) == []
    actors.load_and_patrol(PERIOD_OVER, 资质=two_items)
    case = Case.objects.get(category=DECORATION)
    actors.propose(case, day=PERIOD_OVER)
    actors.sign(case, day=PERIOD_OVER)
    answers = {
        (purpose, category): eligibility_answer(actors, purpose, category)
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
    assert [row.project_code for row in key_supervision(on=PERIOD_OVER, law=actors.law)] == [
        "P1",
        "P3",
    ]
    eligibility_record = EligibilityRecord.objects.latest("pk")
    assert (eligibility_record.answer, eligibility_record.by, eligibility_record.credit_code) == (
        "yes",
        "platform",
        OWN,
    )
    assert (
        "晋红〔2026〕1号" in EligibilityRecord.objects.filter(answer="no").latest("pk").reasons[0]
    )


def test_unknown_enterprises_and_items_are_not_answered_with_yes(actors: Actors) -> None:
    actors.load_and_patrol()
    # Yesterday's list is young enough
    assert eligibility_answer(actors, "bid", DECORATION, on=DAY + timedelta(days=1)) == "yes"
    assert eligibility_answer(actors, "bid", DECORATION, on=DAY + timedelta(days=4)) == "cannot-say"
    assert eligibility_answer(actors, "bid", BUILDING, on=DAY) == "cannot-say"
    with pytest.raises(InvalidQuery):
        eligibility_answer(actors, "bid", on=DAY)
    with pytest.raises(InvalidQuery):
        eligibility_answer(actors, "marry", on=DAY)


def test_statistics_leave_out_annulled_cards(office: RegisterOffice) -> None:
    """What never should have been is counted in no quarter, also a past one."""
    from qualwatch.oversight.statistics import publish_statistics

    actors = Actors(office)
    case = actors.red_case()
    publish_statistics(on=date(2026, 10, 5), law=actors.law)
    assert (
        sum(
            quarter_figures.figures.get("published", 0)
            for quarter_figures in QuarterFigures.objects.filter(quarter=3)
        )
        == 1
    )
    actors.act("annul", date(2026, 10, 5), because="判决", signer="reviewer", case=case)
    publish_statistics(on=date(2026, 10, 6), law=actors.law)
    assert not QuarterFigures.objects.exists()


def test_between_two_certificates_the_item_is_expired_and_stays_listed(actors: Actors) -> None:
    actors.load_and_patrol()
    gap = [
        ITEMS,
        item(有效期止="2026-05-20"),
        item(资质证书号="D214000011", 有效期起="2026-05-28", 有效期止="2031-05-27"),
    ]
    actors.load_and_patrol(NEXT_DAY, 资质=gap)
    answer = standing_of(OWN, DECORATION, "", NEXT_DAY)
    assert (answer.standing, answer.because) == ("ended", "expired")
    later = date(2026, 5, 28)
    actors.load_and_patrol(later, 资质=gap)
    assert standing_on(later) == "in-force"
