"""A synthetic province played day by day.

Rectifications, relapses, determinations, supervision findings.

`python tools/play.py FOLDER [--enterprises N] [--until DAY]`: the office's state is FOLDER/state,
its files beside it.
"""

import argparse
import csv
import gc
import os
import random
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

from play_oversight import print_summary, show
from play_papers import ADDRESS, PASSWORD, OfficeClock, Papers, invented_name
from play_withdrawals import Withdrawals
from stdnum.cn import ric

# the first working day after the notice took effect
START, END = date(2023, 5, 4), date(2023, 10, 31)
SOURCES = {
    "企业": "enterprises",
    "资质": "qualifications",
    "注册人员": "practitioners",
    "豁免": "exemptions",
    "锁定": "locks",
    "社保": "insurance",
}
DAILY = {"企业", "资质", "注册人员"}  # by the policy they are stale after a few days
CODE, NUMBER, KIND, MONTH, PAYER = (
    "统一社会信用代码",
    "身份证号",
    "证书类别",
    "缴费月份",
    "缴费单位信用代码",
)
ENDS, REGISTRATION, DIVISION = "有效期止", "注册编号", "注册地区划代码"
# One enterprise moves to another province and one to another city; one hands in a forged paper.
MOVES_ON, DECEIVES_ON = date(2023, 6, 5), date(2023, 6, 13)
OTHER_PROVINCE, OTHER_CITY = "130102", "140213"
PROGRESS = "… "  # begins a line that demo.py rewrites
GARBAGE = (100_000, 50, 100)  # objects before garbage is collected: a day leaves little
TWICE_A_MONTH = (2, 4)  # weeks of a month with lists of items to be withdrawn
INSURANCE_ON = 10  # day of a month from which the month before is in the insurance register
WITH_ACCOUNT = 12  # enterprises that have one
CHANCE = {
    "opens": 0.3,
    "letter": 0.08,
    "rectifies": 0.003,
    "relapses": 0.003,
    "leaves": 0.003,
    "followed-up": 0.05,
    "proposes": 0.4,
    "signs": 0.7,
    "sent": 0.15,
    "inspects": 0.15,
    "renews": 0.985,
    "pays-up": 0.02,
}


@dataclass
class Registers:
    """The register files as they change.

    A file is written again only when something in it has changed.
    """

    folder: Path
    chance: random.Random
    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    heads: dict[str, list[str]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    hired: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    serial: int = 0

    def read(self) -> None:
        """The rows of the synthetic files."""
        for name in SOURCES:
            if not (self.folder / f"{name}.csv").exists():
                continue  # a small province has nobody locked
            with (self.folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                self.rows[name], self.heads[name] = list(reader), list(reader.fieldnames or ())

    def write(self) -> None:
        """What has changed since the last time."""
        for name in sorted(self.changed):
            with (self.folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(self.heads[name])
                writer.writerows(map(itemgetter(*self.heads[name]), self.rows[name]))
        self.changed.clear()

    def update(self, day: date) -> None:
        """One day: on Mondays people leave and most registrations are renewed.

        From the tenth the insurance of the month before is there.
        """
        if day.weekday() == 0:
            self.rows["注册人员"] = [row for row in self.rows["注册人员"] if self._stays(row, day)]
            self.changed.add("注册人员")
        if day.day >= INSURANCE_ON:
            self._next_month(day)

    def _stays(self, row: dict[str, str], day: date) -> bool:
        if self.chance.random() < CHANCE["leaves"]:
            return False
        ends = row[ENDS].replace("/", "-")
        soon = day.isoformat() <= ends <= (day + timedelta(days=7)).isoformat()
        if soon and self.chance.random() < CHANCE["renews"]:
            row[ENDS] = (day + timedelta(days=1096)).isoformat()
        return True

    def _next_month(self, day: date) -> None:
        paid = self.rows["社保"]
        last = max(row[MONTH] for row in paid if len(row[MONTH]) == 7)
        month = f"{(day.replace(day=1) - timedelta(days=1)):%Y-%m}"
        if month > last:
            self.rows["社保"] = [
                *paid,
                *({**row, MONTH: month} for row in paid if row[MONTH] == last),
            ]
            self.changed.add("社保")

    def hire(self, code: str, models: list[dict[str, str]], months: list[str]) -> None:
        """New people like those of an enterprise that has enough, insured by their employer."""
        for model in models:
            self.serial += 1
            born = f"{1970 + self.serial % 25}{1 + self.serial % 12:02d}{1 + self.serial % 28:02d}"
            body = f"140105{born}{self.serial % 1000:03d}"
            number = body + str(ric.calc_check_digit(body + "0"))
            row = {
                **model,
                CODE: code,
                NUMBER: number,
                "证件类型": "",
                "出生日期": "",
                "姓名": f"新{self.serial}",
                REGISTRATION: f"晋补{self.serial:09d}",
                "变更日期": "",
                ENDS: "2026-12-31",
            }
            self.rows["注册人员"].append(row)
            self.rows["社保"] += [
                {"证件类型": "", NUMBER: number, MONTH: month, PAYER: code} for month in months
            ]
            self.hired[code].append(number)
        self.changed |= {"注册人员", "社保"}

    def move(self, code: str, division: str) -> None:
        """An enterprise moves to another division."""
        for row in self.rows["企业"]:
            if row[CODE] == code:
                row[DIVISION] = division
        self.changed.add("企业")

    def dismiss_hired(self, code: str) -> None:
        """The people hired leave again."""
        released = set(self.hired.pop(code, ()))
        self.rows["注册人员"] = [
            row for row in self.rows["注册人员"] if row[NUMBER] not in released
        ]
        self.changed.add("注册人员")

    def pay_up(self, code: str, months: list[str]) -> None:
        """Insurance of everybody registered there, paid by the enterprise for the last months."""
        theirs = {row[NUMBER] for row in self.rows["注册人员"] if row[CODE] == code}
        others = [row for row in self.rows["社保"] if row[NUMBER] not in theirs]
        new = [
            {"证件类型": "", NUMBER: their, MONTH: month, PAYER: code}
            for their in sorted(theirs)
            for month in months
        ]
        self.rows["社保"], self.changed = others + new, self.changed | {"社保"}


class Play:
    """The office of one province, day after day."""

    def __init__(
        self, folder: Path, enterprises: int, seed: int, *, is_quick: bool = False
    ) -> None:
        from qualwatch.intake.synthetic_province import Plan, generate_province
        from qualwatch.law.loader import load_law

        self.law, self.chance = load_law(), random.Random(seed)
        self.is_quick = is_quick
        self.shows_every_day = False
        self.files = folder / "registers"
        generate_province(Plan(enterprises, seed, START), self.files, "csv", self.law)
        self.registers = Registers(self.files, self.chance)
        self.registers.read()
        self.counts: Counter[str] = Counter()
        self.accounts: dict[str, Any] = {}
        self.waiting: set[int] = set()
        self.codes_with_account: set[str] = set()
        self.clock = OfficeClock()
        self.papers = Papers(self.law, self.chance, self.accounts, self.counts, self.clock)
        self.withdrawals = Withdrawals(
            self.law, self.chance, self.papers, self.accounts, self.counts, self.rectify
        )
        if is_quick:
            self.withdrawals.list_weeks = TWICE_A_MONTH

    def prepare(self) -> None:
        """Contacts of the authorities, and accounts of their officers."""
        from qualwatch.accounts.actions import change_contact, create_account
        from qualwatch.accounts.models import Organisation
        from qualwatch.accounts.queries import organisation

        authorities = Organisation.objects.filter(
            kind__in=("housing-authority", "approval-bureau")
        ).order_by("pk")
        for number, authority in enumerate(authorities, 1):
            change_contact(
                organisation=authority,
                contact=invented_name(self.chance),
                telephone=f"0351-555{number:04d}",
                address=f"{authority.name}院内{number}号楼",
                office_hours="工作日9时至12时、14时至17时",
                by="play",
                at=self.clock.at_night(START),
            )
        positions = {
            "sample-officer": ("province", "province-officer"),
            "sample-second-officer": ("province", "province-officer"),
            "sample-reviewer": ("province", "province-reviewer"),
            "sample-second-reviewer": ("province", "province-reviewer"),
            "sample-city-officer": ("city-140100", "city-officer"),
            "sample-city-reviewer": ("city-140100", "city-reviewer"),
        }
        for name, (where, role) in positions.items():
            self.accounts[name] = create_account(
                username=name,
                password=PASSWORD,
                organisation=organisation(where),
                roles=[role],
                early_warning=True,
                by="play",
                at=self.clock.at_night(START),
                name=invented_name(self.chance),
            )

    def run(self, until: date) -> date:
        """Every day, in a quick play until the first warned item is withdrawn; the last day."""
        day = START
        while True:
            is_working_day = self.law.calendar.is_working_day(day)
            self.run_morning(day, is_working_day=is_working_day)
            if is_working_day:
                self.run_office_day(day)
            self.show_progress(day)
            if day >= until or (self.is_quick and self.has_withdrawn_warned_item()):
                return day
            day += timedelta(days=1)

    def has_withdrawn_warned_item(self) -> bool:
        """Whether an item that began with a warning has been withdrawn and deregistered."""
        from qualwatch.cases.models import Withdrawal

        withdrawn = Withdrawal.objects.filter(stage="closed", case__closed_because="withdrawn")
        return withdrawn.filter(case__origin="system").exists()

    def show_progress(self, day: date) -> None:
        """Where the play is: one line that is rewritten, or a line a week where it is not seen."""
        from qualwatch.cases.models import Case

        is_terminal = sys.stdout.isatty()
        if not (is_terminal or self.shows_every_day or day.weekday() == 0):
            return
        is_open = Case.objects.exclude(state="closed")
        yellow, red = (is_open.filter(state=state).count() for state in ("yellow", "red"))
        withdrawn = Case.objects.filter(closed_because="withdrawn").count()
        text = (
            f"{day}: {yellow} yellow cards open, {red} red cards open, {withdrawn} items withdrawn"
        )
        if is_terminal:
            print(f"\r\033[K{text}", end="", flush=True)
        else:
            print(PROGRESS + text, flush=True)

    def run_morning(self, day: date, *, is_working_day: bool) -> None:
        """Registers are imported, the patrol runs, a reviewer releases a held run.

        On a rest day only the patrol runs; a run that is held waits.
        """
        from qualwatch.cases.proposed_acts.actions import NewAct
        from qualwatch.patrol.days import run_day

        if is_working_day:
            self.registers.update(day)
            self.import_registers(day)
        result = run_day(day=day, law=self.law, by="patrol", at=self.clock.at_night(day))
        self.counts.update(result.cases)
        run = result.run
        if run.state != "held" or not is_working_day:
            return
        sample = ", ".join(run.sample[:3])
        self.print_line(
            day,
            f"run held: {run.because}; sample {sample} …; "
            "proposed by sample-officer, released by sample-reviewer",
        )
        released = self.papers.act_by_two(
            NewAct(
                "release-run",
                "抽样核对注册信息和社保缴费，与登记一致",
                [self.papers.file("样本核对记录.png")],
                number=run.pk,
            ),
            day,
            self.accounts["sample-officer"],
            self.accounts["sample-reviewer"],
        )
        self.print_line(day, f"cards made: {released.cases['opened']}")
        self.counts.update(released.cases)
        if day == START:
            self.open_accounts()

    def import_registers(self, day: date) -> None:
        """The registers that must be fresh every day; the others as they change, or on Mondays.

        In a quick play what changes during a week comes in on Monday.
        """
        from qualwatch.cases.proposed_acts.actions import NewAct
        from qualwatch.registers.loads import Delivery, import_delivery

        is_complete = day == START or day.weekday() == 0
        due = set(SOURCES) if is_complete else set(DAILY)
        if is_complete or not self.is_quick:
            due |= self.registers.changed
            self.registers.write()
        delivered = [name for name in SOURCES if name in due and name in self.registers.rows]
        for name in delivered:
            source = SOURCES[name]
            path = self.files / f"{name}.csv"
            covers = None
            if source == "insurance":
                covers = (date(2023, 1, 1), day.replace(day=1) - timedelta(days=1))
            load = import_delivery(
                delivery=Delivery(source, {path.name: path}, day, None, covers),
                law=self.law,
                by="import",
                at=self.clock.at_night(day),
            )
            if load.state == "held":
                self.print_line(
                    day,
                    f"load of {source} held: {load.because}; "
                    "proposed by sample-officer, released by sample-reviewer",
                )
                files = [self.papers.file("来源单位说明.png")]
                self.papers.act_by_two(
                    NewAct("release-load", "向来源单位核对，减少属实", files, number=load.pk),
                    day,
                    self.accounts["sample-officer"],
                    self.accounts["sample-reviewer"],
                )

    def open_accounts(self) -> None:
        """Creates accounts for a dozen of the warned enterprises."""
        from qualwatch.accounts.actions import create_account
        from qualwatch.accounts.models import Organisation
        from qualwatch.cases.models import Case

        codes = (
            Case.objects.filter(category__isnull=False)
            .order_by("pk")
            .values_list("credit_code", "enterprise")
        )
        enterprises = list(dict.fromkeys(codes))[:WITH_ACCOUNT]
        self.codes_with_account = {code for code, _name in enterprises}
        for number, (code, name) in enumerate(enterprises, 1):
            where = Organisation.objects.create(
                slug=f"e-{code}".lower(), name=name, kind="enterprise", credit_code=code
            )
            self.accounts[f"sample-enterprise-{number}"] = create_account(
                username=f"sample-enterprise-{number}",
                password=PASSWORD,
                organisation=where,
                roles=["enterprise-user"],
                early_warning=False,
                by="play",
                at=self.clock.next(START),
            )

    def run_office_day(self, day: date) -> None:
        """The acts of enterprises and officers on one day."""
        from qualwatch.cases.models import Case, Determination

        self.read_notices(day)
        self.waiting = set(
            Determination.objects.filter(state="proposed").values_list("case_id", flat=True)
        )
        for case in (
            Case.objects.exclude(state="closed").order_by("pk").prefetch_related("requirements")
        ):
            if (
                self.chance.random()
                < CHANCE["rectifies" if case.ground == "shortage" else "pays-up"]
            ):
                self.rectify(case, day)
            if case.state == "yellow":
                self.handle_yellow_card(case, day)
            else:
                self.handle_red_card(case, day)
        for code in sorted(self.registers.hired):
            if self.chance.random() < CHANCE["relapses"]:
                self.registers.dismiss_hired(code)
        if self.chance.random() < CHANCE["inspects"]:
            self.inspect(day)
        if day == MOVES_ON:
            self.move_enterprises()
        if day == DECEIVES_ON:
            self.record_deception(day)
        self.withdrawals.run_day(day)

    def read_notices(self, day: date) -> None:
        """Enterprises with an account open their notices; the others get a letter."""
        from qualwatch.cases.models import Case, Notice
        from qualwatch.cases.warnings.supervise import open_notice

        accounts = {
            account.organisation.credit_code: account
            for account in self.accounts.values()
            if account.organisation.credit_code
        }
        unread = Notice.objects.filter(credit_code__in=accounts, first_opened_at=None)
        for notice in unread.select_related("case").order_by("pk"):
            if self.chance.random() < CHANCE["opens"]:
                open_notice(
                    notice=notice,
                    by=accounts[notice.credit_code],
                    at=self.clock.next(day),
                    law=self.law,
                )
        unproved = Case.objects.filter(
            state="yellow", requirements__proved_on=None, requirements__recovered_on=None
        )
        for case in (
            unproved.exclude(pk__in=self.papers.cases_with_letter_under_way(day))
            .distinct()
            .order_by("pk")
        ):
            if case.credit_code not in accounts and self.chance.random() < CHANCE["letter"]:
                self.papers.post_warning(case, day)
        self.papers.process_post(day)
        self.papers.pursue_warnings(day)
        for code in sorted(accounts):
            self.papers.file_application(accounts[code], day)
        self.papers.decide_applications(day)

    def rectify(self, case: Any, day: date) -> None:
        """People like those of an enterprise that has enough; or insurance paid.

        In a quick play enterprises with an account do nothing, so that one loses its item early.
        """
        if self.is_quick and case.credit_code in self.codes_with_account:
            return
        months = sorted(
            {row[MONTH] for row in self.registers.rows["社保"] if len(row[MONTH]) == 7}
        )[-3:]
        if case.ground == "insurance":
            self.registers.pay_up(case.credit_code, months)
            return
        from qualwatch.assessments.models import FindingRow

        short = set(
            FindingRow.objects.filter(
                recorded_to=None, category=case.category, verdict="short"
            ).values_list("credit_code", flat=True)
        )
        enough = FindingRow.objects.filter(
            recorded_to=None,
            category=case.category,
            sub_item=case.sub_item,
            grade=case.grade,
            verdict="met",
        ).exclude(credit_code__in=short)
        for code in enough.order_by("credit_code").values_list("credit_code", flat=True):
            models = [
                row
                for row in self.registers.rows["注册人员"]
                if row[CODE] == code and not row["证件类型"]
            ]
            if models:
                self.registers.hire(case.credit_code, models, months)
                return

    def handle_yellow_card(self, case: Any, day: date) -> None:
        """Supervisory contacts; after the period a proposal, and its signature on another day."""
        from qualwatch.cases.warnings.supervise import follow_up

        officer = self.accounts["sample-officer"]
        if self.chance.random() < CHANCE["followed-up"]:
            kind = self.chance.choice(
                ["visit", "visit", "call", "call", "call", "meeting", "letter"]
            )
            follow_up(
                case=case,
                kind=kind,
                what="请抓紧补充注册人员，理顺社会保险，并将整改情况书面报送我单位",
                by=officer,
                at=self.clock.next(day),
                law=self.law,
            )
        if case.pk in self.waiting:
            if self.chance.random() < CHANCE["signs"]:
                self.attempt_determination("sign", case, day)
        elif (
            case.category is not None
            and any(row.ends_on < day for row in case.requirements.all())
            and self.chance.random() < CHANCE["proposes"]
        ):
            self.attempt_determination("propose", case, day)

    def attempt_determination(self, what: str, case: Any, day: date) -> None:
        """Proposes or signs a determination; a refusal is only counted."""
        from qualwatch.cases.warnings.determine import (
            ProposedDetermination,
            propose,
            return_proposal,
            sign,
        )
        from qualwatch.procedure.transitions import CannotStep

        lot = self.chance.random()
        outcome: dict[str, Any] = {"outcome": "red"}
        if lot < 0.08:
            outcome = {
                "outcome": "dismissed",
                "register_effect": "accepted-finding",
                "register_effect_details": {"until": day + timedelta(days=180)},
            }
        elif lot < 0.16 and case.extended_until is None:
            outcome = {"outcome": "extended", "until": day + timedelta(days=20)}
        try:
            if what == "propose":
                proposed = ProposedDetermination(
                    because=reason_for(case, outcome["outcome"]),
                    evidence=[
                        self.papers.file("注册人员核查表.png"),
                        self.papers.file("企业社会保险缴费查询单.png"),
                    ],
                    **outcome,
                )
                propose(
                    case=case,
                    proposed=proposed,
                    by=self.accounts["sample-officer"],
                    law=self.law,
                    at=self.clock.next(day),
                )
            else:
                reviewer = self.accounts["sample-reviewer"]
                waiting = case.determinations.get(state="proposed")
                self.papers.read_evidence(waiting, reviewer, self.clock.next(day))
                sign(
                    case=case,
                    by=reviewer,
                    law=self.law,
                    at=self.clock.next(day),
                    because="同意",
                )
            self.counts[f"{what}: {outcome['outcome']}" if what == "propose" else what] += 1
        except CannotStep as why:
            self.counts[f"refused: {why.slug}"] += 1
            if why.slug == "still-ripe":
                return_proposal(
                    case=case,
                    by=self.accounts["sample-reviewer"],
                    because="提出之后企业补充了人员，签批时的条件已经变化",
                    law=self.law,
                    at=self.clock.next(day),
                )

    def handle_red_card(self, case: Any, day: date) -> None:
        """The order is served sooner or later; what has recovered is reviewed by somebody else."""
        from qualwatch.cases.proposed_acts.actions import NewAct

        if case.order_served_on is None and self.chance.random() < CHANCE["sent"]:
            self.papers.serve_red_card(case, day)
        elif case.needs_review and self.chance.random() < CHANCE["signs"]:
            self.papers.act_by_two(
                NewAct(
                    "review",
                    "复查日核对注册信息和社保缴费，所缺人员已经补足",
                    [self.papers.file("复查记录.png")],
                    case=case,
                ),
                day,
                self.accounts["sample-second-officer"],
                self.accounts["sample-second-reviewer"],
            )

    def inspect(self, day: date) -> None:
        """An officer finds on the spot that somebody registered does not work there."""
        from django.db.models import F

        from qualwatch.assessments.models import FindingRow
        from qualwatch.cases.proposed_acts.actions import finding_act
        from qualwatch.cases.warnings.supervise import InspectionFinding
        from qualwatch.procedure.transitions import CannotStep

        rows = list(
            FindingRow.objects.filter(
                recorded_to=None, verdict="met", required__gt=1, held=F("required")
            ).order_by("pk")
        )
        if not rows:
            return
        row = self.chance.choice(rows)
        required = int(row.required or 0)
        figures = {row.requirement: {"required": required, "held": required - 1}}
        what, why = self.what_was_seen(row.credit_code, day)
        finding = InspectionFinding(
            row.credit_code,
            row.category,
            row.sub_item,
            what,
            figures,
            {row.requirement: why},
        )
        files = [
            self.papers.file("现场检查笔录（两名检查人员和企业负责人签名）.png"),
            self.papers.file("企业负责人询问笔录.png"),
            self.papers.file("办公场所和人员考勤照片.png"),
        ]
        try:
            self.papers.act_by_two(
                finding_act(finding, files),
                day,
                self.accounts["sample-officer"],
                self.accounts["sample-reviewer"],
            )
        except CannotStep as why:
            self.counts[f"refused: {why.slug}"] += 1
        else:
            self.counts["supervision findings"] += 1

    def move_enterprises(self) -> None:
        """One enterprise with a warned item leaves the province, one with abnormal insurance
        Taiyuan.
        """
        from qualwatch.cases.models import Case

        warned = Case.objects.filter(state="yellow").exclude(
            credit_code__in=self.codes_with_account
        )
        codes = warned.order_by("pk").values_list("credit_code", flat=True)
        leaves = codes.filter(category__isnull=False).first()
        if leaves is not None:
            self.registers.move(leaves, OTHER_PROVINCE)
        moves = codes.filter(category=None, area="city:140100").exclude(credit_code=leaves)
        if code := moves.last():
            self.registers.move(code, OTHER_CITY)

    def record_deception(self, day: date) -> None:
        """An enterprise handed in a forged proof of insurance: credit record and referral."""
        from qualwatch.cases.models import Case
        from qualwatch.cases.proposed_acts.actions import NewAct

        case = Case.objects.filter(state="yellow", category__isnull=False).order_by("-pk").first()
        if case is None:
            return
        files = [
            self.papers.file("企业提交的缴费证明复印件三份.png"),
            self.papers.file("社会保险经办机构的书面回复.png"),
        ]
        self.papers.act_by_two(
            NewAct(
                "fraud",
                "整改中提交的三名人员社会保险缴费证明，经向社会保险经办机构核实，"
                "该机构没有出具过，证明上的查询码查无记录",
                files,
                {"referred_to": "住房城乡建设行政执法机构"},
                case=case,
            ),
            day,
            self.accounts["sample-officer"],
            self.accounts["sample-reviewer"],
        )
        self.counts["credit records"] += 1

    def what_was_seen(self, code: str, day: date) -> tuple[str, Any]:
        """The facts, and who was missing, where, and why the registers still count the person."""
        from qualwatch.cases.warnings.officer_figures import DifferenceReason

        registered = [row for row in self.registers.rows["注册人员"] if row[CODE] == code]
        absent = self.chance.choice(registered)
        on = f"{day.year}年{day.month}月{day.day}日"
        person = f"{absent['姓名'][:1]}某（注册编号{absent[REGISTRATION]}）"
        what = (
            f"{on}在企业{ADDRESS}检查，登记在册的{person}不在岗；考勤、工资表中均没有此人，"
            "企业负责人承认其已于上月离职，只保留了注册"
        )
        observation = "不在岗，已于上月离职，其注册尚未注销，登记仍计入此人"
        return what, DifferenceReason(person, f"企业{ADDRESS}", observation)

    def print_line(self, day: date, text: str) -> None:
        """Prints a line of a day."""
        rewritten = "\r\033[K" if sys.stdout.isatty() else ""
        print(f"{rewritten}{day} {text}", flush=True)


def reason_for(case: Any, outcome: str) -> str:
    """The facts on which an officer proposes a determination."""
    from qualwatch.cases.notices.texts import line

    rows = case.requirements.filter(recovered_on=None).order_by("pk")
    facts = "；".join(line(row.requirement, row.warned_figures) for row in rows)
    if outcome == "dismissed":
        return f"{facts}。经核对劳动合同和缴费记录，所缺人员确在本单位执业，注册手续正在补办"
    if outcome == "extended":
        return f"{facts}。企业已与拟补充人员签订劳动合同，注册申请已经受理，尚未办结"
    return f"{facts}。预警期内企业没有补充注册人员，也没有提交可以推翻核查结果的材料"


def hash_quickly() -> None:
    """Fewer iterations: dozens of accounts share a password that the guide prints.

    The first log-in hashes it with the usual number.
    """
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    PBKDF2PasswordHasher.iterations = 1000


def read_changed_tables_only() -> None:
    """Keeps the facts of the day before: an office starts a process for each day and reads all."""
    from django.db.models import Max

    from qualwatch.assessments import actions
    from qualwatch.registers import facts
    from qualwatch.registers.models import TABLES

    read_table, read_people = facts._Scope.table, facts._Scope.people
    read_enterprises, digest_of = facts._enterprises, actions._digest_of_table
    remembered: dict[str, tuple[Any, Any]] = {}

    def remember(name: str, state: Any, read: Callable[[], Any]) -> Any:
        """What was read when the state was last the same, else what is read now."""
        if name not in remembered or remembered[name][0] != state:
            remembered[name] = (state, read())
        return remembered[name][1]

    def table(scope: Any, name: str) -> Any:
        if scope.revision is not None or scope.codes is not None:
            return read_table(scope, name)
        rows = TABLES[name]._default_manager
        last_change = rows.aggregate(Max("recorded_from"), Max("recorded_to"))
        return remember(name, last_change, lambda: read_table(scope, name))

    def people(scope: Any) -> Any:
        if scope.revision is not None or scope.codes is not None:
            return read_people(scope)
        return remember("people", facts.revision_at(None), lambda: read_people(scope))

    def enterprises(scope: Any) -> Any:
        if scope.revision is not None or scope.codes is not None:
            return read_enterprises(scope)
        return remember("enterprises", facts.revision_at(None), lambda: read_enterprises(scope))

    def digest_of_table(of_day: Any, name: str) -> str:
        # the table itself is kept with the digest, so that no other has its number
        state = _Same(of_day.tables[name])
        return str(remember(f"digest of {name}", state, lambda: digest_of(of_day, name)))

    # mypy refuses to assign functions
    setattr(facts._Scope, "table", table)  # noqa: B010
    setattr(facts._Scope, "people", people)  # noqa: B010
    setattr(facts, "_enterprises", enterprises)  # noqa: B010
    setattr(actions, "_digest_of_table", digest_of_table)  # noqa: B010


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """Equal only for the same object."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--enterprises", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until", type=date.fromisoformat, default=END)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="ends with the first warned item withdrawn; no work at weekends, registers "
        "change on Mondays, and lists of items to be withdrawn go out twice a month",
    )
    parser.add_argument("--prepared", action="store_true", help="FOLDER/state is prepared")
    parser.add_argument("--show-every-day", action="store_true", help="else every Monday")
    return parser.parse_args()


def prepare_office(state: Path) -> None:
    """An empty office: keys, tables, authorities."""
    from django.core.management import call_command

    from qualwatch.config import load_office

    os.environ |= {
        "QUALWATCH_STATE": str(state),
        "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
    }
    is_new = not state.exists()
    load_office(create=is_new)
    if is_new:
        call_command("prepare", verbosity=0)


def main() -> None:
    """Prepares an office, plays its days and prints what happened."""
    options = _options()
    if not options.prepared:
        shutil.rmtree(options.folder, ignore_errors=True)
        options.folder.mkdir(parents=True)
    prepare_office(options.folder / "state")
    hash_quickly()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    read_changed_tables_only()
    play = Play(options.folder, options.enterprises, options.seed, is_quick=options.quick)
    play.shows_every_day = options.show_every_day
    play.prepare()
    last_day = play.run(options.until)
    print()
    print_summary(play.counts, START, last_day)
    play.papers.write_documents(options.folder, last_day, pack_count=1 if options.quick else 3)
    show(play.withdrawals, options.folder)


if __name__ == "__main__":
    main()
