"""Form fields of sources: several values as lines, names of secrets, and settings without a field of their own."""

import json
import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.core.text import looks_like_key, mask_values
from dashboard.usage.connectors.secrets import SecretError, variable_name
from dashboard.web.common.filters import LabelText

__all__ = [
    "ExtraSettingsField",
    "LinesField",
    "PairsField",
    "PathsField",
    "SecretNameField",
    "choice_field",
    "day_field",
    "looks_like_key",
    "number_field",
    "text_field",
]

MAX_LINES = 50
MAX_PAIRS = 5000
MAX_TEXT = 500_000

_quoted = re.compile(r'"([^"]*)"')
_variable = re.compile(r"[A-Z][A-Z0-9_]{1,99}")


def text_field(
    label: LabelText, help_text: LabelText = "", *, example: str = "", required: bool = True, **more: Any
) -> Any:
    widget = forms.TextInput({"class": "input", "placeholder": example, "autocomplete": "off"})
    return forms.CharField(label=label, help_text=help_text, required=required, widget=widget, **more)


def choice_field(
    label: LabelText, choices: Iterable[tuple[str, LabelText]], help_text: LabelText = "", **more: Any
) -> Any:
    widget = forms.Select({"class": "select"})
    return forms.ChoiceField(label=label, help_text=help_text, choices=list(choices), widget=widget, **more)


def day_field(label: LabelText, help_text: LabelText = "") -> Any:
    widget = forms.DateInput({"class": "input", "type": "date"}, format="%Y-%m-%d")
    return forms.DateField(
        label=label, help_text=help_text, required=False, widget=widget, input_formats=["%Y-%m-%d"]
    )


def number_field(label: LabelText, help_text: LabelText, least: int, most: int, *, required: bool = True) -> Any:
    widget = forms.NumberInput({"class": "input"})
    return forms.IntegerField(
        label=label, help_text=help_text, min_value=least, max_value=most, required=required, widget=widget
    )


class _Lines(forms.CharField):
    """A text of several lines."""

    def __init__(self, label: LabelText, help_text: LabelText, *, example: str = "", rows: int = 3) -> None:
        attrs = {"class": "textarea code", "rows": rows, "placeholder": example, "spellcheck": "false"}
        widget = forms.Textarea(attrs)
        super().__init__(label=label, help_text=help_text, required=False, max_length=MAX_TEXT, widget=widget)


class LinesField(_Lines):
    """A text per line: one as a text, several as a list, none as ""."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        if len(lines) > MAX_LINES:
            raise ValidationError(_("At most %(count)s lines") % {"count": MAX_LINES})
        return lines if len(lines) > 1 else "".join(lines)


class PathsField(_Lines):
    """Paths and patterns, one per line; as text. The connector checks where they lie."""

    def clean(self, value: Any) -> str:
        return "\n".join(line.strip() for line in super().clean(value).splitlines() if line.strip())


class PairsField(_Lines):
    """`name = value` per line; a dict of texts. A stored dict that lines cannot express stays as it was."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{left} = {right}" for left, right in value.items())

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def clean(self, value: Any) -> Any:
        pairs: dict[str, str] = {}
        problems = []
        for number, line in enumerate(super().clean(value).splitlines(), 1):
            if not line.strip():
                continue
            # The last sign: names of deployments may hold one, ids of models never do.
            left, sign, right = (part.strip() for part in line.rpartition("="))
            if not (sign and left and right):
                problems.append(_("Line %(n)s: write name = model, with both sides") % {"n": number})
            elif left in pairs:
                problems.append(_("Line %(n)s names “%(name)s” again") % {"n": number, "name": left[:100]})
            pairs[left] = right
        if len(pairs) > MAX_PAIRS:
            problems.append(
                ngettext("At most %(n)s line", "At most %(n)s lines", MAX_PAIRS) % {"n": f"{MAX_PAIRS:,}"}
            )
        if problems:
            raise ValidationError(problems[:5])
        return pairs


class SecretNameInput(forms.TextInput):
    """Shows the name of a variable, and never a value that may be a secret."""

    def format_value(self, value: Any) -> str:
        try:
            return "" if not value or looks_like_key(str(value)) else f"env:{variable_name(str(value))}"
        except SecretError:
            return str(value) if _variable.fullmatch(str(value)) else ""


class SecretNameField(forms.CharField):
    """The name of an environment variable, as `env:NAME` (or just the name, in capitals); "" for none."""

    def __init__(self, label: LabelText, help_text: LabelText, *, example: str, required: bool = True) -> None:
        attrs = {"class": "input", "placeholder": example, "autocomplete": "off", "spellcheck": "false"}
        widget = SecretNameInput(attrs)
        super().__init__(label=label, help_text=help_text, required=required, max_length=2000, widget=widget)

    def clean(self, value: Any) -> str:
        name = super().clean(value)
        if not name:
            return ""
        if looks_like_key(name):
            raise ValidationError(
                _(
                    "That looks like the secret itself. Sundial keeps none: put it into an environment variable "
                    "where Sundial runs, and write the variable’s name here. If others saw this screen, renew it."
                )
            )
        if _variable.fullmatch(name):
            name = f"env:{name}"
        try:
            return f"env:{variable_name(name)}"
        except SecretError as problem:
            raise ValidationError(str(problem)) from None


class ExtraSettingsField(_Lines):
    """Settings without a field of their own, as a JSON object.

    What may be a secret is shown as dots, however it was stored; so use the value only if `has_changed`.
    """

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            value = json.dumps(mask_values(value), indent=2, ensure_ascii=False) if value else ""
        return _quoted.sub(_masked, value) if isinstance(value, str) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def clean(self, value: Any) -> Any:
        written = super().clean(value).strip()
        if not written:
            return {}
        try:
            found = json.loads(written)
        except (ValueError, RecursionError) as problem:
            line = getattr(problem, "lineno", 1)
            raise ValidationError(_("Line %(n)s: this is not JSON") % {"n": line}) from None
        if not isinstance(found, dict):
            raise ValidationError(_('Write a JSON object, such as {"window_hours": 12}'))
        if mask_values(found) != found or any(looks_like_key(one) for one in _texts(found)):
            raise ValidationError(_("This holds what looks like a secret: name an environment variable instead"))
        return found


def _masked(found: re.Match[str]) -> str:
    return '"…"' if looks_like_key(found[1]) else found[0]


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
