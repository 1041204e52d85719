"""What a red card forbids (notice 3): computed from open red cases, never stored as flags; every question is kept."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from django.db import transaction
from django.db.models import Q

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import jurisdiction
from qualwatch.cases.competence import may_see
from qualwatch.cases.models import Case, EligibilityRecord
from qualwatch.law.loader import Law
from qualwatch.publication.queries import Answer, is_fresh, standings_among
from qualwatch.registers.models import ProjectRow
from qualwatch.wording import gettext as _

Purpose = Literal["upgrade", "addition", "new-project", "award", "bid"]
PURPOSES = ("upgrade", "addition", "new-project", "award", "bid")
ITS_OWN = (
    "new-project",
    "bid",
)  # forbidden with the red item only; the rest with any item of the enterprise
CITATION = {
    "upgrade": "71号文 三（2）",
    "addition": "71号文 三（2）",
    "new-project": "71号文 三（3）",
    "bid": "71号文 三（3）",
    "award": "71号文 三（4）",
}


class CannotAsk(Exception):
    """The question lacks its item, or asks something unknown; the message says which."""


@dataclass(frozen=True, slots=True)
class EligibilityQuery:
    """A question: may this enterprise do this (with this item) today?"""

    credit_code: str
    purpose: str
    category: str = ""
    sub_item: str = ""


@dataclass(frozen=True, slots=True)
class EligibilityAnswer:
    """The answer, its reasons in words, and what it rests on."""

    answer: Literal["yes", "no", "cannot-say"]
    reasons: tuple[str, ...]
    citation: str


def check(*, asked: EligibilityQuery, by: str, on: date, at: datetime) -> EligibilityAnswer:
    """Answers and keeps the question."""
    return check_all(asked=[asked], by=by, on=on, at=at)[0]


@transaction.atomic
def check_all(
    *, asked: Sequence[EligibilityQuery], by: str, on: date, at: datetime
) -> list[EligibilityAnswer]:
    """Answers many questions as of one moment, and keeps them; all or none. CannotAsk names the first that is wrong."""
    for number, query in enumerate(asked, 1):
        where = _("第 {number} 问：").format(number=number) if len(asked) > 1 else ""
        if query.purpose not in PURPOSES:
            raise CannotAsk(
                where + _("没有这种事项；有 {purposes}").format(purposes="、".join(PURPOSES))
            )
        if query.purpose in ITS_OWN and not query.category:
            raise CannotAsk(where + _("请写明用哪项资质"))
    codes = {one.credit_code for one in asked}
    reds: dict[str, list[Case]] = defaultdict(list)
    for case in Case.objects.filter(credit_code__in=codes, state="red").order_by(
        "published_on", "pk"
    ):
        reds[case.credit_code].append(case)
    standings, fresh = standings_among(codes, on), is_fresh(on)
    said = [
        _answer(one, reds[one.credit_code], standings[one.credit_code], is_fresh=fresh)
        for one in asked
    ]
    EligibilityRecord.objects.bulk_create(
        [
            EligibilityRecord(
                asked_at=at,
                by=by,
                credit_code=one.credit_code,
                purpose=one.purpose,
                category=one.category,
                sub_item=one.sub_item,
                answer=answer.answer,
                reasons=list(answer.reasons),
            )
            for one, answer in zip(asked, said, strict=True)
        ],
        batch_size=500,
    )
    return said


def red_cases(credit_code: str) -> list[Case]:
    """Open red cases of an enterprise."""
    return list(
        Case.objects.filter(credit_code=credit_code, state="red").order_by("published_on", "pk")
    )


def key_supervision(
    *, on: date, law: Law, credit_codes: Iterable[str] | None = None
) -> list[ProjectRow]:
    """Running projects in the province of enterprises with a red card: the key-supervision list."""
    red = Case.objects.filter(state="red")
    if credit_codes is not None:
        red = red.filter(credit_code__in=list(credit_codes))
    running = ProjectRow._default_manager.filter(
        Q(completed_on=None) | Q(completed_on__gte=on),
        recorded_to=None,
        credit_code__in=red.values("credit_code"),
    )
    here = (
        Q(division_code=None)
        | Q(division_code="")
        | Q(division_code__startswith=law.policy_on(on)["province"])
    )
    return list(running.filter(here).order_by("credit_code", "project_code"))


def may_know_of(account: Account, case: Case, *, on: date, law: Law) -> bool:
    """As `may_see`; a red card (not its papers) also where the enterprise has a running project, to supervise it."""
    areas = jurisdiction(account).areas
    if case.state != "red" or not areas:
        return may_see(account, case)
    running = key_supervision(on=on, law=law, credit_codes=[case.credit_code])
    return may_see(account, case) or any(law.area_of(row.division_code) in areas for row in running)


def _answer(
    query: EligibilityQuery, reds: Sequence[Case], standings: Sequence[Answer], *, is_fresh: bool
) -> EligibilityAnswer:
    citation = CITATION[query.purpose]
    its_own = query.purpose in ITS_OWN
    for case in reds:
        if not its_own or (case.category, case.sub_item) == (query.category, query.sub_item):
            told = _("{item} 自 {day} 起红牌预警（{number}）").format(
                item=f"{case.qualification}{case.sub_item} {case.grade}",
                day=case.published_on,
                number=case.card_number,
            )
            return EligibilityAnswer("no", (told,), citation)
    if not is_fresh:
        return EligibilityAnswer("cannot-say", (_("登记数据过旧或当天没有核查"),), citation)
    known = [
        answer
        for answer in standings
        if not its_own or (answer.category, answer.sub_item) == (query.category, query.sub_item)
    ]
    if not known:
        return EligibilityAnswer("cannot-say", (_("登记里没有这家企业或这项资质"),), citation)
    if not any(answer.standing == "in-force" for answer in known):
        return EligibilityAnswer("no", (_("资质不在有效状态"),), citation)
    return EligibilityAnswer("yes", (), citation)
