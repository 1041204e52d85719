"""Evidence packs: everything that a red card rests on, as a .zip that a court can check itself.

README.txt          what is in it, and how to check it with sha256sum and openssl
index.html          what was determined, by whose figures, and how it went
manifest.json, SHA256SUMS, SHA256SUMS.sig   what every file is, signed as a whole (journal.packs)
finding.json        what was determined, and what the facts below give again
人员逐条.csv        everybody assessed, a row for each registration: masked, counted or not, and why
登记事实/           the registers' facts of that day as tables with Chinese headings
facts/              the same for `qualwatch check PACK/facts --law PACK/law`
law/                the texts of the standards, the policy and the calendar that it was judged by
documents/, lists/  the documents as they went out; those of the withdrawal list
proofs/, evidence/  what proves service, came against a withdrawal; with applications and findings
announcements/      what the public read
case.json           determination, supervision finding, applications, services
journal.json        the journal of the case and of its acts, entries chained, the seals over it

People are pseudonyms, and nobody's birthday is in it (disclosure.py). All texts are Chinese.
"""

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability
from qualwatch.cases.competence import NotCompetent, may_see
from qualwatch.cases.documents import issuing
from qualwatch.cases.evidence_packs import stored_files
from qualwatch.cases.evidence_packs.comparison import differing_requirements
from qualwatch.cases.evidence_packs.contents import case_content, finding_content
from qualwatch.cases.evidence_packs.journal import journal_content, streams_of
from qualwatch.cases.evidence_packs.page import index_page
from qualwatch.cases.evidence_packs.people import HEADER, masked_people, people_rows
from qualwatch.cases.evidence_packs.plain_facts import plain_tables
from qualwatch.cases.evidence_packs.readme import readme_text
from qualwatch.cases.evidence_packs.rerun import Rerun, rerun_of
from qualwatch.cases.models import Case
from qualwatch.cases.queries import line_of
from qualwatch.intake.facts_folder import write_facts
from qualwatch.intake.sheets import PACK_HEADING
from qualwatch.journal import packs
from qualwatch.journal.actions import record
from qualwatch.journal.keys import current_public_key, private_key, signing_keys
from qualwatch.journal.proofs import key_number
from qualwatch.privacy import hidden, hidden_in
from qualwatch.wording import SOURCE, language_override
from qualwatch.wording import gettext as _

PEOPLE = "人员逐条.csv"


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
    made_on = timezone.localdate(at)
    with tempfile.TemporaryDirectory() as folder, language_override(SOURCE):
        files = files_of(case, Path(folder), made_on)
    record(
        stream=case.stream,
        by=by.username,
        at=at,
        what="pack-created",
        details={"card": card_number, "parts": packs.parts_digest(packs.sums_of(files))},
    )
    # after the record, so that the journal in the pack ends with it
    journal = [journal_content(stream) for stream in streams_of(related_cases(case))]
    # its texts were masked when they were recorded; masked again they would not have their digests
    files[packs.JOURNAL] = _json(journal)
    manifest = _manifest(case, journal, made_on)
    pack = packs.zipped(packs.signed_files(files, manifest, private_key()))
    _require_sound(pack, card_number)
    return pack


def _require_sound(pack: bytes, card_number: str) -> None:
    """CannotPack where `journal check` would refuse the pack."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pack.zip"
        path.write_bytes(pack)
        check = packs.check_pack(path, [current_public_key()], card=card_number)
    if check.faults:
        raise CannotPack(_("证据包核对不过：{fault}").format(fault=check.faults[0]))


def _manifest(case: Case, journal: Iterable[Mapping[str, Any]], made_on: date) -> dict[str, Any]:
    """manifest.json without its list of files."""
    return {
        "schema": packs.SCHEMA,
        "card": case.card_number,
        "enterprise": case.enterprise,
        "credit_code": case.credit_code,
        "case": case.stream,
        "made_on": made_on.isoformat(),
        "key": key_number(current_public_key()),
        "keys": [
            {
                "number": key.number,
                "public_key": key.public_key,
                "used_from": key.used_from.isoformat(),
                "used_until": key.used_until and key.used_until.isoformat(),
            }
            for key in signing_keys(made_on)
        ],
        "journal": [
            {
                "stream": stream["stream"],
                "length": len(stream["entries"]),
                "head": stream["entries"][-1]["digest"],
            }
            for stream in journal
        ],
    }


def related_cases(case: Case) -> list[Case]:
    """The case, and before it those that it arises from or goes on from."""
    return line_of(case)


def files_of(case: Case, folder: Path, made_on: date) -> dict[str, bytes]:
    """Every file but the journal and what signs the pack. `folder`: for temporary files."""
    determined = issuing.decided_figures(case)
    rerun = rerun_of(case, determined, folder / "law")
    if rerun is not None:
        _require_same_figures(determined, rerun)
    people = masked_people(rerun.person_ids) if rerun else {}
    rows = people_rows(rerun, people) if rerun else []
    cases = related_cases(case)
    files: dict[str, bytes] = {}
    if rerun is not None:
        files |= _facts_files(rerun, folder / "facts", case.card_number) | _law_files(rerun)
        files[PEOPLE] = _csv(case.card_number, [HEADER, *rows])
    files["finding.json"] = _masked_json(finding_content(case, rerun, people))
    content = {related.stream: case_content(related) for related in cases}
    files["case.json"] = _masked_json(content)
    files |= stored_files.document_files(cases) | stored_files.list_document_files(cases)
    files |= stored_files.submitted_files(cases)
    files |= stored_files.notice_files(stored_files.notices_of(cases))
    key = key_number(current_public_key())
    readme = readme_text(case, rerun, made_on=made_on, key=key, people=PEOPLE)
    files["README.txt"] = hidden(readme).encode()
    page = index_page(cases, rerun, rows, [*files, packs.JOURNAL, packs.MANIFEST])
    files["index.html"] = hidden(page).encode()
    return files


def _require_same_figures(determined: Mapping[str, Any], rerun: Rerun) -> None:
    differing = differing_requirements(determined, rerun)
    if differing:
        raise CannotPack(
            _("登记库给不出当时的事实：{requirement}").format(requirement=differing[0])
        )


def _facts_files(rerun: Rerun, folder: Path, card_number: str) -> dict[str, bytes]:
    """The facts as Parquet for a rerun, and as plain tables."""
    write_facts(rerun.facts, folder)
    files = {f"facts/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())}
    tables = plain_tables(rerun.facts, rerun.law, rerun.run.as_of)
    return files | {name: _csv(card_number, rows) for name, rows in tables.items()}


def _law_files(rerun: Rerun) -> dict[str, bytes]:
    return {f"law/{name}": path.read_bytes() for name, path in rerun.law.files.items()}


def _csv(card_number: str, rows: Iterable[Iterable[str]]) -> bytes:
    """With a byte order mark, without which Excel misreads Chinese."""
    headings, *others = rows
    text = io.StringIO()
    writer = csv.writer(text)
    # intake refuses the tables of a pack as registers by their first column
    writer.writerow([PACK_HEADING, *headings])
    writer.writerows([card_number, *row] for row in others)
    return ("\ufeff" + text.getvalue()).encode()


def _json(content: Any) -> bytes:
    """Days and moments in ISO form."""
    return json.dumps(content, ensure_ascii=False, indent=1, default=_plain).encode()


def _masked_json(content: Any) -> bytes:
    """The same with identity numbers in free text masked."""
    return _json(hidden_in(json.loads(_json(content))))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
