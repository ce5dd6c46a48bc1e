"""Static files as they are served: hashed, compressed, and with the stylesheet in one piece."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

__all__ = ["BundledStorage", "bundle"]

STYLESHEET = "dashboard/sundial.css"
IMPORT = re.compile(r'@import "([\w./-]+)";\n?')


def bundle(text: str, folder: str) -> str:
    """A stylesheet with each `@import "path";` replaced by the file it names, relative to `folder`."""

    def inline(match: re.Match[str]) -> str:
        found = finders.find(f"{folder}/{match[1]}")
        if not found:
            raise FileNotFoundError(f"{folder}/{match[1]}, imported by the stylesheet, does not exist")
        return f"/* {match[1]} */\n{Path(found).read_text(encoding='utf-8')}\n"

    return IMPORT.sub(inline, text)


class BundledStorage(CompressedManifestStaticFilesStorage):
    """Writes the imports of our one stylesheet into it, then hashes and compresses as usual.

    While developing, the browser follows the imports by itself; in production one request is enough.
    """

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        if STYLESHEET in paths and not dry_run:
            storage, path = paths[STYLESHEET]
            with storage.open(path) as handle:
                text = bundle(handle.read().decode(), "dashboard")
            self.delete(STYLESHEET)
            self._save(STYLESHEET, ContentFile(text.encode()))
            paths = {**paths, STYLESHEET: (self, STYLESHEET)}
        yield from super().post_process(paths, dry_run, **options)
