"""The standards as data: every category and grade, what is required on which day, since when, how sure we are."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
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

page = cached_while(version)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one requirement asks on the day: the number, or in a word why there is none."""

    requirement: str
    number: int | None
    word: str
    text: str
    basis: str
    because: str
    is_person_times: bool


@dataclass(frozen=True, slots=True)
class Past:
    """The life of one clause: (day, number or word, document), and as steps of a line up to the day."""

    summary: str
    rows: list[tuple[date, str, str]]
    line: list[tuple[str, int]]


@page
def standards(request: HttpRequest) -> HttpResponse:
    """Every category by sequence."""
    law = current_law()
    groups: dict[str, list[tuple[CategoryText, str]]] = defaultdict(list)
    for text in law.categories.values():
        grades = dict.fromkeys(_(GRADE_NAMES[grade]) for _sub, grade, _text in text.every_grade())
        groups[text.sequence].append((text, _("、").join(grades)))
    told = {
        "title": _("资质标准对注册人员的要求"),
        "groups": [(public_label(SEQUENCES, slug), rows) for slug, rows in groups.items()],
        "documents": sorted(
            law.documents.values(),
            key=lambda document_text: document_text.in_force_from or date.min,
            reverse=True,
        ),
        "public_label": public_label,
        "CONFIDENCE": CONFIDENCE,
    }
    return render(request, "public/standards.html", told)


@page
def standard(request: HttpRequest, category: str) -> HttpResponse:
    """One category: the numbers of the day first, then the history of each, where it was seen and how sure that is."""
    law, today = current_law(), timezone.localdate()
    text = law.categories.get(category)
    if text is None:
        raise Http404
    day, wrong = day_param(request, today)
    grades = [
        {
            "name": f"{sub_item} {_(GRADE_NAMES[slug])}".strip(),
            "asked": list(_asked(law, text, sub_item, slug, day)),
            "past": [
                (requirement_text, list(_past(law, requirement_text.clauses, day)))
                for requirement_text in grade.requirements
            ],
            "notes": list(_notes(law, grade)),
        }
        for sub_item, slug, grade in text.every_grade()
    ]
    told = {
        "title": text.name,
        "text": text,
        "on": day,
        "wrong": wrong,
        "grades": grades,
        "document": law.documents[text.standard],
        "public_label": public_label,
        "CONFIDENCE": CONFIDENCE,
        "SOURCE": SOURCE,
        "sources": law.sources,
        "is_today": day == today,
    }
    return render(request, "public/standard.html", told)


def _asked(law: Law, text: CategoryText, sub_item: str, grade: str, day: date) -> Iterator[Asked]:
    for requirement in requirements_on(
        law, law.policy_on(timezone.localdate()), text.category, sub_item, grade, "unknown", day
    ):
        reading = requirement.strong or requirement.weak
        yield Asked(
            requirement.requirement,
            reading.required if reading else None,
            _word(requirement),
            requirement.text,
            _("、").join(requirement.basis),
            _("、").join(label_of(REASONS, slug) for slug in requirement.because),
            requirement.counts == "person-times",
        )


def _word(requirement: Requirement) -> str:
    words = {"not-required": "not-required", "manual": "manual", "unknown": "cannot-say"}
    if requirement.outcome == "judge":
        return "" if requirement.strong else label_of(VERDICTS, "advise")
    return label_of(VERDICTS, words[requirement.outcome])


def _past(law: Law, clauses: list[ClauseText], day: date) -> Iterator[Past]:
    for clause in clauses:
        rows = [
            (start, _number(figure.number), law.doc_no(figure.basis))
            for start, figure in clause.at_least.items()
        ]
        line = [
            (f"{start:%Y-%m}", figure.number or 0)
            for start, figure in clause.at_least.items()
            if figure.number != "unknown" and start <= day
        ]
        yield Past(clause.summary, rows, [(label, int(number)) for label, number in line])
        yield from _past(law, clause.of_which, day)


def _number(number: int | str | None) -> str:
    return _("取消") if number is None else _("未查到") if number == "unknown" else str(number)


def _notes(law: Law, grade: GradeText) -> Iterator[str]:
    for start, other in grade.measured_as.items():
        yield _("{start} 起按{grade}人数核查（{doc_no}）").format(
            start=start, grade=_(GRADE_NAMES[other.grade]), doc_no=law.doc_no(other.basis)
        )
    if grade.abolished:
        abolished = grade.abolished
        yield _("{start} 起不再核发（{doc_no}），存量证书最迟到 {end}").format(
            start=abolished.from_, doc_no=law.doc_no(abolished.basis), end=abolished.stock_ends_on
        )
    if grade.check_deferrable:
        yield _("延续时可以缓查注册人员（{doc_no}）").format(
            doc_no=law.doc_no(grade.check_deferrable.basis)
        )
    if grade.note:
        yield grade.note
