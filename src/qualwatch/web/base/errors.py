"""Error pages in sentences: what went wrong, and what to do now."""

from urllib.parse import urlsplit

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils.http import escape_leading_slashes
from django.views.decorators.csrf import requires_csrf_token

from qualwatch.wording import gettext as _
from qualwatch.wording import gettext_noop as _n

# by HTTP status: title and sentence of the page
ERROR_TEXTS = {
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
TEXT_FIELDS = (
    "statement",
    "because",
    "evidence",
    "what",
    "text",
    "name",
    "address",
    "value",
    "document",
)
# forms below this address hold passwords
SECRET_FORMS = "/accounts/"
# at these addresses is no form of ours that somebody could have filled in
STATUSES_WITHOUT_FORM = (404, 405)


def problem(request: HttpRequest, status: int, sentence: str = "") -> HttpResponse:
    """The error page of a status; `sentence` replaces the usual one."""
    title, usual_sentence = ERROR_TEXTS[status]
    has_form = status not in STATUSES_WITHOUT_FORM
    context = {
        "title": _(title),
        "sentence": sentence or _(usual_sentence),
        "status": status,
        # not `submitted_texts`: the context processor of every page would replace it
        "form_texts": submitted_texts(request) if has_form else [],
        "form_address": escape_leading_slashes(request.path),
    }
    return render(request, "base/error.html", context, status=status)


def submitted_texts(request: HttpRequest) -> list[str]:
    """The texts of a form that was not accepted, shown again to be copied; never a password."""
    if request.method != "POST" or request.path.startswith(SECRET_FORMS):
        return []
    try:
        # another site must not have its words shown on our pages
        if not _is_from_our_page(request):
            return []
        fields = [(name, text) for name, texts in request.POST.lists() for text in texts]
    except (BadRequest, SuspiciousOperation, MultiPartParserError, OSError):
        # the body of the request cannot be read
        return []
    return [text for name, text in fields if text.strip() and _is_text_field(name)]


def _is_text_field(name: str) -> bool:
    return name in TEXT_FIELDS or name.startswith("reason-")


def _is_from_our_page(request: HttpRequest) -> bool:
    sender = request.headers.get("Origin") or request.headers.get("Referer")
    return sender is None or urlsplit(sender).netloc == request.get_host()


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
def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    return problem(request, 500)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token is missing or from another session."""
    return problem(
        request,
        403,
        _("这张表单已经过期，没有提交。请重新打开这一页再提交；填写的文字列在下面，可以复制。"),
    )
