"""Figures of nets: connections, templates, activations, wiring, warped space, boundaries, gradient flow."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from bakeoff.reports.canvas.axes import percent_axis
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.pictures import montage
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.panels import (
    LOOKS,
    bare,
    boundary,
    drawn,
    logarithmic,
    number,
    panels,
    scatter_classes,
    scientific,
)


def curve(
    axes: Axes, x: np.ndarray, y: np.ndarray, half: np.ndarray | None, look: int, label: str | None = None
) -> None:
    """A line with marks, and a band of half this width; the looks differ in color, line and mark."""
    color, line, marker = LOOKS[look]
    axes.plot(x, y, line, color=LIGHT[color], marker=marker, markersize=5, label=label)
    if half is not None:
        axes.fill_between(x, y - half, y + half, color=LIGHT[color], alpha=0.15, linewidth=0)


@drawn("fully-connected")
def draw_network(widths: Sequence[int]) -> Canvas:
    canvas, axes = panels(1, 1, 200)
    panel = axes[0, 0]
    columns = [
        np.stack([np.full(n, 2.2 * i), np.arange(n) - (n - 1) / 2], axis=1) for i, n in enumerate(map(int, widths))
    ]
    for left, right in pairwise(columns):
        for a in left:
            for b in right:
                panel.plot(*np.stack([a, b]).T, color=LIGHT["neutral"], linewidth=0.7, zorder=0)
    for column, name, color in zip(columns, ("x: inputs", "h: hidden units", "s: scores"), CIRCLES, strict=True):
        panel.scatter(*column.T, s=150, color=LIGHT["paper"], edgecolors=LIGHT[color], linewidths=2)
        panel.annotate(name, (column[0, 0], -3.0), ha="center", va="top")
    panel.set_xlim(-0.9, 5.3)
    panel.set_ylim(-3.6, 2.6)
    bare(panel, equal=False)
    return canvas


CIRCLES = ("muted", "net", "hand")


@drawn("two-layer-loss")
def draw_loss(losses: np.ndarray) -> Canvas:
    canvas, axes = panels(1, 1, 200)
    axes[0, 0].plot(np.arange(1, len(losses) + 1), losses, color=LIGHT["net"])
    logarithmic(axes[0, 0].yaxis)
    axes[0, 0].set_title("mean squared error")
    axes[0, 0].set_xlabel("step")
    return canvas


@drawn("templates-digits", linear="digit_linear", two="digit_two", three="digit_three", accuracies="digit_accuracies")
@drawn("templates-photos", linear="photo_linear", two="photo_two", three="photo_three", accuracies="photo_accuracies")
def draw_templates(linear: np.ndarray, two: np.ndarray, three: np.ndarray, accuracies: np.ndarray) -> Canvas:
    n_columns = 9 if len(linear) > 10 else 10
    sheets = [montage(weights[: 2 * n_columns], n_columns, gap=2) for weights in (linear, two, three)]
    heights = [len(sheet) for sheet in sheets]
    canvas, axes = panels(3, 1, sum(heights) * 385 / sheets[0].shape[1] + 75, height_ratios=heights)
    titles = ("linear", "two layers, units of the first", "three layers, units of the first")
    for panel, sheet, title, accuracy in zip(axes[:, 0], sheets, titles, accuracies, strict=True):
        panel.imshow(sheet, interpolation="none")
        panel.set_title(f"{title}: {percent(float(accuracy))} right")
        bare(panel)
    return canvas


@drawn("lifting")
def draw_lifting(
    points: np.ndarray, labels: np.ndarray, fields: np.ndarray, shares: np.ndarray, lifted: np.ndarray
) -> Canvas:
    canvas, axes = panels(2, 2, 430)
    titles = ("one linear layer", "three linear layers", "8 ReLUs, then linear", "lifted by |x|²")
    for panel, title, share in zip(axes.flat, titles, shares, strict=True):
        panel.set_title(f"{title}: {percent(float(share))}", fontsize=12.5)
    for panel, field in zip(axes.flat[:3], fields, strict=True):
        boundary(panel, field, 1.3)
        scatter_classes(panel, points, labels)
    scatter_classes(axes[1, 1], lifted[:, [0, 2]], labels)
    axes[1, 1].set_xlabel("x₁")
    axes[1, 1].set_ylabel("x₁² + x₂²")
    return canvas


@drawn("activations")
def draw_activations(names: Sequence[str], x: np.ndarray, values: np.ndarray, slopes: np.ndarray) -> Canvas:
    canvas, axes = panels(3, 2, 430, sharex=True)
    for panel, name, value, slope in zip(axes.flat, names, values, slopes, strict=True):
        panel.axhline(0, color=LIGHT["rule"], linewidth=0.8, zorder=0)
        panel.axvline(0, color=LIGHT["rule"], linewidth=0.8, zorder=0)
        panel.plot(x, value, color=LIGHT["net"], label="value")
        panel.plot(x, slope, color=LIGHT["hand"], linestyle=(0, (4, 2)), linewidth=1.8, label="slope")
        panel.set_ylim(-1.35, 2.2)
        panel.set_title(str(name))
    canvas.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return canvas


@drawn("random-connectivity")
def draw_connectivity(
    connections: np.ndarray,
    means: np.ndarray,
    halves: np.ndarray,
    regular_connections: np.ndarray,
    regular_means: np.ndarray,
    regular_halves: np.ndarray,
) -> Canvas:
    canvas, axes = panels(1, 1, 270)
    panel = axes[0, 0]
    cases = (
        (connections, means, halves, 0, "random wiring"),
        (regular_connections[:-1], regular_means[:-1], regular_halves[:-1], 1, "regular, fewer units"),
        (regular_connections[-1:], regular_means[-1:], regular_halves[-1:], 2, "linear"),
    )
    for x, y, half, look, label in cases:
        color, line, marker = LOOKS[look]
        panel.errorbar(x, y, half, linestyle=line, marker=marker, color=LIGHT[color], capsize=3, label=label)
    panel.set_xscale("log")
    panel.set_xticks(*[[500, 1000, 2000, 4000, 8000]] * 2)
    panel.xaxis.minorticks_off()
    percent_axis(panel.yaxis)
    panel.set_title("right on test digits")
    panel.set_xlabel("connections")
    panel.grid(axis="y")
    panel.legend(loc="lower right")
    return canvas


@drawn("warping")
def draw_warping(views: np.ndarray, lines: np.ndarray, separator: np.ndarray, labels: np.ndarray) -> Canvas:
    canvas, axes = panels(2, 2, 420)
    for view, panel in enumerate(axes.flat):
        gaps = np.full((lines.shape[1], 1, 2), np.nan)
        panel.plot(*np.concatenate([lines[view], gaps], axis=1).reshape(-1, 2).T, color=LIGHT["neutral"], linewidth=0.5)
        scatter_classes(panel, views[view], labels)
        panel.plot(*separator[view].T, color=LIGHT["ink"], linewidth=2)
        panel.set_title("the input" if view == 0 else f"after hidden layer {view}")
        bare(panel)
    return canvas


@drawn("capacity")
def draw_capacity(
    widths: np.ndarray,
    penalties: np.ndarray,
    means: np.ndarray,
    halves: np.ndarray,
    fields: np.ndarray,
    points: np.ndarray,
    labels: np.ndarray,
) -> Canvas:
    canvas, axes = panels(2, 2, 450)
    grid = axes[0, 0].get_gridspec()
    for panel in axes[0]:
        panel.remove()
    top = canvas.add_subplot(grid[0, :])
    shifts = 1.04 ** (np.arange(len(penalties)) - 1)  # side by side, so that intervals do not hide each other
    for i, l2 in enumerate(penalties):
        color, line, marker = LOOKS[i]
        x, y = widths * shifts[i], means[:, i]
        label = f"L2 {scientific(l2)}"
        top.errorbar(x, y, halves[:, i], color=LIGHT[color], linestyle=line, marker=marker, capsize=3, label=label)
    top.set_xscale("log")
    top.set_xticks(widths, [f"{width}" for width in widths])
    top.xaxis.minorticks_off()
    top.set_xlabel("hidden units")
    top.set_title("right on new points")
    percent_axis(top.yaxis)
    top.grid(axis="y")
    top.legend(loc="lower right")
    for panel, field, l2 in zip(axes[1], fields, penalties, strict=False):
        boundary(panel, field, 1.3)
        scatter_classes(panel, points, labels)
        panel.set_title(f"50 units, L2 {scientific(l2)}")
    return canvas


@drawn("initialization")
def draw_initialization(gain_names: Sequence[str], activations: np.ndarray, gradients: np.ndarray) -> Canvas:
    canvas, axes = panels(1, 2, 300)
    for panel, values, title in zip(axes.flat, (activations, gradients), ("activations", "gradients"), strict=True):
        for look, (name, line) in enumerate(zip(gain_names, values, strict=True)):
            curve(panel, np.arange(1, len(line) + 1), line, None, look, str(name))
        logarithmic(panel.yaxis)
        panel.grid(axis="y")
        panel.set_title(title)
        panel.set_xlabel("hidden layer")
        panel.set_xticks([1, 4, 8, 12])
    canvas.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return canvas


@drawn("gradient-penalty")
def draw_gradient_penalty(
    noises: np.ndarray, strengths: np.ndarray, noisy_means: np.ndarray, noisy_halves: np.ndarray
) -> Canvas:
    canvas, axes = panels(1, 1, 250)
    for look, (strength, mean, half) in enumerate(zip(strengths, noisy_means, noisy_halves, strict=True)):
        curve(axes[0, 0], noises, mean, half, look, f"penalty {number(float(strength), 1)}")
    percent_axis(axes[0, 0].yaxis)
    axes[0, 0].set_title("right on test digits")
    axes[0, 0].set_xlabel("deviation of the noise")
    axes[0, 0].grid(axis="y")
    axes[0, 0].legend(loc="lower left")
    return canvas
