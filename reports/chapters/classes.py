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
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table, number_cell
from bakeoff.reports.canvas.formats import count, percent, points, short
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import compare_paired, holm
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.sample import Sample

MAX_CLASSES = 24  # drawn
N_MISTAKES = 8  # of either finalist, in the table


@chapter(150)
def classes_section(comparison: Comparison) -> Section:
    return Section(
        "classes",
        "Class by class",
        (describe_classes(comparison),),
        (draw_per_class(comparison), mistakes_table(comparison)),
    )


def class_accuracies(comparison: Comparison) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(classes with test pictures, accuracy of the hand-crafted and of the end-to-end finalist in each)."""
    totals = comparison.hand_crafted.confusion.sum(axis=1)
    present = np.flatnonzero(totals)
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
    for side, accuracy in (("hand-crafted", hand), ("end-to-end", net)):
        axes.plot(accuracy[shown], rows, MARKERS[side], color=side_color(side), markersize=7.5, clip_on=False)
    name_rows(axes, [short(comparison.task.class_names[classes[i]], 20) for i in shown])
    percent_axis(axes.xaxis)
    axes.set_xlabel("test pictures of the class that are classified correctly", color=LIGHT["muted"])
    side_legend(axes)
    names = " and ".join(c.experiment for c in comparison.finalists)
    alt = f"Accuracy of {names} in {len(shown)} classes. {describe_classes(comparison)}"
    caption = "Accuracy class by class. The bar between two marks has the color of the side that leads."
    if len(shown) < len(order):
        caption += f" The {MAX_CLASSES} of {len(order)} classes where the two sides differ most; the table has all."
    return finish(canvas, "per-class", caption, alt, _table(comparison))


def describe_classes(comparison: Comparison) -> str:
    """One or two sentences: who leads in how many classes, and where most."""
    classes, hand, net = class_accuracies(comparison)
    lead = hand - net
    names = comparison.task.class_names
    text = (
        f"Hand-crafted features lead in {int((lead > 0).sum())} of {len(classes)} classes, "
        f"end-to-end training in {int((lead < 0).sum())}."
    )
    text += f" After Holm's correction over the classes, a lead is shown in {count_shown(comparison, classes)}."
    most, least = int(lead.argmax()), int(lead.argmin())
    if lead[most] > 0:
        largest = points(lead[most], signed=False)
        text += f" The largest lead of hand-crafted features is {largest} points, in {names[classes[most]]}"
        text += "." if lead[least] >= 0 else ";"
    if lead[least] < 0:
        start = " that of end-to-end training is" if lead[most] > 0 else " End-to-end training's largest lead is"
        text += f"{start} {points(-lead[least], signed=False)} points, in {names[classes[least]]}."
    return text


def count_shown(comparison: Comparison, classes: np.ndarray) -> int:
    """In how many of the classes the finalists differ by tests that hold together (Holm)."""
    spreads = comparison.spreads["hand-crafted"], comparison.spreads["end-to-end"]
    hand, net = comparison.finalists
    tests, sample = [], comparison.sample
    for label in classes:
        own = sample.labels == label
        within = Sample(sample.labels[own], None if sample.groups is None else sample.groups[own])
        tests.append(compare_paired(hand.correct[:, own], net.correct[:, own], within, spreads))
    return sum(test.is_shown for test in holm(tests))


def _table(comparison: Comparison) -> Table:
    classes, hand, net = class_accuracies(comparison)
    totals = np.bincount(comparison.task.test_labels, minlength=len(comparison.task.class_names))
    rows = tuple(
        Row(
            (
                Cell(comparison.task.class_names[index]),
                number_cell(totals[index], count),
                *(number_cell(share, percent) for share in (h, n)),
                number_cell(h - n, points),
            )
        )
        for index, h, n in zip(classes.tolist(), hand.tolist(), net.tolist(), strict=True)
    )
    columns = ("class", "test pictures", "hand-crafted", "end-to-end", "points between")
    return Table("Accuracy class by class", columns, rows, folded=True)


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
    rows = [
        Row((Cell(c.experiment), Cell(true), Cell(said), number_cell(share, percent)), c.side)
        for c in comparison.finalists
        for true, said, share in worst_confusions(c, N_MISTAKES)
    ]
    return Table("The most frequent mistakes", ("finalist", "true class", "answer", "share of it"), tuple(rows))
