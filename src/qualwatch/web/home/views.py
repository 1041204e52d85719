"""The first page after log-in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from qualwatch.accounts.models import Account
from qualwatch.accounts.queries import roles_of
from qualwatch.procedure.roles import ROLES
from qualwatch.wording import gettext as _


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Account, organisation, roles, early-warning permission."""
    account = request.user
    assert isinstance(account, Account)
    told = {
        "title": _("资质动态预警系统"),
        "organisation": account.organisation.name if account.organisation else _("未归属任何单位"),
        "roles": [(_(ROLES[slug].name), _(ROLES[slug].purpose)) for slug in roles_of(account)],
        "permission": _("已开通预警权限") if account.has_early_warning_permission else _("未开通预警权限"),
        "second_factor": _("两步验证"),
        "log_out": _("退出"),
    }
    return render(request, "home/home.html", told)
