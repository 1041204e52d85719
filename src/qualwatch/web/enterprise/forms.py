"""What an enterprise hands in when it applies, read from its form."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from django.http import HttpRequest

from qualwatch.cases.applications.filing import Filing
from qualwatch.cases.documents.attachments import SubmittedFile, check_sizes
from qualwatch.procedure.checklists import lines_of
from qualwatch.procedure.transitions import CannotStep
from qualwatch.web.base.form_input import form_token, text_field
from qualwatch.wording import gettext as _


def filing_of(request: HttpRequest, requirements: Sequence[str]) -> Filing:
    """The application; each line of the checklist is answered by files or by a reason.

    Raises CannotStore before too large files are read, CannotStep where no requirement is named.
    """
    check_sizes(_upload_sizes(request))
    selected = request.POST.getlist("requirement")
    concerned = [
        requirement
        for requirement in requirements
        if requirement in selected or _is_filled(request, requirement)
    ]
    if not concerned:
        raise CannotStep("requirements", _("请勾选对哪些指标提出申请"))
    files: list[SubmittedFile] = []
    checklist: dict[str, dict[str, str | list[str]]] = {}
    for requirement in concerned:
        checklist[requirement] = {}
        for line in lines_of(requirement):
            uploads = _read_files(request, f"file-{requirement}-{line}", files)
            files += uploads
            reason = text_field(request, f"reason-{requirement}-{line}")
            checklist[requirement][line] = [file.name for file in uploads] or reason
    return Filing(
        cause=request.POST.get("cause", ""),
        statement=text_field(request, "statement"),
        files=files,
        requirements=concerned,
        checklist=checklist,
        form_token=form_token(request),
    )


def fields_of(requirements: Sequence[str]) -> dict[str, str]:
    """What a refusal is about -> the id of the field."""
    lines = {
        f"{requirement}/{line}": f"file-{requirement}-{line}"
        for requirement in requirements
        for line in lines_of(requirement)
    }
    return {
        "cause": "cause-assessment-wrong",
        "because": "statement",
        "requirements": f"about-{requirements[0]}" if requirements else "",
        "evidence": next(iter(lines.values()), ""),
        **lines,
    }


def _upload_sizes(request: HttpRequest) -> Iterator[int]:
    for name in request.FILES:
        for upload in request.FILES.getlist(name):
            yield upload.size or 0


def _read_files(
    request: HttpRequest, name: str, files: Iterable[SubmittedFile]
) -> list[SubmittedFile]:
    """The files of a field; a name that a file of another field has is numbered."""
    names = {file.name for file in files}
    return [
        SubmittedFile(_unique(upload.name or "", names), upload.read())
        for upload in request.FILES.getlist(name)
    ]


def _is_filled(request: HttpRequest, requirement: str) -> bool:
    """Whether a file or a reason was given for a requirement, ticked or not."""
    names = [f"{requirement}-{line}" for line in lines_of(requirement)]
    return any(
        request.FILES.getlist(f"file-{name}") or text_field(request, f"reason-{name}")
        for name in names
    )


def _unique(name: str, names: Collection[str]) -> str:
    """The name, numbered where another file of the same application has it."""
    stem, dot, suffix = name.rpartition(".")
    unique = name
    number = 1
    while unique in names:
        number += 1
        unique = f"{stem}-{number}{dot}{suffix}" if dot else f"{name}-{number}"
    return unique
