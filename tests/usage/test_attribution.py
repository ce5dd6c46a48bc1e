"""Which application an identity belongs to, and that a changed rule applies to the past."""

import pytest

from dashboard.usage.application_rules import Rule, application_slug, first_match, matches
from dashboard.usage.attribution import reattribute
from dashboard.usage.ingest.pipeline import import_file
from dashboard.usage.models import Application, ApplicationRule, Identity, StaleDay
from dashboard.usage.records import INTERNAL, Caller
from tests.usage.conftest import NOW, line

CALLER = Caller("search", team="Search Team", key_alias="search-prod", tags="env:prod,feature:summary")


@pytest.mark.parametrize(
    ("field", "pattern", "fits"),
    [
        ("team", "search *", True),
        ("team", "search", False),
        ("key_alias", "*-prod", True),
        ("key_alias", "search-????", True),
        ("tag", "feature:*", True),
        ("tag", "env:dev", False),
        ("service", "*", False),
        ("consumer", "[search]", False),
    ],
)
def test_a_rule_matches_whole_values_whatever_their_case(field, pattern, fits):
    assert matches(Rule(field, pattern, 1), CALLER) is fits


def test_square_brackets_in_a_pattern_are_plain_characters():
    assert matches(Rule("consumer", "[ops]*", 1), Caller("[ops] bot"))


def test_the_first_matching_rule_wins_and_the_gateway_itself_falls_under_none():
    rules = [Rule("service", "*", 1), Rule("team", "search*", 2), Rule("consumer", "*", 3)]
    assert first_match(rules, CALLER) == 2
    assert first_match(rules, Caller(INTERNAL, internal=True)) is None


@pytest.mark.parametrize(
    ("name", "slug"), [("Search Team", "search-team"), ("10.0.0.5", "10-0-0-5"), ("(unknown)", "unknown")]
)
def test_a_slug_reads_like_its_name(name, slug):
    assert application_slug(name) == slug


def test_names_that_leave_no_slug_stay_apart():
    assert application_slug("搜索") != application_slug("聊天")
    assert application_slug("a" * 200) != application_slug("a" * 201)


def test_an_application_is_made_from_the_best_name_a_log_has(source, write):
    import_file(
        source, write("x", line(1, app="Search Team") + line(2, app="search-team")), format="sundial", now=NOW
    )
    assert [(a.slug, a.name) for a in Application.objects.all()] == [("search-team", "Search Team")]
    assert Identity.objects.count() == 2


def test_a_new_rule_applies_to_the_past_and_marks_its_days(source, write):
    import_file(source, write("x", line(1, app="a-1") + line(2, app="b-1")), format="sundial", now=NOW)
    owner = Application.objects.create(slug="alpha", name="Alpha")
    ApplicationRule.objects.create(field="consumer", pattern="A-*", application=owner)
    StaleDay.objects.all().delete()
    assert reattribute(NOW) == 1
    assert Identity.objects.get(consumer="a-1").application == owner
    assert [str(row.day) for row in StaleDay.objects.all()] == ["2024-01-04"]
    assert reattribute(NOW) == 0
