"""The outbox: a message is stored before it is sent, together with the reasons it reports."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from dashboard.core.fields import DayField
from dashboard.findings.models import Finding

__all__ = ["Channel", "Delivery", "Notice", "Reason", "State"]


class Channel(models.TextChoices):
    EMAIL = "email", _("Email")


class State(models.TextChoices):
    PENDING = "pending", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Given up")
    UNKNOWN = "unknown", _("Fate unknown")
    REPLACED = "replaced", _("Reported in a later digest")


class Reason(models.TextChoices):
    THRESHOLD = "threshold", _("days before the sunset")
    NEW = "new", _("new finding")
    REGRESSED = "regressed", _("calls are back")
    MOVED = "moved", _("the date moved")
    LATE = "late", _("weekly reminder")


class Delivery(models.Model):
    """One message to one address: the outbox."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    recipient = models.CharField(_("recipient"), max_length=320)
    as_of = DayField(_("as of"))
    subject = models.CharField(_("subject"), max_length=300)
    text = models.TextField(_("text"))
    html = models.TextField(_("html"), blank=True)
    message_id = models.CharField(_("message id"), max_length=200, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created at"))
    next_try_at = models.DateTimeField(_("next try at"))
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "next_try_at"], name="delivery_due"),
            models.Index(fields=["-sent_at"], name="delivery_sent"),  # the last mail that was accepted
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.recipient}"


class Notice(models.Model):
    """One finding reported for one reason, in one delivery. The constraint makes sure that it is reported once.

    A digest that reached nobody gives its notices up to the next one (`alerts.undelivered`).

    `step` distinguishes occasions of one reason: the threshold in days, the number of the open period, the week
    of a reminder. A moved sunset date starts the thresholds again.
    """

    delivery = models.ForeignKey(Delivery, models.CASCADE, verbose_name=_("delivery"), related_name="notices")
    finding = models.ForeignKey(Finding, models.CASCADE, verbose_name=_("finding"), related_name="notices")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    step = models.IntegerField(_("step"))
    sunset_on = DayField(_("sunset on"))

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(
                fields=["finding", "channel", "reason", "step", "sunset_on"], name="notice_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}: {self.finding_id}"
