"""How the warnings work, how old the register data are, and which keys sign evidence packs."""

from datetime import date
from typing import NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from qualwatch.law.loader import current_law
from qualwatch.publication import queries
from qualwatch.publication.keys import pem_of
from qualwatch.publication.models import Freshness
from qualwatch.web.base.http_cache import cached_while
from qualwatch.web.public.labels import TABLES, public_label
from qualwatch.wording import gettext as _


class RegisterAge(NamedTuple):
    """How old a register is, in days, and how old it may be. decides_standing: else it warns."""

    name: str
    loaded_on: date | None
    age: int | None
    limit: int
    decides_standing: bool


@cached_while(queries.version)
def how_it_works(request: HttpRequest) -> HttpResponse:
    """The procedure in plain words, with the periods that hold today."""
    context = {
        "title": _("资质动态预警怎么运作"),
        "policy": current_law().policy_on(timezone.localdate()),
    }
    return render(request, "public/how_it_works.html", context)


@cached_while(queries.version)
def freshness(request: HttpRequest) -> HttpResponse:
    """How old each register is, and what follows from that."""
    today = timezone.localdate()
    freshness = queries.freshness_on(today)
    context = {
        "title": _("数据时效"),
        "freshness": freshness,
        "registers": _registers(freshness, today) if freshness else [],
        "is_fresh": queries.is_fresh(today),
    }
    return render(request, "public/freshness.html", context)


@cached_while(queries.version)
def keys(request: HttpRequest) -> HttpResponse:
    """The public keys of seals and evidence packs, those that were replaced too."""
    rows = [(key, pem_of(key.public_key)) for key in queries.signing_keys()]
    context = {"title": _("公钥"), "keys": rows}
    return render(request, "public/keys.html", context)


@cached_while(queries.version)
def key_file(request: HttpRequest, number: str) -> HttpResponse:
    """One public key as a PEM file, which openssl reads."""
    key = next((key for key in queries.signing_keys() if key.number == number), None)
    if key is None:
        raise Http404
    return HttpResponse(
        pem_of(key.public_key),
        content_type="application/x-pem-file",
        headers={"Content-Disposition": f'attachment; filename="{number}.pem"'},
    )


def _registers(freshness: Freshness, today: date) -> list[RegisterAge]:
    registers = [
        _register_age(slug, day, freshness.limit_days, True, today)
        for slug, day in freshness.loaded.items()
    ]
    # counted for warnings only, each with a limit of its own
    registers += [
        _register_age(slug, day, limit, False, today)
        for slug, (day, limit) in freshness.others.items()
    ]
    return registers


def _register_age(
    slug: str, day: str | None, limit: int, decides_standing: bool, today: date
) -> RegisterAge:
    loaded_on = date.fromisoformat(day) if day else None
    age = (today - loaded_on).days if loaded_on else None
    return RegisterAge(public_label(TABLES, slug), loaded_on, age, limit, decides_standing)


urlpatterns = [
    path("how-it-works", how_it_works, name="how-it-works"),
    path("freshness", freshness, name="freshness"),
    path("keys", keys, name="keys"),
    path("keys/<slug:number>.pem", key_file, name="key-file"),
]
