"""Chapter on the classes: accuracy of both finalists in each, and which are confused."""

from __future__ import annotations

import numpy as np

from bakeoff.reports.canvas.axes import (
    MARKERS,
    finish,
    name_rows,
    new_canvas,
    percent_axis,
    side_color,
    side_legend,
    styled,
)
from bakeoff.reports.canvas.elements import Cell, Figure, Section, Table, TableRow, number_cell, share_cell
from bakeoff.reports.canvas.formats import count, listing, points, short
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import compare_paired, holm
from bakeoff.reports.statistics.comparison import SIDES, Comparison, Contestant
from bakeoff.reports.statistics.sample import Sample

MAX_CLASSES = 24  # drawn
MAX_NAMED = 6  # in the sentence
N_MISTAKES = 8  # of either finalist, in the table


@chapter(150)
def classes_section(comparison: Comparison) -> Section:
    parts = (draw_per_class(comparison), mistakes_table(comparison))
    return Section("classes", "Accuracy by class", (describe_classes(comparison),), parts)


def class_accuracies(comparison: Comparison) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(classes with test pictures, accuracy of the hand-crafted and of the end-to-end finalist in each)."""
    present = np.flatnonzero(comparison.hand_crafted.confusion.sum(axis=1))
    hand, net = (np.diag(c.confusion)[present] / c.confusion.sum(axis=1)[present] for c in comparison.finalists)
    return present, hand, net


@styled
def draw_per_class(comparison: Comparison) -> Figure:
    """A dumbbell for each class, from the classes where hand-crafted leads to those where it trails.

    Of more than 24 classes, those with the largest differences, whichever their sign.
    """
    classes, hand, net = class_accuracies(comparison)
    order = np.argsort(net - hand, kind="stable")
    shown = order[np.isin(order, np.argsort(-np.abs(hand - net), kind="stable")[:MAX_CLASSES])]
    canvas, (axes,) = new_canvas(80 + 23 * len(shown), grid="x")
    rows = np.arange(len(shown))
    leaders = np.where(hand[shown] >= net[shown], side_color("hand-crafted"), side_color("end-to-end"))
    axes.hlines(rows, hand[shown], net[shown], color=leaders, linewidth=3, alpha=0.4)
    for side, accuracy in zip(SIDES, (hand, net), strict=True):
        axes.plot(accuracy[shown], rows, MARKERS[side], color=side_color(side), markersize=7.5, clip_on=False)
    name_rows(axes, [short(comparison.task.class_names[classes[i]], 20) for i in shown])
    percent_axis(axes.xaxis)
    axes.set_xlabel("test pictures of the class that are classified correctly", color=LIGHT["muted"])
    side_legend(axes)
    names = " and ".join(c.experiment for c in comparison.finalists)
    alt = f"Accuracy of {names} in {len(shown)} classes. {describe_classes(comparison)}"
    caption = "Accuracy by class. The bar between two marks has the color of the side that is ahead."
    if len(shown) < len(order):
        caption += f" The {MAX_CLASSES} of {len(order)} classes where the two sides differ most; the table has all."
    return finish(canvas, "per-class", caption, alt, _table(comparison))


def describe_classes(comparison: Comparison) -> str:
    """Who is ahead in how many classes, and where that is shown by tests that hold together (Holm)."""
    classes, hand, net = class_accuracies(comparison)
    tests, sample, names = [], comparison.sample, comparison.task.class_names
    spreads = comparison.spreads["hand-crafted"], comparison.spreads["end-to-end"]
    for label in classes:
        own = sample.labels == label
        within = Sample(sample.labels[own], None if sample.groups is None else sample.groups[own])
        tests.append(compare_paired(*(c.correct[:, own] for c in comparison.finalists), within, spreads))
    shown = [(names[label], test.difference) for label, test in zip(classes, holm(tests), strict=True) if test.is_shown]
    named = [f"{name} ({points(gap)})" for name, gap in sorted(shown, key=lambda item: -abs(item[1]))]
    more = [f"{len(named) - MAX_NAMED} more"] if len(named) > MAX_NAMED else []
    told = f"in {listing(named[:MAX_NAMED] + more)}" if shown else "in no class"
    return (
        f"Hand-crafted features are ahead in {int((hand > net).sum())} of {len(classes)} classes and end-to-end "
        f"training in {int((hand < net).sum())}. After Holm's correction over the classes, a difference is shown {told}"
        f"{' (points, hand-crafted minus end-to-end)' if shown else ''}."
    )


def _table(comparison: Comparison) -> Table:
    classes, hand, net = class_accuracies(comparison)
    totals = np.bincount(comparison.task.test_labels, minlength=len(comparison.task.class_names))
    rows = tuple(
        TableRow(
            (
                Cell(comparison.task.class_names[index]),
                number_cell(totals[index], count),
                *map(share_cell, (h, n)),
                number_cell(h - n, points),
            )
        )
        for index, h, n in zip(classes.tolist(), hand.tolist(), net.tolist(), strict=True)
    )
    return Table("Accuracy by class", ("class", "test pictures", *SIDES, "difference in points"), rows, folded=True)


def worst_confusions(contestant: Contestant, n_pairs: int) -> list[tuple[str, str, float]]:
    """The (true class, answer, share of the true class) off the diagonal with the largest shares."""
    names, confusion = contestant.class_names, contestant.confusion
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    order = np.argsort(-shares, axis=None, kind="stable")[:n_pairs]
    pairs = zip(*np.unravel_index(order, shares.shape), strict=True)
    return [(names[true], names[said], float(shares[true, said])) for true, said in pairs if shares[true, said] > 0]


def mistakes_table(comparison: Comparison) -> Table:
    """The most frequent mistakes of either finalist."""
    rows = tuple(
        TableRow((Cell(c.experiment), Cell(true), Cell(said), share_cell(share)), c.side)
        for c in comparison.finalists
        for true, said, share in worst_confusions(c, N_MISTAKES)
    )
    return Table("The most frequent mistakes", ("finalist", "true class", "answer", "share of the class"), rows)
