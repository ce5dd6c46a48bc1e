"""Full addresses of pages, for mail and other text that leaves the site."""

from django.conf import settings
from django.urls import get_script_prefix

__all__ = ["absolute_url"]


def absolute_url(path: str) -> str:
    """The full address of `path`, which is as `reverse()` returns it.

    Django puts the base URL's path in front in a request, and not in every thread outside of one.
    """
    return settings.SUNDIAL_BASE_URL + "/" + path.removeprefix(get_script_prefix()).removeprefix("/")
