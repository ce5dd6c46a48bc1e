"""Error pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

__all__ = ["bad_request", "csrf_failure", "forbidden", "not_found", "server_error"]


def _render_error(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "system/error.html", {"status": status, "title": title, "text": text}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = str(exception or "") or _("The address or the form is not valid.")
    return _render_error(request, 400, _("Bad request"), text)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = _("You need the editor role for this. Ask an administrator.")
    return _render_error(request, 403, _("Permission denied"), text)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = _("The form was open for too long, or cookies are disabled. Go back, reload the page and try again.")
    return _render_error(request, 403, _("The form has expired"), text)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = _("There is no such page, or it did not exist yet on the day you are viewing.")
    return _render_error(request, 404, _("Not found"), text)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request, so that the cause of the error cannot break this page too."""
    return HttpResponse(render_to_string("500.html"), status=500)
