"""A new kind of source: its package, one entry in the registry and its form are all that it takes."""

import pytest

from dashboard.core import clock
from dashboard.usage.connectors import registry
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.models import DailyRollup, Source
from dashboard.usage.polling import claim_due, poll
from dashboard.usage.preview import preview
from dashboard.web.sources import fields, forms_by_kind
from dashboard.web.sources.forms import SourceForm
from tests.factories import NOW, make_source

pytestmark = pytest.mark.django_db


class ToyForm(SourceForm):
    keys = ("model",)
    main = ("model",)
    model = fields.text_field("Model of the toy", required=False)


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(registry.CONNECTORS, "toy", "tests.usage.connectors.toy.connector.ToyConnector")
    monkeypatch.setitem(forms_by_kind.FORMS, "toy", ToyForm)


@pytest.fixture
def source():
    return make_source("toys", kind="toy", config={"model": "gpt-4"})


def toy_form(**changes) -> dict[str, str]:
    return {"name": "Toys", "slug": "", "model": "gpt-4", "platform": "", "deployments": "", "poll_seconds": "30",
            "extra": "", **changes}  # fmt: skip


def test_its_configuration_is_validated():
    with pytest.raises(ConnectorError, match="Name a model"):
        registry.connector_for("toy").validate(Source(kind="toy", config={}))


def test_it_is_polled_when_it_is_due(source):
    now = clock.latest()
    assert source.pk in claim_due(now)
    assert poll(source, now).accepted == 1
    rollup = DailyRollup.objects.get()
    assert (rollup.calls, rollup.name.called_as, rollup.identity.consumer) == (7, "gpt-4", "Toy shop")


def test_it_is_previewed(source):
    found = preview(source, NOW)
    assert (found.place, found.records[0].called_as, found.records[0].calls) == ("the toy box", "gpt-4", 7)


def test_its_page_shows_its_label_its_details_and_its_progress(viewer, source):
    page = viewer.get("/sources/toys/").text
    assert "Toy box" in page
    assert "Toy model" in page
    assert "1 of 2 objects" in page
    assert "Toy box" in viewer.get("/sources/").text


def test_the_source_form_offers_it_tests_it_and_adds_it(editor):
    assert "Calls written into the form" in editor.get("/sources/add/").text
    assert "Model of the toy" in editor.get("/sources/add/?kind=toy").text
    refused = editor.post("/sources/add/?kind=toy", toy_form(model="", save="1"))
    assert "Name a model" in refused.text
    assert "the toy box" in editor.post("/sources/add/?kind=toy", toy_form(test="1")).text
    assert editor.post("/sources/add/?kind=toy", toy_form(save="1")).status_code == 302
    added = Source.objects.get(slug="toys")
    assert (added.kind, added.config) == ("toy", {"model": "gpt-4"})


def test_the_administration_offers_it(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("ada", "ada@example.com", "pw"))
    assert '<option value="toy">Toy box</option>' in client.get("/admin/usage/source/add/").text
