"""Withdrawals in tests: red cards whose period is over, and every step of the three routes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from applying import CITY_ITEM
from bureau import Bureau, fresh, picture
from files import CONTRIBUTIONS, ENTERPRISES, ITEMS, REGISTRATIONS, Rows
from qualwatch.cases.documents.attachments import SubmittedFile
from qualwatch.cases.models import Case, Document, Withdrawal, WithdrawalList
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import fix_hearing
from qualwatch.cases.withdrawals.members import BatchResult
from qualwatch.journal.models import Entry
from qualwatch.procedure.periods import BEIJING
from qualwatch.procedure.transitions import CannotStep
from registers import item, paid, person

OVER = date(2026, 7, 21)  # the first day after the yellow period
RED_OVER = date(2026, 8, 24)  # the first day after the red one, its order served on OVER
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


def acts(bureau: Bureau, by: str, day: date) -> dict[str, Any]:
    """Who acts, by which law, when."""
    return {"by": bureau.who(by), "law": bureau.law, "at": bureau.office.tick(day)}


def scan(name: str = "材料.png", colour: int = 7) -> SubmittedFile:
    """A file to be handed in."""
    return SubmittedFile(name, picture(colour))


def red_and_over(bureau: Bureau, sheets: dict[str, Rows] | None = None) -> list[Case]:
    """Every item short is warned, determined, and its red period is over; the registers of that morning are in."""
    changed = sheets or CITY_SHEETS
    morning(bureau, date(2026, 5, 20), changed)
    cases = list(Case.objects.filter(state="yellow", category__isnull=False).order_by("pk"))
    for case in cases:
        bureau.prove(case, date(2026, 5, 21))
    morning(bureau, OVER, changed)
    for case in cases:
        bureau.propose(case, day=OVER)
        bureau.sign(case, day=OVER)
        bureau.serve_order(case, OVER)
    morning(bureau, RED_OVER, changed)
    return [fresh(one) for one in cases]


def morning(bureau: Bureau, day: date, sheets: dict[str, Rows], people: int = 2) -> None:
    """Fresh registers and the patrol; a held run is released."""
    from qualwatch.patrol.days import release_held_run

    bureau.registers(day, people, sheets)
    day_done = bureau.patrol(day)
    if day_done.run.state == "held":
        release_held_run(
            run=day_done.run,
            law=bureau.law,
            by="reviewer",
            at=bureau.office.tick(day),
            because="核对过",
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


def opened(
    bureau: Bureau, cases: list[Case], day: date = RED_OVER, who: dict[str, str] = CITY
) -> WithdrawalList:
    """The list, opened and (a city's) suggested."""
    batch = withdrawals.open_withdrawals(cases=cases, **acts(bureau, who["housing"], day))
    if batch.route == "city":
        withdrawals.suggest(batch=batch, **acts(bureau, who["signs"], day))
    return WithdrawalList.objects.get(pk=batch.pk)


def members(batch: WithdrawalList) -> list[Withdrawal]:
    """Those under way, as they stand now."""
    return list(
        batch.members.filter(ended="", decided_on=None)
        .select_related("case", "batch")
        .order_by("pk")
    )


def told_of_intent(
    bureau: Bureau, batch: WithdrawalList, day: date, who: dict[str, str] = CITY
) -> list[Document]:
    """Started, and every enterprise has its notice of the intended withdrawal on the way."""
    if batch.route == "city":
        withdrawals.start(members=members(batch), **acts(bureau, who["handles"], day))
    return withdrawals.announce_intent(members=members(batch), **acts(bureau, who["handles"], day))


def displayed(
    bureau: Bureau, batch: WithdrawalList, day: date = RED_OVER, who: dict[str, str] = CITY
) -> date:
    """Served at once, stated nothing, displayed; the day after the display."""
    for letter in told_of_intent(bureau, batch, day, who):
        bureau.served(letter, day, by=who["handles"])
    first = batch.members.order_by("pk").first()
    assert first is not None
    assert first.statement_until is not None
    shown_on = first.statement_until + timedelta(days=1)
    withdrawals.display(members=members(batch), **acts(bureau, who["handles"], shown_on))
    first.refresh_from_db()
    assert first.display_until is not None
    return first.display_until + timedelta(days=1)


def reviewed(bureau: Bureau, batch: WithdrawalList, day: date, who: dict[str, str] = CITY) -> None:
    """Rechecked and legally reviewed."""
    withdrawals.recheck_members(members=members(batch), **acts(bureau, who["handles"], day))
    withdrawals.review_law(
        members=members(batch), opinion="程序合法，依据充分", **acts(bureau, who["reviews"], day)
    )


def decided(
    bureau: Bureau, batch: WithdrawalList, day: date, who: dict[str, str] = CITY
) -> BatchResult:
    """The decision on every member that is ready."""
    return withdrawals.decide(
        members=members(batch), because="期满仍不达标", **acts(bureau, who["decides"], day)
    )


def refused(slug: str, do: Callable[[], object]) -> None:
    """Refused, and nothing is on record."""
    before = (Entry.objects.count(), list(Withdrawal.objects.values()), Document.objects.count())
    with pytest.raises(CannotStep) as why:
        do()
    assert why.value.slug == slug, why.value
    assert before == (
        Entry.objects.count(),
        list(Withdrawal.objects.values()),
        Document.objects.count(),
    )


def withdrawn(bureau: Bureau) -> tuple[Case, WithdrawalList, date]:
    """A city's item, decided."""
    (case,) = red_and_over(bureau, CITY_SHEETS)
    batch = opened(bureau, [case])
    over = displayed(bureau, batch)
    morning(bureau, over, CITY_SHEETS)
    reviewed(bureau, batch, over)
    decided(bureau, batch, over)
    return case, batch, over


def notified(bureau: Bureau, served: bool = True) -> Withdrawal:
    """The notice of the intended withdrawal is on its way, or has come."""
    (case,) = red_and_over(bureau, CITY_SHEETS)
    batch = opened(bureau, [case])
    (letter,) = told_of_intent(bureau, batch, RED_OVER)
    if served:
        bureau.served(letter, RED_OVER, by="approval-officer")
    return members(batch)[0]


def fixed(bureau: Bureau, row: Withdrawal, day: date, on: date, because: str = "") -> Any:
    """A hearing on a day."""
    return fix_hearing(
        withdrawal=row,
        held_at=datetime(on.year, on.month, on.day, 9, tzinfo=BEIJING),
        where="会议室",
        chair=bureau.who("approval-second-officer"),
        because=because,
        **acts(bureau, "approval-officer", day),
    )


def two_reds(bureau: Bureau) -> tuple[Case, Case, WithdrawalList]:
    """A system red whose withdrawal was displayed, and an officer's red of the same item, over too."""
    (case,) = red_and_over(bureau, {"资质": [ITEMS, item()]})
    other = bureau.inspect(RED_OVER)
    bureau.serve_order(other, RED_OVER)
    batch = opened(bureau, [fresh(case)], who=PROVINCE)
    displayed(bureau, batch, who=PROVINCE)
    return case, other, batch
