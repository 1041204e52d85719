"""What an upheld application puts on record: corrections of the registers, or accepted findings; and the rerun."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from qualwatch.assessments.actions import assess
from qualwatch.assessments.models import Run
from qualwatch.cases.course import Doing
from qualwatch.cases.models import Application, Case
from qualwatch.cases.seen import Seen
from qualwatch.cases.words import names
from qualwatch.procedure.transitions import CannotStep
from qualwatch.registers.acceptances import Requirement, accept_finding
from qualwatch.registers.corrections import correct
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # documents are Chinese

CORRECTION, ACCEPTED, OFFICER = "correction", "accepted-finding", "supervision-finding"


@dataclass(frozen=True, slots=True)
class Correcting:
    """One field of one register row set right (registers.corrections), or with WHOLE a row that the source lacks."""

    table: str
    key: Mapping[str, Any]
    field: str
    value: Any
    document: str


@dataclass(frozen=True, slots=True)
class Repairs:
    """`corrections` for data that are wrong; else the findings are accepted. Both hold until `review_on`."""

    review_on: date
    corrections: Sequence[Correcting] = ()


@dataclass(slots=True)
class Repaired:
    """What was put on record: kind and number of each, lines for the decision, what the course is told."""

    put: list[list[Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    leaves: str = ""


def repair(found: Application, repairs: Repairs, doing: Doing, because: str) -> Repaired:
    """Puts it on record and assesses the enterprise again. CannotStep where it would be warned again next morning."""
    done, case = Repaired(), found.case
    if found.cause == "data-wrong" and not repairs.corrections:
        raise CannotStep("leaves-something", _("信息有误的要写明更正哪些登记"))
    for one in repairs.corrections:
        made = correct(
            table=one.table, key=one.key, field=one.field, value=one.value, because=because, document=one.document,
            review_on=repairs.review_on, by=doing.by, at=doing.at,
        )  # fmt: skip
        done.put.append([CORRECTION, made.pk])
        done.leaves = CORRECTION
    if done.put:
        done.lines.append(_n("更正登记 {count} 处。").format(count=len(done.put)))
    if case is None:
        return done
    if found.cause == "assessment-wrong" and not done.put:
        _accept(found, case, repairs, doing, because, done)
    seen = _again(case, doing)
    still = [
        name for name, verdict in seen.verdicts_of(case)[0].items()
        if name in found.requirements and verdict == "short" and case.origin != "officer"
    ]  # fmt: skip
    if still:
        raise CannotStep(
            "still-short", _("更正之后核查仍不达标：{what}；请改正更正的内容，或不予支持").format(what=names(still))
        )
    return done


def _accept(found: Application, case: Case, repairs: Repairs, doing: Doing, because: str, done: Repaired) -> None:
    """The finding stands corrected at what is held today."""
    if case.origin == "officer":
        done.put.append([OFFICER, case.pk])
        done.lines.append(_n("原监管发现不再作为依据。"))
        return
    if case.category is None:
        raise CannotStep("leaves-something", _("社保案件只能用更正或豁免修复"))
    figures = _seen(case, doing).verdicts_of(case)[1]
    for name in found.requirements:
        held = figures.get(name, {}).get("held")
        if held is None:
            raise CannotStep("leaves-something", _("{what} 没有现有人数，不能认可").format(what=names([name])))
        row = accept_finding(
            about=Requirement(case.credit_code, case.category, case.sub_item or "", name), at_held=held,
            until=repairs.review_on, because=because, by=doing.by, at=doing.at,
        )  # fmt: skip
        done.put.append([ACCEPTED, row.pk])
        done.leaves = ACCEPTED
    done.lines.append(_n("认可 {what}，至 {day} 复核。").format(what=names(found.requirements), day=repairs.review_on))


def _again(case: Case, doing: Doing) -> Seen:
    """The enterprise assessed with what is known now, as of the day of the newest run."""
    newest = Run.objects.filter(state="released").order_by("-as_of").first()
    if newest is None:
        raise CannotStep("no-run", _("还没有放行的核查"))
    assess(as_of=newest.as_of, law=doing.law, by=doing.by, at=doing.at, credit_codes=[case.credit_code], guarded=False)
    return _seen(case, doing)


def _seen(case: Case, doing: Doing) -> Seen:
    return Seen.of(Seen.newest_run(case.credit_code), doing.law, [case], only_these=True)
