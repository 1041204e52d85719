"""Clarified 4: nobody acts alone where a right begins or ends; evidence as files; its figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from actors import ITEM, OFFICERS, TAIYUAN, WHY, Actors, evidence_file, picture, reload
from builders import OWN
from qualwatch.archive.contents import CannotStore
from qualwatch.assessments.models import Run
from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import NotCompetent
from qualwatch.cases.course.step import act
from qualwatch.cases.documents.attachments import SubmittedFile
from qualwatch.cases.documents.evidence import evidence_of, open_file
from qualwatch.cases.effects.cards import perform
from qualwatch.cases.models import (
    Attachment,
    Case,
    CreditRecord,
    Document,
    ProposedAct,
    Recheck,
    SupervisionFinding,
    Task,
)
from qualwatch.cases.proposed_acts.actions import (
    NewAct,
    propose_act,
    retract_act,
    return_act,
    sign_act,
)
from qualwatch.cases.proposed_acts.kinds import ACT_KINDS
from qualwatch.cases.warnings.determine import sign
from qualwatch.cases.warnings.officer_figures import DifferenceReason
from qualwatch.journal.models import Entry
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.publication.models import RedCard
from qualwatch.registers.models import Load, RegistrationRow
from register_files import REGISTRATIONS
from register_office import DAY, RegisterOffice
from register_rows import person
from withdrawal_acts import firms

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)
PERIOD_OVER = date(2026, 7, 21)


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    actors = Actors(office)
    for name in OFFICERS:
        actors.account(name)  # before `refused`, which rolls back what is created in it
    return actors


def refused(slug: str, do: Callable[[], object]) -> str:
    """The sentence of a refusal, which leaves nothing behind."""
    before = (Entry.objects.count(), ProposedAct.objects.count(), Attachment.objects.count())
    with pytest.raises(CannotStep) as refusal, transaction.atomic():
        do()
    assert refusal.value.slug == slug
    after = (Entry.objects.count(), ProposedAct.objects.count(), Attachment.objects.count())
    assert before == after
    assert str(refusal.value).count("。") <= 1
    return str(refusal.value)


def test_a_yellow_card_is_ended_by_hand_by_two_persons_only(actors: Actors) -> None:
    """Clarified 4: ending a yellow by hand. Today's wrong value: one officer ended it alone."""
    case = actors.yellow_case()
    proposal = actors.propose_act("end", NEXT_DAY, case=case, payload={"code": "merged"})
    assert reload(case).state == "yellow"
    task = Task.objects.get(kind="sign-act", completed_on=None)
    assert (task.organisation, task.detail) == ("province", f"{proposal.pk}")
    actors.read_evidence(proposal, "officer", NEXT_DAY)
    with pytest.raises(NotCompetent):
        actors.sign_act(proposal, NEXT_DAY, by="officer")
    actors.sign_act(proposal, NEXT_DAY)
    assert reload(case).closed_because == "merged"
    assert not Task.objects.filter(kind="sign-act", completed_on=None).exists()
    entry = Entry.objects.get(stream=case.stream, what="end")
    assert (entry.by, entry.details["others"]) == ("reviewer", ["officer"])


def test_a_person_with_both_roles_does_not_sign_what_the_same_account_proposed(
    actors: Actors,
) -> None:
    """Clarified 4, with the same account, whatever its roles."""
    case = actors.yellow_case()
    both = actors.account("officer")
    both.roles.create(role="province-reviewer")
    proposal = actors.propose_act("end", NEXT_DAY, case=case, payload={"code": "merged"})
    actors.read_evidence(proposal, "officer", NEXT_DAY)
    refused("other-person", lambda: actors.sign_act(proposal, NEXT_DAY, by="officer"))


@pytest.mark.parametrize("event", ["end", "review", "annul"])
@pytest.mark.parametrize("others", [(), ("reviewer",), ("system",)])
def test_no_door_takes_such_a_step_single_handed(
    actors: Actors, event: str, others: tuple[str, ...]
) -> None:
    """Clarified 4: the pure table refuses it, also past every action."""
    case = actors.red_case()
    Case.objects.filter(pk=case.pk).update(needs_review=True)
    single = Event(
        event,
        PERIOD_OVER,
        by="reviewer",
        others=others,
        code="merged",
        because="x",
        has_evidence=True,
    )
    at = actors.office.tick(PERIOD_OVER)
    ctx = ActContext(actors.law, at, "reviewer")
    refused("two-persons", lambda: act(case=reload(case), event=single, ctx=ctx, perform=perform))


def test_fraud_is_on_record_only_when_signed(actors: Actors) -> None:
    """Clarified 4 and notice 3: credit record and referral, with evidence as a file."""
    case = actors.yellow_case()
    about: dict[str, Any] = {"case": case, "payload": {"referred_to": "执法局"}}
    refused("evidence", lambda: actors.propose_act("fraud", DAY, case=case))
    refused("evidence", lambda: actors.propose_act("fraud", DAY, files=[], **about))
    refused("because", lambda: actors.propose_act("fraud", DAY, because=" ", **about))
    proposal = actors.propose_act("fraud", DAY, because="伪造社保", **about)
    assert not CreditRecord.objects.exists()
    assert not Document.objects.filter(kind="credit-record").exists()
    record = actors.sign_act(proposal, DAY)
    assert (record.what, record.by, record.act.proposed_by) == ("伪造社保", "reviewer", "officer")
    assert [file.name for file in evidence_of(record)] == ["核查表.png"]
    assert Document.objects.filter(kind="credit-record").count() == 1
    assert reload(case).state == "yellow"


def test_a_supervision_finding_is_public_only_when_signed_in_the_same_hour_if_urgent(
    actors: Actors,
) -> None:
    """Clarified 4: a finding publishes a red card; an urgent one may be signed the same hour."""
    actors.load_and_patrol()
    proposal = actors.propose_finding(DAY, by="city-officer", is_urgent=True)
    assert not RedCard.objects.exists()
    assert not Case.objects.filter(origin="officer").exists()
    task = Task.objects.get(kind="sign-act")
    assert (task.organisation, task.due_on) == (TAIYUAN, DAY)
    refused("other-person", lambda: _signed_by_its_proposer(actors, proposal))
    with pytest.raises(NotCompetent):
        actors.sign_act(proposal, DAY, by="datong-reviewer")
    step = actors.sign_act(proposal, DAY, by="city-reviewer")
    case = reload(step.case)
    assert (case.state, case.origin) == ("red", "officer")
    assert set(case.determined_by) == {"city-officer", "city-reviewer"}
    finding = case.supervision_finding
    assert (finding.by, finding.authority, finding.act) == ("city-officer", TAIYUAN, proposal)
    proposal.refresh_from_db()
    assert proposal.case == case
    assert proposal.decided_at is not None
    assert proposal.decided_at - proposal.proposed_at < timedelta(hours=1)


def _signed_by_its_proposer(actors: Actors, proposal: ProposedAct) -> None:
    account = actors.account("city-officer")
    account.roles.get_or_create(role="city-reviewer")
    actors.sign_act(proposal, DAY, by="city-officer")


def test_a_red_card_is_reviewed_and_annulled_by_two_persons(actors: Actors) -> None:
    """Clarified 4: release of a red card (解除), and its annulment in review or court."""
    actors.load_and_patrol()
    case = actors.inspect(DAY, signer="other-reviewer")
    refused("review-due", lambda: actors.propose_act("review", DAY, case=case))
    actors.recheck(case, NEXT_DAY, "recovered", by="city-officer")
    proposal = actors.propose_act("review", NEXT_DAY, by="second-officer", case=case)
    refused("not-the-determiner", lambda: actors.sign_act(proposal, NEXT_DAY, by="other-reviewer"))
    actors.sign_act(proposal, NEXT_DAY, by="third-reviewer")
    assert reload(case).closed_because == "reviewed"
    actors.act("annul", NEXT_DAY, case=case, payload={"received_on": NEXT_DAY.isoformat()})
    assert reload(case).closed_because == "annulled"
    assert RedCard.objects.get().state == "removed"


def test_an_act_returned_with_reasons_is_the_proposers_task(actors: Actors) -> None:
    """Clarified 4: signed or returned with reasons; the proposer proposes again, or lets it be."""
    case = actors.yellow_case()
    about: dict[str, Any] = {"case": case, "payload": {"code": "merged"}}
    proposal = actors.propose_act("end", DAY, **about)
    refused("act-waits", lambda: actors.propose_act("end", DAY, by="second-officer", **about))
    arguments: dict[str, Any] = {"law": actors.law, "at": actors.office.tick(DAY)}
    reviewer, officer = actors.account("reviewer"), actors.account("officer")
    refused("because", lambda: return_act(act=proposal, because=" ", by=reviewer, **arguments))
    return_act(act=proposal, because="证据不足", by=reviewer, **arguments)
    assert reload(case).state == "yellow"
    waiting = Task.objects.filter(completed_on=None, kind__in=("sign-act", "returned-act"))
    assert [(task.kind, task.organisation) for task in waiting] == [("returned-act", "province")]
    refused("decided", lambda: actors.sign_act(proposal, DAY))
    second = actors.propose_act("end", DAY, **about)
    assert [task.kind for task in waiting.all()] == ["sign-act"]
    refused(
        "other-person",
        lambda: retract_act(act=second, because="x", by=reviewer, **arguments),
    )
    retract_act(act=second, because="另案办理", by=officer, **arguments)
    assert not waiting.all().exists()
    second.refresh_from_db()
    assert (second.state, second.decided_by) == ("void", "officer")
    what = Entry.objects.filter(stream=case.stream, what__startswith="act-").values_list("what")
    assert [name for (name,) in what.order_by("number")] == [
        "act-proposed",
        "act-returned",
        "act-proposed",
        "act-voided",
    ]


def test_an_act_that_the_case_no_longer_admits_is_void(actors: Actors) -> None:
    """Clarified 4: a yellow card that recovers by itself leaves nothing to be ended."""
    case = actors.yellow_case()
    ended = actors.propose_act("end", DAY, case=case, payload={"code": "merged"})
    fraud = actors.propose_act("fraud", DAY, case=case, payload={"referred_to": "执法局"})
    actors.load_and_patrol(NEXT_DAY, people=3)
    assert reload(case).closed_because == "recovered"
    for proposal, state in ((ended, "void"), (fraud, "proposed")):
        proposal.refresh_from_db()
        assert proposal.state == state
    open_tasks = Task.objects.filter(kind="sign-act", completed_on=None)
    assert [task.detail for task in open_tasks] == [f"{fraud.pk}"]
    refused("decided", lambda: actors.sign_act(ended, NEXT_DAY))
    actors.sign_act(fraud, NEXT_DAY)  # what was faked stays faked


def test_the_signer_opens_every_file_before_signing(actors: Actors) -> None:
    """Part 10, 2: evidence as files, kept by content, read before signing, who read it on record."""
    case = actors.yellow_case()
    files = [evidence_file("合并公告.png", 1, "工商登记"), evidence_file("决议.png", 2)]
    proposal = actors.propose_act("end", DAY, case=case, payload={"code": "merged"}, files=files)
    first, second = evidence_of(proposal)
    assert (first.name, first.note, first.kind, first.size) == (
        "合并公告.png",
        "工商登记",
        "png",
        len(picture(1)),
    )
    reviewer = actors.account("reviewer")
    arguments: dict[str, Any] = {"law": actors.law, "at": actors.office.tick(DAY), "read": "后果"}
    open_file(number=first.number, by=reviewer, at=actors.office.tick(DAY))
    sentence = refused("evidence-unread", lambda: sign_act(act=proposal, by=reviewer, **arguments))
    assert "决议.png" in sentence
    assert "合并公告.png" not in sentence
    for _time in range(2):  # recorded once
        _attachment, content = open_file(
            number=second.number, by=reviewer, at=actors.office.tick(DAY)
        )
    assert content == picture(2)
    sign_act(act=proposal, by=reviewer, **arguments)
    assert Entry.objects.filter(stream=case.stream, what="evidence-opened").count() == 2
    proposal.refresh_from_db()
    assert proposal.signer_read["files"] == [first.sha256, second.sha256]
    assert proposal.signer_read["consequence"] == proposal.proposer_read["consequence"] != ""
    assert evidence_of(case) == evidence_of(proposal)
    # another officer of the place may see it; the enterprise and another city may not
    open_file(number=first.number, by=actors.account("city-officer"), at=actors.office.tick(DAY))
    for stranger in (actors.account("datong-officer"), actors.enterprise_account()):
        with pytest.raises(Attachment.DoesNotExist):
            open_file(number=first.number, by=stranger, at=actors.office.tick(DAY))


def test_a_determination_rests_on_files_that_its_signer_has_opened(actors: Actors) -> None:
    """Part 10, 2: proposals of determinations too; today they were words."""
    case = actors.yellow_case()
    actors.prove_warning(case, NEXT_DAY)
    actors.load_and_patrol(PERIOD_OVER)
    refused("evidence", lambda: actors.propose(case, day=PERIOD_OVER, evidence=[]))
    broken = SubmittedFile("坏.png", b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(CannotStore, match="已损坏"):
        actors.propose(case, day=PERIOD_OVER, evidence=[broken])
    determination = actors.propose(case, day=PERIOD_OVER)
    arguments: dict[str, Any] = {"law": actors.law, "at": actors.office.tick(PERIOD_OVER)}
    reviewer = actors.account("reviewer")
    refused("evidence-unread", lambda: sign(case=reload(case), by=reviewer, **arguments))
    assert reload(case).state == "yellow"
    actors.read_evidence(determination, "reviewer", PERIOD_OVER)
    sign(case=reload(case), by=reviewer, **arguments)
    (file,) = evidence_of(determination)
    assert file.opened_by == ("reviewer",)
    signed = Entry.objects.get(stream=case.stream, what="signed")
    assert signed.details["read_digests"]["files"] == [file.sha256]
    about = [file.about for file in evidence_of(reload(case))]
    assert about == ["service", "determination"]


def test_figures_that_differ_from_the_registers_carry_their_reason(actors: Actors) -> None:
    """Part 10, 2: who, where, what was seen; beside the figure of the registers."""
    actors.load_and_patrol(people=3)
    sentence = refused("figures-differ", lambda: actors.propose_finding(DAY, reasons={}))
    assert "是谁、在哪里、看到什么" in sentence
    assert "注册建造师" in sentence
    partly = {"constructors": DifferenceReason("李某", " ", "不在岗")}
    refused("figures-differ", lambda: actors.propose_finding(DAY, reasons=partly))
    case = actors.inspect(DAY)
    stored = SupervisionFinding.objects.get(case=case).figures["constructors"]
    assert stored["found"] == {"required": 3, "held": 1, "shortfall": 2}
    assert (stored["registers"]["required"], stored["registers"]["held"]) == (3, 3)
    assert stored["why"] == {
        "person": WHY.person,
        "place": WHY.place,
        "observation": WHY.observation,
    }


def test_a_figure_that_the_registers_give_too_needs_no_reason(actors: Actors) -> None:
    actors.load_and_patrol(people=1)
    case = actors.inspect(DAY, reasons={})
    assert SupervisionFinding.objects.get(case=case).figures["constructors"]["why"] is None


def test_a_recheck_states_its_figures_and_why_they_differ(actors: Actors) -> None:
    """Part 10, 2: an officer's recheck too, with its evidence as files."""
    actors.load_and_patrol(people=3)
    case = actors.inspect(DAY)
    refused("figures-differ", lambda: actors.recheck(case, NEXT_DAY, reasons={}))
    refused("requirements", lambda: actors.recheck(case, NEXT_DAY, figures={}))
    met = {"constructors": {"required": 3, "held": 3}}
    refused("requirements", lambda: actors.recheck(case, NEXT_DAY, "short", figures=met))
    actors.recheck(case, NEXT_DAY, "recovered", figures=met, reasons={})
    row = Recheck.objects.get()
    assert row.figures["constructors"]["why"] is None
    assert [file.name for file in evidence_of(row)] == ["照片.png"]
    assert [file.about for file in evidence_of(case)] == ["supervision-finding", "recheck"]


def test_a_held_run_is_proposed_by_one_and_released_by_another(actors: Actors) -> None:
    """Clarified 4: a release; today whoever had the capability released it alone."""
    actors.load_registers(DAY, 2, firms(30))
    run = actors.patrol(DAY).run
    assert run.state == "held"
    about: dict[str, Any] = {"number": run.pk}
    refused("evidence", lambda: actors.propose_act("release-run", DAY, files=[], **about))
    refused("release", lambda: actors.propose_act("release-run", DAY, number=run.pk + 99))
    with pytest.raises(NotCompetent):
        actors.propose_act("release-run", DAY, by="city-officer", **about)
    proposal = actors.propose_act("release-run", DAY, **about)
    with pytest.raises(NotCompetent):
        actors.sign_act(proposal, DAY, by="second-officer")
    released = actors.sign_act(proposal, DAY)
    assert (released.run.state, released.run.proposed_by, released.run.decided_by) == (
        "released",
        "officer",
        "reviewer",
    )
    assert Case.objects.filter(state="yellow").count() == 30
    entry = Entry.objects.get(
        stream="assessments", what="run-released", details__run=released.run.pk
    )
    assert entry.details["proposed_by"] == "officer"


def test_a_held_load_is_proposed_by_one_and_released_by_another(actors: Actors) -> None:
    """Clarified 4: a release; overtaken by a newer list, the proposal is void."""
    office = actors.office
    office.people(*range(1, 11))
    held = office.people(1, day=NEXT_DAY)
    assert held.state == "held"
    proposal = actors.propose_act("release-load", NEXT_DAY, number=held.pk)
    actors.sign_act(proposal, NEXT_DAY)
    load = Load.objects.get(pk=held.pk)
    assert (load.state, load.proposed_by, load.decided_by) == ("released", "officer", "reviewer")
    assert RegistrationRow.objects.filter(recorded_to=None).count() == 1
    later = NEXT_DAY + timedelta(days=1)
    actors.load_registers(later, 10)
    again = office.load("practitioners", [REGISTRATIONS, person(1)], day=later + timedelta(days=1))
    assert again.state == "held"
    second = actors.propose_act("release-load", later, number=again.pk)
    actors.load_registers(later + timedelta(days=2), 10)
    actors.patrol(later + timedelta(days=2))
    second.refresh_from_db()
    assert second.state == "void"
    assert not Task.objects.filter(kind="sign-act", completed_on=None).exists()


def test_the_database_keeps_two_persons_apart(actors: Actors) -> None:
    case = actors.yellow_case()
    proposal = actors.propose_act("end", DAY, case=case, payload={"code": "merged"})
    rows = ProposedAct.objects.filter(pk=proposal.pk)
    at = actors.office.tick(DAY)
    for values in (
        {"state": "signed", "decided_by": "officer", "decided_at": at},
        {"state": "signed"},
        {"state": "returned", "decided_by": "reviewer"},
        {"state": "proposed", "decided_by": "reviewer", "decided_at": at},
        {"state": "unknown", "decided_by": "reviewer", "decided_at": at},
        {"because": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProposedAct.objects.create(
            kind="end", case=case, because="x", proposed_by="x", proposed_at=at, authority="x"
        )
    attachment = Attachment.objects.get(act=proposal)
    for owners in ({"act": None}, {"recheck": None, "act": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Attachment.objects.filter(pk=attachment.pk).update(**owners)
    run = Run.objects.order_by("pk").last()
    assert run is not None
    for values in ({"proposed_by": ""}, {"proposed_by": "wang"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Run.objects.filter(pk=run.pk).update(of=run, decided_by="wang", **values)
    load = Load.objects.filter(state="released").first()
    assert load is not None
    for values in ({"proposed_by": ""}, {"proposed_by": "wang"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Load.objects.filter(pk=load.pk).update(decided_by="wang", **values)


def test_unknown_kinds_fields_and_subjects_are_refused_in_one_sentence(actors: Actors) -> None:
    case = actors.yellow_case()
    refused("kind", lambda: actors.propose_act("marry", DAY, case=case))
    refused("case", lambda: actors.propose_act("end", DAY, payload={"code": "merged"}))
    refused("payload", lambda: actors.propose_act("end", DAY, case=case, payload={"x": 1}))
    refused("withdrawal", lambda: _annulled_withdrawal_of_a_case(actors, case))
    refused("items", lambda: actors.propose_finding(DAY, sub_item="没有"))
    refused("requirements", lambda: actors.propose_finding(DAY, ground="nonsense"))
    future = (DAY + timedelta(days=1)).isoformat()
    red = actors.inspect(DAY)
    refused(
        "proof",
        lambda: actors.propose_act("annul", DAY, case=red, payload={"received_on": future}),
    )


def _annulled_withdrawal_of_a_case(actors: Actors, case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(licensing_authority="city:140100")
    actors.propose_act("annul-withdrawal", DAY, by="approval-officer", case=reload(case))


def test_every_kind_says_what_follows_and_who_acts() -> None:
    capabilities = {
        "propose",
        "sign",
        "withdraw",
        "sign-withdrawal",
        "import",
        "release-loads",
        "release-runs",
    }
    for slug, kind in ACT_KINDS.items():
        assert len(slug) <= 20
        assert kind.title, slug
        assert kind.consequence.startswith(("签批后", "解除后")), slug
        assert {*kind.proposer, *kind.signer} <= capabilities, slug


def test_a_proposal_of_an_item_is_seen_by_its_place_only(actors: Actors) -> None:
    """A finding has no case yet: its files are for the officers of the place and the province."""
    actors.load_and_patrol()
    proposal = actors.propose_finding(DAY, by="city-officer")
    (file,) = evidence_of(proposal)
    assert (proposal.area, proposal.credit_code, proposal.category) == (
        "city:140100",
        OWN,
        ITEM[1],
    )
    for name in ("city-reviewer", "reviewer"):
        open_file(number=file.number, by=actors.account(name), at=actors.office.tick(DAY))
    with pytest.raises(Attachment.DoesNotExist):
        open_file(
            number=file.number, by=actors.account("datong-officer"), at=actors.office.tick(DAY)
        )


def test_a_proposal_is_checked_when_it_is_made(actors: Actors) -> None:
    """Nobody is asked to sign what cannot be done."""
    case = actors.yellow_case()
    new = NewAct("annul", "判决", [evidence_file()], case=case)
    refused(
        "no-such-step",
        lambda: propose_act(
            new=new, by=actors.account("officer"), law=actors.law, at=actors.office.tick(DAY)
        ),
    )
