"""Where an account goes after log-in: to the site for its capability."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from qualwatch.accounts.queries import has_capability, roles_of
from qualwatch.procedure.roles import ROLES
from qualwatch.web.access import account_of
from qualwatch.wording import gettext as _


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Redirects to the enterprise's or the staff site; other accounts see their roles."""
    account = account_of(request)
    if has_capability(account, "see-own"):
        return redirect("own")
    if has_capability(account, "read-cases"):
        return redirect("work")
    organisation = account.organisation
    context = {
        "title": _("我的账号"),
        "account": account,
        "organisation": organisation.name if organisation else _("未归属任何单位"),
        "roles": [(_(ROLES[slug].name), _(ROLES[slug].purpose)) for slug in roles_of(account)],
    }
    return render(request, "home/home.html", context)
