"""Applications in tests: who acts, what is refused, a case of a city."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from bureau import SEATS, Bureau
from files import ITEMS
from office import DAY, Office
from qualwatch.accounts.models import Account
from qualwatch.cases.applications.repairs import Repairs
from qualwatch.cases.models import Application, Attachment, Case, Document
from qualwatch.journal.models import Entry
from qualwatch.procedure.transitions import CannotStep
from registers import item

NEXT, OVER = DAY + timedelta(days=1), date(2026, 7, 21)
REVIEW = date(2026, 12, 31)
CITY_ITEM = [ITEMS, item(许可机关="太原市行政审批服务管理局", 资质证书号="D314000010", 等级="二级")]
ACCEPT = Repairs(REVIEW)


def acts(bureau: Bureau, by: str, day: date = NEXT) -> dict[str, Any]:
    return {"by": bureau.who(by), "law": bureau.law, "at": bureau.office.tick(day)}


def city_case(bureau: Bureau) -> tuple[Case, Account]:
    bureau.morning(资质=CITY_ITEM)
    return Case.objects.get(), bureau.enterprise()


def refused(bureau: Bureau, slug: str, do: Any) -> None:
    """Refused, and nothing is on record."""
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


def capability_required(office: Office) -> Bureau:
    """Everybody there from the beginning, so that a refused act adds nothing to the journal."""
    bureau = Bureau(office)
    for name in SEATS:
        bureau.who(name)
    return bureau
