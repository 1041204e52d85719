"""Restrictive measures (限制措施, notice 3): what a red card forbids.

They are computed from open red cases and never stored as flags. Every query is recorded.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
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

PURPOSES = ("upgrade", "addition", "new-project", "award", "bid")
# Purposes that only a red card of the same item forbids; a red card of any item of the enterprise
# forbids the others.
ITEM_PURPOSES = ("new-project", "bid")
CITATION = {
    "upgrade": "71号文 三（2）",
    "addition": "71号文 三（2）",
    "new-project": "71号文 三（3）",
    "bid": "71号文 三（3）",
    "award": "71号文 三（4）",
}


class InvalidQuery(Exception):
    """The query lacks its item, or its purpose is unknown; the message says which."""


@dataclass(frozen=True, slots=True)
class EligibilityQuery:
    """May this enterprise do this (with this item) today? purpose: one of PURPOSES."""

    credit_code: str
    purpose: str
    category: str = ""
    sub_item: str = ""

    @property
    def concerns_item(self) -> bool:
        """Whether only red cards of the named item count."""
        return self.purpose in ITEM_PURPOSES


@dataclass(frozen=True, slots=True)
class EligibilityAnswer:
    """The answer, its reasons as sentences, and the clause that it rests on."""

    answer: Literal["yes", "no", "cannot-say"]
    reasons: tuple[str, ...]
    citation: str


def check_eligibility(
    *, query: EligibilityQuery, by: str, on: date, at: datetime
) -> EligibilityAnswer:
    """Answers one query and records it; InvalidQuery."""
    return check_eligibility_of_all(queries=[query], by=by, on=on, at=at)[0]


@transaction.atomic
def check_eligibility_of_all(
    *, queries: Sequence[EligibilityQuery], by: str, on: date, at: datetime
) -> list[EligibilityAnswer]:
    """Answers all queries as of one moment and records them, or none.

    InvalidQuery names the first query that is wrong.
    """
    for number, query in enumerate(queries, 1):
        prefix = _("第 {number} 问：").format(number=number) if len(queries) > 1 else ""
        _check_query(query, prefix)
    codes = {query.credit_code for query in queries}
    red_cases: dict[str, list[Case]] = defaultdict(list)
    for case in Case.objects.filter(credit_code__in=codes, state="red").order_by(
        "published_on", "pk"
    ):
        red_cases[case.credit_code].append(case)
    standings = standings_among(codes, on)
    fresh = is_fresh(on)
    answers = [
        _answer(query, red_cases[query.credit_code], standings[query.credit_code], is_fresh=fresh)
        for query in queries
    ]
    records = [
        EligibilityRecord(
            asked_at=at,
            by=by,
            credit_code=query.credit_code,
            purpose=query.purpose,
            category=query.category,
            sub_item=query.sub_item,
            answer=answer.answer,
            reasons=list(answer.reasons),
        )
        for query, answer in zip(queries, answers, strict=True)
    ]
    EligibilityRecord.objects.bulk_create(records, batch_size=500)
    return answers


def _check_query(query: EligibilityQuery, prefix: str) -> None:
    """InvalidQuery, its message beginning with `prefix`."""
    if query.purpose not in PURPOSES:
        sentence = _("没有这种事项；有 {purposes}").format(purposes="、".join(PURPOSES))
        raise InvalidQuery(prefix + sentence)
    if query.concerns_item and not query.category:
        raise InvalidQuery(prefix + _("请写明用哪项资质"))


def key_supervision(
    *,
    on: date,
    law: Law,
    credit_codes: Iterable[str] | None = None,
    areas: Collection[str] | None = None,
) -> list[ProjectRow]:
    """The key-supervision list: running projects in the province of enterprises with a red card.

    Of some enterprises, or with their place in some areas (''= none of them), where given.
    """
    red_cases = Case.objects.filter(state="red")
    if credit_codes is not None:
        red_cases = red_cases.filter(credit_code__in=list(credit_codes))
    running = ProjectRow._default_manager.filter(
        Q(started_on=None) | Q(started_on__lte=on),
        Q(completed_on=None) | Q(completed_on__gte=on),
        recorded_to=None,
        credit_code__in=red_cases.values("credit_code"),
    )
    # A project without a place counts as one in the province.
    is_in_province = (
        Q(division_code=None)
        | Q(division_code="")
        | Q(division_code__startswith=law.policy_on(on)["province"])
    )
    projects = running.filter(is_in_province).order_by("credit_code", "project_code")
    if areas is None:
        return list(projects)
    return [project for project in projects if (law.area_of(project.division_code) or "") in areas]


def supervised_projects(
    account: Account, *, on: date, law: Law
) -> list[tuple[ProjectRow, list[Case]]]:
    """The key-supervision list in an account's area, each project with the enterprise's red cards.

    The whole list for an account of the province.
    """
    visible = jurisdiction(account)
    projects = key_supervision(
        on=on, law=law, areas=None if visible.everywhere else visible.areas - {""}
    )
    codes = {project.credit_code for project in projects}
    cards: dict[str, list[Case]] = defaultdict(list)
    for case in Case.objects.filter(credit_code__in=codes, state="red").order_by("pk"):
        cards[case.credit_code].append(case)
    return [(project, cards[project.credit_code]) for project in projects]


def may_see_for_supervision(account: Account, case: Case, *, on: date, law: Law) -> bool:
    """Whether an account may see a case, or a red card because of a running project in its area.

    The latter does not include the case's documents.
    """
    if may_see(account, case):
        return True
    areas = jurisdiction(account).areas
    if case.state != "red" or not areas:
        return False
    projects = key_supervision(on=on, law=law, credit_codes=[case.credit_code])
    return any(law.area_of(project.division_code) in areas for project in projects)


def _answer(
    query: EligibilityQuery,
    red_cases: Sequence[Case],
    standings: Sequence[Answer],
    *,
    is_fresh: bool,
) -> EligibilityAnswer:
    citation = CITATION[query.purpose]
    for case in red_cases:
        if _concerns(query, case):
            return EligibilityAnswer("no", (_red_card_sentence(case),), citation)
    if not is_fresh:
        return EligibilityAnswer("cannot-say", (_("登记数据过旧或当天没有核查"),), citation)
    relevant = [answer.standing for answer in standings if _concerns(query, answer)]
    if not relevant:
        return EligibilityAnswer("cannot-say", (_("登记里没有这家企业或这项资质"),), citation)
    if "in-force" not in relevant:
        return EligibilityAnswer("no", (_("资质不在有效状态"),), citation)
    return EligibilityAnswer("yes", (), citation)


def _concerns(query: EligibilityQuery, record: Case | Answer) -> bool:
    """Whether a red case or a standing of the enterprise counts for the query."""
    is_same_item = (record.category, record.sub_item) == (query.category, query.sub_item)
    return is_same_item or not query.concerns_item


def _red_card_sentence(case: Case) -> str:
    return _("{item} 自 {day} 起红牌预警（{number}）").format(
        item=f"{case.qualification}{case.sub_item} {case.grade}",
        day=case.published_on,
        number=case.card_number,
    )
