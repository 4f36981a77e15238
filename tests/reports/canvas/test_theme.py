import re

import pytest

from bakeoff.reports.canvas.theme import DARK, LIGHT, mark_code, style_sheet


def luminance(color: str) -> float:
    """Relative luminance by WCAG 2.1."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "panel"])
@pytest.mark.parametrize("text", ["ink", "muted", "hand", "net"])
def test_text_has_a_contrast_of_4_5_on_every_ground(palette, ground, text):
    high, low = sorted((luminance(palette[ground]), luminance(palette[text])), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_colors_are_distinct_so_that_each_has_one_variable():
    assert len(set(LIGHT.values())) == len(LIGHT)
    assert LIGHT.keys() == DARK.keys()


def test_style_sheet_uses_only_variables_that_exist():
    css = style_sheet()
    assert set(re.findall(r"var\(--([a-z]+)\)", css)) <= set(re.findall(r"--([a-z]+):", css))


def test_backticks_are_code_and_all_else_stays_text():
    assert str(mark_code("run `make <a>` & `b`")) == "run <code>make &lt;a&gt;</code> &amp; <code>b</code>"
    assert str(mark_code("a ` alone <i>")) == "a ` alone &lt;i&gt;"
