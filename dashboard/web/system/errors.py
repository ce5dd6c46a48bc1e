"""Pages for when something is not as it should be."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

__all__ = ["bad_request", "csrf_failure", "forbidden", "not_found", "server_error"]


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "system/error.html", {"status": status, "title": title, "text": text}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = str(exception or "") or _("The address or the form cannot be understood.")
    return _page(request, 400, _("This request makes no sense"), text)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403, _("This is not yours to change"), _("Ask an administrator for the editor role."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = _("The form was open for too long, or cookies are switched off. Go back, load the page again, send it.")
    return _page(request, 403, _("The form has expired"), text)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = _("Nothing is known under this address, or it was not known yet on the day you are looking at.")
    return _page(request, 404, _("Not found"), text)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: whatever broke must not break this page too."""
    return HttpResponse(render_to_string("500.html"), status=500)
