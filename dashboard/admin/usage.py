"""Sources, applications, and the rules that name applications."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.admin.site import AuditedAdmin, enqueue_scan
from dashboard.catalog.models import Platform
from dashboard.core import clock
from dashboard.core.text import mask_secrets, mask_values
from dashboard.findings import name_resolution
from dashboard.usage import services
from dashboard.usage.attribution import reattribute
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.connectors.registry import kind_label, kinds
from dashboard.usage.connectors.secrets import SecretError
from dashboard.usage.formats import registry
from dashboard.usage.models import Application, ApplicationRule, Source

MAX_DEPLOYMENTS = 5000


class MaskedJSONField(forms.JSONField):
    """JSON whose secrets are not shown again when a form is refused."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        value = super().bound_data(data, initial)
        return InvalidJSONInput(mask_secrets(value)) if isinstance(value, InvalidJSONInput) else mask_values(value)


class SourceForm(forms.ModelForm):
    kind = forms.ChoiceField(label=_("kind"), choices=kinds)
    format = forms.ChoiceField(label=_("format"))
    platform = forms.ChoiceField(label=_("platform"), required=False)

    class Meta:
        model = Source
        field_classes: ClassVar = {"config": MaskedJSONField}
        fields = (
            *("name", "slug", "kind", "format", "platform", "paths", "config"),
            *("deployments", "poll_seconds", "paused"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = services.audited_values(self.instance) if self.instance.pk else {}
        self.initial["config"] = mask_values(self.initial.get("config") or {})
        choices = {
            "format": {name: name or "—" for name in registry.format_choices()},
            "platform": {"": "—", **dict(Platform.objects.order_by("name").values_list("slug", "name"))},
        }
        for name, labels in choices.items():
            if stored := getattr(self.instance, name):
                labels.setdefault(stored, stored)  # a stored value stays valid, even if it is no longer known
            self.fields[name].choices = list(labels.items())  # type: ignore[attr-defined]
            self.fields[name].help_text = Source._meta.get_field(name).help_text  # type: ignore[union-attr]

    def clean_deployments(self) -> dict[str, str]:
        deployments = self.cleaned_data["deployments"] or {}
        named = deployments.values() if isinstance(deployments, dict) else [None]
        if not all(isinstance(model, str) and model for model in named):
            raise forms.ValidationError(
                gettext('Must name a model per deployment, such as {"prod-gpt35": "gpt-35-turbo-0125"}')
            )
        if len(deployments) > MAX_DEPLOYMENTS:
            raise forms.ValidationError(gettext("At most %(count)s deployments") % {"count": MAX_DEPLOYMENTS})
        return deployments

    def clean_config(self) -> dict[str, Any]:
        config = self.cleaned_data["config"] or {}
        if not isinstance(config, dict):
            raise forms.ValidationError(gettext('Must be a JSON object, such as {"provider": "openai"}'))
        stored: dict[str, Any] = self.before.get("config") or {}
        return stored if config == mask_values(stored) else config

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        fields = {
            name: cleaned[name] for name in ("name", "slug", "kind", "paths", "deployments") if name in cleaned
        }
        try:
            services.validate(Source(**fields, config=cleaned.get("config") or {}), self.before)
        except ConnectorError as error:
            self.add_error(error.field or "config", list(error.problems))
        except SecretError as error:
            self.add_error("config", str(error))
        return cleaned


@admin.register(Source)
class SourceAdmin(AuditedAdmin):
    form = SourceForm
    list_display = ("name", "kind_label", "format", "platform", "paused", "polled_at", "problem")
    list_filter = ("kind", "paused")
    search_fields = ("name", "slug", "paths")
    prepopulated_fields = {"slug": ("name",)}
    fields = (
        ("name", "slug"),
        ("kind", "format"),
        "platform",
        "paths",
        "config",
        "deployments",
        ("poll_seconds", "paused"),
        ("polled_at", "problem"),
    )
    readonly_fields = ("polled_at", "problem")

    @admin.display(description=_("kind"), ordering="kind")
    def kind_label(self, source: Source) -> Any:
        return kind_label(source.kind)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        source = super().get_object(request, object_id, from_field)
        if source and not self.has_change_permission(request, source):
            source.config = mask_values(source.config)  # shown as it is, without a form
        return source

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = services.audited_values(Source.objects.get(pk=obj.pk)) if change else {}
        if services.save(obj, before, by=request.user, now=clock.now(), origin="admin"):
            name_resolution.invalidate(obj)
            enqueue_scan()


class ReattributingAdmin(AuditedAdmin):
    """Attributes all callers again after a rule changes."""

    def rules_changed(self) -> None:
        reattribute(clock.now())
        enqueue_scan()


class RuleInline(admin.TabularInline):
    model = ApplicationRule
    extra = 0
    fields = ("position", "field", "pattern")


@admin.register(Application)
class ApplicationAdmin(ReattributingAdmin):
    list_display = ("name", "team", "owner", "criticality")
    list_editable = ("owner", "criticality")
    list_filter = ("criticality", ("owner", admin.EmptyFieldListFilter), "team")
    search_fields = ("name", "slug", "team", "owner")
    list_per_page = 50
    prepopulated_fields = {"slug": ("name",)}
    fields = (("name", "slug"), "team", "owner", "criticality")
    inlines = (RuleInline,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if any(formset.has_changed() for formset in formsets):
            self.rules_changed()


@admin.register(ApplicationRule)
class ApplicationRuleAdmin(ReattributingAdmin):
    list_display = ("position", "field", "pattern", "application")
    list_display_links = ("pattern",)
    list_filter = ("field",)
    list_select_related = ("application",)
    search_fields = ("pattern", "application__name")
    autocomplete_fields = ("application",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self.rules_changed()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self.rules_changed()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        super().delete_queryset(request, queryset)
        self.rules_changed()
