"""Documents: every figure in the .docx is the stored one; bytes are immutable; numbers run without gaps."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import docx
import jinja2
import pytest
from django.db import transaction
from docx.document import Document as Docx
from docxtpl import DocxTemplate

from actors import Actors
from document_samples import SAMPLES
from qualwatch.archive.actions import DamagedFile, content_of, rotate
from qualwatch.archive.models import StoredFile
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.documents import filling, issuing, kinds
from qualwatch.cases.documents.basis import legal_basis
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS, rendered
from qualwatch.cases.models import Case, Document, NumberSequence
from qualwatch.cases.service.actions import issue_warning, void_document
from qualwatch.cases.warnings.supervise import follow_up
from qualwatch.procedure.roles import ROLES
from qualwatch.procedure.transitions import BY_EVENT
from register_files import ITEMS
from register_office import DAY, RegisterOffice
from register_rows import item

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
PERIOD_OVER = date(2026, 7, 21)
ORIGIN = filling.Origin("山西省住房和城乡建设厅", datetime(2026, 5, 20, 8, tzinfo=UTC))


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def read(document: Document) -> Docx:
    return docx.Document(io.BytesIO(content_of(document.file)))


def text_of(document: Docx) -> str:
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


def cells(document: Docx) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in document.tables[0].rows]


def test_a_red_card_comes_with_a_determination_and_an_order_that_say_what_is_stored(
    actors: Actors,
) -> None:
    case = actors.red_case()
    row = case.requirements.get()
    figures = row.warned_figures
    expected = [
        "注册建造师",
        str(figures["required"]),
        str(figures["held"]),
        str(figures["shortfall"]),
        "、".join(figures["basis"]),
    ]
    assert figures["required"] - figures["held"] == figures["shortfall"] == 1
    for kind, number in (
        ("determination", "晋建资认〔2026〕1号"),
        ("order-to-rectify", "晋建资责〔2026〕1号"),
    ):
        document = Document.objects.get(case=case, kind=kind)
        word_file = read(document)
        text = text_of(word_file)
        lines = [paragraph.text for paragraph in word_file.paragraphs if paragraph.text]
        assert lines[:4] == [
            "山西省住房和城乡建设厅",
            number,
            f"山西省住房和城乡建设厅\n{DOCUMENT_KINDS[kind].title}",
            f"{case.enterprise}：",
        ]
        assert lines[-5:] == [
            "山西省住房和城乡建设厅",
            "（印章）",
            "2026年7月21日",
            "（联系人：联系甲；电话：0351-5550001；地址：太原市某街2号）",
            "山西省住房和城乡建设厅\t2026年7月21日印发",
        ]
        assert cells(word_file)[1:] == [expected]
        assert cells(word_file)[0] == ["指标", "标准要求（人）", "现有（人）", "缺额（人）", "依据"]
        for value in (case.credit_code, case.certificate_no, case.card_number):
            assert value in text
        assert document.number == number
    determined = text_of(read(Document.objects.get(kind="determination")))
    assert "自2026年5月20日起黄牌预警" in determined
    # the officer's, not the reviewer's word
    assert "认定理由：期满后核查仍缺一名注册建造师。" in determined
    signed = case.determinations.get()
    assert signed.figures["constructors"]["run"] == Run.objects.get(as_of=PERIOD_OVER).pk
    assert f"核查编号{signed.figures['constructors']['run']}，数据截至2026年7月21日" in determined
    assert "60日内依法向山西省人民政府申请行政复议" in determined
    assert "6个月内依法向有管辖权的人民法院提起行政诉讼" in determined
    ordered = text_of(read(Document.objects.get(kind="order-to-rectify")))
    assert "《建筑业企业资质管理规定》（住建部令第22号）第二十八条" in ordered
    assert "自本通知送达之日起1个月内整改" in ordered


def test_the_bytes_are_stored_and_a_reprint_is_those_bytes(
    actors: Actors, tmp_path: Path, settings: Any
) -> None:
    case = actors.red_case()
    order = actors.order_of(case)
    first = content_of(order.file)
    assert hashlib.sha256(first).hexdigest() == order.file.sha256
    own = docx.Document(
        io.BytesIO(
            Path(issuing.__file__).parent.joinpath("templates/order-to-rectify.docx").read_bytes()
        )
    )
    own.add_paragraph("本局专用：{{ card }}")
    own.save(str(tmp_path / "order-to-rectify.docx"))
    settings.LETTERS = str(tmp_path)
    assert content_of(actors.order_of(case).file) == first
    void_document(
        document=order,
        because="样式有误",
        by=actors.account("reviewer"),
        law=actors.law,
        at=actors.office.tick(PERIOD_OVER),
    )
    assert f"本局专用：{case.card_number}" in text_of(read(actors.order_of(case)))
    assert content_of(order.file) == first


def test_stored_bytes_are_encrypted_and_damage_is_detected(actors: Actors, settings: Any) -> None:
    case = actors.red_case()
    file = actors.order_of(case).file
    path = settings.STORED_FILES / file.sha256[:2] / file.sha256
    stored = path.read_bytes()
    assert b"PK\x03\x04" not in stored[:20]
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
    with pytest.raises(DamagedFile):
        content_of(file)
    path.write_bytes(stored)
    path.unlink()
    with pytest.raises(DamagedFile):
        content_of(StoredFile.objects.get(pk=file.pk))


def test_numbers_run_by_authority_and_year_without_gaps(actors: Actors) -> None:
    city_item = [
        ITEMS,
        item(许可机关="太原市行政审批服务管理局", 资质证书号="D314000010", 等级="二级"),
    ]
    actors.load_and_patrol(资质=city_item)
    case = Case.objects.get()
    arguments: dict[str, Any] = {"law": actors.law}
    numbers = [
        issue_warning(
            case=case, by=actors.account(who), at=actors.office.tick(day), **arguments
        ).number
        for who, day in (
            ("officer", date(2026, 5, 21)),
            ("city-officer", date(2026, 5, 21)),
            ("officer", date(2026, 5, 22)),
            ("city-officer", date(2027, 1, 4)),
            ("officer", date(2027, 1, 4)),
        )
    ]
    assert numbers == [
        "晋建资预〔2026〕1号",
        "太原建资预〔2026〕1号",
        "晋建资预〔2026〕2号",
        "太原建资预〔2027〕1号",
        "晋建资预〔2027〕1号",
    ]


def test_a_missing_value_is_an_error_and_uses_no_number(actors: Actors) -> None:
    case = actors.yellow_case()
    ctx = ActContext(actors.law, actors.office.tick(), "officer", "province")
    before = list(NumberSequence.objects.values())
    with pytest.raises(jinja2.UndefinedError), transaction.atomic():
        issuing.issue("warning", ctx, values={"credit_code": "x"}, addressee="x", case=case)
    assert list(NumberSequence.objects.values()) == before
    assert not Document.objects.exists()


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_a_template_asks_for_the_fields_of_its_entry(kind: str) -> None:
    template = DocxTemplate(kinds.FOLDER / f"{kind}.docx")
    variables = template.get_undeclared_template_variables()
    common = set(kinds.COMMON_FIELDS)
    if DOCUMENT_KINDS[kind].form == "record":
        # a record is addressed to nobody and sent nowhere
        common -= {"addressee", "contact", "copies", "rest_day"}
    assert variables == {*DOCUMENT_KINDS[kind].fields, *common}


def test_every_template_has_an_entry_signed_by_a_known_capability() -> None:
    templates = {path.stem for path in kinds.FOLDER.glob("*.docx")}
    assert templates == set(DOCUMENT_KINDS)
    capabilities = {capability for role in ROLES.values() for capability in role.capabilities}
    assert {kind.signed_by for kind in DOCUMENT_KINDS.values()} <= capabilities | {""}
    starts = {kind.starts for kind in DOCUMENT_KINDS.values()}
    assert starts <= set(BY_EVENT) | {""}


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_every_kind_is_complete_and_shows_its_values(actors: Actors, kind: str) -> None:
    """Also those that come with withdrawals: each value of the sample stands in the text, nothing of the template is left."""
    case = actors.yellow_case()
    ctx = ActContext(actors.law, actors.office.tick(), "officer", "province")
    sample = SAMPLES[kind]
    with transaction.atomic():
        document = issuing.issue(kind, ctx, values=sample, addressee="收件单位", case=case)
        write_journal(ctx)
    word_file = read(document)
    text = (
        text_of(word_file)
        + "\n"
        + "\n".join("\t".join(row) for table in word_file.tables for row in _rows(table))
    )
    assert "{{" not in text
    assert "{%" not in text
    document.refresh_from_db()
    # Everything is stored
    assert {
        **document.template_values,
        **sample,
    } == document.template_values
    shown = _plain({**document.template_values, "copies": "", "rest_day": ""})
    for name, value in shown:
        if DOCUMENT_KINDS[kind].form == "record" and name in (".addressee", ".contact"):
            continue
        assert str(value) in text, f"{kind}: {name}"
    expected = [
        "山西省住房和城乡建设厅",
        document.number,
        DOCUMENT_KINDS[kind].title,
        "2026年5月20日",
    ]
    if DOCUMENT_KINDS[kind].form != "record":
        expected += ["收件单位：", "（印章）"]
    for value in expected:
        assert value in text
    section = word_file.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)  # type: ignore[union-attr]  # they are set
    assert (round(section.top_margin.mm), round(section.left_margin.mm)) == (37, 28)  # type: ignore[union-attr]  # they are set
    assert "PAGE" in section.footer._element.xml


def _rows(table: Any) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


def _plain(values: Any, name: str = "") -> list[tuple[str, Any]]:
    """Every value that should be read, however deep."""
    if isinstance(values, dict):
        return [
            pair
            for key, value in values.items()
            if key not in HIDDEN
            for pair in _plain(value, f"{name}.{key}")
        ]
    if isinstance(values, list):
        return [pair for value in values for pair in _plain(value, name)]
    return [] if values in (None, "", False, True) else [(name, values)]


HIDDEN = {"requirement_slugs", "outcome_slug"}


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_a_document_is_part_by_part_what_docxtpl_makes(kind: str) -> None:
    """Only the text is filled in anew for every document; all else is copied as packed."""
    names = {
        "organisation": "厅<&>",
        "number": "1号",
        "title": "函",
        "issued_on": "今日",
        "legal_basis": "《规定》第一条",
        "contact": "联系人：甲",
        "copies": "乙",
        "rest_day": "",
    }
    values = {**SAMPLES[kind], **names, "addressee": "甲\n乙"}
    path = kinds.FOLDER / f"{kind}.docx"
    for _ in range(2):
        ours = filling.fill_template(path, values, ORIGIN)
        theirs = filling.fill_with_docxtpl(path, values, ORIGIN)
        assert _parts(ours) == _parts(theirs)


def _parts(document: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_a_template_may_be_changed_and_have_values_outside_its_text(tmp_path: Path) -> None:
    path = tmp_path / "warning.docx"
    for text in ("一", "二"):
        template = docx.Document()
        template.add_paragraph(text + "{{ number }}")
        template.core_properties.title = "{{ number }}"
        template.save(str(path))
        filled = filling.fill_template(path, {"number": "7号"}, ORIGIN)
        document = docx.Document(io.BytesIO(filled))
        assert document.paragraphs[0].text == text + "7号"
        assert document.core_properties.title == "7号"
        assert document.core_properties.author == ORIGIN.author


def test_a_template_can_only_insert_text(tmp_path: Path, settings: Any) -> None:
    own = docx.Document()
    own.add_paragraph("{{ ''.__class__.__mro__[1].__subclasses__() }}")
    own.save(str(tmp_path / "credit-record.docx"))
    settings.LETTERS = str(tmp_path)
    with pytest.raises(jinja2.exceptions.SecurityError):
        rendered("credit-record", {}, ORIGIN)


def test_a_case_of_a_supervision_firm_rests_on_its_own_rule(actors: Actors) -> None:
    case = actors.yellow_case()
    ctx = ActContext(actors.law, actors.office.tick(), "officer", "province")
    case.category = "supervision-building"
    rule = "《工程监理企业资质管理规定》（建设部令第158号）第二十三条、第二十五条"
    assert rule in legal_basis("order-to-rectify", [case], ctx)
    assert "住建部令第22号" not in legal_basis("order-to-rectify", [case], ctx)


def test_stored_files_are_reencrypted_and_may_stop_half_way(actors: Actors, settings: Any) -> None:
    case = actors.red_case()
    before = {stored_file.pk: content_of(stored_file) for stored_file in StoredFile.objects.all()}
    settings.IDENTITY_KEYS = {**settings.IDENTITY_KEYS, "2": b"n" * 32}
    file = actors.order_of(case).file
    assert rotate(at_most=1) == 1
    # The row's change was lost, the file's was not
    StoredFile.objects.filter(key_version="2").update(key_version="1")
    while rotate(at_most=2):
        pass
    settings.IDENTITY_KEYS = {"2": b"n" * 32}
    assert {
        stored_file.pk: content_of(stored_file) for stored_file in StoredFile.objects.all()
    } == before
    assert set(StoredFile.objects.values_list("key_version", flat=True)) == {"2"}
    assert content_of(file) == before[file.pk]


def test_a_supervision_letter_and_a_credit_record_are_documents(actors: Actors) -> None:
    case = actors.yellow_case()
    arguments: dict[str, Any] = {
        "by": actors.account("officer"),
        "law": actors.law,
        "at": actors.office.tick(),
    }
    follow_up(case=case, kind="letter", what="请于期满前补齐建造师。", **arguments)
    letter = Document.objects.get(kind="supervision-letter")
    assert "请于期满前补齐建造师。" in text_of(read(letter))
    assert "存在黄牌预警" in text_of(read(letter))
    assert cells(read(letter))[1][1:4] == ["3", "2", "1"]
    follow_up(case=case, kind="call", what="电话督促", **arguments)
    assert Document.objects.count() == 1
    actors.act(
        "fraud",
        DAY,
        because="提供虚假社保证明",
        case=case,
        payload={"referred_to": "太原市行政执法局"},
    )
    document = Document.objects.get(kind="credit-record")
    for value in ("提供虚假社保证明", "核查表.png", "移送太原市行政执法局", case.credit_code):
        assert value in text_of(read(document))
