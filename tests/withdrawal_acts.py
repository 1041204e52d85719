"""Withdrawals in tests: red cards whose period has ended, and every step of the three routes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from actors import Actors, act_arguments, picture, reload
from application_acts import CITY_ITEM
from qualwatch.cases.documents.attachments import SubmittedFile
from qualwatch.cases.models import Case, Document, Withdrawal, WithdrawalList
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import schedule_hearing
from qualwatch.cases.withdrawals.members import BatchResult
from qualwatch.journal.models import Entry
from qualwatch.procedure.periods import BEIJING
from qualwatch.procedure.transitions import CannotStep
from register_files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS, Rows
from register_rows import item, paid, person

PERIOD_OVER = date(2026, 7, 21)  # the first day after the yellow period
RED_PERIOD_OVER = date(2026, 8, 24)  # the first day after the red one, its order served on OVER
CITY: dict[str, str] = {
    "housing": "city-officer",
    "signs": "city-reviewer",
    "handles": "approval-officer",
    "reviews": "approval-lawyer",
    "decides": "approval-reviewer",
}
PROVINCE = {
    "housing": "second-officer",
    "signs": "other-reviewer",
    "handles": "second-officer",
    "reviews": "third-reviewer",
    "decides": "fourth-reviewer",
}
CITY_SHEETS = {"资质": CITY_ITEM}
MINISTRY_ITEM = [ITEMS, item(许可机关="住房和城乡建设部", 资质证书号="D114000010")]


def scan(name: str = "材料.png", colour: int = 7) -> SubmittedFile:
    """A scanned file to submit."""
    return SubmittedFile(name, picture(colour))


def red_cases_past_period(
    actors: Actors,
    sheets: dict[str, Rows] | None = None,
    before: Callable[[Case], object] = lambda _case: None,
) -> list[Case]:
    """The red cases of all short items, on the first day after their red period, registers loaded.

    `before`: what is done about each while it is yellow.
    """
    changed = sheets or CITY_SHEETS
    load_and_patrol(actors, date(2026, 5, 20), changed)
    cases = list(Case.objects.filter(state="yellow", category__isnull=False).order_by("pk"))
    for case in cases:
        actors.prove_warning(case, date(2026, 5, 21))
        before(case)
    load_and_patrol(actors, PERIOD_OVER, changed)
    for case in cases:
        actors.propose(case, day=PERIOD_OVER)
        actors.sign(case, day=PERIOD_OVER)
        actors.serve_order(case, PERIOD_OVER)
    load_and_patrol(actors, RED_PERIOD_OVER, changed)
    return [reload(case) for case in cases]


def load_and_patrol(actors: Actors, day: date, sheets: dict[str, Rows], people: int = 2) -> None:
    """Loads registers and runs the patrol; a held run is released."""
    from qualwatch.cases.proposed_acts.releases import release_held_run

    actors.load_registers(day, people, sheets)
    day_done = actors.patrol(day)
    if day_done.run.state == "held":
        release_held_run(
            run=day_done.run,
            law=actors.law,
            by="reviewer",
            at=actors.office.tick(day),
            because="核对过",
            proposed_by="li",
        )


def firms(count: int) -> dict[str, Rows]:
    """So many decoration firms of Taiyuan, each with two of three constructors, items issued by the city."""
    from builders import credit_code

    codes = [credit_code(100 + number) for number in range(1, count + 1)]
    at = [(code, 2 * nth + 1) for nth, code in enumerate(codes)]
    return {
        "企业": [
            ENTERPRISES,
            *([code, f"第{nth}装饰公司", "140105", ""] for nth, code in enumerate(codes, 1)),
        ],
        "资质": [
            ITEMS,
            *(
                item(
                    统一社会信用代码=code,
                    许可机关="太原市行政审批服务管理局",
                    资质证书号=f"D3140{nth:05d}",
                )
                for nth, code in enumerate(codes)
            ),
        ],
        "注册人员": [
            REGISTRATIONS,
            *(person(n + more, 统一社会信用代码=code) for code, n in at for more in (0, 1)),
        ],
        "社保": [
            CONTRIBUTIONS,
            *(row for code, n in at for more in (0, 1) for row in paid(n + more, code)),
        ],
    }


def open_list(
    actors: Actors, cases: list[Case], day: date = RED_PERIOD_OVER, who: dict[str, str] = CITY
) -> WithdrawalList:
    """Opens a list and, for a city, sends it to the bureau."""
    batch = withdrawals.open_withdrawals(cases=cases, **act_arguments(actors, who["housing"], day))
    if batch.route == "city":
        withdrawals.suggest(batch=batch, **act_arguments(actors, who["signs"], day))
        # who has no account yet cannot receive it
        if who["handles"] in actors.accounts:
            actors.open_inbox(who["handles"], day)
    return WithdrawalList.objects.get(pk=batch.pk)


def open_members(batch: WithdrawalList) -> list[Withdrawal]:
    """The undecided members of a list, read from the database."""
    return list(
        batch.members.filter(ended="", decided_on=None)
        .select_related("case", "batch")
        .order_by("pk")
    )


def announce_intent(
    actors: Actors, batch: WithdrawalList, day: date, who: dict[str, str] = CITY
) -> list[Document]:
    """Starts a list and issues the notices of intended withdrawal."""
    if batch.route == "city":
        withdrawals.start(members=open_members(batch), **act_arguments(actors, who["handles"], day))
    return withdrawals.announce_intent(
        members=open_members(batch), **act_arguments(actors, who["handles"], day)
    )


def display_list(
    actors: Actors, batch: WithdrawalList, day: date = RED_PERIOD_OVER, who: dict[str, str] = CITY
) -> date:
    """Serves the notices, waits for the statement period, displays; the day after the display."""
    for letter in announce_intent(actors, batch, day, who):
        actors.serve(letter, day, by=who["handles"])
    first = batch.members.order_by("pk").first()
    assert first is not None
    assert first.statement_until is not None
    shown_on = first.statement_until + timedelta(days=1)
    withdrawals.display(
        members=open_members(batch), **act_arguments(actors, who["handles"], shown_on)
    )
    first.refresh_from_db()
    assert first.display_until is not None
    return first.display_until + timedelta(days=1)


def review_list(
    actors: Actors, batch: WithdrawalList, day: date, who: dict[str, str] = CITY
) -> None:
    """Rechecks and legally reviews a list."""
    withdrawals.recheck_members(
        members=open_members(batch), **act_arguments(actors, who["handles"], day)
    )
    withdrawals.review_law(
        members=open_members(batch),
        opinion="程序合法，依据充分",
        **act_arguments(actors, who["reviews"], day),
    )


def decide_list(
    actors: Actors, batch: WithdrawalList, day: date, who: dict[str, str] = CITY
) -> BatchResult:
    """Decides every member that is ready."""
    return withdrawals.decide(
        members=open_members(batch),
        because="复核日仍缺一名注册建造师",
        **act_arguments(actors, who["decides"], day),
    )


def assert_refused(slug: str, do: Callable[[], object]) -> None:
    """The act is refused with this slug and writes nothing."""
    before = (Entry.objects.count(), list(Withdrawal.objects.values()), Document.objects.count())
    with pytest.raises(CannotStep) as why:
        do()
    assert why.value.slug == slug, why.value
    assert before == (
        Entry.objects.count(),
        list(Withdrawal.objects.values()),
        Document.objects.count(),
    )


def withdraw_item(
    actors: Actors, before: Callable[[Case], object] = lambda _case: None
) -> tuple[Case, WithdrawalList, date]:
    """A withdrawn item of a city: case, list and day of the decision.

    `before`: what is done about it while it is yellow.
    """
    (case,) = red_cases_past_period(actors, CITY_SHEETS, before)
    batch = open_list(actors, [case])
    after_display = display_list(actors, batch)
    load_and_patrol(actors, after_display, CITY_SHEETS)
    review_list(actors, batch, after_display)
    decide_list(actors, batch, after_display)
    return case, batch, after_display


def notify_intent(actors: Actors, served: bool = True) -> Withdrawal:
    """A withdrawal with its notice issued and, by default, served."""
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    (letter,) = announce_intent(actors, batch, RED_PERIOD_OVER)
    if served:
        actors.serve(letter, RED_PERIOD_OVER, by="approval-officer")
    return open_members(batch)[0]


def fix_hearing_for(actors: Actors, row: Withdrawal, day: date, on: date, because: str = "") -> Any:
    """Fixes a hearing on a day."""
    return schedule_hearing(
        withdrawal=row,
        held_at=datetime(on.year, on.month, on.day, 9, tzinfo=BEIJING),
        place="会议室",
        chair=actors.account("approval-second-officer"),
        because=because,
        **act_arguments(actors, "approval-officer", day),
    )


def two_red_cases(actors: Actors) -> tuple[Case, Case, WithdrawalList]:
    """A system red whose withdrawal was displayed, and an officer's red of the same item, over too."""
    (case,) = red_cases_past_period(actors, {"资质": [ITEMS, item()]})
    other = actors.inspect(RED_PERIOD_OVER)
    actors.serve_order(other, RED_PERIOD_OVER)
    batch = open_list(actors, [reload(case)], who=PROVINCE)
    display_list(actors, batch, who=PROVINCE)
    return case, other, batch
