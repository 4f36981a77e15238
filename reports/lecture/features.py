"""Figures of hand-crafted features on photographs, of the systems built on them, and of what was measured."""

import colorsys
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from bakeoff.reports.canvas.axes import MARKERS, name_rows, percent_axis, side_color
from bakeoff.reports.canvas.pictures import montage
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.panels import Variables, bare, drawn

STRENGTHS = ((0.2, 0.4), (0.4, 0.7), (0.7, np.inf))  # of a HOG stroke: faint, middling, strong
COLORS = {"fixed": "muted", "labels": "net"}  # else learned without labels


def show(axes: Axes, photograph: np.ndarray, title: str = "") -> None:
    axes.imshow(photograph, interpolation="none")
    bare(axes, title)


@drawn("color-histogram", 2, 2, 300)
def draw_color_histogram(v: Variables, *axes: Axes) -> None:
    show(axes[0], v.photograph, "the photograph")
    middles = (np.arange(len(v.hue)) + 0.5) / len(v.hue)
    tones = {  # hue, saturation and brightness of a bar at this middle
        "hue": lambda middle: (middle, 0.75, 0.85),
        "saturation": lambda middle: (0.07, middle, 0.85),
        "brightness": lambda middle: (0, 0, middle),
    }
    for panel, (channel, tone) in zip(axes[1:], tones.items(), strict=True):
        colors = [colorsys.hsv_to_rgb(*tone(middle)) for middle in middles]
        panel.bar(middles, getattr(v, channel), 0.92 / len(v.hue), color=colors, edgecolor=LIGHT["neutral"], lw=0.3)
        panel.set(title=channel, xticks=[0, 0.5, 1])
        percent_axis(panel.yaxis)


@drawn("hog-glyphs", 1, 1, 267)
def draw_hog(v: Variables, panel: Axes) -> None:
    width = v.photograph.shape[1]
    strength = np.sqrt(v.histograms / np.quantile(v.histograms, 0.99))  # the root, lest faint edges vanish
    for (low, high), color, line in zip(STRENGTHS, ("neutral", "muted", "ink"), (0.5, 0.8, 1.3), strict=True):
        chosen = (strength > low) & (strength <= high)
        panel.plot(*_strokes(chosen, width // strength.shape[1]).T, color=LIGHT[color], linewidth=line)
    panel.set(xlim=(0, width), ylim=(len(strength) * (width // strength.shape[1]), 0))
    bare(panel)


def _strokes(chosen: np.ndarray, size: int) -> np.ndarray:
    """A segment along the edge for each chosen (cell row, cell column, bin), NaN between them: (3 * n, 2)."""
    rows, columns, bins = np.nonzero(chosen)
    angle = (bins + 0.5) * np.pi / chosen.shape[2] + np.pi / 2
    centers = np.stack([columns, rows], axis=1) * size + size / 2
    half = 0.45 * size * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.stack([centers - half, centers + half, np.full_like(half, np.nan)], axis=1).reshape(-1, 2)


@drawn("sift-grid", 1, 2, 180, width_ratios=[3, 2])
def draw_sift(v: Variables, grid: Axes, panel: Axes) -> None:
    side = 4 * int(v.bin_size)
    show(grid, v.photograph, "the grid")
    grid.scatter(
        v.positions[:, 0], v.positions[:, 1], s=7, color=LIGHT["paper"], edgecolors=LIGHT["ink"], linewidths=0.6
    )
    left, top = (v.positions[v.shown] - side // 2).round().astype(int).clip(0)
    for color, width in (("paper", 4.0), ("hand", 2.2)):  # a light rim, lest the frame be lost in the photograph
        grid.add_patch(Rectangle((left, top), side, side, fill=False, edgecolor=LIGHT[color], linewidth=width))
    patch = v.photograph[top : top + side, left : left + side]
    panel.imshow(patch, extent=(0, 4, 4, 0), interpolation="none", alpha=0.55)
    panel.hlines(range(5), 0, 4, color=LIGHT["hand"], linewidth=0.8)
    panel.vlines(range(5), 0, 4, color=LIGHT["hand"], linewidth=0.8)
    angle, lengths = np.arange(8) * np.pi / 4, v.descriptors[v.shown].reshape(16, 8)  # eight rays in each of 4 x 4 bins
    rays = 0.48 * lengths[..., None] / lengths.max() * np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (16, 8, 2)
    centers = np.broadcast_to(np.mgrid[:4, :4][::-1].reshape(2, 16).T[:, None] + 0.5, rays.shape)  # x, y
    strokes = np.stack([centers, centers + rays, np.full_like(rays, np.nan)], axis=2)
    panel.plot(*strokes.reshape(-1, 2).T, color=LIGHT["ink"], linewidth=1.5)
    bare(panel, "one descriptor")


@drawn("visual-words", 3, 2, 400, wide_rows=(1, 2), height_ratios=[2, 1.1, 1.4])
def draw_visual_words(v: Variables, picture: Axes, its_words: Axes, words: Axes, histogram: Axes) -> None:
    n = len(v.centers)
    tones = ((0.35, 0.9), (0.75, 0.8), (0.6, 0.55))  # saturation and brightness, in turn
    colors = np.array([colorsys.hsv_to_rgb(i * 0.618 % 1, *tones[i % 3]) for i in range(n)])
    order = np.argsort(-v.word_shares[0], kind="stable")
    show(picture, v.photograph, "the photograph")
    show(its_words, colors[order.argsort()][v.word_map], "its words, by color")
    show(words, montage(v.centers[order], n // 2, gap=1), f"the {n} words")
    histogram.bar(np.arange(n), v.word_shares[0, order], color=colors, edgecolor=LIGHT["neutral"], linewidth=0.5)
    histogram.plot(v.word_shares[1, order], "o", color=LIGHT["ink"], markersize=4)
    histogram.set(title="how often each occurs", xticks=[])
    percent_axis(histogram.yaxis)


@drawn("systems", 1, 2, 412)
def draw_systems(v: Variables, *axes: Axes) -> None:
    """Two columns of boxes, top to bottom; the shorter one's boxes are taller."""
    n_rows = len(v.hand_crafted)
    middled: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 12, "in_layout": False}
    cases = (("the winner of 2011", v.hand_crafted), ("AlexNet, 2012", v.end_to_end))
    for panel, (title, boxes) in zip(axes, cases, strict=True):
        step = n_rows / len(boxes)
        for top, (name, criterion) in zip(np.arange(len(boxes)) * step, boxes, strict=True):
            color = LIGHT[COLORS.get(str(criterion).partition(":")[0], "frozen")]
            panel.add_patch(
                Rectangle(
                    (0, top), 1, step - 0.26, facecolor=LIGHT["panel"], edgecolor=color, linewidth=2, clip_on=False
                )
            )
            panel.text(0.5, top + step / 2 - 0.27, name, **middled)
            panel.text(0.5, top + step / 2 + 0.03, criterion, color=color, **middled)
            panel.annotate("", (0.5, top + step), (0.5, top + step - 0.26), arrowprops={"arrowstyle": "->"})
        panel.text(0.5, n_rows + 0.14, "class scores", **middled)
        panel.set(xlim=(0, 1), ylim=(n_rows + 0.3, 0))
        bare(panel, title, equal=False)


@drawn("measured", 1, 1, 314)
def draw_measured(v: Variables, panel: Axes) -> None:
    for row, (score, interval, side) in enumerate(zip(v.scores, v.intervals, v.sides, strict=True)):
        panel.plot(interval, [row, row], color=side_color(side), linewidth=2)
        panel.plot(score, row, MARKERS[side], color=side_color(side), markersize=6)
    name_rows(panel, v.experiments)
    percent_axis(panel.xaxis)
    panel.grid(axis="x")
