"""Errors in sentences: what went wrong, and what to do now."""

from urllib.parse import urlsplit

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils.http import escape_leading_slashes
from django.views.decorators.csrf import requires_csrf_token

from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

TOLD = {
    400: (_n("这个请求无法处理"), _n("请返回上一页，检查填写的内容后再试。")),
    403: (
        _n("没有权限"),
        _n("你的账号不能看这一页或办这件事。如应当可以，请联系本单位的系统管理员。"),
    ),
    405: (_n("这个地址不能这样打开"), _n("请从页面上的链接或按钮进入。")),
    404: (_n("没有这一页"), _n("地址可能写错了，也可能该内容已依法撤下。可以从首页重新查询。")),
    429: (_n("尝试太频繁"), _n("为保护账号，请过几分钟再试。")),
    500: (
        _n("系统出错了"),
        _n(
            "这不是你的操作造成的，内容没有保存一半。请稍后再试；仍然如此请拨打页脚的技术支持电话。"
        ),
    ),
}


TEXTS = (
    "statement",
    "because",
    "evidence",
    "what",
    "text",
    "name",
    "address",
    "value",
    "document",
)  # fields of forms
NO_TEXTS = "/accounts/"
NOTHING_THERE = (404, 405)  # nobody has written into a form of ours there


def problem(request: HttpRequest, status: int, sentence: str = "") -> HttpResponse:
    """One page for every error; a sentence of its own where there is one."""
    title, what = TOLD[status]
    told = {"title": _(title), "sentence": sentence or _(what), "status": status}
    told |= {
        "typed": typed(request) if status not in NOTHING_THERE else [],
        "again": escape_leading_slashes(request.path),
    }
    return render(request, "base/error.html", told, status=status)


def typed(request: HttpRequest) -> list[str]:
    """What somebody wrote into a form that was not taken: shown again, so that it can be copied. No password."""
    if request.method != "POST" or request.path.startswith(NO_TEXTS):
        return []
    try:
        if not _is_ours(request):
            return []
        told = [(name, text) for name, texts in request.POST.lists() for text in texts]
    except (BadRequest, SuspiciousOperation, MultiPartParserError, OSError):
        return []  # what came cannot be read
    return [
        text
        for name, text in told
        if text.strip() and (name in TEXTS or name.startswith("reason-"))
    ]


def _is_ours(request: HttpRequest) -> bool:
    """Whether the form was sent from a page of ours: no other site has its words shown on ours."""
    sent_from = request.headers.get("Origin") or request.headers.get("Referer")
    return sent_from is None or urlsplit(sent_from).netloc == request.get_host()


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return problem(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return problem(request, 403, str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return problem(request, 404)


@requires_csrf_token
def broken(request: HttpRequest) -> HttpResponse:
    """500."""
    return problem(request, 500)


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token is missing or from another session."""
    return problem(
        request,
        403,
        _("这张表单已经过期，没有提交。请重新打开这一页再提交；填写的文字列在下面，可以复制。"),
    )
