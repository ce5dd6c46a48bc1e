"""Mail as files: what Sundial does with mail until `EMAIL_URL` names a server."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

__all__ = ["EmailBackend"]


class EmailBackend(BaseEmailBackend):
    """Writes each message as one `.eml` file into `MAIL_FOLDER`; a file is there whole or not at all.

    `is_handed_over` as in `smtp_backend`: a message that could not be written has not gone out.
    The name is made from the Message-ID, so a message written twice is one file.
    """

    is_handed_over = False

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.MAIL_FOLDER)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for email in email_messages:
            message = email.message()
            name = re.sub(r"[^A-Za-z0-9.@_-]", "", str(message["Message-ID"]))[:200]
            self._write(folder / f"{name}.eml", message.as_bytes())
        return len(email_messages)

    def _write(self, path: Path, content: bytes) -> None:
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        with partial.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(path)
