"""Capabilities of pages: an unknown one is refused when the program starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import URLResolver, get_resolver

from qualwatch.procedure.roles import ROLES
from qualwatch.web import access
from qualwatch.web.access import UnknownCapability, capability_required

OPEN_TO_ALL = ("qualwatch.web.public.", "qualwatch.web.objections.", "qualwatch.web.base.")


def empty_page(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def guarded_pages() -> dict[str, str]:
    """By module and name: the capability of each page that asks for one."""
    return {
        name_of(view): view.capability
        for view in views(get_resolver())
        if hasattr(view, "capability")
    }


def name_of(view: Any) -> str:
    """Module and name; of a view without a name, as ninja has them, the module only."""
    return f"{view.__module__}.{getattr(view, '__name__', '')}"


def views(resolver: URLResolver) -> Iterator[Any]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern)
        else:
            yield pattern.callback


def test_a_capability_that_no_role_has_is_refused_at_once() -> None:
    with pytest.raises(UnknownCapability, match="no role has the capability 'fly'"):
        capability_required("fly")


def test_a_capability_without_a_sentence_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(access.REFUSALS, "see-own")
    with pytest.raises(UnknownCapability, match="no sentence refuses"):
        capability_required("see-own")(empty_page)


def test_every_capability_of_a_page_is_held_by_a_role_and_has_its_sentence() -> None:
    held = {capability for role in ROLES.values() for capability in role.capabilities}
    used = set(guarded_pages().values())
    assert used == set(access.REFUSALS)
    assert used <= held


def test_every_page_of_staff_and_enterprises_asks_for_its_capability() -> None:
    pages = guarded_pages()
    for view in views(get_resolver()):
        name = name_of(view)
        if name.startswith("qualwatch.web.staff."):
            assert pages[name] == "read-cases", name
        elif name.startswith("qualwatch.web.enterprise."):
            assert pages[name] == "see-own", name
        elif name.startswith(OPEN_TO_ALL):
            assert name not in pages
