"""The choices of catalog fields. Values are public (YAML, JSON, URLs); labels are translated."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

__all__ = ["Confidence", "Difference", "Kind", "MilestoneKind", "OnSunset", "Precision", "ProposalState"]


class Kind(TextChoices):
    CHAT = "chat", _("Chat")
    COMPLETION = "completion", _("Completion")
    EDIT = "edit", _("Edit")
    EMBEDDING = "embedding", _("Embedding")
    IMAGE = "image", _("Image")
    AUDIO = "audio", _("Audio")
    VIDEO = "video", _("Video")
    MODERATION = "moderation", _("Moderation")
    RERANK = "rerank", _("Rerank")
    OCR = "ocr", _("OCR")
    ENDPOINT = "endpoint", _("API endpoint")
    OTHER = "other", _("Other")


class MilestoneKind(TextChoices):
    ANNOUNCED = "announced", _("Announced")
    LEGACY = "legacy", _("Legacy")
    CLOSED_TO_NEW = "closed_to_new", _("Closed to new customers")
    FINE_TUNING_CLOSED = "fine_tuning_closed", _("Fine-tuning closed")
    PRICE_CHANGE = "price_change", _("Price change")
    LOCKOUT = "lockout", _("Idle accounts lose access")
    SUNSET = "sunset", _("Sunset")


class Precision(TextChoices):
    DAY = "day", _("on that day")
    NOT_BEFORE = "not_before", _("not before that day")
    MONTH = "month", _("some day of that month")
    TENTATIVE = "tentative", _("tentative")


class OnSunset(TextChoices):
    FAILS = "fails", _("Calls fail")
    REDIRECTS = "redirects", _("Calls are redirected")


class Confidence(TextChoices):
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low (unverified)")


class Difference(TextChoices):
    """How a feed differs from the catalog."""

    NEW = "new", _("New entry")
    FIRST = "first", _("New fact")
    MOVED = "moved", _("Moved date")
    SHARPENED = "sharpened", _("Other precision")
    WITHDRAWN = "withdrawn", _("Date taken back")
    REPLACED = "replaced", _("Other replacements")


class ProposalState(TextChoices):
    """The state of a proposal. `superseded`: the feed or the catalog has changed since."""

    PENDING = "pending", _("Waiting")
    APPLIED = "applied", _("Applied by itself")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")
    SUPERSEDED = "superseded", _("Superseded")
