"""Figures of small nets: activations, templates, warped space, boundaries."""

from __future__ import annotations

import numpy as np

from bakeoff.reports.canvas.axes import styled
from bakeoff.reports.canvas.elements import Figure
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.pictures import montage
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.panels import Numbers, bare, number, panels, scatter_classes, scientific, to_figure


@styled
def draw_activations(numbers: Numbers) -> Figure:
    canvas, axes = panels(2, 3, 330, sharex=True)
    x = numbers["x"]
    for panel, name, values, slopes in zip(
        axes.flat, numbers["names"], numbers["values"], numbers["slopes"], strict=True
    ):
        panel.axhline(0, color=LIGHT["rule"], linewidth=0.8, zorder=0)
        panel.axvline(0, color=LIGHT["rule"], linewidth=0.8, zorder=0)
        panel.plot(x, slopes, color=LIGHT["hand"], linestyle=(0, (4, 2)), linewidth=1.8, label="slope")
        panel.plot(x, values, color=LIGHT["net"], label="value")
        panel.set_ylim(-1.35, 2.2)
        panel.set_title(str(name))
    handles, labels = axes[0, 0].get_legend_handles_labels()
    canvas.legend(handles[::-1], labels[::-1], loc="outside lower center", ncols=2)
    steepest = np.abs(numbers["slopes"]).max(axis=1)
    limits = ", ".join(f"{name} {number(slope)}" for name, slope in zip(numbers["names"], steepest, strict=True))
    caption = f"Six activations (solid) and their slopes (dashed). Steepest slope of each: {limits}."
    alt = (
        "Six small plots of an activation and its slope from -5 to 5. The slopes of sigmoid and tanh vanish on both "
        f"sides, those of ReLU and ELU on the left. Steepest slopes: {limits}."
    )
    return to_figure(canvas, "activations", caption, alt)


@styled
def draw_templates(numbers: Numbers, data: str) -> Figure:
    names = [str(name) for name in numbers["class_names"]]
    nets = ("linear", "two_layers", "three_layers")
    n_columns = 9 if len(names) > 10 else 10
    sheets = [montage(numbers[net][: 2 * n_columns], n_columns, gap=2) for net in nets]
    heights = [len(sheet) for sheet in sheets]
    canvas, axes = panels(3, 1, sum(heights) * 540 / sheets[0].shape[1] + 75, height_ratios=heights)
    accuracies = [percent(float(accuracy)) for accuracy in numbers["accuracies"]]
    for panel, sheet, net, accuracy in zip(axes[:, 0], sheets, nets, accuracies, strict=True):
        panel.imshow(sheet, interpolation="none")
        panel.set_title(f"{net.replace('_', ' ').replace('layers', 'layers, units of the first')}: {accuracy} right")
        bare(panel)
    scores = ", ".join(f"{net.replace('_', ' ')} {a}" for net, a in zip(nets, accuracies, strict=True))
    caption = (
        f"First-layer weights on {data}; gray is zero, each picture is stretched to its own range. "
        f"Linear: one template a class, in the order {', '.join(names)}. Right on validation: {scores}."
    )
    alt = (
        f"Three rows of small weight pictures learned from {data}: {len(names)} class templates of a linear "
        f"classifier, then first-layer units of a two-layer and a three-layer net. Validation accuracy: {scores}."
    )
    return to_figure(canvas, f"templates-{data}", caption, alt)


@styled
def draw_warping(numbers: Numbers) -> Figure:
    n_views = len(numbers["points"])
    canvas, axes = panels(2, 2, 560)
    for view, panel in enumerate(axes.flat):
        lines = numbers["lines"][view]
        broken = np.concatenate([lines, np.full((len(lines), 1, 2), np.nan)], axis=1).reshape(-1, 2)
        panel.plot(*broken.T, color=LIGHT["neutral"], linewidth=0.6)
        scatter_classes(panel, numbers["points"][view], numbers["labels"])
        panel.plot(*numbers["separator"][view].T, color=LIGHT["ink"], linewidth=2.2)
        panel.set_title("the input" if view == 0 else f"after hidden layer {view}")
        bare(panel)
    caption = (
        f"Two spirals on their way through {n_views - 1} hidden layers of two tanh units, with a square grid of the "
        "input and the separator (heavy). The grid is bent, never torn."
    )
    alt = (
        f"{n_views} panels. In the input the separator winds between two spiral arms; layer by layer the grid "
        "is bent until the same separator is a straight line with one class on each side."
    )
    return to_figure(canvas, "warping", caption, alt)


@styled
def draw_capacity(numbers: Numbers) -> Figure:
    widths, penalties, half = numbers["widths"], numbers["penalties"], float(numbers["half_side"])
    canvas, axes = panels(len(widths), len(penalties), 640)
    line = np.linspace(-half, half, numbers["fields"].shape[-1])
    for row, width in enumerate(widths):
        for column, l2 in enumerate(penalties):
            panel, field = axes[row, column], numbers["fields"][row, column]
            top = np.abs(field).max() + 1
            panel.contourf(line, line, field, [-top, 0], colors=LIGHT["hand"], alpha=0.16)
            panel.contourf(line, line, field, [0, top], colors=LIGHT["net"], alpha=0.16)
            panel.contour(line, line, field, [0], colors=LIGHT["ink"], linewidths=1.4)
            scatter_classes(panel, numbers["points"], numbers["labels"], 8)
            panel.set_xlim(-half, half)
            panel.set_ylim(-half, half)
            bare(panel)
            test = percent(float(numbers["test_accuracies"][row, column]))
            train = percent(float(numbers["train_accuracies"][row, column]))
            panel.set_xlabel(f"train {train}\nnew {test}", fontsize=11.5)
            if row == 0:
                panel.set_title(f"L2 {scientific(l2)}")
            if column == 0:
                panel.set_ylabel(f"{width} units", color=LIGHT["ink"])
    caption = (
        "Decision boundaries of a two-layer ReLU net on 120 blurred points, by number of hidden units and strength of "
        "the L2 penalty; under each, the share of right answers on these points and on 4,000 new ones."
    )
    best = np.unravel_index(numbers["test_accuracies"].argmax(), numbers["test_accuracies"].shape)
    alt = (
        f"Nine decision boundaries. More units (down) give a more crooked boundary, more L2 (right) a smoother one. "
        f"Best on new points: {widths[best[0]]} units with L2 {scientific(penalties[best[1]])}, "
        f"{percent(float(numbers['test_accuracies'][best]))}."
    )
    return to_figure(canvas, "capacity", caption, alt)
