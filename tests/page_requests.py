"""Somebody at a door in tests: logged in, looking at a page by its name."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from fixtures_case_states import CaseStates
from qualwatch.cases.models import Application, Case

BACKEND = "qualwatch.accounts.backends.AuthenticationBackend"


def client_of(account: Any) -> Client:
    """Somebody who has logged in."""
    client = Client()
    client.force_login(account, backend=BACKEND)
    client.get("/me")  # notes once a minute that the session is in use
    return client


def page(client: Client, name: str, *places: Any, status: int = 200) -> str:
    answer = client.get(reverse(name, args=places))
    assert answer.status_code == status, answer.content.decode()[-800:]
    return answer.content.decode()


def public_page(client: Client, path: str, status: int = 200) -> str:
    """A public page."""
    answer = client.get(path, follow=True)
    assert answer.status_code == status, path
    return answer.content.decode()


def visible_text(page: str) -> str:
    """What is read of a page: without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def enterprise_client(case_states: CaseStates, number: int) -> Client:
    """The account of a firm of the scene, logged in."""
    from qualwatch.accounts.models import Account

    return client_of(Account.objects.get(username=f"e-{case_states.codes[number]}"))


def refusal_page(answer: Any, field: str = "") -> str:
    """The page of a form that was not taken: its summary leads to the one field that is wrong, and that one says so."""
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
    """The form of a determination, sent."""
    told = {
        "outcome": "red",
        "requirement": ["constructors"],
        "because": "期满仍不达标",
        "evidence": "核查表\n送达回证",
        "has_read": "1",
    } | changed
    return client.post(reverse("determine", args=[case.pk]), told)


def post_act(client: Client, application: Application, what: str, **told: Any) -> Any:
    """The form of an application, sent."""
    return client.post(
        reverse("application", args=[application.pk]), {"act": what, "because": "已核实", **told}
    )
