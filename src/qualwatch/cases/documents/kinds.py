"""Kinds of official documents in one table, and the rendering of their templates.

The templates are .docx files in `templates/`, or in the office's own folder (QUALWATCH_LETTERS),
which it edits in Word or WPS. `tools/letter_templates.py KIND` makes one from its paragraphs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

from qualwatch.cases.documents.filling import Origin, fill_template
from qualwatch.wording import gettext_noop as _  # documents are Chinese

FOLDER = Path(__file__).parent / "templates"
# GB/T 9704-2012: a letter (信函格式), an upward document with its signatory (上行文), any other
# (文件格式); a record has no head and is signed by those present.
Form = Literal["order", "letter", "upward", "record"]


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of document. Its template is `templates/<slug>.docx`."""

    # What stands after the issuing authority in its title.
    title: str
    # in its numbers, after the authority's
    mark: str
    # The values that its template asks for, besides those that every document has.
    fields: tuple[str, ...]
    # The capability of whoever has it issued; '' where a step or an enterprise's act does.
    signed_by: str = ""
    # The event that its proof of service is; '' where it starts none.
    starts: str = ""
    # A right or a period begins with its service, which is tried until it is proved.
    must_arrive: bool = False
    # A public notice states its content, where its case is public; else that a paper lies ready.
    is_announced_with_content: bool = False
    # Is served although its case has ended.
    outlives: bool = False
    # Published, or others have acted on it: cannot be voided.
    is_final: bool = False
    # Proposes a withdrawal list: the receiver's days to start run from its receipt.
    proposes_list: bool = False
    form: Form = "order"
    # Is refused where the authority has no contact on record.
    needs_contact: bool = False


# What every document has.
COMMON_FIELDS = (
    "organisation",
    "number",
    "title",
    "addressee",
    "issued_on",
    "legal_basis",
    "contact",
    "copies",
    "rest_day",
)
# What an upward document has besides.
SIGNATORY = "signatory"
ENTERPRISE_AND_ITEM = ("credit_code", "item")
# found: figures of an inspection beside those of the registers; people: abnormal insurance.
FIGURES = ("requirements", "found", "people", "difference")
ITEM = (*ENTERPRISE_AND_ITEM, "certificate_no", *FIGURES)
EVIDENCE = "evidence"
REMEDIES = ("reconsideration_days", "litigation_months", "review_organ")
LIST = ("rows", "items_count")
COUNTED_LIST = (*LIST, "enterprises")
APPLICATION = ("credit_code", "filed_on", "cause", "application", "about")
HEARING = ("item", "held_on", "place", "chair")

DOCUMENT_KINDS: Mapping[str, DocumentKind] = {
    "warning": DocumentKind(
        _("资质黄牌预警告知书"),
        "资预",
        (*ENTERPRISE_AND_ITEM, "certificate_no", "requirements", "people", "objection_to"),
        signed_by="serve",
        starts="push-proved",
        must_arrive=True,
    ),
    "order-to-rectify": DocumentKind(
        _("责令限期整改通知书"),
        "资责",
        (*ITEM, *REMEDIES, EVIDENCE, "card", "published_on", "red_months"),
        signed_by="sign",
        starts="order-served",
        must_arrive=True,
        is_announced_with_content=True,
    ),
    "determination": DocumentKind(
        _("资质不达标认定书"),
        "资认",
        (
            *ITEM,
            *REMEDIES,
            EVIDENCE,
            "card",
            "warned_on",
            "because",
            "standards",
            "run",
            "as_of",
        ),
        signed_by="sign",
        must_arrive=True,
    ),
    "supervision-letter": DocumentKind(
        _("关于督促整改资质预警问题的函"),
        "资督",
        (*ITEM, "colour", "what", "ends_on", "objection_to"),
        signed_by="follow-up",
        form="letter",
    ),
    "receipt": DocumentKind(
        _("资质预警申请收件回执"),
        "资收",
        (*APPLICATION, "files", "opinion_due_on", "decision_due_on"),
        outlives=True,
    ),
    "opinion": DocumentKind(
        _("关于资质预警申请的审查意见"),
        "资审",
        (*APPLICATION, "files", "enterprise", "item", "because"),
        signed_by="sign",
        form="letter",
    ),
    "application-decision": DocumentKind(
        _("资质预警申请决定书"),
        "资决",
        (*APPLICATION, *REMEDIES, "item", "outcome", "because", "repairs", "is_refused"),
        signed_by="sign",
        must_arrive=True,
        outlives=True,
    ),
    "suggestion-list": DocumentKind(
        _("关于撤回建设工程企业资质的建议名单函"),
        "资函",
        (*COUNTED_LIST, "start_days"),
        signed_by="sign",
        must_arrive=True,
        is_final=True,
        proposes_list=True,
        form="letter",
    ),
    "intended-withdrawal": DocumentKind(
        _("拟撤回资质告知书"),
        "资拟",
        (*ITEM, EVIDENCE, "card", "red_ends_on", "statement_days", "hearing_days"),
        needs_contact=True,
        signed_by="withdraw",
        starts="notify-intent",
        must_arrive=True,
        is_announced_with_content=True,
    ),
    "hearing-notice": DocumentKind(
        _("听证通知书"),
        "资听",
        HEARING,
        signed_by="withdraw",
        starts="notify-hearing",
        must_arrive=True,
    ),
    "hearing-record": DocumentKind(
        _("听证笔录"),
        "资听笔",
        (*HEARING, "enterprise", "credit_code", "present", "lines"),
        signed_by="withdraw",
        form="record",
    ),
    "display-notice": DocumentKind(
        _("关于拟撤回建设工程企业资质的公示"),
        "资示",
        (*COUNTED_LIST, "display_days", "displayed_on", "display_ends_on"),
        needs_contact=True,
        signed_by="withdraw",
        is_final=True,
    ),
    "withdrawal-decision": DocumentKind(
        _("撤回建设工程企业资质决定书"),
        "资撤",
        (
            *ITEM,
            *REMEDIES,
            EVIDENCE,
            "card",
            "notice_served_on",
            "display_ends_on",
            "rechecked_on",
            "because",
            "statements",
            "hearing",
            "objections",
            "legal_review",
            "lower_grade_months",
        ),
        signed_by="sign-withdrawal",
        starts="announce",
        must_arrive=True,
        is_announced_with_content=True,
        outlives=True,
        is_final=True,
    ),
    "announcement": DocumentKind(
        _("关于撤回建设工程企业资质的公告"),
        "资公",
        (*COUNTED_LIST, "what"),
        signed_by="withdraw",
        outlives=True,
        is_final=True,
    ),
    "result-letter": DocumentKind(
        _("关于资质撤回结果的函"),
        "资果",
        (*LIST, "suggested_on", "suggestion"),
        signed_by="sign-withdrawal",
        outlives=True,
        is_final=True,
        form="letter",
    ),
    "quarterly-return": DocumentKind(
        _("季度预警企业资质撤回情况汇总表"),
        "资季",
        (*LIST, SIGNATORY, "quarter", "version", "lines", "differences"),
        form="upward",
        signed_by="propose",
        must_arrive=True,
        outlives=True,
        is_final=True,
    ),
    "quarterly-summary": DocumentKind(
        _("全省季度预警企业资质撤回情况汇总"),
        "资汇",
        (
            SIGNATORY,
            "quarter",
            "reporters",
            "received",
            "in_time",
            "reported",
            "total",
            "lines",
            "missing",
        ),
        form="upward",
        signed_by="sign",
        outlives=True,
    ),
    "check-sheet": DocumentKind(
        _("资质撤回情况抽查记录表"),
        "资查",
        (
            *ENTERPRISE_AND_ITEM,
            "enterprise",
            "authority",
            "why",
            "sheet",
            "result",
            "found",
            "follow_up_due_on",
        ),
        signed_by="propose",
        outlives=True,
    ),
    "circular": DocumentKind(
        _("关于资质撤回工作情况的通报"),
        "资通",
        (*LIST, "quarter", "authority", "demand"),
        signed_by="sign",
        must_arrive=True,
        outlives=True,
        is_final=True,
    ),
    "ministry-report": DocumentKind(
        _("关于撤回建设工程企业资质的请示"),
        "资报",
        (*COUNTED_LIST, SIGNATORY, "annexes", "because"),
        form="upward",
        needs_contact=True,
        signed_by="sign",
        must_arrive=True,
        is_final=True,
        proposes_list=True,
    ),
    "recall-letter": DocumentKind(
        _("关于收回撤回资质建议的函"),
        "资回",
        (*LIST, "suggested_on", "suggestion"),
        must_arrive=True,
        outlives=True,
        form="letter",
    ),
    "transfer-letter": DocumentKind(
        _("关于移交资质预警案件的函"),
        "资移",
        (
            *ENTERPRISE_AND_ITEM,
            "enterprise",
            "certificate_no",
            "moved",
            "state",
            "requirements",
            "people",
            "papers",
        ),
        must_arrive=True,
        outlives=True,
        form="letter",
    ),
    "credit-record": DocumentKind(
        _("不良信用记录告知书"),
        "资信",
        (*REMEDIES, "enterprise", "credit_code", "what", EVIDENCE, "referred_to", "statement_days"),
        signed_by="propose",
        must_arrive=True,
        outlives=True,
    ),
}


class NoTemplate(Exception):
    """The kind of document is unknown, or its template is not there."""


def rendered(kind: str, values: Mapping[str, Any], origin: Origin) -> bytes:
    """The document as .docx; `origin` stands in its properties.

    NoTemplate; a value that the template asks for and `values` lack is an error, never a blank.
    """
    own = Path(settings.LETTERS or FOLDER) / f"{kind}.docx"
    path = own if own.is_file() else FOLDER / f"{kind}.docx"
    if kind not in DOCUMENT_KINDS or not path.is_file():
        raise NoTemplate(kind)
    return fill_template(path, values, origin)


def day(on: date | None) -> str:
    """A day as documents write it; '' where there is none."""
    return f"{on.year}年{on.month}月{on.day}日" if on else ""
