"""The chapter on ablations claims what paired tests show, and draws a panel for each factor."""

from __future__ import annotations

import numpy as np
import pytest

from bakeoff.pipelines.results.study import Row, pack_correct
from bakeoff.reports.chapters.ablations import ablations_section, describe_choices, describe_families, find_choices
from bakeoff.tests.reports.study_factory import make_study

N = 400


def row(factor: str, value: object, share: float | None, *, default: bool = False, line: str = "alone") -> Row:
    """The first `share` of the test pictures is right; None for a net that diverged."""
    net = factor in ("width", "layers")
    return {
        "factor": factor,
        "line": line,
        "value": value,  # type: ignore[dict-item]
        "default": default,
        "side": "end-to-end" if net else "hand-crafted",
        "n_test": N,
        "diverged": share is None,
        "accuracy": share,
        "validation_score": share,
        "correct": None if share is None else pack_correct(np.arange(N) < round(N * share)),
    }


FAMILIES = [
    row("families", *pair, line="added in order") for pair in (("color", 0.5), ("+ hog", 0.7), ("+ pca", 0.7025))
]
WORDS = [row("words", 100, 0.5), row("words", 500, 0.6, default=True), row("words", 1000, 0.7)]
COMPONENTS = [row("components", 32, 0.4), row("components", 128, 0.6, default=True)]
COSTS = [row("C", 0.1, 0.4), row("C", 1.0, 0.6, default=True)]
WIDTHS = [row("width", 8, None), row("width", 128, 0.6, default=True), row("width", 512, 0.6025)]
ROWS = [*FAMILIES, *WORDS, *COMPONENTS, *COSTS, *WIDTHS]


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_each_family_is_told_with_what_it_adds_and_whether_that_is_shown():
    text = plain(describe_families(FAMILIES))
    assert "begin with color at 50.0 %" in text
    assert "hog +20.0 points (+15.7 to +24.1) and pca +0.3 points" in text
    assert text.count("not shown") == 1
    assert describe_families(FAMILIES[:1]) == ""


def test_the_best_on_validation_stands_against_the_default_of_its_own_line():
    pairs = [(chosen["value"], default["value"]) for chosen, default, _ in find_choices(ROWS)]
    assert pairs == [(1000, 500), (128, 128), (512, 128)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (ROWS, "shown for visual words (alone) by +10.0 points with 1000 instead of 500; for the others none is"),
        ([*COMPONENTS, *WIDTHS], "No setting is shown to be worth changing here."),
    ],
)
def test_a_change_is_called_worth_it_only_where_it_is_shown(rows, expected):
    assert expected in plain(describe_choices(find_choices(rows)))


def test_the_chapter_has_every_number_and_the_table_of_choices():
    section = ablations_section(make_study("ablations", ROWS))
    every, table = section.parts
    assert len(every.rows) == len(ROWS)
    assert every.rows[-3].cells[4].text == "diverged"
    assert sum("(default)" in r.cells[2].text for r in every.rows) == 4
    assert [r.cells[0].text for r in table.rows] == ["visual words", "principal components", "hidden units"]
