"""Addresses of pages, cached: a list has a hundred links, and `reverse()` takes 50 microseconds."""

from functools import lru_cache
from typing import Any

from django.urls import get_script_prefix, reverse

__all__ = ["page_path"]


def page_path(page: str, *args: Any) -> str:
    """The path of a page by its name."""
    return _path(get_script_prefix(), page, args)


@lru_cache(maxsize=20_000)
def _path(_prefix: str, page: str, args: tuple) -> str:
    return reverse(page, args=args)
