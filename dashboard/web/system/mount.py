"""Serving below a path, such as https://tools.example.com/sundial/: SUNDIAL_BASE_URL names it."""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings

__all__ = ["accept_full_paths"]

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def accept_full_paths(application: Application) -> Application:
    """`application`, which expects paths without that of the base URL, made to accept both."""

    def mounted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        prefix = settings.FORCE_SCRIPT_NAME
        path = environ.get("PATH_INFO", "")
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            environ = {**environ, "PATH_INFO": path.removeprefix(prefix) or "/"}
        return application(environ, start_response)

    return mounted
