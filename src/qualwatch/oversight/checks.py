"""Spot checks (notice 4(3)): drawn at random from a recorded seed or targeted; sheets,
follow-up.
"""

import hashlib
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import organisation
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.competence import (
    PROVINCE,
    NotCompetent,
    competent_for,
    require_housing_authority,
)
from qualwatch.cases.deadline_columns import FOLLOW_UP
from qualwatch.cases.documents.issuing import issue
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.documents.service import serve_on_authority
from qualwatch.cases.documents.wording import sentence
from qualwatch.cases.models import Case, Determination, Document, Service, Withdrawal
from qualwatch.cases.notices.texts import name_of
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.oversight.figures import not_opened, outcome_text
from qualwatch.oversight.models import Check, Draw
from qualwatch.oversight.quarters import Quarter
from qualwatch.oversight.returns import reporters
from qualwatch.procedure.periods import Period
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # sheets are Chinese

RANDOM = "random"
TARGETED = "targeted"
Chosen = tuple[str, int, str]  # city, number of the case, reason
WHY: Mapping[str, str] = {
    "random": _n("随机抽取"),
    "late-start": _n("逾期启动"),
    "not-opened": _n("红牌期满未提出撤回"),
    "many-dismissals": _n("不予认定较多"),
    "relapses": _n("反复复发"),
}
QUESTIONS: Mapping[str, str] = {
    "opened": _n("红牌期满后是否及时提出撤回"),
    "started": _n("许可机关是否按期启动"),
    "notified": _n("拟撤回告知是否送达"),
    "heard": _n("陈述申辩、听证意见是否逐条答复"),
    "displayed": _n("是否公示满期"),
    "reviewed": _n("决定前是否复核、法制审核"),
    "served": _n("决定是否送达"),
    "reported": _n("结果是否函告、数据是否与案卷一致"),
}
ANSWERS: Mapping[str, str] = {"yes": _n("是"), "no": _n("否"), "not-yet": _n("尚未到该步骤")}
RESULTS: Mapping[str, str] = {"in-order": _n("未发现问题"), "fault": _n("发现问题")}
NO_VALUE = _n("无记录")
NO_REMARK = _n("无")
NO_DAY = _n("（未定）")
NOT_YET = _n("尚未")


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of a sheet: `answer` is one of ANSWERS."""

    answer: str
    remark: str = ""


@transaction.atomic
def draw_randomly(*, quarter: Quarter, by: Account, law: Law, at: datetime, seed: str = "") -> Draw:
    """Draws as many of each city's items of a quarter as the policy says.

    The seed is given or generated, and recorded, so that the draw can be repeated.
    """
    ctx = _act(by, law, at, "propose")
    policy = law.policy_on(ctx.on)["spot_check"]
    if Draw.objects.filter(kind=RANDOM, year=quarter.year, quarter=quarter.number).exists():
        raise CannotStep("draw", _("这个季度已经随机抽取过"))
    population = _population(quarter, law)
    if not population:
        raise CannotStep("draw", _("这个季度没有可以抽查的资质"))
    draw = Draw.objects.create(
        kind=RANDOM,
        year=quarter.year,
        quarter=quarter.number,
        # a seed that nobody can foresee, unless one is given
        seed=seed.strip() or secrets.token_hex(16),
        per_city=policy.per_city,
        population=population,
        drawn_on=ctx.on,
        drawn_by=by.username,
    )
    chosen = [
        (city, number, RANDOM) for city, numbers in draw_again(draw).items() for number in numbers
    ]
    _open_checks(draw, chosen, ctx)
    return draw


def draw_again(draw: Draw) -> dict[str, list[int]]:
    """The random draw from what is recorded: by city the numbers with the lowest SHA-256 of
    `seed/number`.
    """

    def rank(number: int) -> str:
        # anybody can repeat this with a tool of his own
        return hashlib.sha256(f"{draw.seed}/{number}".encode()).hexdigest()

    return {
        city: sorted(numbers, key=rank)[: draw.per_city]
        for city, numbers in draw.population.items()
    }


@transaction.atomic
def draw_targeted(*, quarter: Quarter, by: Account, law: Law, at: datetime) -> Draw:
    """Chooses items with late starts, dismissals, relapses, or red cards without a withdrawal."""
    ctx = _act(by, law, at, "propose")
    chosen = list(_standing_out(quarter, law, ctx))
    if not chosen:
        raise CannotStep("draw", _("这个季度没有需要重点检查的资质"))
    population: dict[str, list[int]] = defaultdict(list)
    for city, number, _why in chosen:
        population[city].append(number)
    draw = Draw.objects.create(
        kind=TARGETED,
        year=quarter.year,
        quarter=quarter.number,
        population=population,
        drawn_on=ctx.on,
        drawn_by=by.username,
    )
    _open_checks(draw, chosen, ctx)
    return draw


@transaction.atomic
def record_check(
    *,
    check: Check,
    answers: Mapping[str, Answer],
    problem: str,
    by: Account,
    law: Law,
    at: datetime,
) -> Check:
    """Records a sheet: each question's answer beside what the records say.

    An answer `no` is a fault: it needs the problem in words, and gets a day for the follow-up.
    """
    ctx = _act(by, law, at, "propose")
    spot_check = Check.objects.select_for_update().select_related("case", "draw").get(pk=check.pk)
    if spot_check.result:
        raise CannotStep("check", _("这项抽查已有结论"))
    codes = [answer.answer for answer in answers.values()]
    if set(answers) != set(QUESTIONS) or not set(codes) <= set(ANSWERS):
        raise CannotStep("check", _("每一项都要回答：是、否、尚未到该步骤"))
    is_fault = "no" in codes
    if is_fault and not problem.strip():
        raise CannotStep("because", _("请写明发现的问题"))
    spot_check.sheet = _sheet_lines(spot_check.case, answers)
    spot_check.result = "fault" if is_fault else "in-order"
    spot_check.problem = problem
    spot_check.checked_on = ctx.on
    spot_check.checked_by = by.username
    if is_fault:
        days = Period(law.policy_on(ctx.on)["spot_check"].follow_up_working_days, "working-days")
        FOLLOW_UP.write(spot_check, days.from_day(ctx.on, law.calendar))
    spot_check.document = _issue_sheet(spot_check, ctx)
    spot_check.save()
    details = {"result": spot_check.result, "document": spot_check.document.number}
    _write_entry(spot_check, "spot-checked", ctx, details)
    return spot_check


def _sheet_lines(case: Case, answers: Mapping[str, Answer]) -> list[dict[str, str]]:
    records = record_texts(case)
    return [
        {
            "question": slug,
            "record": records[slug],
            "answer": answers[slug].answer,
            "remark": answers[slug].remark,
        }
        for slug in QUESTIONS
    ]


@transaction.atomic
def follow_up(*, check: Check, text: str, by: Account, law: Law, at: datetime) -> Check:
    """Records what the authority did about a fault, as the province accepts it."""
    ctx = _act(by, law, at, "propose")
    spot_check = Check.objects.select_for_update().select_related("case").get(pk=check.pk)
    if spot_check.result != "fault" or spot_check.followed_up_on is not None:
        raise CannotStep("check", _("没有等待整改的问题"))
    if not text.strip():
        raise CannotStep("because", _("请写明整改情况"))
    spot_check.followed_up_on = ctx.on
    spot_check.followed_up = text
    spot_check.save()
    _write_entry(spot_check, "spot-check-followed-up", ctx, {"text": text})
    return spot_check


def open_faults(city: str = "") -> list[Check]:
    """Faults without a follow-up, of one city or of all, the earliest due day first."""
    spot_checks = Check.objects.filter(result="fault", followed_up_on=None)
    if city:
        spot_checks = spot_checks.filter(city=city)
    return list(spot_checks.order_by("follow_up_due_on", "pk"))


def record_texts(case: Case) -> dict[str, str]:
    """The records about an item that concern each question."""
    withdrawals = Withdrawal.objects.filter(
        credit_code=case.credit_code, category=case.category or "", sub_item=case.sub_item or ""
    )
    row = withdrawals.select_related("batch").order_by("-pk").first()
    if row is None:
        opened = NO_VALUE
        if case.red_ends_on:
            opened = _n("红牌期至{ends}，未提出撤回").format(ends=day(case.red_ends_on))
        return dict.fromkeys(QUESTIONS, NO_VALUE) | {"opened": opened}
    records = _texts_of_withdrawal(case, row)
    return {slug: records[slug] or NO_VALUE for slug in QUESTIONS}


def _texts_of_withdrawal(case: Case, row: Withdrawal) -> dict[str, str]:
    served = Service.objects.filter(document__withdrawal=row, proved_on__isnull=False)
    decision = served.filter(document__kind="withdrawal-decision").first()
    submissions = row.submissions.count()
    answered = row.submissions.exclude(answered_on=None).count()
    opened = _n("红牌期至{ends}，{day}提出撤回")
    started = _n("应于{due}前启动，{day}启动")
    return {
        "opened": opened.format(ends=day(case.red_ends_on), day=day(row.opened_on)),
        "started": started.format(
            due=day(row.batch.start_due_on) or NO_DAY, day=day(row.started_on) or NOT_YET
        ),
        "notified": day(row.notice_served_on),
        "displayed": _between(day(row.displayed_on), day(row.display_until)),
        "heard": _n("{all} 条，已答复 {count} 条").format(all=submissions, count=answered),
        "reviewed": _joined(day(row.rechecked_on), day(row.reviewed_on)),
        "served": day(decision.proved_on) if decision else "",
        "reported": _joined(outcome_text(row.outcome), day(row.batch.reported_on)),
    }


def _between(first: str, last: str) -> str:
    return f"{first}至{last}" if first else ""


def _joined(*parts: str) -> str:
    return "；".join(part for part in parts if part)


def _population(quarter: Quarter, law: Law) -> dict[str, list[int]]:
    """By reporter the red cards with a withdrawal under way in the quarter, or without one that was
    due.
    """
    cities = set(reporters(quarter, law))
    numbers_of: dict[str, set[int]] = defaultdict(set)
    rows = Withdrawal.objects.filter(opened_on__lte=quarter.end).select_related("batch")
    for row in rows:
        ended_on = row.decided_on or row.ended_on
        if ended_on is None or ended_on >= quarter.start:
            numbers_of[row.batch.housing].add(row.case_id)
    for case in not_opened(quarter.end):
        numbers_of[competent_for(case)].add(case.pk)
    return {city: sorted(numbers) for city, numbers in sorted(numbers_of.items()) if city in cities}


def _standing_out(quarter: Quarter, law: Law, ctx: ActContext) -> Iterator[Chosen]:
    """The cases to check, each once, with the first reason that applies."""
    policy = law.policy_on(ctx.on)["spot_check"]
    chosen_numbers = set()
    for city, number, why in (
        *_late(quarter, ctx),
        *_dismissed(quarter, policy.many_dismissals),
        *_relapsed(quarter, policy.relapses),
    ):
        if number not in chosen_numbers:
            chosen_numbers.add(number)
            yield city, number, why


def _late(quarter: Quarter, ctx: ActContext) -> Iterator[Chosen]:
    rows = Withdrawal.objects.filter(
        batch__start_due_on__gte=quarter.start,
        batch__start_due_on__lte=quarter.end,
        batch__is_start_due_provisional=False,
    )
    for row in rows.select_related("batch").order_by("pk"):
        due = row.batch.start_due_on
        if due is not None and (row.started_on or row.ended_on or ctx.on) > due:
            yield row.batch.housing, row.case_id, "late-start"
    for case in not_opened(min(quarter.end, ctx.on)):
        yield competent_for(case), case.pk, "not-opened"


def _dismissed(quarter: Quarter, many: int) -> Iterator[Chosen]:
    rows = (
        Determination.objects.filter(state="signed", outcome="dismissed")
        .select_related("case")
        .order_by("pk")
    )
    numbers_of: dict[str, list[int]] = defaultdict(list)
    for determination in rows:
        on = ActContext.day_of(determination.decided_at) if determination.decided_at else None
        if on is not None and quarter.start <= on <= quarter.end:
            numbers_of[competent_for(determination.case)].append(determination.case_id)
    for city, numbers in sorted(numbers_of.items()):
        if len(numbers) >= many:
            yield from ((city, number, "many-dismissals") for number in numbers)


def _relapsed(quarter: Quarter, many: int) -> Iterator[Chosen]:
    marked = Case.objects.exclude(relapse_of=None).filter(
        category__isnull=False, opened_on__lte=quarter.end
    )
    rows = list(marked.order_by("pk"))
    counts = Counter(_item_and_ground(case) for case in rows)
    for case in rows:
        if counts[_item_and_ground(case)] >= many and case.opened_on >= quarter.start:
            yield competent_for(case), case.pk, "relapses"


def _item_and_ground(case: Case) -> tuple[str, str | None, str | None, str]:
    return case.credit_code, case.category, case.sub_item, case.ground


def _open_checks(draw: Draw, chosen: Iterable[Chosen], ctx: ActContext) -> None:
    rows = [Check(draw=draw, case_id=number, city=city, why=why) for city, number, why in chosen]
    Check.objects.bulk_create(rows)
    details = {
        "draw": draw.pk,
        "kind": draw.kind,
        "seed": draw.seed,
        "population": draw.population,
        "chosen": [[spot_check.city, spot_check.case_id, spot_check.why] for spot_check in rows],
    }
    ctx.entries.append(
        NewEntry("organisation/province", "spot-check-drawn", after=details, details=details)
    )
    write_journal(ctx)


def _issue_sheet(spot_check: Check, ctx: ActContext) -> Document:
    case = spot_check.case
    city = organisation(spot_check.city).name
    values = {
        "enterprise": case.enterprise,
        "credit_code": case.credit_code,
        "item": name_of(case),
        "authority": city,
        "why": WHY[spot_check.why],
        "result": RESULTS[spot_check.result],
        "found": sentence(spot_check.problem),
        "follow_up_due_on": day(spot_check.follow_up_due_on),
        "sheet": [
            {
                "question": QUESTIONS[line["question"]],
                "record": line["record"],
                "answer": ANSWERS[line["answer"]],
                "remark": line["remark"] or NO_REMARK,
            }
            for line in spot_check.sheet
        ],
    }
    document = issue("check-sheet", ctx, values=values, addressee=city)
    serve_on_authority(document, spot_check.city, ctx)
    return document


def _write_entry(spot_check: Check, what: str, ctx: ActContext, details: Mapping[str, Any]) -> None:
    about = {"check": spot_check.pk, "city": spot_check.city, **details}
    entry = NewEntry(spot_check.case.stream, what, basis=spot_check.problem, details=about)
    ctx.entries.append(entry)
    write_journal(ctx)


def _act(by: Account, law: Law, at: datetime, capability: str) -> ActContext:
    if require_housing_authority(by, capability) != PROVINCE:
        raise NotCompetent(_("只有省厅抽查、通报"))
    return ActContext(law, at, by.username, PROVINCE)
