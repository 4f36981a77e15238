"""Figure on classes: accuracy of both finalists in each (dumbbell plot)."""

from __future__ import annotations

import numpy as np

from bakeoff.reports.canvas.axes import MARKERS, new_canvas, percent_axis, side_color, side_handles, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Table
from bakeoff.reports.canvas.formats import percent, points, short
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.statistics.accuracy import LEVEL, compare_paired, holm
from bakeoff.reports.statistics.comparison import Comparison
from bakeoff.reports.statistics.metrics import accuracy_per_class
from bakeoff.reports.statistics.sample import Sample

MAX_CLASSES = 24


def class_accuracies(comparison: Comparison) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(classes with test pictures, accuracy of the hand-crafted and of the end-to-end finalist in each)."""
    hand, net = (accuracy_per_class(c.confusion) for c in comparison.finalists)
    present = np.flatnonzero(np.isfinite(hand))
    return present, hand[present], net[present]


@styled
def draw_per_class(comparison: Comparison) -> Figure:
    """A dumbbell for each class, from the classes where hand-crafted leads to those where it trails.

    Of more than 24 classes, those with the largest differences, whichever their sign.
    """
    classes, hand, net = class_accuracies(comparison)
    order = np.argsort(net - hand, kind="stable")
    shown = order[np.isin(order, np.argsort(-np.abs(hand - net), kind="stable")[:MAX_CLASSES])]
    names = [short(comparison.task.class_names[classes[i]], 20) for i in shown]
    canvas, (axes,) = new_canvas(80 + 23 * len(shown))
    rows = np.arange(len(shown))
    leaders = np.where(hand[shown] >= net[shown], side_color("hand-crafted"), side_color("end-to-end"))
    axes.hlines(rows, hand[shown], net[shown], color=leaders, linewidth=3, alpha=0.4)
    for side, accuracy in (("hand-crafted", hand), ("end-to-end", net)):
        axes.plot(accuracy[shown], rows, MARKERS[side], color=side_color(side), markersize=7.5, clip_on=False)
    axes.set_yticks(rows, names)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    percent_axis(axes.xaxis)
    axes.set_xlabel("test pictures of the class that are classified correctly", color=LIGHT["muted"])
    axes.legend(
        handles=side_handles(), loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0, handletextpad=0.3
    )
    alt = (
        f"Accuracy of {comparison.hand_crafted.experiment} and {comparison.end_to_end.experiment} in {len(shown)} "
        f"classes. {describe_classes(comparison)}"
    )
    caption = "Accuracy class by class. The bar between two marks has the color of the side that leads."
    if len(shown) < len(order):
        caption += f" The {MAX_CLASSES} of {len(order)} classes where the two sides differ most; the table has all."
    return Figure("per-class", caption, alt, to_svg(canvas, "per-class", alt), _table(comparison))


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
    p_values, sample = [], comparison.sample
    for label in classes:
        own = sample.labels == label
        within = Sample(sample.labels[own], None if sample.groups is None else sample.groups[own])
        p_values.append(compare_paired(hand.correct[:, own], net.correct[:, own], within, spreads).p_value)
    return sum(p < LEVEL for p in holm(p_values))


def _table(comparison: Comparison) -> Table:
    classes, hand, net = class_accuracies(comparison)
    totals = np.bincount(comparison.task.test_labels, minlength=len(comparison.task.class_names))
    rows = tuple(
        Row(
            (
                Cell(comparison.task.class_names[index]),
                Cell(f"{totals[index]:,}", float(totals[index])),
                Cell(percent(h), h),
                Cell(percent(n), n),
                Cell(points(h - n), h - n),
            )
        )
        for index, h, n in zip(classes.tolist(), hand.tolist(), net.tolist(), strict=True)
    )
    columns = ("class", "test pictures", "hand-crafted", "end-to-end", "points between")
    return Table("Accuracy class by class", columns, rows, folded=True)
