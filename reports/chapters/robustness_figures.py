"""Figures on robustness: accuracy under each corruption (dot plot) and along each sweep."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import numpy as np

from bakeoff.pipelines.results.run import Side
from bakeoff.pipelines.results.study import Row
from bakeoff.reports.canvas.axes import MARKERS, new_canvas, percent_axis, side_color, styled
from bakeoff.reports.canvas.curve_axes import curves_table, draw_curves
from bakeoff.reports.canvas.elements import Figure, Table
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.statistics.curves import read_curves

UNITS = {"translation": "pixels", "rotation": "degrees", "scale": "times", "brightness": "times"}
FACTOR_TICKS = {"scale": (0.5, 1, 2), "brightness": (0.25, 0.5, 1, 2)}
FILLED = ("full", "none", "left", "right")  # of the marks of one side's models


class Model(Protocol):
    @property
    def experiment(self) -> str: ...
    @property
    def side(self) -> Side: ...
    @property
    def clean(self) -> np.ndarray: ...
    @property
    def right(self) -> dict[str, np.ndarray]: ...
    @property
    def held_out(self) -> frozenset[str]: ...


@styled
def draw_corruptions(models: Sequence[Model], table: Table) -> Figure:
    """A row for each corruption, a mark for each model, a thin line for its accuracy on the clean pictures."""
    names = list(models[0].right)
    canvas, (axes,) = new_canvas(100 + 22 * len(names))
    drawn = dict.fromkeys(MARKERS, 0)
    for model in models:
        color, fill = side_color(model.side), FILLED[drawn[model.side] % len(FILLED)]
        drawn[model.side] += 1
        values = [float(model.right[name].mean()) for name in names]
        axes.axvline(float(model.clean.mean()), color=color, linewidth=1.2, alpha=0.6)
        axes.plot(
            values,
            range(len(names)),
            linestyle="none",
            marker=MARKERS[model.side],
            fillstyle=fill,  # type: ignore[arg-type]
            markersize=7.5,
            color=color,
            label=model.experiment,
        )
    labels = [f"{name} *" if name in models[0].held_out else name for name in names]
    axes.set_yticks(range(len(names)), labels)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="both")
    axes.set_axisbelow(True)
    axes.set_xlabel("accuracy, mean over severities (lines: clean)")
    percent_axis(axes.xaxis)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, 1.0 + 46 / (60 + 22 * len(names))), ncols=min(3, len(models)))
    worst = [min(model.right, key=lambda name: float(model.right[name].mean())) for model in models]
    alt = "Accuracy under each corruption. " + " ".join(
        f"{model.experiment} falls lowest under {name}: {percent(float(model.right[name].mean()))}."
        for model, name in zip(models, worst, strict=True)
    )
    caption = (
        "Accuracy on pictures corrupted in the manner of CIFAR-10-C, mean over severities; vertical lines are the same "
        "models on the clean pictures."
    )
    if n_held_out := sum(name in models[0].held_out for name in names):
        caption += f" A star marks the {n_held_out} that {'are' if n_held_out > 1 else 'is'} held out of the means."
    return Figure("corruptions", caption, alt, to_svg(canvas, "corruptions", alt), table)


@styled
def draw_sweeps(rows: Sequence[Row]) -> Figure:
    """A panel for each sweep, accuracy over its amount."""
    names = list(dict.fromkeys(str(row["change"]) for row in rows))
    canvas, panels = new_canvas(240, len(names), 680, sharey=True)
    tables = []
    for name, axes in zip(names, panels, strict=True):
        curves = read_curves([row for row in rows if row["change"] == name], lambda row: float(row["amount"]))  # type: ignore[arg-type]
        draw_curves(axes, curves, legend=axes is panels[0], bands=True)
        axes.set_title(name, color=LIGHT["muted"])
        axes.set_xlabel(UNITS.get(name, ""))
        if name in FACTOR_TICKS:
            axes.set_xscale("log")
            axes.set_xticks(FACTOR_TICKS[name], [f"{tick:g}" for tick in FACTOR_TICKS[name]])
            axes.minorticks_off()
        tables.append(curves_table("", "amount", curves, partial("{} {:g}".format, name)))
    alt = f"Accuracy along sweeps of {', '.join(names)}; the numbers are in the table."
    caption = (
        "Accuracy when the pictures are moved, turned, enlarged or brightened by more and more, borders mirrored; "
        "bands are 95 % intervals."
    )
    rows_of_all = tuple(row for table in tables for row in table.rows)
    table = Table("Accuracy along every sweep", tables[0].columns, rows_of_all, folded=True)
    return Figure("sweeps", caption, alt, to_svg(canvas, "sweeps", alt), table, wide=True, width=680)
