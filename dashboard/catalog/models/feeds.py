"""Differences between feeds and the catalog, with evidence and decision, and the state of each feed."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from dashboard.catalog.choices import Difference, ProposalState
from dashboard.catalog.models.fields import MessageField

__all__ = ["FeedState", "ProposedChange"]


class ProposedChange(models.Model):
    """One difference between a feed and the catalog: an entry to add, or one point of an entry.

    `field` is a kind of milestone, `replacements`, `aliases` or `entry`; the values are as in
    `feeds.diff.FieldDifference`. A difference that is gone or became another is superseded, never changed.
    """

    feed = models.CharField(max_length=60)
    platform = models.ForeignKey("catalog.Platform", models.CASCADE, related_name="+")
    name = models.CharField("id", max_length=200)
    entry = models.ForeignKey("catalog.Entry", models.CASCADE, null=True, related_name="proposals")
    field = models.CharField(max_length=20)
    region = models.CharField(max_length=40, blank=True)
    change = models.CharField(max_length=12, choices=Difference)
    old = models.JSONField(null=True)
    new = models.JSONField()
    source_url = models.URLField("source", max_length=500)
    seen_on = models.DateField(null=True, help_text="The day on which the feed's maker read it")
    evidence = models.TextField(blank=True)
    review_reason = MessageField(null=True, help_text="Why it needs a person to decide")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=ProposalState, default=ProposalState.PENDING)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["platform__slug", "name", "field", "region", "feed"]
        constraints = [
            models.UniqueConstraint(
                fields=["feed", "platform", "name", "field", "region"],
                condition=Q(state=ProposalState.PENDING),
                name="proposal_waits_once",
            )
        ]
        indexes = [
            # Pending proposals by platform and id, and their number.
            models.Index(fields=["state", "platform", "name"], name="proposal_waiting"),
            # The proposals of a feed, newest first.
            models.Index(fields=["feed", "-id"], name="proposal_of_feed"),
        ]

    def __str__(self) -> str:
        return f"{self.platform.slug}/{self.name}: {self.get_change_display()} ({self.feed})"


class FeedState(models.Model):
    """The state of one feed: the last good copy, and the problem since then, if any."""

    name = models.CharField(max_length=60, primary_key=True)
    location = models.CharField(max_length=500, blank=True, help_text="Address or file that was read last")
    tried_at = models.DateTimeField(null=True)
    good_at = models.DateTimeField(null=True)
    entries = models.PositiveIntegerField(default=0, help_text="Models in the last good copy")
    counts = models.JSONField(default=dict, help_text="What became of its records")
    etag = models.CharField(max_length=200, blank=True)
    catalog = models.CharField(max_length=32, blank=True, help_text="The catalog it was compared with")
    problem = MessageField(null=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
