"""Oversight in the played province: returns of two quarters, spot checks, circulars.

Also the summary printed at the end.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from play_papers import moment

REPORT_ON = 6  # day of the month after a quarter
WITHOUT_RETURNS = ("city-140300", "city-140400", "city-140500")


def report(office: Any, day: date) -> None:
    """After a quarter: most cities submit returns.

    The province summarises them, draws spot checks and issues circulars on late bureaus.
    """
    from qualwatch.cases.models import WithdrawalList
    from qualwatch.oversight.checks import draw_randomly, draw_targeted
    from qualwatch.oversight.circulars import issue_circular
    from qualwatch.oversight.quarters import Quarter
    from qualwatch.oversight.returns import (
        compile_return,
        review_return,
        submit_return,
        summarise_returns,
    )

    quarter = Quarter.of(day).previous
    report_on = office.law.calendar.next_working_day(date(day.year, day.month, REPORT_ON))
    if quarter.start < date(2023, 4, 1) or day != report_on or day.month % 3 != 1:
        return
    lists = WithdrawalList.objects.exclude(housing="province").values_list("housing", flat=True)
    for city in sorted({"city-140100", "city-140200", *lists} - {*WITHOUT_RETURNS}):
        officer, reviewer = (
            office.account_at(city, "city-officer"),
            office.account_at(city, "city-reviewer"),
        )
        quarterly_return = compile_return(quarter=quarter, **office.act(officer, day))
        review_return(quarterly_return=quarterly_return, **office.act(reviewer, day))
        sent = submit_return(quarterly_return=quarterly_return, **office.act(officer, day))
        assert sent.document is not None  # a return that was sent has its document
        office.issued.append(
            f"{sent.document.number} ({city}, {quarter}: {sent.figures['opened']} opened, "
            f"{sent.figures['withdrawn']} withdrawn)"
        )
    officer, reviewer = (
        office.accounts["sample-second-officer"],
        office.accounts["sample-second-reviewer"],
    )
    total = summarise_returns(quarter=quarter, **office.act(reviewer, day))
    assert total.document is not None  # a summary has its document
    office.issued.append(f"{total.document.number} (the province, {quarter})")
    office.attempt(
        "spot checks drawn",
        lambda: draw_randomly(quarter=quarter, seed=f"play-{quarter}", **office.act(officer, day)),
    )
    office.attempt("spot checks chosen", draw_targeted, quarter=quarter, **office.act(officer, day))
    record_checks(office, officer, day)
    for bureau in sorted({f"{housing}-bureau" for housing in lists}):
        quarterly_return = office.attempt(
            "circulars",
            issue_circular,
            quarter=quarter,
            authority=bureau,
            demand="请查明逾期原因，十日内启动尚未启动的撤回程序，并报送整改情况。",
            **office.act(reviewer, day),
        )
        if quarterly_return is not None:
            office.issued.append(
                f"{quarterly_return.document.number} (circular that names {bureau}, "
                f"{len(quarterly_return.rows)} items)"
            )


def record_checks(office: Any, officer: Any, day: date) -> None:
    """The sheets of the checks drawn that day; the first finds a fault."""
    from qualwatch.oversight.checks import QUESTIONS, Answer, record_check
    from qualwatch.oversight.models import Check

    for place, check in enumerate(Check.objects.filter(result="").order_by("pk")):
        answers = {slug: Answer("yes") for slug in QUESTIONS}
        problem = ""
        if place == 0:
            answers["opened"] = Answer("no", "承办人调岗，没有交接")
            problem = "红牌期满后没有及时提出撤回，案卷中没有说明原因"
        office.attempt(
            "spot checks recorded",
            record_check,
            check=check,
            answers=answers,
            problem=problem,
            **office.act(officer, day),
        )


def show(office: Any, folder: Path) -> None:
    """Prints the outcomes of withdrawals and writes the workbooks of returns."""
    from qualwatch.archive.actions import content_of
    from qualwatch.cases.models import Withdrawal, WithdrawalList
    from qualwatch.cases.queries import outcomes_of
    from qualwatch.oversight.models import Return

    rows = list(Withdrawal.objects.select_related("batch"))
    by = Counter(withdrawal.outcome or "under way" for withdrawal in rows)
    routes = Counter(withdrawal.batch.route for withdrawal in rows)
    print(
        f"\nwithdrawals: {len(rows)} items on {WithdrawalList.objects.count()} lists "
        f"({', '.join(f'{route} {count}' for route, count in sorted(routes.items()))}): "
        f"{by['withdrawn']} withdrawn, {by['rectified']} rectified, {by['annulled']} annulled; "
        + ", ".join(
            f"{what} {count}"
            for what, count in sorted(by.items())
            if what not in ("withdrawn", "rectified", "annulled")
        )
    )
    sums = sum(sum(outcomes_of(batch).values()) for batch in WithdrawalList.objects.all())
    print(f"every list adds up: {sums} = {len(rows)}")
    books = folder / "returns"
    books.mkdir(parents=True)
    for quarterly_return in Return.objects.select_related("workbook").order_by("pk"):
        quarter = f"{quarterly_return.year}Q{quarterly_return.quarter}"
        name = f"{quarter} {quarterly_return.reporter} {quarterly_return.version}.xlsx"
        assert quarterly_return.workbook is not None  # selected with it
        (books / name).write_bytes(content_of(quarterly_return.workbook))
    print(f"returns, summaries and circulars (.docx in {folder / 'letters'}, .xlsx in {books}):")
    for line in office.issued:
        print(f"  {line}")


def print_summary(counts: Counter[str], start: date, until: date) -> None:
    """Prints the funnel and the history of one case."""
    from qualwatch.cases.models import Case
    from qualwatch.cases.queries import funnel, history_of

    totals = funnel(start, until)
    print(
        f"\nfrom {start} to {until}: {totals.yellow} yellow cards ({counts['relapses']} relapses), "
        f"{totals.recovered_in_yellow} rectified in yellow, {totals.red} red, "
        f"{totals.recovered_in_red} rectified in "
        f"red; open: {totals.open_yellow} yellow, {totals.open_red} red"
    )
    print("closed:", ", ".join(f"{code} {count}" for code, count in totals.closed.items()))
    print(
        "officers:",
        ", ".join(
            f"{what} {count}"
            for what, count in sorted(counts.items())
            if ":" in what or " " in what
        ),
    )
    case = max(
        Case.objects.filter(published_on__isnull=False, origin="system"),
        key=lambda case: (
            case.closed_because == "withdrawn",
            case.state == "closed",
            len(history_of(case)),
        ),
        default=None,
    )
    if case is None:
        return
    print(
        f"\nhistory of case {case.pk}: {case.enterprise}, {case.qualification}{case.sub_item} "
        f"{case.grade}"
    )
    for row in case.requirements.order_by("pk"):
        print(f"  {row.requirement}: warned {row.pushed_on}, period ends {row.ends_on}")
    for entry in history_of(case):
        on = entry.recorded_at.astimezone(moment(start, 0).tzinfo).date()
        moved = (
            f" {entry.details['from']} -> {entry.details['to']}"
            if {"from", "to"} <= entry.details.keys()
            else ""
        )
        print(
            f"  {on} {entry.what} by "
            f"{entry.by}{moved if isinstance(entry.details.get('from'), str) else ''}"
        )
    print(
        f"  red: published {case.published_on}, order served {case.order_served_on}, period ends "
        f"{case.red_ends_on}; "
        f"{case.state} {case.closed_because}"
    )
