"""Two editors with one object open: the second one never writes back what the first one changed."""

from datetime import date

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from dashboard.catalog.models import Platform, Vendor
from dashboard.usage.models import ApplicationRule, Source
from tests.factories import make_application, make_entry, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.SUNDIAL_TODAY = date(2023, 12, 8)


def editor(name: str) -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser(name, f"{name}@example.com", "pw"))
    return browser


@pytest.fixture
def ada() -> Client:
    return editor("ada")


@pytest.fixture
def bob() -> Client:
    return editor("bob")


def opened(browser: Client, obj) -> tuple[str, dict[str, str]]:
    """The address of an object's form, and what the browser would send back from it."""
    url = reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])
    context = browser.get(url).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    values = {field.html_name: field.value() for form in forms for field in form}
    assert "version" in values
    assert b'name="version"' in browser.get(url).content
    return url, {name: "" if value is None else value for name, value in values.items() if value is not False}


def assert_refused(response, *words: str) -> None:
    assert response.status_code == 200
    refusals = response.context["adminform"].form.non_field_errors()
    assert any("Somebody changed this while you were editing it" in text for text in refusals)
    for word in words:
        assert any(word in text for text in refusals)


def test_an_owner_that_somebody_set_meanwhile_stays_and_the_refusal_says_who_set_it(ada, bob):
    till = make_application("till")
    url, first = opened(ada, till)
    _, second = opened(bob, till)
    assert ada.post(url, first | {"owner": "till-owner@example.org"}).status_code == 302
    assert_refused(bob.post(url, second | {"team": "Shops"}), "ada", "Owner")
    till.refresh_from_db()
    assert (till.owner, till.team) == ("till-owner@example.org", "")
    _, second = opened(bob, till)
    assert bob.post(url, second | {"team": "Shops"}).status_code == 302
    till.refresh_from_db()
    assert (till.owner, till.team) == ("till-owner@example.org", "Shops")


def test_every_edit_form_refuses_a_version_that_it_did_not_show(ada, bob):
    rule = ApplicationRule.objects.create(application=make_application("till"), pattern="till-*", position=1)
    cases = [
        (make_source("gateway", kind="push"), {"deployments": '{"a": "gpt-4"}'}, {"platform": ""}),
        (rule, {"pattern": "shop-*"}, {"position": "7"}),
        (Platform.objects.create(slug="mine", name="Mine"), {"url": "https://example.com/"}, {"name": "Ours"}),
        (Vendor.objects.create(slug="maker", name="Maker"), {"name": "Makers"}, {"name": "Maker Inc"}),
        (make_entry("openai/gpt-4"), {"note": "seen"}, {"released_on": "2023-03-14"}),
    ]
    for obj, of_ada, of_bob in cases:
        url, first = opened(ada, obj)
        _, second = opened(bob, obj)
        assert ada.post(url, first | of_ada).status_code == 302, obj
        assert_refused(bob.post(url, second | of_bob))
        assert bob.post(url, opened(bob, obj)[1] | of_bob).status_code == 302, obj


def test_a_rule_that_is_edited_within_its_application_is_guarded_too(ada, bob):
    till = make_application("till")
    ApplicationRule.objects.create(application=till, pattern="till-*", position=1)
    url, first = opened(ada, till)
    _, second = opened(bob, till)
    (name,) = [name for name, value in first.items() if value == "till-*"]
    assert ada.post(url, first | {name: "shop-*"}).status_code == 302
    assert_refused(bob.post(url, second | {"team": "Shops"}))
    assert ApplicationRule.objects.get().pattern == "shop-*"


def test_a_poll_between_opening_and_saving_disturbs_nobody(ada):
    source = make_source("gateway", kind="push")
    url, form = opened(ada, source)
    Source.objects.update(polled_at="2023-12-08T09:00:00Z", problem="The file is gone")
    assert ada.post(url, form | {"name": "Gate"}).status_code == 302


def rows(browser: Client) -> dict[str, str]:
    """What the browser would send back from the list of applications, hidden initial values included."""
    formset = browser.get(reverse("admin:usage_application_changelist")).context["cl"].formset
    values = {field.html_name: field.value() for field in formset.management_form}
    for form in formset.forms:
        for field in form:
            values[field.html_name] = field.value()
            if field.field.show_hidden_initial:
                assert f'name="{field.html_initial_name}"' in str(field)
                values[field.html_initial_name] = field.initial
    return {name: "" if value is None else value for name, value in values.items()} | {"_save": "Save"}


def test_a_list_that_is_edited_in_place_keeps_what_it_did_not_touch_and_refuses_what_it_did(ada, bob):
    till, shop = make_application("till"), make_application("shop")
    url = reverse("admin:usage_application_changelist")
    first, second, third = rows(ada), rows(bob), rows(bob)
    (number,) = [name.split("-")[1] for name, value in first.items() if name.endswith("-id") and value == till.pk]
    assert ada.post(url, first | {f"form-{number}-owner": "ada@example.com"}).status_code == 302
    assert bob.post(url, second | {f"form-{number}-criticality": "1"}).status_code == 302
    till.refresh_from_db()
    assert (till.owner, till.criticality) == ("ada@example.com", 1)
    refused = bob.post(url, third | {f"form-{number}-owner": "bob@example.com"})
    assert refused.status_code == 200
    assert "Somebody else changed this just now" in refused.content.decode()
    till.refresh_from_db()
    shop.refresh_from_db()
    assert (till.owner, shop.owner) == ("ada@example.com", "")
