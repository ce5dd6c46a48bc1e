"""The catalog: which models retire, when, and what replaces them.

An `Entry` is one model id or API endpoint on one platform. All dated facts are in
`Revision`s, one per statement of a source on a day. Revisions are append-only: the state known on day D is
given by the revisions with `known_on <= D`, the latest value of each point winning.
Stage and days left are derived (`lifecycle.py`), never stored.
"""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dashboard.catalog.choices import Confidence, Kind, MilestoneKind, OnSunset, Precision

__all__ = [
    "Alias",
    "CatalogVersion",
    "Entry",
    "Milestone",
    "Platform",
    "Replacement",
    "Revision",
    "Vendor",
]


class Vendor(models.Model):
    """Who makes a model."""

    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        verbose_name = _("vendor")
        verbose_name_plural = _("vendors")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Platform(models.Model):
    """Where models are called and whose dates apply. `slug` is the public name (`aws-bedrock`)."""

    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=100)
    url = models.URLField(_("lifecycle page"), max_length=500, blank=True)
    case_sensitive = models.BooleanField(_("model names are case-sensitive"), default=True)

    class Meta:
        verbose_name = _("platform")
        verbose_name_plural = _("platforms")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Entry(models.Model):
    """One callable model id, or one API path family with its own lifecycle, on one platform."""

    platform = models.ForeignKey(Platform, models.PROTECT, verbose_name=_("platform"), related_name="entries")
    vendor = models.ForeignKey(
        Vendor, models.PROTECT, verbose_name=_("vendor"), null=True, blank=True, related_name="entries"
    )
    name = models.CharField(
        _("id"),
        max_length=200,
        validators=[RegexValidator(r"^\S(.*\S)?$", "An id neither starts nor ends with a blank")],
        help_text=_("As calls write it, such as text-davinci-003; an endpoint is its path, such as /v1/edits"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.CHAT)
    released_on = models.DateField(_("released on"), null=True, blank=True)
    confidence = models.CharField(
        _("confidence"),
        max_length=10,
        choices=Confidence,
        default=Confidence.HIGH,
        help_text=_("Low shows as unverified wherever the entry does"),
    )
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        ordering = ["platform__slug", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "name"],
                name="entry_once_per_platform",
                violation_error_message="This platform already has an entry with this id",
            )
        ]

    def __str__(self) -> str:
        return f"{self.platform.slug}/{self.name}"

    def get_absolute_url(self) -> str:
        return reverse("model", args=[self.platform.slug, self.name.lstrip("/")])


class Alias(models.Model):
    """Another name for an entry on its platform, optionally for a span of days (both included)."""

    entry = models.ForeignKey(Entry, models.CASCADE, verbose_name=_("entry"), related_name="aliases")
    platform = models.ForeignKey(
        Platform, models.CASCADE, verbose_name=_("platform"), related_name="+", editable=False
    )
    name = models.CharField(_("name"), max_length=200)
    from_on = models.DateField(_("from"), null=True, blank=True)
    to_on = models.DateField(_("to"), null=True, blank=True)
    source_url = models.URLField(_("source"), max_length=500, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")
        ordering = ["name", "from_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "name", "from_on"],
                name="alias_once_per_day",
                violation_error_message="This alias already starts on that day",
            ),
            models.UniqueConstraint(
                fields=["platform", "name"],
                condition=Q(from_on=None),
                name="alias_once",
                violation_error_message="This platform already has this alias",
            ),
            models.CheckConstraint(
                condition=Q(from_on__isnull=True) | Q(to_on__isnull=True) | Q(from_on__lte=F("to_on")),
                name="alias_span_in_order",
                violation_error_message="An alias ends on or after the day it starts",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a name that another entry of the platform owns on any of the same days."""
        platform = self.entry.platform
        self.platform_id = platform.pk
        named = {"platform": platform, "name" if platform.case_sensitive else "name__iexact": self.name}
        if Entry.objects.filter(**named).exists():
            raise ValidationError({"name": _("%(name)s is the id of an entry itself") % {"name": self.name}})
        rivals = Alias.objects.filter(**named).exclude(pk=self.pk)
        if self.to_on:
            rivals = rivals.filter(Q(from_on__isnull=True) | Q(from_on__lte=self.to_on))
        if self.from_on:
            rivals = rivals.filter(Q(to_on__isnull=True) | Q(to_on__gte=self.from_on))
        if rival := rivals.select_related("entry__platform").first():
            raise ValidationError(
                {"name": _("%(name)s already belongs to %(entry)s") % {"name": self.name, "entry": rival.entry}}
            )

    def save(self, *args, **kwargs) -> None:
        self.platform_id = self.entry.platform_id
        super().save(*args, **kwargs)


class Revision(models.Model):
    """The statement of one source about one entry on one day. Append-only.

    `known_on` is the day it was public; `source_day` the day of the copy that was read. An empty
    `on_sunset` leaves that point as it was; replacements are left as they were unless
    `sets_replacements`, in which case this revision's list (perhaps empty) is the new one.
    """

    entry = models.ForeignKey(Entry, models.CASCADE, verbose_name=_("entry"), related_name="revisions")
    known_on = models.DateField(_("known on"))
    source_url = models.URLField(_("source"), max_length=500)
    source_day = models.DateField(_("source day"), null=True, blank=True)
    note = models.TextField(_("note"), blank=True)
    on_sunset = models.CharField(_("on sunset"), max_length=10, choices=OnSunset, blank=True)
    sets_replacements = models.BooleanField(_("sets replacements"), default=False)
    origin = models.CharField(_("origin"), max_length=80, default="file", editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    recorded_at = models.DateTimeField(_("recorded at"), editable=False)

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["known_on", "id"]
        # The revisions known on a day, latest first.
        indexes = [models.Index(fields=["entry", "-known_on", "-id"], name="revision_newest")]

    def __str__(self) -> str:
        return f"{self.entry} as of {self.known_on}"


class Milestone(models.Model):
    """One milestone of a revision; an empty `on` withdraws it."""

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="milestones")
    kind = models.CharField(max_length=20, choices=MilestoneKind)
    region = models.CharField(max_length=40, blank=True, help_text="Empty for every region")
    on = models.DateField(null=True, blank=True)
    precision = models.CharField(max_length=12, choices=Precision, default=Precision.DAY)

    class Meta:
        ordering = ["revision", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "kind", "region"],
                name="milestone_once_per_revision",
                violation_error_message="One date per step and region",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.on or 'withdrawn'}"


class Replacement(models.Model):
    """One recommended replacement, in order of preference."""

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="replacements")
    position = models.PositiveSmallIntegerField()
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="replaces")

    class Meta:
        ordering = ["revision", "position"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "position"], name="replacement_in_order"),
            models.UniqueConstraint(fields=["revision", "entry"], name="replacement_once"),
        ]

    def __str__(self) -> str:
        return str(self.entry)


class CatalogVersion(models.Model):
    """A single row that every catalog change bumps, so that processes know when to reload.

    `number` is stored with derived data, to detect that it is out of date. `token` is unique to each state, also
    in a restored database, so that no process mistakes an old catalog for a new one.
    """

    number = models.PositiveIntegerField(default=0)
    token = models.CharField(max_length=32, blank=True)
    changed_at = models.DateTimeField(null=True)
    shipped = models.CharField(max_length=64, blank=True, help_text="Digest of the shipped files as last loaded")

    def __str__(self) -> str:
        return str(self.number)
