"""Applications in tests: arguments of acts, refusals, a case of a city."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from actors import OFFICERS, Actors
from qualwatch.accounts.models import Account
from qualwatch.cases.applications.repairs import Repairs
from qualwatch.cases.models import Application, Attachment, Case, Document
from qualwatch.journal.models import Entry
from qualwatch.procedure.transitions import CannotStep
from register_files import ITEMS
from register_office import DAY, RegisterOffice
from register_rows import item

NEXT_DAY, PERIOD_OVER = DAY + timedelta(days=1), date(2026, 7, 21)
REVIEW = date(2026, 12, 31)
CITY_ITEM = [ITEMS, item(许可机关="太原市行政审批服务管理局", 资质证书号="D314000010", 等级="二级")]
ACCEPT = Repairs(REVIEW)


def city_case(actors: Actors) -> tuple[Case, Account]:
    actors.load_and_patrol(资质=CITY_ITEM)
    return Case.objects.get(), actors.enterprise_account()


def assert_refused(actors: Actors, slug: str, do: Any) -> None:
    """The act is refused with this slug and writes nothing."""
    before = (
        Entry.objects.count(),
        list(Application.objects.values()),
        Document.objects.count(),
        Attachment.objects.count(),
    )
    with pytest.raises(CannotStep) as why:
        do()
    assert why.value.slug == slug
    assert before == (
        Entry.objects.count(),
        list(Application.objects.values()),
        Document.objects.count(),
        Attachment.objects.count(),
    )


def actors_with_accounts(office: RegisterOffice) -> Actors:
    """Actors with every account created, so that a refused act adds nothing to the journal."""
    actors = Actors(office)
    for name in OFFICERS:
        actors.account(name)
    return actors
