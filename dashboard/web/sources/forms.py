"""The form of a source: the fields of its kind and no others, each with an example.

Settings without a field of their own stay as they are, and can be seen and changed under “Advanced”. A form reads
and writes no source; `usage.services` saves its candidate.
"""

import copy
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.catalog.models import Platform
from dashboard.core import audit
from dashboard.core.text import mask_values
from dashboard.usage import services
from dashboard.usage.application_rules import application_slug
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.connectors.secrets import SecretError
from dashboard.usage.models import Source
from dashboard.web.sources import fields

__all__ = ["RESERVED", "SourceForm"]

RESERVED = frozenset({"add"})
"""Slugs that would collide with the addresses of pages."""


class SourceForm(forms.Form):
    """The fields that every kind has. `source` is the one to change, or a new one with its kind set.

    While `testing`, no name is needed. `candidate()` is the source as the valid form describes it.
    """

    # Keys of the configuration that have a field of the same name.
    keys: ClassVar[tuple[str, ...]] = ()
    seconds: ClassVar[int] = 30
    # Whether a source can be previewed before it is saved.
    has_preview: ClassVar[bool] = True
    main: ClassVar[tuple[str, ...]] = ()
    advanced: ClassVar[tuple[str, ...]] = ()

    name = fields.text_field(gettext_lazy("Name"), example="Gateway in Frankfurt", max_length=100)
    slug = forms.SlugField(
        label=gettext_lazy("Short name"),
        help_text=gettext_lazy("For addresses and commands; made from the name when left empty."),
        required=False,
        max_length=60,
        widget=forms.TextInput({"class": "input", "placeholder": "gateway", "autocomplete": "off"}),
    )
    platform = fields.choice_field(
        gettext_lazy("Platform"),
        (),
        gettext_lazy("Platform of calls whose record names none, such as openai for a plain access log."),
        required=False,
    )
    deployments = fields.PairsField(
        gettext_lazy("Deployments"),
        gettext_lazy("What your own names stand for, one per line. They decide before everything else."),
        example="prod-gpt35 = gpt-35-turbo-0125\nchat-eu = gpt-4o-2024-08-06",
    )
    poll_seconds = fields.number_field(
        gettext_lazy("Seconds between polls"), gettext_lazy("From 5 to 86,400, which is a day."), 5, 86_400
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)
    extra = fields.ExtraSettingsField(
        gettext_lazy("Further settings"),
        gettext_lazy("A JSON object with what has no field above; docs/sources.md names all settings."),
        rows=4,
    )

    def __init__(self, data: Any = None, *, source: Source, testing: bool = False) -> None:
        self.source = source
        self.testing = testing
        super().__init__(data, initial=self._initial(), use_required_attribute=False)
        platform: Any = self.fields["platform"]
        platform.choices = [("", _("As the record tells")), *_platforms(source.platform)]
        self.fields["name"].required = not testing
        if not self.is_new:
            del self.fields["slug"]
        self.initial["version"] = version_of(source)

    @property
    def is_new(self) -> bool:
        return self.source.pk is None

    @property
    def shown(self) -> list[forms.BoundField]:
        """The fields shown at once, in order."""
        names = ("name", "slug", *self.main, "platform", "deployments")
        return [self[name] for name in names if name in self.fields]

    @property
    def folded(self) -> list[forms.BoundField]:
        """The fields of the “Advanced” section."""
        return [self[name] for name in (*self.advanced, "poll_seconds", "extra") if name in self.fields]

    @property
    def is_unfolded(self) -> bool:
        """Whether the “Advanced” section has settings or errors to show."""
        return any(bound.errors for bound in self.folded) or bool(self["extra"].value())

    def candidate(self) -> Source:
        """A copy of the source with the values of the form, not saved."""
        values = self.cleaned_data
        source = copy.copy(self.source)
        source.name = values["name"] or self.source.name
        if self.is_new:
            source.slug = values.get("slug", "")
        source.platform, source.poll_seconds = values["platform"], values.get("poll_seconds", source.poll_seconds)
        source.deployments = (
            values["deployments"] if "deployments" in self.changed_data else self.source.deployments
        )
        source.config = self._config()
        return source

    def is_stale(self, stored: Source) -> bool:
        """Whether the source, as `stored` now, is not the one that this form showed."""
        return (self.cleaned_data.get("version") or version_of(self.source)) != version_of(stored)

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).replace("\0", "").strip()

    def clean_slug(self) -> str:
        wanted: str = self.cleaned_data["slug"].lower()
        if wanted and (wanted in RESERVED or Source.objects.filter(slug=wanted).exists()):
            raise forms.ValidationError(_("This short name is taken"))
        return wanted or _free_slug(self.cleaned_data.get("name", ""))

    def clean_extra(self) -> dict[str, Any]:
        if "extra" not in self.changed_data:
            return self._unknown()
        found: dict[str, Any] = self.cleaned_data["extra"]
        if known := sorted(found.keys() & set(self.keys)):
            raise forms.ValidationError(_("“%(key)s” has a field of its own") % {"key": known[0]})
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                services.validate(self.candidate(), {} if self.is_new else services.audited_values(self.source))
            except ConnectorError as error:
                self.add_error(error.field or None, list(error.problems))
            except SecretError as error:
                self.add_error(None, str(error))
        return cleaned

    def _initial(self) -> dict[str, Any]:
        source = self.source
        shown = mask_values(source.config)  # the field has not changed then, so what is stored stays
        seconds = self.seconds if source.pk is None else source.poll_seconds
        return {
            "name": source.name,
            "platform": source.platform,
            "deployments": source.deployments,
            "poll_seconds": seconds,
            "extra": self._unknown(),
            "format": source.format,
            "paths": source.paths,
            **{key: shown.get(key) for key in self.keys if source.pk or key in source.config},
        }

    def _unknown(self) -> dict[str, Any]:
        return {key: value for key, value in self.source.config.items() if key not in self.keys}

    def _config(self) -> dict[str, Any]:
        """The configuration as the fields have it, and everything that has no field."""
        config = dict(self.cleaned_data["extra"])
        for key in self.keys:
            value = self.cleaned_data.get(key)
            if not self.is_new and key not in self.changed_data:
                value = self.source.config.get(key)  # as it was stored, whatever its type
            if value not in (None, "", [], {}):
                config[key] = value.isoformat() if hasattr(value, "isoformat") else value
        return config


def version_of(source: Source) -> str:
    """Changes with what the form shows; pausing is a button of its own and stands in no form."""
    fields = (name for name in services.AUDITED_FIELDS if name != "paused")
    return audit.fingerprint({name: getattr(source, name) for name in fields})


def _platforms(stored: str) -> Iterable[tuple[str, str]]:
    found = dict(Platform.objects.order_by("name").values_list("slug", "name"))
    if stored:
        found.setdefault(stored, stored)
    return found.items()


def _free_slug(name: str) -> str:
    """An unused slug, made from a name."""
    base = (slugify(name) or application_slug(name))[:50].strip("-")
    taken = set(Source.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | RESERVED
    return next(slug for n in range(1, len(taken) + 2) if (slug := base if n == 1 else f"{base}-{n}") not in taken)
