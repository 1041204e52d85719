"""Withdrawals in the played province: lists by three routes, from opening to deregistration."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from play_oversight import report
from play_papers import ADDRESS, PASSWORD, invented_name, moment

HOME, STATES, ASKS = 0.6, 0.3, 0.15  # served in person; states its case; asks for a hearing
RECTIFIES = 0.03  # chance a day while the item is to be withdrawn
STARTS_AFTER, LATE_AFTER, MINISTRY_AFTER = 2, 9, 20  # days
LATE = "city-141100-bureau"  # starts late, and is named for it
FACTS = (
    "公示期满后按当日登记数据复核，所缺注册人员仍未补足；"
    "企业没有提交可以推翻核查结果的材料，陈述和听证中所述情况经核实不影响人数"
)
SIXTEEN_DAYS = timedelta(days=16)


@dataclass
class Withdrawals:
    """What authorities, bureaus and enterprises do on withdrawals, day by day."""

    law: Any
    chance: random.Random
    papers: Any
    accounts: dict[str, Any]
    counts: Counter[str]
    rectify: Callable[[Any, date], None]  # makes an enterprise fill its shortfall
    issued: list[str] = field(default_factory=list)
    has_annulled: bool = False
    list_weeks: tuple[int, ...] = (1,)  # of a month: lists go out on their Mondays

    def account_at(self, where: str, role: str, suffix: str = "") -> Any:
        """The account of a role at an organisation, created at first use."""
        from qualwatch.accounts.actions import create_account
        from qualwatch.accounts.queries import organisation

        name = f"sample-{where}-{role.rsplit('-', 1)[1]}{suffix}"
        if name not in self.accounts:
            self.accounts[name] = create_account(
                username=name,
                password=PASSWORD,
                organisation=organisation(where),
                roles=[role],
                early_warning=True,
                by="play",
                at=self.papers.clock.now,
                name=invented_name(self.chance),
            )
        return self.accounts[name]

    def act(self, who: Any, day: date) -> dict[str, Any]:
        """The arguments that every act has: by, law, at."""
        return {"by": who, "law": self.law, "at": self.papers.clock.next(day)}

    def people(self, withdrawing_authority: str) -> dict[str, Any]:
        """The accounts that handle, review and decide at a withdrawing authority."""
        if withdrawing_authority == "province":
            return {
                "handles": self.accounts["sample-second-officer"],
                "reviews": self.account_at("province", "province-reviewer", "-3"),
                "decides": self.account_at("province", "province-reviewer", "-4"),
            }
        return {
            "handles": self.account_at(withdrawing_authority, "approval-officer"),
            "reviews": self.account_at(withdrawing_authority, "approval-reviewer", "-2"),
            "decides": self.account_at(withdrawing_authority, "approval-reviewer"),
        }

    def attempt(self, what: str, do: Callable[..., Any], **arguments: Any) -> Any:
        """The result of an act; None where the procedure refuses it."""
        from django.db import transaction

        from qualwatch.procedure.transitions import CannotStep

        try:
            with transaction.atomic():
                result = do(**arguments)
        except CannotStep:
            return None
        self.counts[f"withdrawals: {what}"] += 1
        return result

    def run_day(self, day: date) -> None:
        """All acts of one day."""
        from qualwatch.cases.models import Withdrawal

        self.open_inboxes(day)
        if day.weekday() == 0 and (day.day + 6) // 7 in self.list_weeks:
            self.open_lists(day)
        rows = (
            Withdrawal.objects.filter(ended="")
            .exclude(stage="closed")
            .select_related("batch", "case")
        )
        lists: dict[int, list[Any]] = defaultdict(list)
        for row in rows.order_by("pk"):
            lists[row.batch_id].append(row)
        for members in lists.values():
            batch = members[0].batch
            (self.advance_ministry_list if batch.route == "ministry" else self.advance_list)(
                batch, members, day
            )
        report(self, day)

    def open_inboxes(self, day: date) -> None:
        """Authorities open the documents that came the day before."""
        from qualwatch.accounts.queries import has_capability
        from qualwatch.cases.models import Notice
        from qualwatch.cases.notices.notify import ACTING
        from qualwatch.cases.warnings.supervise import open_notice

        seats = {
            account.organisation.slug: account
            for account in self.accounts.values()
            if any(has_capability(account, capability) for capability in ACTING)
        }
        unopened = Notice.objects.filter(
            organisation__in=seats, first_opened_at=None, document__isnull=False
        )
        for notice in unopened.order_by("pk"):
            open_notice(
                notice=notice, by=seats[notice.organisation], law=self.law, at=moment(day, 9)
            )
            self.counts["documents opened by authorities"] += 1

    def open_lists(self, day: date) -> None:
        """Opens a list for each authority and route, of red cards past their period.

        A city's list is signed at once.
        """
        from qualwatch.cases.competence import competent_for, route_of
        from qualwatch.cases.models import Case, Withdrawal
        from qualwatch.cases.queries import cases_over_on
        from qualwatch.cases.withdrawals import actions as withdraw

        under_way = set(Withdrawal.objects.filter(ended="").values_list("case_id", flat=True))
        lists: dict[tuple[str, str], list[Case]] = defaultdict(list)
        for case in cases_over_on(day):
            if (
                case.state == "red"
                and case.pk not in under_way
                and case.application is None
                and not case.needs_review
                and (case.origin == "officer" or case.last_result == "short")
            ):
                lists[(competent_for(case), route_of(case))].append(case)
        for (housing, route), cases in sorted(lists.items()):
            opens, signs = self.accounts["sample-second-officer"], None
            if route == "city":
                self.people(f"{housing}-bureau")  # somebody reads the inbox there
                opens = self.account_at(housing, "city-officer")
                signs = self.account_at(housing, "city-reviewer")
            for listed_case in cases:
                if listed_case.origin == "officer":
                    self.recheck(listed_case, day)
            ready = list(Case.objects.filter(pk__in=[case.pk for case in cases]))
            batch = self.attempt(
                "lists opened", withdraw.open_withdrawals, cases=ready, **self.act(opens, day)
            )
            if batch is not None and signs is not None:
                withdraw.suggest(batch=batch, **self.act(signs, day))
            self.counts["withdrawals: items opened"] += len(ready) if batch is not None else 0

    def recheck(self, case: Any, day: date) -> None:
        """Rechecks an officer's red card."""
        self.papers.recheck(case, day, self.accounts["sample-officer"])

    def advance_list(self, batch: Any, members: list[Any], day: date) -> None:
        """The next steps of a list of a city's bureau or the province."""
        from qualwatch.cases.withdrawals import actions as withdraw

        who = self.people(batch.withdrawing_authority)
        by_stage: dict[str, list[Any]] = defaultdict(list)
        for row in members:
            by_stage[row.stage].append(row)
        wait = LATE_AFTER if batch.withdrawing_authority == LATE else STARTS_AFTER
        if by_stage["suggested"] and day >= batch.opened_on + timedelta(days=wait):
            self.attempt(
                "started",
                withdraw.start,
                members=by_stage["suggested"],
                **self.act(who["handles"], day),
            )
        for row in by_stage["started"]:
            letter = row.documents.filter(kind="intended-withdrawal").first()
            if letter is None:
                (letter,) = withdraw.announce_intent(members=[row], **self.act(who["handles"], day))
                self.serve_letter(letter, who["handles"], day)
        for row in [*by_stage["started"], *by_stage["notified"]]:
            self.respond_to_intent(row, day)
            if row.case.origin == "system" and self.chance.random() < RECTIFIES:
                self.rectify(row.case, day)
        self.answer_enterprises(members, who["handles"], day)
        self.display_and_recheck(by_stage, who, day)
        self.decide_and_finish(by_stage, who, day)
        ended = all(row.outcome for row in batch.members.all())
        if batch.route == "city" and batch.reported_on is None and ended:
            self.attempt(
                "results reported",
                withdraw.report_results,
                batch=batch,
                **self.act(who["decides"], day),
            )
        self.annul_once(batch, who["decides"], day)

    def display_and_recheck(
        self, by_stage: dict[str, list[Any]], who: dict[str, Any], day: date
    ) -> None:
        """The public display, the recheck after it and the legal review."""
        from qualwatch.cases.withdrawals import actions as withdraw

        if by_stage["notified"]:
            self.attempt(
                "displays",
                withdraw.display,
                members=by_stage["notified"],
                **self.act(who["handles"], day),
            )
        for row in by_stage["displayed"]:
            until = row.display_until
            if (
                row.case.origin == "officer"
                and day > until
                and (row.case.rechecked_on or until) <= until
            ):
                self.recheck(row.case, day)
        if by_stage["displayed"]:
            self.attempt(
                "rechecks",
                withdraw.recheck_members,
                members=by_stage["displayed"],
                **self.act(who["handles"], day),
            )
        if by_stage["rechecked"]:
            self.attempt(
                "legal reviews",
                withdraw.review_law,
                members=by_stage["rechecked"],
                opinion="认定、责令整改、告知和公示均有送达凭证，期限已经届满，证据齐备，适用条款正确",
                **self.act(who["reviews"], day),
            )

    def decide_and_finish(
        self, by_stage: dict[str, list[Any]], who: dict[str, Any], day: date
    ) -> None:
        """The decision, its service and the deregistration."""
        from qualwatch.cases.withdrawals import actions as withdraw

        if by_stage["reviewed"]:
            result = self.attempt(
                "decisions",
                withdraw.decide,
                members=by_stage["reviewed"],
                because=FACTS,
                **self.act(who["decides"], day),
            )
            for row in result.succeeded if result else []:
                self.serve_letter(
                    row.documents.get(kind="withdrawal-decision"), who["handles"], day
                )
        if by_stage["announced"]:
            self.attempt(
                "deregistered",
                withdraw.finish,
                members=by_stage["announced"],
                because="证书公告作废",
                **self.act(who["handles"], day),
            )

    def advance_ministry_list(self, batch: Any, members: list[Any], day: date) -> None:
        """The next step of the ministry's route: examined, reported, decided by the ministry."""
        from qualwatch.cases.withdrawals import actions as withdraw

        who, row = self.people("province"), members[0]
        stages = {member.stage for member in members}
        if "opened" in stages:
            self.attempt(
                "rechecks",
                withdraw.recheck_members,
                members=members,
                **self.act(who["handles"], day),
            )
        elif "rechecked" in stages:
            letter = self.attempt(
                "reports to the ministry",
                withdraw.report,
                batch=batch,
                because="认定、责令整改的送达凭证和复核结果齐备，所缺注册人员仍未补足",
                **self.act(self.accounts["sample-second-reviewer"], day),
            )
            if letter is not None:
                self.serve_letter(letter, who["handles"], day, home=1)
        elif "reported" in stages and batch.received_on:
            self.attempt(
                "started",
                lambda: withdraw.start(
                    members=members, because="住建部受理", **self.act(who["handles"], day)
                ),
            )
        elif (
            "started" in stages
            and row.started_on
            and day >= row.started_on + timedelta(days=MINISTRY_AFTER)
        ):
            self.attempt(
                "decisions",
                withdraw.record_ministry_decision,
                members=members,
                number=f"建市撤〔{day.year}〕{batch.pk}号",
                because=FACTS,
                files=[self.papers.file("部决定.png")],
                **self.act(who["decides"], day),
            )
        elif "decided" in stages:
            self.attempt(
                "decisions served",
                withdraw.record_ministry_service,
                members=members,
                proof="部送达回证",
                files=[self.papers.file("部回证.png")],
                **self.act(who["handles"], day),
            )
        elif "announced" in stages:
            self.attempt(
                "deregistered",
                withdraw.finish,
                members=members,
                because="证书公告作废",
                **self.act(who["handles"], day),
            )

    def serve_letter(self, letter: Any, by: Any, day: date, home: float = HOME) -> None:
        """Serves a document in person, or by public notice where the enterprise is not found."""
        from qualwatch.cases.service.actions import fail_service, prove_service, start_service

        act = self.act(by, day)
        service = start_service(
            document=letter, method="in-person", recipient=f"{letter.addressee}，{ADDRESS}", **act
        )
        if self.chance.random() < home:
            prove_service(
                service=service,
                proved_on=day,
                proof="送达回证",
                files=[self.papers.file("送达回证.png")],
                **act,
            )
            return
        fail_service(
            service=service,
            why="unknown",
            because="登记住所无人办公，下落不明",
            files=[self.papers.file("查访记录.png")],
            **act,
        )
        start_service(document=letter, method="public-notice", recipient=letter.addressee, **act)
        self.counts["withdrawals: public notices"] += 1

    def respond_to_intent(self, row: Any, day: date) -> None:
        """An enterprise with an account submits a statement or requests a hearing."""
        from qualwatch.cases.withdrawals.hearings import request_hearing, submit_statement

        code = row.credit_code
        mine = next(
            (
                account
                for account in self.accounts.values()
                if account.organisation.credit_code == code
            ),
            None,
        )
        if mine is None or row.submissions.exists() or row.hearing != "none":
            return
        if self.chance.random() < STATES:
            self.attempt(
                "statements",
                submit_statement,
                withdrawal=row,
                text="所缺人员已经到岗，注册正在办理，请求延长整改期限",
                files=[],
                **self.act(mine, day),
            )
        elif self.chance.random() < ASKS:
            self.attempt("hearings asked", request_hearing, withdrawal=row, **self.act(mine, day))

    def answer_enterprises(self, members: list[Any], by: Any, day: date) -> None:
        """Answers submissions; schedules, notifies, holds and records requested hearings."""
        from qualwatch.cases.models import Submission
        from qualwatch.cases.withdrawals.hearings import (
            HeldHearing,
            answer_submission,
            hold_hearing,
            schedule_hearing,
        )

        for submission in Submission.objects.filter(
            withdrawal__in=members, answered_on=None
        ).order_by("pk"):
            self.attempt(
                "points answered",
                answer_submission,
                submission=submission,
                text="经查询注册系统，截至答复之日没有所称人员的注册申请；整改期限已经届满，依法不能再延长",
                **self.act(by, day),
            )
        for row in members:
            if row.hearing != "asked":
                continue
            hearing = row.hearings.filter(state="fixed").first()
            if hearing is None:
                where = by.organisation.slug
                role = "province-officer" if where == "province" else "approval-officer"
                document = self.attempt(
                    "hearings fixed",
                    schedule_hearing,
                    withdrawal=row,
                    held_at=moment(self.law.calendar.next_working_day(day + SIXTEEN_DAYS), 9),
                    place="本机关三楼会议室",
                    chair=self.account_at(where, role, "-chair"),
                    **self.act(by, day),
                )
                if document is not None:
                    self.serve_letter(document.notice, by, day, home=1)
            elif day >= hearing.at.astimezone(moment(day, 0).tzinfo).date():
                held = HeldHearing(
                    "企业法定代表人、委托代理人，本机关办理人员二人",
                    [
                        "主持人核对参加人身份，宣布听证纪律，告知权利义务",
                        "办理人员说明拟撤回的事实、证据和依据",
                        "企业代理人陈述：一个月的整改期限过短，招聘和注册来不及完成",
                        "双方对核查结果和送达凭证质证，企业对人数没有异议",
                        "主持人听取最后意见，宣布听证结束",
                    ],
                    ["一个月的整改期限过短，招聘和注册来不及完成"],
                )
                self.attempt(
                    "hearings held",
                    hold_hearing,
                    hearing=hearing,
                    held=held,
                    files=[self.papers.file("听证笔录.png")],
                    **self.act(by, day),
                )

    def annul_once(self, batch: Any, by: Any, day: date) -> None:
        """One decision is annulled by a court, 14 days after it at the earliest."""
        from qualwatch.cases.proposed_acts.actions import NewAct

        row = (
            batch.members.filter(ended="", decided_on__lte=day - timedelta(days=14))
            .order_by("pk")
            .first()
        )
        if self.has_annulled or row is None:
            return
        officer = self.people(batch.withdrawing_authority)["handles"]
        files = [self.papers.file("判决书.png")]
        result = self.attempt(
            "annulled",
            self.papers.act_by_two,
            new=NewAct(
                "annul-withdrawal",
                "人民法院生效行政判决撤销了本撤回决定",
                files,
                withdrawal=row,
            ),
            day=day,
            by=officer,
            signer=by,
        )
        self.has_annulled = result is not None
