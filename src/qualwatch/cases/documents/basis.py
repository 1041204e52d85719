"""What documents rest on: articles of the law by kind, from the policy of the day."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from qualwatch.cases.acting import ActContext
from qualwatch.cases.models import Case
from qualwatch.law.loader import Law
from qualwatch.law.model import GRADE_NAMES
from qualwatch.law.policy import Article
from qualwatch.procedure.transitions import CannotStep
from qualwatch.reports.labels import REQUIREMENTS
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n  # documents are Chinese

CITED = _n("《{name}》（{doc_no}）{article}")
CITED_BY_NAME = _n("《{name}》{article}")
ENTERPRISE_WIDE = "warning"  # the kind whose articles are about abnormal insurance


def cite(article: Article, law: Law) -> str:
    """An article as documents cite it."""
    document = law.documents[article.document]
    # a statute has no number of its own
    template = CITED_BY_NAME if document.doc_no in document.name else CITED
    return template.format(name=document.name, doc_no=document.doc_no, article=article.article)


def legal_basis(kind: str, cases: Iterable[Case], ctx: ActContext) -> str:
    """The articles that a document of this kind rests on, joined by 、.

    cases: those that it is about; the rule of each sector among them is cited where the kind rests
    on it. CannotStep where the policy names no article for the kind.
    """
    policy = ctx.law.policy_on(ctx.on)
    bases = policy["document_bases"]
    if kind not in bases:
        raise CannotStep("basis", _("政策没有写明这种文书的依据：{kind}").format(kind=kind))
    articles = list(bases[kind].articles)
    if bases[kind].management_rule:
        articles = [rule_article(case, ctx) for case in cases] + articles
    return "、".join(dict.fromkeys(cite(article, ctx.law) for article in articles))


def rule_article(case: Case, ctx: ActContext) -> Article:
    """The article of the management rule of the item's sector."""
    category = ctx.law.categories.get(case.category or "")
    sector = category.sector if category else "construction"
    article: Article = ctx.law.policy_on(ctx.on)["management_rule"][sector]
    return article


def insurance_basis(ctx: ActContext) -> str:
    """The article on abnormal social insurance of registered people."""
    return legal_basis(ENTERPRISE_WIDE, (), ctx)


def basis_of(case: Case, requirement: str, figure: Mapping[str, Any]) -> str:
    """The standard that a requirement's figure rests on; CannotStep where there is none."""
    documents: Sequence[str] = figure.get("basis") or ()
    if not documents:
        raise CannotStep(
            "basis",
            _("{enterprise} {item}：指标“{name}”没有标准依据，不能制发文书").format(
                enterprise=case.enterprise,
                item=f"{case.qualification}{case.sub_item or ''}{case.grade}",
                name=REQUIREMENTS.get(requirement, requirement),
            ),
        )
    return "、".join(documents)


def has_lower_grade(case: Case, ctx: ActContext) -> bool:
    """Whether the enterprise may apply for a lower grade of the item after its withdrawal.

    Only where the sector's rule gives that window, and a lower grade is still issued on the day.
    """
    category = ctx.law.categories.get(case.category or "")
    if category is None or not rule_article(case, ctx).lower_grade_window:
        return False
    grades = category.grades_of(case.sub_item or "")
    names = [GRADE_NAMES[slug] for slug in grades]
    if case.grade not in names:
        return False
    lower = list(grades.values())[names.index(case.grade) + 1 :]
    return any(grade.abolished is None or ctx.on < grade.abolished.from_ for grade in lower)


def lower_grade_months(cases: Iterable[Case], ctx: ActContext) -> int | None:
    """The months of the window for a lower grade; None where no case of these has one."""
    if not any(has_lower_grade(case, ctx) for case in cases):
        return None
    months: int = ctx.law.policy_on(ctx.on)["lower_grade_window_months"]
    return months


def is_rest_day(day: date, law: Law) -> bool:
    """Whether a day is no working day."""
    return not law.calendar.is_working_day(day)
