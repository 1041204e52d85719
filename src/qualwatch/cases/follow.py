"""The case follows the item: another name, grade, certificate or place (procedure: rename, renewal, regrade, move)."""

from qualwatch.cases import words
from qualwatch.cases.competence import authority_of, competent_for
from qualwatch.cases.course import Doing
from qualwatch.cases.models import Case, Task
from qualwatch.cases.seen import Seen
from qualwatch.cases.telling import LETTER, Said, tell
from qualwatch.journal.actions import Told
from qualwatch.publication.actions import move_card

FOLLOWED = ("enterprise", "area", "grade", "certificate_no", "licensing_authority")


def follow(case: Case, seen: Seen, doing: Doing) -> bool:
    """Takes over what the registers say now; a new authority is told and gets the tasks. Whether anything changed."""
    before = {name: getattr(case, name) for name in FOLLOWED}
    old = {competent_for(case), authority_of(case.area)}
    seen.describe(case)
    after = {name: getattr(case, name) for name in FOLLOWED}
    if before == after:
        return False
    doing.told.append(Told(case.stream, "followed", before=before, after=after, details={"from": before, "to": after}))
    if case.card_number and case.place == "red":
        move_card(case.card_number, enterprise=case.enterprise, grade=case.grade, area=case.area, at=doing.at)
    new = {competent_for(case), authority_of(case.area)}
    if new != old:
        waiting = Task.objects.filter(case=case, done_on=None)
        waiting.exclude(kind=LETTER).update(organisation=competent_for(case))
        waiting.filter(kind=LETTER).update(organisation=authority_of(case.area))
        receivers = tuple(sorted(new - old))
        said = Said(case, "moved", words.subject("moved", case), words.moved(case), False, receivers)
        tell([said], doing.at)
    return True
