"""A column that holds a `Message`: its code and parameters as JSON, the message in Python."""

from typing import Any

from django.db import models

from dashboard.catalog.messages import Message

__all__ = ["MessageField"]


class MessageField(models.JSONField):
    """`Message` or None; the text is rendered where it is shown, in the reader's language."""

    description = "message"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Message | None:
        data = super().from_db_value(value, expression, connection)
        return Message.from_json(data) if data else None

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        data = value.to_json() if isinstance(value, Message) else value
        return super().get_db_prep_value(data, connection, prepared)

    def value_to_string(self, obj: models.Model) -> Any:
        value = self.value_from_object(obj)
        return value.to_json() if isinstance(value, Message) else value

    def to_python(self, value: Any) -> Any:
        return Message.from_json(value) if isinstance(value, dict) else value
