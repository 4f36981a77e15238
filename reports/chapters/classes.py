"""Chapter on the classes: accuracy of both finalists in each, and which are confused."""

from __future__ import annotations

from html import escape

import numpy as np

from bakeoff.reports.canvas.axes import MARKERS, new_canvas, percent_axis, side_color, side_handles, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table
from bakeoff.reports.canvas.formats import percent, points, short
from bakeoff.reports.canvas.svg import root_tag, to_svg
from bakeoff.reports.canvas.theme import LIGHT, SIDE_COLORS
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import LEVEL, compare_paired, holm
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.metrics import accuracy_per_class, worst_confusions
from bakeoff.reports.statistics.sample import Sample


@chapter(150)
def classes_section(comparison: Comparison) -> Section:
    texts = (describe_classes(comparison), " ".join(describe_confusions(c) for c in comparison.finalists))
    parts = (draw_per_class(comparison), *(draw_confusion(c) for c in comparison.finalists))
    return Section("classes", "Class by class", texts, parts)


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


MAX_LABELED = 40  # above this, class names would be smaller than can be read
MAX_NUMBERED = 20
LEAST_SHARE = 0.06  # of the most frequent mistake; smaller ones are not drawn: they would be invisible


def draw_confusion(contestant: Contestant) -> Figure:
    """Rows are true classes, columns predicted ones; the errors in the side's color, the diagonal in gray."""
    names = contestant.runs[0].class_names
    confusion = contestant.confusion
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    labeled = len(names) <= MAX_LABELED
    margin = 110 if labeled else 24
    size = 520
    cell = (size - margin) / len(names)
    name = f"confusion-{contestant.side}"
    alt = f"Confusion matrix of {contestant.experiment}. {describe_confusions(contestant)}"
    parts = [root_tag(size + 8, size + 4, alt)]
    parts += _cells(shares, margin, cell, LIGHT[SIDE_COLORS[contestant.side]])
    parts += _labels([short(n, 15) for n in names], margin, cell) if labeled else _axis_names(margin, size)
    parts.append("</svg>")
    caption = (
        f"Confusion matrix of {contestant.experiment} ({contestant.side}): rows are true classes, columns the answers, "
        "in percent of the row. Gray is right; the strongest color is the most frequent mistake."
    )
    return Figure(name, caption, alt, "".join(parts), _confusion_table(contestant), width=528)


def describe_confusions(contestant: Contestant) -> str:
    """The most frequent mistake, in a sentence."""
    names = contestant.runs[0].class_names
    worst = worst_confusions(contestant.confusion, 1)
    if not worst:
        return f"{contestant.experiment} makes no mistake on the test pictures."
    true, said, share = worst[0]
    return (
        f"The most frequent mistake of {contestant.experiment} is to take {names[true]} for {names[said]}: "
        f"{percent(share)} of its pictures."
    )


def _cells(shares: np.ndarray, margin: float, cell: float, color: str) -> list[str]:
    n = len(shares)
    parts = [
        f'<rect x="{margin}" y="{margin}" width="{n * cell:.1f}" height="{n * cell:.1f}" fill="{LIGHT["panel"]}"/>'
    ]
    font = min(13.0, 0.5 * cell)
    mistakes = shares * (1 - np.eye(n))
    worst = max(float(mistakes.max()), 1e-9)
    for i, j in np.argwhere((mistakes >= LEAST_SHARE * worst) | (np.eye(n) * shares > 0)):
        share = shares[i, j]
        x, y = margin + j * cell, margin + i * cell
        # A power below one spreads the small shares, of which there are more.
        fill, opacity = (LIGHT["neutral"], 0.2 + 0.6 * share) if i == j else (color, 0.85 * (share / worst) ** 0.8)
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell - 0.6:.1f}" height="{cell - 0.6:.1f}" '
            f'fill="{fill}" fill-opacity="{opacity:.2f}"/>'
        )
        if n <= MAX_NUMBERED and share >= 0.02:
            ink = LIGHT["paper"] if i != j and opacity > 0.6 else LIGHT["ink"]
            parts.append(
                f'<text x="{x + cell / 2:.1f}" y="{y + cell / 2 + 0.35 * font:.1f}" font-size="{font:.1f}" '
                f'text-anchor="middle" fill="{ink}">{100 * share:.0f}</text>'
            )
    return parts


def _labels(names: list[str], margin: float, cell: float) -> list[str]:
    font = min(13.0, max(7.0, 0.75 * cell))
    parts = []
    for index, name in enumerate(names):
        middle = margin + (index + 0.5) * cell
        text = escape(name)
        parts.append(
            f'<text x="{margin - 6}" y="{middle + 0.35 * font:.1f}" font-size="{font:.1f}" text-anchor="end" '
            f'fill="{LIGHT["ink"]}">{text}</text>'
            f'<text transform="translate({middle + 0.35 * font:.1f} {margin - 6}) rotate(-90)" font-size="{font:.1f}" '
            f'fill="{LIGHT["ink"]}">{text}</text>'
        )
    return parts


def _axis_names(margin: float, size: float) -> list[str]:
    middle = (margin + size) / 2
    return [
        f'<text x="{middle}" y="15" font-size="13" text-anchor="middle" fill="{LIGHT["muted"]}">answer</text>',
        f'<text transform="translate(15 {middle}) rotate(-90)" font-size="13" text-anchor="middle" '
        f'fill="{LIGHT["muted"]}">true class</text>',
    ]


def _confusion_table(contestant: Contestant) -> Table:
    names = contestant.runs[0].class_names
    rows = tuple(
        Row((Cell(names[true]), Cell(names[said]), Cell(percent(share), share)))
        for true, said, share in worst_confusions(contestant.confusion, 15)
    )
    columns = ("true class", "answer", "share of the class")
    return Table(f"The most frequent mistakes of {contestant.experiment}", columns, rows, folded=True)
