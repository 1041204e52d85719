"""Policy: the choices that the notice leaves open, as dated values."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Literal, TypeVar

from pydantic import StrictBool

from qualwatch.law.model import Route, Sector, Text
from qualwatch.wording import gettext as _

T = TypeVar("T")
Counts = Literal["certain", "in-doubt", "never"]
InsuranceKind = Literal["pension", "medical", "unemployment", "work-injury", "maternity"]
Insurance = Literal[
    "unpaid", "paid-by-other", "paid-by-several", "no-data", "insurance-not-yet-due"
]


class DatedValue(Text, Generic[T]):
    """A value from a day on, its source and the reason for the choice."""

    value: T
    source: str
    because: str


class AgeRule(Text):
    """In doubt from the first birthday named, not counted from the second; null = no limit."""

    doubt_from: int | None
    ends_at: int | None


class Share(Text):
    """A share of rows that goes missing, and the fewest rows for which it matters."""

    share_percent: int
    rows: int


class MassShare(Text):
    """A share of enterprises, and the fewest enterprises for which it matters."""

    share_percent: int
    enterprises: int


class Article(Text):
    """An article of a document of law/texts/documents.yaml.

    lower_grade_window: it lets an enterprise apply for a lower grade after a withdrawal.
    """

    document: str
    article: str
    lower_grade_window: StrictBool = False


class DocumentBasis(Text):
    """What a kind of document rests on.

    management_rule: also the rule of each item's sector (`management_rule` of the policy).
    """

    articles: list[Article]
    management_rule: StrictBool = False


class SpotCheckText(Text):
    """How many items of each city are drawn, and what makes one of special interest."""

    per_city: int
    many_dismissals: int  # determinations dismissed by one city in a quarter
    relapses: int  # of one item
    follow_up_working_days: int


class PolicyValues(Text):
    """Every key of the policy. Units stand in the names."""

    province: dict[date, DatedValue[str]]
    sectors: dict[date, DatedValue[list[Sector]]]
    counting: dict[date, DatedValue[Literal["number-and-trade", "highest-any-trade"]]]
    lowest_grade_figure: dict[date, DatedValue[dict[Route, Literal["strong", "weak"]]]]
    age_construction: dict[date, DatedValue[dict[str, AgeRule]]]
    age_supervision: dict[date, DatedValue[dict[str, AgeRule]]]
    registration_ends_at_age: dict[date, DatedValue[dict[str, int]]]
    insurance_settlement_lag_months: dict[date, DatedValue[int]]
    insurance_window_months: dict[date, DatedValue[int]]
    insurance_kinds: dict[date, DatedValue[list[InsuranceKind]]]
    insurance_person_counts: dict[date, DatedValue[dict[Insurance, Counts]]]
    lawful_reasons: dict[date, DatedValue[dict[str, str]]]
    locked_person_counts: dict[date, DatedValue[Counts]]
    registered_at_two_enterprises_counts: dict[date, DatedValue[Counts]]
    one_person_for_both_head_counts: dict[date, DatedValue[Literal["allowed", "refused"]]]
    register_freshness_days: dict[date, DatedValue[int]]
    insurance_freshness_days: dict[date, DatedValue[int]]
    shrink_guard: dict[date, DatedValue[list[Share]]]
    mass_warning_guard: dict[date, DatedValue[MassShare]]
    late_closing_days: dict[date, DatedValue[int]]
    conflict_share: dict[date, DatedValue[Share]]
    cards_from_pushes: dict[date, DatedValue[Literal["at-days-close", "at-once"]]]
    yellow_period_months: dict[date, DatedValue[int]]
    acceptance_max_months: dict[date, DatedValue[int]]
    extension_max_months: dict[date, DatedValue[int]]
    reminder_days_before_end: dict[date, DatedValue[int]]
    patrol_gap_days: dict[date, DatedValue[int]]
    order_to_rectify: dict[date, DatedValue[Literal["with-red"]]]
    management_rule: dict[date, DatedValue[dict[Sector, Article]]]
    document_bases: dict[date, DatedValue[dict[str, DocumentBasis]]]
    red_period_months: dict[date, DatedValue[int]]
    first_application_stops: dict[date, DatedValue[list[Literal["determination", "decision"]]]]
    city_opinion_working_days: dict[date, DatedValue[int]]
    application_decision_working_days: dict[date, DatedValue[int]]
    statement_working_days: dict[date, DatedValue[int]]
    hearing_request_working_days: dict[date, DatedValue[int]]
    hearing_held_within_working_days: dict[date, DatedValue[int]]
    hearing_notice_working_days: dict[date, DatedValue[int]]
    public_display_working_days: dict[date, DatedValue[int]]
    bureau_start_working_days: dict[date, DatedValue[int]]
    take_down_working_days: dict[date, DatedValue[int]]
    quarterly_return_days: dict[date, DatedValue[int]]
    reporters: dict[date, DatedValue[list[str]]]
    spot_check: dict[date, DatedValue[SpotCheckText]]
    watch_after_clearing_months: dict[date, DatedValue[int]]
    public_retention_years: dict[date, DatedValue[int]]
    public_notice_service_days: dict[date, DatedValue[int]]
    service_proof_working_days: dict[date, DatedValue[int]]
    push_opening_working_days: dict[date, DatedValue[int]]
    authority_opening_working_days: dict[date, DatedValue[int]]
    service_task_working_days: dict[date, DatedValue[int]]
    order_service_working_days: dict[date, DatedValue[int]]
    service_escalation_working_days: dict[date, DatedValue[int]]
    platform_opening_proves: dict[date, DatedValue[list[str]]]
    lower_grade_window_months: dict[date, DatedValue[int]]
    reconsideration_days: dict[date, DatedValue[int]]
    litigation_months: dict[date, DatedValue[int]]
    forecast_horizon_days: dict[date, DatedValue[int]]
    public_funnel_begins_at: dict[date, DatedValue[Literal["red"]]]


class PolicyText(Text):
    """One policy file."""

    policy: str
    name: str
    basis: str
    in_force_from: date
    in_force_to: date | Literal["unknown"]
    values: PolicyValues


class NoPolicyYet(Exception):
    """The policy has no value for a key on that day."""


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """The policy's values on one day. `policy["yellow_period_months"]` is the plain value."""

    slug: str
    name: str
    on: date
    in_force_from: date
    values: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        """The value of a key on the day; NoPolicyYet before its first day."""
        if key not in self.values:
            raise NoPolicyYet(
                _("政策文件 {0} 中 {1} 在 {2} 尚无取值").format(self.slug, key, self.on)
            )
        return self.values[key]


def policy_on(text: PolicyText, day: date) -> Policy:
    """The policy's values that hold on `day`."""
    values = {}
    for key in PolicyValues.model_fields:
        begun = [start for start in getattr(text.values, key) if start <= day]
        if begun:
            values[key] = getattr(text.values, key)[max(begun)].value
    return Policy(text.policy, text.name, day, text.in_force_from, values)
