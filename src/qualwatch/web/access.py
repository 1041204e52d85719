"""Who has logged in: an enterprise or an authority; everybody else is sent to log in, or told why not."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import may
from qualwatch.web.base.errors import problem
from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

View = Callable[..., HttpResponse]
WANTED = {
    "see-own": _n("这一页只给企业账号看。"),
    "read-cases": _n("这一页只给主管部门和审批局的账号看，并且要开通预警权限。"),
}


def account_of(request: HttpRequest) -> Account:
    """The account that asks, with its roles read once."""
    account = request.user
    assert isinstance(account, Account)
    prefetch_related_objects([account], "roles")
    return account


def capability_required(capability: str) -> Callable[[View], View]:
    """For accounts with a capability; nothing of it is kept by browsers or caches."""

    def wrap(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not may(account_of(request), capability):
                raise PermissionDenied(_(WANTED[capability]))
            return view(request, *args, **kwargs)

        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST" and not request.user.is_authenticated:
                return problem(
                    request,
                    403,
                    _("还没有登录，这次没有提交。填写的文字列在下面，请先复制，登录后再提交。"),
                )
            return inside(request, *args, **kwargs)

        inside = login_required(page)
        return never_cache(wraps(view)(asked))

    return wrap
