"""Days and hours stored as small integers, so that keys stay narrow; names from logs, cleaned on their way in."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import Combinable

from dashboard.core.text import clean, replace_control_characters

__all__ = ["DayField", "HourField", "MessageField", "NameField", "day_number", "day_of", "hour_number"]

EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def hour_number(at: datetime) -> int:
    """Whole hours since 1970-01-01T00:00Z of an aware datetime."""
    return int(at.timestamp()) // 3600


@lru_cache(maxsize=20_000)
def day_of(number: int) -> date:
    """The day with a number; remembered, because pages read thousands."""
    return EPOCH + timedelta(days=number)


class DayField(models.IntegerField):
    """A UTC day as days since 1970-01-01; `date` in Python.

    In plain SQL: `date(day * 86400, 'unixepoch')` on SQLite, `date '1970-01-01' + day` on PostgreSQL.
    """

    description = "UTC day"
    # What the type checker takes for the value in Python.
    _pyi_private_set_type: date | str | Combinable  # type: ignore[assignment]
    _pyi_private_get_type: date  # type: ignore[assignment]
    _pyi_lookup_exact_type: date | str  # type: ignore[assignment]

    def from_db_value(self, value, expression, connection):
        return None if value is None else day_of(value)

    def to_python(self, value):
        if value is None or isinstance(value, date):
            return value
        try:
            return EPOCH + timedelta(days=value) if isinstance(value, int) else date.fromisoformat(value)
        except (TypeError, ValueError, OverflowError):
            raise ValidationError(f"{value!r} is not a day such as 2024-01-04") from None

    def get_prep_value(self, value):
        if isinstance(value, str):
            value = date.fromisoformat(value)
        return day_number(value) if isinstance(value, date) else super().get_prep_value(value)

    def value_to_string(self, obj):
        value = self.value_from_object(obj)
        return "" if value is None else value.isoformat()  # type: ignore[attr-defined]


class HourField(models.IntegerField):
    """A UTC hour as hours since 1970-01-01T00:00Z; aware `datetime` in Python."""

    description = "UTC hour"
    _pyi_private_set_type: datetime | Combinable  # type: ignore[assignment]
    _pyi_private_get_type: datetime  # type: ignore[assignment]
    _pyi_lookup_exact_type: datetime  # type: ignore[assignment]

    def from_db_value(self, value, expression, connection):
        return None if value is None else datetime.fromtimestamp(value * 3600, UTC)

    def to_python(self, value):
        if value is None or isinstance(value, datetime):
            return value
        try:
            return datetime.fromtimestamp(value * 3600, UTC)
        except (TypeError, ValueError, OverflowError):
            raise ValidationError(f"{value!r} is not an hour") from None

    def get_prep_value(self, value):
        return hour_number(value) if isinstance(value, datetime) else super().get_prep_value(value)

    def value_to_string(self, obj):
        value = self.value_from_object(obj)
        return "" if value is None else value.isoformat()  # type: ignore[attr-defined]


class NameField(models.CharField):
    """A name from a log or a provider. Whoever writes it, the database gets what `core.text.clean` makes of it.

    Values to compare with are cleaned as well, so a name is found again by what was logged. NUL, which PostgreSQL
    refuses, and control characters never reach either database; an over-long name is cut and keeps a hash.
    """

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return clean(value, self.max_length or 300) if isinstance(value, str) else value

    def deconstruct(self):
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class MessageField(models.CharField):
    """A path, or a sentence about what came from outside: without control characters, cut to its length."""

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return replace_control_characters(value)[: self.max_length] if isinstance(value, str) else value

    def deconstruct(self):
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
