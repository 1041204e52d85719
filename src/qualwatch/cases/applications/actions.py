"""Applications: an enterprise objects to a warning or asks for repair of its data (notice 4(5)).

The province decides on items that it or the ministry issued. A city examines its own first: it refuses with reasons,
or agrees in writing and sends it to the province, which verifies and repairs for all.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.models import Account, Organisation
from qualwatch.accounts.queries import may, organisation
from qualwatch.cases.applications.receiver import receiver_of, who_determined
from qualwatch.cases.applications.repairs import Repairs, digest_of, repair
from qualwatch.cases.competence import (
    PROVINCE,
    NotCompetent,
    check_role,
    competent_for,
    route_of,
)
from qualwatch.cases.acting import ActContext, write_journal
from qualwatch.cases.course.step import act, state_of
from qualwatch.cases.deadlines import DECIDE, EXAMINE, application_due
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.attachments import CheckedFile, SubmittedFile, attach, check_files
from qualwatch.cases.documents.kinds import day
from qualwatch.cases.documents.service import serve_on_platform, serve_or_open_task
from qualwatch.cases.effects.cards import open_task, perform
from qualwatch.cases.models import UNDECIDED, Application, Attachment, Case, Document, Task
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.cases.notices.texts import agreed_body, agreed_subject, name_of, names
from qualwatch.journal.actions import NewEntry
from qualwatch.law.loader import Law
from qualwatch.procedure.checklists import LINES, lines_of
from qualwatch.procedure.state import Event
from qualwatch.procedure.transitions import CannotStep
from qualwatch.registers.facts import resolved_rows
from qualwatch.registers.models import EnterpriseRow
from qualwatch.registers.tables import lock
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

CAUSES = {"data-wrong": _n("信息修复"), "assessment-wrong": _n("异议")}
UPHELD, REFUSED = _n("予以支持，统一修复"), _n("不予支持")
FIRST_WORKED = "received"


@dataclass(frozen=True, slots=True)
class Filing:
    """What an enterprise hands in. `checklist`: requirement -> line -> names of files, or why there is none."""

    cause: str
    statement: str
    files: Sequence[SubmittedFile]
    requirements: Sequence[str] = ()
    checklist: Mapping[str, Mapping[str, str | Sequence[str]]] = field(default_factory=dict)
    form_token: str = ""  # of its form: the same again is not handed in again


@transaction.atomic
def file_application(
    *, case: Case, filing: Filing, by: Account, law: Law, at: datetime
) -> Application:
    """Receipt with a number at once. CannotStep, CannotStore, NotCompetent; then nothing is on record."""
    _own(by, case.credit_code)
    Case.objects.select_for_update().get(pk=case.pk)  # of two at once the second waits
    if already := _handed_in(filing, case.credit_code):
        return already
    ctx = ActContext(law, at, by.username, competent_for(case))
    state = state_of(case, list(case.requirements.order_by("pk")))
    about = tuple(dict.fromkeys(filing.requirements)) or state.disputable
    files = check_files(filing.files)
    checklist = _checked(filing, about, files)
    before = Attachment.objects.filter(application__in=_about_these(case, about))
    known = set(before.values_list("file__sha256", flat=True))
    event = Event(
        "apply",
        ctx.on,
        by=by.username,
        requirements=about,
        because=filing.statement,
        has_evidence=bool(files),
        has_new_evidence=bool({file.sha256 for file in files} - known),
        route=route_of(case),
    )
    act(case=case, event=event, ctx=ctx, perform=perform)
    application = _received(
        filing,
        files,
        ctx,
        code=case.credit_code,
        name=case.enterprise,
        case=case,
        about=about,
        checklist=checklist,
    )
    _receipt(application, ctx)
    write_journal(ctx)
    return application


@transaction.atomic
def file_data_error(*, filing: Filing, by: Account, law: Law, at: datetime) -> Application:
    """Register data found wrong outside any warning: the same way, without a case."""
    code = by.organisation.credit_code if by.organisation else ""
    _own(by, code)
    Organisation.objects.select_for_update().get(credit_code=code)  # as above
    if already := _handed_in(filing, code):
        return already
    if Case.objects.exclude(state="closed").filter(credit_code=code).exists():
        raise CannotStep("with-case", _("已有预警，请针对预警提出申请"))
    if filing.cause != "data-wrong" or not filing.files:
        raise CannotStep("evidence", _("没有预警时只能申请信息修复，并附证据"))
    told = resolved_rows(EnterpriseRow, ("name", "division_code"), credit_code=code)
    if not told:
        raise CannotStep("items", _("登记里没有这家企业"))
    name, division = told[0]
    ctx = ActContext(law, at, by.username, receiver_of(code, law.area_of(division) or ""))
    application = _received(filing, check_files(filing.files), ctx, code=code, name=name, case=None)
    task = DECIDE if ctx.authority == PROVINCE else EXAMINE
    open_task(
        _probe(application),
        task,
        ctx,
        where=ctx.authority,
        detail=application.number,
        due_on=application.decision_due_on or application.opinion_due_on,
    )
    _receipt(application, ctx)
    write_journal(ctx)
    return application


@transaction.atomic
def retract(*, application: Application, by: Account, law: Law, at: datetime) -> Application:
    """The enterprise takes its application back."""
    _own(by, application.credit_code)
    ctx = ActContext(law, at, by.username)
    found = _undecided(application)
    if found.case is not None:
        act(
            case=found.case,
            event=Event("retract", ctx.on, by=by.username),
            ctx=ctx,
            perform=perform,
        )
    return _decided(found, "retracted", by, "", ctx)


@transaction.atomic
def agree(
    *, application: Application, because: str, by: Account, law: Law, at: datetime
) -> Document:
    """The city's written opinion that the application is right, sent to the province; the enterprise is told.

    Where nobody of the city may, or the city is late, a reviewer of the province examines it in its stead.
    """
    found = _undecided(application)
    where = seat_of(by, found.receiver, PROVINCE)
    ctx = ActContext(law, at, by.username, where)
    check_other(found, by, because)
    if found.stage != FIRST_WORKED or found.receiver == PROVINCE:
        raise CannotStep("city-route", _("这份申请不由市级出审查意见"))
    due = application_due(found.case, DECIDE, ctx)
    if found.case is not None:
        event = Event(
            "opinion", ctx.on, by=by.username, because=because, route=route_of(found.case)
        )
        act(case=found.case, event=event, ctx=ctx, perform=perform)
    else:
        _settle(found, ctx)
        open_task(
            _probe(found), DECIDE, ctx, where=PROVINCE, detail=found.number, due_on=due.ends_on
        )
    found.stage, found.opinion_by, found.opinion_on, found.opinion_because = (
        "agreed",
        by.username,
        ctx.on,
        because,
    )
    found.decision_due_on, found.is_due_provisional = due.ends_on, due.provisional
    found.save()
    told = {**_about(found), "because": because}
    document = issuing.issue(
        "opinion",
        ctx,
        told=told,
        addressee=organisation(PROVINCE).name,
        case=found.case,
        application=found,
    )
    subject, body = agreed_subject(found.number), agreed_body(found.number, due.ends_on)
    notify(
        [Notification(found.case or _probe(found), "agreed", subject, body, to_authorities=())],
        ctx.at,
    )
    write_journal(ctx)
    return document


@transaction.atomic
def verify(
    *, application: Application, repairs: Repairs, because: str, by: Account, law: Law, at: datetime
) -> Application:
    """An officer of the province has looked: what is to be repaired, and how. Tried out at once, put on record later.

    CannotStep, CannotCorrect, CannotAccept, NotCompetent where it would not heal what was applied for.
    """
    lock()  # the registers before the case, as the patrol does
    found = _undecided(application)
    ctx = ActContext(law, at, by.username, seat_of(by, PROVINCE, capability="correct"))
    check_other(found, by, because, verifies=True)
    _check_examined(found)
    with suppress(_TriedOut), transaction.atomic():
        repair(found, repairs, ctx, because)
        raise _TriedOut
    found.proposed_repairs, found.verified_by, found.verified_on, found.verified_because = (
        repairs.told(),
        by.username,
        ctx.on,
        because,
    )
    found.save()
    ctx.entries = [
        NewEntry(
            _stream(found),
            "application-verified",
            basis=because,
            details={"application": found.number, "repairs": repairs.told()},
        )
    ]
    write_journal(ctx)
    return found


@transaction.atomic
def refuse(
    *, application: Application, because: str, by: Account, law: Law, at: datetime, read: str = ""
) -> Document:
    """Not right: closed with reasons and remedies, by whoever has it now. `read`: the consequence that was shown."""
    found = _undecided(application)
    ctx = ActContext(
        law,
        at,
        by.username,
        seat_of(by, found.receiver if found.stage == FIRST_WORKED else PROVINCE, PROVINCE),
    )
    check_other(found, by, because)
    if found.case is not None:
        event = Event("refuse", ctx.on, by=by.username, because=because)
        act(case=found.case, event=event, ctx=ctx, perform=perform)
    _decided(found, "refused", by, because, ctx, read)
    return _decision(found, REFUSED, [], ctx)


@transaction.atomic
def uphold(
    *,
    application: Application,
    because: str,
    by: Account,
    law: Law,
    at: datetime,
    read: str = "",
    repairs: str | None = None,
) -> Document:
    """A reviewer of the province signs what an officer verified: it is put on record and the enterprise assessed again.

    What is put on record must heal what was applied for, or nothing is done. CannotStep, CannotCorrect, NotCompetent.
    `repairs`: the digest of what the reviewer was shown (repairs.digest_of); CannotStep where it is no longer that.
    """
    lock()  # the registers before the case, as the patrol does
    found = _undecided(application)
    ctx = ActContext(law, at, by.username, seat_of(by, PROVINCE))
    check_other(found, by, because)
    _check_examined(found)
    if found.proposed_repairs is None:
        raise CannotStep("verified", _("还没有经办核实，写明怎样修复"))
    if repairs is not None and repairs != digest_of(found.proposed_repairs):
        raise CannotStep("changed", _("核实的内容刚刚改过，请重新阅读后再签批"))
    repaired = repair(found, Repairs.of(found.proposed_repairs), ctx, because)
    if found.case is not None:
        event = Event(
            "uphold",
            ctx.on,
            by=by.username,
            because=because,
            leaves=repaired.leaves,
            route=route_of(found.case),
        )
        act(case=found.case, event=event, ctx=ctx, perform=perform)
    found.repairs = repaired.put
    _decided(found, "upheld", by, because, ctx, read)
    return _decision(found, UPHELD, repaired.lines, ctx)


class _TriedOut(Exception):
    """Undoes a repair that was only tried out."""


def _handed_in(filing: Filing, code: str) -> Application | None:
    """What this form has already become."""
    return (
        Application.objects.filter(form_token=filing.form_token, credit_code=code).first()
        if filing.form_token
        else None
    )


def _received(
    filing: Filing,
    files: Sequence[CheckedFile],
    ctx: ActContext,
    *,
    code: str,
    name: str,
    case: Case | None,
    about: Sequence[str] = (),
    checklist: Sequence[list[Any]] = (),
) -> Application:
    if filing.cause not in CAUSES:
        raise CannotStep("cause", _("请选择：异议，或信息修复"))
    if not filing.statement.strip():
        raise CannotStep("because", _("请写明理由"))
    by_city = ctx.authority != PROVINCE
    due = application_due(case, EXAMINE if by_city else DECIDE, ctx)
    number = issuing.application_number(ctx)
    application = Application.objects.create(
        number=number,
        case=case,
        credit_code=code,
        enterprise=name,
        cause=filing.cause,
        requirements=list(about),
        statement=filing.statement,
        form_token=filing.form_token or None,
        checklist=list(checklist),
        receiver=ctx.authority,
        filed_by=ctx.by,
        filed_at=ctx.at,
        opinion_due_on=due.ends_on if by_city else None,
        decision_due_on=None if by_city else due.ends_on,
        is_due_provisional=due.provisional,
    )
    attach(files, by=ctx.by, at=ctx.at, application=application)
    details = {
        "application": number,
        "cause": filing.cause,
        "requirements": list(about),
        "receiver": ctx.authority,
    }
    ctx.entries.append(
        NewEntry(_stream(application), "applied", basis=filing.statement, details=details)
    )
    return application


def _checked(filing: Filing, about: Sequence[str], files: Sequence[CheckedFile]) -> list[list[Any]]:
    """Every line of every requirement answered: by files that were handed in, or by the reason why there are none."""
    kept = {file.name: looked.name for file, looked in zip(filing.files, files, strict=True)}
    rows: list[list[Any]] = []
    for requirement in about:
        answers = filing.checklist.get(requirement, {})
        for line in lines_of(requirement):
            answer = answers.get(line, "")
            told = [answer] if isinstance(answer, str) else list(answer)
            if not any(one.strip() for one in told):
                sentence = _("{requirement}：请上传{line}，或写明为何没有")
                entry_of = sentence.format(requirement=names([requirement]), line=_(LINES[line]))
                raise CannotStep("checklist", entry_of, about=f"{requirement}/{line}")
            if isinstance(answer, str):
                rows.append([requirement, line, answer])
                continue
            if missing := set(told) - set(kept):
                raise CannotStep("checklist", _("没有收到文件 {name}").format(name=min(missing)))
            rows.append([requirement, line, [kept[one] for one in told]])
    return rows


def _receipt(application: Application, ctx: ActContext) -> None:
    """Handed over at once; the enterprise itself is there."""
    told = {
        **_about(application),
        "opinion_due_on": day(application.opinion_due_on),
        "decision_due_on": day(application.decision_due_on),
    }
    receipt = issuing.issue(
        "receipt",
        ctx,
        told=told,
        addressee=application.enterprise,
        case=application.case,
        application=application,
        credit_code=application.credit_code,
    )
    serve_on_platform(receipt, ctx)


def _decision(
    application: Application, outcome: str, lines: Sequence[str], ctx: ActContext
) -> Document:
    told = {
        **_about(application),
        "outcome": outcome,
        "because": application.decided_because,
        "repairs": list(lines),
        "is_refused": outcome == REFUSED,
        **issuing.remedies(ctx, ctx.authority),
    }
    document = issuing.issue(
        "application-decision",
        ctx,
        told=told,
        addressee=application.enterprise,
        case=application.case,
        application=application,
        credit_code=application.credit_code,
    )
    serve_or_open_task(document, ctx)
    write_journal(ctx)
    return document


def _about(application: Application) -> dict[str, Any]:
    case = application.case
    return {
        "enterprise": application.enterprise,
        "credit_code": application.credit_code,
        "application": application.number,
        "filed_on": day(timezone.localdate(application.filed_at)),
        "cause": CAUSES[application.cause],
        "files": application.attachments.count(),
        "item": name_of(case) if case else _n("登记信息"),
        "about": names(application.requirements) or _n("登记信息"),
    }


def _decided(
    application: Application, stage: str, by: Account, because: str, ctx: ActContext, read: str = ""
) -> Application:
    (
        application.stage,
        application.decided_by,
        application.decided_on,
        application.decided_because,
    ) = (
        stage,
        by.username,
        ctx.on,
        because,
    )
    application.save()
    _settle(application, ctx)
    ctx.entries.append(
        NewEntry(
            _stream(application),
            f"application-{stage}",
            basis=because,
            details={
                "application": application.number,
                "repairs": application.repairs,
                "authority": ctx.authority,
                **({"read": read} if read else {}),
            },
        )
    )
    write_journal(ctx)
    return application


def _settle(application: Application, ctx: ActContext) -> None:
    """The tasks of an application without a case; those of the others the course settles."""
    tasks = Task.objects.filter(case=None, detail=application.number, completed_on=None)
    tasks.update(completed_on=ctx.on, completed_by=ctx.by)


def _undecided(application: Application) -> Application:
    """The application as it stands now; its case is locked first, as everywhere."""
    if application.case_id:
        Case.objects.select_for_update().get(pk=application.case_id)
    found = (
        Application.objects.select_for_update(of=("self",))
        .select_related("case")
        .get(pk=application.pk)
    )
    if found.stage not in UNDECIDED:
        raise CannotStep("application", _("没有未决的申请"))
    return found


def _check_examined(application: Application) -> None:
    """What a city has to examine first has its opinion."""
    if application.stage == FIRST_WORKED and application.receiver != PROVINCE:
        raise CannotStep("opinion-first", _("市级核发的资质先由市级审查，同意后省厅才核实修复"))


def check_other(
    application: Application,
    by: Account,
    because: str,
    *,
    verifies: bool = False,
    determined: set[str] | None = None,
) -> None:
    """Reasons; and somebody who had no part in what the application is against, nor in what was made of it so far.

    Who verified it may think better of it, and verify again. `determined`: as `who_determined`, where it is known.
    """
    if not because.strip():
        raise CannotStep("because", _("请写明理由"))
    took_part = {application.opinion_by, application.filed_by} | (
        set() if verifies else {application.verified_by}
    )
    if by.username in took_part | (
        who_determined(application) if determined is None else determined
    ):
        raise CannotStep("different-decider", _("提出、签批过认定或出过审查意见的人不能决定申请"))


def _about_these(case: Case, about: Sequence[str]) -> list[Application]:
    """The earlier applications of a case about any of these requirements."""
    return [
        application
        for application in case.applications.all()
        if set(application.requirements) & set(about)
    ]


def _probe(application: Application) -> Case:
    """An application without a case, where words and tasks ask for one."""
    area = application.receiver.replace("-", ":", 1) if application.receiver != PROVINCE else ""
    return Case(credit_code=application.credit_code, enterprise=application.enterprise, area=area)


def _own(by: Account, credit_code: str) -> None:
    where = by.organisation
    if where is None or not credit_code or where.credit_code != credit_code or not may(by, "apply"):
        raise NotCompetent(_("只有企业自己可以申请"))


def seat_of(by: Account, *slugs: str, capability: str = "sign") -> str:
    """Somebody with the capability at one of these; the province may act in a city's stead, and the journal says so."""
    where = check_role(by, capability)
    if where not in slugs:
        raise NotCompetent(_("这份申请现在由别的主管部门办理"))
    return where


def _stream(application: Application) -> str:
    return application.case.stream if application.case else f"enterprise/{application.credit_code}"
