"""Statements, hearings and public objections: within their days, answered one by one before the decision."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors import TAIYUAN, Actors, act_arguments
from application_acts import actors_with_accounts
from builders import OWN
from qualwatch.accounts.models import Account
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.documents.attachments import attachment_for
from qualwatch.cases.evidence_packs.pack import evidence_pack
from qualwatch.cases.models import Attachment, Document, Hearing, Submission, Task, Withdrawal
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import (
    HeldHearing,
    answer_submission,
    hold_hearing,
    lapse_hearing,
    objector_of,
    request_hearing,
    schedule_hearing,
    submit_objection,
    submit_statement,
)
from qualwatch.journal.keys import current_public_key
from qualwatch.journal.models import Entry
from qualwatch.journal.packs import faults_of_pack
from qualwatch.procedure.periods import BEIJING
from qualwatch.procedure.transitions import CannotStep
from register_office import RegisterOffice
from withdrawal_acts import (
    CITY_SHEETS,
    RED_PERIOD_OVER,
    announce_intent,
    assert_refused,
    decide_list,
    display_list,
    load_and_patrol,
    open_list,
    open_members,
    red_cases_past_period,
    review_list,
    scan,
)

pytestmark = pytest.mark.django_db
SERVED_ON = RED_PERIOD_OVER + timedelta(days=1)  # a Tuesday
HELD_ON = date(2026, 9, 8)


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    hearing_actors = actors_with_accounts(office)
    hearing_actors.accounts["enterprise"] = hearing_actors.enterprise_account()
    return hearing_actors


def notified_withdrawal(actors: Actors) -> Withdrawal:
    """An enterprise that was served with the notice of the intended withdrawal."""
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    (letter,) = announce_intent(actors, batch, RED_PERIOD_OVER)
    actors.serve(letter, SERVED_ON, by="approval-officer")
    return open_members(batch)[0]


def fix_hearing_on(
    actors: Actors, row: Withdrawal, day: date = SERVED_ON, on: date = HELD_ON, **changed: Any
) -> Hearing:
    """The hearing is fixed."""
    chair: Account = changed.pop("chair", actors.account("approval-second-officer"))
    held_at = datetime(on.year, on.month, on.day, 9, 30, tzinfo=BEIJING)
    return schedule_hearing(
        withdrawal=row,
        held_at=held_at,
        place="三楼会议室",
        chair=chair,
        **act_arguments(actors, "approval-officer", day),
        **changed,
    )


def test_a_hearing_is_requested_fixed_notified_held_recorded_and_answered(actors: Actors) -> None:
    row = notified_withdrawal(actors)
    # 1 September is the fifth working day. The 20th is 29 September: the 25th is a holiday,
    # Sunday 20 is worked.
    request_hearing(withdrawal=row, **act_arguments(actors, "enterprise", date(2026, 9, 1)))
    assert Task.objects.get(kind="hearing").due_on == date(2026, 9, 29)
    after = actors.office.now + timedelta(days=30)
    assert_refused(
        "members",
        lambda: withdrawals.display(
            members=[row], by=actors.account("approval-officer"), law=actors.law, at=after
        ),
    )
    hearing = fix_within_limits(actors, row, date(2026, 9, 2))
    hold_and_record(actors, hearing)
    row.refresh_from_db()
    assert (row.hearing, row.unanswered) == ("held", 2)
    assert Task.objects.filter(kind="answer", completed_on=None).count() == 2
    shown_on = date(2026, 9, 21)
    withdrawals.display(members=[row], **act_arguments(actors, "approval-officer", shown_on))
    row.refresh_from_db()
    assert row.display_until is not None
    after_display = row.display_until + timedelta(days=1)
    load_and_patrol(actors, after_display, CITY_SHEETS)
    review_list(actors, row.batch, after_display)
    assert_refused("members", lambda: decide_list(actors, row.batch, after_display))
    answer_every_submission(actors, after_display)
    decide_list(actors, row.batch, after_display)
    assert not Task.objects.filter(kind__in=("answer", "hearing"), completed_on=None).exists()
    events = list(Entry.objects.filter(stream=row.case.stream).values_list("what", flat=True))
    for event in ("ask-hearing", "fix-hearing", "notify-hearing", "hold-hearing", "answer"):
        assert event in events


def fix_within_limits(actors: Actors, row: Withdrawal, day: date) -> Hearing:
    """Fixes the hearing for 18 September after refused days and refused chairs."""
    # The first leaves six working days' notice, the second is past the 20th working day.
    for too_early_or_late in (date(2026, 9, 10), date(2026, 10, 12)):
        assert_refused(
            "hearing-in-limits", partial(fix_hearing_on, actors, row, day, too_early_or_late)
        )
    for name in ("approval-officer", "city-officer"):
        chair = actors.account(name)
        assert_refused(
            "chair", partial(fix_hearing_on, actors, row, day, date(2026, 9, 18), chair=chair)
        )
    return fix_hearing_on(actors, row, day, date(2026, 9, 18))


def hold_and_record(actors: Actors, hearing: Hearing) -> None:
    """The hearing needs a served notice, its day and a signed record."""
    notice = hearing.notice
    assert notice is not None
    assert notice.template_values["held_on"] == "2026年9月18日9时30分"
    held = HeldHearing(
        "甲公司李某；审批局王某",
        ["主持人宣布开始。", "企业：三人均在岗。"],
        ["三人均在岗", "通知未写明证据"],
    )
    arguments: dict[str, Any] = {
        "hearing": hearing,
        "held": held,
        "by": actors.account("approval-officer"),
        "law": actors.law,
        "at": datetime(2026, 9, 18, 15, tzinfo=BEIJING),
    }
    day_before = {**arguments, "at": datetime(2026, 9, 17, 15, tzinfo=BEIJING)}
    assert_refused("hearing-notified", lambda: hold_hearing(**arguments, files=[scan()]))
    actors.serve(notice, date(2026, 9, 3), by="approval-officer")
    assert_refused("hearing-notified", lambda: hold_hearing(**day_before, files=[scan()]))
    assert_refused("evidence", lambda: hold_hearing(**arguments, files=[]))
    hold_hearing(**arguments, files=[scan("笔录.png")])
    record = Document.objects.get(kind="hearing-record")
    assert record.template_values["lines"] == held.lines


def answer_every_submission(actors: Actors, day: date) -> None:
    """Each submission is answered once; a second answer is refused."""
    answering = act_arguments(actors, "approval-officer", day)
    for submission in Submission.objects.order_by("pk"):
        answer_submission(submission=submission, text=f"答复{submission.pk}", **answering)
        with pytest.raises(CannotStep):
            answer_submission(submission=submission, text="再答", **answering)


def test_a_hearing_is_requested_within_its_days_only_and_once(actors: Actors) -> None:
    row = notified_withdrawal(actors)
    assert_refused(
        "no-hearing-yet",
        lambda: request_hearing(
            withdrawal=row, **act_arguments(actors, "enterprise", date(2026, 9, 2))
        ),
    )
    with pytest.raises(NotCompetent):
        request_hearing(withdrawal=row, **act_arguments(actors, "approval-officer", SERVED_ON))


def test_a_hearing_that_was_not_notified_in_time_is_moved_with_reasons(actors: Actors) -> None:
    row = notified_withdrawal(actors)
    request_hearing(withdrawal=row, **act_arguments(actors, "enterprise", SERVED_ON))
    first = fix_hearing_on(actors, row)
    late = date(2026, 9, 2)
    actors.serve(first.notice, late, by="approval-officer")  # type: ignore[arg-type]  # it has one
    held = HeldHearing("甲公司", ["经过"], [])
    assert_refused(
        "hearing-notified",
        lambda: hold_hearing(
            hearing=first,
            held=held,
            files=[scan()],
            **act_arguments(actors, "approval-officer", HELD_ON),
        ),
    )
    second = fix_hearing_on(actors, row, HELD_ON, date(2026, 9, 29), because="首次通知送达过迟")
    first.refresh_from_db()
    assert first.state == "moved"
    assert Hearing.objects.get(state="fixed") == second
    assert_refused(
        "notified-if-absent",
        lambda: lapse_hearing(
            withdrawal=row,
            state="absent",
            because="未到场",
            files=[scan()],
            **act_arguments(actors, "approval-officer", date(2026, 9, 29)),
        ),
    )
    lapse_hearing(
        withdrawal=row,
        state="retracted",
        because="企业书面撤回",
        files=[scan()],
        **act_arguments(actors, "approval-officer", date(2026, 9, 29)),
    )
    row.refresh_from_db()
    assert row.hearing == "lapsed"
    withdrawals.display(
        members=[row], **act_arguments(actors, "approval-officer", date(2026, 9, 29))
    )


def test_a_statement_is_accepted_before_service_and_hidden_from_others(actors: Actors) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    row = open_members(batch)[0]
    arguments = act_arguments(actors, "enterprise", RED_PERIOD_OVER)
    assert_refused(
        "statement-admissible",
        lambda: submit_statement(withdrawal=row, text="x", files=[], **arguments),
    )
    announce_intent(actors, batch, RED_PERIOD_OVER)
    assert_refused(
        "because", lambda: submit_statement(withdrawal=row, text=" ", files=[], **arguments)
    )
    submission = submit_statement(
        withdrawal=row, text="人员正在办理注册", files=[scan("证明.png")], **arguments
    )
    assert Task.objects.get(kind="answer").detail == str(submission.pk)
    attachment = Attachment.objects.get(submission=submission)
    assert attachment_for(actors.accounts["enterprise"], attachment.pk)[0] == attachment
    assert attachment_for(actors.account("approval-officer"), attachment.pk)[0] == attachment
    with pytest.raises(Attachment.DoesNotExist):
        attachment_for(actors.account("datong-officer"), attachment.pk)
    with pytest.raises(NotCompetent):
        answer_submission(
            submission=submission,
            text="不属实",
            **act_arguments(actors, "city-officer", RED_PERIOD_OVER),
        )


def test_the_public_objects_during_the_display_and_only_the_answering_authority_sees_the_name(
    actors: Actors,
) -> None:
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    after_display = display_list(actors, batch)
    (row,) = open_members(batch)
    last = after_display - timedelta(days=1)
    who = {"name": "赵某某", "address": "太原市某路2号"}

    def objects(day: date, **changed: Any) -> Submission:
        objection = {
            "number": row.display_number,
            "text": "该企业确无人员",
            "objector": who,
            **changed,
        }
        return submit_objection(**objection, law=actors.law, at=actors.office.tick(day))

    assert_refused("because", lambda: objects(last, objector={"name": "赵某某"}))
    assert_refused("on-display", lambda: objects(last, number="晋建资示〔2026〕9号-1"))
    assert_refused("on-display", lambda: objects(last, number=""))
    submission = objects(last)
    assert "赵" not in repr(list(Submission.objects.values())) + repr(
        list(Entry.objects.values("details", "basis"))
    )
    assert objector_of(submission, actors.account("approval-officer")) == who
    with pytest.raises(NotCompetent):
        objector_of(submission, actors.account("city-officer"))
    assert_refused("on-display", lambda: objects(after_display))
    load_and_patrol(actors, after_display, CITY_SHEETS)
    review_list(actors, batch, after_display)
    assert_refused("members", lambda: decide_list(actors, batch, after_display))
    answer_submission(
        submission=submission,
        text="已核查",
        **act_arguments(actors, "approval-officer", after_display),
    )
    decide_list(actors, batch, after_display)
    assert Withdrawal.objects.get().credit_code == OWN
    assert case.area == TAIYUAN.replace("-", ":")


def test_the_pack_of_a_withdrawn_card_has_submissions_and_answers_without_names_of_the_public(
    actors: Actors, tmp_path: Path
) -> None:
    folder = tmp_path / "pack"
    (case,) = red_cases_past_period(actors, CITY_SHEETS)
    batch = open_list(actors, [case])
    announce_intent(actors, batch, RED_PERIOD_OVER)
    row = open_members(batch)[0]
    point = submit_statement(
        withdrawal=row,
        text="在办注册",
        files=[scan("证明.png", 99)],
        **act_arguments(actors, "enterprise", RED_PERIOD_OVER),
    )
    actors.serve(row.documents.get(), RED_PERIOD_OVER, by="approval-officer")
    withdrawals.display(
        members=open_members(batch), **act_arguments(actors, "approval-officer", date(2026, 9, 1))
    )
    row.refresh_from_db()
    objection = submit_objection(
        number=row.display_number,
        text="确无人员",
        objector={"name": "赵某某", "address": "某路2号"},
        law=actors.law,
        at=actors.office.tick(date(2026, 9, 2)),
    )
    after_display = date(2026, 9, 10)
    for submission in (point, objection):
        answer_submission(
            submission=submission,
            text="已核",
            **act_arguments(actors, "approval-officer", after_display),
        )
    load_and_patrol(actors, after_display, CITY_SHEETS)
    review_list(actors, batch, after_display)
    decide_list(actors, batch, after_display)
    actors.patrol(after_display + timedelta(days=1))
    pack = evidence_pack(
        card_number=case.card_number,
        by=actors.account("officer"),
        at=actors.office.tick(after_display + timedelta(days=1)),
    )
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        archive.extractall(folder)
    assert faults_of_pack(folder, current_public_key()) == []
    withdrawal = json.loads((folder / "case.json").read_text())[case.stream]["withdrawals"][0]
    assert [submission["answer"] for submission in withdrawal["submissions"]] == ["已核", "已核"]
    assert (withdrawal["decided_on"], withdrawal["list"]["received_on"]) == (
        "2026-09-10",
        "2026-08-24",
    )
    assert any(
        path.read_bytes() == scan("证明.png", 99).content for path in (folder / "proofs").iterdir()
    )
    assert "赵某某" not in "".join(path.read_text() for path in folder.glob("*.json"))
    names = "".join(path.name for path in (folder / "documents").iterdir())
    assert "拟撤回资质告知书" in names
    assert "撤回建设工程企业资质决定书" in names
