"""Requests of pages in tests: a logged-in client, a page by its name, forms with their fields."""

from __future__ import annotations

import re
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from actors import picture
from fixtures_case_states import CaseStates
from qualwatch.cases.models import Application, Case, Determination, ProposedAct
from qualwatch.procedure.checklists import LINES

BACKEND = "qualwatch.accounts.backends.AuthenticationBackend"


def client_of(account: Any) -> Client:
    """A client logged in with an account."""
    client = Client()
    client.force_login(account, backend=BACKEND)
    client.get("/me")  # notes once a minute that the session is in use
    return client


def page(client: Client, name: str, *places: Any, status: int = 200) -> str:
    """A page by the name of its URL pattern."""
    answer = client.get(reverse(name, args=places))
    assert answer.status_code == status, answer.content.decode()[-800:]
    return answer.content.decode()


def public_page(client: Client, path: str, status: int = 200) -> str:
    """A public page."""
    answer = client.get(path, follow=True)
    assert answer.status_code == status, path
    return answer.content.decode()


def visible_text(page: str) -> str:
    """The text of a page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def enterprise_client(case_states: CaseStates, number: int) -> Client:
    """A client logged in as the firm with a number in `fixtures_case_states`."""
    from qualwatch.accounts.models import Account

    return client_of(Account.objects.get(username=f"e-{case_states.codes[number]}"))


def refusal_page(answer: Any, field: str = "") -> str:
    """The page of a refused form; its summary links to the one wrong field, which is marked."""
    assert answer.status_code == 422
    page: str = answer.content.decode()
    summary = page.split('id="errors"')[1].split("</div>")[0]
    assert re.findall(r'href="#([^"]+)"', summary) == ([field] if field else [])
    assert len(re.findall("<li>", summary)) == 1
    if field:
        (marked,) = re.findall(rf'<[a-z]+[^>]*\bid="{field}"[^>]*>', page)
        assert 'type="radio"' in marked or 'aria-invalid="true"' in marked, marked
    return page


def post_proposal(client: Client, case: Case, **changed: Any) -> Any:
    """Sends the form of a determination."""
    fields = {
        "outcome": "red",
        "requirement": ["constructors"],
        "because": "期满后核查仍缺一名注册建造师",
        "evidence": [evidence_upload("核查表.png"), evidence_upload("送达回证.png", 1)],
        "has_read": "1",
    } | changed
    return client.post(reverse("determine", args=[case.pk]), fields)


def evidence_upload(name: str = "核查表.png", colour: int = 9) -> SimpleUploadedFile:
    """A file of evidence as a browser sends it."""
    return SimpleUploadedFile(name, picture(colour))


def open_evidence(client: Client, owner: Determination | ProposedAct) -> None:
    """Opens every file of a proposal, as a page links to it."""
    for attachment in owner.attachments.all():
        assert client.get(reverse("attachment", args=[attachment.pk])).status_code == 200


def post_act(client: Client, application: Application, what: str, **changed: Any) -> Any:
    """Sends the form of an act on an application."""
    address = reverse(f"application-{what}", args=[application.pk])
    return client.post(address, {"because": "已核实", **changed})


def application_form(cause: str = "assessment-wrong", **changed: Any) -> dict[str, Any]:
    """The fields of an application: a file for one line of the checklist, reasons for the others."""
    fields: dict[str, Any] = {
        "cause": cause,
        "statement": "人员确在本单位",
        "requirement": "constructors",
    }
    fields |= {f"reason-constructors-{line}": "见说明" for line in LINES}
    fields["file-constructors-identity"] = SimpleUploadedFile("身份证.png", picture())
    return fields | changed
