"""Keep the translations in step with the code: `messages.py [update|compile]`, by default both.

update    bring locale/<language>/LC_MESSAGES/django.po up to date: new strings come in empty, and those
          that are in the code no longer are dropped
compile   write the django.mo that Django reads beside each django.po

Django's makemessages and compilemessages need the GNU gettext programs, which many machines lack; Babel is
Python. Templates go through Django's own translator of templates, so what is found here is what Django looks
up. Both files of a language are committed: a server has neither Babel nor gettext.
"""

import sys
import warnings
from datetime import UTC, datetime
from io import SEEK_END, BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
CODE = ("dashboard", "tasks")
TEMPLATES = ("templates", "dashboard")
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def extracted() -> Catalog:
    """A catalog of the marked strings of code and templates, in the order of files and lines, untranslated."""
    catalog = Catalog(project="Sundial", charset="utf-8", header_comment="# Strings of Sundial.")
    for path in sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        _add(catalog, path, path.read_text("utf-8"))
    for path in sorted(path for folder in TEMPLATES for path in (ROOT / folder).rglob("*.[ht][tx]*")):
        if path.suffix in {".html", ".txt"} and "static" not in path.parts:
            # templatize blanks everything but the calls; the indentation it keeps would mean something to Python.
            source = templatize(path.read_text("utf-8"), origin=str(path))
            _add(catalog, path, "\n".join(line.lstrip() for line in source.splitlines()) + "\n")
    return catalog


def _add(catalog: Catalog, path: Path, source: str) -> None:
    found = extract("python", BytesIO(source.encode()), KEYWORDS, options={"encoding": "utf-8"})
    for _line, message, _comments, context in found:
        catalog.add(message, locations=[(path.relative_to(ROOT).as_posix(), None)], context=context)


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, domain="django", abort_invalid=True)


def written(catalog: Catalog) -> bytes:
    """A catalog as a .po file: no line numbers and no dates, so that it changes only with its strings."""
    headers = (
        f"Language: {catalog.locale}",
        f"Plural-Forms: nplurals={catalog.num_plurals}; plural={catalog.plural_expr};",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    )
    lines = [
        f"# Sundial in {catalog.locale}. Terms: docs/translation.md; `make messages` after a change.",
        'msgid ""',
        'msgstr ""',
        *(f'"{header}\\n"' for header in headers),
        "",
    ]
    buffer = BytesIO("\n".join(lines).encode() + b"\n")
    buffer.seek(0, SEEK_END)
    write_po(buffer, catalog, width=110, ignore_obsolete=True, include_lineno=False, omit_header=True)
    return buffer.getvalue()


def compiled(catalog: Catalog) -> bytes:
    """A catalog as a .mo file; the same strings make the same bytes on any day."""
    catalog.creation_date = catalog.revision_date = datetime(2000, 1, 1, tzinfo=UTC)
    buffer = BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def po_files() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def update() -> None:
    template = extracted()
    for path in po_files():
        catalog = read(path)
        catalog.update(template, no_fuzzy_matching=True)
        path.write_bytes(written(catalog))
        empty = sum(1 for message in catalog if message.id and not all(_strings(message.string)))
        print(f"{path.relative_to(ROOT)}: {len(catalog)} strings, {empty} to translate")


def _strings(value) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def compile_() -> None:
    for path in po_files():
        path.with_suffix(".mo").write_bytes(compiled(read(path)))


if __name__ == "__main__":
    steps = {"update": update, "compile": compile_}
    asked = sys.argv[1:] or list(steps)
    if not set(asked) <= set(steps):
        sys.exit(__doc__)
    settings.configure()  # templatize asks for translations of nothing
    warnings.simplefilter("error", SyntaxWarning)
    for step in asked:
        steps[step]()
