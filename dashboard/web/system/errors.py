"""Error pages."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import (
    REASON_BAD_ORIGIN,
    REASON_BAD_REFERER,
    REASON_INSECURE_REFERER,
    REASON_MALFORMED_REFERER,
    REASON_NO_CSRF_COOKIE,
    REASON_NO_REFERER,
)
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

__all__ = ["bad_request", "csrf_failure", "forbidden", "not_found", "server_error", "unavailable"]


ADDRESS_REASONS = (
    REASON_BAD_ORIGIN,
    REASON_BAD_REFERER,
    REASON_INSECURE_REFERER,
    REASON_MALFORMED_REFERER,
    REASON_NO_REFERER,
)


def _render_error(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "system/error.html", {"status": status, "title": title, "text": text}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = str(exception or "") or _("The address or the form is not valid.")
    return _render_error(request, 400, _("Bad request"), text)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = _("You need the editor role for this. Ask an administrator.")
    return _render_error(request, 403, _("Permission denied"), text)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came from another address than ours is told apart from one that was open for too long."""
    address = _sender(request)
    if _is_wrong_address(address, reason):
        text = _(
            "The form was sent from %(address)s, but Sundial’s address is %(base_url)s. Open it there. "
            "If %(address)s is right, an administrator sets SUNDIAL_BASE_URL to it; a proxy in front "
            "must keep the Host header and send X-Forwarded-Proto."
        )
        values = {"address": address or _("an unknown address"), "base_url": settings.SUNDIAL_BASE_URL}
        return _render_error(request, 403, _("Opened under another address"), text % values)
    text = _("The form was open for too long, or cookies are disabled. Go back, reload the page and try again.")
    return _render_error(request, 403, _("The form has expired"), text)


def _sender(request: HttpRequest) -> str:
    """Scheme and host of the page that sent the form, as far as the browser says; else of the request."""
    for address in (request.headers.get("Origin", ""), request.headers.get("Referer", "")):
        try:
            parts = urlsplit(address)
        except ValueError:
            continue
        if parts.scheme and parts.netloc:
            return f"{parts.scheme}://{parts.netloc}"[:200]
    return f"{request.scheme}://{request.get_host()}"


def _is_wrong_address(address: str, reason: str) -> bool:
    if reason == REASON_NO_CSRF_COOKIE:  # over plain http, a browser keeps no cookie that is for https
        return settings.CSRF_COOKIE_SECURE and not address.startswith("https://")
    return any(reason.startswith(known.partition("%s")[0]) for known in ADDRESS_REASONS)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = _("There is no such page, or it did not exist yet on the day you are viewing.")
    return _render_error(request, 404, _("Not found"), text)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request, so that the cause of the error cannot break this page too."""
    return HttpResponse(render_to_string("500.html"), status=500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Rendered without the request, which would ask the database who is signed in."""
    return HttpResponse(render_to_string("503.html"), status=503)
