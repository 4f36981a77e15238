"""Figures of functions: bumps, convexity, loss surfaces, gradient flow in depth."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import FuncFormatter, NullLocator

from bakeoff.reports.canvas.axes import styled
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Table
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.panels import Numbers, number, panels, scientific, to_figure


@styled
def draw_bumps(numbers: Numbers) -> Figure:
    x, target, counts = numbers["x"], numbers["target"], numbers["n_bumps"]
    canvas, axes = panels(len(counts), 2, 520, sharex=True, sharey=True)
    first = np.concatenate([[0], np.cumsum(counts)])
    errors = np.abs(np.stack([numbers["built"], numbers["learned"]]) - target).max(axis=2)  # (2, k)
    for row, n in enumerate(counts):
        for bump in numbers["bumps"][first[row] : first[row + 1]]:
            inside = np.flatnonzero(bump)
            axes[row, 0].fill_between(x[inside], bump[inside], color=LIGHT["hand"], alpha=0.16, linewidth=0)
        for column, (kind, color) in enumerate((("built", "hand"), ("learned", "net"))):
            panel = axes[row, column]
            panel.plot(x, target, color=LIGHT["neutral"], linewidth=4)
            panel.plot(x, numbers[kind][row], color=LIGHT[color], linewidth=1.6)
            panel.set_title(f"{kind}, {4 * n} ReLUs: error {number(errors[column, row])}")
            panel.set_yticks([-1, 0, 1])
    caption = (
        "Left, bumps of four ReLUs each, written down by formula (shaded one by one), and their sum; right, a trained "
        "net with as many ReLUs. Gray: the function to be approximated. Error: the largest anywhere."
    )
    rows = tuple(
        Row(tuple(Cell(number(v, 3), float(v)) for v in (4 * n, by_formula, bound, learned)))
        for n, by_formula, bound, learned in zip(counts, errors[0], numbers["bounds"], errors[1], strict=True)
    )
    columns = ("ReLUs", "error of the bumps", "its bound, h max |f′|", "error of the trained net")
    table = Table("Largest errors", columns, rows, folded=True)
    alt = "Approximations of a wavy curve. Largest error of bumps and of the trained net: " + "; ".join(
        f"{4 * n} ReLUs {number(by_formula)} and {number(learned)}"
        for n, by_formula, learned in zip(counts, *errors, strict=True)
    )
    figure = to_figure(canvas, "bumps", caption, alt + ".")
    return Figure(figure.name, caption, figure.alt, figure.picture, table)


@styled
def draw_convexity(numbers: Numbers, n_shown: int = 12) -> Figure:
    canvas, axes = panels(2, 2, 420, sharex=True)
    n_lines = numbers["losses"].shape[1]
    for panel, name, losses, excesses, share in zip(
        axes.flat, numbers["names"], numbers["losses"], numbers["excesses"], numbers["violations"], strict=True
    ):
        order = np.argsort(-excesses.max(axis=1), kind="stable")[:n_shown]  # the worst, so that nothing hides
        panel.plot(numbers["t"], losses[order].T, color=LIGHT["net"], linewidth=1, alpha=0.7)
        above = np.where(excesses > 1e-9, losses, np.nan)[order]
        panel.plot(numbers["t"], above.T, color=LIGHT["hand"], linewidth=2)
        panel.set_title(f"{name}: {percent(float(share))}")
        panel.set_ylim(0, 1.05)
    for panel in axes[1]:
        panel.set_xlabel("place on the line")
    for panel in axes[:, 0]:
        panel.set_ylabel("loss / highest")
    shares = ", ".join(
        f"{name} {percent(float(s))}" for name, s in zip(numbers["names"], numbers["violations"], strict=True)
    )
    caption = (
        "The loss on lines through the space of weights, orange where it rises above a chord. In each title "
        "the share of "
        f"{n_lines} lines that break the definition of convexity; drawn are the {n_shown} lines with the "
        "largest excess."
    )
    alt = f"Loss along random lines for four cases. Share of lines that are not convex: {shares}."
    return to_figure(canvas, "convexity", caption, alt)


@styled
def draw_loss_surfaces(numbers: Numbers) -> Figure:
    canvas, axes = panels(1, 2, 292)
    steps = numbers["steps"]
    levels = [0.03, 0.1, 0.3, 1, 3, 10]
    for panel, name, losses, lowest in zip(
        axes.flat, numbers["names"], numbers["losses"], numbers["at_minimum"], strict=True
    ):
        for level in levels:
            panel.contourf(steps, steps, losses, [-1, level], colors=LIGHT["net"], alpha=0.13)
        panel.contour(steps, steps, losses, levels, colors=LIGHT["net"], linewidths=0.8)
        panel.plot(0, 0, "o", color=LIGHT["hand"], markersize=6)
        panel.set_title(f"{name}: loss {scientific(lowest)}", fontsize=12)
        panel.set_aspect("equal")
        panel.set_xticks([-1, 0, 1])
        panel.set_yticks([-1, 0, 1])
    flat = [float((losses < 1).mean()) for losses in numbers["losses"]]
    caption = (
        "Loss around two trained ReLU nets, on two random directions in which each unit's weights are as long as the "
        "net's own; lines, from the middle, at 0.03, 0.1, 0.3, 1, 3 and 10; the dot is the trained net, with "
        "its loss in the title. "
        "Method: Li et al., NeurIPS 2018."
    )
    alt = "Contours of the loss around two trained nets. Share of the square with a loss below 1: " + ", ".join(
        f"{name} {percent(share)}" for name, share in zip(numbers["names"], flat, strict=True)
    )
    return to_figure(canvas, "loss-surface", caption, alt + ".")


@styled
def draw_initialization(numbers: Numbers) -> Figure:
    canvas, axes = panels(1, 2, 330)
    depth = np.arange(1, numbers["gradients"].shape[1] + 1)
    looks = (("neutral", ":", "v"), ("hand", "--", "s"), ("net", "-", "o"), ("ink", "-.", "^"))
    for panel, field, title in zip(
        axes.flat, ("activations", "gradients"), ("size of the activations", "length of the gradient"), strict=True
    ):
        for name, values, (color, line, marker) in zip(numbers["names"], numbers[field], looks, strict=True):
            panel.plot(depth, values, line, color=LIGHT[color], marker=marker, markersize=4.5, label=str(name))
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: scientific(value)))
        panel.yaxis.set_minor_locator(NullLocator())
        panel.grid(axis="y")
        panel.set_title(title)
        panel.set_xlabel("hidden layer")
        panel.set_xticks([1, 4, 8, 12])
    canvas.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    ends = "; ".join(
        f"{name}: {scientific(values[0])} in the first layer, {scientific(values[-1])} in the last"
        for name, values in zip(numbers["names"], numbers["gradients"], strict=True)
    )
    caption = (
        "A ReLU net of 12 hidden layers before any training, for four spreads of the first weights "
        "(logarithmic scale): "
        "left the root mean square of each layer's output, right the length of the gradient for its weights."
    )
    return to_figure(canvas, "initialization", caption, f"Gradient lengths by layer. {ends}.")
