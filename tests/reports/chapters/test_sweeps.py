"""The sentences on a sweep say what the rows say, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from bakeoff.pipelines.results.study import StudyResult, pack_correct
from bakeoff.reports.canvas.elements import Figure, Table
from bakeoff.reports.chapters import sweeps
from bakeoff.reports.chapters.chapter import write_chapters

N = 400


def row(share: float | None, validation: float | None = None, **facts: object) -> dict[str, object]:
    """A net that classifies the first `share` of the test pictures correctly; None for one that diverged."""
    correct = np.arange(N) < round(N * (share or 0))
    lost = share is None
    return {
        **facts,
        "n_test": N,
        "diverged": lost,
        "accuracy": share,
        "validation_score": None if lost else share if validation is None else validation,
        "train_score": None if lost else 0.99,
        "correct": None if lost else pack_correct(correct),
        "spread_1": 1.0,
        "spread_2": 0.5,
        **({} if lost else {"dead_1": 0.0, "dead_2": 0.25}),
    }


def grid(strong: float, small: float) -> list[dict[str, object]]:
    """Two widths, without and with L2; the wide net without it has 60 % right."""
    return [
        row(small, width=8, l2=0.0),
        row(small - 0.05, width=8, l2=0.1),
        row(0.6, width=512, l2=0.0),
        row(strong, width=512, l2=0.1),
    ]


@pytest.mark.parametrize(
    ("strong", "small", "words"),
    [
        (0.8, 0.7, "with stronger L2, not with a smaller net"),
        (0.65, 0.8, "with a smaller net, not with L2"),
        (0.701, 0.7, "No difference is shown between the widest net with L2 0.1 and the best net without L2 (8 units)"),
    ],
)
def test_l2_or_a_smaller_net_is_decided_by_the_test_pictures(strong, small, words):
    text = sweeps.describe_regularization(grid(strong, small))
    assert words in text
    assert ("regularize" in text) == ("regularize" in words or "not with" in words)
    assert "60.0" in text


def test_nets_are_chosen_on_validation_whatever_the_test_says():
    rows = [*grid(0.7, 0.65), row(0.95, validation=0.1, width=512, l2=1.0)]
    assert "the widest net with L2 0.1" in sweeps.describe_regularization(rows)


def test_the_widest_net_that_is_best_without_l2_calls_for_nothing():
    rows = [row(0.5, width=8, l2=0.0), row(0.6, width=512, l2=0.0), row(0.4, width=512, l2=0.1)]
    assert "neither stronger L2 nor a smaller net is called for" in sweeps.describe_regularization(rows)


ACTIVATIONS = [
    row(0.80, activation="relu", initialization="matched"),
    row(0.79, activation="elu", initialization="matched"),
    row(0.50, activation="sigmoid", initialization="matched"),
    row(0.10, activation="relu", initialization="too-small"),
    row(0.79, activation="elu", initialization="too-small"),
    row(0.70, activation="sigmoid", initialization="too-small"),
    row(None, activation="relu", initialization="too-large"),
    row(0.40, activation="elu", initialization="too-large"),
    row(0.50, activation="sigmoid", initialization="too-large"),
]


def test_activations_are_told_apart_only_where_a_difference_is_shown():
    # 4 of 400 pictures between relu and elu: p = 0.125.
    text = sweeps.describe_activations(ACTIVATIONS)
    assert "relu is best on validation" in text
    assert "a difference is shown from sigmoid, none from elu" in text


def test_first_weights_fall_rise_stay_or_diverge():
    small, large = sweeps.describe_first_weights(ACTIVATIONS)
    assert small.startswith("With weights that are too small, accuracy falls for relu (by 70.0 to 10.0")
    assert "rises for sigmoid (by 20.0 to 70.0" in small
    assert "no difference is shown for elu" in small
    assert "no longer finite for relu; accuracy falls for elu" in large
    assert "no difference is shown for sigmoid" in large


DEPTH = [row(0.6, layers=n, normalization=kind) for kind in ("none", "batch") for n in (1, 4)]
WIDTH = [row(0.6 + 0.1 * (w > 8), width=w, augmentation=a) for a in ("none", "crops and flips") for w in (8, 512)]


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        ("regularization", grid(0.8, 0.7), "stronger L2"),
        ("activation", ACTIVATIONS, "relu is best"),
        ("depth", DEPTH, "No difference is shown between batch normalization at 4 layers and the same net without"),
        ("depth", DEPTH, "With normalization none, 1 hidden layer is best on validation"),
        ("width", WIDTH, "The difference between 512 units and 8 units is shown: +10.0"),
    ],
)
def test_each_sweep_has_a_chapter_with_its_figure_and_table(name, rows, words):
    study = StudyResult(name, "Title", "pets", "0" * 64, {}, tuple(rows), {}, 1.0, ("How.",))
    (section,) = write_chapters({}, {name: study, "another": study})
    assert words in section.paragraphs[1].replace("\N{NO-BREAK SPACE}", " ")
    for part in section.parts:
        assert len((part.table if isinstance(part, Figure) else part).rows) == len(rows)


@pytest.mark.parametrize(("steps", "kind"), [((0, 1, 2, 4), Table), ((0, 1, 2, 4, 8), Figure)])
def test_fewer_than_five_values_are_a_table_and_no_curve(steps, kind):
    rows = [row(0.6, layers=n, normalization=k) for k in ("none", "batch") for n in steps]
    study = StudyResult("depth", "Title", "pets", "0" * 64, {}, tuple(rows), {}, 1.0, ("How.",))
    (part,) = sweeps.depth_section(study).parts
    assert isinstance(part, kind)
    assert getattr(part, "folded", False) is False


def test_a_net_that_diverged_is_never_compared():
    with pytest.raises(ValueError, match="diverged"):
        sweeps.compare(ACTIVATIONS[0], ACTIVATIONS[6])
