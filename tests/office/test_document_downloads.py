"""Documents: visible to authorised accounts, sent as downloads that a browser does not run."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from actors import Actors, picture
from application_acts import NEXT_DAY, actors_with_accounts, city_case
from qualwatch.cases.documents.attachments import SubmittedFile, attachment_for, document_for
from qualwatch.cases.models import Attachment, Document, Notice
from qualwatch.cases.warnings.supervise import open_notice
from register_office import RegisterOffice

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def actors(office: RegisterOffice) -> Actors:
    return actors_with_accounts(office)


def test_documents_are_visible_to_authorised_accounts_only(actors: Actors) -> None:
    case, account = city_case(actors)
    application = actors.apply(case, NEXT_DAY, account)
    number, receipt = application.attachments.get().pk, Document.objects.get(kind="receipt").pk
    with pytest.raises(Document.DoesNotExist):
        document_for(account, receipt)  # its notice was not opened yet
    notice = Notice.objects.get(document=receipt)
    open_notice(notice=notice, by=account, at=actors.office.tick(NEXT_DAY), law=actors.law)
    for who in (
        account,
        actors.account("city-officer"),
        actors.account("officer"),
        actors.account("auditor"),
    ):
        assert attachment_for(who, number)[1] == picture()
        assert document_for(who, receipt)[1].startswith(b"PK")
    for who in (actors.account("datong-officer"), actors.enterprise_account("91140100MA0K000018")):
        with pytest.raises(Attachment.DoesNotExist):
            attachment_for(who, number)
        with pytest.raises(Document.DoesNotExist):
            document_for(who, receipt)


def test_documents_are_sent_as_downloads_to_authorised_accounts(
    actors: Actors, client: Client, settings: Any
) -> None:
    settings.OFFICERS_NEED_TOTP = False
    case, account = city_case(actors)
    application = actors.apply(
        case,
        NEXT_DAY,
        account,
        actors.filing(
            "assessment-wrong", "constructors", files=[SubmittedFile("../证明 1.png", picture())]
        ),
    )
    notice = Notice.objects.get(document__kind="receipt")
    open_notice(notice=notice, by=account, at=actors.office.tick(NEXT_DAY), law=actors.law)
    paths = {
        f"/files/attachments/{application.attachments.get().pk}": ("image/png", picture()),
        f"/files/documents/{Document.objects.get(kind='receipt').pk}": (None, None),
    }
    for path, (kind, content) in paths.items():
        assert client.get(path).headers["Location"].startswith("/accounts/login/")
        for who, status in (
            (account, 200),
            (actors.account("city-officer"), 200),
            (actors.account("datong-officer"), 404),
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
                assert content is None or (answer.headers["Content-Type"], answer.content) == (
                    kind,
                    content,
                )
            assert client.post(path).status_code == 405
        client.logout()
    assert application.attachments.get().name == "证明 1.png"
