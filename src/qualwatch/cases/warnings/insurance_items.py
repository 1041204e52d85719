"""The items of an enterprise that fail without the people whose insurance is abnormal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qualwatch.assessments.models import AnomalyRow
from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import PROVINCE, competent_for
from qualwatch.cases.models import Case
from qualwatch.cases.notices.texts import name_of
from qualwatch.cases.warnings.run_view import INSURANCE, RunView
from qualwatch.evaluation import reference
from qualwatch.evaluation.whatif import without_people
from qualwatch.procedure.transitions import CannotStep
from qualwatch.registers.facts import facts_on
from qualwatch.wording import gettext as _

ItemKey = tuple[str, str]  # category, sub-item


@dataclass(frozen=True, slots=True)
class ItemWithoutPeople:
    """An item as it is judged without these people.

    verdict: `short` where any requirement is, else `cannot-say` where any is, else `met`.
    card: the red card that a determination would open, not saved.
    """

    verdict: str
    card: Case


def items_without_abnormal_people(view: RunView, case: Case) -> dict[ItemKey, ItemWithoutPeople]:
    """Every item of the enterprise, judged on the run's day without these people."""
    code = case.credit_code
    run = view.run
    facts = facts_on(run.as_of, run.revision_id, [code])
    rows = AnomalyRow._default_manager.filter(recorded_to=None, credit_code=code)
    people = [f"P{person}" for person in rows.values_list("person_id", flat=True)]
    policy = view.law.policy_on(run.as_of)
    result = reference.judge(view.law, policy, without_people(facts, people), code, run.as_of)
    verdicts: dict[ItemKey, set[str]] = {}
    for finding in result.findings:
        verdicts.setdefault((finding.category, finding.sub_item), set()).add(finding.verdict)
    return {
        key: ItemWithoutPeople(_worst(found), view.case_of_item((code, *key)))
        for key, found in sorted(verdicts.items())
    }


def _worst(verdicts: Iterable[str]) -> str:
    for verdict in ("short", "cannot-say"):
        if verdict in verdicts:
            return verdict
    return "met"


def require_failing(
    items: Iterable[ItemKey],
    judged: Mapping[ItemKey, ItemWithoutPeople],
    rechecks: Mapping[ItemKey, str],
    ctx: ActContext,
) -> None:
    """CannotStep where an item may not be red for insurance, or not by this authority.

    It must be short without these people, or undecided with an officer's recheck that says why.
    """
    for key in items:
        item = judged.get(key)
        if item is None or not item.card.grade:
            slug = " ".join(filter(None, key))
            raise CannotStep("items", _("登记里没有这项有效资质：{item}").format(item=slug))
        name = name_of(item.card)
        if ctx.authority not in (competent_for(item.card), PROVINCE):
            raise CannotStep("items", _("{item} 由别的主管部门认定").format(item=name))
        if item.verdict == "met":
            sentence = _("除去社保异常的人员，{item} 仍然达标，不能认定不达标")
            raise CannotStep("items", sentence.format(item=name))
        if item.verdict == "cannot-say" and not rechecks.get(key, "").strip():
            sentence = _("除去社保异常的人员，{item} 无法判定：请写明复查所见和理由")
            raise CannotStep("items", sentence.format(item=name))


def undecided_items(
    judged: Mapping[ItemKey, ItemWithoutPeople], decided: Iterable[ItemKey], case: Case
) -> list[Case]:
    """The items that are short without these people and nobody has decided on, as cards."""
    decided_keys = set(decided) | set(
        Case.objects.filter(credit_code=case.credit_code, ground=INSURANCE, state="red")
        .exclude(category=None)
        .values_list("category", "sub_item")
    )
    return [
        item.card
        for key, item in judged.items()
        if item.verdict == "short" and key not in decided_keys and item.card.grade
    ]
