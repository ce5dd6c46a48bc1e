"""What called names mean, and the names that need no look."""

from datetime import date

from django.conf import settings
from django.db import models

from dashboard.catalog.models import Entry
from dashboard.core.fields import DayField, NameField
from dashboard.usage.models import CalledName

__all__ = ["IgnoredName", "Resolution"]


class Resolution(models.Model):
    """What a called name means on the days from `from_day` up to, not including, `to_day`.

    `catalog` is the catalog version it was resolved by. The rows of a name cover all days without a gap; nearly
    every name has one row. Another one begins where an alias moved.
    """

    name = models.ForeignKey(CalledName, models.CASCADE, related_name="resolutions", db_index=False)
    from_day = DayField(default=date.min)
    to_day = DayField(default=date.max)
    platform = NameField(max_length=60, help_text='From the log or from the name; "(unknown)"')
    model = NameField(max_length=300, help_text='The name without known prefixes; "(unknown)"')
    entry = models.ForeignKey(Entry, models.SET_NULL, null=True, related_name="+")
    how = models.CharField(max_length=20)
    region = NameField(max_length=40, blank=True, help_text='The region that the name states; "" if none')
    catalog = models.PositiveIntegerField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "from_day"], name="resolution_once_per_day")]
        # The meaning of a name on a day, looked up for every rollup of a refilled day: an index-only scan.
        indexes = [
            models.Index(fields=["name", "from_day", "to_day", "entry", "region"], name="resolution_on_day")
        ]

    def __str__(self) -> str:
        return f"{self.platform}/{self.model} ({self.how})"


class IgnoredName(models.Model):
    """A name that somebody took off the list of unknown models, with the reason.

    `called_as` and `platform` are exactly those of `Resolution`. Its calls stay counted, and stay uncatalogued.
    """

    platform = NameField(max_length=60, editable=False)
    called_as = NameField("name", max_length=300, editable=False)
    reason = models.CharField(max_length=300)
    on = DayField(editable=False, help_text="The day from which it counts")
    at = models.DateTimeField(editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+")

    class Meta:
        ordering = ["called_as", "platform"]
        constraints = [models.UniqueConstraint(fields=["called_as", "platform"], name="ignored_name_once")]

    def __str__(self) -> str:
        return f"{self.platform}/{self.called_as}"
