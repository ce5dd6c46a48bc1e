"""The form field for a date of the catalog."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from dashboard.catalog.files.values import FIRST_YEAR, LAST_YEAR

__all__ = ["CatalogDateField"]


class CatalogDateField(forms.DateField):
    """An optional day, typed as YYYY-MM-DD, in one of the years that the catalog accepts."""

    def __init__(self, label: Any) -> None:
        widget = forms.DateInput({"class": "input", "type": "date"}, format="%Y-%m-%d")
        super().__init__(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"])

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
            years = {"first": FIRST_YEAR, "last": LAST_YEAR}
            raise ValidationError(_("Enter a year from %(first)s to %(last)s") % years)
        return day
