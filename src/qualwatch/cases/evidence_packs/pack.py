"""Evidence packs: everything that a red card rests on, in one .zip that a court can read and check for itself.

index.html          what is in it, and how to check it
finding.json        what was determined, and what the facts below give again
facts/              the registers' facts of that day, people as pseudonyms (`qualwatch check PACK/facts --law PACK/law`)
law/                the texts of the standards, the policy and the calendar that it was judged by
people.csv          everybody looked at: masked, counted or not, and why
documents/          the documents as they went out;  proofs/  what proves their service
case.json           determination, supervision finding, applications, services
journal.json        the journal of the case, each entry bound to the one before, and the seals over it
SHA256SUMS          of every file (`sha256sum -c SHA256SUMS`)
"""

import csv
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from jinja2 import Environment, PackageLoader, StrictUndefined

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import may
from qualwatch.archive.actions import content_of
from qualwatch.archive.contents import SUFFIXES
from qualwatch.assessments.actions import evaluated
from qualwatch.assessments.models import Run
from qualwatch.assessments.texts import law_of
from qualwatch.cases.competence import NotCompetent, may_see
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS
from qualwatch.cases.models import Attachment, Case, Document, Service, Withdrawal, WithdrawalList
from qualwatch.cases.notices.texts import entry_word, line, name_of, names
from qualwatch.cases.warnings.run_view import INSURANCE
from qualwatch.evaluation import columnar
from qualwatch.evaluation.facts import Facts
from qualwatch.intake.facts_folder import write_facts
from qualwatch.journal.actions import content_of as content_of_entry
from qualwatch.journal.actions import record
from qualwatch.journal.models import Seal
from qualwatch.journal.proofs import JOURNAL, SUMS, parts_digest, path_and_root
from qualwatch.journal.queries import entries_of
from qualwatch.law.loader import Law
from qualwatch.privacy import hidden
from qualwatch.procedure.service import METHODS
from qualwatch.registers.identities import mask_of, people_by_number
from qualwatch.registers.identities import name_of as name_of_person
from qualwatch.registers.models import Person
from qualwatch.reports.check import anomaly_as_dict, finding_as_dict
from qualwatch.reports.explanation import registrations_of
from qualwatch.reports.labels import ANOMALIES, COUNTS, REASONS, VERDICTS, label_of
from qualwatch.wording import gettext as _

FIXED = (1980, 1, 1, 0, 0, 0)  # of every entry: the time of packing says nothing
PEOPLE = ("requirement", "person", "identity", "name", "counts", "because", "registrations")


class CannotPack(Exception):
    """No red card of that number, or what was known then cannot be shown again; the message says which."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the facts of the deciding run give again."""

    run: Run
    facts: Facts
    law: Law
    findings: list[dict[str, Any]]
    people: list[list[str]]
    anomalies: list[dict[str, Any]]


@transaction.atomic
def evidence_pack(*, card_number: str, by: Account, at: datetime) -> bytes:
    """The pack of a red card, as .zip; what was given to whom stands in the journal. CannotPack, NotCompetent."""
    case = Case.objects.filter(card_number=card_number).first() if card_number else None
    if case is None:
        raise CannotPack(_("没有这张红牌：{number}").format(number=card_number))
    if not may(by, "read-cases") or not may_see(by, case):
        raise NotCompetent(_("这项资质由别的主管部门办理"))
    with tempfile.TemporaryDirectory() as folder:
        parts = parts_of(case, Path(folder))
    sums = {name: hashlib.sha256(part).hexdigest() for name, part in parts.items()}
    record(
        stream=case.stream,
        by=by.username,
        at=at,
        what="pack-made",
        details={"card": card_number, "parts": parts_digest(sums)},
    )
    parts[JOURNAL] = _json([_journal(one) for one in related(case)])
    return _zip(with_sums(parts))


def related(case: Case) -> list[Case]:
    """A case, and before it the one that it arises from."""
    return [one for one in (case.arises_from, case) if one is not None]


def parts_of(case: Case, folder: Path) -> dict[str, bytes]:
    """Every file of the pack but the journal and the sums."""
    parts: dict[str, bytes] = {}
    judged = _judged(case, folder / "law")
    if judged is not None:
        write_facts(judged.facts, folder / "facts")
        for path in sorted((folder / "facts").iterdir()):
            parts[f"facts/{path.name}"] = path.read_bytes()
        parts |= {f"law/{name}": path.read_bytes() for name, path in judged.law.files.items()}
        parts["people.csv"] = _csv([PEOPLE, *judged.people])
    parts["finding.json"] = _json(_finding(case, judged))
    cases = related(case)
    parts["case.json"] = _json({case.stream: _course(case) for case in cases})
    for document in Document.objects.filter(case__in=cases).select_related("file").order_by("pk"):
        parts[f"documents/{document.number}{_(DOCUMENT_KINDS[document.kind].title)}.docx"] = (
            content_of(document.file)
        )
    for attachment in (
        Attachment.objects.filter(service__document__case__in=cases)
        .select_related("file")
        .order_by("pk")
    ):
        parts[
            f"proofs/{attachment.service_id}-{attachment.pk}.{SUFFIXES[attachment.file.kind][0]}"
        ] = content_of(attachment.file)
    for attachment in (
        Attachment.objects.filter(withdrawal__case__in=cases).select_related("file").order_by("pk")
    ):
        parts[
            f"proofs/w{attachment.withdrawal_id}-{attachment.pk}.{SUFFIXES[attachment.file.kind][0]}"
        ] = content_of(attachment.file)
    parts["index.html"] = hidden(_index(case, judged, [*parts, JOURNAL])).encode()
    return parts


def with_sums(parts: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files and their sums."""
    sums = "".join(
        f"{hashlib.sha256(told).hexdigest()}  {name}\n" for name, told in sorted(parts.items())
    )
    return {**parts, SUMS: sums.encode()}


def _judged(case: Case, folder: Path) -> Judged | None:
    """The deciding run said again from what was known then; None where no run ever said anything of the case."""
    told = issuing.decided_figures(case)
    run = _run_of(case, told)
    if run is None:
        return None
    folder.mkdir(parents=True)
    law = law_of(run.law_digest, folder)
    facts, results = evaluated(run.as_of, run.revision_id, law, [case.credit_code])
    found = [
        finding
        for result in results
        for finding in result.findings
        if (finding.category, finding.sub_item) == (case.category, case.sub_item)
    ]
    for finding in found:
        known = told.get(finding.requirement, {})
        if (
            known.get("run") == run.pk
            and "held" in known
            and (known["required"], known["held"])
            != (
                finding.required,
                finding.held,
            )
        ):
            raise CannotPack(
                _("登记库给不出当时的事实：{requirement}").format(requirement=finding.text)
            )
    abnormal = [anomaly for result in results for anomaly in result.anomalies]
    people_told = (
        told.get(INSURANCE, {}).get("people")
        if told.get(INSURANCE, {}).get("run") == run.pk
        else None
    )
    if people_told is not None and people_told != len(abnormal):
        raise CannotPack(_("登记库给不出当时的事实：{requirement}").format(requirement=INSURANCE))
    looked_at = columnar.people(law, law.policy_on(run.as_of), facts, run.as_of, [case.credit_code])
    lines = [
        (key[3], person_line)
        for key, listed in looked_at.items()
        for person_line in listed
        if key[1:3] == (case.category, case.sub_item)
    ]
    everybody = {person_line.person_id for _requirement, person_line in lines} | {
        anomaly.person_id for anomaly in abnormal
    }
    people = {
        f"P{number}": who
        for number, who in people_by_number(int(one[1:]) for one in everybody).items()
    }
    rows = [
        [
            requirement,
            *_shown(person_line.person_id, people),
            label_of(COUNTS, person_line.counts),
            "、".join(label_of(REASONS, why) for why in person_line.because),
            "；".join(registrations_of(law, person_line)),
        ]
        for requirement, person_line in lines
    ]
    rows += [
        [
            INSURANCE,
            *_shown(anomaly.person_id, people),
            label_of(ANOMALIES, anomaly.kind),
            months_of(anomaly.months),
            anomaly.registration_no or "",
        ]
        for anomaly in abnormal
        if case.ground == INSURANCE
    ]
    masks = {number: _mask(mask_of(who)) for number, who in people.items()}
    return Judged(
        run,
        facts,
        law,
        [finding_as_dict(one) for one in found],
        rows,
        [anomaly_as_dict(anomaly, masks) for anomaly in abnormal]
        if case.ground == INSURANCE
        else [],
    )


def _shown(person_id: str, people: Mapping[str, Person]) -> list[str]:
    who = people[person_id]
    return [person_id, _mask(mask_of(who)), _short_name(name_of_person(who))]


def _mask(shown: str) -> str:
    """A masked number without its last characters: with the birthday, which the facts need, they would give it away."""
    return shown.rstrip("0123456789Xx") + "*" * (len(shown) - len(shown.rstrip("0123456789Xx")))


def months_of(months: Iterable[date]) -> str:
    """Months as written."""
    return "、".join(f"{month:%Y-%m}" for month in months)


def _run_of(case: Case, told: Mapping[str, Any]) -> Run | None:
    """The run that it was signed on; of an officer's red card the one that stood when it was found."""
    found = getattr(case, "supervision_finding", None)
    number = found.run if found else max((one.get("run") or 0 for one in told.values()), default=0)
    return Run.objects.filter(pk=number).first()


def _short_name(name: str) -> str:
    """The family name, the rest hidden."""
    return name[:1] + "*" * len(name[1:])


def _finding(case: Case, judged: Judged | None) -> dict[str, Any]:
    told, rows = (
        issuing.decided_figures(case),
        {requirement.requirement: requirement for requirement in case.requirements.all()},
    )
    return {
        "card": case.card_number,
        "enterprise": case.enterprise,
        "credit_code": case.credit_code,
        "item": name_of(case),
        "category": case.category,
        "sub_item": case.sub_item,
        "ground": case.ground,
        "origin": case.origin,
        "published_on": case.published_on,
        "state": case.state,
        "determined": [
            {
                "requirement": name,
                "text": line(name, figures),
                "told": figures,
                "warned_on": rows[name].pushed_on,
                "period_ended_on": rows[name].ends_on,
                "proved_on": rows[name].proved_on,
            }
            for name, figures in told.items()
        ],
        "judged_again": judged
        and {
            "run": judged.run.pk,
            "as_of": judged.run.as_of,
            "revision": judged.run.revision_id,
            "law_digest": judged.run.law_digest,
            "input_digest": judged.run.input_digest,
            "findings": judged.findings,
            "anomalies": judged.anomalies,
        },
    }


def _course(case: Case) -> dict[str, Any]:
    """Rows of the case, without the accounts' other data."""
    found = getattr(case, "supervision_finding", None)
    services = Service.objects.filter(document__case=case).select_related("document").order_by("pk")
    return {
        "requirements": list(case.requirements.order_by("pk").values()),
        "determinations": list(case.determinations.order_by("pk").values()),
        "supervision_finding": found
        and {
            "found_on": found.found_on,
            "what": found.what,
            "evidence": found.evidence,
            "authority": found.authority,
            "by": found.by,
        },
        "applications": [
            {
                **row,
                "attachments": list(
                    Attachment.objects.filter(application=row["id"])
                    .order_by("pk")
                    .values("name", "file__sha256")
                ),
            }
            for row in case.applications.order_by("pk").values()
        ],
        "documents": list(
            case.documents.order_by("pk").values(
                "pk",
                "kind",
                "number",
                "title",
                "issued_on",
                "issued_by",
                "file__sha256",
                "voided_on",
                "voided_because",
            )
        ),
        "services": [
            {
                "document": service.document.number,
                "method": service.method,
                "sent_on": service.sent_on,
                "proved_on": service.proved_on,
                "proof": service.proof,
                "failed_on": service.failed_on,
                "failed_because": service.failed_because,
                "files": list(service.attachments.order_by("pk").values("name", "file__sha256")),
            }
            for service in services
        ],
        "withdrawals": [_withdrawal(withdrawal) for withdrawal in case.withdrawals.order_by("pk")],
        "supervisory_contacts": list(
            case.supervisory_contacts.order_by("pk").values("kind", "on", "what", "by")
        ),
    }


def _withdrawal(row: Withdrawal) -> dict[str, Any]:
    """A withdrawal with what was said against it; who of the public objected is not told."""
    told = {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}
    said = ("kind", "text", "said_on", "said_by", "answer", "answered_on", "answered_by")
    return {
        **told,
        "list": WithdrawalList.objects.values().get(pk=row.batch_id),
        "points": list(row.points.order_by("pk").values(*said)),
        "hearings": list(
            row.hearings.order_by("pk").values(
                "at",
                "where",
                "chair_name",
                "state",
                "present",
                "because",
                "notice__number",
                "record__number",
            )
        ),
    }


def _journal(case: Case) -> dict[str, Any]:
    """The case's stream, and the first seal over each length of it: how its head lies under the signed root."""
    entries = entries_of(case.stream)
    seals: list[dict[str, Any]] = []
    for seal in Seal.objects.order_by("id").iterator(
        chunk_size=1
    ):  # each holds the heads of all streams
        at = next((place for place, head in enumerate(seal.heads) if head[0] == case.stream), None)
        if at is None or (seals and seals[-1]["head"] == seal.heads[at]):
            continue
        path, root = path_and_root(seal.heads, at)
        told = {"day": seal.day, "head": seal.heads[at], "path": path, "root": root}
        seals.append(
            {
                **told,
                "previous": seal.previous,
                "digest": seal.digest,
                "signature": seal.signature,
                "public_key": seal.public_key,
            }
        )
    return {
        "stream": case.stream,
        "entries": [{**content_of_entry(entry), "digest": entry.digest} for entry in entries],
        "seals": seals,
    }


def _index(case: Case, judged: Judged | None, parts: Iterable[str]) -> str:
    """The page that is read first."""
    cases = related(case)
    services = (
        Service.objects.filter(document__case__in=cases).select_related("document").order_by("pk")
    )
    entries = sorted(
        (entry for case in cases for entry in entries_of(case.stream)),
        key=lambda entry: (entry.recorded_at, entry.pk),
    )
    return (
        _templates()
        .get_template("pack.html")
        .render(
            _=_,
            case=case,
            item=name_of(case),
            judged=judged,
            names=sorted(parts),
            people=[[names([row[0]]), *row[1:]] for row in judged.people] if judged else [],
            lines=[line(name, figures) for name, figures in issuing.decided_figures(case).items()],
            findings=[
                {**finding, "verdict": label_of(VERDICTS, finding["verdict"])}
                for finding in judged.findings
            ]
            if judged
            else [],
            requirements=[
                (names([row.requirement]), row)
                for case in cases
                for row in case.requirements.order_by("pk")
            ],
            services=[(service, _(METHODS[service.method].name)) for service in services],
            entries=[
                (timezone.localtime(entry.recorded_at), entry_word(entry.what), entry.by)
                for entry in entries
            ],
        )
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("qualwatch.cases"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return ("\ufeff" + written.getvalue()).encode()


def _json(told: Any) -> bytes:
    def plain(value: Any) -> Any:
        return value.isoformat() if isinstance(value, date | datetime) else str(value)

    return hidden(json.dumps(told, ensure_ascii=False, indent=1, default=plain)).encode()


def _zip(parts: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, told in sorted(parts.items()):
            archive.writestr(zipfile.ZipInfo(name, FIXED), told, zipfile.ZIP_DEFLATED)
    return written.getvalue()
