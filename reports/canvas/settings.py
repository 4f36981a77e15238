"""Figure of a sweep over small nets: a panel for each value of one setting, the other along the x axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from matplotlib.axes import Axes

from bakeoff.pipelines.results.study import Row, StudyResult
from bakeoff.reports.canvas.axes import new_canvas, percent_axis, styled
from bakeoff.reports.canvas.curve_axes import LEAST_POINTS
from bakeoff.reports.canvas.elements import Cell, Figure, Table
from bakeoff.reports.canvas.elements import Row as TableRow
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT

WIDE = 680
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.8)))


def distinct(rows: Sequence[Row], key: str) -> list[object]:
    """The values of a column, each once, in the order of the rows."""
    return list(dict.fromkeys(row[key] for row in rows))


def show(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def show_accuracies(study: StudyResult, panel: str, x: str, caption: str) -> Figure | Table:
    """The figure of texts, or of five numbers or more, along x; else the table."""
    steps = distinct(study.rows, x)
    if len(steps) < LEAST_POINTS and not isinstance(steps[0], str):
        return replace(sweep_table(study, panel, x), folded=False)
    return draw_accuracies(study, panel, x, caption)


@styled
def draw_accuracies(study: StudyResult, panel: str, x: str, caption: str) -> Figure:
    """Test accuracy, and in gray that on the training pictures; a cross is a training that diverged."""
    panels, steps = distinct(study.rows, panel), distinct(study.rows, x)
    canvas, all_axes = new_canvas(270, len(panels), WIDE, sharey=True)
    style = "o" if isinstance(steps[0], str) else "o-"  # between two names there is nothing
    for axes, value in zip(all_axes, panels, strict=True):
        rows = [row for row in study.rows if row[panel] == value]
        for key, color, label in (("train_score", "neutral", "training"), ("accuracy", "net", "test")):
            known = [(steps.index(row[x]), row[key]) for row in rows if row[key] is not None]
            axes.plot(*_columns(known), style, color=LIGHT[color], markersize=5, label=label)
        lost = [(steps.index(row[x]), 0.0) for row in rows if row["diverged"]]
        axes.plot(*_columns(lost), "x", color=LIGHT["muted"], markersize=7)
        axes.set_title(f"{panel} {show(value)}", color=LIGHT["muted"], fontsize=12)
        axes.set_xticks(range(len(steps)), [show(step) for step in steps])
        axes.set_xlim(-0.4, len(steps) - 0.6)
        axes.tick_params("x", rotation=60 if any(isinstance(step, str) for step in steps) else 0)
        axes.set_xlabel(x)
        _grid(axes)
    percent_axis(all_axes[0].yaxis)
    all_axes[0].set_ylim(-0.03, 1.03)
    all_axes[0].set_ylabel("accuracy")
    all_axes[-1].legend(loc="lower right")
    name = f"sweep-{study.name}"
    alt = f"{len(panels)} panels of accuracy by {x}, one for each {panel}; the table has every number."
    return Figure(name, caption, alt, to_svg(canvas, name, alt), sweep_table(study, panel, x), wide=True, width=WIDE)


@styled
def draw_spreads(study: StudyResult) -> Figure:
    """The deviation of each hidden layer's outputs before training: a panel for each activation."""
    panels, lines = distinct(study.rows, "activation"), distinct(study.rows, "initialization")
    canvas, all_axes = new_canvas(240, len(panels), WIDE, sharey=True)
    for axes, activation in zip(all_axes, panels, strict=True):
        for initialization, dashes in zip(lines, DASHES, strict=False):
            row = next(r for r in study.rows if (r["activation"], r["initialization"]) == (activation, initialization))
            known = [(layer, value) for layer, value in enumerate(by_layer(row, "spread"), start=1) if value]
            axes.plot(*_columns(known), color=LIGHT["net"], linestyle=dashes, label=str(initialization))
        axes.set_title(str(activation), color=LIGHT["muted"], fontsize=12)
        axes.set_yscale("log")
        axes.set_xlabel("layer")
        axes.set_xticks(range(1, len(by_layer(study.rows[0], "spread")) + 1))
        _grid(axes)
    all_axes[0].set_ylabel("deviation of outputs")
    canvas.legend(*all_axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(lines))
    name = f"sweep-{study.name}-spread"
    caption = (
        "Spread of each hidden layer's outputs with the first weights (logarithmic). With matched weights the signal "
        "keeps its size from layer to layer; else it dies out, explodes or saturates."
    )
    alt = f"{len(panels)} panels, one for each activation, with a line for each kind of first weights."
    return Figure(name, caption, alt, to_svg(canvas, name, alt), _layer_table(study), wide=True, width=WIDE)


def by_layer(row: Row, what: str) -> list[float | None]:
    """The values of `<what>_1`, `<what>_2` ..., one for each layer; `dead` has none where the training diverged."""
    values: list[float | None] = []
    while f"{what}_{len(values) + 1}" in row:
        value = row[f"{what}_{len(values) + 1}"]
        values.append(float(value) if isinstance(value, int | float) else None)
    return values


def sweep_table(study: StudyResult, panel: str, x: str) -> Table:
    rows = tuple(
        TableRow(
            (
                Cell(show(row[panel])),
                Cell(show(row[x])),
                *(_share(row[key]) for key in ("train_score", "validation_score", "accuracy")),
            )
        )
        for row in study.rows
    )
    return Table(study.title, (panel, x, "training", "validation", "test"), rows, folded=True)


def _layer_table(study: StudyResult) -> Table:
    rows = tuple(
        TableRow(
            (
                Cell(str(row["activation"])),
                Cell(str(row["initialization"])),
                Cell(", ".join("–" if value is None else f"{value:.2g}" for value in by_layer(row, "spread"))),
                Cell(", ".join("–" if v is None else percent(v) for v in by_layer(row, "dead")) or "diverged"),
            )
        )
        for row in study.rows
    )
    columns = ("activation", "first weights", "spread by layer, before", "dead units by layer, after")
    return Table("What the layers answer", columns, rows, folded=True)


def _share(value: object) -> Cell:
    return Cell(percent(value), value) if isinstance(value, int | float) else Cell("diverged", -1.0)


def _columns(pairs: Sequence[tuple[int, Any]]) -> tuple[list[int], list[float]]:
    return [x for x, _ in pairs], [y for _, y in pairs]


def _grid(axes: Axes) -> None:
    axes.grid(axis="y")
    axes.set_axisbelow(True)
