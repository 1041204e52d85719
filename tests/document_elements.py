"""What each kind of document must say and how it must look; `faults_of` names what is wrong."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt

from builders import law
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS
from qualwatch.cases.documents.wording import STRAY_BLANKS

NUMBER = re.compile(r"^(.*?)(资[\u4e00-\u9fff]+)〔(\d{4})〕(\d+)号$")
DAY = re.compile(r"^(\d{4})年(\d{1,2})月(\d{1,2})日$")
ARTICLE = r"《[^《》]+》(?:（[^（）]+）)?第[一二三四五六七八九十百]+条"
CONTACT = r"联系人：[^；]+；电话：[^；]+；地址：[^）。]+"
REVIEW_AND_SUIT = (r"行政复议", r"有管辖权的人民法院提起行政诉讼")
EVIDENCE = r"主要证据："
NOTICE_71 = r"（晋建市规字〔2023〕71号）"
RULE = r"(?:住建部令第22号）第二十八条|建设部令第158号）第二十三条)"
LICENSING_ACT = r"《中华人民共和国行政许可法》"
SMALLEST_IN_A_TABLE = Pt(12)  # 小四
# By kind, what its text must match.
ELEMENTS: Mapping[str, tuple[str, ...]] = {
    "warning": (
        NOTICE_71 + "第二条第（一）项",
        r"自收到本告知书之日起至整改期限届满前，向[^。]+书面提出信息修复申请",
    ),
    "order-to-rectify": (RULE, EVIDENCE, *REVIEW_AND_SUIT),
    "determination": (
        NOTICE_71 + "第二条第（二）项",
        RULE,
        EVIDENCE,
        r"认定理由：[^。]{10,}。",
        *REVIEW_AND_SUIT,
    ),
    "supervision-letter": (NOTICE_71 + "第三条", r"现予督促：.+。", r"书面提出信息修复申请"),
    "receipt": (NOTICE_71 + "第四条第（五）项", r"于\d{4}年\d+月\d+日前(?:提出意见|作出决定)"),
    "opinion": (NOTICE_71 + "第四条第（五）项", r"理由：.+。"),
    "application-decision": (NOTICE_71 + "第四条第（五）项", r"理由：.+。"),
    "suggestion-list": (
        NOTICE_71 + "第四条第（二）项",
        RULE,
        r"抄送：山西省住房和城乡建设厅。",
        r"个工作日内启动",
    ),
    "intended-withdrawal": (
        LICENSING_ACT + "第七条、第八条、第三十六条、第四十七条",
        RULE,
        EVIDENCE,
        r"陈述、申辩",
        r"要求听证",
        CONTACT,
    ),
    "hearing-notice": (LICENSING_ACT + "第四十七条、第四十八条",),
    "hearing-record": (LICENSING_ACT + "第四十八条", r"参加人：.+。", r"参加人（签名）："),
    "display-notice": (
        LICENSING_ACT + "第五条",
        RULE,
        r"有异议的，请在公示期内向本机关书面提出",
        CONTACT,
    ),
    "withdrawal-decision": (
        LICENSING_ACT + "第八条",
        RULE,
        r"(?:提出：.+本机关答复：.+。|没有提出陈述、申辩。)",
        r"听证",
        r"法制审核：.+。",
        r"撤回理由：[^。]{10,}。",
        EVIDENCE,
        *REVIEW_AND_SUIT,
    ),
    "announcement": (LICENSING_ACT + r"第七十条第（四）项", RULE),
    "result-letter": (NOTICE_71 + "第四条第（二）项", r"抄送：山西省住房和城乡建设厅。"),
    "recall-letter": (NOTICE_71 + "第四条第（二）项",),
    "transfer-letter": (
        NOTICE_71 + "第一条",
        r"移交时案件状态：.+。",
        r"随函移交的材料：",
    ),
    "quarterly-return": (
        NOTICE_71 + "第四条第（三）项",
        r"签发人：.+",
        r"启动日为许可机关启动撤回程序之日。",
    ),
    "quarterly-summary": (
        NOTICE_71 + "第四条第（三）项",
        r"签发人：.+",
        r"(?:全省合计|已报送单位及省厅本级合计)：",
        r"（本级）",
    ),
    "check-sheet": (NOTICE_71 + "第四条第（三）项", r"结论：.+。"),
    "circular": (NOTICE_71 + "第四条第（三）项", r"予以通报。"),
    "ministry-report": (
        NOTICE_71 + "第四条第（二）项",
        RULE,
        r"的请示",
        r"签发人：.+",
        r"附件：",
        r"妥否，请批示。",
        CONTACT,
    ),
    "credit-record": (
        NOTICE_71 + "第三条",
        EVIDENCE,
        r"陈述、申辩",
        *REVIEW_AND_SUIT,
    ),
}
# What no document may have: a dash for a value, the template's marks, doubled marks.
NEVER = (r"{{|{%", r"(?<![—\d])—(?!—)", r"。。|，，|。；|：。", r"None", r"grade-\d")
LOWER_GRADE = "核定低于原等级同类别资质"
REST_DAY = "为休息日"


def kind_of(number: str) -> str:
    """The kind of document that a number is of."""
    match = NUMBER.match(number)
    assert match is not None, number
    kinds = {row.mark: kind for kind, row in DOCUMENT_KINDS.items()}
    return kinds[match[2]]


def faults_of(content: bytes) -> list[str]:
    """One line for each element that a document lacks or has wrong."""
    document = docx.Document(io.BytesIO(content))
    number = next(line for line in _lines(document) if NUMBER.match(line.split("\t")[0]))
    kind = kind_of(number.split("\t")[0])
    # a tab parts two texts of one line
    text = "\n".join([*_lines(document), *_cells(document)]).replace("\t", "\n")
    faults = [
        *_missing(kind, text),
        *_forbidden(text),
        *_figures(kind, document),
        *_form(kind, document),
        *_days(document, text),
    ]
    return [f"{number}: {fault}" for fault in faults]


def _lines(document: Any) -> list[str]:
    return [paragraph.text for paragraph in document.paragraphs if paragraph.text.strip()]


def _cells(document: Any) -> list[str]:
    return [cell.text for table in document.tables for row in table.rows for cell in row.cells]


def _missing(kind: str, text: str) -> Iterator[str]:
    for pattern in (ARTICLE, *ELEMENTS[kind]):
        if not re.search(pattern, text):
            yield f"lacks {pattern}"


def _forbidden(text: str) -> Iterator[str]:
    for pattern in NEVER:
        if match := re.search(pattern, text):
            yield f"has {pattern}: …{text[max(0, match.start() - 12) : match.end() + 12]!r}"
    if match := STRAY_BLANKS.search(text):
        yield f"stray blank: …{text[max(0, match.start() - 8) : match.end() + 8]!r}"
    if LOWER_GRADE in text and "住建部令第22号" not in text:
        yield "a lower grade, though its rule gives none"


def _figures(kind: str, document: Any) -> Iterator[str]:
    """Every requirement has its basis; of abnormal insurance person, months and payer are there."""
    for table in document.tables:
        heads = [cell.text for cell in table.rows[0].cells]
        rows = [[cell.text for cell in row.cells] for row in table.rows[1:]]
        if "依据" in heads:
            at = heads.index("依据")
            yield from (
                f"no basis: {row}" for row in rows if "〔" not in row[at] and "第" not in row[at]
            )
        if "异常情形及月份" in heads:
            for row in rows:
                if "*" not in row[0] or not re.search(r"\d{4}年\d{1,2}月", row[2]) or not row[3]:
                    yield f"insurance without person, months or payer: {row}"
        if "登记显示（人）" in heads and "两者不同的原因：" not in "\n".join(_lines(document)):
            observed, registered = heads.index("核查所见（人）"), heads.index("登记显示（人）")
            yield from (
                f"an officer's figure without the reason why it differs: {row}"
                for row in rows
                if row[observed] != row[registered]
            )
        if "名称" in heads and any(not row[2] or not row[3] for row in rows):
            yield f"evidence without day or digest: {rows}"


def _form(kind: str, document: Any) -> Iterator[str]:
    form = DOCUMENT_KINDS[kind].form
    lines = _lines(document)
    issuer = next(line for line in lines if "\n" in line).split("\n")[0]
    if form != "record" and lines[0].removesuffix("文件") != issuer:
        yield "the title does not name the issuing authority"
    if document.core_properties.author != issuer:
        yield f"its author is {document.core_properties.author}"
    section = document.sections[0]
    edges = (section.footer.paragraphs[0], section.even_page_footer.paragraphs[0])
    if [edge.alignment for edge in edges] != [WD_ALIGN_PARAGRAPH.RIGHT, WD_ALIGN_PARAGRAPH.LEFT]:
        yield "page numbers are not at the outer edge"
    if form == "letter" and not section.different_first_page_header_footer:
        yield "a letter without its foot"
    if form in ("order", "upward") and not any(line.endswith("印发") for line in lines):
        yield "no imprint"
    if (form == "upward") != any("签发人：" in line for line in lines):
        yield "the signatory of an upward document"
    small = {
        run.font.size
        for table in document.tables
        for row in table.rows
        for cell in row.cells
        for paragraph in cell.paragraphs
        for run in paragraph.runs
        if run.text.strip() and run.font.size is not None and run.font.size < SMALLEST_IN_A_TABLE
    }
    if small:
        yield f"text of {small} in a table"
    yield from _sentences(form, lines)
    if any(not paragraph.text.strip() and not _is_gap(paragraph) for paragraph in _body(document)):
        yield "an empty paragraph in the text"


def _sentences(form: str, lines: list[str]) -> Iterator[str]:
    """Every paragraph of the text ends with 。 or introduces something."""
    start = next(index for index, line in enumerate(lines) if "\n" in line) + 1
    end = len(lines) if form == "record" else lines.index("（印章）") - 1
    for line in lines[start:end]:
        if not line.endswith(("。", "：", "）")) and not DAY.match(line):
            yield f"no sentence: {line[-20:]!r}"


def _is_gap(paragraph: Any) -> bool:
    """A narrow line after a table."""
    spacing = paragraph.paragraph_format.line_spacing
    return spacing is not None and spacing <= Pt(6)


def _body(document: Any) -> list[Any]:
    """The paragraphs between the title and the signature; the line before it is empty."""
    paragraphs = list(document.paragraphs)
    title = next(index for index, part in enumerate(paragraphs) if "\n" in part.text)
    ends = [index for index, part in enumerate(paragraphs) if part.text == "（印章）"]
    return paragraphs[title + 1 : ends[0] - 2] if ends else []


def _days(document: Any, text: str) -> Iterator[str]:
    """The document's day: that of its properties, and a working day unless it says otherwise."""
    days = [match for line in _lines(document) if (match := DAY.match(line))]
    issued_on = date(*(int(part) for part in days[-1].groups()))
    created = (document.core_properties.created + timedelta(hours=8)).date()
    if created != issued_on:
        yield f"created on {created}, dated {issued_on}"
    if not law().calendar.is_working_day(issued_on) and REST_DAY not in text:
        yield f"dated on a rest day, {issued_on}"
