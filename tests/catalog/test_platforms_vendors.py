"""Platforms and vendors that files bring: told, audited, and never taken from whoever typed them."""

import io
from datetime import UTC, datetime

import pytest

from dashboard.catalog.files import transfer
from dashboard.catalog.models import Platform
from dashboard.core.models import AuditEntry

pytestmark = pytest.mark.django_db

NOW = datetime(2023, 12, 8, 12, tzinfo=UTC)
FILE = """
platform: {slug: openai, name: OpenAI API, url: https://example.com/d}
vendors: {openai: OpenAI}
entries:
  - {id: ada, vendor: openai}
"""


def bring(text, origin="file", **options):
    return transfer.import_file(io.BytesIO(text.encode()), ".yaml", now=NOW, origin=origin, **options)


def test_a_changed_platform_or_vendor_is_told_and_audited():
    assert bring(FILE).changes == ["platform openai: added", "vendor openai: added", "openai/ada: added"]
    changed = "platform: {slug: openai, name: OpenAI, case_sensitive: false}\nvendors: {openai: OpenAI Inc}"
    told = [
        (
            "platform openai: Name: OpenAI API → OpenAI; Lifecycle page: https://example.com/d → none; "
            "Model names are case-sensitive: yes → no"
        ),
        "vendor openai: Name: OpenAI → OpenAI Inc",
    ]
    assert bring(changed, dry_run=True).changes == told
    assert bring(changed).changes == told
    assert not bring(changed).changed
    line = AuditEntry.objects.get(model="catalog.platform", action="changed")
    assert ("case_sensitive", True, False) in line.changes
    assert (line.label, line.origin) == ("OpenAI", "file")
    vendor = AuditEntry.objects.get(model="catalog.vendor", action="changed")
    assert vendor.changes == [("name", "OpenAI", "OpenAI Inc")]


def test_shipped_files_leave_what_somebody_typed():
    bring(FILE, "shipped")
    bring("platform: {slug: openai, name: Ours, url: https://example.com/d}\nvendors: {openai: Theirs}")
    newer = FILE.replace("https://example.com/d", "https://example.com/new")
    bring(newer, "shipped")
    platform = Platform.objects.get(slug="openai")
    assert (platform.name, platform.url) == ("Ours", "https://example.com/new")
    assert platform.entries.get().vendor.name == "Theirs"
    assert not bring(newer, "shipped").changed
