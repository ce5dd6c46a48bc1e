"""The burn-down that leaves the site: one HTML file, from the page or from `manage.py progress --html`."""

import re
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dashboard.findings import scan
from tests.factories import NOW, make_entry, make_usage

pytestmark = pytest.mark.django_db

PAGE = "/deadlines/openai/2024-01-04/"
FILE = f"{PAGE}burndown.html"


@pytest.fixture(autouse=True)
def _world(settings):
    settings.SUNDIAL_TODAY = date(2023, 12, 8)
    settings.SUNDIAL_BASE_URL = "https://sundial.example.com"
    davinci = make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04")
    make_entry("openai/quiet", announced="2023-07-06", sunset="2024-06-13")
    make_usage("shop", davinci, "2023-11-01", 700, days=37)
    scan.run(NOW, date(2023, 12, 8))


def export(path: Path, *arguments: str) -> str:
    call_command("progress", "openai", "2024-01-04", "--html", str(path), *arguments)
    return path.read_text()


def body(document: str) -> str:
    """The document without its scripts."""
    return re.sub(r"<script.*?</script>", "", document, flags=re.DOTALL)


def test_the_page_links_to_the_file_of_the_day_it_shows(viewer):
    page = viewer.get(PAGE, {"as_of": "2023-12-01"})
    assert f'href="{FILE}?as_of=2023-12-01"' in page.text
    response = viewer.get(FILE, {"as_of": "2023-12-01"})
    assert response["Content-Disposition"] == (
        'attachment; filename="deadline-openai-2024-01-04-as-of-2023-12-01.html"'
    )
    assert "As of" in body(response.text)


def test_the_file_says_what_it_shows_as_of_when_and_from_where(tmp_path):
    document = export(tmp_path / "burndown.html", "--as-of", "2023-12-01")
    text = body(document)
    assert "Calls per day" in text
    assert "now 700" in text
    assert "https://sundial.example.com" in text
    assert "https://example.com/deprecations" in text
    assert document.count("Plotly.newPlot") >= 1


def test_the_file_needs_no_network(tmp_path):
    document = export(tmp_path / "burndown.html")
    assert "plotly.js (basic" in document
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", document)
    assert not re.search(r"@import|url\(", body(document))


def test_it_is_printed_with_a_dash(tmp_path, capsys):
    call_command("progress", "openai", "2024-01-04", "--html", "-")
    assert capsys.readouterr().out == export(tmp_path / "burndown.html")


def test_an_older_file_stays_whole_until_the_new_one_is(tmp_path, monkeypatch):
    path = tmp_path / "burndown.html"
    path.write_text("old")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CommandError, match="No space left"):
        export(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("2024-01-04", "--html", "x.html", "--json"), "Choose one of --html and --json"),
        (("2024-01-04", "--html", "/nowhere/at/all.html"), "/nowhere/at/all.html cannot be written"),
        (("2024-06-13", "--html", "x.html"), "has no calls"),
    ],
)
def test_what_cannot_be_written_is_bad_usage(tmp_path, monkeypatch, capsys, arguments, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=says) as caught:
        call_command("progress", "openai", *arguments)
    assert caught.value.returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address", [FILE.replace("2024-01-04", "2024-01-05"), FILE.replace("2024-01-04", "2024-06-13")]
)
def test_a_deadline_with_nothing_to_draw_is_not_found(viewer, address):
    assert viewer.get(address).status_code == 404


def test_a_stranger_gets_no_file(client):
    assert client.get(FILE).status_code == 302
