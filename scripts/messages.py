"""Keep the translations in step with the code, without GNU gettext: `messages.py [extract|update|compile]`.

extract   write every marked string of the code and the templates to locale/django.pot
update    bring locale/<language>/LC_MESSAGES/django.po up to date: new strings come in empty, and those
          that are in the code no longer are dropped
compile   write the django.mo that Django reads beside each django.po

No argument: all three. Both files of a language are committed, as a server has neither Babel nor gettext;
the template is a by-product and is not. Templates go through Django's own translator of templates to
Python, so what is found here is what Django looks up.
"""

import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from io import SEEK_END, BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
TEMPLATE = LOCALE / "django.pot"
CODE = ("dashboard", "tasks")
TEMPLATES = ("templates", "dashboard")
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}

Found = tuple[str, str | tuple[str, str], str | None]  # file, string or (singular, plural), context


def found_strings() -> Iterator[Found]:
    """Every marked string, in the order of files and lines."""
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from _in_python(path, path.read_text("utf-8"))
    for folder in TEMPLATES:
        for path in sorted([*(ROOT / folder).rglob("*.html"), *(ROOT / folder).rglob("*.txt")]):
            if "static" not in path.parts:
                yield from _in_template(path)


def _in_template(path: Path) -> Iterator[Found]:
    # templatize blanks everything but the calls; the indentation it keeps would mean something to Python.
    source = templatize(path.read_text("utf-8"), origin=str(path))
    yield from _in_python(path, "\n".join(line.lstrip() for line in source.splitlines()) + "\n")


def _in_python(path: Path, source: str) -> Iterator[Found]:
    options = {"encoding": "utf-8"}
    name = path.relative_to(ROOT).as_posix()
    for _, function, messages, _ in extract_python(BytesIO(source.encode()), list(KEYWORDS), (), options):
        arguments = messages if isinstance(messages, tuple) else (messages,)
        chosen = _chosen(KEYWORDS[function or "_"], arguments)
        if chosen:
            yield name, *chosen


def _chosen(positions, arguments) -> tuple[str | tuple[str, str], str | None] | None:
    """The string and its context; None for a call whose string is not written out in it."""
    context, strings = None, []
    for position in positions or (1,):
        index = (position[0] if isinstance(position, tuple) else position) - 1
        value = arguments[index] if index < len(arguments) else None
        if not value:
            return None
        if isinstance(position, tuple):
            context = value
        else:
            strings.append(value)
    return (strings[0] if len(strings) == 1 else (strings[0], strings[1])), context


def extracted() -> Catalog:
    """A catalog of what the code says, without translations."""
    catalog = Catalog(project="Sundial", charset="utf-8", header_comment="# Strings of Sundial.")
    for name, string, context in found_strings():
        catalog.add(string, locations=[(name, None)], context=context)
    return catalog


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


def extract() -> None:
    TEMPLATE.parent.mkdir(exist_ok=True)
    with TEMPLATE.open("wb") as file:
        write_po(file, extracted(), width=110, include_lineno=False)


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
    steps = {"extract": extract, "update": update, "compile": compile_}
    asked = sys.argv[1:] or list(steps)
    if not set(asked) <= set(steps):
        sys.exit(__doc__)
    settings.configure()  # templatize asks for translations of nothing
    warnings.simplefilter("error", SyntaxWarning)
    for step in asked:
        steps[step]()
