"""Official documents: what each kind is called, what its proof of service starts, and its text from a template.

The templates are the .docx files beside this one; an office edits them in Word or WPS (tools/letter_templates.py wrote
them first). Every value in a text comes from what is stored with the document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings

from qualwatch.cases.documents.filling import fill_template
from qualwatch.wording import gettext_noop as _  # documents are Chinese

FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Letter:
    """A kind of document. `starts`: the event that its proof of service is; '' where it starts none.

    must_arrive: a right or a clock begins with its service, so that it is tried until it has arrived.
    may_be_public: by public notice, where nothing else succeeds and the case is public.
    """

    title: str
    mark: str  # in its numbers, after the authority's
    starts: str = ""
    must_arrive: bool = False
    may_be_public: bool = False
    outlives: bool = False  # is served although its case has ended


WAITED_FOR: Mapping[str, Any] = {"must_arrive": True, "may_be_public": True}
DOCUMENT_KINDS: Mapping[str, Letter] = {
    "warning": Letter(_("资质黄牌预警告知书"), "资预", "push-proved", must_arrive=True),
    "order-to-rectify": Letter(_("责令限期整改通知书"), "资责", "order-served", **WAITED_FOR),
    "determination": Letter(_("资质不达标认定书"), "资认", **WAITED_FOR),
    "supervision-letter": Letter(_("关于督促整改资质预警问题的函"), "资督"),
    "receipt": Letter(_("资质预警申请收件回执"), "资收", outlives=True),
    "opinion": Letter(_("关于资质预警申请的审查意见"), "资审"),
    "application-decision": Letter(_("资质预警申请决定书"), "资决", **WAITED_FOR, outlives=True),
    "suggestion-list": Letter(_("关于撤回建设工程企业资质的建议名单函"), "资函", must_arrive=True),
    "intended-withdrawal": Letter(_("拟撤回资质告知书"), "资拟", "notify-intent", **WAITED_FOR),
    "hearing-notice": Letter(_("听证通知书"), "资听", "notify-hearing", **WAITED_FOR),
    "hearing-record": Letter(_("听证笔录"), "资听笔"),
    "display-notice": Letter(_("关于拟撤回建设工程企业资质的公示"), "资示"),
    "withdrawal-decision": Letter(
        _("撤回建设工程企业资质决定书"), "资撤", "announce", **WAITED_FOR, outlives=True
    ),
    "announcement": Letter(_("关于撤回建设工程企业资质的公告"), "资公", outlives=True),
    "result-letter": Letter(_("关于资质撤回结果的函"), "资果", outlives=True),
    "quarterly-return": Letter(
        _("季度预警企业资质撤回情况汇总表"), "资季", must_arrive=True, outlives=True
    ),
    "quarterly-summary": Letter(_("全省季度预警企业资质撤回情况汇总"), "资汇", outlives=True),
    "check-sheet": Letter(_("资质撤回情况抽查记录表"), "资查", outlives=True),
    "circular": Letter(_("关于资质撤回工作情况的通报"), "资通", must_arrive=True, outlives=True),
    "ministry-report": Letter(_("关于报请撤回建设工程企业资质的报告"), "资报", must_arrive=True),
    "recall-letter": Letter(_("关于收回撤回资质建议的函"), "资回", must_arrive=True, outlives=True),
    "credit-record": Letter(_("不良信用记录告知书"), "资信", must_arrive=True, outlives=True),
}


class NoTemplate(Exception):
    """The kind of document is unknown, or its template is not there."""


def rendered(kind: str, values: Mapping[str, Any]) -> bytes:
    """The document as .docx.

    NoTemplate; a value that the template asks for and `values` lack is an error, never a blank.
    """
    own = Path(settings.LETTERS or FOLDER) / f"{kind}.docx"
    path = own if own.is_file() else FOLDER / f"{kind}.docx"
    if kind not in DOCUMENT_KINDS or not path.is_file():
        raise NoTemplate(kind)
    return fill_template(path, values)


def day(told: date | None) -> str:
    """A day as documents write it."""
    return f"{told.year}年{told.month}月{told.day}日" if told else ""
