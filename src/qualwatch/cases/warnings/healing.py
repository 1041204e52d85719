"""Whether what a dismissal or repair leaves in the registers keeps the next run from warning."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date

from django.db import transaction

from qualwatch.assessments.actions import assess
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext
from qualwatch.cases.models import Case
from qualwatch.cases.notices.texts import names
from qualwatch.cases.warnings.run_view import RunView
from qualwatch.procedure.periods import same_day_after_months
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _

# Verdicts that lead to no warning.
CLEARING_VERDICTS = ("met", "not-required", "advise", "manual")


class _RollBack(Exception):
    """Undoes what was only tried."""


@contextmanager
def tried() -> Iterator[None]:
    """What is put on record inside is rolled back at the end; refusals come through."""
    with suppress(_RollBack), transaction.atomic():
        yield
        raise _RollBack


def require_review_day(review_on: date, ctx: ActContext) -> None:
    """CannotStep unless the day lies after today and within policy `acceptance_max_months`."""
    months = ctx.law.policy_on(ctx.on)["acceptance_max_months"]
    latest = same_day_after_months(ctx.on, months)
    if not ctx.on < review_on <= latest:
        sentence = _("复核日要晚于今天，不晚于 {day}（最长 {months} 个月）")
        raise CannotStep(
            "register-effect", sentence.format(day=latest, months=months), about="review_on"
        )


def assess_again(credit_code: str, ctx: ActContext) -> None:
    """Assesses with what is on record now, as of the day of the newest run.

    CannotStep where that run is not recent.
    """
    newest = Run.objects.filter(state="released").order_by("-as_of").first()
    if newest is None or not ctx.is_fresh(newest.as_of):
        raise CannotStep("no-run", _("没有新近放行的核查，暂不能核实"))
    assess(
        as_of=newest.as_of,
        law=ctx.law,
        by=ctx.by,
        at=ctx.at,
        credit_codes=[credit_code],
        # one enterprise is no mass warning
        guarded=False,
    )


def require_cleared(case: Case, requirements: Iterable[str], ctx: ActContext) -> None:
    """CannotStep where the newest run finds a requirement short or cannot judge it."""
    view = RunView.of(RunView.newest_run(case.credit_code), ctx.law, [case], only_these=True)
    if view.end_of(case):
        return
    verdicts = view.verdicts_of(case)[0]
    uncleared = [
        requirement
        for requirement in requirements
        if verdicts.get(requirement, "cannot-say") not in CLEARING_VERDICTS
    ]
    if uncleared:
        sentence = _("更正之后核查仍不达标或无法判定：{what}；请改正更正的内容，或不予支持")
        raise CannotStep("still-short", sentence.format(what=names(uncleared)))
