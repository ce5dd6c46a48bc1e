"""Forms that refuse to save over a version of an object that they did not show."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext

from dashboard.core import audit

__all__ = ["ListRowForm", "VersionedForm"]


class VersionedForm(forms.ModelForm):
    """A form of an admin with a hidden `version`: of the object as shown, and of the rows that are edited with it.

    A form that was sent without it, by a program, is judged by nothing.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    inline_models: ClassVar[tuple[type[models.Model], ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["version"] = self._version_of(self.instance)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        shown = cleaned.get("version")
        if shown:
            # Locked until the transaction of the request ends: of two at once, the second one looks here later.
            stored = type(self.instance)._default_manager.select_for_update().filter(pk=self.instance.pk).first()
            if stored is None or shown != self._version_of(stored):
                raise ValidationError(audit.changed_meanwhile(self.instance))
        return cleaned

    def _version_of(self, obj: models.Model) -> str:
        rows = [_rows_of(model, obj) for model in self.inline_models]
        return audit.fingerprint([_editable_values(obj), *rows])


class ListRowForm(forms.ModelForm):
    """One row of a list that is edited in place: what the editor did not touch stays as it is now."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = not field.widget.is_hidden

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in self._meta.fields or ():
            bound = self[name] if name in self.fields and self.fields[name].show_hidden_initial else None
            if bound is None or bound.html_initial_name not in self.data:
                continue
            stored = getattr(self.instance, name)
            if name not in self.changed_data:
                cleaned[name] = stored
            elif self.fields[name].has_changed(stored, self.data[bound.html_initial_name]):
                self.add_error(name, gettext("Somebody else changed this just now: load the page again"))
        return cleaned


def _editable_values(obj: models.Model) -> dict[str, Any]:
    return {field.attname: field.value_from_object(obj) for field in obj._meta.concrete_fields if field.editable}


def _rows_of(model: type[models.Model], parent: models.Model) -> list[list[Any]]:
    """The rows of `model` that belong to `parent`."""
    link = next(f for f in model._meta.concrete_fields if f.related_model is type(parent))
    names = [field.attname for field in model._meta.concrete_fields if field.editable or field.primary_key]
    rows = model._default_manager.filter(**{link.name: parent}).order_by("pk").values_list(*names)
    return [list(row) for row in rows]
