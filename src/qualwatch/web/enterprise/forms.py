"""What an enterprise hands in when it answers a card, read from its form."""

from collections.abc import Iterable, Sequence

from django.http import HttpRequest

from qualwatch.cases.applications.actions import Filing
from qualwatch.cases.documents.attachments import SubmittedFile, check_sizes
from qualwatch.procedure.checklists import lines_of
from qualwatch.procedure.transitions import CannotStep
from qualwatch.web.base.form_input import form_token
from qualwatch.wording import gettext as _


def filing_of(request: HttpRequest, requirements: Iterable[str]) -> Filing:
    """Files of a line answer it; where there are none, the reason beside does. CannotStore before too much is read."""
    check_sizes(one.size or 0 for name in request.FILES for one in request.FILES.getlist(name))
    about = [
        requirement
        for requirement in requirements
        if requirement in request.POST.getlist("requirement") or _is_filled(request, requirement)
    ]
    if not about:
        raise CannotStep("requirements", _("请勾选对哪些指标提出申请"))
    files: list[SubmittedFile] = []
    checklist: dict[str, dict[str, str | list[str]]] = {}
    for requirement in about:
        checklist[requirement] = {}
        for line in lines_of(requirement):
            handed = [
                SubmittedFile(_unique(one.name or "", files), one.read())
                for one in request.FILES.getlist(f"file-{requirement}-{line}")
            ]
            files += handed
            reason = request.POST.get(f"reason-{requirement}-{line}", "").strip()
            checklist[requirement][line] = [file.name for file in handed] if handed else reason
    return Filing(
        cause=request.POST.get("cause", ""),
        statement=request.POST.get("statement", "").strip(),
        files=files,
        requirements=about,
        checklist=checklist,
        form_token=form_token(request),
    )


def _is_filled(request: HttpRequest, requirement: str) -> bool:
    """Whether a file or a reason was given for it, ticked or not."""
    names = [f"{requirement}-{line}" for line in lines_of(requirement)]
    return any(
        request.FILES.getlist(f"file-{name}") or request.POST.get(f"reason-{name}", "").strip()
        for name in names
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


def _unique(name: str, files: list[SubmittedFile]) -> str:
    """Two files of one name, handed in for different lines, are told apart."""
    known = {file.name for file in files}
    stem, dot, ending = name.rpartition(".")
    told, number = name, 1
    while told in known:
        number += 1
        told = f"{stem}-{number}{dot}{ending}" if dot else f"{name}-{number}"
    return told
