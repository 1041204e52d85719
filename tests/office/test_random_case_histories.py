"""Random histories through the database: invariants of rows, the public copy and the journal."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from actors import Actors, picture, reload
from qualwatch.accounts.models import Account
from qualwatch.cases.applications.actions import agree, refuse, retract, uphold, verify
from qualwatch.cases.applications.filing import Filing
from qualwatch.cases.applications.repairs import Repairs
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.documents.attachments import SubmittedFile
from qualwatch.cases.documents.evidence import evidence_of
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS
from qualwatch.cases.models import (
    UNDECIDED,
    Case,
    CreditRecord,
    Determination,
    Document,
    Notice,
    ProposedAct,
    Service,
    Submission,
    SupervisionFinding,
    Task,
    Withdrawal,
)
from qualwatch.cases.proposed_acts.actions import retract_act, return_act, sign_act
from qualwatch.cases.service.actions import fail_service, issue_warning, void_document
from qualwatch.cases.warnings.determine import return_proposal
from qualwatch.cases.warnings.supervise import follow_up, open_notice
from qualwatch.cases.withdrawals import actions as withdrawals
from qualwatch.cases.withdrawals.hearings import (
    answer_submission,
    request_hearing,
    submit_statement,
)
from qualwatch.journal.models import Entry
from qualwatch.journal.queries import faults
from qualwatch.procedure.periods import Period
from qualwatch.procedure.service import FAILURES, METHODS
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import Announcement, RedCard
from qualwatch.publication.queries import public_copy, replayed
from qualwatch.registers.models import Correction
from register_files import CONTRIBUTIONS, ITEMS
from register_office import DAY, RegisterOffice
from register_rows import item, paid

pytestmark = pytest.mark.django_db
OFFICERS = ("officer", "second-officer", "city-officer", "datong-officer")
# tasks of closed cases
OUTLIVING = ("letter", "serve", "announce", "finish", "sign-act", "returned-act")
# by kind, what is proposed at random
PAYLOADS: dict[str, dict[str, Any]] = {
    "fraud": {"referred_to": "执法局"},
    "review": {},
    "end": {"code": "merged"},
    "annul": {},
    "annul-withdrawal": {},
}
HANDLERS = (
    "second-officer",
    "second-officer",
    "third-reviewer",
    "fourth-reviewer",
    "officer",
    "reviewer",
    "approval-officer",
)
Acts = dict[str, Callable[[], object]]
REVIEWERS = ("reviewer", "other-reviewer", "city-reviewer", "officer")


@dataclass
class Turn:
    """What one random act may be: its case and day, an officer, a reviewer, the enterprise."""

    actors: Actors
    chance: random.Random
    case: Case
    on: date
    officer: Account
    reviewer: Account
    arguments: dict[str, Any]

    @property
    def enterprise(self) -> Account:
        """The account of the enterprise."""
        return self.actors.accounts["enterprise"]

    def acts(self) -> Acts:
        """Every act by its name, sensible or not."""
        return {
            **self.determination_acts(),
            **self.supervision_acts(),
            **self.proposed_acts(),
            **self.service_acts(),
            **self.application_acts(),
            **self.withdrawal_acts(),
        }

    def determination_acts(self) -> Acts:
        """From the proof of the warning to the signature."""
        return {
            "prove": lambda: self.actors.prove_warning(self.case, self.on),
            "propose": lambda: self.actors.propose(
                self.case, by=self.officer.username, day=self.on
            ),
            "extend": lambda: self.actors.propose(
                self.case,
                by=self.officer.username,
                day=self.on,
                outcome="extended",
                until=self.on + timedelta(days=9),
            ),
            "dismiss": lambda: self.actors.propose(
                self.case,
                by=self.officer.username,
                day=self.on,
                outcome="dismissed",
                register_effect="accepted-finding",
                register_effect_details={"until": self.on + timedelta(days=40)},
            ),
            "sign": lambda: self.actors.sign(self.case, by=self.reviewer.username, day=self.on),
            "return": lambda: return_proposal(
                case=self.case, by=self.reviewer, because="再查", **self.arguments
            ),
            "inspect": lambda: self.actors.inspect(
                self.on, by=self.officer.username, signer=self.reviewer.username
            ),
        }

    def supervision_acts(self) -> Acts:
        """Service of the order, rechecks, reviews, ends and contacts."""
        return {
            "serve": lambda: self.actors.serve_order(self.case, self.on, by=self.officer.username),
            "recheck": lambda: self.actors.recheck(
                self.case,
                self.on,
                self.chance.choice(["short", "recovered"]),
                by=self.officer.username,
            ),
            "follow-up": lambda: follow_up(
                case=self.case,
                kind=self.chance.choice(["call", "letter"]),
                what="督促",
                by=self.officer,
                **self.arguments,
            ),
        }

    def proposed_acts(self) -> Acts:
        """What one person proposes and another signs, returns or takes back, or the same tries."""
        waiting = ProposedAct.objects.filter(state="proposed")
        own = waiting.filter(case=self.case)
        return {
            **{f"propose {kind}": partial(self.propose, kind) for kind in PAYLOADS},
            "propose finding": lambda: self.actors.propose_finding(
                self.on, by=self.officer.username
            ),
            "sign act": lambda: self.actors.sign_act(
                newest(waiting if self.chance.random() < 0.3 else own),
                self.on,
                by=self.reviewer.username,
            ),
            "sign unread": lambda: sign_act(act=newest(own), by=self.reviewer, **self.arguments),
            "return act": lambda: return_act(
                act=newest(own), because="再查", by=self.reviewer, **self.arguments
            ),
            "retract act": lambda: retract_act(
                act=newest(ProposedAct.objects.filter(case=self.case)),
                because="不办了",
                by=self.officer,
                **self.arguments,
            ),
        }

    def propose(self, kind: str) -> ProposedAct:
        """Proposes an act about the case, or about its withdrawal."""
        about: dict[str, Any] = {"case": self.case}
        if kind == "annul-withdrawal":
            about = {"withdrawal": withdrawal_of(self.case)}
        by = self.chance.choice([self.officer.username, self.reviewer.username])
        return self.actors.propose_act(
            kind, self.on, by=by, payload=PAYLOADS[kind], because="查实", **about
        )

    def service_acts(self) -> Acts:
        """Attempts at service, and voided documents."""
        return {
            "post": lambda: self.actors.start_service(
                self.actors.order_of(self.case),
                self.on,
                method=self.chance.choice(list(METHODS)),
                by=self.officer.username,
            ),
            "write": lambda: issue_warning(case=self.case, by=self.officer, **self.arguments),
            "attempt": lambda: attempt_at_random(self),
            "return post": lambda: fail_service(
                service=newest(Service.objects.filter(document__case=self.case)),
                why=self.chance.choice(list(FAILURES)),
                because="退回",
                files=[SubmittedFile("退件.png", picture(1))],
                by=self.officer,
                **self.arguments,
            ),
            "void": lambda: void_document(
                document=newest(self.case.documents.all()),
                because="写错",
                by=self.reviewer,
                **self.arguments,
            ),
        }

    def application_acts(self) -> Acts:
        """From the application to its decision."""
        return {
            "apply": lambda: self.actors.apply(
                self.case, self.on, self.enterprise, filing(self.actors, self.chance, self.case)
            ),
            "agree": lambda: agree(
                application=newest(self.case.applications.all()),
                because="属实",
                by=self.reviewer,
                **self.arguments,
            ),
            "refuse": lambda: refuse(
                application=newest(self.case.applications.all()),
                because="不实",
                by=self.reviewer,
                **self.arguments,
            ),
            "retract": lambda: retract(
                application=newest(self.case.applications.all()),
                by=self.enterprise,
                **self.arguments,
            ),
            "verify": lambda: verify(
                application=newest(self.case.applications.all()),
                because="属实",
                by=self.officer,
                repairs=Repairs(self.on + timedelta(days=self.chance.choice([5, 40]))),
                **self.arguments,
            ),
            "uphold": lambda: uphold(
                application=newest(self.case.applications.all()),
                because="属实",
                by=self.reviewer,
                **self.arguments,
            ),
        }

    def withdrawal_acts(self) -> Acts:
        """From opening a withdrawal to hearings and opened notices."""
        return {
            "open-withdrawal": lambda: withdrawals.open_withdrawals(
                cases=[self.case], by=self.officer, **self.arguments
            ),
            "withdraw": lambda: next_step(self.actors, self.chance, self.case, self.on),
            "not-withdraw": lambda: withdrawals.not_withdraw(
                member=withdrawal_of(self.case), because="重组", by=self.reviewer, **self.arguments
            ),
            "state": lambda: submit_statement(
                withdrawal=withdrawal_of(self.case),
                text="在办注册",
                files=[],
                by=self.enterprise,
                **self.arguments,
            ),
            "answer": lambda: answer_submission(
                submission=newest(Submission.objects.filter(answered_on=None)),
                text="不属实",
                by=self.officer,
                **self.arguments,
            ),
            "ask-hearing": lambda: request_hearing(
                withdrawal=withdrawal_of(self.case), by=self.enterprise, **self.arguments
            ),
            "open": lambda: open_notice(
                notice=newest(
                    Notice.objects.filter(credit_code=self.case.credit_code, first_opened_at=None)
                ),
                by=self.enterprise,
                **self.arguments,
            ),
        }


LIKELY = (
    "prove",
    "propose",
    "propose",
    "sign",
    "sign",
    "serve",
    "serve",
    "propose review",
    "sign act",
    "sign act",
    "apply",
    "refuse",
    "verify",
    "uphold",
    "open",
    "open-withdrawal",
    "write",
    "attempt",
    "attempt",
    "attempt",
)


def act_at_random(actors: Actors, chance: random.Random, case: Case, on: date) -> None:
    """One act of a random account; a refused act leaves no record."""
    turn = Turn(
        actors=actors,
        chance=chance,
        case=reload(case),
        on=on,
        officer=actors.account(chance.choice(OFFICERS)),
        reviewer=actors.account(chance.choice(REVIEWERS)),
        arguments={"law": actors.law, "at": actors.office.tick(on)},
    )
    acts, likely = turn.acts(), list(LIKELY)
    if Withdrawal.objects.filter(case=case, ended="").exists():
        likely += ["withdraw", "answer"] * 12
    name = chance.choice([*likely, *likely, *acts])
    before = records()
    try:
        with transaction.atomic():
            acts[name]()
    except (CannotStep, NotCompetent):
        assert records() == before


def attempt_at_random(turn: Turn) -> object:
    """An attempt at the newest document to the enterprise: started, failed or proved."""
    documents = Document.objects.filter(case=turn.case, voided_on=None).exclude(credit_code="")
    document = newest(documents.exclude(services__proved_on__isnull=False))
    pending = document.services.filter(proved_on=None, failed_on=None).order_by("-pk").first()
    who = turn.officer.username
    if pending is None or turn.chance.random() < 0.2:
        method = turn.chance.choice(["in-person", "post", "public-notice", "public-notice"])
        return turn.actors.start_service(document, turn.on, method=method, by=who)
    if turn.chance.random() < 0.2:
        return turn.actors.prove_service(pending, turn.on, by=who)
    why = "returned" if pending.method == "post" else "absent"
    return turn.actors.fail_service(pending, turn.on, why=why, by=who)


def withdrawal_of(case: Case) -> Withdrawal:
    """The newest withdrawal of a case."""
    withdrawal: Withdrawal = newest(Withdrawal.objects.filter(case=case))
    return withdrawal


def next_step(actors: Actors, chance: random.Random, case: Case, on: date) -> object:
    """The step that comes next, by somebody who may or may not take it."""
    row = withdrawal_of(case)
    who = actors.account(chance.choice(HANDLERS))
    arguments: dict[str, Any] = {
        "members": [row],
        "law": actors.law,
        "at": actors.office.tick(on),
        "by": who,
    }
    waiting = Document.objects.filter(
        withdrawal=row, kind__in=("intended-withdrawal", "withdrawal-decision")
    )
    unserved = waiting.filter(voided_on=None).exclude(services__proved_on__isnull=False)
    steps: dict[str, Callable[[], object]] = {
        "started": lambda: (
            actors.serve(newest(unserved), on, by="second-officer")
            if unserved.exists()
            else withdrawals.announce_intent(**arguments)
        ),
        "notified": lambda: withdrawals.display(**arguments),
        "displayed": lambda: withdrawals.recheck_members(**arguments),
        "rechecked": lambda: withdrawals.review_law(opinion="合法", **arguments),
        "reviewed": lambda: withdrawals.decide(because="复核日仍缺一名注册建造师", **arguments),
        "decided": lambda: actors.serve(newest(unserved), on, by="second-officer"),
        "announced": lambda: withdrawals.finish(because="收回证书", **arguments),
    }
    if row.stage not in steps:
        raise CannotStep("none", "nothing comes next")
    return steps[row.stage]()


def newest(rows: Any) -> Any:
    """The newest row; CannotStep without rows."""
    row = rows.order_by("-pk").first()
    if row is None:
        raise CannotStep("none", "nothing to act on")
    return row


def filing(actors: Actors, chance: random.Random, case: Case) -> Filing:
    """An application about some of what is warned of, with new evidence or old."""
    open_ones = list(
        case.requirements.filter(recovered_on=None).values_list("requirement", flat=True)
    ) or ["constructors"]
    about = chance.sample(open_ones, chance.randint(1, len(open_ones)))
    handed = SubmittedFile("证明.png", picture(chance.randint(0, 255)))
    return actors.filing(
        chance.choice(["assessment-wrong", "assessment-wrong", "data-wrong"]),
        *about,
        files=[handed],
    )


def records() -> tuple[list[Any], int, int]:
    """What a refused act may not touch."""
    return (
        list(Case.objects.values_list().order_by("pk")),
        Entry.objects.count(),
        RedCard.objects.count(),
    )


def assert_invariants(actors: Actors) -> None:
    """Every invariant, over everything on record."""
    for case in Case.objects.all():
        assert_red_by_two_people(case)
        assert_periods_of_the_law(actors, case)
        assert_closed_completely(case)
        assert_one_undecided_application(case)
        assert_deciders_took_no_part(actors, case)
        assert_order_served_with_proof(case)
    assert_no_single_handed_act()
    assert_numbers_without_gaps()
    assert_public_notices_tell_of_public_cards_only()
    assert_warnings_proved_by_service()
    assert_service_tasks_have_days()
    assert_withdrawals()
    open_cards = set(RedCard.objects.filter(state="open").values_list("number", flat=True))
    assert open_cards == set(Case.objects.filter(state="red").values_list("card_number", flat=True))
    assert replayed(10**9) == public_copy()
    assert not Notice.objects.filter(credit_code="", organisation="").exists()


def assert_no_single_handed_act() -> None:
    """Clarified 4: whoever proposed an act has not signed it, and the signer has read its files."""
    for act in ProposedAct.objects.all():
        assert act.attachments.exists()
        assert act.because
        tasks = Task.objects.filter(kind="sign-act", detail=f"{act.pk}", completed_on=None)
        assert tasks.count() == (act.state == "proposed")
        if act.state == "signed":
            assert act.proposed_by != act.decided_by
            assert all(act.decided_by in file.opened_by for file in evidence_of(act))
    events = ("inspected", "review", "end", "annul", "annul-withdrawal")
    for entry in Entry.objects.filter(what__in=events):
        assert entry.details["others"]
        assert entry.by not in entry.details["others"]
    for finding in SupervisionFinding.objects.select_related("act"):
        assert finding.act.state == "signed"
        assert finding.act.case_id == finding.case_id
        assert all(row["why"] or is_as_registered(row) for row in finding.figures.values())
    assert (
        CreditRecord.objects.count()
        == ProposedAct.objects.filter(kind="fraud", state="signed").count()
    )


def is_as_registered(row: dict[str, Any]) -> bool:
    """Whether an officer found what the registers say."""
    registers = row["registers"]
    return registers is not None and all(
        registers[name] == row["found"][name] for name in ("required", "held")
    )


def assert_red_by_two_people(case: Case) -> None:
    """A published card rests on a determination of two people or on a supervision finding."""
    signed = Determination.objects.filter(case=case, state="signed", outcome="red").first()
    if case.published_on:
        inspected = hasattr(case, "supervision_finding")
        assert signed is not None or inspected
        if signed is not None and not inspected:
            assert signed.proposed_by != signed.decided_by
            assert all(
                row.proved_on for row in case.requirements.filter(determined_on__isnull=False)
            )
    else:
        assert not RedCard.objects.filter(
            credit_code=case.credit_code, number=case.card_number
        ).exists()
    assert bool(case.documents.filter(kind="determination").count()) == bool(case.published_on)


def assert_periods_of_the_law(actors: Actors, case: Case) -> None:
    """No yellow period below two months, no red one below one: the built-in policy's."""
    calendar = actors.law.calendar
    if case.origin == "system":
        for row in case.requirements.all():
            assert row.ends_on >= Period(2, "months").from_day(row.pushed_on, calendar).ends_on
    if case.red_ends_on:
        assert case.order_served_on is not None
        assert case.published_on is not None
        begins = max(case.order_served_on, case.published_on)
        assert case.red_ends_on >= Period(1, "months").from_day(begins, calendar).ends_on


def assert_closed_completely(case: Case) -> None:
    """A closed case has its reason and no open task but those that outlive it."""
    assert (case.state == "closed") == bool(case.closed_because)
    events = list(Entry.objects.filter(stream=case.stream).values_list("what", flat=True))
    assert events.count("sign") == case.determinations.filter(state="signed").count()
    if case.state == "closed":
        open_tasks = Task.objects.filter(case=case, completed_on=None)
        assert not open_tasks.exclude(kind__in=OUTLIVING).exists()


def assert_one_undecided_application(case: Case) -> None:
    """The case names the one application that waits for a decision."""
    undecided = list(case.applications.filter(stage__in=UNDECIDED))
    assert [application.requirements for application in undecided] == (
        [case.application["requirements"]] if case.application else []
    )


def assert_deciders_took_no_part(actors: Actors, case: Case) -> None:
    """Whoever decides an application has neither determined, filed, examined nor verified."""
    for application in case.applications.filter(stage__in=("upheld", "refused")):
        determinations = [
            determination
            for determination in case.determinations.all()
            if determination.proposed_at < actors.office.now
            and determination.proposed_at <= application.filed_at
        ]
        assert application.decided_by not in {
            application.opinion_by,
            application.filed_by,
            application.verified_by,
            *(determination.proposed_by for determination in determinations),
            *(determination.decided_by for determination in determinations),
        }
        assert application.stage == "refused" or application.decided_by in (
            "reviewer",
            "other-reviewer",
        )


def assert_order_served_with_proof(case: Case) -> None:
    """The day of service is that of a proved service of the order."""
    orders = Service.objects.filter(
        document__case=case, document__kind="order-to-rectify", proved_on__isnull=False
    )
    assert case.order_served_on is None or case.order_served_on in {
        service.proved_on for service in orders
    }


def assert_numbers_without_gaps() -> None:
    """Document numbers of every kind and authority run from 1."""
    marks = {number.split("〔")[0] for number in Document.objects.values_list("number", flat=True)}
    for mark in marks:
        numbers = [
            int(number.split("〕")[1][:-1])
            for number in Document.objects.filter(
                number__startswith=mark + "〔", issued_on__year=2026
            ).values_list("number", flat=True)
        ]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))


def assert_public_notices_tell_of_public_cards_only() -> None:
    """A notice with a document's number and content is of a red or withdrawn card.

    Every other one is the neutral text, of a document that still waits to be collected.
    """
    for shown in Announcement.objects.filter(is_removed=False, kind="service"):
        service = Service.objects.filter(announcement_number=shown.number).latest("pk")
        document = service.document
        assert document.voided_on is None
        assert document.case is not None
        if shown.number == document.number:
            assert document.case.state == "red" or document.case.closed_because == "withdrawn"
            assert document.kind not in ("warning", "application-decision", "determination")
            continue
        assert shown.title == "公告送达"
        assert shown.card_number == ""
        assert not any(word in shown.body for word in ("牌", "资质", "预警", document.title))
        assert not document.services.filter(proved_on__isnull=False).exists()
        assert document.case.state != "closed" or DOCUMENT_KINDS[document.kind].outlives


def assert_warnings_proved_by_service() -> None:
    """A public notice proves a warning only after a visit and the post have failed with files."""
    for service in Service.objects.filter(method="public-notice", document__kind="warning"):
        failed = service.document.services.filter(failed_on__lte=service.sent_on)
        with_file = failed.filter(attachments__isnull=False).values_list("method", flat=True)
        assert {"in-person", "post"} <= set(with_file)


def assert_service_tasks_have_days() -> None:
    """Every task to serve has its day."""
    assert not Task.objects.filter(kind__in=("serve", "serve-order"), due_on=None).exists()


def assert_withdrawals() -> None:
    """Every invariant of withdrawals and of what is public of them."""
    shown = set(
        Announcement.objects.filter(is_removed=False, kind="display").values_list(
            "number", flat=True
        )
    )
    decisions = (
        Announcement.objects.filter(is_removed=False, kind="decision")
        .exclude(credit_code="")
        .count()
    )
    rows = list(Withdrawal.objects.select_related("case", "batch"))
    assert shown == {row.display_number for row in rows if row.display_number and not row.outcome}
    assert decisions == sum(row.outcome == "withdrawn" for row in rows)
    for withdrawal in rows:
        corrections = Correction.objects.filter(
            pk__in=[correction[0] for correction in withdrawal.corrections], released_at=None
        )
        assert not corrections or withdrawal.outcome == "withdrawn"
        assert withdrawal.unanswered == withdrawal.submissions.filter(answered_on=None).count()
        if withdrawal.decided_on:
            assert_decided_in_order(withdrawal)
        elif not withdrawal.ended:
            assert withdrawal.case.state == "red"
            assert withdrawal.case.red_ends_on is not None
            assert withdrawal.case.red_ends_on < withdrawal.opened_on
        if withdrawal.outcome == "withdrawn" and withdrawal.decided_on is not None:
            older_cases = Case.objects.filter(
                credit_code=withdrawal.credit_code,
                category=withdrawal.category,
                sub_item=withdrawal.sub_item,
                opened_on__lt=withdrawal.decided_on,
            )
            assert not older_cases.exclude(state="closed").exists()


def assert_decided_in_order(withdrawal: Withdrawal) -> None:
    """Statement, display, recheck and decision follow one another, by different people."""
    assert withdrawal.notice_served_on is not None
    assert withdrawal.displayed_on is not None
    assert withdrawal.display_until is not None
    assert withdrawal.statement_until is not None
    assert withdrawal.rechecked_on is not None
    assert withdrawal.decided_on is not None
    assert (
        withdrawal.statement_until
        < withdrawal.displayed_on
        <= withdrawal.display_until
        < withdrawal.rechecked_on
        <= withdrawal.decided_on
    )
    assert len({withdrawal.decided_by, withdrawal.reviewed_by}) == 2
    assert not {withdrawal.decided_by, withdrawal.reviewed_by} & {
        *withdrawal.handled_by,
        *withdrawal.case.determined_by,
    }
    assert withdrawal.unanswered == 0


def play_history(actors: Actors, seed: int) -> None:
    """Days with registers, patrols and random acts; every invariant after each."""
    chance, on = random.Random(seed), DAY
    actors.accounts["enterprise"] = actors.enterprise_account()
    for _ in range(chance.randint(4, 8)):
        people = chance.choice([1, 2, 2, 2, 3])
        changed: dict[str, Any] = {}
        if chance.random() < 0.1:
            changed["社保"] = [
                CONTRIBUTIONS,
                *(row for n in range(1, max(people, 2)) for row in paid(n)),
            ]
        if chance.random() < 0.05:
            changed["资质"] = [ITEMS, item(有效期止=(on - timedelta(days=1)).isoformat())]
        actors.load_registers(on, people, changed, may_be_held=True)
        actors.patrol(on)
        if chance.random() < 0.3:
            counts = (Case.objects.count(), Notice.objects.count(), RedCard.objects.count())
            actors.patrol(on)  # twice
            assert (Case.objects.count(), Notice.objects.count(), RedCard.objects.count()) == counts
        for _ in range(chance.randint(1, 5)):
            for case in Case.objects.order_by("pk"):
                act_at_random(actors, chance, case, on)
        assert_invariants(actors)
        on += timedelta(days=chance.choice([1, 5, 33, 62, 62]))
    assert list(faults(actors.patrol(on).seal.public_key)) == []


@pytest.mark.parametrize("seed", range(4))
def test_no_random_history_on_a_database_breaks_an_invariant(
    office: RegisterOffice, seed: int
) -> None:
    play_history(Actors(office), seed)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(4, 204))
def test_no_random_history_of_two_hundred_on_a_database_breaks_an_invariant(
    office: RegisterOffice, seed: int
) -> None:
    play_history(Actors(office), seed)
