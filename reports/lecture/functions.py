"""Figures of functions: bumps, convexity, loss surfaces, Jacobians, curvature, costs of the two modes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Canvas

from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.nets import curve
from bakeoff.reports.lecture.panels import drawn, logarithmic, panels, scientific

SIGNED = LinearSegmentedColormap.from_list("signed", [LIGHT["net"], LIGHT["paper"], LIGHT["hand"]])


@drawn("bumps")
def draw_bumps(
    x: np.ndarray, target: np.ndarray, counts: np.ndarray, curves: np.ndarray, errors: np.ndarray, shades: np.ndarray
) -> Canvas:
    canvas, axes = panels(len(counts), 2, 430, sharex=True, sharey=True)
    first = np.concatenate([[0], np.cumsum(counts)])
    for row, n in enumerate(counts):
        for bump in shades[first[row] : first[row + 1]]:
            inside = np.flatnonzero(bump)
            axes[row, 0].fill_between(x[inside], bump[inside], color=LIGHT["hand"], alpha=0.16, linewidth=0)
        for column, (kind, color) in enumerate((("bumps", "hand"), ("trained", "net"))):
            panel = axes[row, column]
            panel.plot(x, target, color=LIGHT["neutral"], linewidth=3.5)
            panel.plot(x, curves[column, row], color=LIGHT[color], linewidth=1.4)
            panel.set_title(f"{4 * n} ReLUs, {kind}: {errors[column, row]:.2f}", fontsize=12.5)
            panel.set_yticks([-1, 0, 1])
    return canvas


@drawn("kinks")
def draw_kinks(x: np.ndarray, bend: np.ndarray, built_kinks: np.ndarray, kinks: np.ndarray) -> Canvas:
    canvas, axes = panels(2, 1, 300, sharex=True, height_ratios=[1, 2])
    axes[0, 0].fill_between(x, bend / bend.max(), color=LIGHT["neutral"], alpha=0.6, linewidth=0)
    axes[0, 0].set_title("how much the function bends")
    axes[0, 0].set_yticks([])
    panel = axes[1, 0]
    panel.plot(built_kinks, np.zeros(len(built_kinks)), "|", color=LIGHT["hand"], markersize=13, markeredgewidth=1.4)
    for row, places in enumerate(kinks, start=1):
        inside = places[(places >= 0) & (places <= 1)]
        panel.plot(inside, np.full(len(inside), -row), "|", color=LIGHT["net"], markersize=9, markeredgewidth=1.2)
    panel.set_yticks([0, -(1 + len(kinks)) / 2], ["bumps", "trained"])
    panel.set_title("kinks of 40 ReLUs")
    return canvas


def draw_lines(axes: Axes, places: np.ndarray, curves: np.ndarray, excesses: np.ndarray, n_shown: int = 12) -> None:
    """The lines of largest excess, so that nothing hides; heavy where they lie above a chord."""
    order = np.argsort(-excesses.max(axis=1), kind="stable")[:n_shown]
    axes.plot(places, curves[order].T, color=LIGHT["net"], linewidth=0.9, alpha=0.7)
    above = np.where(excesses > 1e-9, curves, np.nan)[order]
    axes.plot(places, above.T, color=LIGHT["hand"], linewidth=2)
    axes.set_ylim(0, 1.05)
    axes.set_xticks([0, 0.5, 1])


@drawn("convexity")
def draw_convexity(
    names: Sequence[str], places: np.ndarray, curves: np.ndarray, excesses: np.ndarray, broken: np.ndarray
) -> Canvas:
    canvas, axes = panels(3, 2, 460, sharex=True)
    axes[2, 1].remove()
    for panel, name, lines, excess, count in zip(axes.flat[:5], names, curves, excesses, broken, strict=True):
        draw_lines(panel, places, lines, excess)
        what, _, loss = str(name).partition(", ")
        panel.set_title(f"{what}{',' if loss else ''}\n{loss + ': ' if loss else ''}{percent(count / len(lines))}")
    axes[2, 0].set_xlabel("place on the line")
    return canvas


@drawn("net-lines", curves="net_curves", excesses="net_excesses", broken="net_broken")
def draw_net_lines(places: np.ndarray, curves: np.ndarray, excesses: np.ndarray, broken: np.ndarray) -> Canvas:
    canvas, axes = panels(1, 2, 200, sharey=True)
    titles = ("random ends", "trained ends")
    for panel, title, lines, excess, count in zip(axes.flat, titles, curves, excesses, broken, strict=True):
        draw_lines(panel, places, lines, excess)
        panel.set_title(f"{title}: {count} of {len(lines)}")
        panel.set_xlabel("place on the line")
    return canvas


@drawn("loss-surface")
def draw_loss_surfaces(
    net_names: Sequence[str], steps: np.ndarray, losses: np.ndarray, at_minimum: np.ndarray
) -> Canvas:
    canvas, axes = panels(1, 2, 230)
    levels = [0.03, 0.1, 0.3, 1, 3, 10]
    for panel, name, surface, lowest in zip(axes.flat, net_names, losses[:, 0], at_minimum[:, 0], strict=True):
        for level in levels:
            panel.contourf(steps, steps, surface, [-1, level], colors=LIGHT["net"], alpha=0.13)
        panel.contour(steps, steps, surface, levels, colors=LIGHT["net"], linewidths=0.8)
        panel.plot(0, 0, "o", color=LIGHT["hand"], markersize=6)
        panel.set_title(f"{name}:\nloss {scientific(lowest)}", fontsize=12.5)
        panel.set_aspect("equal")
        panel.set_xticks([-1, 0, 1])
        panel.set_yticks([-1, 0, 1])
    return canvas


@drawn("jacobians")
def draw_jacobians(of_relu: np.ndarray, of_product: np.ndarray, of_softmax: np.ndarray) -> Canvas:
    canvas, axes = panels(1, 3, 170, width_ratios=[12, 12, 8])
    titles = ("ReLU", "X W", "softmax")
    for panel, jacobian, title in zip(axes.flat, (of_relu, of_product, of_softmax), titles, strict=True):
        top = np.abs(jacobian).max()
        panel.imshow(jacobian, cmap=SIGNED, vmin=-top, vmax=top, interpolation="none")
        panel.set_title(f"{title}: {len(jacobian)} × {jacobian.shape[1]}", fontsize=12.5)
        panel.set_xticks([])
        panel.set_yticks([])
        for spine in panel.spines.values():
            spine.set_visible(True)
    return canvas


@drawn("modes")
def draw_modes(counts: np.ndarray, reverse: np.ndarray, forward: np.ndarray) -> Canvas:
    canvas, axes = panels(1, 2, 260, sharey=True)
    titles = ("n inputs, one output", "one input, n outputs")
    for i, (panel, title) in enumerate(zip(axes.flat, titles, strict=True)):
        curve(panel, counts, reverse[:, i], None, 0, "reverse")
        curve(panel, counts, forward[:, i], None, 1, "forward")
        logarithmic(panel.xaxis)
        logarithmic(panel.yaxis)
        panel.set_title(title)
        panel.set_xlabel("n")
    axes[0, 0].set_ylabel("seconds")
    axes[0, 0].legend(loc="upper left")
    return canvas


@drawn("curvature")
def draw_curvature(estimates: np.ndarray, exact: float) -> Canvas:
    canvas, axes = panels(1, 1, 200)
    axes[0, 0].axhline(float(exact), color=LIGHT["hand"], linewidth=1.4)
    curve(axes[0, 0], np.arange(1, len(estimates) + 1), estimates, None, 0)
    axes[0, 0].set_title("largest curvature")
    axes[0, 0].set_xlabel("Hessian-vector products")
    axes[0, 0].set_ylim(0, 1.1 * max(estimates.max(), float(exact)))
    return canvas
