"""Evidence as the pages list it: each file with its address, and whether the reader opened it."""

from dataclasses import dataclass

from qualwatch.accounts.models import Account
from qualwatch.cases.documents.evidence import EvidenceFile, evidence_of
from qualwatch.cases.models import Determination, ProposedAct


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of the evidence as a page lists it."""

    file: EvidenceFile
    is_opened: bool  # by the reader of the page


def files_for(owner: Determination | ProposedAct, account: Account) -> list[ListedFile]:
    """The evidence of a proposal, for an account that may have to read it before it signs."""
    return [ListedFile(file, account.username in file.opened_by) for file in evidence_of(owner)]
