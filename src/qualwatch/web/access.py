"""Which accounts may open a page; everybody else is sent to log in or refused in a sentence."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import has_capability
from qualwatch.procedure.roles import ROLES
from qualwatch.web.base.errors import problem
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

View = Callable[..., HttpResponse]
CAPABILITIES = frozenset(capability for role in ROLES.values() for capability in role.capabilities)
# by capability: the sentence that refuses an account without it
REFUSALS = {
    "see-own": _n("这一页只给企业账号看。"),
    "read-cases": _n("这一页只给主管部门和审批局的账号看，并且要开通预警权限。"),
}


class UnknownCapability(Exception):
    """A page asks for a capability that no role has, or that has no sentence in REFUSALS."""


def account_of(request: HttpRequest) -> Account:
    """The account that asks, with its roles read once."""
    account = request.user
    assert isinstance(account, Account)
    prefetch_related_objects([account], "roles")
    return account


def capability_required(capability: str) -> Callable[[View], View]:
    """Opens a page to accounts with a capability; nothing of it is cached.

    Raises UnknownCapability at once, when the module of the page is imported.
    """
    if capability not in CAPABILITIES:
        raise UnknownCapability(f"no role has the capability {capability!r}")
    if capability not in REFUSALS:
        raise UnknownCapability(f"no sentence refuses an account without {capability!r}")

    def decorator(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not has_capability(account_of(request), capability):
                raise PermissionDenied(_(REFUSALS[capability]))
            return view(request, *args, **kwargs)

        page_after_log_in = login_required(page)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            # a redirect to the log-in would lose the texts of the form
            if request.method == "POST" and not request.user.is_authenticated:
                return problem(
                    request,
                    403,
                    _("还没有登录，这次没有提交。填写的文字列在下面，请先复制，登录后再提交。"),
                )
            return page_after_log_in(request, *args, **kwargs)

        guarded.capability = capability  # type: ignore[attr-defined]  # a test reads it
        return never_cache(guarded)

    return decorator
