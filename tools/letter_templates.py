"""Makes the templates of official documents: `python tools/letter_templates.py KIND…`, or `--all`.

The .docx files are what the office uses and may edit in Word or WPS. A template is written in
official form (GB/T 9704: A4, margins, red head, number, title, addressee, body, organisation, seal
place, date, page numbers) from the paragraphs of its kind in PARAGRAPHS. A kind has an entry in
`qualwatch.cases.documents.kinds`; its template may ask only for the entry's fields.
"""

import argparse
import re
import sys
from typing import Any

from docx import Document
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from qualwatch.cases.documents.kinds import COMMON_FIELDS, DOCUMENT_KINDS, FOLDER

HEAD_FONT = TITLE_FONT = "方正小标宋简体"
BODY_FONT, BOLD_FONT = "仿宋_GB2312", "黑体"
RED = RGBColor(0xE6, 0x00, 0x12)
LINE, BODY, CELL = Pt(28), Pt(16), Pt(10)
# Head, value, width in mm; a page is 156 mm wide.
FIGURES = (
    ("指标", "row.name", 42),
    ("标准要求（人）", "row.required", 22),
    ("现有（人）", "row.held", 22),
    ("缺额（人）", "row.shortfall", 22),
    ("依据", "row.basis", 48),
)
ITEMS = (
    ("序号", "row.sequence_no", 9),
    ("企业名称", "row.enterprise", 31),
    ("统一社会信用代码", "row.credit_code", 43),
    ("资质", "row.item", 25),
    ("红牌编号", "row.card", 27),
    ("不达标情况", "row.why", 21),
)
RESULTS = (*ITEMS[:4], ("结果", "row.outcome", 48))
LINES = (("项目", "row.name", 110), ("数量", "row.value", 46))
RETURNED = (*ITEMS[:4], ("启动日", "row.opened_on", 27), ("结果", "row.outcome", 21))
BY_REPORTER = (
    ("单位", "row.name", 48),
    ("在办与新启动", "row.all", 22),
    ("撤回", "row.withdrawn", 18),
    ("达标终止", "row.rectified", 20),
    ("季末在办", "row.under_way", 20),
    ("报送", "row.sent", 28),
)
CHECKED = (
    ("检查内容", "row.question", 50),
    ("系统记录", "row.record", 46),
    ("结论", "row.answer", 20),
    ("说明", "row.remark", 40),
)
NOT_DONE = (*ITEMS[:4], ("情况", "row.what", 48))
WARNED = (
    ("指标", "row.name", 34),
    ("标准要求（人）", "row.required", 16),
    ("现有（人）", "row.held", 16),
    ("缺额（人）", "row.shortfall", 16),
    ("依据", "row.basis", 36),
    ("整改期限", "row.ends_on", 38),
)
REMEDIES = (
    "如不服本{what}，可以自收到之日起 {{{{ reconsideration_days }}}} 日内依法向{{{{ review_organ }}}}申请行政复议，"
    "也可以自收到之日起 {{{{ litigation_months }}}} 个月内依法向人民法院提起行政诉讼。"
)
ITEM = "{{ item }}（证书编号 {{ certificate_no }}）"
# Of each kind: paragraphs, or (columns, rows) of a table.
PARAGRAPHS: dict[str, list[Any]] = {
    "warning": [
        "你单位（统一社会信用代码 {{ credit_code }}）"
        + ITEM
        + "的注册人员情况与资质标准比对，列入黄牌预警：",
        (WARNED, "requirements"),
        "请于表中所列各项期限（含当日）前整改。对预警信息有异议的，可以书面提出申请并附证明材料。期满仍不达标的，主管部门可以认定并公布红牌预警。",
        "黄牌预警不向社会公布。注册人员名单请登录平台企业版查看。",
    ],
    "order-to-rectify": [
        "经查，你单位（统一社会信用代码 {{ credit_code }}）"
        + ITEM
        + "不符合资质标准，已认定为红牌预警（{{ card }}，{{ published_on }} 公布）：",
        (FIGURES, "requirements"),
        "依据{{ rule }}，责令你单位自本通知送达之日起 {{ red_months }} 个月内整改。"
        "整改期间不得申请资质升级、增项，不得以该资质承揽新的工程。",
        "期满仍未达到资质标准要求的，依法启动该项资质撤回程序。",
    ],
    "determination": [
        "你单位（统一社会信用代码 {{ credit_code }}）"
        + ITEM
        + "{% if warned_on %}自 {{ warned_on }} 起黄牌预警，期满后核查仍不达标{% else %}在日常监管中被发现不达标{% endif %}。经研究，认定为资质不达标：",
        (FIGURES, "requirements"),
        "认定理由：{{ because }}",
        "依据：{{ standards }}、{{ rule }}{% if run %}。核查编号 {{ run }}，数据截至 {{ as_of }}{% endif %}。",
        "自本认定书公布之日起列为红牌预警（{{ card }}），红牌预警期间：不得申请资质升级、增项；省内在建项目列入重点监管，不得以该资质承揽新项目；不得参加评优评先、表彰奖励。",
        REMEDIES.format(what="认定"),
    ],
    "supervision-letter": [
        "你单位（统一社会信用代码 {{ credit_code }}）" + ITEM + "存在{{ colour }}预警：",
        (FIGURES, "requirements"),
        "{{ what }}",
        "请{% if ends_on %}于 {{ ends_on }} 前{% else %}尽快{% endif %}整改到位，或者按规定提出申请。",
    ],
    "receipt": [
        "你单位（统一社会信用代码 {{ credit_code }}）于 {{ filed_on }} 提出的{{ cause }}申请（编号 {{ application }}）已经收到，涉及{{ about }}，附材料 {{ files }} 件。",
        "{% if opinion_due_on %}由本机关先行审查，于 {{ opinion_due_on }} 前提出意见；同意的，报送省住房和城乡建设厅核实修复。"
        "{% else %}由本机关核实，于 {{ decision_due_on }} 前作出决定。{% endif %}",
        "申请期间各项期限照常计算；首次申请作出决定前，不作认定和撤回决定。",
    ],
    "opinion": [
        "{{ enterprise }}（统一社会信用代码 {{ credit_code }}）于 {{ filed_on }} 就 {{ item }} 提出{{ cause }}申请（编号 {{ application }}），涉及{{ about }}。",
        "我单位审查了申请材料 {{ files }} 件，同意该申请。理由：{{ because }}",
        "现报送你厅核实，统一修复。",
    ],
    "application-decision": [
        "你单位（统一社会信用代码 {{ credit_code }}）于 {{ filed_on }} 就 {{ item }} 提出的{{ cause }}申请（编号 {{ application }}），涉及{{ about }}，经核实，决定：{{ outcome }}。",
        "理由：{{ because }}",
        "{% for line in repairs %}{{ line }}{% endfor %}",
        "{% if is_refused %}"
        + REMEDIES.format(what="决定")
        + "{% else %}预警信息已由省住房和城乡建设厅统一修复。{% endif %}",
    ],
    "suggestion-list": [
        "下列企业的资质经红牌预警期满仍未达到资质标准要求，依据晋建市规字〔2023〕71号文件，建议依法启动撤回程序，共 {{ enterprises }} 家企业、{{ items_count }} 项资质：",
        (ITEMS, "rows"),
        "请于收到本函之日起 {{ start_days }} 个工作日内启动相关资质撤回程序，并将撤回结果函告我单位。",
    ],
    "intended-withdrawal": [
        "你单位（统一社会信用代码 {{ credit_code }}）"
        + ITEM
        + "红牌预警（{{ card }}）于 {{ red_ends_on }} 期满，仍未达到资质标准要求：",
        (FIGURES, "requirements"),
        "我单位拟依法撤回该项资质。依据《中华人民共和国行政许可法》，你单位可以自收到本告知书之日起 {{ statement_days }} 个工作日内陈述、申辩，"
        "也可以自收到之日起 {{ hearing_days }} 个工作日内要求听证。逾期未提出的，视为放弃。",
    ],
    "hearing-notice": [
        "你单位就拟撤回 {{ item }} 一事要求听证，我单位定于 {{ held_on }} 在{{ place }}举行听证，由{{ chair }}主持。",
        "你单位可以委托代理人参加，可以申请主持人回避，可以提出证据并质证。无正当理由不参加的，视为放弃听证。",
    ],
    "hearing-record": [
        "案由：拟撤回{{ enterprise }}（统一社会信用代码 {{ credit_code }}）{{ item }}。",
        "时间：{{ held_on }}。地点：{{ place }}。主持人：{{ chair }}。参加人：{{ present }}。",
        "{% for line in lines %}{{ line }}{% if not loop.last %}\n{% endif %}{% endfor %}",
        "以上笔录经参加人核对无误后签名。",
    ],
    "display-notice": [
        "下列企业的资质经红牌预警期满仍未达到资质标准要求，拟依法撤回，现予公示，共 {{ enterprises }} 家企业、{{ items_count }} 项资质：",
        (ITEMS, "rows"),
        "公示期 {{ display_days }} 个工作日，自 {{ displayed_on }} 至 {{ display_ends_on }}（首日计入）。公示期内整改到位的，不再列入撤回；有异议的，请书面向本机关提出。",
    ],
    "withdrawal-decision": [
        "你单位（统一社会信用代码 {{ credit_code }}）"
        + ITEM
        + "红牌预警期满仍未达到资质标准要求：",
        (FIGURES, "requirements"),
        "拟撤回告知书于 {{ notice_served_on }} 送达，公示于 {{ display_ends_on }} 期满，公示后复核仍不达标。理由：{{ because }}",
        "依据《中华人民共和国行政许可法》第八条和{{ rule }}，决定撤回该项资质。"
        "你单位可以自撤回之日起 {{ lower_grade_months }} 个月内申请核定低等级资质。",
        REMEDIES.format(what="决定"),
    ],
    "announcement": [
        "依据《中华人民共和国行政许可法》，现将下列事项公告如下，共 {{ enterprises }} 家企业、{{ items_count }} 项资质：",
        (ITEMS, "rows"),
        "{{ what }}",
    ],
    "result-letter": [
        "你单位 {{ suggested_on }} 来函（{{ suggestion }}）建议撤回的资质，办理结果如下，共 {{ items_count }} 项：",
        (RESULTS, "rows"),
        "各项结果合计与来函名单一致。",
    ],
    "recall-letter": [
        "我单位 {{ suggested_on }} 以{{ suggestion }}提请撤回的下列资质，已不符合撤回的条件，现收回该项提请，共 {{ items_count }} 项：",
        (RESULTS, "rows"),
        "请终止相关资质的撤回程序。",
    ],
    "quarterly-return": [
        "现将 {{ quarter }} 预警企业资质撤回情况报送如下{% if version > 1 %}（第 {{ version }} 次报送，以本次为准）{% endif %}：",
        (LINES, "lines"),
        "各项明细（共 {{ items_count }} 项）：",
        (RETURNED, "rows"),
        "{% for line in differences %}{{ line }}{% endfor %}",
        "本表各数由案件数据汇总，季初在办与新启动之和等于各项结果与季末在办之和。",
    ],
    "quarterly-summary": [
        "{{ quarter }} 全省预警企业资质撤回情况汇总如下，应报送单位 {{ reporters }} 家，已报送 {{ received }} 家，其中按期 {{ in_time }} 家。",
        (BY_REPORTER, "reported"),
        "全省合计：",
        (LINES, "lines"),
        "{% for line in missing %}{{ line }}{% endfor %}",
    ],
    "check-sheet": [
        "抽查对象：{{ enterprise }}（统一社会信用代码 {{ credit_code }}）{{ item }}，办理单位：{{ authority }}。抽查原因：{{ why }}。",
        (CHECKED, "sheet"),
        "结论：{{ result }}。{{ found }}",
        "{% if follow_up_due_on %}请于 {{ follow_up_due_on }} 前整改并书面反馈。{% endif %}",
    ],
    "circular": [
        "经抽查和统计，{{ quarter }} {{ authority }}在预警企业资质撤回工作中存在下列执行不到位的情况，共 {{ items_count }} 项：",
        (NOT_DONE, "rows"),
        "{{ demand }}",
        "依据晋建市规字〔2023〕71号文件第四条第（三）项，予以通报。",
    ],
    "ministry-report": [
        "下列由你部核发的资质，经红牌预警期满仍未达到资质标准要求，我厅已经审定，现报请履行撤回程序，共 {{ enterprises }} 家企业、{{ items_count }} 项资质：",
        (ITEMS, "rows"),
        "有关证据材料随文报送。",
    ],
    "credit-record": [
        "企业：{{ enterprise }}（统一社会信用代码 {{ credit_code }}）。",
        "经查，该企业在资质动态预警整改中有下列行为：{{ what }}",
        "证据：{{ evidence }}",
        "依据晋建市规字〔2023〕71号文件第三条，记入不良信用记录，并移送{{ referred_to }}依法处理。",
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
    if indent:
        form.first_line_indent = BODY * 2
    if align is not None:
        paragraph.alignment = align
    set_font(paragraph.add_run(text), BODY_FONT, BODY)
    return paragraph


def add_red_line(paragraph: Any) -> None:
    """The red line under the head."""
    border = OxmlElement("w:pBdr")
    line = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "18"), ("space", "6"), ("color", "E60012")):
        line.set(qn(f"w:{name}"), value)
    border.append(line)
    paragraph._element.get_or_add_pPr().append(border)


def add_page_number(section: Any) -> None:
    """— 1 — at the foot of every page."""
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    set_font(footer.add_run("— "), "宋体", Pt(14))
    run = footer.add_run()
    set_font(run, "宋体", Pt(14))
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._element.append(part)
    set_font(footer.add_run(" —"), "宋体", Pt(14))


def add_table(document: Any, columns: Any, rows: str) -> None:
    """A table with a head that is repeated on every page, and one row for each of `rows`."""
    table = document.add_table(rows=4, cols=len(columns), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for index, (head, field, width) in enumerate(columns):
        table.columns[index].width = Mm(width)
        fill_cell(table.cell(0, index), head, BOLD_FONT, width)
        fill_cell(table.cell(2, index), f"{{{{ {field} }}}}", BODY_FONT, width)
    table.cell(1, 0).paragraphs[0].add_run(f"{{%tr for row in {rows} %}}")
    table.cell(3, 0).paragraphs[0].add_run("{%tr endfor %}")
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for row in table.rows:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def fill_cell(cell: Any, text: str, font: str, width: int) -> None:
    """A centred text in a cell of a width in mm."""
    cell.width = Mm(width)
    cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
    paragraph = cell.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    form = paragraph.paragraph_format
    form.space_before = form.space_after = Pt(2)
    form.line_spacing = 1.0
    set_font(paragraph.add_run(text), font, CELL)


def template(parts: list[Any]) -> Any:
    """The template of these paragraphs and tables."""
    document = Document()
    set_page(document.sections[0])
    add_head(document)
    for text in ("{%p if addressee %}", "{{ addressee }}：", "{%p endif %}"):
        add_paragraph(document, text, indent=False)
    last = None
    for part in parts:
        if isinstance(part, str):
            last = add_paragraph(document, part)
            last.paragraph_format.keep_together = True
        else:
            add_table(document, *part)
    # no page that holds only a signature
    if last is not None:
        last.paragraph_format.keep_with_next = True
    add_signature(document)
    add_page_number(document.sections[0])
    return document


def set_page(section: Any) -> None:
    """A4 with the margins of official documents."""
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)


def add_head(document: Any) -> None:
    """Red head, number, red line and title."""
    head = document.add_paragraph()
    head.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = head.add_run("{{ organisation }}")
    set_font(run, HEAD_FONT, Pt(32))
    run.font.color.rgb = RED
    number = add_paragraph(document, "{{ number }}", align=WD_ALIGN_PARAGRAPH.CENTER, indent=False)
    add_red_line(number)
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.paragraph_format.space_before = title.paragraph_format.space_after = Pt(20)
    set_font(title.add_run("{{ title }}"), TITLE_FONT, Pt(22))


def add_signature(document: Any) -> None:
    """Organisation, place of the seal and day, kept together."""
    for text in ("", "{{ organisation }}", "（印章）", "{{ issued_on }}"):
        line = add_paragraph(document, text, align=WD_ALIGN_PARAGRAPH.RIGHT, indent=False)
        line.paragraph_format.right_indent = BODY * 2
        line.paragraph_format.keep_with_next = text != "{{ issued_on }}"


def fields_of(parts: list[Any]) -> set[str]:
    """The values that paragraphs and tables ask for."""
    names = set()
    for part in parts:
        if isinstance(part, str):
            names |= {name for match in VARIABLE.findall(part) for name in match if name}
        else:
            names.add(part[1])
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
        template(PARAGRAPHS[kind]).save(str(path))
        print(path)


if __name__ == "__main__":
    main()
