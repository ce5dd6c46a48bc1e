"""The catalog in and out of files, in the admin: a dry run first, and stored only once somebody has seen it."""

import io
import secrets
import time
from datetime import date
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.catalog import snapshot
from dashboard.catalog.changes.apply import ImportResult
from dashboard.catalog.documents import CatalogError
from dashboard.catalog.files import transfer
from dashboard.catalog.files.parse import MAX_BYTES, SUFFIXES
from dashboard.core import clock
from dashboard.findings.enqueue import enqueue_scan

__all__ = ["CatalogFiles"]

UPLOAD_SECONDS = 3600
TYPES = {"yaml": "application/yaml", "json": "application/json", "csv": "text/csv"}


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("Catalog file"),
        help_text=_("YAML, JSON or CSV, by its suffix. It adds and updates; nothing is removed."),
        max_length=200,
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if Path(file.name).suffix.lower() not in SUFFIXES:
            raise forms.ValidationError(gettext("A catalog file ends in .yaml, .json or .csv"))
        if file.size > MAX_BYTES:
            raise forms.ValidationError(gettext("Larger than %(mb)s MB") % {"mb": MAX_BYTES // 1024 // 1024})
        return file


class CatalogFiles(admin.ModelAdmin):
    """Adds `import/` and `export/yaml|json|csv/` to the admin of entries."""

    change_list_template = "admin/catalog/entries.html"

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("import/", view(self.import_view), name="catalog_entry_import"),
            path("export/<slug:form>/", view(self.export_view), name="catalog_entry_export"),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest, form: str) -> HttpResponse:
        """The whole catalog, lossless, with stages as of today."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if form not in TYPES:
            raise Http404
        today: date = clock.today()
        response = HttpResponse(
            transfer.export_text(f".{form}", today), content_type=f"{TYPES[form]}; charset=utf-8"
        )
        response["Content-Disposition"] = f'attachment; filename="sundial-catalog-{today}.{form}"'
        return response

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """GET: choose a file. POST with a file: what it would change. POST with its ticket: change it."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        if request.method == "POST" and "ticket" in request.POST:
            return self._confirmed(request)
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            ticket = _save_upload(request, file)
            return self._preview(request, ticket, form)
        return self._render(request, form=form)

    def _confirmed(self, request: HttpRequest) -> HttpResponse:
        upload = _load_upload(request, request.POST["ticket"])
        if not upload:
            messages.error(request, gettext("The file is not kept any more: choose it again"))
            return redirect("admin:catalog_entry_import")
        ticket, file = upload
        if snapshot.version() != ticket["version"]:
            messages.warning(request, gettext("The catalog has changed meanwhile: look at what would change now"))
            return self._preview(request, {**ticket, "version": snapshot.version()}, UploadForm())
        try:
            result = transfer.import_file(
                _stream(file, ticket["name"]),
                ticket["suffix"],
                now=clock.now(),
                origin="admin import",
                by=request.user,
            )
        except CatalogError as problem:
            return self._render(request, form=UploadForm(), problem=str(problem))
        file.unlink(missing_ok=True)
        enqueue_scan()
        messages.success(request, _summary(result))
        return redirect("admin:catalog_entry_changelist")

    def _preview(self, request: HttpRequest, ticket: dict, form: forms.Form) -> HttpResponse:
        """The dry run: exactly what would change, or everything that is wrong."""
        file = _folder() / ticket["file"]
        try:
            result = transfer.import_file(
                _stream(file, ticket["name"]), ticket["suffix"], now=clock.now(), origin="", dry_run=True
            )
        except CatalogError as problem:
            file.unlink(missing_ok=True)
            return self._render(request, form=form, problem=str(problem))
        return self._render(
            request, result=result, summary=_summary(result), ticket=signing.dumps(ticket), name=ticket["name"]
        )

    def _render(self, request: HttpRequest, **context: Any) -> HttpResponse:
        whole = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Import a catalog file")}
        status = 422 if context.get("problem") else 200
        return TemplateResponse(request, "admin/catalog/import.html", {**whole, **context}, status=status)


def _stream(file: Path, name: str) -> io.BytesIO:
    """A kept file under the name its owner gave it, for messages that name file and line."""
    stream = io.BytesIO(file.read_bytes())
    stream.name = name
    return stream


def _folder() -> Path:
    folder = settings.VAR / "run" / "imports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _save_upload(request: Any, file: Any) -> dict[str, Any]:
    """Put an uploaded file aside for an hour; what finds it again, for the same person only."""
    horizon = time.time() - UPLOAD_SECONDS
    for old in _folder().iterdir():
        if old.stat().st_mtime < horizon:
            old.unlink(missing_ok=True)
    name = secrets.token_hex(16)
    path = _folder() / name
    path.touch(mode=0o600)
    with path.open("wb") as out:
        for chunk in file.chunks():
            out.write(chunk)
    suffix = Path(file.name).suffix.lower()
    return {
        "file": name,
        "name": file.name,
        "suffix": suffix,
        "user": request.user.pk,
        "version": snapshot.version(),
    }


def _load_upload(request: Any, text: str) -> tuple[dict[str, Any], Path] | None:
    try:
        ticket = signing.loads(text, max_age=UPLOAD_SECONDS)
    except signing.BadSignature:
        return None
    file = _folder() / ticket["file"]
    if ticket["user"] != request.user.pk or not file.is_file():
        return None
    return ticket, file


def _summary(result: ImportResult) -> str:
    if not result.changed:
        return gettext("Nothing to change")
    return gettext(
        "%(added)s entries added, %(changed)s changed; %(revisions)s revisions and %(aliases)s aliases"
    ) % {
        "added": result.entries_added,
        "changed": result.entries_changed,
        "revisions": result.revisions,
        "aliases": result.aliases,
    }
