"""Spot checks (notice 4(3)): drawn by lot from a recorded seed, or chosen for what stands out; sheets, follow-up."""

import hashlib
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import organisation
from qualwatch.cases.competence import PROVINCE, NotCompetent, check_role, competent_for
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.documents.issuing import issue
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.documents.service import serve_on_authority
from qualwatch.cases.models import Case, Determination, Document, Service, Withdrawal
from qualwatch.cases.notices.texts import name_of
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.oversight.figures import not_opened, outcome_in_words
from qualwatch.oversight.models import Check, Draw
from qualwatch.oversight.quarters import Quarter
from qualwatch.oversight.returns import reporters
from qualwatch.procedure.periods import Period
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # sheets are Chinese

RANDOM, TARGETED = "random", "targeted"
WHY: Mapping[str, str] = {
    "random": _n("随机抽取"),
    "late-start": _n("逾期启动"),
    "not-opened": _n("红牌期满未启动"),
    "many-dismissals": _n("不予认定较多"),
    "relapses": _n("反复复发"),
}
QUESTIONS: Mapping[str, str] = {
    "opened": _n("红牌期满后是否及时启动"),
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
NONE = _n("无记录")


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of a sheet: `answer` is one of ANSWERS."""

    answer: str
    remark: str = ""


@transaction.atomic
def draw_randomly(*, quarter: Quarter, by: Account, law: Law, at: datetime, seed: str = "") -> Draw:
    """So many of each city's items of a quarter as the policy says, by lot; the seed is told, or made and recorded."""
    ctx = _province(by, law, at, "propose")
    told = law.policy_on(ctx.on)["spot_check"]
    if Draw.objects.filter(kind=RANDOM, year=quarter.year, quarter=quarter.number).exists():
        raise CannotStep("draw", _("这个季度已经随机抽取过"))
    population = {
        city: sorted(numbers) for city, numbers in sorted(_population(quarter, law).items())
    }
    if not population:
        raise CannotStep("draw", _("这个季度没有可以抽查的资质"))
    draw = Draw.objects.create(
        kind=RANDOM,
        year=quarter.year,
        quarter=quarter.number,
        seed=seed.strip() or secrets.token_hex(16),
        per_city=told.per_city,
        population=population,
        drawn_on=ctx.on,
        drawn_by=by.username,
    )
    _checks(
        draw,
        [(city, number, RANDOM) for city, numbers in drawn(draw).items() for number in numbers],
        ctx,
    )
    return draw


def drawn(draw: Draw) -> dict[str, list[int]]:
    """The lot again, from what is recorded: of each city those whose SHA-256 of `seed/number` come first."""
    return {
        city: sorted(
            numbers, key=lambda one: hashlib.sha256(f"{draw.seed}/{one}".encode()).hexdigest()
        )[: draw.per_city]
        for city, numbers in draw.population.items()
    }


@transaction.atomic
def choose(*, quarter: Quarter, by: Account, law: Law, at: datetime) -> Draw:
    """What stands out in a quarter: late starts, red cards not followed, many dismissals, repeated relapses."""
    ctx = _province(by, law, at, "propose")
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
    _checks(draw, chosen, ctx)
    return draw


@transaction.atomic
def record_check(
    *, check: Check, answers: Mapping[str, Answer], found: str, by: Account, law: Law, at: datetime
) -> Check:
    """The sheet filled in, each question answered beside what the records say; a fault has to be followed up."""
    ctx = _province(by, law, at, "propose")
    spot_check = Check.objects.select_for_update().select_related("case", "draw").get(pk=check.pk)
    if spot_check.result:
        raise CannotStep("check", _("这项抽查已有结论"))
    if set(answers) != set(QUESTIONS) or any(
        answer.answer not in ANSWERS for answer in answers.values()
    ):
        raise CannotStep("check", _("每一项都要回答：是、否、尚未到该步骤"))
    records = on_record(spot_check.case)
    spot_check.sheet = [
        {
            "question": slug,
            "record": records[slug],
            "answer": answers[slug].answer,
            "remark": answers[slug].remark,
        }
        for slug in QUESTIONS
    ]
    spot_check.result = (
        "fault" if any(answer.answer == "no" for answer in answers.values()) else "in-order"
    )
    if spot_check.result == "fault" and not found.strip():
        raise CannotStep("because", _("请写明发现的问题"))
    spot_check.found, spot_check.checked_on, spot_check.checked_by = found, ctx.on, by.username
    if spot_check.result == "fault":
        days = Period(law.policy_on(ctx.on)["spot_check"].follow_up_working_days, "working-days")
        spot_check.follow_up_due_on = days.from_day(ctx.on, law.calendar).ends_on
    spot_check.document = _sheet(spot_check, ctx)
    spot_check.save()
    _told(
        spot_check,
        "spot-checked",
        ctx,
        result=spot_check.result,
        document=spot_check.document.number,
    )
    return spot_check


@transaction.atomic
def follow_up(*, check: Check, text: str, by: Account, law: Law, at: datetime) -> Check:
    """What the authority has done about a fault, as the province accepts it."""
    ctx = _province(by, law, at, "propose")
    spot_check = Check.objects.select_for_update().select_related("case").get(pk=check.pk)
    if spot_check.result != "fault" or spot_check.followed_up_on is not None:
        raise CannotStep("check", _("没有等待整改的问题"))
    if not text.strip():
        raise CannotStep("because", _("请写明整改情况"))
    spot_check.followed_up_on, spot_check.followed_up = ctx.on, text
    spot_check.save()
    _told(spot_check, "spot-check-followed-up", ctx, text=text)
    return spot_check


def to_follow_up(on_city: str = "") -> list[Check]:
    """Faults that wait, earliest day first."""
    spot_checks = Check.objects.filter(result="fault", followed_up_on=None)
    return list(
        (spot_checks.filter(city=on_city) if on_city else spot_checks).order_by(
            "follow_up_due_on", "pk"
        )
    )


def on_record(case: Case) -> dict[str, str]:
    """What the system knows of each question about an item."""
    row = (
        Withdrawal.objects.filter(
            credit_code=case.credit_code, category=case.category or "", sub_item=case.sub_item or ""
        )
        .select_related("batch")
        .order_by("-pk")
        .first()
    )
    if row is None:
        ends = (
            _n("红牌期至 {ends}，未启动").format(ends=day(case.red_ends_on))
            if case.red_ends_on
            else NONE
        )
        return dict.fromkeys(QUESTIONS, NONE) | {"opened": ends}
    served = Service.objects.filter(document__withdrawal=row, proved_on__isnull=False)
    decision = served.filter(document__kind="withdrawal-decision").first()
    answered = row.points.exclude(answered_on=None).count()
    told = {
        "opened": _n("红牌期至 {ends}，{day} 启动").format(
            ends=day(case.red_ends_on), day=day(row.opened_on)
        ),
        "started": _n("应于 {due} 前，{day}").format(
            due=day(row.batch.start_due_on) or NONE, day=day(row.started_on) or NONE
        ),
        "notified": day(row.notice_served_on),
        "displayed": f"{day(row.displayed_on)}—{day(row.display_until)}",
        "heard": _n("{all} 条，已答复 {count} 条").format(all=row.points.count(), count=answered),
        "reviewed": "；".join(filter(None, (day(row.rechecked_on), day(row.reviewed_on)))),
        "served": day(decision.proved_on) if decision else "",
        "reported": "；".join(
            filter(None, (outcome_in_words(row.outcome), day(row.batch.reported_on)))
        ),
    }
    return {slug: told[slug].strip("—") or NONE for slug in QUESTIONS}


def _population(quarter: Quarter, law: Law) -> dict[str, list[int]]:
    """Of each reporter the red cards that a withdrawal was under way for, or should have been, in a quarter."""
    known = set(reporters(quarter, law))
    found: dict[str, set[int]] = defaultdict(set)
    rows = Withdrawal.objects.filter(opened_on__lte=quarter.end).select_related("batch")
    for row in rows:
        ended = row.decided_on or row.ended_on
        if row.batch.housing in known and (ended is None or ended >= quarter.start):
            found[row.batch.housing].add(row.case_id)
    for case in not_opened(quarter.end):
        if competent_for(case) in known:
            found[competent_for(case)].add(case.pk)
    return {city: sorted(numbers) for city, numbers in found.items()}


def _standing_out(quarter: Quarter, law: Law, ctx: ActContext) -> Iterable[tuple[str, int, str]]:
    """City, case, why; each case once, for the first thing that it stands out by."""
    told, seen = law.policy_on(ctx.on)["spot_check"], set()
    for city, number, why in (
        *_late(quarter, ctx),
        *_dismissed(quarter, told.many_dismissals),
        *_relapsed(quarter, told.relapses),
    ):
        if number not in seen:
            seen.add(number)
            yield city, number, why


def _late(quarter: Quarter, ctx: ActContext) -> Iterable[tuple[str, int, str]]:
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


def _dismissed(quarter: Quarter, many: int) -> Iterable[tuple[str, int, str]]:
    rows = (
        Determination.objects.filter(state="signed", outcome="dismissed")
        .select_related("case")
        .order_by("pk")
    )
    theirs: dict[str, list[int]] = defaultdict(list)
    for determination in rows:
        on = ActContext.day_of(determination.decided_at) if determination.decided_at else None
        if on is not None and quarter.start <= on <= quarter.end:
            theirs[competent_for(determination.case)].append(determination.case_id)
    for city, numbers in sorted(theirs.items()):
        if len(numbers) >= many:
            yield from ((city, number, "many-dismissals") for number in numbers)


def _relapsed(quarter: Quarter, many: int) -> Iterable[tuple[str, int, str]]:
    marked = Case.objects.exclude(relapse_of=None).filter(
        category__isnull=False, opened_on__lte=quarter.end
    )
    rows = list(marked.order_by("pk"))
    counts = Counter((one.credit_code, one.category, one.sub_item, one.ground) for one in rows)
    for case in rows:
        again = counts[(case.credit_code, case.category, case.sub_item, case.ground)] >= many
        if again and case.opened_on >= quarter.start:
            yield competent_for(case), case.pk, "relapses"


def _checks(draw: Draw, chosen: Iterable[tuple[str, int, str]], ctx: ActContext) -> None:
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


def _sheet(spot_check: Check, ctx: ActContext) -> Document:
    case = spot_check.case
    told = {
        "enterprise": case.enterprise,
        "credit_code": case.credit_code,
        "item": name_of(case),
        "authority": organisation(spot_check.city).name,
        "why": WHY[spot_check.why],
        "result": RESULTS[spot_check.result],
        "found": spot_check.found,
        "follow_up_due_on": day(spot_check.follow_up_due_on),
        "sheet": [
            {
                "question": QUESTIONS[line["question"]],
                "record": line["record"],
                "answer": ANSWERS[line["answer"]],
                "remark": line["remark"] or "—",
            }
            for line in spot_check.sheet
        ],
    }
    document = issue("check-sheet", ctx, told=told, addressee=organisation(spot_check.city).name)
    serve_on_authority(document, spot_check.city, ctx)
    return document


def _told(spot_check: Check, what: str, ctx: ActContext, **details: Any) -> None:
    told = {"check": spot_check.pk, "city": spot_check.city, **details}
    ctx.entries.append(NewEntry(spot_check.case.stream, what, basis=spot_check.found, details=told))
    write_journal(ctx)


def _province(by: Account, law: Law, at: datetime, capability: str) -> ActContext:
    if check_role(by, capability) != PROVINCE:
        raise NotCompetent(_("只有省厅抽查、通报"))
    return ActContext(law, at, by.username, PROVINCE)
