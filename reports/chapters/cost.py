"""Chapter on cost: training stage by stage, the choice of a finalist, and latency and throughput of prediction."""

from __future__ import annotations

import numpy as np

from bakeoff.reports.canvas.axes import (
    MARKERS,
    finish,
    label_points,
    new_canvas,
    percent_axis,
    seconds_axis,
    side_color,
    side_legend,
    styled,
)
from bakeoff.reports.canvas.elements import Cell, Figure, Section, Table, TableRow, number_cell
from bakeoff.reports.canvas.formats import bytes_size, count, percent, seconds, short
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.chapters.results import selection_seconds
from bakeoff.reports.statistics.comparison import Comparison, Contestant


@chapter(40, decisive=True)
def cost_section(comparison: Comparison) -> Section:
    """What the finalists took, what choosing them took, and how fast they classify from the pixels on."""
    spent = " ".join(_describe_stages(c, comparison) for c in comparison.finalists)
    text = (
        "A run that takes a stage from the cache reports the time of the run that computed it, and experiments that "
        "share a stage each report its full cost. report.json has every stage."
    )
    return Section("cost", "What it costs", (f"{spent} {describe_rates(comparison)}", text), _use_tables(comparison))


def _describe_stages(contestant: Contestant, comparison: Comparison) -> str:
    """Which stage takes most of an experiment's time, and what choosing it took."""
    stages, clock = contestant.representative.stages, comparison.clock
    total = max(sum(stage.spent(clock) for stage in stages), 1e-9)
    longest = max(stages, key=lambda stage: stage.spent(clock))
    joules = [stage.joules for stage in stages if stage.joules is not None]
    energy = f" and {sum(joules) / 1000:.2g} kJ of the GPU" if joules else ""
    if contestant.contest:
        choice = f"the search that found it took {seconds(contestant.contest['spent'])} of processor time"
    else:
        side = [c for c in comparison.contestants if c.side == contestant.side]
        together = seconds(selection_seconds(side, clock))
        choice = f"it was chosen among {len(side)} experiments, which took {together} together"
        if len(side) == 1:
            choice = "it was the only experiment of its side"
    return (
        f"{contestant.experiment} takes {seconds(total)}{energy}, {percent(longest.spent(clock) / total)} of it in the "
        f"stage “{longest.name}”; {choice}."
    )


def describe_rates(comparison: Comparison) -> str:
    """How fast either finalist classifies, from pixels to class; says so where that was not measured."""
    told = []
    for c in comparison.finalists:
        noted = c.representative.diagnostics
        if "pictures_per_second" in noted:
            busy = ", on a busy machine" if c.waited else ""
            rate, alone = count(noted["pictures_per_second"]), seconds(noted["single_picture_seconds"])
            told.append(f"{c.experiment} classifies {rate} pictures per second, and a single one in {alone}{busy}")
        else:
            told.append(f"the rate of {c.experiment} was not measured")
    return f"Once trained, from pixels to class: {'; '.join(told)}."


def _use_tables(comparison: Comparison) -> tuple[Table, ...]:
    """What a trained model costs whoever uses it; nothing for runs that did not measure it."""
    measured = [c for c in comparison.ranked if "single_picture_seconds" in c.representative.diagnostics]
    if not measured:
        return ()
    rows = []
    for c in measured:
        noted, size = c.representative.diagnostics, c.representative.size
        cells = (
            Cell(c.experiment, note="on a busy machine" if c.waited else ""),
            number_cell(noted["single_picture_seconds"], seconds),
            *(number_cell(noted.get(key), count) for key in ("pictures_per_second", "flops_per_picture")),
            number_cell(size.bytes, bytes_size),
        )
        rows.append(TableRow(cells, c.side, c in comparison.finalists))
    columns = ("experiment", "single picture", "pictures per second", "FLOP per picture", "model size")
    return (Table("Prediction from pixels to class, once the model is trained", columns, tuple(rows), folded=True),)


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
    axes.set_xlabel(f"{comparison.time}: features, training and prediction")
    percent_axis(axes.yaxis)
    side_legend(axes, comparison.sides)
    ordered = sorted(comparison.ranked, key=lambda c: (c not in comparison.finalists, c not in front))
    named = [short(c.experiment, 24) if c in front or c in comparison.finalists else None for c in ordered]
    label_points(canvas, axes, [places[c] for c in ordered], named)
    best = front[-1]
    alt = (
        f"Scatter plot of {comparison.measure} on test against {comparison.time} for {len(times)} experiments. "
        f"The most accurate is {best.experiment}, with {percent(comparison.score(best))}."
    )
    caption = (
        f"{comparison.measure.capitalize()} against {comparison.time}, with 95 % intervals. Large marks are the "
        "finalists, the gray line is the Pareto front, and the dotted line is the majority class. “All results” has "
        "the numbers."
    )
    return finish(canvas, "cost", caption, alt)
