"""Papers: seen by those who may, as downloads that a browser does not run."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from applying import NEXT, capability_required, city_case
from bureau import Bureau, picture
from office import Office
from qualwatch.cases.documents.attachments import SubmittedFile, attachment_for, document_for
from qualwatch.cases.models import Attachment, Document, Notice
from qualwatch.cases.warnings.supervise import open_notice

pytestmark = pytest.mark.django_db


@pytest.fixture
def bureau(office: Office) -> Bureau:
    return capability_required(office)


def test_papers_are_seen_only_by_those_who_may(bureau: Bureau) -> None:
    case, account = city_case(bureau)
    application = bureau.apply(case, NEXT, account)
    number, receipt = application.attachments.get().pk, Document.objects.get(kind="receipt").pk
    with pytest.raises(Document.DoesNotExist):
        document_for(account, receipt)  # its notice was not opened yet
    notice = Notice.objects.get(document=receipt)
    open_notice(notice=notice, by=account, at=bureau.office.tick(NEXT), law=bureau.law)
    for who in (account, bureau.who("city-officer"), bureau.who("officer"), bureau.who("auditor")):
        assert attachment_for(who, number)[1] == picture()
        assert document_for(who, receipt)[1].startswith(b"PK")
    for who in (bureau.who("datong-officer"), bureau.enterprise("91140100MA0K000018")):
        with pytest.raises(Attachment.DoesNotExist):
            attachment_for(who, number)
        with pytest.raises(Document.DoesNotExist):
            document_for(who, receipt)


def test_papers_are_served_as_downloads_to_those_who_may_see_them(
    bureau: Bureau, client: Client, settings: Any
) -> None:
    settings.OFFICERS_NEED_TOTP = False
    case, account = city_case(bureau)
    application = bureau.apply(
        case,
        NEXT,
        account,
        bureau.filing(
            "assessment-wrong", "constructors", files=[SubmittedFile("../证明 1.png", picture())]
        ),
    )
    notice = Notice.objects.get(document__kind="receipt")
    open_notice(notice=notice, by=account, at=bureau.office.tick(NEXT), law=bureau.law)
    paths = {
        f"/files/attachments/{application.attachments.get().pk}": ("image/png", picture()),
        f"/files/documents/{Document.objects.get(kind='receipt').pk}": (None, None),
    }
    for path, (kind, told) in paths.items():
        assert client.get(path).headers["Location"].startswith("/accounts/login/")
        for who, status in (
            (account, 200),
            (bureau.who("city-officer"), 200),
            (bureau.who("datong-officer"), 404),
        ):
            client.force_login(who)
            answer = client.get(path)
            assert answer.status_code == status, who
            if status == 200:
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Content-Disposition"].startswith(
                    "attachment; filename*=UTF-8''"
                )
                assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
                assert "no-store" in answer.headers["Cache-Control"]
                assert told is None or (answer.headers["Content-Type"], answer.content) == (
                    kind,
                    told,
                )
            assert client.post(path).status_code == 405
        client.logout()
    assert application.attachments.get().name == "证明 1.png"
