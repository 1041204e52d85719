"""Notices of the key-supervision list (notice 3(3)) to the authorities of the projects' places."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from qualwatch.cases.acting import ActContext
from qualwatch.cases.competence import authority_of
from qualwatch.cases.eligibility.measures import key_supervision
from qualwatch.cases.models import Case, SupervisedProject
from qualwatch.cases.notices import texts
from qualwatch.cases.notices.notify import Notification, notify
from qualwatch.journal.actions import NewEntry, record_all
from qualwatch.registers.models import ProjectRow

LISTED, REMOVED = "key-supervision", "key-supervision-ended"
# Project, credit code, the authority of the project's place.
ProjectKey = tuple[str, str, str]


def update_key_supervision(ctx: ActContext) -> int:
    """Notifies authorities, once each, of projects that came on the list or left it; how many.

    Also of projects that begin, or appear in the registers, while the card is red.
    """
    now = _projects_now(ctx)
    listed = {_key_of(row): row for row in SupervisedProject.objects.filter(removed_on=None)}
    new = [
        SupervisedProject(
            project_code=project, credit_code=code, organisation=authority, listed_on=ctx.on
        )
        for project, code, authority in sorted(now - listed.keys())
    ]
    removed = [listed[key] for key in sorted(listed.keys() - now)]
    cards = _red_cards([row.credit_code for row in (*new, *removed)])
    for row in removed:
        row.removed_on, row.removed_because = ctx.on, _reason(row, now, cards)
    SupervisedProject.objects.bulk_create(new, batch_size=1000)
    SupervisedProject.objects.bulk_update(removed, ["removed_on", "removed_because"], 500)
    names = _names([row.credit_code for row in (*new, *removed)])
    notify([_notification(row, names, cards) for row in (*new, *removed)], ctx.at)
    record_all([_entry(row) for row in (*new, *removed)], by=ctx.by, at=ctx.at)
    return len(new) + len(removed)


def _projects_now(ctx: ActContext) -> set[ProjectKey]:
    """A project without a place in an area is the province's."""
    projects: Iterable[ProjectRow] = key_supervision(on=ctx.on, law=ctx.law)
    return {
        (
            project.project_code,
            project.credit_code,
            authority_of(ctx.law.area_of(project.division_code) or ""),
        )
        for project in projects
    }


def _key_of(row: SupervisedProject) -> ProjectKey:
    return row.project_code, row.credit_code, row.organisation


def _reason(row: SupervisedProject, now: set[ProjectKey], cards: Mapping[str, list[str]]) -> str:
    """Why a project has left the list of an authority: a key of `texts.REMOVALS`."""
    if row.credit_code not in cards:
        return "red-ended"
    key = (row.project_code, row.credit_code)
    return "moved" if any(other[:2] == key for other in now) else "project-ended"


def _red_cards(credit_codes: Sequence[str]) -> Mapping[str, list[str]]:
    """The numbers of the open red cards, by credit code."""
    cards: dict[str, list[str]] = defaultdict(list)
    cases = Case.objects.filter(state="red", credit_code__in=credit_codes).order_by("pk")
    for code, number in cases.values_list("credit_code", "card_number"):
        cards[code].append(number)
    return dict(cards)


def _names(credit_codes: Sequence[str]) -> Mapping[str, str]:
    """Enterprises by credit code, as the newest of their cases names them."""
    cases = Case.objects.filter(credit_code__in=credit_codes).order_by("pk")
    return dict(cases.values_list("credit_code", "enterprise"))


def _notification(
    row: SupervisedProject, names: Mapping[str, str], cards: Mapping[str, list[str]]
) -> Notification:
    is_listed = row.removed_on is None
    subject, body = texts.supervised_project(
        row.project_code,
        names.get(row.credit_code, row.credit_code),
        cards.get(row.credit_code, []),
        is_listed=is_listed,
        because=row.removed_because,
    )
    return Notification(
        None,
        LISTED if is_listed else REMOVED,
        subject,
        body,
        to_enterprise=False,
        to_authorities=(row.organisation,),
    )


def _entry(row: SupervisedProject) -> NewEntry:
    details = {"project": row.project_code, "to": row.organisation}
    if row.removed_because:
        details["because"] = row.removed_because
    what = LISTED if row.removed_on is None else REMOVED
    return NewEntry(f"enterprise/{row.credit_code}", what, details=details)
