"""Health checks, the favicon and the choice of a theme."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, resolve_url
from django.templatetags.static import static
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from dashboard.alerts.undelivered import check_mail
from dashboard.core import clock
from dashboard.core.health import readiness
from dashboard.web.common.context import THEMES

__all__ = ["favicon", "healthz", "readyz", "theme"]

YEAR = 365 * 24 * 3600


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness: this process answers. Needs neither the database nor the broker."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Readiness: the state of database, broker, worker, beat, jobs and mail; 503 unless all are `ok`."""
    now = clock.wall()
    parts = readiness(now)
    if parts["database"]["ok"]:
        parts["mail"] = check_mail(now)
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


@login_not_required
@require_GET
def favicon(request: HttpRequest) -> HttpResponse:
    """The default address of the icon, for pages that do not link one, such as the admin."""
    return redirect(static("dashboard/favicon.svg"))


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Store the theme (light, dark or automatic) in a cookie and redirect back."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = resolve_url("overview")
    response = HttpResponseRedirect(back)
    choice = request.POST.get("theme", "")
    if choice in THEMES:
        response.set_cookie("sundial_theme", choice, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return response
