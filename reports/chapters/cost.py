"""Chapter on cost: the stages of a training, and latency and throughput of prediction."""

import numpy as np

from bakeoff.reports.canvas import axes as draw
from bakeoff.reports.canvas.elements import Cell, Figure, Section, Table, number_cell, table_row
from bakeoff.reports.canvas.formats import bytes_size, count, percent, seconds, short
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.comparison import Comparison, Contestant

MAX_ROWS = 12  # of the table of rates, before it is folded


@chapter(40, decisive=True)
def cost_section(comparison: Comparison) -> Section:
    """What the finalists took, and how fast they classify from the pixels on."""
    spent = " ".join(_describe_stages(c, comparison) for c in comparison.finalists)
    text = (
        "A run that takes a stage from the cache reports the time of the run that computed it, and experiments that "
        "share a stage each report its full cost. report.json has every stage."
    )
    return Section("cost", "What it costs", (spent, text), [use_table(comparison)])


def _describe_stages(contestant: Contestant, comparison: Comparison) -> str:
    """Which stage takes most of an experiment's time, and what the GPU used; choosing it is on the first screen."""
    stages, clock = contestant.representative.stages, comparison.clock
    total = max(sum(stage.spent(clock) for stage in stages), 1e-9)
    longest = max(stages, key=lambda stage: stage.spent(clock))
    joules = [stage.joules for stage in stages if stage.joules is not None]
    energy = f" and {sum(joules) / 1000:.2g} kJ of the GPU" if joules else ""
    share = percent(longest.spent(clock) / total)
    return f"{contestant.experiment} takes {seconds(total)}{energy}, {share} of it in the stage “{longest.name}”."


def use_table(comparison: Comparison) -> Table:
    """What a trained model costs whoever uses it: the finalists, and all others of which it was measured."""
    rows = []
    for c in comparison.ranked:
        noted, size = c.representative.diagnostics, c.representative.size
        if c in comparison.finalists or "single_picture_seconds" in noted:
            busy = "on a busy machine" if c.waited and "single_picture_seconds" in noted else ""
            rates = (number_cell(noted.get(key), count) for key in ("pictures_per_second", "flops_per_picture"))
            alone = number_cell(noted.get("single_picture_seconds"), seconds)
            cells = (Cell(c.experiment, note=busy), alone, *rates, number_cell(size.bytes, bytes_size))
            rows.append(table_row(*cells, side=c.side, strong=c in comparison.finalists))
    columns = ("experiment", "single picture", "pictures per second", "FLOP per picture", "model size")
    caption = "Prediction from pixels to class, once the model is trained; a dash is what was not measured"
    return Table(caption, columns, rows, folded=len(rows) > MAX_ROWS)


def pareto_front(comparison: Comparison) -> list[Contestant]:
    """Those that nobody beats in score for the same seconds or fewer, cheapest first."""
    front: list[Contestant] = []
    for contestant in sorted(comparison.contestants, key=lambda c: (comparison.seconds(c), -comparison.score(c))):
        if not front or comparison.score(contestant) > comparison.score(front[-1]):
            front.append(contestant)
    return front


@draw.styled
def draw_cost(comparison: Comparison) -> Figure:
    """The Pareto plot: every experiment, its interval, and the line of the ones worth their time."""
    front = pareto_front(comparison)
    places = {c: (max(comparison.seconds(c), 1e-3), comparison.score(c)) for c in comparison.contestants}
    canvas, (axes,) = draw.new_canvas(330)
    times = [time for time, _ in places.values()]
    draw.seconds_axis(axes, min(times) / 2, max(times) * 3)
    # The front is a staircase: between two experiments, the accuracy that is to be had is the cheaper one's.
    steps = np.array([places[c] for c in front] + [(max(times) * 3, comparison.score(front[-1]))])
    axes.step(*steps.T, where="post", color=LIGHT["neutral"], linewidth=1.2, zorder=1)
    for contestant in comparison.contestants:
        x, y = places[contestant]
        color, size = draw.side_color(contestant.side), 9 if contestant in comparison.finalists else 6
        axes.plot([x, x], comparison.interval(contestant), color=color, linewidth=1.4, alpha=0.55, zorder=2)
        axes.plot(x, y, draw.MARKERS[contestant.side], color=color, markersize=size, zorder=3)
    axes.axhline(comparison.dummy_shares[0], color=LIGHT["neutral"], linewidth=1, linestyle=(0, (2, 3)))
    axes.set(xlabel=f"{comparison.time}: features, training and prediction", ylabel=f"test {comparison.measure}")
    draw.percent_axis(axes.yaxis)
    draw.side_legend(axes, comparison.sides)
    ordered = sorted(comparison.ranked, key=lambda c: (c not in comparison.finalists, c not in front))
    named = [short(c.experiment, 24) if c in front or c in comparison.finalists else None for c in ordered]
    draw.label_points(canvas, axes, [places[c] for c in ordered], named)
    alt = (
        f"Scatter plot of {comparison.measure} on test against {comparison.time} for {len(times)} experiments. "
        f"The most accurate is {front[-1].experiment}, with {percent(comparison.score(front[-1]))}."
    )
    caption = (
        f"{comparison.measure.capitalize()} against {comparison.time}, with 95 % intervals. Large marks are the "
        "finalists, the gray line is the Pareto front, and the dotted line is the majority class. “All results” has "
        "the numbers."
    )
    return draw.finish(canvas, "cost", caption, alt)
