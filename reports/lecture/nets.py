"""Figures of nets: connections, templates, activations, wiring, warped space, boundaries, gradient flow."""

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
from matplotlib.axes import Axes

from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.pictures import montage
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.panels import Variables, bare, boundary, curve, drawn, logarithmic, scatter_classes, shares
from bakeoff.reports.lecture.text import number, scientific


@drawn("fully-connected", 1, 1, 200)
def draw_network(v: Variables, panel: Axes) -> None:
    columns = [np.stack([np.full(n, 2.2 * i), np.arange(n) - (n - 1) / 2], axis=1) for i, n in enumerate(v.widths)]
    for a, b in (ends for pair in pairwise(columns) for ends in product(*pair)):
        panel.plot(*np.stack([a, b]).T, color=LIGHT["neutral"], linewidth=0.7, zorder=0)
    names = (("x: inputs", "muted"), ("h: hidden units", "net"), ("s: scores", "hand"))
    for column, (name, color) in zip(columns, names, strict=True):
        panel.scatter(column[:, 0], column[:, 1], s=150, color=LIGHT["paper"], edgecolors=LIGHT[color], linewidths=2)
        panel.annotate(name, (column[0, 0], -3.0), ha="center", va="top")
    panel.set(xlim=(-0.9, 5.3), ylim=(-3.6, 2.6))
    bare(panel, equal=False)


@drawn("two-layer-loss", 1, 1, 200)
def draw_loss(v: Variables, panel: Axes) -> None:
    panel.plot(np.arange(1, len(v.losses) + 1), v.losses, color=LIGHT["net"])
    logarithmic(panel.yaxis)
    panel.set(title="squared error of a target", xlabel="step")


@drawn("templates-digits", 3, 1, 262, height_ratios=[32, 66, 66])
def draw_digit_templates(v: Variables, *axes: Axes) -> None:
    draw_templates(axes, (v.digit_linear, v.digit_two, v.digit_three), v.digit_accuracies, 10)


@drawn("templates-photos", 3, 1, 326)
def draw_photo_templates(v: Variables, *axes: Axes) -> None:
    draw_templates(axes, (v.photo_linear, v.photo_two, v.photo_three), v.photo_accuracies, 9)


def draw_templates(axes: Sequence[Axes], nets: Sequence[np.ndarray], accuracies: np.ndarray, n_columns: int) -> None:
    titles = ("linear", "two layers, units of the first", "three layers, units of the first")
    for panel, weights, title, accuracy in zip(axes, nets, titles, accuracies, strict=True):
        panel.imshow(montage(weights[: 2 * n_columns], n_columns, gap=2), interpolation="none")
        bare(panel, f"{title}: {percent(float(accuracy))} right")


@drawn("lifting", 2, 2, 430)
def draw_lifting(v: Variables, *axes: Axes) -> None:
    titles = ("one linear layer", "three linear layers", "8 ReLUs, then linear", "lifted by |x|²")
    for panel, field in zip(axes[:3], v.fields, strict=True):
        boundary(panel, field, v.points, v.labels)
    scatter_classes(axes[3], v.lifted[:, [0, 2]], v.labels)
    axes[3].set(xlabel="x₁", ylabel="x₁² + x₂²")
    for panel, title, share in zip(axes, titles, v.shares, strict=True):
        panel.set_title(f"{title}: {percent(float(share))}", fontsize=12.5)


@drawn("activations", 3, 2, 430, sharex=True)
def draw_activations(v: Variables, *axes: Axes) -> None:
    for panel, name, value, slope in zip(axes, v.names, v.values, v.slopes, strict=True):
        panel.axhline(0, color=LIGHT["rule"], linewidth=0.8, zorder=0)
        panel.axvline(0, color=LIGHT["rule"], linewidth=0.8, zorder=0)
        panel.plot(v.x, value, color=LIGHT["net"], label="value")
        panel.plot(v.x, slope, color=LIGHT["hand"], linestyle=(0, (4, 2)), linewidth=1.8, label="slope")
        panel.set(ylim=(-1.35, 2.2), title=str(name))
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)


@drawn("random-connectivity", 1, 1, 270)
def draw_connectivity(v: Variables, panel: Axes) -> None:
    curve(panel, v.connections, v.means, v.halves, 0, "random wiring")
    x, y, half = v.regular_connections, v.regular_means, v.regular_halves
    curve(panel, x[:-1], y[:-1], half[:-1], 1, "regular, fewer units")
    curve(panel, x[-1:], y[-1:], half[-1:], 2, "linear")
    shares(panel, np.array([500, 1000, 2000, 4000, 8000]))
    panel.set(title="right on test digits", xlabel="connections")
    panel.legend(loc="lower right")


@drawn("warping", 2, 2, 420)
def draw_warping(v: Variables, *axes: Axes) -> None:
    gaps = np.full((v.lines.shape[1], 1, 2), np.nan)
    for view, panel in enumerate(axes):
        lines = np.concatenate([v.lines[view], gaps], axis=1).reshape(-1, 2)
        panel.plot(*lines.T, color=LIGHT["neutral"], linewidth=0.5)
        scatter_classes(panel, v.views[view], v.labels)
        panel.plot(*v.separator[view].T, color=LIGHT["ink"], linewidth=2)
        bare(panel, f"after hidden layer {view}" if view else "the input")


@drawn("capacity", 2, 2, 450, wide_rows=(0,))
def draw_capacity(v: Variables, top: Axes, *below: Axes) -> None:
    for i, l2 in enumerate(v.penalties):  # side by side, so that intervals do not hide each other
        curve(top, np.multiply(v.widths, 1.04 ** (i - 1)), v.means[:, i], v.halves[:, i], i, f"L2 {scientific(l2)}")
    shares(top, v.widths)
    top.set(xlabel="hidden units", title="right on new points")
    top.legend(loc="lower right")
    for panel, field, l2 in zip(below, v.fields, v.penalties, strict=False):
        boundary(panel, field, v.points, v.labels, f"50 units, L2 {scientific(l2)}")


@drawn("initialization", 1, 2, 300)
def draw_initialization(v: Variables, *axes: Axes) -> None:
    for panel, title, values in zip(axes, ("activations", "gradients"), (v.activations, v.gradients), strict=True):
        for look, (name, line) in enumerate(zip(v.gain_names, values, strict=True)):
            curve(panel, np.arange(1, len(line) + 1), line, look=look, label=str(name))
        logarithmic(panel.yaxis)
        panel.grid(axis="y")
        panel.set(title=title, xlabel="hidden layer", xticks=[1, 4, 8, 12])
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)


@drawn("gradient-penalty", 1, 1, 250)
def draw_gradient_penalty(v: Variables, panel: Axes) -> None:
    for look, strength in enumerate(v.strengths):
        label = f"penalty {number(float(strength), 1)}"
        curve(panel, v.noises, v.noisy_means[look], v.noisy_halves[look], look, label)
    shares(panel)
    panel.set(title="right on test digits", xlabel="deviation of the noise")
    panel.legend(loc="lower left")
