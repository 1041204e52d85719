"""What a withdrawal comes to: the decision made public and put into the registers; or its end, and what is recalled."""

from qualwatch.accounts.queries import organisation
from qualwatch.assessments.actions import assess
from qualwatch.assessments.models import Run
from qualwatch.cases import issuing, words
from qualwatch.cases.competence import competent_for
from qualwatch.cases.course import Doing, Step
from qualwatch.cases.letters import LETTERS, day
from qualwatch.cases.models import Case, Service, Withdrawal
from qualwatch.cases.serving import TAKEN_DOWN, bring, deliver, fail_service, settle_serve_tasks
from qualwatch.cases.standings import WITHDRAWN, publish_items_of
from qualwatch.cases.telling import Said, tell
from qualwatch.cases.withdrawing import set_next_task
from qualwatch.evaluation.facts import Item as ItemFact
from qualwatch.evaluation.items import items_in_force
from qualwatch.journal.actions import Told
from qualwatch.procedure.course import Effect
from qualwatch.procedure.service import NOTICE
from qualwatch.publication.actions import Announced, post_announcement, remove_announcement
from qualwatch.registers.corrections import correct, release_correction
from qualwatch.registers.facts import believed
from qualwatch.registers.models import Correction, ItemRow
from qualwatch.wording import gettext_noop as _  # what is published is Chinese

MINISTRY = _("住房和城乡建设部")
DECISION = _("撤回建设工程企业资质决定")
PUBLISHED = _("（公布{nth}）")
HANDED_OVER = "handed-over"


def publish_decision(done: Step, effect: Effect, doing: Doing) -> None:
    """The decision's letter, the registers, the public copy. The caller has locked the registers."""
    row, case = done.row, done.case
    assert row is not None  # the table needs it
    row.case = case
    if row.batch.route == "ministry":
        row.decision_number, authority = done.event.code, MINISTRY
    else:
        letter = issuing.withdrawal_decision(row, done.event.because, doing)
        row.decision_number, authority = letter.number, organisation(letter.organisation).name
        bring(letter, doing)
    row.corrections = _withdrawn_in_registers(row, doing)
    publish_items_of(case.credit_code, on=doing.on, law=doing.law)
    _take_display_down(row, doing)
    body = words.withdrawn(case.enterprise, words.name_of(case), row.decision_number, authority)
    told = Announced(decision_key(row), "decision", DECISION, case.enterprise, case.credit_code, body)
    post_announcement(told, on=doing.on, ends_on=None, at=doing.at)


def decision_key(row: Withdrawal) -> str:
    """The number under which a decision is public: one of the ministry may name several items; serving has its own."""
    return f"{row.decision_number}{PUBLISHED.format(nth=row.pk)}"


def _withdrawn_in_registers(row: Withdrawal, doing: Doing) -> list[int]:
    """Corrections of every record in force of the item, until the source says so too; their numbers."""
    assert row.lower_grade_until is not None  # a decided one has it
    its = {"credit_code": row.credit_code, "category": row.category, "sub_item": row.sub_item}
    made = []
    for told in believed(ItemRow, ItemFact._fields, **its):
        one = ItemFact(*told)
        if not items_in_force(doing.law, [one], doing.on).items:
            continue
        key = {**its, "certificate_no": one.certificate_no}
        for field, value in (("register_state", WITHDRAWN), ("register_state_from", doing.on)):
            correction = correct(
                table="items", key=key, field=field, value=value, because=row.because, document=row.decision_number,
                review_on=row.lower_grade_until, by=doing.by, at=doing.at,
            )  # fmt: skip
            made.append(correction.pk)
    return made


def end_withdrawal(done: Step, effect: Effect, doing: Doing) -> None:
    """It ends without a decision, goes over to another red card of the item, or its decision is undone."""
    row, case = done.row, done.case
    assert row is not None  # the table needs it
    row.case = case
    if effect.detail == HANDED_OVER:
        _hand_over(row, doing)
    elif row.decided_on is not None:
        _restore(row, doing)
    else:
        _end(row, effect.detail, doing)


def _hand_over(row: Withdrawal, doing: Doing) -> None:
    """To the other red card of the item: its steps go on from where they are."""
    others = Case.objects.filter(place="red", credit_code=row.credit_code, category=row.category, sub_item=row.sub_item)
    other = others.exclude(pk=row.case_id).order_by("pk").first()
    assert other is not None  # the step was told that there is one
    doing.told += [
        Told(row.case.stream, HANDED_OVER, details={"withdrawal": row.pk, "to": other.pk}),
        Told(other.stream, HANDED_OVER, details={"withdrawal": row.pk, "from": row.case_id}),
    ]
    row.case = other
    row.save()
    set_next_task(row, doing)


def _end(row: Withdrawal, code: str, doing: Doing) -> None:
    """Nothing of it is served or shown any more; whoever was asked to withdraw the item is told."""
    case = row.case
    _take_display_down(row, doing)
    for one in Service.objects.filter(document__withdrawal=row, proved_on=None, failed_on=None).select_related(
        "document"
    ):
        if not LETTERS[one.document.kind].outlives:
            fail_service(one, TAKEN_DOWN, code, doing)
            if one.method == NOTICE:
                remove_announcement(one.document.number, at=doing.at)
            settle_serve_tasks(one.document, doing)
    row.hearings.filter(state="fixed").update(state="dropped", because=code)
    tell([Said(case, "withdrawal-ended", words.subject("withdrawal-ended", case), words.withdrawal_ended(case, code))],
         doing.at)  # fmt: skip
    batch = row.batch
    if batch.suggestion is not None and code != "not-withdrawn":
        told = {
            **issuing.items([case], {case.pk: words.outcome(code)}), "suggestion": batch.suggestion.number,
            "suggested_on": day(batch.suggestion.issued_on),
        }  # fmt: skip
        to = MINISTRY if batch.route == "ministry" else organisation(batch.carrier).name
        letter = issuing.issue("recall-letter", doing, told=told, addressee=to, withdrawal=row, batch=batch,
                               where=competent_for(case))  # fmt: skip
        deliver(letter, "" if batch.route == "ministry" else batch.carrier, doing)


def _restore(row: Withdrawal, doing: Doing) -> None:
    """The item is what it was, and assessed anew; what was published of the decision goes."""
    case = row.case
    for number in row.corrections:
        found = Correction.objects.filter(pk=number, released_at=None).first()
        if found is not None:
            release_correction(correction=found, by=doing.by, at=doing.at, because=row.decision_number)
    remove_announcement(decision_key(row), at=doing.at)
    publish_items_of(case.credit_code, on=doing.on, law=doing.law)
    newest = Run.objects.filter(state="released", is_full=True).order_by("-as_of").first()
    if newest is not None and doing.is_fresh(newest.as_of):
        assess(as_of=newest.as_of, law=doing.law, by=doing.by, at=doing.at, credit_codes=[case.credit_code],
               guarded=False)  # fmt: skip
    subject, body = words.subject("withdrawal-annulled", case), words.withdrawal_ended(case, "annulled")
    tell([Said(case, "withdrawal-annulled", subject, body)], doing.at)


def _take_display_down(row: Withdrawal, doing: Doing) -> None:
    if row.display_number:
        remove_announcement(row.display_number, at=doing.at)
