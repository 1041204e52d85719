"""Applications: an enterprise objects to a warning or asks for repair of its data (notice 4(5)).

The province decides on items that it or the ministry issued. A city examines its own first: it
refuses with reasons, or agrees in writing and sends it to the province, which verifies and repairs
for all.
"""

from datetime import datetime

from django.db import transaction

from qualwatch.accounts.models import Account, Organisation
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.applications.deciders import (
    acting_authority,
    authority_in_charge,
    awaits_opinion,
    require_applicant,
    require_opinion,
    require_other_person,
    require_reasons,
)
from qualwatch.cases.applications.documents import issue_decision, issue_opinion, issue_receipt
from qualwatch.cases.applications.filing import (
    CheckedFiling,
    Filing,
    check_filing,
    create_application,
    existing_application,
    has_new_files,
    stream_of,
)
from qualwatch.cases.applications.receiver import applicant_of, task_of
from qualwatch.cases.applications.repairs import Repairs, digest_of, repair
from qualwatch.cases.competence import PROVINCE, route_of
from qualwatch.cases.course.step import act, state_of
from qualwatch.cases.deadline_columns import DECISION, OPINION
from qualwatch.cases.deadlines import application_due
from qualwatch.cases.documents.wording import require_reason
from qualwatch.cases.effects.cards import perform
from qualwatch.cases.models import UNDECIDED, Application, Case, Document, Task
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.cases.notices.texts import agreed_body, agreed_subject
from qualwatch.cases.recipient import Recipient
from qualwatch.cases.tasks import DECIDE_APPLICATION, complete, open_task
from qualwatch.cases.warnings.healing import tried
from qualwatch.cases.warnings.newest_run import with_other_red
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.registers.tables import lock
from qualwatch.wording import gettext as _


@transaction.atomic
def file_application(
    *, case: Case, filing: Filing, by: Account, law: Law, at: datetime
) -> Application:
    """Files an application about a case; it has its number and receipt at once.

    CannotStep, CannotStore, NotCompetent; then nothing is on record.
    """
    require_applicant(by, case.credit_code)
    # Of two filings at once the second waits here.
    Case.objects.select_for_update().get(pk=case.pk)
    existing = existing_application(filing, case.credit_code)
    if existing is not None:
        return existing
    applicant = Recipient.of_case(case)
    ctx = ActContext(law, at, by.username, applicant.authority)
    state = state_of(case, list(case.requirements.order_by("pk")))
    requirements = tuple(dict.fromkeys(filing.requirements)) or state.disputable
    checked = check_filing(filing, requirements)
    act(case=case, event=_apply_event(case, checked, ctx), ctx=ctx, perform=perform)
    application = create_application(checked, applicant, ctx, case=case)
    issue_receipt(application, ctx)
    write_journal(ctx)
    return application


@transaction.atomic
def file_data_error(*, filing: Filing, by: Account, law: Law, at: datetime) -> Application:
    """Files an application about wrong register data outside any warning, without a case.

    CannotStep, CannotStore, NotCompetent; then nothing is on record.
    """
    credit_code = by.organisation.credit_code if by.organisation else ""
    require_applicant(by, credit_code)
    # In place of the case's lock: of two filings at once the second waits here.
    Organisation.objects.select_for_update().get(credit_code=credit_code)
    existing = existing_application(filing, credit_code)
    if existing is not None:
        return existing
    applicant = _applicant_without_case(filing, credit_code, law)
    ctx = ActContext(law, at, by.username, applicant.authority)
    application = create_application(check_filing(filing), applicant, ctx)
    _open_task(application, task_of(applicant.authority), ctx, authority=applicant.authority)
    issue_receipt(application, ctx)
    write_journal(ctx)
    return application


@transaction.atomic
def retract(*, application: Application, by: Account, law: Law, at: datetime) -> Application:
    """The enterprise takes its application back. CannotStep, NotCompetent."""
    require_applicant(by, application.credit_code)
    ctx = ActContext(law, at, by.username)
    application = _lock_undecided(application)
    _step_case(application, "retract", ctx)
    _close(application, "retracted", "", ctx)
    write_journal(ctx)
    return application


@transaction.atomic
def agree(
    *, application: Application, because: str, by: Account, law: Law, at: datetime
) -> Document:
    """The city's written opinion that the application is right, sent to the province.

    Where nobody of the city may act, or the city is late, a reviewer of the province examines in
    its stead. The enterprise is notified. CannotStep, NotCompetent.
    """
    application = _lock_undecided(application)
    authority = acting_authority(by, application.receiver, PROVINCE)
    ctx = ActContext(law, at, by.username, authority)
    require_reasons(because)
    require_other_person(application, by)
    if not awaits_opinion(application):
        raise CannotStep("city-route", _("这份申请不由市级出审查意见"))
    _record_opinion(application, because, ctx)
    _step_case(application, "opinion", ctx, because)
    if application.case is None:
        _complete_tasks(application, ctx)
        _open_task(application, DECIDE_APPLICATION, ctx, authority=PROVINCE)
    document = issue_opinion(application, ctx)
    _notify_agreed(application, ctx)
    write_journal(ctx)
    return document


@transaction.atomic
def verify(
    *, application: Application, repairs: Repairs, because: str, by: Account, law: Law, at: datetime
) -> Application:
    """An officer of the province states what is to be repaired and how, for a reviewer to sign.

    The repair is tried and undone at once. CannotStep, CannotCorrect, CannotAccept where it would
    not clear what was applied for; NotCompetent.
    """
    # Lock order: see CONTRIBUTING.md.
    lock()
    application = _lock_undecided(application)
    authority = acting_authority(by, PROVINCE, capability="correct")
    ctx = ActContext(law, at, by.username, authority)
    require_reasons(because)
    require_other_person(application, by, verifies=True)
    require_opinion(application)
    # in a savepoint: everything is tried as at the signature, then rolled back
    with tried():
        repair(application, repairs, ctx, because)
    application.proposed_repairs = repairs.as_json()
    application.verified_by = by.username
    application.verified_on = ctx.on
    application.verified_because = because
    application.save()
    # The trial's entries are dropped with it.
    ctx.entries = [_verified_entry(application)]
    write_journal(ctx)
    return application


@transaction.atomic
def refuse(
    *, application: Application, because: str, by: Account, law: Law, at: datetime, read: str = ""
) -> Document:
    """Refuses with reasons and remedies, by the authority that has the application or the province.

    `read`: the consequence that was shown. CannotStep, NotCompetent.
    """
    application = _lock_undecided(application)
    authority = acting_authority(by, authority_in_charge(application), PROVINCE)
    ctx = ActContext(law, at, by.username, authority)
    require_reason(because)
    require_other_person(application, by)
    _step_case(application, "refuse", ctx, because)
    _close(application, "refused", because, ctx, read)
    document = issue_decision(application, ctx)
    write_journal(ctx)
    return document


@transaction.atomic
def uphold(
    *,
    application: Application,
    because: str,
    by: Account,
    law: Law,
    at: datetime,
    read: str = "",
    repairs_digest: str | None = None,
) -> Document:
    """A reviewer of the province signs what an officer verified; the enterprise is assessed again.

    The repair must clear what was applied for, or nothing is done. `read`: the consequence that
    was shown. `repairs_digest`: of the repairs that the reviewer was shown (repairs.digest_of);
    CannotStep where they have changed. CannotStep, CannotCorrect, CannotAccept, NotCompetent.
    """
    # Lock order: see CONTRIBUTING.md.
    lock()
    application = _lock_undecided(application)
    ctx = ActContext(law, at, by.username, acting_authority(by, PROVINCE))
    require_reasons(because)
    require_other_person(application, by)
    require_opinion(application)
    repairs = _verified_repairs(application, repairs_digest)
    result = repair(application, repairs, ctx, because)
    _step_case(application, "uphold", ctx, because, result.register_effect)
    application.repairs = result.records
    _close(application, "upheld", because, ctx, read)
    document = issue_decision(application, ctx, result.lines)
    write_journal(ctx)
    return document


def _lock_undecided(application: Application) -> Application:
    """The application as it is now, locked after its case. CannotStep if it is decided."""
    if application.case_id:
        # Lock order: see CONTRIBUTING.md.
        Case.objects.select_for_update().get(pk=application.case_id)
    applications = Application.objects.select_for_update(of=("self",)).select_related("case")
    locked = applications.get(pk=application.pk)
    if locked.stage not in UNDECIDED:
        raise CannotStep("application", _("没有未决的申请"))
    return locked


def _applicant_without_case(filing: Filing, credit_code: str, law: Law) -> Recipient:
    """Who files about wrong data. CannotStep where there is a case, or no evidence or register."""
    if Case.objects.exclude(state="closed").filter(credit_code=credit_code).exists():
        raise CannotStep("with-case", _("已有预警，请针对预警提出申请"))
    if filing.cause != "data-wrong" or not filing.files:
        raise CannotStep("evidence", _("没有预警时只能申请信息修复，并附证据"))
    applicant = applicant_of(credit_code, law)
    if applicant is None:
        raise CannotStep("items", _("登记里没有这家企业"))
    return applicant


def _apply_event(case: Case, checked: CheckedFiling, ctx: ActContext) -> Event:
    return Event(
        "apply",
        ctx.on,
        by=ctx.by,
        requirements=tuple(checked.requirements),
        because=checked.filing.statement,
        has_evidence=bool(checked.files),
        has_new_evidence=has_new_files(case, checked),
        route=route_of(case),
    )


def _step_case(
    application: Application,
    name: str,
    ctx: ActContext,
    because: str = "",
    register_effect: str = "",
) -> None:
    """The event in the application's case, if it has one. CannotStep."""
    case = application.case
    if case is None:
        return
    event = Event(
        name,
        ctx.on,
        by=ctx.by,
        because=because,
        register_effect=register_effect,
        route=route_of(case),
    )
    if case.state == "red":
        event = with_other_red(event, case, ctx)
    act(case=case, event=event, ctx=ctx, perform=perform)


def _record_opinion(application: Application, because: str, ctx: ActContext) -> None:
    due = application_due(application.case, DECIDE_APPLICATION, ctx)
    application.stage = "agreed"
    application.opinion_by = ctx.by
    application.opinion_on = ctx.on
    application.opinion_because = because
    DECISION.write(application, due)
    application.save()


def _notify_agreed(application: Application, ctx: ActContext) -> None:
    assert application.decision_due_on is not None  # set with the opinion
    notification = Notification(
        application.case,
        "agreed",
        agreed_subject(application.number),
        agreed_body(application.number, application.decision_due_on),
        to_authorities=(),
        recipient=Recipient.of_application(application),
    )
    notify([notification], ctx.at)


def _verified_entry(application: Application) -> NewEntry:
    return NewEntry(
        stream_of(application),
        "application-verified",
        basis=application.verified_because,
        details={"application": application.number, "repairs": application.proposed_repairs},
    )


def _verified_repairs(application: Application, repairs_digest: str | None) -> Repairs:
    """The repairs that were verified. CannotStep where there are none or they have changed."""
    if application.proposed_repairs is None:
        raise CannotStep("verified", _("还没有经办核实，写明怎样修复"))
    if repairs_digest not in (None, digest_of(application.proposed_repairs)):
        raise CannotStep("changed", _("核实的内容刚刚改过，请重新阅读后再签批"))
    return Repairs.from_json(application.proposed_repairs)


def _close(
    application: Application, stage: str, because: str, ctx: ActContext, read: str = ""
) -> None:
    """Saves the application as decided or retracted, with its journal entry."""
    application.stage = stage
    application.decided_by = ctx.by
    application.decided_on = ctx.on
    application.decided_because = because
    application.save()
    _complete_tasks(application, ctx)
    details = {
        "application": application.number,
        "repairs": application.repairs,
        "authority": ctx.authority,
    }
    if read:
        details["read"] = read
    entry = NewEntry(stream_of(application), f"application-{stage}", basis=because, details=details)
    ctx.entries.append(entry)


def _open_task(application: Application, kind: str, ctx: ActContext, *, authority: str) -> None:
    """A task about an application without a case, found by its number."""
    open_task(
        None,
        kind,
        ctx,
        authority=authority,
        detail=application.number,
        due=DECISION.read(application) or OPINION.read(application),
    )


def _complete_tasks(application: Application, ctx: ActContext) -> None:
    """Closes the tasks of an application without a case; a step of its case closes the others."""
    complete(Task.objects.filter(case=None, detail=application.number, completed_on=None), ctx)
