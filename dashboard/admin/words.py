"""The admin's words for models and fields, in the reader's language.

Django derives these words from the names of classes and columns, where no translator finds them. They are
listed here and looked up when shown; the models, and so the migrations, keep them as they are.
"""

from django.apps import AppConfig, apps
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy, gettext_noop, pgettext_lazy

from dashboard.catalog.choices import MilestoneKind

__all__ = ["ACTIONS", "APPS", "HELP", "LOGGED", "NAMES", "OTHERS", "action_word", "field_word", "value_words"]

APPS = {
    "access": gettext_noop("Access"),
    "alerts": gettext_noop("Alerts"),
    "catalog": gettext_noop("Catalog"),
    "findings": gettext_noop("Findings"),
    "core": gettext_noop("Audit log"),
    "usage": gettext_noop("Usage"),
}

NAMES = frozenset(
    {
        gettext_noop("API token"),
        gettext_noop("API tokens"),
        gettext_noop("action"),
        gettext_noop("after"),
        gettext_noop("alias"),
        gettext_noop("aliases"),
        gettext_noop("application"),
        gettext_noop("application rule"),
        gettext_noop("application rules"),
        gettext_noop("applications"),
        gettext_noop("as of"),
        gettext_noop("assignee"),
        gettext_noop("at"),
        gettext_noop("attempts"),
        gettext_noop("audit entries"),
        gettext_noop("audit entry"),
        gettext_noop("before"),
        gettext_noop("by"),
        gettext_noop("channel"),
        gettext_noop("claimed at"),
        gettext_noop("confidence"),
        gettext_noop("configuration"),
        gettext_noop("created at"),
        gettext_noop("criticality"),
        gettext_noop("deliveries"),
        gettext_noop("delivery"),
        gettext_noop("deployments"),
        gettext_noop("digest"),
        gettext_noop("entries"),
        gettext_noop("entry"),
        gettext_noop("error"),
        gettext_noop("field"),
        gettext_noop("finding"),
        gettext_noop("finding action"),
        gettext_noop("finding actions"),
        gettext_noop("findings"),
        gettext_noop("first seen"),
        gettext_noop("format"),
        gettext_noop("from"),
        gettext_noop("html"),
        gettext_noop("id"),
        gettext_noop("internal"),
        gettext_noop("kind"),
        gettext_noop("known on"),
        gettext_noop("label"),
        gettext_noop("last call on"),
        gettext_noop("last seen"),
        gettext_noop("last used on"),
        gettext_noop("lifecycle page"),
        gettext_noop("message id"),
        gettext_noop("model"),
        gettext_noop("model names are case-sensitive"),
        gettext_noop("name"),
        gettext_noop("next try at"),
        gettext_noop("note"),
        gettext_noop("notice"),
        gettext_noop("notices"),
        gettext_noop("number"),
        gettext_noop("object id"),
        gettext_noop("on"),
        gettext_noop("on sunset"),
        gettext_noop("opened on"),
        gettext_noop("origin"),
        gettext_noop("owner address"),
        gettext_noop("paths"),
        gettext_noop("pattern"),
        gettext_noop("paused"),
        gettext_noop("platform"),
        gettext_noop("platforms"),
        gettext_noop("poll seconds"),
        gettext_noop("polled at"),
        gettext_noop("position"),
        gettext_noop("problem"),
        gettext_noop("reason"),
        gettext_noop("recipient"),
        gettext_noop("recorded at"),
        gettext_noop("released on"),
        gettext_noop("resolved on"),
        gettext_noop("revision"),
        gettext_noop("revisions"),
        gettext_noop("role"),
        gettext_noop("sent at"),
        gettext_noop("sets replacements"),
        gettext_noop("slug"),
        gettext_noop("source"),
        gettext_noop("source day"),
        gettext_noop("sources"),
        gettext_noop("open period"),
        gettext_noop("open periods"),
        gettext_noop("state"),
        gettext_noop("step"),
        gettext_noop("subject"),
        gettext_noop("next opened on"),
        gettext_noop("sunset on"),
        gettext_noop("superseded on"),
        gettext_noop("team"),
        gettext_noop("text"),
        gettext_noop("to"),
        gettext_noop("until"),
        gettext_noop("vendor"),
        gettext_noop("vendors"),
    }
)
"""Names of models and of fields."""

HELP = frozenset(
    {
        gettext_noop("0 is the first; later ones are regressions"),
        gettext_noop("A gateway's own calls"),
        gettext_noop("As calls write it, such as text-davinci-003; an endpoint is its path, such as /v1/edits"),
        gettext_noop("Day of the first call ever seen"),
        gettext_noop("Day of the newest call"),
        gettext_noop('Deployment name to model id, such as {"prod-gpt35": "gpt-35-turbo-0125"}'),
        gettext_noop(
            "For databases, usage APIs and CSV columns; see docs/sources.md. "
            "A secret is named, never written here, such as env:OPENAI_ADMIN_KEY"
        ),
        gettext_noop("For watched files: one folder, file or glob pattern per line"),
        gettext_noop("Gets the mail instead of the application's owner"),
        gettext_noop("Low shows as unverified wherever the entry does"),
        gettext_noop("Lower numbers are tried first"),
        gettext_noop("Platform of calls whose log line does not tell, such as openai for a plain access log"),
        gettext_noop("The day a newer decision took its place"),
        gettext_noop("The day it counts from"),
        gettext_noop("The day the next open period began"),
        gettext_noop("What the last poll ran into"),
        gettext_noop("Who gets the mail; empty: the fallback address"),
        gettext_noop("With * and ?; case does not matter"),
        gettext_noop("added, changed or removed"),
        gettext_noop("admin, file, feed:NAME, rule or command"),
        gettext_noop("app_label.model of what changed"),
    }
)
"""What stands below a field."""

OTHERS = (
    gettext_noop("access attempt"),
    gettext_noop("access attempts"),
    gettext_noop("access failure"),
    gettext_noop("access failures"),
    gettext_noop("access log"),
    gettext_noop("access logs"),
    gettext_noop("User Agent"),
    gettext_noop("IP Address"),
    gettext_noop("Username"),
    gettext_noop("HTTP Accept"),
    gettext_noop("Path"),
    gettext_noop("Attempt Time"),
    gettext_noop("GET Data"),
    gettext_noop("POST Data"),
    gettext_noop("Failed Logins"),
    gettext_noop("Logout Time"),
    gettext_noop("Model name"),
    gettext_noop("Add link"),
    gettext_noop("Change or view list link"),
)
"""Words of Django and of django-axes that have no Chinese there."""

LOGGED = frozenset(
    {
        gettext_noop("called as"),
        gettext_noop("case sensitive"),
        gettext_noop("owner"),
        gettext_noop("replacements"),
        gettext_noop("url"),
    }
)
"""Fields of the audit log that are no names of columns."""

ACTIONS = frozenset({gettext_noop("added"), gettext_noop("changed"), gettext_noop("removed")})


def field_word(name: str) -> str:
    """A field as the audit log keeps it (`known_on`, `sunset (us-east-1)`), as people say it."""
    step, bracket, region = name.partition(" (")
    if step in MilestoneKind.values:
        return f"{MilestoneKind(step).label}{bracket}{region}"
    return str(capfirst(gettext(name.replace("_", " "))))


def action_word(action: str) -> str:
    """What happened to an object, in the reader's language."""
    return gettext(action) if action in ACTIONS else action


def value_words(value: object) -> object:
    """A list as people write it; other values as they are."""
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _put(config: AppConfig) -> None:
    config.verbose_name = gettext_lazy(APPS[config.label])
    for model in config.get_models():
        model._meta.verbose_name = gettext_lazy(str(model._meta.verbose_name))
        model._meta.verbose_name_plural = gettext_lazy(str(model._meta.verbose_name_plural))
        for field in model._meta.fields:
            field.verbose_name = gettext_lazy(str(field.verbose_name))
            field.help_text = gettext_lazy(str(field.help_text)) if field.help_text else ""


for _label in APPS:
    _put(apps.get_app_config(_label))

# One word, two things: where calls are read from, and where a date is written.
_source = apps.get_model("usage", "Source")._meta
_source.verbose_name = pgettext_lazy("of usage", "source")

# django-axes, by what it keeps.
apps.get_app_config("axes").verbose_name = gettext_lazy("Sign-ins")
