"""The form field for a date of the catalog."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from dashboard.catalog.files.values import FIRST_YEAR, LAST_YEAR

__all__ = ["CatalogDateField"]


class CatalogDateField(forms.DateField):
    """An optional day in one of the years that the catalog accepts.

    Without `widget` it is the browser's date input, which sends YYYY-MM-DD. A widget given here, such as the
    admin's, accepts the date formats of the language.
    """

    def __init__(self, label: Any = None, *, widget: type[forms.Widget] | None = None) -> None:
        if widget:
            super().__init__(label=label, required=False, widget=widget)
        else:
            day_input = forms.DateInput({"class": "input", "type": "date"}, format="%Y-%m-%d")
            super().__init__(label=label, required=False, widget=day_input, input_formats=["%Y-%m-%d"])

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
            years = {"first": FIRST_YEAR, "last": LAST_YEAR}
            raise ValidationError(_("Enter a year from %(first)s to %(last)s") % years, code="year")
        return day
