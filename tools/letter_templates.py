"""Makes the templates of official documents: `python tools/letter_templates.py KIND…`, or `--all`.

The .docx files are what the office uses and may edit in Word or WPS. A template is written in
official form (GB/T 9704-2012) from the paragraphs of its kind in PARAGRAPHS: an order, a letter, an
upward document with its signatory, or a record. A kind has an entry in
`qualwatch.cases.documents.kinds`; its template may ask only for the entry's fields.
"""

import argparse
import re
import sys
from dataclasses import dataclass
from typing import Any

from docx import Document
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from qualwatch.cases.documents.kinds import COMMON_FIELDS, DOCUMENT_KINDS, FOLDER

HEAD_FONT = TITLE_FONT = "方正小标宋简体"
BODY_FONT, BOLD_FONT, NAME_FONT = "仿宋_GB2312", "黑体", "楷体_GB2312"
RED = RGBColor(0xE6, 0x00, 0x12)
# 三号 text in lines of 28 points; 小四 in tables; 四号 in the closing lines
LINE, BODY, CELL, SMALL = Pt(28), Pt(16), Pt(12), Pt(14)
# What stands after borders, and after the spacing of scripts, in a paragraph's properties.
AFTER_SPACING_OF_SCRIPTS = ("w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:outlineLvl")
AFTER_BORDERS = ("w:shd", "w:tabs", *AFTER_SPACING_OF_SCRIPTS)
# The lines at the foot of the last page, as wide as the text.
FRAME = (
    ("w", "8845"),
    ("hSpace", "0"),
    ("wrap", "notBeside"),
    ("vAnchor", "page"),
    ("hAnchor", "margin"),
    ("xAlign", "center"),
)
ABOVE_LAST_LINE, LAST_LINE = Mm(242), Mm(253)
TWIP = Pt(1) // 20
THICK, THIN = "8", "4"  # eighths of a point
BEYOND = Mm(-8), Mm(-6)  # the lines of a letter are wider than its text
BY_A_TABLE = Pt(6)  # between a table and the text around it
TEXT_WIDTH = 156  # mm of an A4 page between its margins
MARGIN_OF_A_CELL = "40"  # twentieths of a point


@dataclass(frozen=True)
class Table:
    """A table: (head, value, width in mm) of each column, and the values that its rows are."""

    columns: tuple[tuple[str, str, int], ...]
    rows: str


@dataclass(frozen=True)
class When:
    """Parts that stand in a document only where a value is there."""

    value: str
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Each:
    """A paragraph for each `line` of a list."""

    values: str
    text: str


FIGURES = (
    ("指标", "row.name", 38),
    ("标准要求（人）", "row.required", 22),
    ("现有（人）", "row.held", 22),
    ("缺额（人）", "row.shortfall", 22),
    ("依据", "row.basis", 52),
)
FINDING = (
    ("指标", "row.name", 31),
    ("标准要求（人）", "row.required", 20),
    ("核查所见（人）", "row.held", 20),
    ("登记显示（人）", "row.registered", 20),
    ("缺额（人）", "row.shortfall", 19),
    ("依据", "row.basis", 46),
)
PEOPLE = (
    ("人员（姓名、证件号码已隐去部分）", "row.person", 42),
    ("注册编号", "row.registration", 32),
    ("异常情形及月份", "row.anomaly\nrow.months", 34),
    ("缴费单位", "row.payers", 48),
)
WARNED = (
    ("指标", "row.name", 30),
    ("标准要求（人）", "row.required", 20),
    ("现有（人）", "row.held", 16),
    ("缺额（人）", "row.shortfall", 16),
    ("依据", "row.basis", 40),
    ("整改期限", "row.ends_on", 34),
)
# Values with a credit code or an identity, which is set narrower to stay on one line.
CODES = ("row.credit_code", "row.person", "row.payers")
NUMBERED = (("序号", "row.sequence_no", 11),)
ENTERPRISE = ("企业名称、统一社会信用代码", "row.enterprise\nrow.credit_code", 49)
ITEMS = (
    *NUMBERED,
    ENTERPRISE,
    ("资质", "row.item", 29),
    ("红牌编号", "row.card", 31),
    ("不达标情况", "row.why", 36),
)
RESULTS = (*NUMBERED, ENTERPRISE, ("资质", "row.item", 37), ("结果", "row.outcome", 59))
LINES = (("项目", "row.name", 110), ("数量", "row.value", 46))
RETURNED = (
    *NUMBERED,
    ENTERPRISE,
    ("资质", "row.item", 32),
    ("启动日", "row.started_on", 32),
    ("结果", "row.outcome", 32),
)
BY_REPORTER = (
    ("单位", "row.name", 44),
    ("在办与新启动", "row.all", 22),
    ("撤回", "row.withdrawn", 16),
    ("达标终止", "row.rectified", 20),
    ("季末在办", "row.under_way", 20),
    ("报送", "row.sent", 34),
)
CHECKED = (
    ("检查内容", "row.question", 44),
    ("系统记录", "row.record", 52),
    ("结论", "row.answer", 18),
    ("说明", "row.remark", 42),
)
NOT_DONE = (*NUMBERED, ENTERPRISE, ("资质", "row.item", 37), ("情况", "row.what", 59))
PIECES = (
    *NUMBERED,
    ("名称", "row.name", 48),
    ("日期", "row.on", 37),
    ("摘要（SHA-256）", "row.digest", 60),
)
REMEDIES = (
    "如不服本{what}，可以自收到之日起{{{{ reconsideration_days }}}}日内依法向"
    "{{{{ review_organ }}}}申请行政复议，也可以自收到之日起{{{{ litigation_months }}}}个月内依法向"
    "有管辖权的人民法院提起行政诉讼。"
)
YOU = "你单位（统一社会信用代码{{ credit_code }}）"
ITEM = "{{ item }}{% if certificate_no %}（证书编号{{ certificate_no }}）{% endif %}"
# The figures of an item: by the registers, by an inspection, or abnormal insurance.
SHOWN = (
    When("requirements", (Table(FIGURES, "requirements"),)),
    When(
        "found",
        (
            Table(FINDING, "found"),
            "表中“核查所见”为日常监管中查明的人数，“登记显示”为同日登记数据。"
            "{% if difference %}两者不同的原因：{{ difference }}{% endif %}",
        ),
    ),
    When("people", ("社会保险缴纳异常的人员：", Table(PEOPLE, "people"))),
)
EVIDENCE = When("evidence", ("主要证据：", Table(PIECES, "evidence")))
# Of each kind: paragraphs, tables, parts under a condition.
PARAGRAPHS: dict[str, list[Any]] = {
    "warning": [
        "经山西省智慧建筑管理服务信息平台比对，"
        + YOU
        + "{% if item %}"
        + ITEM
        + "{% endif %}"
        + "注册人员{% if people %}的社会保险缴纳异常{% else %}的数量、专业未达到资质标准要求"
        "{% endif %}。依据{{ legal_basis }}，列入黄牌预警：",
        When("requirements", (Table(WARNED, "requirements"),)),
        When(
            "people",
            (
                "社会保险缴纳异常的人员：",
                Table(PEOPLE, "people"),
                "整改期限至{{ people[0].ends_on }}（含当日）。",
            ),
        ),
        "请在期限内（含届满当日）整改。对预警信息有异议的，可以自收到本告知书之日起至整改期限届满前，"
        "向{{ objection_to }}书面提出信息修复申请，并附印证资料。期满仍不达标的，"
        "主管部门可以认定并向社会公布红牌预警。",
        "黄牌预警不向社会公布。注册人员名单请登录平台企业版查看。",
    ],
    "order-to-rectify": [
        "经查，"
        + YOU
        + ITEM
        + "不符合资质标准，已认定为红牌预警（{{ card }}，{{ published_on }}公布）：",
        *SHOWN,
        EVIDENCE,
        "依据{{ legal_basis }}，责令你单位自本通知送达之日起{{ red_months }}个月内整改。"
        "整改期间不得申请资质升级、增项，不得以该资质承揽新的工程。",
        "期满仍未达到资质标准要求的，依法启动该项资质撤回程序。",
        REMEDIES.format(what="通知"),
    ],
    "determination": [
        YOU
        + ITEM
        + "{% if warned_on %}自{{ warned_on }}起黄牌预警，期满后核查仍不达标"
        + "{% else %}在日常监管中被发现不达标{% endif %}。经审核，认定为资质不达标：",
        *SHOWN,
        "认定理由：{{ because }}",
        EVIDENCE,
        "依据：{{ standards }}；{{ legal_basis }}。"
        "{% if run %}核查编号{{ run }}，数据截至{{ as_of }}。{% endif %}",
        "自本认定公布之日起列为红牌预警（{{ card }}）。红牌预警期间，不得申请资质升级、增项；"
        "省内在建项目列入重点监管，不得以该资质承揽新项目；不得参加评优评先、表彰奖励。",
        REMEDIES.format(what="认定"),
    ],
    "supervision-letter": [
        YOU + "{% if item %}" + ITEM + "{% endif %}存在{{ colour }}预警：",
        *SHOWN,
        "依据{{ legal_basis }}，现予督促：{{ what }}",
        "请{% if ends_on %}于{{ ends_on }}前{% else %}尽快{% endif %}整改到位。"
        "对预警信息有异议的，可以在整改期限届满前向{{ objection_to }}书面提出信息修复申请，"
        "并附印证资料。",
    ],
    "receipt": [
        YOU + "于{{ filed_on }}提出的{{ cause }}申请（编号{{ application }}）已经收到，"
        "涉及{{ about }}，附材料{{ files }}件。",
        "依据{{ legal_basis }}，{% if opinion_due_on %}由本机关先行审查，于{{ opinion_due_on }}前"
        "提出意见；同意的，报送省住房和城乡建设厅核实修复。{% else %}由本机关核实，"
        "于{{ decision_due_on }}前作出决定。{% endif %}",
        "申请期间各项期限照常计算；首次申请作出决定前，不作认定和撤回决定。",
    ],
    "opinion": [
        "{{ enterprise }}（统一社会信用代码{{ credit_code }}）于{{ filed_on }}就{{ item }}提出"
        "{{ cause }}申请（编号{{ application }}），涉及{{ about }}。",
        "我单位审查了申请材料{{ files }}件，同意该申请。理由：{{ because }}",
        "依据{{ legal_basis }}，现报送你厅核实，统一修复。",
    ],
    "application-decision": [
        YOU + "于{{ filed_on }}就{{ item }}提出的{{ cause }}申请（编号{{ application }}），"
        "涉及{{ about }}。经核实，依据{{ legal_basis }}，决定：{{ outcome }}。",
        "理由：{{ because }}",
        Each("repairs", "{{ line }}"),
        When("is_refused", (REMEDIES.format(what="决定"),)),
        When("not is_refused", ("预警信息已由省住房和城乡建设厅统一修复。",)),
    ],
    "suggestion-list": [
        "下列企业的资质经红牌预警期满仍未达到资质标准要求，依据{{ legal_basis }}，"
        "建议依法启动撤回程序，共{{ enterprises }}家企业、{{ items_count }}项资质：",
        Table(ITEMS, "rows"),
        "请于收到本函之日起{{ start_days }}个工作日内启动相关资质撤回程序，并将撤回结果函告我单位。",
    ],
    "intended-withdrawal": [
        YOU + ITEM + "红牌预警（{{ card }}）于{{ red_ends_on }}期满，仍未达到资质标准要求：",
        *SHOWN,
        EVIDENCE,
        "依据{{ legal_basis }}，本机关拟撤回该项资质。你单位可以自收到本告知书之日起"
        "{{ statement_days }}个工作日内陈述、申辩，也可以自收到之日起{{ hearing_days }}个工作日内"
        "要求听证。逾期未提出的，视为放弃。",
        "陈述、申辩材料和听证要求请送本机关（联系人、电话和地址见文末）。",
    ],
    "hearing-notice": [
        "你单位就拟撤回{{ item }}一事要求听证。依据{{ legal_basis }}，本机关定于{{ held_on }}在"
        "{{ place }}举行听证，由{{ chair }}主持。",
        "你单位可以委托代理人参加，可以申请主持人回避，可以提出证据并质证。"
        "无正当理由不参加的，视为放弃听证。",
    ],
    "hearing-record": [
        "案由：拟撤回{{ enterprise }}（统一社会信用代码{{ credit_code }}）{{ item }}。",
        "时间：{{ held_on }}。",
        "地点：{{ place }}。",
        "主持人：{{ chair }}。",
        "参加人：{{ present }}。",
        Each("lines", "{{ line }}"),
        "本笔录依据{{ legal_basis }}制作，经参加人核对无误后签名。",
    ],
    "display-notice": [
        "下列企业的资质经红牌预警期满仍未达到资质标准要求，依据{{ legal_basis }}，拟依法撤回，"
        "现予公示，共{{ enterprises }}家企业、{{ items_count }}项资质：",
        Table(ITEMS, "rows"),
        "公示期{{ display_days }}个工作日，自{{ displayed_on }}至{{ display_ends_on }}（首日计入）。"
        "公示期内整改到位的，不再列入撤回。",
        "有异议的，请在公示期内向本机关书面提出（联系人、电话和地址见文末），"
        "写明事实、理由和联系方式，也可以在平台本公示的页面上提出。",
    ],
    "withdrawal-decision": [
        YOU + ITEM + "红牌预警（{{ card }}）期满仍未达到资质标准要求：",
        *SHOWN,
        "拟撤回告知书于{{ notice_served_on }}送达。",
        Each("statements", "{{ line }}"),
        "{{ hearing }}",
        "拟撤回事项已经公示，公示于{{ display_ends_on }}期满。{{ objections }}"
        "公示期满后，本机关于{{ rechecked_on }}复核，该项资质仍不达标。",
        "{{ legal_review }}",
        "撤回理由：{{ because }}",
        EVIDENCE,
        "依据{{ legal_basis }}，决定撤回该项资质。",
        When(
            "lower_grade_months",
            (
                "你单位可以自资质被撤回之日起{{ lower_grade_months }}个月内，"
                "向资质许可机关提出核定低于原等级同类别资质的申请。",
            ),
        ),
        REMEDIES.format(what="决定"),
    ],
    "announcement": [
        "依据{{ legal_basis }}，现将下列事项公告如下，共{{ enterprises }}家企业、"
        "{{ items_count }}项资质：",
        Table(ITEMS, "rows"),
        "{{ what }}",
    ],
    "result-letter": [
        "你单位{{ suggested_on }}来函（{{ suggestion }}）建议撤回的资质，依据{{ legal_basis }}，"
        "现将办理结果函告如下，共{{ items_count }}项：",
        Table(RESULTS, "rows"),
        "各项结果合计与来函名单一致。",
    ],
    "recall-letter": [
        "我单位{{ suggested_on }}以{{ suggestion }}提请撤回的下列资质，已不符合撤回的条件。"
        "依据{{ legal_basis }}，现收回该项提请，共{{ items_count }}项：",
        Table(RESULTS, "rows"),
        "请终止相关资质的撤回程序。",
    ],
    "transfer-letter": [
        "{{ enterprise }}（统一社会信用代码{{ credit_code }}）"
        "{% if item %}"
        + ITEM
        + "{% endif %}的资质预警案件，因{{ moved }}，依据{{ legal_basis }}，现移交你单位。",
        "移交时案件状态：{{ state }}",
        When("requirements", ("预警的指标：", Table(FIGURES, "requirements"))),
        When("people", ("社会保险缴纳异常的人员：", Table(PEOPLE, "people"))),
        When("papers", ("随函移交的材料：", Table(PIECES, "papers"))),
        "请依职权办理，并将接收情况函告我单位。",
    ],
    "quarterly-return": [
        "依据{{ legal_basis }}，现将{{ quarter }}预警企业资质撤回情况报送如下"
        "{% if version > 1 %}（第{{ version }}次报送，以本次为准）{% endif %}：",
        Table(LINES, "lines"),
        When("rows", ("各项明细（共{{ items_count }}项）：", Table(RETURNED, "rows"))),
        Each("differences", "{{ line }}"),
        "本表各数由案件数据汇总，启动日为许可机关启动撤回程序之日。"
        "季初在办与本季新启动之和，等于各项结果与季末在办之和。",
    ],
    "quarterly-summary": [
        "依据{{ legal_basis }}，现将{{ quarter }}全省预警企业资质撤回情况汇总如下。"
        "应报送单位{{ reporters }}家，已报送{{ received }}家，其中按期{{ in_time }}家。",
        "各单位情况：",
        Table(BY_REPORTER, "reported"),
        "{{ total }}：",
        Table(LINES, "lines"),
        Each("missing", "{{ line }}"),
        "启动日为许可机关启动撤回程序之日。",
    ],
    "check-sheet": [
        "依据{{ legal_basis }}，对{{ authority }}办理的{{ enterprise }}"
        "（统一社会信用代码{{ credit_code }}）{{ item }}进行抽查。抽查原因：{{ why }}。抽查情况如下：",
        Table(CHECKED, "sheet"),
        "结论：{{ result }}。{{ found }}",
        When("follow_up_due_on", ("请于{{ follow_up_due_on }}前整改并书面反馈。",)),
    ],
    "circular": [
        "经抽查和统计，{{ quarter }}{{ authority }}在预警企业资质撤回工作中存在下列执行不到位的情况，"
        "共{{ items_count }}项：",
        Table(NOT_DONE, "rows"),
        "依据{{ legal_basis }}，予以通报。",
        "{{ demand }}",
    ],
    "ministry-report": [
        "下列由你部核发的资质，经红牌预警期满仍未达到资质标准要求，我厅已经审定，"
        "共{{ enterprises }}家企业、{{ items_count }}项资质：",
        Table(ITEMS, "rows"),
        "审定意见：{{ because }}",
        "依据{{ legal_basis }}，现报请你部履行撤回程序。",
        "妥否，请批示。",
        When("annexes", ("附件：", Each("annexes", "（{{ loop.index }}）{{ line }}"))),
    ],
    "credit-record": [
        "经查，你单位（{{ enterprise }}，统一社会信用代码{{ credit_code }}）"
        "在资质动态预警整改中有下列行为：{{ what }}",
        EVIDENCE,
        "依据{{ legal_basis }}，记入不良信用记录，并移送{{ referred_to }}依法处理。",
        "你单位可以自收到本告知书之日起{{ statement_days }}个工作日内向本机关陈述、申辩。",
        REMEDIES.format(what="记录"),
    ],
}


VARIABLE = re.compile(r"{{\s*(\w+)|{%\s*(?:if|elif)\s+(?:not\s+)?(\w+)|{%\s*for\s+\w+\s+in\s+(\w+)")
LOOP_VARIABLES = {"row", "line", "loop", "not"}


def set_font(run: Any, name: str, size: Pt, *, bold: bool = False) -> None:
    """The same font for Chinese and Latin text."""
    run.font.name = name
    run.font.size = size
    run.font.bold = bold
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)


def add_paragraph(document: Any, text: str, *, align: Any = None, indent: bool = True) -> Any:
    """A paragraph of the body: three-size 仿宋, 28 points from line to line."""
    paragraph = document.add_paragraph()
    form = paragraph.paragraph_format
    form.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    form.line_spacing = LINE
    form.space_before = form.space_after = Pt(0)
    form.widow_control = True
    if indent:
        form.first_line_indent = BODY * 2
    if align is not None:
        paragraph.alignment = align
    set_font(paragraph.add_run(text), BODY_FONT, BODY)
    return paragraph


def join_scripts(document: Any) -> None:
    """No gap between Chinese and Latin characters or digits, in every paragraph."""
    properties = document.styles["Normal"].element.get_or_add_pPr()
    for name in ("autoSpaceDE", "autoSpaceDN"):
        part = OxmlElement(f"w:{name}")
        part.set(qn("w:val"), "0")
        properties.insert_element_before(part, *AFTER_SPACING_OF_SCRIPTS)


def add_border(paragraph: Any, side: str, kind: str, *, size: str, red: bool = True) -> None:
    """A line above or below a paragraph."""
    border = OxmlElement("w:pBdr")
    line = OxmlElement(f"w:{side}")
    colour = "E60012" if red else "000000"
    for name, value in (("val", kind), ("sz", size), ("space", "6"), ("color", colour)):
        line.set(qn(f"w:{name}"), value)
    border.append(line)
    paragraph._element.get_or_add_pPr().insert_element_before(border, *AFTER_BORDERS)


def add_page_numbers(document: Any, *, after_first: bool) -> None:
    """— 1 — at the outer edge: right on odd pages, left on even ones."""
    document.settings.odd_and_even_pages_header_footer = True
    section = document.sections[0]
    add_page_number(section.footer.paragraphs[0], WD_ALIGN_PARAGRAPH.RIGHT)
    add_page_number(section.even_page_footer.paragraphs[0], WD_ALIGN_PARAGRAPH.LEFT)
    if after_first:
        section.different_first_page_header_footer = True
        foot = section.first_page_footer.paragraphs[0]
        foot.paragraph_format.left_indent, foot.paragraph_format.right_indent = BEYOND
        add_border(foot, "top", "thinThickSmallGap", size="24")


def add_page_number(footer: Any, edge: Any) -> None:
    """A page number, one character from the edge."""
    footer.alignment = edge
    form = footer.paragraph_format
    form.left_indent = form.right_indent = SMALL
    set_font(footer.add_run("— "), "宋体", SMALL)
    run = footer.add_run()
    set_font(run, "宋体", SMALL)
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._element.append(part)
    set_font(footer.add_run(" —"), "宋体", SMALL)


def add_table(document: Any, table_of: Table) -> None:
    """A table with a head that is repeated on every page, and a row for each of its values."""
    table = document.add_table(rows=4, cols=len(table_of.columns), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    set_cell_margins(table)
    for index, (head, field, width) in enumerate(table_of.columns):
        table.columns[index].width = Mm(width)
        fill_cell(table.cell(0, index), [head], BOLD_FONT, width)
        values = [f"{{{{ {name} }}}}" for name in field.split("\n")]
        fill_cell(table.cell(2, index), values, BODY_FONT, width)
    table.cell(1, 0).paragraphs[0].add_run(f"{{%tr for row in {table_of.rows} %}}")
    table.cell(3, 0).paragraphs[0].add_run("{%tr endfor %}")
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for row in table.rows:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def set_cell_margins(table: Any) -> None:
    """Narrow margins, so that a credit code stays on one line."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), MARGIN_OF_A_CELL)
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.append(margins)


def fill_cell(cell: Any, lines: list[str], font: str, width: int) -> None:
    """Centred lines in a cell of a width in mm."""
    cell.width = Mm(width)
    cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
    for index, text in enumerate(lines):
        paragraph = cell.paragraphs[0] if index == 0 else cell.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        form = paragraph.paragraph_format
        form.space_before = form.space_after = Pt(2 if len(lines) == 1 else 0)
        form.line_spacing = 1.0
        run = paragraph.add_run(text)
        set_font(run, font, CELL)
        if any(name in text for name in CODES):
            narrow = OxmlElement("w:w")
            narrow.set(qn("w:val"), "90")
            run._element.get_or_add_rPr().insert_element_before(narrow, "w:sz", "w:szCs")


def template(kind: str) -> Any:
    """The template of a kind, from its paragraphs."""
    form = DOCUMENT_KINDS[kind].form
    document = Document()
    join_scripts(document)
    set_page(document.sections[0])
    HEADS[form](document)
    add_title(document)
    if form != "record":
        for text in ("{%p if addressee %}", "{{ addressee }}：", "{%p endif %}"):
            add_paragraph(document, text, indent=False)
    parts = PARAGRAPHS[kind]
    last = max(place for place, part in enumerate(parts) if isinstance(part, str | Table))
    for place, part in enumerate(parts):
        # what may be the last text: that which stands always, and what follows under conditions
        add_part(document, part, is_last=place >= last)
    if form == "record":
        add_signatures_of_record(document)
    else:
        add_signature(document)
        add_imprint(document, with_printer=form != "letter")
    add_page_numbers(document, after_first=form == "letter")
    return document


def add_part(document: Any, part: Any, *, is_last: bool = False) -> None:
    """A paragraph, a table, paragraphs of a list, or parts under a condition."""
    if isinstance(part, Table):
        add_table(document, part)
        add_gap(document)
    elif isinstance(part, When):
        add_paragraph(document, f"{{%p if {part.value} %}}")
        for inner in part.parts:
            add_part(document, inner, is_last=is_last)
        add_paragraph(document, "{%p endif %}")
    elif isinstance(part, Each):
        add_paragraph(document, f"{{%p for line in {part.values} %}}")
        add_text(document, part.text, is_last=is_last)
        add_paragraph(document, "{%p endfor %}")
    else:
        add_text(document, part, is_last=is_last)


def add_gap(document: Any) -> None:
    """A narrow line after a table, which keeps two tables apart."""
    gap = document.add_paragraph()
    form = gap.paragraph_format
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, BY_A_TABLE
    form.space_before = form.space_after = Pt(0)


def add_text(document: Any, text: str, *, is_last: bool) -> None:
    """A paragraph that stays with what it introduces, or with the signature."""
    paragraph = add_paragraph(document, text)
    # no page that holds only a signature, no table without its sentence
    paragraph.paragraph_format.keep_with_next = is_last or text.endswith("：")
    if text.endswith("：") and not text.startswith("{%"):
        paragraph.paragraph_format.space_after = BY_A_TABLE


def set_page(section: Any) -> None:
    """A4 with the margins of official documents."""
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)


def add_mark(document: Any, text: str, size: Pt) -> Any:
    """The red mark of the issuing authority."""
    head = document.add_paragraph()
    head.alignment = WD_ALIGN_PARAGRAPH.CENTER
    head.paragraph_format.space_after = Pt(12)
    run = head.add_run(text)
    set_font(run, HEAD_FONT, size)
    run.font.color.rgb = RED
    return head


def add_head_of_order(document: Any) -> None:
    """The mark, the number in the middle, the red line."""
    add_mark(document, "{{ organisation }}", Pt(32))
    number = add_paragraph(document, "{{ number }}", align=WD_ALIGN_PARAGRAPH.CENTER, indent=False)
    add_border(number, "bottom", "single", size="18")


def add_head_of_letter(document: Any) -> None:
    """The mark, a double line wider than the text, the number at the right below it."""
    mark = add_mark(document, "{{ organisation }}", Pt(30))
    mark.paragraph_format.left_indent, mark.paragraph_format.right_indent = BEYOND
    add_border(mark, "bottom", "thickThinSmallGap", size="24")
    add_paragraph(document, "{{ number }}", align=WD_ALIGN_PARAGRAPH.RIGHT, indent=False)


def add_head_of_upward(document: Any) -> None:
    """The mark with 文件, the number at the left, the signatory at the right, the red line."""
    add_mark(document, "{{ organisation }}文件", Pt(30))
    number = add_paragraph(document, "{{ number }}\t签发人：", indent=False)
    form = number.paragraph_format
    form.left_indent = form.right_indent = BODY
    form.tab_stops.add_tab_stop(Mm(TEXT_WIDTH) - BODY, WD_TAB_ALIGNMENT.RIGHT)
    set_font(number.add_run("{{ signatory }}"), NAME_FONT, BODY)
    rule = document.add_paragraph()
    rule.paragraph_format.line_spacing = BY_A_TABLE
    rule.paragraph_format.space_after = Pt(0)
    add_border(rule, "bottom", "single", size="18")


def add_head_of_record(document: Any) -> None:
    """The number alone: the title names the authority."""
    add_paragraph(document, "{{ number }}", align=WD_ALIGN_PARAGRAPH.CENTER, indent=False)


HEADS = {
    "order": add_head_of_order,
    "letter": add_head_of_letter,
    "upward": add_head_of_upward,
    "record": add_head_of_record,
}


def add_title(document: Any) -> None:
    """The issuing authority and the matter, on two lines."""
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.paragraph_format.space_before = title.paragraph_format.space_after = Pt(20)
    title.paragraph_format.keep_with_next = True
    run = title.add_run("{{ organisation }}")
    set_font(run, TITLE_FONT, Pt(22))
    run.add_break()
    set_font(title.add_run("{{ title }}"), TITLE_FONT, Pt(22))


def add_signature(document: Any) -> None:
    """Organisation, place of the seal and day, kept together; then who can be asked."""
    for text in ("", "{{ organisation }}", "（印章）", "{{ issued_on }}"):
        line = add_paragraph(document, text, align=WD_ALIGN_PARAGRAPH.RIGHT, indent=False)
        line.paragraph_format.right_indent = BODY * (4 if text == "{{ issued_on }}" else 2)
        line.paragraph_format.keep_with_next = True
    for value in ("contact", "rest_day"):
        add_paragraph(document, f"{{%p if {value} %}}")
        note = add_paragraph(document, f"（{{{{ {value} }}}}）")
        note.paragraph_format.keep_with_next = True
        add_paragraph(document, "{%p endif %}")


def add_signatures_of_record(document: Any) -> None:
    """Who signs a record, and its day."""
    for text in ("参加人（签名）：", "主持人（签名）：", "记录人（签名）：", "{{ issued_on }}"):
        line = add_paragraph(document, text)
        line.paragraph_format.keep_with_next = text != "{{ issued_on }}"


def add_imprint(document: Any, *, with_printer: bool) -> None:
    """版记 at the foot of the last page: copies, and who printed it when."""
    add_paragraph(document, "{%p if copies %}")
    borders = {"top": THICK} if with_printer else {}
    above = ABOVE_LAST_LINE if with_printer else LAST_LINE
    add_imprint_line(document, "抄送：{{ copies }}。", above, borders)
    add_paragraph(document, "{%p endif %}")
    if with_printer:
        text = "{{ organisation }}\t{{ issued_on }}印发"
        add_imprint_line(document, text, LAST_LINE, {"top": THIN, "bottom": THICK})
    # the frame stands on the page of the paragraph after it
    add_gap(document)


def add_imprint_line(document: Any, text: str, top: Mm, lines: dict[str, str]) -> None:
    """A closing line in a frame: four-size 仿宋, one character from the edge.

    top: from the top of the page. lines: the sides with a line, and its width.
    """
    paragraph = document.add_paragraph()
    form = paragraph.paragraph_format
    form.left_indent = form.right_indent = SMALL
    form.space_before = form.space_after = Pt(0)
    form.keep_with_next = True
    form.tab_stops.add_tab_stop(Mm(TEXT_WIDTH) - SMALL, WD_TAB_ALIGNMENT.RIGHT)
    set_font(paragraph.add_run(text), BODY_FONT, SMALL)
    borders = OxmlElement("w:pBdr")
    for side, size in lines.items():
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", size), ("space", "3"), ("color", "000000")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    properties = paragraph._element.get_or_add_pPr()
    properties.insert_element_before(borders, *AFTER_BORDERS)
    frame = OxmlElement("w:framePr")
    for name, value in (*FRAME, ("y", str(top // TWIP))):
        frame.set(qn(f"w:{name}"), value)
    properties.insert_element_before(frame, "w:widowControl", "w:pBdr", *AFTER_BORDERS)


def fields_of(parts: Any) -> set[str]:
    """The values that paragraphs, tables and conditions ask for."""
    names: set[str] = set()
    for part in parts:
        if isinstance(part, Table):
            names.add(part.rows)
        elif isinstance(part, When):
            names |= {part.value.removeprefix("not ")} | fields_of(part.parts)
        elif isinstance(part, Each):
            names |= {part.values} | fields_of([part.text])
        else:
            names |= {name for match in VARIABLE.findall(part) for name in match if name}
    return names - LOOP_VARIABLES


def check_fields(kind: str) -> None:
    """Exits where the entry of the kind lacks a field that its paragraphs ask for."""
    allowed = {*DOCUMENT_KINDS[kind].fields, *COMMON_FIELDS}
    unknown = fields_of(PARAGRAPHS[kind]) - allowed
    if unknown:
        sys.exit(f"{kind}: not among the fields of its entry: {', '.join(sorted(unknown))}")


def main() -> None:
    """Writes the templates that are named."""
    parser = argparse.ArgumentParser(description="Makes templates of official documents.")
    kinds = sorted(set(DOCUMENT_KINDS) & set(PARAGRAPHS))
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(kinds))
    parser.add_argument("--all", action="store_true", help="every kind")
    options = parser.parse_args()
    chosen = kinds if options.all else options.kinds
    if not chosen:
        parser.error("name the kinds to make, or --all")
    for kind in chosen:
        if kind not in kinds:
            parser.error(f"{kind}: no entry in documents/kinds.py, or no paragraphs here")
        check_fields(kind)
        path = FOLDER / f"{kind}.docx"
        template(kind).save(str(path))
        print(path)


if __name__ == "__main__":
    main()
