"""Limits on sign-in: failures per account, per client address, and per known device, each within 15 minutes.

A locked account can still be signed in to from a browser that did so before: its signed cookie gives it a count of
its own, which nobody else can use up. django-axes stores the failures.
"""

import ipaddress
import secrets
from collections.abc import Callable
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from django.conf import settings
from django.core import signing
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse

from dashboard.core.text import clean

__all__ = [
    "ADDRESS_LIMIT",
    "DEVICE_COOKIE",
    "KnownDeviceMiddleware",
    "SignInHandler",
    "account_name",
    "client_address",
]

ADDRESS_LIMIT = 50
"""Failures from one address, over all accounts; many people may share one."""
DEVICE_COOKIE = "sundial_device"
DEVICE_SECONDS = 90 * 24 * 3600
SALT = "sundial.known-device"
LONGEST_NAME = 150  # of Django's users


def client_address(request: HttpRequest) -> str | None:
    """Who asks: the nearest address that is not a proxy of `SUNDIAL_TRUSTED_PROXIES`.

    `X-Forwarded-For` counts only as far as trusted proxies wrote it; who connects directly cannot choose one.
    """
    address = _parse(request.META.get("REMOTE_ADDR", ""))
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while address is not None and _is_trusted(address) and forwarded:
        before = _parse(forwarded.pop())
        if before is None:
            break
        address = before
    return str(address) if address is not None else None


def account_name(request: HttpRequest, credentials: dict | None = None) -> str:
    """The name that failures are counted under: as given, without control characters, as long as a name can be."""
    return clean((credentials or {}).get("username") or request.POST.get("username", ""), LONGEST_NAME)


class SignInHandler(AxesDatabaseHandler):
    """django-axes' handler, with a limit for each of the three; known devices have their own count."""

    def get_failures(self, request: HttpRequest, credentials: dict | None = None) -> int:
        """The largest count, in failures of an account."""
        by_account, by_address, by_client = self.get_user_attempts(request, credentials)
        if _mark_device(request, credentials):
            *_, by_client = self.get_user_attempts(request, credentials)
            return _failures(by_client)
        scaled = _failures(by_address) * settings.AXES_FAILURE_LIMIT // ADDRESS_LIMIT
        return max(_failures(by_account), scaled)

    def user_login_failed(
        self, sender: Any, credentials: dict, request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        if request is not None:
            _mark_device(request, credentials)
        super().user_login_failed(sender, credentials, request, **kwargs)


class KnownDeviceMiddleware:
    """Marks a browser in which somebody signed in as a known device of theirs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        name = getattr(request, "signed_in_as", "")
        if name:
            response.set_cookie(
                DEVICE_COOKIE,
                signing.dumps([name, secrets.token_hex(8)], salt=SALT),
                max_age=DEVICE_SECONDS,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response


def remember_sign_in(request: HttpRequest | None, user: Any, **_kwargs: Any) -> None:
    """Receiver of `user_logged_in`: the response will carry the cookie of a known device."""
    if request is not None:
        request.signed_in_as = user.get_username()  # type: ignore[attr-defined]


def _mark_device(request: HttpRequest, credentials: dict | None) -> bool:
    """Count a known device of this account by itself, under a name that no other client can have."""
    try:
        name, device = signing.loads(request.COOKIES.get(DEVICE_COOKIE, ""), salt=SALT, max_age=DEVICE_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return False
    if name != (credentials or {}).get("username"):
        return False
    request.axes_user_agent = f"known device {device}"  # type: ignore[attr-defined]
    return True


def _failures(attempts: QuerySet) -> int:
    return attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in settings.SUNDIAL_TRUSTED_PROXIES)
