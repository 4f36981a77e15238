"""Accuracy against total seconds."""

from __future__ import annotations

from collections.abc import Sequence

from reports.comparison import Comparison, Contestant
from reports.elements import Cell, Figure, Row, Table
from reports.figures.canvas import (
    MARKERS,
    label_points,
    new_canvas,
    percent_axis,
    seconds_axis,
    side_color,
    side_handles,
    styled,
)
from reports.formats import listing, percent, percent_range, seconds, short
from reports.svg import to_svg
from reports.theme import LIGHT


def pareto_front(comparison: Comparison) -> list[Contestant]:
    """Those that nobody beats in accuracy for the same seconds or fewer, cheapest first."""
    front: list[Contestant] = []
    for contestant in sorted(comparison.contestants, key=lambda c: (comparison.seconds(c), -c.accuracy)):
        if not front or contestant.accuracy > front[-1].accuracy:
            front.append(contestant)
    return front


@styled
def draw_cost(comparison: Comparison) -> Figure:
    """The Pareto plot: every experiment, its interval, and the line of the ones worth their time."""
    front = pareto_front(comparison)
    canvas, (axes,) = new_canvas(330)
    times = [max(comparison.seconds(c), 1e-3) for c in comparison.contestants]
    seconds_axis(axes, min(times) / 2, max(times) * 3)
    # The front is a staircase: between two experiments, the accuracy that is to be had is the cheaper one's.
    axes.step(
        [max(comparison.seconds(c), 1e-3) for c in front] + [max(times) * 3],
        [c.accuracy for c in front] + [front[-1].accuracy],
        where="post",
        color=LIGHT["neutral"],
        linewidth=1.2,
        zorder=1,
    )
    for contestant in comparison.contestants:
        x, (low, high) = max(comparison.seconds(contestant), 1e-3), contestant.interval
        color = side_color(contestant.side)
        finalist = contestant in comparison.finalists
        axes.plot([x, x], [low, high], color=color, linewidth=1.4, alpha=0.55, zorder=2)
        axes.plot(
            x, contestant.accuracy, MARKERS[contestant.side], color=color, markersize=9 if finalist else 6, zorder=3
        )
    axes.axhline(comparison.majority, color=LIGHT["neutral"], linewidth=1, linestyle=(0, (2, 3)))
    axes.set_ylabel("test accuracy")
    axes.set_xlabel(f"{comparison.clock}: features, training and prediction")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    percent_axis(axes.yaxis)
    axes.legend(
        handles=side_handles(), loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0, handletextpad=0.3
    )
    ordered = sorted(comparison.ranked, key=lambda c: (c not in comparison.finalists, c not in front))
    label_points(
        canvas,
        axes,
        [(max(comparison.seconds(c), 1e-3), c.accuracy) for c in ordered],
        [short(c.experiment, 24) if c in front or c in comparison.finalists else None for c in ordered],
    )
    best = front[-1]
    alt = (
        f"Scatter plot of test accuracy against total seconds for {len(times)} experiments. "
        f"{best.experiment} is the most accurate with {percent(best.accuracy)} in {seconds(comparison.seconds(best))}."
    )
    return Figure(
        "cost",
        f"Accuracy against {comparison.clock}, with 95 % intervals. Large marks are the finalists, the gray line joins "
        "the experiments that nothing faster beats, the dotted line is the accuracy of always naming the same class.",
        alt,
        to_svg(canvas, "cost", alt),
        _table(comparison, front),
    )


def describe_front(comparison: Comparison) -> str:
    """One sentence on who is worth their time."""
    front = pareto_front(comparison)
    names = [f"{c.experiment} ({percent(c.accuracy)} in {seconds(comparison.seconds(c))})" for c in front]
    if len(front) == 1:
        return f"{names[0]} is both the fastest and the most accurate: on this task time buys nothing more."
    if len(front) <= 3:
        return f"From fast to accurate, what is worth its time is {listing(names)}."
    return (
        f"{len(front)} of {len(comparison.contestants)} experiments are worth their time, the fastest being {names[0]} "
        f"and the most accurate {names[-1]}."
    )


def _table(comparison: Comparison, front: Sequence[Contestant]) -> Table:
    rows = tuple(
        Row(
            (
                Cell(c.experiment),
                Cell(percent(c.accuracy), c.accuracy),
                Cell(percent_range(c.interval), c.interval[0]),
                Cell(seconds(comparison.seconds(c)), comparison.seconds(c)),
                Cell("yes" if c in front else "no"),
            ),
            c.side,
            c in comparison.finalists,
        )
        for c in sorted(comparison.contestants, key=lambda c: comparison.seconds(c))
    )
    return Table(
        f"Accuracy and {comparison.clock}",
        ("experiment", "accuracy", "95 % interval", "seconds", "on the front"),
        rows,
        True,
    )
