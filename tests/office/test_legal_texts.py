"""Calendar, policy and standards loaded into the office: checked, previewed, signed by two, in force from a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from actors import PASSWORD, Actors, reload
from application_acts import actors_with_accounts
from commands import CommandResult, qualwatch
from databases import prepare_office
from qualwatch.assessments.models import LawText, Run
from qualwatch.assessments.texts import law_of
from qualwatch.cases.models import Notice, Task
from qualwatch.journal.models import Entry
from qualwatch.law.loader import BUILT_IN, Law, current_law, law_changed, load_law, same_law
from qualwatch.law.texts_on_disk import LawError
from qualwatch.legal_texts.actions import (
    CannotLoad,
    SubmittedText,
    check_text,
    propose_text,
    refuse_text,
)
from qualwatch.legal_texts.models import LegalText
from qualwatch.legal_texts.queries import DamagedText, file_of, law_in_force
from qualwatch.patrol.legal_texts import preview_of, propose, reading_of, show, sign
from register_office import DAY, RegisterOffice

pytestmark = pytest.mark.django_db
ENDS = date(2026, 7, 20)
NEXT_YEAR = """\
calendar: state-council
years:
  2027:
    basis: 国办发明电〔2026〕9号
    rest: [2027-01-01, 2027-02-05, 2027-05-01, 2027-05-02, 2027-10-01, 2027-10-02, 2027-10-03]
    work: [2027-02-14]
"""
POLICY = (BUILT_IN / "policy/shanxi.yaml").read_text(encoding="utf-8")
DECORATION = BUILT_IN / "standards/construction/specialist-decoration.yaml"


@pytest.fixture
def actors(office: RegisterOffice, settings: Any, tmp_path: Path) -> Iterator[Actors]:
    settings.LAW_TEXTS = tmp_path / "law"
    law_changed()
    yield actors_with_accounts(office)
    law_changed()  # what the test loaded is rolled back


def policy_from(day: date, old: str = "", new: str = "") -> str:
    """The packaged policy as a version from a day on, with a change."""
    assert not old or old in POLICY
    text = POLICY.replace("in_force_from: 2023-05-01", f"in_force_from: {day}")
    return text.replace(old, new, 1)


def this_year_with(*days: date) -> str:
    """The packaged calendar of 2026 with more rest days."""
    calendar = load_law().calendar
    rest = sorted({day for day in calendar.rest if day.year == 2026} | set(days))
    work = sorted(day for day in calendar.work if day.year == 2026)
    year = {"basis": "国办发明电〔2026〕10号", "rest": rest, "work": work}
    return yaml.safe_dump({"calendar": "state-council", "years": {2026: year}}, allow_unicode=True)


def submitted(text: str, first_day: date | None = None, day: date = DAY) -> LegalText:
    """A text that was checked on a day."""
    return check_text(SubmittedText("文件.yaml", text.encode(), first_day), day)


def load(actors: Actors, text: str, day: date = DAY, first_day: date | None = None) -> LegalText:
    """Proposed by an officer and signed by a reviewer on a day."""
    proposed, _preview = propose(
        text=submitted(text, first_day, day),
        because="已公布",
        by=actors.account("officer"),
        at=actors.office.tick(day),
    )
    reviewer = actors.account("reviewer")
    show(text=proposed, by=reviewer, at=actors.office.tick(day))
    signed, _moved = sign(
        text=proposed, by=reviewer, at=actors.office.tick(day), because="核对无误"
    )
    actors.law = law_in_force(day)
    return signed


def problems_of(text: str) -> str:
    """The sentences with which a text is refused."""
    with pytest.raises(LawError) as caught:
        submitted(text)
    return str(caught.value)


def test_next_years_calendar_is_loaded_and_used(actors: Actors) -> None:
    """Deliver 6, Clarified 7: loaded into the office, not a new release of the program."""
    assert not actors.law.calendar.is_published(date(2026, 12, 31))
    before = actors.law.digest
    text = load(actors, NEXT_YEAR)
    law = actors.law
    assert law.calendar.is_published(date(2026, 12, 31))
    assert not law.calendar.is_working_day(date(2027, 2, 5))
    assert law.calendar.is_working_day(date(2027, 2, 14))
    assert law.calendar.source == "国办发明电〔2026〕9号"
    assert law.digest != before
    assert load_law().digest == before
    entries = Entry.objects.filter(stream="law").order_by("number")
    assert [entry.what for entry in entries] == ["text-proposed", "text-read", "text-signed"]
    assert entries[2].details["sha256"] == text.sha256
    assert entries[1].details["shown"] == entries[2].details["read"] != ""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("2027-02-05", "2026-02-05", "2026-02-05 不属于 2027 年"),
        ("2027-02-14", "2027-02-15", "2027-02-15 不是周末"),
        ("work: [2027-02-14]", "work: [2027-05-01]", "2027-05-01 同时写成休息日"),
        ("2027-05-02, ", "", "缺少法定节假日 2027-05-02"),
        ("2027-02-05", "2027-01-01", "2027-01-01 写了两次"),
        ("国办发明电〔2026〕9号", "''", "须写明放假通知的文号"),
        ("work:", "works:", "未知的键"),
        ("2027-02-14", "2027-02-30", "没有这一天"),
        ("  2027:\n", "  2027:\n   ", "不是合法的 YAML"),
    ],
)
def test_a_wrong_calendar_is_refused_with_file_and_line(
    actors: Actors, old: str, new: str, sentence: str
) -> None:
    assert old in NEXT_YEAR
    sentences = problems_of(NEXT_YEAR.replace(old, new, 1))
    assert sentence in sentences
    assert sentences.startswith("文件.yaml:")
    assert not LegalText.objects.exists()


def test_what_is_no_text_of_the_law_is_refused(actors: Actors) -> None:
    for content in ("a: 1", "[1]", ""):
        with pytest.raises(CannotLoad, match="看不出是哪种文件"):
            submitted(content)
    with pytest.raises(LawError, match="UTF-8"):
        check_text(_bytes(b"\xff\xfe"), DAY)
    with pytest.raises(CannotLoad, match="过大"):
        check_text(_bytes(b"#" * 2_000_000), DAY)


def _bytes(content: bytes) -> SubmittedText:
    return SubmittedText("文件.yaml", content)


def test_two_people_and_reasons(actors: Actors) -> None:
    officer, reviewer = actors.account("officer"), actors.account("reviewer")
    at = actors.office.tick()

    def offer(by: Any, because: str = "已公布") -> LegalText:
        text = submitted(NEXT_YEAR)
        return propose_text(text=text, preview={}, because=because, by=by, at=at)

    for by in (reviewer, actors.account("city-officer"), actors.account("auditor")):
        with pytest.raises(CannotLoad, match="没有这项权限"):
            offer(by)
    with pytest.raises(CannotLoad, match="依据和理由"):
        offer(officer, " ")
    text = offer(officer)
    with pytest.raises(CannotLoad, match="同样的文件"):
        offer(officer)
    with pytest.raises(CannotLoad, match="没有这项权限"):
        sign(text=text, by=officer, at=at, because="x")
    with pytest.raises(CannotLoad, match="写明理由"):
        sign(text=text, by=reviewer, at=at, because="")
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalText.objects.filter(pk=text.pk).update(
            state="signed", decided_by="officer", decided_at=at
        )
    refused = refuse_text(text=text, by=reviewer, at=at, because="文号不对")
    assert refused.state == "refused"
    with pytest.raises(CannotLoad, match="已经签批或退回"):
        sign(text=text, by=reviewer, at=at, because="x")
    assert law_in_force(DAY).digest == load_law().digest
    assert offer(officer).state == "proposed"


def test_it_is_in_force_from_its_day_and_never_backwards(actors: Actors) -> None:
    first_day = DAY + timedelta(days=10)
    load(actors, NEXT_YEAR, first_day=first_day)
    assert 2027 not in law_in_force(first_day - timedelta(days=1)).calendar.years
    assert 2027 in law_in_force(first_day).calendar.years
    with pytest.raises(CannotLoad, match="只能从今天或以后"):
        submitted(NEXT_YEAR, DAY - timedelta(days=1))
    with pytest.raises(CannotLoad, match="只能从今天或以后"):
        submitted(policy_from(DAY - timedelta(days=1)))
    text, _preview = propose(
        text=submitted(this_year_with(ENDS)),
        because="x",
        by=actors.account("officer"),
        at=actors.office.tick(),
    )
    late = actors.office.tick(DAY + timedelta(days=1))
    with pytest.raises(CannotLoad, match="已过"):
        sign(text=text, by=actors.account("reviewer"), at=late, because="x")


def test_who_signs_has_read_what_the_text_changes_now(actors: Actors) -> None:
    """Two reviewers: one read it, the other did not; what changes after reading is read again."""
    actors.load_and_patrol(DAY, 3)
    end = ENDS + timedelta(days=1)  # of a warning of the next day
    reviewer, at = actors.account("reviewer"), actors.office.tick
    text, _preview = propose(
        text=submitted(this_year_with(end)), because="x", by=actors.account("officer"), at=at()
    )
    with pytest.raises(CannotLoad, match="请先用 qualwatch law show"):
        sign(text=text, by=reviewer, at=at(), because="x")
    with pytest.raises(CannotLoad, match="没有这项权限"):
        show(text=text, by=actors.account("officer"), at=at())
    before = show(text=text, by=reviewer, at=at())
    assert before.differences == [f"{end}\t工作日 → 休息日"]
    assert not before.preview.deadlines
    actors.yellow_case(DAY + timedelta(days=1))
    LegalText.objects.filter(pk=text.pk).update(in_force_from=DAY + timedelta(days=2))
    text.refresh_from_db()
    later = DAY + timedelta(days=2)
    with pytest.raises(CannotLoad, match="影响有了变化"):
        sign(text=text, by=reviewer, at=at(later), because="x")
    assert show(text=text, by=reviewer, at=at(later)).preview.deadlines
    assert sign(text=text, by=reviewer, at=at(later), because="x")[0].state == "signed"


def test_the_difference_of_a_policy_is_to_the_version_before(actors: Actors) -> None:
    first_day = DAY + timedelta(days=5)
    old = "yellow_period_months: {2023-05-01: {value: 2,"
    text, _preview = propose(
        text=submitted(policy_from(first_day, old, old.replace("value: 2", "value: 1"))),
        because="x",
        by=actors.account("officer"),
        at=actors.office.tick(),
    )
    lines = reading_of(text, actors.office.tick()).differences
    changed = [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert [line.split(":")[0].replace(" ", "") for line in changed] == [
        "-in_force_from",
        "+in_force_from",
        "-yellow_period_months",
        "+yellow_period_months",
    ]


def test_the_preview_of_a_calendar_names_every_deadline_that_moves(actors: Actors) -> None:
    """Deliver 6: old day, new day, case; what the preview says is what the signature does."""
    case = actors.yellow_case()
    day = DAY + timedelta(days=1)
    text = submitted(this_year_with(ENDS), day=day)
    preview = preview_of(text, actors.office.tick(day))
    (change,) = preview.moved
    assert (change.old.ends_on, change.new.ends_on) == (ENDS, ENDS + timedelta(days=1))
    assert change.concerned.case == case
    assert case.requirements.get().ends_on == ENDS
    assert not Notice.objects.filter(kind="deadline-moved").exists()
    load(actors, this_year_with(ENDS), day)
    assert case.requirements.get().ends_on == ENDS + timedelta(days=1)
    moved = Entry.objects.get(what="deadline-moved")
    assert moved.details["calendar"] == actors.law.calendar.version
    assert LegalText.objects.get().preview["deadlines_moved"] == 1


def test_a_calendar_of_a_later_day_moves_deadlines_with_that_days_patrol(actors: Actors) -> None:
    case = actors.yellow_case()
    first_day = DAY + timedelta(days=3)
    load(actors, this_year_with(ENDS), DAY + timedelta(days=1), first_day)
    assert case.requirements.get().ends_on == ENDS
    actors.law = law_in_force(first_day)
    actors.load_and_patrol(first_day)
    assert case.requirements.get().ends_on == ENDS + timedelta(days=1)


def test_the_last_loaded_calendar_of_a_year_holds(actors: Actors) -> None:
    load(actors, this_year_with(ENDS))
    load(actors, this_year_with(date(2026, 12, 1)))
    assert actors.law.calendar.is_working_day(ENDS)
    assert not actors.law.calendar.is_working_day(date(2026, 12, 1))


def test_a_policy_holds_from_its_day_and_reaches_clocks_that_begin_under_it(
    actors: Actors,
) -> None:
    """Clarified 6."""
    case = actors.yellow_case()
    first_day = DAY + timedelta(days=5)
    old = "yellow_period_months: {2023-05-01: {value: 2,"
    load(actors, policy_from(first_day, old, old.replace("value: 2", "value: 1")), first_day)
    policy = actors.law.policy_on
    assert policy(first_day)["yellow_period_months"] == 1
    assert policy(first_day - timedelta(days=1))["yellow_period_months"] == 2
    actors.load_and_patrol(first_day)
    assert case.requirements.get().ends_on == ENDS
    assert reload(case).state == "yellow"


def test_the_preview_of_a_policy_names_every_finding_that_turns(actors: Actors) -> None:
    actors.load_and_patrol(people=3)
    first_day = DAY + timedelta(days=1)
    new = "ends_at: 61}}\n      source: 2015-20"
    text = policy_from(first_day, new, new.replace("61", "31")).replace(
        "doubt_from: 60, ends_at: 31", "doubt_from: 30, ends_at: 31"
    )
    preview = preview_of(submitted(text, day=first_day), actors.office.tick(first_day))
    assert not preview.deadlines
    assert preview.judged_on == DAY
    assert preview.findings
    assert all(turn.before != turn.after for turn in preview.findings)
    assert sum(preview.summary()["findings"].values()) == len(preview.findings)
    # nothing was put on record by looking
    assert Run.objects.count() == 1


def test_runs_and_packs_keep_the_loaded_texts(actors: Actors, tmp_path: Path) -> None:
    """Deliver 6: the digest names the loaded version, and the law can be had again from it."""
    first_day = DAY + timedelta(days=1)
    old = "register_freshness_days: {2007-08-01: {value: 3"
    load(actors, policy_from(first_day, old, old.replace("value: 3", "value: 4")), first_day)
    run = actors.load_and_patrol(first_day).run
    assert run.law_digest == actors.law.digest != load_law().digest
    assert LawText.objects.filter(digest=run.law_digest).exists()
    again: Law = law_of(run.law_digest, tmp_path / "again")
    assert again.policy_on(first_day)["register_freshness_days"] == 4
    assert again.policy_on(DAY)["register_freshness_days"] == 3


def test_a_standard_is_loaded_in_the_same_way(actors: Actors) -> None:
    text = DECORATION.read_text(encoding="utf-8")
    assert problems_of(text.replace("sector: construction", "sector: constructions"))
    changed = text + "\n# 修订\n"
    signed = load(actors, changed)
    assert signed.name == "standards/construction/specialist-decoration.yaml"
    assert actors.law.files[signed.name].read_text(encoding="utf-8") == changed


def test_a_standard_changes_nothing_before_its_day(actors: Actors) -> None:
    first_day = DAY + timedelta(days=30)
    text = DECORATION.read_text(encoding="utf-8")
    begun = "2023-09-15: {number: 5, basis: 2023-3}"
    assert begun in text
    from_its_day = text.replace(
        begun, f"{begun}\n          {first_day}: {{number: 6, basis: 2023-3}}"
    )
    assert load(actors, from_its_day, first_day=first_day).state == "signed"
    too_early = from_its_day.replace(f"{first_day}:", f"{first_day - timedelta(days=1)}:")
    past = text.replace(begun, begun.replace("number: 5", "number: 6"))
    undated = text.replace("constructor, grade: grade-1", "constructor, grade: grade-2", 1)
    for changed in (
        too_early,
        past,
        undated,
        text.replace("usable_for_short: true", "usable_for_short: false", 1),
    ):
        with pytest.raises(CannotLoad, match="以前的不能改：grades"):
            submitted(changed, first_day)


def test_a_calendar_changes_no_day_before_its_own_and_no_past_year(actors: Actors) -> None:
    with pytest.raises(CannotLoad, match="以前的不能改：2026-05-19"):
        submitted(this_year_with(DAY - timedelta(days=1)))
    assert submitted(this_year_with(DAY))
    last_year = yaml.safe_dump(
        {
            "calendar": "state-council",
            "years": {
                2025: {
                    "basis": "国办发明电〔2024〕12号",
                    "rest": sorted(d for d in load_law().calendar.rest if d.year == 2025),
                    "work": sorted(d for d in load_law().calendar.work if d.year == 2025),
                }
            },
        },
        allow_unicode=True,
    )
    with pytest.raises(CannotLoad, match="以前的不能改：2025 年"):
        submitted(last_year)
    # nobody knew the year before it began: it is settled late
    assert submitted(NEXT_YEAR, date(2027, 3, 1), date(2027, 3, 1))


def test_pages_ask_for_the_law_in_force_and_once_only(
    actors: Actors, client: Client, django_assert_num_queries: Any
) -> None:
    today = timezone.localdate()
    cached = client.get("/standards").headers["ETag"]
    load(actors, NEXT_YEAR, today)
    assert current_law().calendar.source == "国办发明电〔2026〕9号"
    # public pages are made again
    assert client.get("/standards", headers={"If-None-Match": cached}).status_code == 200
    law_changed()
    with same_law(), django_assert_num_queries(1):
        assert current_law() is current_law()
    with django_assert_num_queries(0):
        assert current_law().calendar.source == "国办发明电〔2026〕9号"


def test_a_stored_text_that_was_altered_is_refused(actors: Actors) -> None:
    signed = load(actors, NEXT_YEAR)
    path = file_of(signed)
    path.write_text("years: {}", encoding="utf-8")
    assert file_of(signed).read_text(encoding="utf-8") == NEXT_YEAR  # written again
    path.unlink()
    LegalText.objects.filter(pk=signed.pk).update(text="years: {}")
    with pytest.raises(DamagedText):
        law_in_force(DAY)


def test_no_task_is_left_behind(actors: Actors) -> None:
    """Signing opens none: whoever is concerned is notified."""
    load(actors, NEXT_YEAR)
    assert not Task.objects.exists()


@pytest.mark.parametrize("option", ["--law", "--policy"])
@pytest.mark.parametrize(
    "words",
    [
        ("import", "practitioners", "x.csv"),
        ("patrol", "--on", "2026-05-20"),
        ("propose", "run", "1", "x.png"),
        ("decide", "run", "1"),
        ("set-aside", "2026-05-20"),
        ("returns", "2026Q1"),
    ],
)
def test_commands_of_the_office_take_no_other_law(words: tuple[str, ...], option: str) -> None:
    """One person would run the office by texts that nobody signed."""
    result = qualwatch(*words, option, str(BUILT_IN))
    assert (result.status, option in result.err) == (2, True), result.err


def test_the_commands_load_a_calendar(tmp_path: Path) -> None:
    """From the file to the folder that commands without a database use."""
    state = prepare_office(tmp_path / "state")
    for name, role in (("li", "province-officer"), ("wang", "province-reviewer")):
        words = ["manage", "create_officer", name, "--organisation", "province", "--role", role]
        created = qualwatch(
            *words, "--early-warning", "--password-from-stdin", typed=f"{PASSWORD}\n", **state
        )
        assert created.status == 0, created.err

    def law(*words: str | Path, by: str = "") -> CommandResult:
        account = ["--by", by, "--password-from-stdin"] if by else []
        account += ["--because", "国办已公布"] if by and words[0] != "show" else []
        return qualwatch("law", *words, *account, typed=f"{PASSWORD}\n", **state)

    wrong, right = tmp_path / "wrong.yaml", tmp_path / "2027.yaml"
    wrong.write_text(NEXT_YEAR.replace("2027-02-14", "2027-02-15"), encoding="utf-8")
    right.write_text(NEXT_YEAR, encoding="utf-8")
    refused = law("propose", wrong, by="li")
    assert (refused.status, refused.err) == (2, "qualwatch: 1 处错误\n")
    assert refused.out.startswith("wrong.yaml:6: years.2027.work[0]: 2027-02-15 不是周末")
    assert law("preview", right).out == "期限顺延 0 个，由暂定转为确定 0 个\n"
    assert law("propose", right, by="wang").status == 2
    proposed = law("propose", right, by="li")
    assert (proposed.status, "第 1 号 日历" in proposed.out) == (0, True), proposed.err
    assert law("sign", "1", by="li").status == 2
    unread = law("sign", "1", by="wang")
    assert (unread.status, unread.err) == (2, "qualwatch: 请先用 qualwatch law show 1 阅读\n")
    assert law("show", "1", by="li").status == 2
    shown = law("show", "1", by="wang")
    assert shown.status == 0, shown.err
    assert "li 提出：国办已公布" in shown.out
    assert "    basis: 国办发明电〔2026〕9号" in shown.out
    assert "2027-02-05\t工作日 → 休息日" in shown.out
    assert "期限顺延 0 个" in shown.out
    assert "已签批" in law("sign", "1", by="wang").out
    assert law("sign", "1", by="wang").err == "qualwatch: 这份文件已经签批或退回\n"
    assert "已签批" in law("list").out
    exported = tmp_path / "law"
    assert law("export", exported).status == 0
    assert qualwatch("standards", "lint", exported).status == 0
    last = qualwatch(
        "deadline", "--from", "2027-02-12", "--working-days", "1", "--law", str(exported)
    )
    assert last.out.splitlines()[-1] == "2027-02-14"
    assert qualwatch("journal", "verify", **state).status == 0
