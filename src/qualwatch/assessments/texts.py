"""The law's texts as they stood when runs were judged by them.

What was decided can be decided again years later.
"""

import io
import zipfile
from datetime import date, datetime
from functools import cache
from pathlib import Path

import qualwatch
from qualwatch.archive.actions import DamagedFile, content_of, store
from qualwatch.archive.contents import Content
from qualwatch.assessments.models import LawText
from qualwatch.journal import proofs
from qualwatch.law.loader import Law, digest_of, load_law
from qualwatch.law.texts_on_disk import LawError, LawProblem
from qualwatch.wording import gettext as _

PACKAGE = Path(qualwatch.__file__).parent
ROOMS_OF_FINDINGS = ("assessments", "evaluation", "intake", "law", "registers")
ENTRY_TIME_OF_ZIP = (1980, 1, 1, 0, 0, 0)  # of every entry: the same texts are the same bytes


def store_law(law: Law, at: datetime) -> LawText:
    """Keeps the texts, once for each digest."""
    law_text = LawText.objects.filter(digest=law.digest).first()
    if law_text is not None:
        return law_text
    if digest_of(law.files) != law.digest:
        raise LawError([LawProblem("", 1, "", _("标准文件在读取之后被改动，请重新运行"))])
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(law.files.items()):
            archive.writestr(
                zipfile.ZipInfo(name, ENTRY_TIME_OF_ZIP), path.read_bytes(), zipfile.ZIP_DEFLATED
            )
    file = store(Content("zip", written.getvalue()), at=at)
    return LawText.objects.get_or_create(digest=law.digest, defaults={"file": file})[0]


def law_of(digest: str, folder: Path) -> Law:
    """The law as it was, unpacked into an empty folder; LawText.DoesNotExist, DamagedFile."""
    law_text = LawText.objects.select_related("file").get(digest=digest)
    if load_law().digest == digest:  # the built-in texts are still those
        return load_law()
    with zipfile.ZipFile(io.BytesIO(content_of(law_text.file))) as archive:
        archive.extractall(folder)
    law = load_law(folder)
    if law.digest != digest:
        raise DamagedFile(law_text.file.sha256)
    return law


def policy_digest(law: Law, day: date) -> str:
    """SHA-256 of the policy's values on a day."""
    return proofs.digest_of([law.policy.policy, repr(law.policy_on(day))])


@cache
def program_digest() -> str:
    """SHA-256 of the program's files from which findings follow: another release, another digest.

    The files are read once a process, as the program itself is.
    """
    paths = (path for room in ROOMS_OF_FINDINGS for path in PACKAGE.joinpath(room).rglob("*.*"))
    files = {
        path.relative_to(PACKAGE).as_posix(): path
        for path in sorted(paths)
        if path.suffix in (".py", ".sql")
    }
    return digest_of(files)
