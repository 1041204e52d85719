"""Evidence packs: complete, reproducing the finding, without identity numbers."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import re
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import PASSWORD, WHY, Actors, picture
from builders import law
from commands import qualwatch
from databases import prepare_office, process_environment
from qualwatch.archive.actions import content_of
from qualwatch.assessments.models import LawText, Run
from qualwatch.cases.applications.actions import refuse
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.documents.attachments import SubmittedFile
from qualwatch.cases.evidence_packs.disclosure import disclosable
from qualwatch.cases.evidence_packs.pack import CannotPack, evidence_pack
from qualwatch.cases.models import Attachment, Case, Document
from qualwatch.cases.proposed_acts.releases import release_held_run
from qualwatch.cases.warnings.supervise import follow_up
from qualwatch.evaluation import reference
from qualwatch.evaluation.facts import Facts
from qualwatch.evaluation.people import age_on
from qualwatch.intake.facts_folder import read_facts
from qualwatch.intake.synthetic_province import Plan, generate_province
from qualwatch.journal.keys import current_public_key
from qualwatch.journal.models import Seal
from qualwatch.journal.packs import faults_of_pack, parts_digest
from qualwatch.journal.queries import entries_of
from qualwatch.law.loader import load_law
from qualwatch.privacy import hidden
from qualwatch.procedure.transitions import CannotStep
from qualwatch.registers.facts import facts_on
from qualwatch.registers.loads import Delivery, import_delivery
from qualwatch.registers.models import Person, RegistrationRow
from register_files import CONTRIBUTIONS, REGISTRATIONS
from register_office import DAY, RegisterOffice
from register_rows import paid, person
from withdrawal_acts import withdraw_item

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
PERIOD_OVER = date(2026, 7, 21)
HOME = Path(__file__).parent.parent
CONCURRENT_ACTS = str(HOME / "concurrent_acts.py")


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return Actors(office)


def extract_pack(actors: Actors, case: Case, folder: Path, by: str = "officer") -> Path:
    """A pack, unpacked."""
    pack = evidence_pack(
        card_number=case.card_number, by=actors.account(by), at=actors.office.tick(PERIOD_OVER)
    )
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        archive.extractall(folder)
    return folder


def refuse_application(actors: Actors, case: Case) -> None:
    """The enterprise applies with evidence; the city refuses."""
    account, day = actors.enterprise_account(), DAY + timedelta(days=2)
    application = actors.apply(case, day, account)
    refuse(
        application=application,
        because="证据不足",
        by=actors.account("city-reviewer"),
        law=actors.law,
        at=actors.office.tick(day),
    )


def finding(case: Case) -> dict[str, Any]:
    return dict(case.determinations.get(state="signed").figures)


def test_the_command_reproduces_the_finding_from_the_pack_alone(
    actors: Actors, tmp_path: Path
) -> None:
    case = actors.red_case()
    actors.serve_order(case, PERIOD_OVER)
    folder = extract_pack(actors, case, tmp_path / "pack")
    judged = json.loads((folder / "finding.json").read_text())["rerun"]
    result = qualwatch(
        "check",
        folder / "facts",
        "--law",
        folder / "law",
        "--as-of",
        judged["as_of"],
        "--format",
        "json",
    )
    (reproduced,) = [
        row for row in result.json()["findings"] if row["credit_code"] == case.credit_code
    ]
    figures = finding(case)["constructors"]
    assert (
        reproduced["verdict"],
        reproduced["required"],
        reproduced["held"],
        reproduced["shortfall"],
        reproduced["basis"],
    ) == (
        "short",
        figures["required"],
        figures["held"],
        figures["shortfall"],
        figures["basis"],
    )
    assert judged["findings"][0]["held"] == figures["held"]


def test_a_pack_is_complete_and_every_file_matches_its_checksum(
    actors: Actors, tmp_path: Path
) -> None:
    case = actors.red_case()
    actors.serve_order(case, PERIOD_OVER)
    actors.patrol(PERIOD_OVER + timedelta(days=1))
    folder = extract_pack(actors, case, tmp_path / "pack")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    sums = dict(
        line.split("  ", 1)[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines()
    )
    assert set(sums) == names - {"SHA256SUMS", "SHA256SUMS.sig"}
    assert all(
        hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum
        for name, checksum in sums.items()
    )
    assert {
        "README.txt",
        "index.html",
        "manifest.json",
        "finding.json",
        "case.json",
        "journal.json",
        "人员逐条.csv",
        "登记事实/企业.csv",
        "登记事实/注册.csv",
        "facts/registrations.parquet",
        "law/policy/shanxi.yaml",
    } <= names
    assert sum(name.startswith("documents/") for name in names) == 3
    assert sum(name.startswith("proofs/") for name in names) == 2  # of the warning, of the order
    course = json.loads((folder / "case.json").read_text())[case.stream]
    assert [service["method"] for service in course["services"]] == ["in-person", "in-person"]
    (journal,) = json.loads((folder / "journal.json").read_text())
    # Then the pack itself
    assert journal["seals"][-1]["head"][:2] == [
        case.stream,
        len(journal["entries"]) - 1,
    ]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["card"], manifest["case"], manifest["made_on"]) == (
        case.card_number,
        case.stream,
        str(PERIOD_OVER + timedelta(days=1)),
    )
    last = journal["entries"][-1]
    assert manifest["journal"] == [
        {"stream": case.stream, "length": last["number"], "head": last["digest"]}
    ]
    sizes = {row["name"]: row["bytes"] for row in manifest["files"]}
    assert sizes["index.html"] == (folder / "index.html").stat().st_size
    assert set(sizes) == names - {"SHA256SUMS", "SHA256SUMS.sig", "manifest.json"}
    key = Seal.objects.latest("pk").public_key
    assert qualwatch("journal", "check", folder, "--key", key).out == (
        f"证据包完好：红牌 {case.card_number}，{case.enterprise}，{manifest['made_on']} 制作\n"
        "最后 1 条日志在末次封签之后，由证据包的签名证明\n"
    )
    unproved = qualwatch("journal", "check", folder)
    assert (unproved.status, "请用 --key" in unproved.out) == (3, True)


def readable_rows(path: Path) -> list[list[str]]:
    """The rows of a table of the pack, headings first."""
    return list(csv.reader(path.read_text("utf-8-sig").splitlines()))


def test_each_registration_has_its_own_reasons(actors: Actors, tmp_path: Path) -> None:
    """Somebody with two registrations: one ended, the other of a speciality that does not count."""
    people = [
        REGISTRATIONS,
        person(1),
        person(2),
        person(3, 有效期止="2026-01-01"),
        person(3, 专业="铁路工程", 注册编号="晋1142024202499999"),
    ]
    case = actors.red_case(注册人员=people)
    folder = extract_pack(actors, case, tmp_path / "pack")
    headings, *rows = readable_rows(folder / "人员逐条.csv")
    assert headings[0] == "证据包红牌编号"
    assert {row[0] for row in rows} == {case.card_number}
    by_reason = {row[7]: row for row in rows if row[6] != "计入"}
    assert set(by_reason) == {"注册已过期", "无人缴纳社保、专业不在其列"}
    assert {row[8] for row in by_reason.values()} == {"不计"}
    assert "铁路工程" in by_reason["无人缴纳社保、专业不在其列"][5]
    page = (folder / "index.html").read_text("utf-8")
    assert "<td>注册已过期</td>" in page


def test_plain_facts_are_the_facts_in_chinese(actors: Actors, tmp_path: Path) -> None:
    folder = extract_pack(actors, actors.red_case(), tmp_path / "pack")
    facts = read_facts(folder / "facts", law())
    headings, *rows = readable_rows(folder / "登记事实" / "注册.csv")
    assert headings[1:5] == ["人员代号", "统一社会信用代码", "注册类别", "级别"]
    assert len(rows) == len(facts.rows("registrations"))
    assert {row[3] for row in rows} == {"注册建造师"}
    for path in (folder / "登记事实").iterdir():
        assert not re.search("[a-z]{3,}-[a-z]", path.read_text("utf-8-sig")), path  # no slugs
    people = readable_rows(folder / "登记事实" / "人员.csv")
    assert people[0][2] == "核查日周岁"
    assert all(row[2].isdigit() for row in people[1:])


def test_no_birthday_stands_beside_the_digits_of_an_identity_number(
    actors: Actors, tmp_path: Path
) -> None:
    """Facts have years of age only, and nevertheless give the findings of the true birthdays."""
    case = actors.red_case()
    true_birthdays = {row.born_on for row in Person.objects.all()}
    folder = extract_pack(actors, case, tmp_path / "pack")
    judged = json.loads((folder / "finding.json").read_text())["rerun"]
    day = date.fromisoformat(judged["as_of"])
    people = read_facts(folder / "facts", law()).rows("people")
    assert people
    assert {(row.born_on.month, row.born_on.day) for row in people} == {(day.month, day.day)}
    assert true_birthdays
    for path in folder.rglob("*"):
        if path.suffix in (".json", ".csv", ".txt", ".html"):
            text = path.read_text("utf-8-sig")
            for birthday in true_birthdays:
                assert f"{birthday:%Y%m%d}" not in text, path
                assert str(birthday) not in text, path
    run = Run.objects.get(pk=judged["run"])
    facts = facts_on(run.as_of, run.revision_id, [case.credit_code])
    policy = law().policy_on(day)
    assert reference.judge(law(), policy, facts, case.credit_code, day) == reference.judge(
        law(), policy, disclosable(facts, day), case.credit_code, day
    )


@given(st.dates(date(1930, 1, 1), date(2010, 12, 31)), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_a_replaced_birthday_makes_the_same_age(born_on: date, day: date) -> None:
    facts = Facts.of_rows({"people": [("P1", born_on, None, None, None), ("P2", *[None] * 4)]})
    replaced, unknown = disclosable(facts, day).rows("people")
    assert age_on(replaced.born_on, day) == age_on(born_on, day)
    assert unknown.born_on is None


def test_a_pack_contains_the_enterprise_s_evidence_and_what_was_published(
    actors: Actors, tmp_path: Path
) -> None:
    case, batch, decided_on = withdraw_item(
        actors, before=lambda yellow: refuse_application(actors, yellow)
    )
    actors.patrol(decided_on + timedelta(days=1))
    pack = evidence_pack(
        card_number=case.card_number,
        by=actors.account("officer"),
        at=actors.office.tick(decided_on + timedelta(days=1)),
    )
    (tmp_path / "证据.zip").write_bytes(pack)
    assert faults_of_pack(tmp_path / "证据.zip", current_public_key()) == []
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        names = archive.namelist()
        evidence = [archive.read(name) for name in names if name.startswith("evidence/")]
        published = {
            name: archive.read(name).decode() for name in names if name.startswith("announcements/")
        }
        page = archive.read("index.html").decode()
    application = case.applications.get()
    determinations = Attachment.objects.filter(determination__case=case)
    submitted = [*application.attachments.order_by("pk"), *determinations.order_by("pk")]
    assert len(submitted) > 1
    assert evidence == [content_of(attachment.file) for attachment in submitted]
    (display,) = [text for text in published.values() if "公示期至" in text]
    assert case.enterprise in display
    assert "撤下：2026-09-10" in display  # by the decision; the public does not read it any more
    assert any(name.startswith("lists/") and "公示" in name for name in names)
    assert application.number in page
    assert "人员确在本单位" in page
    assert "向社会公布" in page
    suggestion = batch.suggestion
    assert suggestion is not None
    # the list names this enterprise only
    assert any(suggestion.number in name for name in names)


def test_a_red_card_of_insurance_says_when_it_was_warned_and_who(
    actors: Actors, tmp_path: Path
) -> None:
    """It arises from the enterprise's yellow card: its documents, its journal and the people are in the pack."""
    insured = [CONTRIBUTIONS, *(row for n in (1, 2) for row in paid(n))]
    actors.load_and_patrol(people=3, 社保=insured)
    enterprise_case = Case.objects.get(category=None)
    actors.prove_warning(enterprise_case, DAY)
    actors.load_and_patrol(PERIOD_OVER, people=3, 社保=insured)
    actors.propose(enterprise_case, day=PERIOD_OVER, items=[("specialist-decoration", "")])
    actors.sign(enterprise_case, day=PERIOD_OVER)
    red = Case.objects.get(state="red")
    assert red.arises_from == enterprise_case
    determination = Document.objects.get(case=red, kind="determination")
    assert determination.template_values["warned_on"] == "2026年5月20日"
    assert determination.template_values["standards"].endswith(
        "（晋建市规字〔2023〕71号）第二条第（一）项"
    )
    actors.patrol(PERIOD_OVER + timedelta(days=1))  # its journal is sealed
    folder = extract_pack(actors, red, tmp_path / "pack")
    judged = json.loads((folder / "finding.json").read_text())["rerun"]
    assert [anomaly["kind"] for anomaly in judged["anomalies"]] == ["unpaid"]
    course = json.loads((folder / "case.json").read_text())
    assert list(course) == [enterprise_case.stream, red.stream]
    assert [
        determination["outcome"]
        for determination in course[enterprise_case.stream]["determinations"]
    ] == ["red"]
    assert course[enterprise_case.stream]["services"][0]["proved_on"] == str(DAY)
    rows = readable_rows(folder / "人员逐条.csv")[1:]
    assert [row[6] for row in rows if row[1] == "注册人员社保"] == ["无人缴纳社保"]
    facts = read_facts(folder / "facts", law())
    day = date.fromisoformat(judged["as_of"])
    assert (
        len(reference.judge(law(), law().policy_on(day), facts, red.credit_code, day).anomalies)
        == 1
    )
    red.requirements.update(warned_figures={"run": judged["run"], "people": 9})
    with pytest.raises(CannotPack):
        extract_pack(actors, red, tmp_path / "other")


def test_a_pack_contains_no_identity_number_and_no_personal_name(
    actors: Actors, tmp_path: Path
) -> None:
    case = actors.red_case()
    actors.prove_service(
        actors.start_service(actors.order_of(case), PERIOD_OVER),
        PERIOD_OVER,
        files=[SubmittedFile("11010519491231002X 签收.png", picture())],
    )
    follow_up(
        case=case,
        kind="letter",
        what="电话 11010519491231002X 本人",
        by=actors.account("officer"),
        law=actors.law,
        at=actors.office.tick(PERIOD_OVER),
    )
    folder = extract_pack(actors, case, tmp_path / "pack")
    for path in folder.rglob("*"):
        assert hidden(path.name) == path.name
        if path.suffix == ".docx":
            text = "\n".join(paragraph.text for paragraph in docx.Document(str(path)).paragraphs)
            assert hidden(text) == text, path
        if path.is_file() and path.suffix not in (".parquet", ".docx", ".png", ".sig"):
            text = path.read_text("utf-8")
            assert hidden(text) == text, path
    rows = readable_rows(folder / "人员逐条.csv")[1:]
    assert rows
    assert all(re.fullmatch(r"\d{6}\*{12}", row[3]) for row in rows)
    assert all(set(row[4][1:]) <= {"*"} for row in rows)
    facts = read_facts(folder / "facts", law())
    assert facts.rows("enterprises")[0].credit_code == case.credit_code
    assert len(facts.rows("enterprises")) == 1  # nobody else's data
    page = (folder / "index.html").read_text("utf-8")
    assert case.card_number in page
    assert "注册建造师：应有 3 人，现有 2 人，缺 1 人" in page


def test_a_pack_stays_the_same_after_registers_and_law_have_changed(
    actors: Actors, tmp_path: Path
) -> None:
    """People come and go, a policy is replaced: what was known and in force that day is in the pack."""
    case = actors.red_case()
    before = extract_pack(actors, case, tmp_path / "before")
    text = Path(load_law().files["policy/shanxi.yaml"]).read_text()
    policy = tmp_path / "policy.yaml"
    policy.write_text(text.replace("value: number-and-trade", "value: highest-any-trade"))
    actors.law = load_law(None, policy)
    actors.load_and_patrol(PERIOD_OVER + timedelta(days=1), people=1)
    assert LawText.objects.count() == 2
    after = extract_pack(actors, case, tmp_path / "after")
    for name in (
        "人员逐条.csv",
        "登记事实/注册.csv",
        "law/policy/shanxi.yaml",
        "facts/registrations.parquet",
    ):
        assert (before / name).read_bytes() == (after / name).read_bytes()
    packs = [
        json.loads((path / "finding.json").read_text())["rerun"]["findings"]
        for path in (before, after)
    ]
    assert packs[0] == packs[1]


def test_who_received_a_pack_is_journaled_and_others_receive_none(actors: Actors) -> None:
    case = actors.red_case()
    pack = evidence_pack(
        card_number=case.card_number,
        by=actors.account("auditor"),
        at=actors.office.tick(PERIOD_OVER),
    )
    last = entries_of(case.stream)[-1]
    assert (last.what, last.by) == ("pack-created", "auditor")
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        sums = dict(
            line.split("  ", 1)[::-1] for line in archive.read("SHA256SUMS").decode().splitlines()
        )
    assert last.details["parts"] == parts_digest(sums)
    with pytest.raises(NotCompetent):
        evidence_pack(
            card_number=case.card_number,
            by=actors.account("datong-officer"),
            at=actors.office.tick(PERIOD_OVER),
        )
    for number in ("", "晋红〔2026〕999号"):
        with pytest.raises(CannotPack):
            evidence_pack(
                card_number=number, by=actors.account("officer"), at=actors.office.tick(PERIOD_OVER)
            )


def test_a_tampered_register_gives_no_pack(actors: Actors, tmp_path: Path) -> None:
    case = actors.red_case()
    case.determinations.update(
        figures={"constructors": {**finding(case)["constructors"], "held": 1}}
    )
    with pytest.raises(CannotPack, match="给不出当时的事实"):
        extract_pack(actors, case, tmp_path / "pack")
    assert RegistrationRow.objects.exists()


def test_an_officer_s_red_card_has_its_finding_and_the_registers_of_that_day(
    actors: Actors, tmp_path: Path
) -> None:
    actors.load_and_patrol(people=3)
    case = actors.inspect(DAY)
    with pytest.raises(CannotPack, match="案件日志还没有封签"):
        extract_pack(actors, case, tmp_path / "unsealed")
    actors.patrol(DAY + timedelta(days=1))
    folder = extract_pack(actors, case, tmp_path / "pack")
    act, journal = json.loads((folder / "journal.json").read_text())
    signed = next(entry for entry in journal["entries"] if entry["what"] == "act-signed")
    (opened,) = [entry for entry in act["entries"] if entry["what"] == "evidence-opened"]
    assert act["entries"][0]["what"] == "act-proposed"
    assert (opened["by"], signed["by"]) == ("reviewer", "reviewer")
    assert opened["recorded_at"] <= signed["recorded_at"]
    assert opened["details"]["file"] in signed["details"]["read"]["files"]
    assert act["seals"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [row["stream"] for row in manifest["journal"]] == [act["stream"], case.stream]
    assert faults_of_pack(folder, current_public_key()) == []
    course = json.loads((folder / "case.json").read_text())[case.stream]
    assert course["supervision_finding"]["evidence"][0]["name"] == "笔录.png"
    recorded = json.loads((folder / "finding.json").read_text())
    figures = recorded["determined"][0]["figures"]
    assert (figures["required"], figures["held"], figures["shortfall"]) == (3, 1, 2)
    assert (figures["registered"], figures["why"]["person"]) == (3, WHY.person)
    assert recorded["determined"][0]["figures_of"] == "officer"
    # The registers say otherwise, and the court may know
    assert recorded["rerun"]["findings"][0]["verdict"] == "met"
    page = (folder / "index.html").read_text("utf-8")
    assert "执法人员的数字（山西省住房和城乡建设厅 officer，2026-05-20 监管发现）" in page
    assert "登记库的数字：按当时的登记和标准再算一次" in page
    assert "现场核查只有一人" in page


def red_cases_of_a_province(
    actors: Actors, folder: Path, enterprises: int, count: int, seed: int
) -> list[Case]:
    """A synthetic province, some of its yellow cards determined at random after their period."""
    generate_province(Plan(enterprises, seed, DAY), folder, "csv", law())
    files = {
        "企业": "enterprises",
        "资质": "qualifications",
        "注册人员": "practitioners",
        "豁免": "exemptions",
        "锁定": "locks",
        "社保": "insurance",
    }

    def morning(day: date) -> None:
        for name, source in files.items():
            if not (folder / f"{name}.csv").exists():
                continue  # a small province has nobody locked
            covers = (
                (date(2026, 1, 1), day.replace(day=1) - timedelta(days=1))
                if source == "insurance"
                else None
            )
            delivery = Delivery(source, {f"{name}.csv": folder / f"{name}.csv"}, day, None, covers)
            load = import_delivery(
                delivery=delivery, law=actors.law, by="li", at=actors.office.tick(day)
            )
            assert load.state in ("released", "unchanged"), load.because
        day_done = actors.patrol(day)
        if day_done.run.state == "held":
            release_held_run(
                run=day_done.run,
                law=actors.law,
                by="wang",
                at=actors.office.tick(day),
                because="核对过样本",
                proposed_by="li",
            )

    morning(DAY)
    yellow = list(Case.objects.filter(category__isnull=False).order_by("pk"))
    chosen = random.Random(seed).sample(yellow, min(count, len(yellow)))
    for case in chosen:
        actors.prove_warning(case, DAY)
    pay_further_months(folder / "社保.csv", ("2026-05", "2026-06"))
    morning(PERIOD_OVER)
    cases = []
    for case in chosen:
        try:
            actors.propose(case, day=PERIOD_OVER)
        except CannotStep:
            continue  # what is short cannot be said for certain any more
        actors.sign(case, day=PERIOD_OVER)
        cases.append(Case.objects.get(pk=case.pk))
    return cases


def pay_further_months(path: Path, months: tuple[str, ...]) -> None:
    """Whoever paid last pays in these months too."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows, heads = list(reader), list(reader.fieldnames or ())
    last = max(row["缴费月份"] for row in rows if len(row["缴费月份"]) == 7)
    more = [
        {**row, "缴费月份": month} for row in rows if row["缴费月份"] == last for month in months
    ]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, heads)
        writer.writeheader()
        writer.writerows([*rows, *more])


def check_of_packs(
    actors: Actors, folder: Path, enterprises: int, count: int, seed: int, *, by_command: int
) -> int:
    reds = red_cases_of_a_province(actors, folder / "province", enterprises, count, seed)
    for case in reds:
        pack = extract_pack(actors, case, folder / str(case.pk))
        judged = json.loads((pack / "finding.json").read_text())["rerun"]
        texts = load_law(pack / "law") if case is reds[0] else load_law()
        assert all(
            (pack / "law" / name).read_bytes() == path.read_bytes()
            for name, path in load_law().files.items()
        )
        day = date.fromisoformat(judged["as_of"])
        facts = read_facts(pack / "facts", texts)
        assert {row.credit_code for row in facts.rows("items")} == {case.credit_code}
        result = reference.judge(texts, texts.policy_on(day), facts, case.credit_code, day)
        findings = {
            finding.requirement: finding
            for finding in result.findings
            if (finding.category, finding.sub_item) == (case.category, case.sub_item)
        }
        for name, figures in finding(case).items():
            judged_finding = findings[name]
            assert (
                judged_finding.verdict,
                judged_finding.required,
                judged_finding.held,
                judged_finding.possible,
                judged_finding.shortfall,
            ) == (
                "short",
                figures["required"],
                figures["held"],
                figures["possible"],
                figures["shortfall"],
            )
            assert list(judged_finding.basis) == figures["basis"]
    for case in reds[:by_command]:  # as a court would
        pack = folder / str(case.pk)
        day = json.loads((pack / "finding.json").read_text())["rerun"]["as_of"]
        ran = qualwatch(
            "check", pack / "facts", "--law", pack / "law", "--as-of", day, "--format", "json"
        )
        rows = {
            finding["requirement"]: finding
            for finding in ran.json()["findings"]
            if (finding["certificate_no"], finding["sub_item"])
            == (case.certificate_no, case.sub_item)
        }
        for name, figures in finding(case).items():
            assert [rows[name][key] for key in ("verdict", "required", "held", "basis")] == [
                "short",
                figures["required"],
                figures["held"],
                figures["basis"],
            ]
    return len(reds)


def test_packs_of_random_red_cards_reproduce_their_findings(actors: Actors, tmp_path: Path) -> None:
    assert check_of_packs(actors, tmp_path, 500, 12, 5, by_command=2) >= 8


@pytest.mark.full
def test_packs_of_fifty_random_red_cards_reproduce_their_findings(
    actors: Actors, tmp_path: Path
) -> None:
    assert check_of_packs(actors, tmp_path, 2500, 75, 5, by_command=75) >= 50


def test_the_command_writes_a_pack_for_authorised_accounts_only(tmp_path: Path) -> None:
    state = prepare_office(tmp_path / "state")
    for words in (
        [CONCURRENT_ACTS, "setup", str(tmp_path)],
        [CONCURRENT_ACTS, "sign", str(tmp_path)],
    ):
        subprocess.run(
            [sys.executable, *words],
            env=process_environment(state),
            check=True,
            capture_output=True,
        )
    pack = tmp_path / "证据.zip"

    def run_command(number: str, password: str = PASSWORD, output: Path = pack) -> tuple[int, str]:
        words: list[str | Path] = [
            "pack",
            number,
            "--by",
            "officer",
            "--output",
            output,
            "--password-from-stdin",
        ]
        ran = qualwatch(*words, typed=password + "\n", **state)
        return ran.status, ran.out or ran.err

    assert run_command("晋红〔2026〕1号", "guess") == (2, "qualwatch: 账号或密码不对\n")
    assert run_command("晋红〔2026〕9号") == (2, "qualwatch: 没有这张红牌：晋红〔2026〕9号\n")
    status, message = run_command("晋红〔2026〕1号")
    assert (status, "已写" in message) == (0, True)
    assert "index.html" in zipfile.ZipFile(pack).namelist()
    before = pack.read_bytes()
    assert run_command("晋红〔2026〕1号")[0] == 2  # never over another file
    assert run_command("晋红〔2026〕1号", output=tmp_path / "nowhere" / "a.zip")[0] == 2
    assert pack.read_bytes() == before
