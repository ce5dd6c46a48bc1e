"""The context of the page layout: the day control, the theme, the navigation.

Queries: the visitor's permissions, and for editors the number of pending proposals.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.catalog import freshness
from dashboard.catalog.feeds.proposals import pending_proposals
from dashboard.core import clock
from dashboard.web.common.as_of import AsOfControl, as_of_control
from dashboard.web.common.permissions import REVIEW

__all__ = ["THEMES", "NavItem", "Site", "ThemeChoice", "site"]

THEMES = {"light": _("Light"), "dark": _("Dark"), "auto": _("Auto")}


@dataclass(frozen=True, slots=True)
class NavItem:
    """One item of the navigation; it is current on the pages with the URL names in `names`."""

    name: str
    label: str | Promise
    icon: str
    names: frozenset[str]
    current: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class ThemeChoice:
    """One button of the theme switch; `pressed` is a value of aria-pressed."""

    value: str
    label: str | Promise
    pressed: str


@dataclass(frozen=True, slots=True)
class Site:
    """The layout of a page. `theme` is "auto", "light" or "dark"."""

    day: AsOfControl
    theme: str
    themes: tuple[ThemeChoice, ...]
    nav: tuple[NavItem, ...]
    demo: bool
    version: str
    catalog_age: int | None = None
    """Days since the catalog was last verified, once that is too long ago."""


NAVIGATION = (
    ("overview", _("Overview"), "sun", {"overview"}),
    ("timeline", _("Timeline"), "timeline", {"timeline"}),
    ("deadlines", _("Deadlines"), "sunset", {"deadlines", "deadline"}),
    ("findings", _("Findings"), "flag", {"findings", "finding"}),
    ("applications", _("Applications"), "app", {"applications", "application"}),
    ("models", _("Models"), "model", {"models", "model"}),
    (
        "uncatalogued",
        _("Unknown models"),
        "question",
        {"uncatalogued", "uncatalogued_name", "uncatalogued_action"},
    ),
    ("review", _("Review"), "check", {"review", "review_edit"}),
    ("sources", _("Sources"), "source", {"sources", "source", "source_add", "source_edit"}),
    ("guides", _("Guides"), "guide", {"guides"}),
)


def site(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `site` for every template."""
    match = request.resolver_match
    here = match.url_name if match else ""
    today = getattr(request, "today", None) or clock.today()
    theme = request.COOKIES.get("sundial_theme", "auto")
    theme = theme if theme in THEMES else "auto"
    return {
        "site": Site(
            day=as_of_control(getattr(request, "as_of", today), today, demo=settings.SUNDIAL_DEMO),
            theme=theme,
            themes=tuple(ThemeChoice(key, label, str(key == theme).lower()) for key, label in THEMES.items()),
            nav=_nav(here or "", getattr(request, "user", None)),
            demo=settings.SUNDIAL_DEMO,
            version=settings.VERSION,
            catalog_age=freshness.stale_days(clock.now()),
        )
    }


def _nav(here: str, user: Any) -> tuple[NavItem, ...]:
    """The navigation items that `user` may open."""
    reviews = bool(user and user.is_authenticated and user.has_perm(REVIEW))
    counts = {"review": pending_proposals().count()} if reviews else {}
    return tuple(
        NavItem(name, label, icon, frozenset(names), current=here in names, count=counts.get(name, 0))
        for name, label, icon, names in NAVIGATION
        if name != "review" or reviews
    )
