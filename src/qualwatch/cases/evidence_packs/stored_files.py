"""Files of a pack that were stored before it: documents, proofs, evidence, public notices."""

from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet

from qualwatch.archive.actions import content_of
from qualwatch.archive.contents import SUFFIXES
from qualwatch.cases.documents.kinds import DOCUMENT_KINDS
from qualwatch.cases.models import Attachment, Case, Document, Service, Withdrawal
from qualwatch.publication.queries import PublishedNotice, published_notices
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

# documents of a list that the public reads, whoever else stands in the list
PUBLIC_KINDS = ("display-notice", "announcement")
# folder in the pack, prefix of the names, what the attachments belong to; the digests of all of
# them are in the journal
ATTACHMENTS: tuple[tuple[str, str, str], ...] = (
    ("proofs", "", "service"),
    ("proofs", "w", "withdrawal"),
    ("evidence", "a", "application"),
    ("evidence", "d", "determination"),
    ("evidence", "p", "act"),
    ("evidence", "r", "recheck"),
)
CASE_OF = {
    "service": "service__document__case__in",
    "withdrawal": "withdrawal__case__in",
    "application": "application__case__in",
    "determination": "determination__case__in",
    "act": "act__case__in",
    "recheck": "recheck__case__in",
}
NOTICE_NAMES = {
    "service": _n("公告送达"),
    "display": _n("公示"),
    "decision": _n("公告"),
}


def document_files(cases: Iterable[Case]) -> dict[str, bytes]:
    """The documents of the cases as they went out, by name."""
    documents = Document.objects.filter(case__in=cases).select_related("file").order_by("pk")
    return {f"documents/{_document_name(row)}": content_of(row.file) for row in documents}


def list_document_files(cases: Iterable[Case]) -> dict[str, bytes]:
    """Documents of the withdrawal lists, by name: public ones, and others that name nobody else."""
    documents = Document.objects.filter(_of_own_lists(cases), case=None)
    rows = documents.select_related("file").order_by("pk")
    return {f"lists/{_document_name(row)}": content_of(row.file) for row in rows}


def _of_own_lists(cases: Iterable[Case]) -> Q:
    codes = {case.credit_code for case in cases}
    batches = Withdrawal.objects.filter(case__in=cases).values("batch")
    shared = Withdrawal.objects.filter(batch__in=batches).exclude(credit_code__in=codes)
    is_public = Q(kind__in=PUBLIC_KINDS)
    return Q(batch__in=batches) & (is_public | ~Q(batch__in=shared.values("batch")))


def _document_name(document: Document) -> str:
    return f"{document.number}{_(DOCUMENT_KINDS[document.kind].title)}.docx"


def attachments_of(cases: Iterable[Case], owner: str) -> QuerySet[Attachment]:
    """The files handed in with what belongs to the cases: services, applications, …"""
    rows = Attachment.objects.filter(**{CASE_OF[owner]: cases})
    return rows.select_related("file").order_by("pk")


def submitted_files(cases: Sequence[Case]) -> dict[str, bytes]:
    """Files handed in, by name: FOLDER/PREFIX OWNER-NUMBER."""
    files = {}
    for folder, prefix, owner in ATTACHMENTS:
        for attachment in attachments_of(cases, owner):
            suffix = SUFFIXES[attachment.file.kind][0]
            owner_number = getattr(attachment, f"{owner}_id")
            name = f"{folder}/{prefix}{owner_number}-{attachment.pk}.{suffix}"
            files[name] = content_of(attachment.file)
    return files


def notices_of(cases: Iterable[Case]) -> list[PublishedNotice]:
    """What the public read of the cases, oldest first: displays, decisions, service by notice."""
    cards = [case.card_number for case in cases if case.card_number]
    documents = Document.objects.filter(case__in=cases).values_list("number", flat=True)
    displays = Withdrawal.objects.filter(case__in=cases).values_list("display_number", flat=True)
    services = Service.objects.filter(document__case__in=cases)
    announced = services.exclude(announcement_number="").values_list(
        "announcement_number", flat=True
    )
    numbers = dict.fromkeys([*documents, *filter(None, displays), *announced])
    return published_notices(cards, list(numbers))


def notice_files(notices: Iterable[PublishedNotice]) -> dict[str, bytes]:
    """The text of each, by name."""
    return {f"announcements/{row.number}.txt": _notice_text(row).encode() for row in notices}


def _notice_text(row: PublishedNotice) -> str:
    lines = [
        row.title,
        _("编号：{number}").format(number=row.number),
        _("种类：{kind}").format(kind=_(NOTICE_NAMES[row.kind])),
        _("发布：{day}").format(day=row.published_on),
    ]
    if row.ends_on is not None:
        lines.append(_("至：{day}").format(day=row.ends_on))
    if row.removed_on is not None:
        lines.append(_("撤下：{day}").format(day=row.removed_on))
    return "\n".join([*lines, "", row.body]) + "\n"
