"""The standards as data: what each grade requires on a day, since when, how sure that is."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from qualwatch.law.figures import Requirement, requirements_on
from qualwatch.law.loader import Law, current_law
from qualwatch.law.model import GRADE_NAMES, CategoryText, ClauseText, GradeText
from qualwatch.publication.queries import version
from qualwatch.reports.labels import REASONS, VERDICTS, label_of
from qualwatch.web.base.form_input import day_param
from qualwatch.web.base.http_cache import cached_while
from qualwatch.web.public.labels import CONFIDENCE, SEQUENCES, SOURCE, public_label
from qualwatch.wording import gettext as _

# outcome of a requirement without a number -> the verdict whose word says so
VERDICT_OF_OUTCOME = {"not-required": "not-required", "manual": "manual", "unknown": "cannot-say"}


@dataclass(frozen=True, slots=True)
class RequirementOnDay:
    """What one requirement demands on the day: the number, or in a word why there is none."""

    requirement: str
    number: int | None
    word: str
    text: str
    basis: str
    because: str
    is_person_times: bool


@dataclass(frozen=True, slots=True)
class ClauseHistory:
    """The changes of one clause: (day, number or word, document), and its line up to the day."""

    summary: str
    rows: list[tuple[date, str, str]]
    line: list[tuple[str, int]]


@cached_while(version)
def standards(request: HttpRequest) -> HttpResponse:
    """Every category by sequence, and the documents they rest on."""
    law = current_law()
    newest_first = sorted(
        law.documents.values(),
        key=lambda document: document.in_force_from or date.min,
        reverse=True,
    )
    context = {
        "title": _("资质标准对注册人员的要求"),
        "groups": _sequences(law),
        "documents": newest_first,
        "public_label": public_label,
        "CONFIDENCE": CONFIDENCE,
    }
    return render(request, "public/standards.html", context)


def _sequences(law: Law) -> list[tuple[str, list[tuple[CategoryText, str]]]]:
    """(name of the sequence, its categories with the names of their grades)."""
    groups: dict[str, list[tuple[CategoryText, str]]] = defaultdict(list)
    for text in law.categories.values():
        # the sub-items of a category repeat its grades
        grades = dict.fromkeys(_(GRADE_NAMES[slug]) for _sub, slug, _text in text.every_grade())
        groups[text.sequence].append((text, _("、").join(grades)))
    return [(public_label(SEQUENCES, slug), rows) for slug, rows in groups.items()]


@cached_while(version)
def standard(request: HttpRequest, category: str) -> HttpResponse:
    """One category: the numbers of the day, then the history of each with its sources."""
    law = current_law()
    text = law.categories.get(category)
    if text is None:
        raise Http404
    day, refusal = day_param(request, timezone.localdate())
    context = {
        "title": text.name,
        "text": text,
        "on": day,
        "refusal": refusal,
        "grades": [
            _grade_context(law, text, sub_item, slug, grade, day)
            for sub_item, slug, grade in text.every_grade()
        ],
        "document": law.documents[text.standard],
        "public_label": public_label,
        "CONFIDENCE": CONFIDENCE,
        "SOURCE": SOURCE,
        "sources": law.sources,
    }
    return render(request, "public/standard.html", context)


def _grade_context(
    law: Law, text: CategoryText, sub_item: str, slug: str, grade: GradeText, day: date
) -> dict[str, Any]:
    policy = law.policy_on(timezone.localdate())
    requirements = requirements_on(law, policy, text.category, sub_item, slug, "unknown", day)
    return {
        "name": f"{sub_item} {_(GRADE_NAMES[slug])}".strip(),
        "requirements": [_requirement_on_day(requirement) for requirement in requirements],
        "histories": [
            (requirement_text, list(_clause_histories(law, requirement_text.clauses, day)))
            for requirement_text in grade.requirements
        ],
        "notes": list(_notes(law, grade)),
    }


def _requirement_on_day(requirement: Requirement) -> RequirementOnDay:
    reading = requirement.strong or requirement.weak
    return RequirementOnDay(
        requirement=requirement.requirement,
        number=reading.required if reading else None,
        word=_word(requirement),
        text=requirement.text,
        basis=_("、").join(requirement.basis),
        because=_("、").join(label_of(REASONS, slug) for slug in requirement.because),
        is_person_times=requirement.counts == "person-times",
    )


def _word(requirement: Requirement) -> str:
    if requirement.outcome == "judge":
        return "" if requirement.strong else label_of(VERDICTS, "advise")
    return label_of(VERDICTS, VERDICT_OF_OUTCOME[requirement.outcome])


def _clause_histories(law: Law, clauses: list[ClauseText], day: date) -> Iterator[ClauseHistory]:
    """Every clause, each followed by its floors."""
    for clause in clauses:
        rows = [
            (start, _number(figure.number), law.doc_no(figure.basis))
            for start, figure in clause.at_least.items()
        ]
        line = [
            (f"{start:%Y-%m}", int(figure.number or 0))
            for start, figure in clause.at_least.items()
            if figure.number != "unknown" and start <= day
        ]
        yield ClauseHistory(clause.summary, rows, line)
        yield from _clause_histories(law, clause.of_which, day)


def _number(number: int | str | None) -> str:
    if number is None:
        return _("取消")
    return _("未查到") if number == "unknown" else str(number)


def _notes(law: Law, grade: GradeText) -> Iterator[str]:
    for start, lower_grade in grade.measured_as.items():
        yield _("{start} 起按{grade}人数核查（{doc_no}）").format(
            start=start,
            grade=_(GRADE_NAMES[lower_grade.grade]),
            doc_no=law.doc_no(lower_grade.basis),
        )
    if abolished := grade.abolished:
        yield _("{start} 起不再核发（{doc_no}），存量证书最迟到 {end}").format(
            start=abolished.from_, doc_no=law.doc_no(abolished.basis), end=abolished.stock_ends_on
        )
    if deferrable := grade.check_deferrable:
        yield _("延续时可以缓查注册人员（{doc_no}）").format(doc_no=law.doc_no(deferrable.basis))
    if grade.note:
        yield grade.note


urlpatterns = [
    path("standards", standards, name="standards"),
    path("standards/<slug:category>", standard, name="standard"),
]
