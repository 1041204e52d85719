"""Statements, hearings and objections of the public: taken in time, answered point by point before the decision."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from applying import capability_required
from builders import OWN
from bureau import TAIYUAN, Bureau
from office import Office
from qualwatch.accounts.models import Account
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.documents.attachments import attachment_for
from qualwatch.cases.evidence_packs.pack import evidence_pack
from qualwatch.cases.models import Attachment, Document, Hearing, Submission, Task, Withdrawal
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import (
    Held,
    answer,
    ask_hearing,
    fix_hearing,
    hearing_lapses,
    hold_hearing,
    make_statement,
    object_publicly,
    who_objected,
)
from qualwatch.journal.models import Entry
from qualwatch.journal.proofs import faults_of_pack
from qualwatch.procedure.periods import BEIJING
from qualwatch.procedure.transitions import CannotStep
from withdrawing import (
    CITY_SHEETS,
    RED_OVER,
    acts,
    decided,
    displayed,
    members,
    morning,
    opened,
    red_and_over,
    refused,
    reviewed,
    scan,
    told_of_intent,
)

pytestmark = pytest.mark.django_db
SERVED = RED_OVER + timedelta(days=1)  # a Tuesday
HELD_ON = date(2026, 9, 8)


@pytest.fixture
def bureau(office: Office) -> Bureau:
    made = capability_required(office)
    made.accounts["enterprise"] = made.enterprise()
    return made


def notified(bureau: Bureau) -> Withdrawal:
    """An enterprise that was served with the notice of the intended withdrawal."""
    (case,) = red_and_over(bureau, CITY_SHEETS)
    batch = opened(bureau, [case])
    (letter,) = told_of_intent(bureau, batch, RED_OVER)
    bureau.served(letter, SERVED, by="approval-officer")
    return members(batch)[0]


def fixed(
    bureau: Bureau, row: Withdrawal, day: date = SERVED, on: date = HELD_ON, **changed: Any
) -> Hearing:
    """The hearing is fixed."""
    chair: Account = changed.pop("chair", bureau.who("approval-second-officer"))
    held_at = datetime(on.year, on.month, on.day, 9, 30, tzinfo=BEIJING)
    return fix_hearing(
        withdrawal=row,
        held_at=held_at,
        where="三楼会议室",
        chair=chair,
        **acts(bureau, "approval-officer", day),
        **changed,
    )


def test_a_hearing_is_asked_fixed_told_held_recorded_and_answered(bureau: Bureau) -> None:
    row = notified(bureau)
    ask_hearing(
        withdrawal=row, **acts(bureau, "enterprise", date(2026, 9, 1))
    )  # the fifth working day
    assert Task.objects.get(kind="hearing").due_on == date(
        2026, 9, 29
    )  # the 20th working day: the 25th is a holiday, Sunday 20 is worked
    after = bureau.office.now + timedelta(days=30)
    refused(
        "members",
        lambda: withdrawals.display(
            members=[row], by=bureau.who("approval-officer"), law=bureau.law, at=after
        ),
    )
    day = date(2026, 9, 2)
    refused(
        "hearing-in-limits", lambda: fixed(bureau, row, day, date(2026, 9, 10))
    )  # six working days' notice
    refused("hearing-in-limits", lambda: fixed(bureau, row, day, date(2026, 10, 12)))
    refused(
        "chair",
        lambda: fixed(bureau, row, day, date(2026, 9, 18), chair=bureau.who("approval-officer")),
    )
    refused(
        "chair",
        lambda: fixed(bureau, row, day, date(2026, 9, 18), chair=bureau.who("city-officer")),
    )
    hearing = fixed(bureau, row, day, date(2026, 9, 18))
    notice = hearing.notice
    assert notice is not None
    assert notice.template_values["held_on"] == "2026年9月18日9时30分"
    held = Held(
        "甲公司李某；审批局王某",
        ["主持人宣布开始。", "企业：三人均在岗。"],
        ["三人均在岗", "通知未写明证据"],
    )
    told: dict[str, Any] = {
        "by": bureau.who("approval-officer"),
        "law": bureau.law,
        "at": datetime(2026, 9, 18, 15, tzinfo=BEIJING),
    }
    refused(
        "hearing-told", lambda: hold_hearing(hearing=hearing, held=held, files=[scan()], **told)
    )
    bureau.served(notice, date(2026, 9, 3), by="approval-officer")
    refused(
        "hearing-told",
        lambda: hold_hearing(
            hearing=hearing,
            held=held,
            files=[scan()],
            **{**told, "at": datetime(2026, 9, 17, 15, tzinfo=BEIJING)},
        ),
    )
    refused("evidence", lambda: hold_hearing(hearing=hearing, held=held, files=[], **told))
    hold_hearing(hearing=hearing, held=held, files=[scan("笔录.png")], **told)
    record = Document.objects.get(kind="hearing-record")
    assert record.template_values["said"] == held.said
    row.refresh_from_db()
    assert (row.hearing, row.unanswered) == ("held", 2)
    assert Task.objects.filter(kind="answer", completed_on=None).count() == 2
    shown_on = date(2026, 9, 21)
    withdrawals.display(members=[row], **acts(bureau, "approval-officer", shown_on))
    row.refresh_from_db()
    assert row.display_until is not None
    over = row.display_until + timedelta(days=1)
    morning(bureau, over, CITY_SHEETS)
    reviewed(bureau, row.batch, over)
    refused("members", lambda: decided(bureau, row.batch, over))
    for submission in Submission.objects.order_by("pk"):
        answer(
            point=submission, text=f"答复{submission.pk}", **acts(bureau, "approval-officer", over)
        )
        with pytest.raises(CannotStep):
            answer(point=submission, text="再答", **acts(bureau, "approval-officer", over))
    decided(bureau, row.batch, over)
    assert not Task.objects.filter(kind__in=("answer", "hearing"), completed_on=None).exists()
    words = list(Entry.objects.filter(stream=row.case.stream).values_list("what", flat=True))
    for step in ("ask-hearing", "fix-hearing", "notify-hearing", "hold-hearing", "answer"):
        assert step in words


def test_a_hearing_is_asked_within_its_days_only_and_once(bureau: Bureau) -> None:
    row = notified(bureau)
    refused(
        "no-hearing-yet",
        lambda: ask_hearing(withdrawal=row, **acts(bureau, "enterprise", date(2026, 9, 2))),
    )
    with pytest.raises(NotCompetent):
        ask_hearing(withdrawal=row, **acts(bureau, "approval-officer", SERVED))


def test_a_hearing_that_was_not_told_in_time_is_moved_with_reasons(bureau: Bureau) -> None:
    row = notified(bureau)
    ask_hearing(withdrawal=row, **acts(bureau, "enterprise", SERVED))
    first = fixed(bureau, row)
    late = date(2026, 9, 2)
    bureau.served(first.notice, late, by="approval-officer")  # type: ignore[arg-type]  # it has one
    held = Held("甲公司", ["经过"], [])
    refused(
        "hearing-told",
        lambda: hold_hearing(
            hearing=first, held=held, files=[scan()], **acts(bureau, "approval-officer", HELD_ON)
        ),
    )
    second = fixed(bureau, row, HELD_ON, date(2026, 9, 29), because="首次通知送达过迟")
    first.refresh_from_db()
    assert first.state == "moved"
    assert Hearing.objects.get(state="fixed") == second
    refused(
        "told-if-absent",
        lambda: hearing_lapses(
            withdrawal=row,
            state="absent",
            because="未到场",
            files=[scan()],
            **acts(bureau, "approval-officer", date(2026, 9, 29)),
        ),
    )
    hearing_lapses(
        withdrawal=row,
        state="retracted",
        because="企业书面撤回",
        files=[scan()],
        **acts(bureau, "approval-officer", date(2026, 9, 29)),
    )
    row.refresh_from_db()
    assert row.hearing == "lapsed"
    withdrawals.display(members=[row], **acts(bureau, "approval-officer", date(2026, 9, 29)))


def test_a_statement_is_taken_before_service_and_kept_from_others(bureau: Bureau) -> None:
    (case,) = red_and_over(bureau, CITY_SHEETS)
    batch = opened(bureau, [case])
    row = members(batch)[0]
    told = acts(bureau, "enterprise", RED_OVER)
    refused("statement-taken", lambda: make_statement(withdrawal=row, text="x", files=[], **told))
    told_of_intent(bureau, batch, RED_OVER)
    refused("because", lambda: make_statement(withdrawal=row, text=" ", files=[], **told))
    submission = make_statement(
        withdrawal=row, text="人员正在办理注册", files=[scan("证明.png")], **told
    )
    assert Task.objects.get(kind="answer").detail == str(submission.pk)
    attachment = Attachment.objects.get(point=submission)
    assert attachment_for(bureau.accounts["enterprise"], attachment.pk)[0] == attachment
    assert attachment_for(bureau.who("approval-officer"), attachment.pk)[0] == attachment
    with pytest.raises(Attachment.DoesNotExist):
        attachment_for(bureau.who("datong-officer"), attachment.pk)
    with pytest.raises(NotCompetent):
        answer(point=submission, text="不属实", **acts(bureau, "city-officer", RED_OVER))


def test_the_public_objects_during_the_display_and_its_name_is_kept_from_all_but_who_answers(
    bureau: Bureau,
) -> None:
    (case,) = red_and_over(bureau, CITY_SHEETS)
    batch = opened(bureau, [case])
    over = displayed(bureau, batch)
    (row,) = members(batch)
    last = over - timedelta(days=1)
    who = {"name": "赵某某", "address": "太原市某路2号"}

    def objects(day: date, **changed: Any) -> Submission:
        told = {"number": row.display_number, "text": "该企业确无人员", "who": who, **changed}
        return object_publicly(**told, law=bureau.law, at=bureau.office.tick(day))

    refused("because", lambda: objects(last, who={"name": "赵某某"}))
    refused("on-display", lambda: objects(last, number="晋建资示〔2026〕9号-1"))
    refused("on-display", lambda: objects(last, number=""))
    submission = objects(last)
    assert "赵" not in repr(list(Submission.objects.values())) + repr(
        list(Entry.objects.values("details", "basis"))
    )
    assert who_objected(submission, bureau.who("approval-officer")) == who
    with pytest.raises(NotCompetent):
        who_objected(submission, bureau.who("city-officer"))
    refused("on-display", lambda: objects(over))
    morning(bureau, over, CITY_SHEETS)
    reviewed(bureau, batch, over)
    refused("members", lambda: decided(bureau, batch, over))
    answer(point=submission, text="已核查", **acts(bureau, "approval-officer", over))
    decided(bureau, batch, over)
    assert Withdrawal.objects.get().credit_code == OWN
    assert case.area == TAIYUAN.replace("-", ":")


def test_the_pack_of_a_withdrawn_card_has_what_was_said_and_answered_and_nobody_of_the_public(
    bureau: Bureau, tmp_path: Path
) -> None:
    folder = tmp_path / "pack"
    (case,) = red_and_over(bureau, CITY_SHEETS)
    batch = opened(bureau, [case])
    told_of_intent(bureau, batch, RED_OVER)
    row = members(batch)[0]
    point = make_statement(
        withdrawal=row,
        text="在办注册",
        files=[scan("证明.png", 99)],
        **acts(bureau, "enterprise", RED_OVER),
    )
    bureau.served(row.documents.get(), RED_OVER, by="approval-officer")
    withdrawals.display(
        members=members(batch), **acts(bureau, "approval-officer", date(2026, 9, 1))
    )
    row.refresh_from_db()
    objection = object_publicly(
        number=row.display_number,
        text="确无人员",
        who={"name": "赵某某", "address": "某路2号"},
        law=bureau.law,
        at=bureau.office.tick(date(2026, 9, 2)),
    )
    over = date(2026, 9, 10)
    for submission in (point, objection):
        answer(point=submission, text="已核", **acts(bureau, "approval-officer", over))
    morning(bureau, over, CITY_SHEETS)
    reviewed(bureau, batch, over)
    decided(bureau, batch, over)
    bureau.patrol(over + timedelta(days=1))
    made = evidence_pack(
        card_number=case.card_number,
        by=bureau.who("officer"),
        at=bureau.office.tick(over + timedelta(days=1)),
    )
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        archive.extractall(folder)
    assert faults_of_pack(folder) == []
    told = json.loads((folder / "case.json").read_text())[case.stream]["withdrawals"][0]
    assert [one["answer"] for one in told["points"]] == ["已核", "已核"]
    assert (told["decided_on"], told["list"]["received_on"]) == ("2026-09-10", "2026-08-24")
    assert any(
        path.read_bytes() == scan("证明.png", 99).told for path in (folder / "proofs").iterdir()
    )
    assert "赵某某" not in "".join(path.read_text() for path in folder.glob("*.json"))
    names = "".join(path.name for path in (folder / "documents").iterdir())
    assert "拟撤回资质告知书" in names
    assert "撤回建设工程企业资质决定书" in names
