"""Every kind of document, issued by the acts that issue it, has the elements of the office's table."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from typing import Any

import docx
import pytest

from actors import WHY, Actors, act_arguments, reload
from application_acts import NEXT_DAY, actors_with_accounts
from builders import OTHER, OWN
from document_elements import faults_of
from qualwatch.accounts.actions import CannotChangeContact, change_contact
from qualwatch.accounts.models import Organisation
from qualwatch.archive.actions import content_of
from qualwatch.cases.acting import ActContext
from qualwatch.cases.applications.actions import agree, refuse
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.documents.basis import has_lower_grade
from qualwatch.cases.documents.evidence import OWNERS, evidence_of
from qualwatch.cases.documents.evidence_list import evidence_on_file
from qualwatch.cases.documents.wording import (
    repeats_decision,
    sentence,
    without_stray_blanks,
)
from qualwatch.cases.models import (
    Attachment,
    Case,
    Document,
    Notice,
    Submission,
    Task,
    Withdrawal,
    WithdrawalList,
)
from qualwatch.cases.proposed_acts.actions import return_act
from qualwatch.cases.service.actions import issue_warning
from qualwatch.cases.warnings.supervise import follow_up
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import (
    HeldHearing,
    answer_submission,
    hold_hearing,
    request_hearing,
    submit_statement,
)
from qualwatch.oversight.checks import QUESTIONS, Answer, draw_randomly, record_check
from qualwatch.oversight.circulars import issue_circular
from qualwatch.oversight.quarters import Quarter
from qualwatch.oversight.returns import (
    compile_return,
    review_return,
    submit_return,
    summarise_returns,
)
from qualwatch.procedure.transitions import CannotStep
from register_files import CONTRIBUTIONS, ENTERPRISES
from register_office import RegisterOffice
from register_rows import paid
from withdrawal_acts import (
    CITY_SHEETS,
    MINISTRY_ITEM,
    PROVINCE,
    RED_PERIOD_OVER,
    decide_list,
    fix_hearing_for,
    load_and_patrol,
    notify_intent,
    open_list,
    open_members,
    red_cases_past_period,
    review_list,
    scan,
)

pytestmark = pytest.mark.django_db
SERVED_ON = RED_PERIOD_OVER
SATURDAY = date(2026, 5, 23)
Q3 = Quarter(2026, 3)
AFTER_QUARTER = date(2026, 10, 8)
ENTERPRISE = "enterprise"
HELD_ON = date(2026, 9, 8)


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return actors_with_accounts(office)


def text_of(document: Document) -> str:
    word_file = docx.Document(io.BytesIO(content_of(document.file)))
    cells = [cell.text for table in word_file.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in word_file.paragraphs), *cells])


def assert_sound(*kinds: str) -> None:
    """Each document issued so far has every element of its kind; these kinds are among them."""
    documents = list(Document.objects.select_related("file").order_by("pk"))
    faults = [fault for document in documents for fault in faults_of(content_of(document.file))]
    assert faults == []
    assert {document.kind for document in documents} >= set(kinds)


def insured_elsewhere(*numbers: int) -> list[list[Any]]:
    """Contributions of these people paid by another enterprise."""
    return [CONTRIBUTIONS, *(row for number in numbers for row in paid(number, OTHER))]


def test_a_withdrawal_from_warning_to_return(actors: Actors) -> None:
    """The decision says what the enterprise stated, why it was not followed, hearing and review."""
    row, statement = stated_and_heard(actors)
    batch = row.batch
    handler = act_arguments(actors, "approval-officer", HELD_ON)
    withdrawals.display(members=open_members(batch), **handler)
    decided_on = decide_after_display(actors, batch)
    check_decision(statement)
    actors.serve(
        Document.objects.get(kind="withdrawal-decision"), decided_on, by="approval-officer"
    )
    approval = act_arguments(actors, "approval-officer", decided_on)
    withdrawals.finish(members=list(batch.members.all()), because="证书已经收回", **approval)
    withdrawals.report_results(
        batch=batch, **act_arguments(actors, "approval-reviewer", decided_on)
    )
    for kind in ("suggestion-list", "result-letter"):
        letter = Document.objects.get(kind=kind)
        assert Notice.objects.filter(document=letter, organisation="province").exists()
    compile_and_submit(actors)
    assert_sound(
        "warning",
        "determination",
        "order-to-rectify",
        "suggestion-list",
        "intended-withdrawal",
        "hearing-notice",
        "hearing-record",
        "display-notice",
        "withdrawal-decision",
        "announcement",
        "result-letter",
        "quarterly-return",
        "quarterly-summary",
        "check-sheet",
    )


def stated_and_heard(actors: Actors) -> tuple[Withdrawal, Submission]:
    """A withdrawal against which the enterprise has made a statement and was heard; both answered."""
    row = notify_intent(actors)
    actors.accounts[ENTERPRISE] = actors.enterprise_account()
    day = RED_PERIOD_OVER + timedelta(days=1)
    statement = submit_statement(
        withdrawal=row,
        text="两名建造师已经到岗 ，注册正在办理",
        files=[scan("劳动合同.png")],
        **act_arguments(actors, ENTERPRISE, day),
    )
    request_hearing(withdrawal=row, **act_arguments(actors, ENTERPRISE, day))
    hearing = fix_hearing_for(actors, row, day, HELD_ON)
    assert hearing.notice is not None
    actors.serve(hearing.notice, day, by="approval-officer")
    held = HeldHearing("企业代理人，办理人员", ["企业陈述：整改期过短"], ["整改期过短"])
    arguments = act_arguments(actors, "approval-officer", HELD_ON)
    hold_hearing(hearing=hearing, held=held, files=[scan("笔录.png", 9)], **arguments)
    for submission in row.submissions.order_by("pk"):
        answer_submission(submission=submission, text="没有查到注册申请", **arguments)
    return open_members(row.batch)[0], statement


def decide_after_display(actors: Actors, batch: WithdrawalList) -> date:
    """Rechecked, reviewed and decided on the day after the display."""
    after_display = open_members(batch)[0].display_until
    assert after_display is not None
    decided_on = after_display + timedelta(days=1)
    load_and_patrol(actors, decided_on, CITY_SHEETS)
    review_list(actors, batch, decided_on)
    decide_list(actors, batch, decided_on)
    return decided_on


def check_decision(statement: Submission) -> None:
    """What the decision says of statement, hearing, display and review."""
    text = text_of(Document.objects.get(kind="withdrawal-decision"))
    for expected in (
        "你单位于2026年8月25日提出：两名建造师已经到岗，注册正在办理。",
        "本机关答复：没有查到注册申请。",
        "你单位在听证中提出：整改期过短。",
        "应你单位要求，本机关于2026年9月8日举行听证",
        "公示期间没有收到异议。",
        "法制审核：程序合法，依据充分。",
        "撤回理由：复核日仍缺一名注册建造师。",
        Attachment.objects.get(submission=statement).file.sha256,
    ):
        assert expected in text
    # a decoration firm of the second grade has no lower one
    assert "核定低于原等级" not in text


def compile_and_submit(actors: Actors) -> None:
    """The quarter's return of Taiyuan, the summary and a spot check."""
    city = act_arguments(actors, "city-officer", AFTER_QUARTER)
    draft = compile_return(quarter=Q3, **city)
    review = act_arguments(actors, "city-reviewer", AFTER_QUARTER)
    review_return(quarterly_return=draft, **review)
    sent = submit_return(
        quarterly_return=draft, **act_arguments(actors, "city-officer", AFTER_QUARTER)
    )
    assert sent.document is not None
    assert "签发人：city-reviewer" in text_of(sent.document)
    summary = summarise_returns(quarter=Q3, **act_arguments(actors, "reviewer", AFTER_QUARTER))
    assert summary.document is not None
    text = text_of(summary.document)
    # eleven of twelve have not reported
    assert "已报送单位及省厅本级合计：" in text
    assert "全省合计" not in text
    assert "山西省住房和城乡建设厅（本级）" in text
    draw = draw_randomly(quarter=Q3, **act_arguments(actors, "second-officer", AFTER_QUARTER))
    answers = {slug: Answer("yes") for slug in QUESTIONS} | {"opened": Answer("no")}
    record_check(
        check=draw.checks.get(),
        answers=answers,
        problem="没有及时提出",
        **act_arguments(actors, "second-officer", AFTER_QUARTER),
    )


def test_the_provinces_own_withdrawals_are_in_the_total(actors: Actors) -> None:
    """Also a red card of the ministry: the request has signatory, contact and annexes."""
    (case,) = red_cases_past_period(actors, {"资质": MINISTRY_ITEM})
    batch = open_list(actors, [case], who=PROVINCE)
    members = open_members(batch)
    withdrawals.recheck_members(
        members=members, **act_arguments(actors, "second-officer", RED_PERIOD_OVER)
    )
    letter = withdrawals.report(
        batch=batch,
        because="证据齐备",
        **act_arguments(actors, "other-reviewer", RED_PERIOD_OVER),
    )
    text = text_of(letter)
    order = actors.order_of(case)
    assert "（1）《资质黄牌预警告知书》" in text
    assert f"《责令限期整改通知书》（{order.number}）" in text
    assert "签发人：other-reviewer" in text
    withdrawals.start(
        members=open_members(batch),
        because="住建部受理",
        **act_arguments(actors, "second-officer", date(2026, 9, 1)),
    )
    city = act_arguments(actors, "city-officer", AFTER_QUARTER)
    draft = compile_return(quarter=Q3, **city)
    review_return(quarterly_return=draft, **act_arguments(actors, "city-reviewer", AFTER_QUARTER))
    submit_return(quarterly_return=draft, **act_arguments(actors, "city-officer", AFTER_QUARTER))
    summary = summarise_returns(quarter=Q3, **act_arguments(actors, "reviewer", AFTER_QUARTER))
    assert (summary.figures["opened"], summary.figures["enterprises"]) == (1, 1)
    assert summary.rows[-1]["all"] == 1
    assert_sound("ministry-report")


def test_a_return_counts_from_the_bureaus_start(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors)
    batch = open_list(actors, [case])
    started_on = date(2026, 10, 9)
    city = act_arguments(actors, "city-officer", AFTER_QUARTER)
    figures = compile_return(quarter=Q3, **city).figures
    assert (figures["opened"], figures["under-way"], figures["waiting"]) == (0, 0, 1)
    load_and_patrol(actors, started_on, CITY_SHEETS)
    withdrawals.start(
        members=open_members(batch), **act_arguments(actors, "approval-officer", started_on)
    )
    circular = issue_circular(
        quarter=Q3,
        authority="city-140100-bureau",
        demand="请说明原因",
        **act_arguments(actors, "reviewer", date(2026, 10, 12)),
    )
    text = text_of(circular.document)
    assert "2026年10月9日启动" in text
    assert "请说明原因。" in text
    after = act_arguments(actors, "city-officer", date(2027, 1, 5))
    figures = compile_return(quarter=Quarter(2026, 4), **after).figures
    assert (figures["opened"], figures["carried-over"], figures["waiting"]) == (1, 0, 0)
    assert_sound("circular")


def test_a_finding_says_why_its_figure_differs_and_rests_on_the_standard(actors: Actors) -> None:
    actors.load_and_patrol(people=3)
    what = "到企业住所检查，登记在册的李某不在岗，企业承认其已离职，注册尚未注销"
    files = [scan("检查笔录.png"), scan("照片.png", 2)]
    case = actors.inspect(NEXT_DAY, what=what, files=files)
    figures = case.requirements.get().warned_figures
    assert (figures["held"], figures["registered"]) == (1, 3)
    difference = f"注册建造师：{WHY.person}，地点：{WHY.place}，所见：{WHY.observation}。"
    for kind in ("determination", "order-to-rectify"):
        text = text_of(Document.objects.get(kind=kind))
        assert f"两者不同的原因：{difference}" in text
        assert "建市〔2014〕159号" in text
        for name in ("检查笔录.png", "照片.png", *(file.sha256 for file in evidence_of(case))):
            assert name in text
    assert f"认定理由：{what}。" in text_of(Document.objects.get(kind="determination"))
    assert_sound("determination", "order-to-rectify")


def test_a_finding_that_the_registers_bear_out_needs_no_reason(actors: Actors) -> None:
    actors.load_and_patrol(people=1)
    actors.inspect(NEXT_DAY, what="到企业住所检查，只有一名注册建造师在册、在岗", reasons={})
    text = text_of(Document.objects.get(kind="determination"))
    assert "登记显示（人）" in text
    assert "两者不同的原因" not in text
    assert_sound("determination", "order-to-rectify")


def test_a_finding_on_what_no_standard_demands_is_refused(actors: Actors) -> None:
    actors.load_and_patrol(people=3)
    before = Case.objects.count(), Document.objects.count()
    with pytest.raises(CannotStep, match="没有要求，不能据以认定"):
        actors.inspect(NEXT_DAY, figures={"supervising-engineers": {"required": 3, "held": 1}})
    assert before == (Case.objects.count(), Document.objects.count())


def test_abnormal_insurance_is_shown_by_person_month_and_payer(actors: Actors) -> None:
    """Not as a certificate without a number and a standard without a figure."""
    actors.load_and_patrol(people=3, 社保=insured_elsewhere(1, 2, 3))
    case = Case.objects.get(category=None)
    letter = issue_warning(case=case, **act_arguments(actors, "city-officer", NEXT_DAY))
    text = text_of(letter)
    assert "张*\n140105" in text
    assert "2026年1月、2月、3月" in text
    assert f"乙建设有限公司\n{OTHER}" in text
    assert "社保由其他单位缴纳" in text
    for absent in ("证书编号", "标准要求", "—"):
        assert absent not in text
    follow_up(
        case=case,
        kind="letter",
        what="请理顺社保",
        **act_arguments(actors, "city-officer", NEXT_DAY),
    )
    assert_sound("warning", "supervision-letter")


@pytest.mark.parametrize("is_red", [False, True])
def test_a_case_that_leaves_the_province_is_handed_over_with_its_papers(
    actors: Actors, is_red: bool
) -> None:
    case = actors.red_case() if is_red else actors.yellow_case()
    day = date(2026, 7, 22) if is_red else NEXT_DAY
    outside = [ENTERPRISES, [OWN, "甲装饰有限公司", "130102", ""]]
    load_and_patrol(actors, day, {"企业": outside})
    assert reload(case).closed_because == "moved-out"
    letter = Document.objects.get(kind="transfer-letter")
    text = text_of(letter)
    assert letter.addressee == "河北省住房城乡建设主管部门"
    assert ("红牌预警" if is_red else "黄牌预警，自2026年5月20日起") in text
    if is_red:
        assert "《资质不达标认定书》" in text
    # to be sent by hand: the receiver has no account here
    assert Task.objects.get(kind="serve", completed_on=None, detail__startswith=letter.number)
    assert_sound("transfer-letter")


def test_a_case_that_moves_to_another_authority_is_handed_over(actors: Actors) -> None:
    sheets = {"社保": insured_elsewhere(1, 2, 3)}
    load_and_patrol(actors, NEXT_DAY - timedelta(days=1), sheets, people=3)
    case = Case.objects.get(category=None)
    moved = [ENTERPRISES, [OWN, "甲装饰有限公司", "140213", ""]]
    load_and_patrol(actors, NEXT_DAY, {**sheets, "企业": moved}, people=3)
    letter = Document.objects.get(kind="transfer-letter", case=case)
    assert (letter.organisation, letter.addressee) == ("city-140100", "大同市住房和城乡建设局")
    assert Notice.objects.filter(document=letter, organisation="city-140200").exists()
    assert_sound("transfer-letter")


def test_applications_and_a_credit_record(actors: Actors) -> None:
    actors.load_and_patrol(资质=CITY_SHEETS["资质"])
    case = Case.objects.get()
    account = actors.enterprise_account()
    application = actors.apply(case, NEXT_DAY, account)
    agree(
        application=application,
        because="注册证书与申请一致",
        **act_arguments(actors, "city-reviewer", NEXT_DAY),
    )
    application.refresh_from_db()
    with pytest.raises(CannotStep, match="只重复了决定"):
        refuse(
            application=application,
            because="经核实，不予支持。",
            **act_arguments(actors, "reviewer", NEXT_DAY),
        )
    refuse(
        application=application,
        because="缴费记录不是本单位的",
        **act_arguments(actors, "reviewer", NEXT_DAY),
    )
    actors.act(
        "fraud",
        NEXT_DAY,
        case=reload(case),
        because="提交的缴费证明是伪造的",
        files=[scan("缴费证明.png"), scan("社保机构回函.png", 2)],
        payload={"referred_to": "行政执法机构"},
    )
    text = text_of(Document.objects.get(kind="credit-record"))
    for name in ("缴费证明.png", "社保机构回函.png"):
        assert name in text
    assert_sound("receipt", "opinion", "application-decision", "credit-record")


def test_a_document_dated_on_a_rest_day_says_so(actors: Actors) -> None:
    case = actors.yellow_case()
    letter = issue_warning(case=case, **act_arguments(actors, "officer", SATURDAY))
    assert "2026年5月23日为休息日，本文书所载行为于当日办理。" in text_of(letter)
    properties = docx.Document(io.BytesIO(content_of(letter.file))).core_properties
    assert properties.author == "山西省住房和城乡建设厅"
    assert isinstance(properties.created, datetime)
    assert properties.created.date() >= SATURDAY - timedelta(days=1)
    assert_sound("warning")


def test_a_notice_of_intended_withdrawal_needs_a_contact(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors)
    batch = open_list(actors, [case])
    arguments = act_arguments(actors, "approval-officer", RED_PERIOD_OVER)
    withdrawals.start(members=open_members(batch), **arguments)
    bureau = Organisation.objects.get(slug=batch.withdrawing_authority)
    Organisation.objects.filter(pk=bureau.pk).update(telephone="")
    with pytest.raises(CannotStep, match="请先登记太原市行政审批局的联系人"):
        withdrawals.announce_intent(members=open_members(batch), **arguments)
    contact = {"contact": "赵某", "telephone": "0351-5550002", "address": "太原市某街1号"}
    at = actors.office.tick(RED_PERIOD_OVER)
    with pytest.raises(CannotChangeContact):
        change_contact(organisation=bureau, by="admin", at=at, **{**contact, "address": " "})
    with pytest.raises(CannotChangeContact):
        change_contact(organisation=bureau, by="admin", at=at)
    change_contact(organisation=bureau, by="admin", at=at, **contact)
    bureau.refresh_from_db()
    # what is not given stays
    assert (bureau.contact, bureau.office_hours) == ("赵某", "工作日9时至17时")
    (letter,) = withdrawals.announce_intent(members=open_members(batch), **arguments)
    assert "联系人：赵某；电话：0351-5550002；地址：太原市某街1号" in text_of(letter)


def test_a_suggestion_comes_from_the_city(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors)
    batch = withdrawals.open_withdrawals(
        cases=[reload(case)], **act_arguments(actors, "city-officer", RED_PERIOD_OVER)
    )
    with pytest.raises(NotCompetent, match="市级主管部门函告同级审批局"):
        withdrawals.suggest(batch=batch, **act_arguments(actors, "reviewer", RED_PERIOD_OVER))


@pytest.mark.parametrize(
    ("category", "grade", "day", "expected"),
    [
        ("general-building", "一级", date(2023, 9, 1), True),
        # the third grade is not issued any more, so the second is the lowest
        ("general-building", "二级", date(2023, 9, 1), False),
        ("specialist-decoration", "二级", date(2023, 9, 1), False),
        # the rule for supervision gives no window
        ("supervision-building", "甲级", date(2023, 9, 1), False),
    ],
)
def test_a_lower_grade_only_where_the_rule_gives_it_and_one_is_issued(
    actors: Actors, category: str, grade: str, day: date, expected: bool
) -> None:
    case = Case(category=category, sub_item="", grade=grade)
    ctx = ActContext(actors.law, actors.office.tick(day), "officer", "province")
    ctx.at = datetime(day.year, day.month, day.day, 4, tzinfo=ctx.at.tzinfo)
    assert has_lower_grade(case, ctx) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("期满后核查仍不达标", True),
        ("同意。", True),
        ("经复核，公示期满仍未达到资质标准要求，决定撤回", True),
        ("核查仍缺二人", False),
        ("企业承认张某已离职", False),
    ],
)
def test_a_reason_that_only_repeats_the_decision(text: str, expected: bool) -> None:
    assert repeats_decision(text) is expected


def test_a_proposal_and_a_decision_need_more_than_the_decision(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors)
    with pytest.raises(CannotStep, match="只重复了决定"):
        actors.propose(case, day=RED_PERIOD_OVER, because="期满仍不达标")
    batch = open_list(actors, [case])
    for act in (withdrawals.decide, withdrawals.not_withdraw):
        members: Any = {"members": open_members(batch)}
        if act is withdrawals.not_withdraw:
            members = {"member": open_members(batch)[0]}
        with pytest.raises(CannotStep, match="只重复了决定"):
            act(
                because="复核仍不达标，应予撤回",
                **members,
                **act_arguments(actors, "approval-reviewer", RED_PERIOD_OVER),
            )


def test_what_is_typed_ends_as_a_sentence_without_stray_blanks() -> None:
    assert sentence("缺二人") == "缺二人。"
    assert sentence("缺二人；\n 未补充 ，") == "缺二人。\n未补充。"
    assert sentence("企业称“正在办理。”") == "企业称“正在办理。”"
    assert sentence(" ") == ""
    values = {"rows": [{"day": "2023 年 8 月 4 日 期满", "name": "ABC Co 公司", "count": 3}]}
    expected = {"rows": [{"day": "2023年8月4日期满", "name": "ABC Co 公司", "count": 3}]}
    assert without_stray_blanks(values) == expected


def test_evidence_is_whatever_file_leads_to_the_case(actors: Actors) -> None:
    """Files of officers' acts and proofs of service with their digests, by day."""
    case = actors.red_case()
    actors.serve_order(case, date(2026, 7, 21))
    evidence = evidence_on_file(case)
    digests = {file.sha256 for file in evidence_of(case)}
    assert {piece.sha256 for piece in evidence} == digests
    assert {file.about for file in evidence_of(case)} == {"determination", "service"}
    assert [piece.on for piece in evidence] == sorted(piece.on for piece in evidence)
    assert evidence_on_file(Case.objects.exclude(pk=case.pk).first() or Case(pk=0)) == []


def test_evidence_of_a_returned_proposal_is_not_listed(actors: Actors) -> None:
    case = actors.yellow_case()
    proposal = actors.propose_act("end", NEXT_DAY, case=case, payload={"code": "merged"})
    assert evidence_on_file(case)
    return_act(act=proposal, because="证据不足", **act_arguments(actors, "reviewer", NEXT_DAY))
    assert evidence_on_file(case) == []
    assert evidence_of(case)


def test_every_owner_of_an_attachment_is_known_to_the_list_of_evidence() -> None:
    fields = {field.name for field in Attachment._meta.get_fields() if field.many_to_one}
    assert fields == {*OWNERS, "application", "submission", "file"}
