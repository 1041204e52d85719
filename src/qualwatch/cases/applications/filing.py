"""What an enterprise files, its evidence checklist, and the application that it becomes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import PROVINCE
from qualwatch.cases.deadline_columns import DECISION, OPINION, bases_of
from qualwatch.cases.deadlines import application_due
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.attachments import CheckedFile, SubmittedFile, attach, check_files
from qualwatch.cases.models import Application, Attachment, Case
from qualwatch.cases.notices.texts import names
from qualwatch.cases.recipient import Recipient
from qualwatch.cases.tasks import DECIDE_APPLICATION, EXAMINE
from qualwatch.journal.actions import NewEntry
from qualwatch.procedure.checklists import LINES, lines_of
from qualwatch.procedure.transitions import CannotStep
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

CAUSES = {"data-wrong": _n("信息修复"), "assessment-wrong": _n("异议")}
# The answer to a line: the names of the files, or why there is none.
Answer = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class Filing:
    """What an enterprise hands in. `checklist`: requirement -> line -> answer."""

    cause: str
    statement: str
    files: Sequence[SubmittedFile]
    requirements: Sequence[str] = ()
    checklist: Mapping[str, Mapping[str, Answer]] = field(default_factory=dict)
    # Of its form: the same form sent again is the same application.
    form_token: str = ""


@dataclass(frozen=True, slots=True)
class CheckedFiling:
    """A filing whose files may be stored and whose checklist is complete.

    `checklist`: rows of requirement, line, and the names of the stored files or the reason.
    """

    filing: Filing
    files: Sequence[CheckedFile]
    requirements: Sequence[str] = ()
    checklist: Sequence[list[Any]] = ()

    @property
    def digests(self) -> set[str]:
        """The SHA-256 of each file."""
        return {file.sha256 for file in self.files}


def existing_application(filing: Filing, credit_code: str) -> Application | None:
    """The application that the same form has already become."""
    if not filing.form_token:
        return None
    applications = Application.objects.filter(form_token=filing.form_token, credit_code=credit_code)
    return applications.first()


def check_filing(filing: Filing, requirements: Sequence[str] = ()) -> CheckedFiling:
    """Checks files and checklist. CannotStore, CannotStep."""
    files = check_files(filing.files)
    stored_names = {
        submitted.name: checked.name for submitted, checked in zip(filing.files, files, strict=True)
    }
    checklist = [
        [requirement, line, _checked_answer(filing, requirement, line, stored_names)]
        for requirement in requirements
        for line in lines_of(requirement)
    ]
    return CheckedFiling(filing, files, requirements, checklist)


def _checked_answer(
    filing: Filing, requirement: str, line: str, stored_names: Mapping[str, str]
) -> str | list[str]:
    """A reason as it is, file names as they are stored."""
    answer = filing.checklist.get(requirement, {}).get(line, "")
    if isinstance(answer, str):
        _require_answer([answer], requirement, line)
        return answer
    _require_answer(answer, requirement, line)
    missing = set(answer) - set(stored_names)
    if missing:
        raise CannotStep("checklist", _("没有收到文件 {name}").format(name=min(missing)))
    return [stored_names[name] for name in answer]


def _require_answer(texts: Iterable[str], requirement: str, line: str) -> None:
    if any(text.strip() for text in texts):
        return
    sentence = _("{requirement}：请上传{line}，或写明为何没有").format(
        requirement=names([requirement]), line=_(LINES[line])
    )
    raise CannotStep("checklist", sentence, about=f"{requirement}/{line}")


def has_new_files(case: Case, checked: CheckedFiling) -> bool:
    """Whether a file was not handed in with an earlier application about these requirements."""
    earlier = [
        application
        for application in case.applications.all()
        if set(application.requirements) & set(checked.requirements)
    ]
    attachments = Attachment.objects.filter(application__in=earlier)
    return bool(checked.digests - set(attachments.values_list("file__sha256", flat=True)))


def create_application(
    checked: CheckedFiling, applicant: Recipient, ctx: ActContext, *, case: Case | None = None
) -> Application:
    """Stores the application with its number and days; its receiver is the context's authority.

    CannotStep where cause or statement is missing.
    """
    filing = checked.filing
    _require_cause_and_statement(filing)
    examined_by_city = ctx.authority != PROVINCE
    due = application_due(case, EXAMINE if examined_by_city else DECIDE_APPLICATION, ctx)
    application = Application.objects.create(
        number=issuing.application_number(ctx),
        case=case,
        credit_code=applicant.credit_code,
        enterprise=applicant.name,
        cause=filing.cause,
        requirements=list(checked.requirements),
        statement=filing.statement,
        form_token=filing.form_token or None,
        checklist=list(checked.checklist),
        receiver=ctx.authority,
        filed_by=ctx.by,
        filed_at=ctx.at,
        opinion_due_on=due.ends_on if examined_by_city else None,
        decision_due_on=None if examined_by_city else due.ends_on,
        is_due_provisional=due.provisional,
        deadline_bases=bases_of(OPINION if examined_by_city else DECISION, due),
    )
    attach(checked.files, by=ctx.by, at=ctx.at, application=application)
    ctx.entries.append(_filed_entry(application, checked))
    return application


def _require_cause_and_statement(filing: Filing) -> None:
    if filing.cause not in CAUSES:
        raise CannotStep("cause", _("请选择：异议，或信息修复"))
    if not filing.statement.strip():
        raise CannotStep("because", _("请写明理由"))


def stream_of(application: Application) -> str:
    """The journal's stream of an application: its case's, else the enterprise's."""
    if application.case is not None:
        return application.case.stream
    return f"enterprise/{application.credit_code}"


def _filed_entry(application: Application, checked: CheckedFiling) -> NewEntry:
    details = {
        "application": application.number,
        "cause": application.cause,
        "requirements": application.requirements,
        "receiver": application.receiver,
        "files": [file.sha256 for file in checked.files],
    }
    return NewEntry(stream_of(application), "applied", basis=application.statement, details=details)
