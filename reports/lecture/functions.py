"""Figures of functions: bumps, convexity, loss surfaces, Jacobians, curvature, costs of the two modes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.panels import Variables, curve, drawn, logarithmic
from bakeoff.reports.lecture.text import scientific

SIGNED = LinearSegmentedColormap.from_list("signed", [LIGHT["net"], LIGHT["paper"], LIGHT["hand"]])


@drawn("bumps", 3, 2, 430, sharex=True, sharey=True)
def draw_bumps(v: Variables, *axes: Axes) -> None:
    groups = np.split(v.shades, np.cumsum(v.counts)[:-1])  # the bumps of each net
    for row, (n, bumps) in enumerate(zip(v.counts, groups, strict=True)):
        for bump in bumps:
            axes[2 * row].fill_between(v.x, bump, where=bump != 0, color=LIGHT["hand"], alpha=0.16, linewidth=0)
        for column, (kind, color) in enumerate((("bumps", "hand"), ("trained", "net"))):
            panel = axes[2 * row + column]
            panel.plot(v.x, v.target, color=LIGHT["neutral"], linewidth=3.5)
            panel.plot(v.x, v.curves[column, row], color=LIGHT[color], linewidth=1.4)
            panel.set_title(f"{4 * n} ReLUs, {kind}: {v.errors[column, row]:.2f}", fontsize=12.5)
            panel.set_yticks([-1, 0, 1])


@drawn("kinks", 2, 1, 300, sharex=True, height_ratios=[1, 2])
def draw_kinks(v: Variables, top: Axes, panel: Axes) -> None:
    top.fill_between(v.x, v.bend / v.bend.max(), color=LIGHT["neutral"], alpha=0.6, linewidth=0)
    top.set(title="how much the function bends", yticks=[])
    for row, places in enumerate((v.built_kinks, *v.kinks)):
        inside = places[(places >= 0) & (places <= 1)]
        panel.plot(inside, np.full(len(inside), -row), "|", color=LIGHT["net" if row else "hand"], markersize=11)
    panel.set_yticks([0, -(1 + len(v.kinks)) / 2], ["bumps", "trained"])
    panel.set_title("kinks of 40 ReLUs")


def draw_lines(axes: Axes, places: np.ndarray, curves: np.ndarray, excesses: np.ndarray, n_shown: int = 12) -> None:
    """The lines of largest excess, so that nothing hides; heavy where they lie above a chord."""
    order = np.argsort(-excesses.max(axis=1), kind="stable")[:n_shown]
    axes.plot(places, curves[order].T, color=LIGHT["net"], linewidth=0.9, alpha=0.7)
    above = np.where(excesses > 1e-9, curves, np.nan)[order]
    axes.plot(places, above.T, color=LIGHT["hand"], linewidth=2)
    axes.set(ylim=(0, 1.05), xticks=[0, 0.5, 1])


@drawn("convexity", 3, 2, 460, sharex=True)
def draw_convexity(v: Variables, *axes: Axes) -> None:
    axes[5].remove()
    for panel, name, lines, excess, count in zip(axes[:5], v.names, v.curves, v.excesses, v.broken, strict=True):
        draw_lines(panel, v.places, lines, excess)
        what, _, loss = str(name).partition(", ")
        panel.set_title(f"{what}{',' if loss else ''}\n{loss + ': ' if loss else ''}{percent(count / len(lines))}")
    axes[4].set_xlabel("place on the line")


@drawn("net-lines", 1, 2, 200, sharey=True)
def draw_net_lines(v: Variables, *axes: Axes) -> None:
    cases = zip(("random ends", "trained ends"), v.net_curves, v.net_excesses, v.net_broken, strict=True)
    for panel, (title, lines, excess, count) in zip(axes, cases, strict=True):
        draw_lines(panel, v.places, lines, excess)
        panel.set(title=f"{title}: {count} of {len(lines)}", xlabel="place on the line")


@drawn("loss-surface", 1, 2, 230)
def draw_loss_surfaces(v: Variables, *axes: Axes) -> None:
    levels = [0.03, 0.1, 0.3, 1, 3, 10]
    for panel, name, surface, lowest in zip(axes, v.net_names, v.losses[:, 0], v.at_minimum[:, 0], strict=True):
        for level in levels:
            panel.contourf(v.steps, v.steps, surface, [-1, level], colors=LIGHT["net"], alpha=0.13)
        panel.contour(v.steps, v.steps, surface, levels, colors=LIGHT["net"], linewidths=0.8)
        panel.plot(0, 0, "o", color=LIGHT["hand"], markersize=6)
        panel.set_title(f"{name}:\nloss {scientific(lowest)}", fontsize=12.5)
        panel.set(aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])


@drawn("jacobians", 1, 3, 170, width_ratios=[12, 12, 8])
def draw_jacobians(v: Variables, *axes: Axes) -> None:
    cases = (("ReLU", v.of_relu), ("X W", v.of_product), ("softmax", v.of_softmax))
    for panel, (title, jacobian) in zip(axes, cases, strict=True):
        top = np.abs(jacobian).max()
        panel.imshow(jacobian, cmap=SIGNED, vmin=-top, vmax=top, interpolation="none")
        panel.set_title(f"{title}: {len(jacobian)} × {jacobian.shape[1]}", fontsize=12.5)
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set_visible(True)


@drawn("modes", 1, 2, 260, sharey=True)
def draw_modes(v: Variables, *axes: Axes) -> None:
    for i, title in enumerate(("n inputs, one output", "one input, n outputs")):
        curve(axes[i], v.counts, v.reverse[:, i], label="reverse")
        curve(axes[i], v.counts, v.forward[:, i], look=1, label="forward")
        logarithmic(axes[i].xaxis, axes[i].yaxis)
        axes[i].set(title=title, xlabel="n")
    axes[0].set_ylabel("seconds")
    axes[0].legend(loc="upper left")


@drawn("curvature", 1, 1, 200)
def draw_curvature(v: Variables, panel: Axes) -> None:
    panel.axhline(float(v.exact), color=LIGHT["hand"], linewidth=1.4)
    curve(panel, np.arange(1, len(v.estimates) + 1), v.estimates)
    panel.set(title="largest curvature", xlabel="Hessian-vector products", ylim=(0, None))
