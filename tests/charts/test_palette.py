"""Every look has its word, its tokens and its icon, and words can be read on what they stand on."""

import re
from pathlib import Path

import pytest

from dashboard.charts import palette
from dashboard.charts.layout import MARKER_LOOKS

STATIC = Path(__file__).parents[2] / "dashboard" / "static" / "dashboard"
TOKENS = dict(re.findall(r"--([\w-]+):\s*([^;]+);", (STATIC / "tokens.css").read_text()))
ICONS = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
STATES = [palette.STAGES, palette.STATUSES, palette.VERDICTS, palette.TIME_LEFT]


def by_theme(token: str, theme: str) -> str:
    """The hex colour of a token by day or by night."""
    pair = re.fullmatch(r"light-dark\((#\w{6}), (#\w{6})\)", TOKENS[token])
    assert pair, f"--{token} is no pair of hex colours"
    return pair[1] if theme == "light" else pair[2]


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("looks", STATES)
def test_every_state_has_a_tone_and_an_icon_that_exist(looks):
    for look in looks.values():
        assert look.tone in palette.TONES
        assert look.icon in ICONS
        assert look.label


@pytest.mark.parametrize("looks", STATES[:3])
def test_no_two_states_of_a_kind_share_both_word_and_icon(looks):
    pairs = [(look.label, look.icon) for look in looks.values()]
    assert len(set(pairs)) == len(pairs)


def test_every_chart_colour_is_a_token():
    used = {look.tone for look in palette.SERIES.values()} | {token for _, token, *_ in MARKER_LOOKS.values()}
    used |= {f"daylight-{name}" for name in palette.TIME_LEFT}
    assert used <= set(TOKENS)


def test_every_token_a_stylesheet_or_figure_asks_for_exists():
    sheets = [*STATIC.glob("components/*.css"), STATIC / "sundial.css", STATIC / "tokens.css"]
    local = {"tone", "tone-bg", "rail"}
    for sheet in sheets:
        asked = set(re.findall(r"var\(--([\w-]+)", sheet.read_text()))
        assert asked - local <= set(TOKENS), sheet.name


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tone", palette.TONES)
def test_words_on_their_tone_reach_aa(tone, theme):
    ground = by_theme(f"tone-{tone}-bg", theme)
    assert contrast(by_theme(f"tone-{tone}", theme), ground) >= 4.5
    assert contrast(by_theme("ink", theme), ground) >= 4.5
    assert contrast(by_theme(f"tone-{tone}", theme), by_theme("surface", theme)) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["page", "surface", "sunken", "hover"])
@pytest.mark.parametrize("ink", ["ink", "ink-soft", "accent", "accent-hover"])
def test_text_reaches_aa_on_every_ground(ink, ground, theme):
    assert contrast(by_theme(ink, theme), by_theme(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("series", palette.SERIES)
def test_lines_of_charts_stand_out_from_their_ground(series, theme):
    assert contrast(by_theme(palette.SERIES[series].tone, theme), by_theme("chart-surface", theme)) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_buttons_fields_and_focus_can_be_seen(theme):
    assert contrast(by_theme("on-accent", theme), by_theme("accent", theme)) >= 4.5
    assert contrast(by_theme("line-strong", theme), by_theme("surface", theme)) >= 3
    assert contrast(by_theme("focus", theme), by_theme("page", theme)) >= 3


@pytest.mark.parametrize(
    ("left", "name"),
    [(365, "day"), (91, "day"), (90, "afternoon"), (31, "afternoon"), (30, "evening"), (8, "evening"), (7, "dusk"),
     (1, "dusk"), (0, "night"), (-5, "night")],
)  # fmt: skip
def test_the_later_it_is_the_darker_it_gets(left, name):
    assert palette.time_left_key(left) == name
