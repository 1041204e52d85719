"""index.html: the page of a pack that is read first."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.utils import timezone
from jinja2 import Environment, PackageLoader, StrictUndefined

from qualwatch.cases.documents import issuing
from qualwatch.cases.evidence_packs.contents import services_of
from qualwatch.cases.evidence_packs.rerun import Rerun
from qualwatch.cases.models import Case, Service
from qualwatch.cases.notices.texts import entry_label, line, name_of, names
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
    values = {
        "case": case,
        "item": name_of(case),
        "run": rerun.run if rerun else None,
        "determined": _determined(case),
        "requirements": _requirements(cases),
        "findings": [_finding(finding) for finding in findings],
        "people": [[names([requirement]), *cells] for requirement, *cells in people_rows],
        "services": _services(cases),
        "entries": _entries(cases),
        "file_names": sorted(file_names),
    }
    return _templates().get_template("index.html").render(values, _=_)


def _determined(case: Case) -> list[str]:
    """A sentence for each requirement determined."""
    figures = issuing.decided_figures(case)
    return [line(name, figures[name]) for name in figures]


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
    entries = [entry for case in cases for entry in entries_of(case.stream)]
    entries.sort(key=lambda entry: (entry.recorded_at, entry.pk))
    return [
        (timezone.localtime(entry.recorded_at), entry_label(entry.what), entry.by)
        for entry in entries
    ]


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("qualwatch.cases.evidence_packs"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
