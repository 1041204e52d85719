"""index.html: the page of a pack that is read first."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.utils import timezone
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from qualwatch.accounts.queries import organisation
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.evidence import evidence_of
from qualwatch.cases.evidence_packs.contents import services_of, source_of
from qualwatch.cases.evidence_packs.journal import streams_of
from qualwatch.cases.evidence_packs.rerun import Rerun
from qualwatch.cases.evidence_packs.stored_files import notices_of
from qualwatch.cases.models import Application, Case, Service
from qualwatch.cases.notices.texts import STAGES, entry_label, line, name_of, names
from qualwatch.evaluation.findings import Finding
from qualwatch.journal.queries import entries_of
from qualwatch.procedure.service import METHODS
from qualwatch.reports.check import finding_as_dict
from qualwatch.reports.labels import VERDICTS, label_of
from qualwatch.wording import gettext as _


def index_page(
    cases: list[Case],
    rerun: Rerun | None,
    people_rows: Sequence[Sequence[str]],
    file_names: Iterable[str],
) -> str:
    """The page as HTML. `cases`: the red card's last, before it the one that it arises from."""
    case = cases[-1]
    findings = rerun.findings if rerun else []
    supervision_finding = getattr(case, "supervision_finding", None)
    files = evidence_of(supervision_finding) if supervision_finding is not None else []
    values = {
        "case": case,
        "item": name_of(case),
        "run": rerun.run if rerun else None,
        "determined": _determined(case),
        "finding": supervision_finding,
        "finding_files": [file.name for file in files],
        "requirements": _requirements(cases),
        "findings": [_finding(finding) for finding in findings],
        "people": people_rows,
        "applications": _applications(cases),
        "notices": notices_of(cases),
        "services": _services(cases),
        "entries": _entries(cases),
        "file_names": sorted(file_names),
    }
    return templates().get_template("index.html").render(values, _=_)


def _determined(case: Case) -> list[tuple[str, str]]:
    """A sentence for each requirement determined, and whose figures they are."""
    return [
        (line(name, figures), _whose(case, figures))
        for name, figures in issuing.decided_figures(case).items()
    ]


def _whose(case: Case, figures: Mapping[str, Any]) -> str:
    if source_of(case, figures) == "register":
        return _("登记库的数字（核查编号 {run}）").format(run=figures.get("run", "—"))
    finding = case.supervision_finding
    text = _("执法人员的数字（{authority} {by}，{day} 监管发现）")
    name = organisation(finding.authority).name
    return text.format(authority=name, by=finding.by, day=finding.found_on)


def _applications(cases: Iterable[Case]) -> list[tuple[Application, str, int]]:
    """Applications, with what became of them and the number of files."""
    return [
        (application, _(STAGES[application.stage]), application.attachments.count())
        for case in cases
        for application in case.applications.order_by("pk")
    ]


def _services(cases: list[Case]) -> list[tuple[Service, str]]:
    """The attempts to serve, with the name of their method."""
    return [(service, _(METHODS[service.method].name)) for service in services_of(cases)]


def _requirements(cases: Iterable[Case]) -> list[tuple[str, Any]]:
    return [
        (names([row.requirement]), row)
        for case in cases
        for row in case.requirements.order_by("pk")
    ]


def _finding(finding: Finding) -> Mapping[str, Any]:
    return {**finding_as_dict(finding), "verdict": label_of(VERDICTS, finding.verdict)}


def _entries(cases: Iterable[Case]) -> list[tuple[datetime, str, str]]:
    """Local time, event and account of all journal entries, oldest first."""
    entries = [entry for stream in streams_of(cases) for entry in entries_of(stream)]
    entries.sort(key=lambda entry: (entry.recorded_at, entry.pk))
    return [
        (timezone.localtime(entry.recorded_at), entry_label(entry.what), entry.by)
        for entry in entries
    ]


@cache
def templates() -> Environment:
    """The templates of a pack."""
    return Environment(
        loader=PackageLoader("qualwatch.cases.evidence_packs"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
