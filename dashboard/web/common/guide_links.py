"""The migration guides, sections of /guides/, and the entries each of them is for."""

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

__all__ = ["GUIDES", "Guide", "guide_for"]


@dataclass(frozen=True, slots=True)
class Guide:
    """One section of the guides page; `kinds` are the kinds of entries it answers for."""

    slug: str
    title: str | Promise
    kinds: frozenset[str] = frozenset()

    @property
    def template(self) -> str:
        return f"guides/topics/{self.slug}.html"


GUIDES = (
    Guide("completions", _("From completions to chat, or to an instruct model"), frozenset({"completion"})),
    Guide("edits", _("From edits to chat"), frozenset({"edit"})),
    Guide("embeddings", _("New embeddings: embed everything again"), frozenset({"embedding"})),
    Guide("fine-tunes", _("Fine-tunes: train again on a new base")),
    Guide("chat", _("From one chat model to the next"), frozenset({"chat"})),
    Guide("endpoints", _("When an endpoint goes"), frozenset({"endpoint"})),
)
BY_SLUG = {guide.slug: guide for guide in GUIDES}
FINE_TUNE = re.compile(r"^ft:|:ft-")


def guide_for(kind: str, entry_id: str = "", called_as: tuple[str, ...] = ()) -> Guide | None:
    """The guide for leaving an entry of a kind; calls to a fine-tune of it need their own."""
    if any(FINE_TUNE.search(name) for name in called_as) or "fine-tun" in entry_id or "fine_tun" in entry_id:
        return BY_SLUG["fine-tunes"]
    if kind == "endpoint":
        own = {"/v1/edits": "edits", "/v1/completions": "completions"}
        return BY_SLUG[own.get(entry_id, "endpoints")]
    return next((guide for guide in GUIDES if kind in guide.kinds), None)
