"""The form of each kind of source."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.usage.connectors.files.listing import INBOX
from dashboard.usage.connectors.sql.connector import PRESETS
from dashboard.usage.connectors.sync_window import EARLIEST
from dashboard.usage.connectors.usage_api.providers import PROVIDERS
from dashboard.usage.models import Source
from dashboard.web.common.filters import LabelText
from dashboard.web.sources import fields
from dashboard.web.sources.format_form import LogFormatForm
from dashboard.web.sources.forms import SourceForm

__all__ = ["FORMS", "BackFillForm", "form_for"]

PRESET_LABELS: dict[str, LabelText] = {
    "litellm-spendlogs": gettext_lazy("LiteLLM’s spend logs, per hour"),
    "litellm-daily": gettext_lazy("LiteLLM’s daily sums"),
    "langfuse": gettext_lazy("Langfuse on ClickHouse"),
    "helicone": gettext_lazy("Helicone on ClickHouse"),
}
PROVIDER_LABELS = {"openai": "OpenAI", "anthropic": "Anthropic"}
SINCE = gettext_lazy("The first day to read; a week ago when left empty.")


class FilesForm(LogFormatForm):
    keys = ("columns",)
    main = ("paths", "format")
    advanced = ("columns",)

    paths = fields.PathsField(
        gettext_lazy("Files"),
        gettext_lazy("One folder, file or pattern per line. A folder stands for everything below it."),
        example="/var/log/gateway/*.jsonl\n/var/log/nginx/access.log*",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.source.slug == INBOX:
            del self.fields["paths"]

    def candidate(self) -> Source:
        source = super().candidate()
        source.paths = self.cleaned_data.get("paths", source.paths)
        return source


class SqlForm(SourceForm):
    keys = ("url", "preset", "table", "columns", "bucket", "time_unit", "since", "window_hours")
    seconds = 60
    main = ("url", "preset", "table", "columns", "since")
    advanced = ("bucket", "time_unit", "window_hours")

    url = fields.SecretNameField(
        gettext_lazy("Address of the database"),
        gettext_lazy(
            "The name of an environment variable that holds it, as it has a password in it. "
            "Its user needs to read one table and nothing else."
        ),
        example="env:LITELLM_DB",
    )
    preset = fields.choice_field(
        gettext_lazy("What it is"),
        [*((name, PRESET_LABELS.get(name, name)) for name in PRESETS), ("", gettext_lazy("Another table"))],
        required=False,
        initial=next(iter(PRESETS)),
    )
    table = fields.text_field(
        gettext_lazy("Table"),
        gettext_lazy("With its schema where there is one; empty for the one that is usual there."),
        example="public.llm_calls",
        required=False,
        max_length=200,
    )
    columns = fields.PairsField(
        gettext_lazy("Columns"),
        gettext_lazy("Our field = your column, one per line; time and model are needed."),
        example="time = created_at\nmodel = model_name\napplication = service\nstatus = http_status",
        rows=5,
    )
    since = fields.day_field(gettext_lazy("From"), SINCE)
    bucket = fields.choice_field(
        gettext_lazy("Sums per"),
        [("", gettext_lazy("hour")), ("day", gettext_lazy("day"))],
        gettext_lazy("A day where the time is a date or a text."),
        required=False,
    )
    time_unit = fields.choice_field(
        gettext_lazy("A time that is a number counts"),
        [("", gettext_lazy("seconds")), ("ms", gettext_lazy("milliseconds"))],
        required=False,
    )
    window_hours = fields.number_field(
        gettext_lazy("Hours that are read again"),
        gettext_lazy("With every poll, so that rows written late count. Empty: 3, or 72 where sums are per day."),
        1,
        336,
        required=False,
    )

    def clean_since(self) -> Any:
        return day_in_range(self.cleaned_data["since"])

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if not cleaned.get("preset"):
            if "table" in cleaned and not cleaned["table"]:
                self.add_error("table", _("Name the table"))
            if "columns" in cleaned and not {"time", "model"} <= cleaned["columns"].keys():
                self.add_error("columns", _("Name at least the columns of time and model"))
        return super().clean()


class UsageApiForm(SourceForm):
    keys = ("provider", "key", "endpoints", "since", "url")
    seconds = 600
    main = ("provider", "key", "since")
    advanced = ("endpoints", "url")

    provider = fields.choice_field(
        gettext_lazy("Provider"), [(name, PROVIDER_LABELS.get(name, name)) for name in PROVIDERS]
    )
    key = fields.SecretNameField(
        gettext_lazy("Admin key"),
        gettext_lazy("The name of an environment variable that holds it. Providers refuse ordinary keys here."),
        example="env:OPENAI_ADMIN_KEY",
    )
    since = fields.day_field(gettext_lazy("From"), SINCE)
    endpoints = forms.MultipleChoiceField(
        label=gettext_lazy("Endpoints of OpenAI"),
        help_text=gettext_lazy("None chosen: completions and embeddings."),
        choices=[(name, name) for name in PROVIDERS["openai"].endpoints],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    url = fields.text_field(
        gettext_lazy("Another address"),
        gettext_lazy("Of a server that speaks the provider’s API."),
        example="https://usage-proxy.example",
        required=False,
        max_length=300,
    )

    def clean_since(self) -> Any:
        return day_in_range(self.cleaned_data["since"])

    def clean_url(self) -> str:
        return without_password(self.cleaned_data["url"])

    def clean(self) -> dict[str, Any]:
        provider = PROVIDERS.get(self.cleaned_data.get("provider", ""))
        if provider and not set(self.cleaned_data.get("endpoints", ())) <= set(provider.endpoints):
            self.add_error("endpoints", _("This provider has none of these: leave them out"))
        return super().clean()


class S3Form(LogFormatForm):
    keys = (
        *("bucket", "prefix", "region", "endpoint_url", "access_key", "secret_key"),
        *("since", "window_days", "columns"),
    )
    seconds = 300
    main = ("bucket", "prefix", "region", "endpoint_url", "access_key", "secret_key", "format", "since")
    advanced = ("columns", "window_days")

    bucket = fields.text_field(gettext_lazy("Bucket"), example="acme-llm-logs", max_length=255)
    prefix = fields.LinesField(  # type: ignore[assignment]  # as the configuration calls it; a form has its own apart
        gettext_lazy("Prefixes"),
        gettext_lazy("What the keys of the objects begin with, one per line; empty for the whole bucket."),
        example="AWSLogs/123456789012/BedrockModelInvocationLogs/",
    )
    region = fields.text_field(gettext_lazy("Region"), example="eu-central-1", required=False, max_length=60)
    endpoint_url = fields.text_field(
        gettext_lazy("Address of the store"),
        gettext_lazy("For stores other than Amazon’s that speak S3."),
        example="https://minio.example:9000",
        required=False,
        max_length=300,
    )
    access_key = fields.SecretNameField(
        gettext_lazy("Access key"),
        gettext_lazy("The name of an environment variable; without it, the machine’s own credentials are used."),
        example="env:LOGS_ACCESS_KEY",
        required=False,
    )
    secret_key = fields.SecretNameField(
        gettext_lazy("Secret key"),
        gettext_lazy("The name of an environment variable, too."),
        example="env:LOGS_SECRET_KEY",
        required=False,
    )
    since = fields.day_field(gettext_lazy("From"), SINCE)
    window_days = fields.number_field(
        gettext_lazy("Days that are listed with every poll"),
        gettext_lazy("Late objects in older folders are found once a day. Empty: 3."),
        1,
        60,
        required=False,
    )

    def clean_since(self) -> Any:
        return day_in_range(self.cleaned_data["since"])

    def clean_bucket(self) -> str:
        bucket = str(self.cleaned_data["bucket"])
        if "/" in bucket or len(bucket) < 3:
            raise forms.ValidationError(_("Only the bucket’s name, without s3:// and without a prefix"))
        return bucket

    def clean_endpoint_url(self) -> str:
        return without_password(self.cleaned_data["endpoint_url"])

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        for one, other in (("access_key", "secret_key"), ("secret_key", "access_key")):
            if cleaned.get(one) and other in cleaned and not cleaned[other]:
                self.add_error(other, _("Name both keys, or neither"))
        return super().clean()


class PushForm(LogFormatForm):
    """A push source is not polled, and there is nothing to preview before something is pushed."""

    main = ("format",)
    has_preview = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["poll_seconds"]
        self.fields["format"].help_text = _("Of files that are pushed without naming theirs. OTLP tells its own.")


class BackFillForm(forms.Form):
    """The first day to read of a source with a history."""

    since = fields.day_field(gettext_lazy("From"))


FORMS: dict[str, type[SourceForm]] = {
    "watch": FilesForm,
    "sql": SqlForm,
    "http": UsageApiForm,
    "s3": S3Form,
    "push": PushForm,
}
"""The form of each kind that can be added on the pages, in the order in which they are offered."""


def form_for(source: Source, data: Any = None, *, testing: bool = False) -> SourceForm | None:
    """The form of a source's kind; None for a kind without one, such as imports."""
    form = FORMS.get(source.kind)
    return form(data, source=source, testing=testing) if form else None


def without_password(address: str) -> str:
    if fields.looks_like_key(address):
        raise forms.ValidationError(_("Leave out user and password"))
    return address


def day_in_range(day: Any) -> Any:
    if day and day < EARLIEST:
        raise forms.ValidationError(_("Choose a day from %(first)s on") % {"first": f"{EARLIEST:%Y-%m-%d}"})
    return day
