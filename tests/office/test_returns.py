"""Quarterly returns: counted as of the quarter's end, reviewed, submitted, summarised."""

from __future__ import annotations

import io
from datetime import date, timedelta

import docx
import openpyxl
import pytest

from actors import TAIYUAN, Actors, act_arguments
from application_acts import actors_with_accounts
from qualwatch.archive.actions import content_of
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.models import Document, Notice, Withdrawal
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.oversight.figures import FIGURES, compile_figures, is_balanced
from qualwatch.oversight.models import Return
from qualwatch.oversight.quarters import NotAQuarter, Quarter
from qualwatch.oversight.returns import (
    compile_return,
    due_of,
    due_returns,
    overdue_returns,
    review_return,
    submit_return,
    summarise_returns,
)
from qualwatch.procedure.transitions import CannotStep
from register_office import RegisterOffice
from withdrawal_acts import (
    RED_PERIOD_OVER,
    announce_intent,
    decide_list,
    firms,
    load_and_patrol,
    open_list,
    open_members,
    red_cases_past_period,
    review_list,
)

pytestmark = pytest.mark.django_db
Q3, Q4 = Quarter(2026, 3), Quarter(2026, 4)
AFTER = date(2026, 10, 8)


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return actors_with_accounts(office)


def play_withdrawals(actors: Actors) -> None:
    """Six items: one merges, one is not withdrawn, three are decided in the third quarter, one is still heard in it."""
    sheets = firms(6)
    cases = red_cases_past_period(actors, sheets)
    batch = open_list(actors, cases)
    letters = announce_intent(actors, batch, RED_PERIOD_OVER)
    for letter in letters:
        actors.serve(letter, RED_PERIOD_OVER, by="approval-officer")
    actors.act(
        "end",
        RED_PERIOD_OVER,
        because="合并",
        signer="other-reviewer",
        case=cases[0],
        payload={"code": "merged"},
    )
    withdrawals.not_withdraw(
        member=open_members(batch)[0],
        because="重组",
        **act_arguments(actors, "approval-reviewer", RED_PERIOD_OVER),
    )
    withdrawals.display(
        members=open_members(batch), **act_arguments(actors, "approval-officer", date(2026, 9, 1))
    )
    after_period = date(2026, 9, 10)
    load_and_patrol(actors, after_period, sheets)
    review_list(actors, batch, after_period)
    withdrawals.decide(
        members=open_members(batch)[:3],
        because="复核日仍缺一名注册建造师",
        **act_arguments(actors, "approval-reviewer", after_period),
    )


def test_a_return_is_counted_reviewed_and_submitted_with_figures_that_are_the_cases(
    actors: Actors,
) -> None:
    play_withdrawals(actors)
    with pytest.raises(CannotStep, match="还没有结束"):
        compile_return(quarter=Q3, **act_arguments(actors, "city-officer", date(2026, 9, 30)))
    compiled_return = compile_return(quarter=Q3, **act_arguments(actors, "city-officer", AFTER))
    expected = dict.fromkeys(FIGURES, 0) | {
        "opened": 6,
        "withdrawn": 3,
        "not-withdrawn": 1,
        "ended-otherwise": 1,
        "under-way": 1,
        "enterprises": 6,
        "lists": 1,
        "started-in-time": 6,
    }
    assert compiled_return.figures == expected
    assert is_balanced(compiled_return.figures)
    assert compiled_return.due_on == date(2026, 10, 10)  # a Saturday that is worked
    with pytest.raises(NotCompetent):
        compile_return(quarter=Q3, **act_arguments(actors, "second-officer", AFTER))
    with pytest.raises(CannotStep, match="先审核"):
        submit_return(
            quarterly_return=compiled_return, **act_arguments(actors, "city-officer", AFTER)
        )
    with pytest.raises(NotCompetent):
        review_return(
            quarterly_return=compiled_return, **act_arguments(actors, "other-reviewer", AFTER)
        )
    review_return(quarterly_return=compiled_return, **act_arguments(actors, "city-reviewer", AFTER))
    quarterly_return = submit_return(
        quarterly_return=compiled_return, **act_arguments(actors, "city-officer", AFTER)
    )
    document = quarterly_return.document
    assert document is not None
    assert quarterly_return.workbook is not None
    assert Notice.objects.filter(organisation="province", document=document).exists()
    text = docx.Document(io.BytesIO(content_of(document.file)))
    cells = [[cell.text for cell in row.cells] for row in text.tables[0].rows[1:]]
    assert cells == [[FIGURES[slug], str(expected[slug])] for slug in FIGURES]
    assert len(text.tables[1].rows) == 7
    workbook = openpyxl.load_workbook(io.BytesIO(content_of(quarterly_return.workbook)))
    assert [tuple(row) for row in workbook["汇总"].iter_rows(min_row=2, values_only=True)] == [
        (FIGURES[slug], expected[slug]) for slug in FIGURES
    ]
    rows = list(workbook["明细"].iter_rows(min_row=2, values_only=True))
    assert [row[6] for row in rows] == [row["outcome"] for row in quarterly_return.rows]
    assert sum(row[6] == "资质已撤回" for row in rows) == 3
    with pytest.raises(CannotStep, match="已经报送"):
        submit_return(
            quarterly_return=quarterly_return, **act_arguments(actors, "city-officer", AFTER)
        )


def test_a_submitted_quarter_stays_unchanged_and_the_next_begins_with_its_remainder(
    actors: Actors,
) -> None:
    play_withdrawals(actors)
    before = compile_figures(TAIYUAN, Q3)
    after_period = date(2026, 10, 9)
    batch = Withdrawal.objects.order_by("pk").first().batch  # type: ignore[union-attr]  # there are six
    load_and_patrol(actors, after_period, firms(6))
    decide_list(actors, batch, after_period)
    annulled = Withdrawal.objects.filter(decided_on=date(2026, 9, 10)).order_by("pk").first()
    assert annulled is not None
    actors.act(
        "annul-withdrawal",
        after_period,
        because="判决",
        by="approval-officer",
        signer="approval-reviewer",
        withdrawal=annulled,
    )
    assert compile_figures(TAIYUAN, Q3) == before
    figures, rows = compile_figures(TAIYUAN, Q4)
    assert figures == dict.fromkeys(FIGURES, 0) | {
        "carried-over": 1,
        "withdrawn": 1,
        "enterprises": 1,
        "annulled": 1,
    }
    assert len(rows) == 1


def test_figures_that_changed_after_counting_must_be_counted_again(actors: Actors) -> None:
    play_withdrawals(actors)
    quarterly_return = compile_return(quarter=Q3, **act_arguments(actors, "city-officer", AFTER))
    review_return(
        quarterly_return=quarterly_return, **act_arguments(actors, "city-reviewer", AFTER)
    )
    # As if it was recorded late
    Withdrawal.objects.filter(decided_on=None, ended="").update(started_on=date(2026, 6, 30))
    with pytest.raises(CannotStep, match="重新汇总"):
        submit_return(
            quarterly_return=quarterly_return, **act_arguments(actors, "city-officer", AFTER)
        )
    again = compile_return(quarter=Q3, **act_arguments(actors, "city-officer", AFTER))
    assert (again.pk, again.state, again.version) == (quarterly_return.pk, "compiled", 1)
    assert again.figures["carried-over"] == 1


def test_a_resubmission_lists_its_differences(actors: Actors) -> None:
    play_withdrawals(actors)

    def sent() -> Return:
        quarterly_return = compile_return(
            quarter=Q3, **act_arguments(actors, "city-officer", AFTER)
        )
        review_return(
            quarterly_return=quarterly_return, **act_arguments(actors, "city-reviewer", AFTER)
        )
        return submit_return(
            quarterly_return=quarterly_return, **act_arguments(actors, "city-officer", AFTER)
        )

    first = sent()
    late = Withdrawal.objects.get(ended="merged")
    Withdrawal.objects.filter(pk=late.pk).update(ended="split")
    Withdrawal.objects.filter(decided_on=None, ended="").update(started_on=date(2026, 6, 30))
    second = sent()
    assert (first.version, second.version) == (1, 2)
    assert second.differences["figures"] == {"carried-over": [0, 1], "opened": [6, 5]}
    assert len(second.differences["changed"]) == 2
    assert second.document is not None
    assert second.document.template_values["differences"] == [
        "季初在办（项）：0 → 1。",
        "本季新启动（项）：6 → 5。",
        "明细变化2项。",
    ]
    assert Return.objects.get(pk=first.pk).figures["carried-over"] == 0  # what was sent stays


def test_the_overdue_are_listed_and_the_summary_adds_up(actors: Actors) -> None:
    play_withdrawals(actors)
    assert due_of(Q3, actors.law).ends_on == date(2026, 10, 10)
    assert overdue_returns(Q3, actors.law, date(2026, 10, 10)) == []
    assert (
        len(overdue_returns(Q3, actors.law, date(2026, 10, 11)))
        == len(due_returns(Q3, actors.law))
        == 12
    )
    arguments = act_arguments(actors, "other-reviewer", AFTER)
    with pytest.raises(CannotStep):
        summarise_returns(quarter=Q3, **arguments)
    late = date(2026, 10, 12)
    for name, day in (("city-officer", AFTER), ("datong-officer", late)):
        quarterly_return = compile_return(quarter=Q3, **act_arguments(actors, name, day))
        reviewer = "city-reviewer" if name == "city-officer" else "datong-reviewer"
        review_return(quarterly_return=quarterly_return, **act_arguments(actors, reviewer, day))
        submit_return(quarterly_return=quarterly_return, **act_arguments(actors, name, day))
    assert len(overdue_returns(Q3, actors.law, late)) == 10
    total = summarise_returns(quarter=Q3, **act_arguments(actors, "other-reviewer", late))
    assert total.figures["opened"] == 6
    assert total.document is not None
    assert total.document.template_values["received"] == 2
    assert total.document.template_values["in_time"] == 1
    assert total.rows[1]["sent"] == "2026年10月12日（逾期）"
    assert total.workbook is not None
    workbook = openpyxl.load_workbook(io.BytesIO(content_of(total.workbook)))
    rows = list(workbook["汇总"].iter_rows(min_row=2, values_only=True))
    # Enterprises are counted once, and are those of one city here
    for at in range(1, len(FIGURES) + 1):
        assert rows[-1][at] == sum(row[at] for row in rows[:-1])
    timeliness = {
        row[0]: row[1:] for row in workbook["按期办理"].iter_rows(min_row=2, values_only=True)
    }
    assert timeliness["太原市住房和城乡建设局"][0] == 6
    assert Document.objects.filter(kind="quarterly-return").count() == 2


@pytest.mark.parametrize(
    ("text", "start", "last"),
    [
        ("2023Q1", date(2023, 1, 1), date(2023, 3, 31)),
        ("2023Q4", date(2023, 10, 1), date(2023, 12, 31)),
        ("2024Q1", date(2024, 1, 1), date(2024, 3, 31)),
    ],
)
def test_quarters(text: str, start: date, last: date) -> None:
    quarter = Quarter.read(text)
    assert (quarter.start, quarter.end, str(quarter)) == (start, last, text)
    assert Quarter.of(last) == quarter
    assert Quarter.of(last + timedelta(days=1)) == quarter.following
    assert quarter.following.previous == quarter


def test_no_return_is_due_for_a_quarter_before_the_notice(actors: Actors) -> None:
    assert (
        due_returns(Quarter(2023, 1), actors.law)
        == overdue_returns(Quarter(2023, 1), actors.law, AFTER)
        == []
    )
    assert len(due_returns(Quarter(2023, 2), actors.law)) == 12


@pytest.mark.parametrize("text", ["2023", "2023Q5", "23Q1", "2023-Q1", "2023Q0"])
def test_invalid_quarters_are_refused(text: str) -> None:
    with pytest.raises(NotAQuarter):
        Quarter.read(text)


@pytest.mark.parametrize(
    ("quarter", "due"),
    [
        (Quarter(2023, 2), date(2023, 7, 10)),
        (Quarter(2023, 3), date(2023, 10, 10)),
        (Quarter(2023, 4), date(2024, 1, 10)),
        (Quarter(2024, 1), date(2024, 4, 10)),
        (Quarter(2025, 3), date(2025, 10, 10)),
    ],
)
def test_due_days(actors: Actors, quarter: Quarter, due: date) -> None:
    assert due_of(quarter, actors.law).ends_on == due
