"""Evidence packs: everything that a red card rests on, as a .zip that a court can check itself.

index.html          what is in it, and how to check it
finding.json        what was determined, and what the facts below give again
facts/              the registers' facts of that day, people as pseudonyms
                    (`qualwatch check PACK/facts --law PACK/law`)
law/                the texts of the standards, the policy and the calendar that it was judged by
people.csv          everybody assessed: masked, counted or not, and why
documents/          the documents as they went out
proofs/             what proves their service, and files handed in against a withdrawal
case.json           determination, supervision finding, applications, services
journal.json        the journal of the case, its entries chained, and the seals over it
SHA256SUMS          of every file (`sha256sum -c SHA256SUMS`)
"""

import csv
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability
from qualwatch.archive.actions import content_of
from qualwatch.archive.contents import SUFFIXES
from qualwatch.cases.competence import NotCompetent, may_see
from qualwatch.cases.documents import issuing
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS
from qualwatch.cases.evidence_packs.comparison import differing_requirements
from qualwatch.cases.evidence_packs.contents import case_content, finding_content
from qualwatch.cases.evidence_packs.journal import journal_content
from qualwatch.cases.evidence_packs.page import index_page
from qualwatch.cases.evidence_packs.people import HEADER, masked_people, people_rows
from qualwatch.cases.evidence_packs.rerun import Rerun, rerun_of
from qualwatch.cases.models import Attachment, Case, Document
from qualwatch.intake.facts_folder import write_facts
from qualwatch.journal.actions import record
from qualwatch.journal.proofs import JOURNAL, SUMS, parts_digest
from qualwatch.privacy import hidden
from qualwatch.wording import gettext as _

# Every entry has the same time: a pack of the same files has the same bytes.
ENTRY_TIME = (1980, 1, 1, 0, 0, 0)


class CannotPack(Exception):
    """There is no such red card, or the registers no longer give its figures; says which."""


@transaction.atomic
def evidence_pack(*, card_number: str, by: Account, at: datetime) -> bytes:
    """The pack of a red card, as .zip; who received which files is recorded in the journal.

    CannotPack, NotCompetent.
    """
    case = Case.objects.filter(card_number=card_number).first() if card_number else None
    if case is None:
        raise CannotPack(_("没有这张红牌：{number}").format(number=card_number))
    if not has_capability(by, "read-cases") or not may_see(by, case):
        raise NotCompetent(_("这项资质由别的主管部门办理"))
    with tempfile.TemporaryDirectory() as folder:
        files = files_of(case, Path(folder))
    record(
        stream=case.stream,
        by=by.username,
        at=at,
        what="pack-created",
        details={"card": card_number, "parts": parts_digest(_sums(files))},
    )
    # After the record, so that the journal in the pack ends with it.
    files[JOURNAL] = _json([journal_content(related) for related in related_cases(case)])
    return _zip(with_sums(files))


def related_cases(case: Case) -> list[Case]:
    """The case, and before it the one that it arises from."""
    return [case] if case.arises_from is None else [case.arises_from, case]


def files_of(case: Case, folder: Path) -> dict[str, bytes]:
    """Every file but the journal and the sums, by name. `folder`: for temporary files."""
    determined = issuing.decided_figures(case)
    rerun = rerun_of(case, determined, folder / "law")
    if rerun is not None:
        _require_same_figures(determined, rerun)
    people = masked_people(rerun.person_ids) if rerun else {}
    rows = people_rows(rerun, people) if rerun else []
    cases = related_cases(case)
    files: dict[str, bytes] = {}
    if rerun is not None:
        files |= _facts_files(rerun, folder / "facts") | _law_files(rerun)
        files["people.csv"] = _csv([HEADER, *rows])
    files["finding.json"] = _json(finding_content(case, rerun, people))
    files["case.json"] = _json({related.stream: case_content(related) for related in cases})
    files |= _document_files(cases) | _proof_files(cases)
    page = index_page(cases, rerun, rows, [*files, JOURNAL])
    files["index.html"] = hidden(page).encode()
    return files


def with_sums(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files and their SHA256SUMS."""
    lines = [f"{digest}  {name}\n" for name, digest in sorted(_sums(files).items())]
    return {**files, SUMS: "".join(lines).encode()}


def _sums(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _require_same_figures(determined: Mapping[str, Any], rerun: Rerun) -> None:
    differing = differing_requirements(determined, rerun)
    if differing:
        raise CannotPack(
            _("登记库给不出当时的事实：{requirement}").format(requirement=differing[0])
        )


def _facts_files(rerun: Rerun, folder: Path) -> dict[str, bytes]:
    write_facts(rerun.facts, folder)
    return {f"facts/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())}


def _law_files(rerun: Rerun) -> dict[str, bytes]:
    return {f"law/{name}": path.read_bytes() for name, path in rerun.law.files.items()}


def _document_files(cases: Iterable[Case]) -> dict[str, bytes]:
    documents = Document.objects.filter(case__in=cases).select_related("file").order_by("pk")
    files = {}
    for document in documents:
        title = _(DOCUMENT_KINDS[document.kind].title)
        files[f"documents/{document.number}{title}.docx"] = content_of(document.file)
    return files


def _proof_files(cases: Iterable[Case]) -> dict[str, bytes]:
    """Files of services (SERVICE-NUMBER) and of submissions (wWITHDRAWAL-NUMBER)."""
    attachments = Attachment.objects.select_related("file").order_by("pk")
    files = {}
    for attachment in attachments.filter(service__document__case__in=cases):
        files[_proof_name(f"{attachment.service_id}", attachment)] = content_of(attachment.file)
    for attachment in attachments.filter(withdrawal__case__in=cases):
        files[_proof_name(f"w{attachment.withdrawal_id}", attachment)] = content_of(attachment.file)
    return files


def _proof_name(owner: str, attachment: Attachment) -> str:
    suffix = SUFFIXES[attachment.file.kind][0]
    return f"proofs/{owner}-{attachment.pk}.{suffix}"


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    """With a byte order mark, without which Excel misreads Chinese."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return ("\ufeff" + text.getvalue()).encode()


def _json(content: Any) -> bytes:
    """Days and moments in ISO form; identity numbers in free text hidden."""
    text = json.dumps(content, ensure_ascii=False, indent=1, default=_plain)
    return hidden(text).encode()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, ENTRY_TIME)
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
