"""The register of items as the public may read it: posted by the patrol every day."""

from datetime import date

from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.publication.actions import ItemKey, ItemNow, post_freshness, post_standings
from qualwatch.registers.facts import coverage_on, revision_at
from qualwatch.registers.models import EnterpriseRow, ItemRow

TABLES = ("enterprises", "items")
WITHDRAWN = "withdrawn"
IN_FORCE = "in-force"


def publish_register(*, on: date, law: Law) -> int:
    """Posts every item's standing and the registers' age; how many standings changed."""
    days = law.policy_on(on)["register_freshness_days"]
    loaded = {one.source: one.loaded_at for one in coverage_on(revision_at(None), on)}
    fresh = all((day := loaded[name]) is not None and (on - day).days <= days for name in TABLES)
    post_freshness(day=on, loaded=loaded, is_fresh=fresh)
    return post_standings(_items(on, law), on=on) if fresh else 0


def _items(on: date, law: Law) -> dict[ItemKey, ItemNow]:
    names = dict(EnterpriseRow._default_manager.filter(recorded_to=None).values_list("credit_code", "name"))
    found: dict[ItemKey, ItemNow] = {}
    rows = ItemRow._default_manager.filter(recorded_to=None).order_by("valid_from", "certificate_no", "pk")
    for code, category, sub_item, grade, state, from_on, valid_from, valid_to, filed, extended in rows.values_list(
        "credit_code", "category", "sub_item", "grade", "register_state", "register_state_from", "valid_from",
        "valid_to", "renewal_filed_on", "extended_without_check_until",
    ):  # fmt: skip
        if valid_from is not None and valid_from > on:
            continue
        text = law.categories.get(category)
        word, why = _word(state, from_on, max(filter(None, (valid_to, extended)), default=None), filed, valid_to, on)
        known = found.get((code, category, sub_item))
        if known is not None and known.standing == IN_FORCE and word != IN_FORCE:
            continue  # an older certificate's end says nothing while another is in force
        found[(code, category, sub_item)] = ItemNow(
            names.get(code, ""),
            text.name if text else category,
            GRADE_NAMES.get(grade, grade),
            word,
            why,
        )
    return found


def _word(
    state: str, from_on: date | None, ends_on: date | None, filed: date | None, valid_to: date | None, on: date
) -> tuple[str, str]:
    if state != IN_FORCE and (from_on is None or from_on <= on):
        return ("withdrawn", "") if state == WITHDRAWN else ("ended", state)
    in_time = filed is not None and valid_to is not None and filed <= valid_to  # 行政许可法 50: held to be renewed
    if ends_on is not None and ends_on < on and not in_time:
        return "ended", "expired"
    return IN_FORCE, ""
