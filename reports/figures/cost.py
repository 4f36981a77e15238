"""Figure on cost: accuracy against time, with the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bakeoff.reports.canvas.axes import (
    MARKERS,
    label_points,
    new_canvas,
    percent_axis,
    seconds_axis,
    side_color,
    side_handles,
    styled,
)
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Table
from bakeoff.reports.canvas.formats import listing, percent, percent_range, seconds, short
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.statistics.comparison import Comparison, Contestant


def pareto_front(comparison: Comparison) -> list[Contestant]:
    """Those that nobody beats in score for the same seconds or fewer, cheapest first."""
    front: list[Contestant] = []
    for contestant in sorted(comparison.contestants, key=lambda c: (comparison.seconds(c), -comparison.score(c))):
        if not front or comparison.score(contestant) > comparison.score(front[-1]):
            front.append(contestant)
    return front


@styled
def draw_cost(comparison: Comparison) -> Figure:
    """The Pareto plot: every experiment, its interval, and the line of the ones worth their time."""
    front = pareto_front(comparison)
    places = {c: (max(comparison.seconds(c), 1e-3), comparison.score(c)) for c in comparison.contestants}
    canvas, (axes,) = new_canvas(330)
    times = [time for time, _ in places.values()]
    seconds_axis(axes, min(times) / 2, max(times) * 3)
    # The front is a staircase: between two experiments, the accuracy that is to be had is the cheaper one's.
    steps = np.array([places[c] for c in front] + [(max(times) * 3, comparison.score(front[-1]))])
    axes.step(*steps.T, where="post", color=LIGHT["neutral"], linewidth=1.2, zorder=1)
    for contestant in comparison.contestants:
        x, y = places[contestant]
        color, size = side_color(contestant.side), 9 if contestant in comparison.finalists else 6
        axes.plot([x, x], comparison.interval(contestant), color=color, linewidth=1.4, alpha=0.55, zorder=2)
        axes.plot(x, y, MARKERS[contestant.side], color=color, markersize=size, zorder=3)
    axes.axhline(comparison.dummy_shares[0], color=LIGHT["neutral"], linewidth=1, linestyle=(0, (2, 3)))
    axes.set_ylabel("balanced accuracy" if comparison.is_unbalanced else "test accuracy")
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
        [places[c] for c in ordered],
        [short(c.experiment, 24) if c in front or c in comparison.finalists else None for c in ordered],
    )
    alt = (
        f"Scatter plot of {comparison.measure} on test against {comparison.clock} for {len(times)} experiments. "
        f"The most accurate is {_describe(front[-1], comparison)}."
    )
    caption = (
        f"{comparison.measure.capitalize()} against {comparison.clock}, with 95 % intervals. Large marks are the "
        "finalists, the gray line joins the experiments that nothing faster beats, the dotted line is "
        "always the same class."
    )
    return Figure("cost", caption, alt, to_svg(canvas, "cost", alt), _table(comparison, front))


def _describe(c: Contestant, comparison: Comparison) -> str:
    return f"{c.experiment} ({percent(comparison.score(c))} in {seconds(comparison.seconds(c))})"


def describe_front(comparison: Comparison) -> str:
    """One sentence on the Pareto front."""
    front = pareto_front(comparison)
    names = [_describe(c, comparison) for c in front]
    if len(front) == 1:
        return f"{names[0]} is both the fastest and the most accurate of the experiments here."
    if len(front) <= 3:
        return f"On the Pareto front, from the fastest to the most accurate: {listing(names)}."
    return (
        f"{len(front)} of {len(comparison.contestants)} experiments lie on the Pareto front, from {names[0]} to "
        f"{names[-1]}."
    )


def _table(comparison: Comparison, front: Sequence[Contestant]) -> Table:
    rows = tuple(
        Row(
            (
                Cell(c.experiment),
                Cell(percent(comparison.score(c)), comparison.score(c)),
                Cell(percent_range(comparison.interval(c)), comparison.interval(c)[0]),
                Cell(seconds(comparison.seconds(c)), comparison.seconds(c)),
                Cell("yes" if c in front else "no"),
            ),
            c.side,
            c in comparison.finalists,
        )
        for c in sorted(comparison.contestants, key=lambda c: comparison.seconds(c))
    )
    return Table(
        f"{comparison.measure.capitalize()} and {comparison.clock}",
        ("experiment", comparison.measure, "95 % interval", "seconds", "on the front"),
        rows,
        folded=True,
    )
