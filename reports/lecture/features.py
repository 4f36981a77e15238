"""Figures of hand-crafted features on photographs, of the systems built on them, and of what was measured."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from html import escape

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle

from bakeoff.reports.canvas.axes import MARKERS, percent_axis, side_color
from bakeoff.reports.canvas.pictures import montage
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.panels import Markup, bare, drawn, panels

STRENGTHS = ((0.2, 0.4), (0.4, 0.7), (0.7, np.inf))  # of a HOG stroke: faint, middling, strong


def show(axes: Axes, photograph: np.ndarray, title: str = "", alpha: float = 1.0) -> None:
    axes.imshow(photograph, interpolation="none", alpha=alpha)
    axes.set_title(title)
    bare(axes)


@drawn("color-histogram")
def draw_color_histogram(
    photograph: np.ndarray, hue: np.ndarray, saturation: np.ndarray, brightness: np.ndarray
) -> Canvas:
    canvas, axes = panels(2, 2, 300)
    show(axes[0, 0], photograph, "the photograph")
    middles = (np.arange(len(hue)) + 0.5) / len(hue)
    channels = {
        "hue": (hue, [colorsys.hsv_to_rgb(h, 0.75, 0.85) for h in middles]),
        "saturation": (saturation, [colorsys.hsv_to_rgb(0.07, s, 0.85) for s in middles]),
        "brightness": (brightness, [(v, v, v) for v in middles]),
    }
    for panel, (channel, (shares, colors)) in zip(axes.flat[1:], channels.items(), strict=True):
        panel.bar(middles, shares, width=0.92 / len(hue), color=colors, edgecolor=LIGHT["neutral"], lw=0.3)
        panel.set_title(channel)
        panel.set_xticks([0, 0.5, 1])
        percent_axis(panel.yaxis)
    return canvas


@drawn("hog-glyphs")
def draw_hog(photograph: np.ndarray, histograms: np.ndarray) -> Canvas:
    size = photograph.shape[1] // histograms.shape[1]
    canvas, axes = panels(1, 1, 400 * photograph.shape[0] / photograph.shape[1])
    panel = axes[0, 0]
    strength = np.sqrt(histograms / np.quantile(histograms, 0.99))  # the root, lest faint edges vanish
    for (low, high), color, width in zip(STRENGTHS, ("neutral", "muted", "ink"), (0.5, 0.8, 1.3), strict=True):
        panel.plot(*_strokes((strength > low) & (strength <= high), size).T, color=LIGHT[color], linewidth=width)
    panel.set_xlim(0, photograph.shape[1])
    panel.set_ylim(len(histograms) * size, 0)
    bare(panel)
    return canvas


def _strokes(chosen: np.ndarray, size: int) -> np.ndarray:
    """A segment along the edge for each chosen (cell row, cell column, bin), NaN between them: (3 * n, 2)."""
    rows, columns, bins = np.nonzero(chosen)
    angle = (bins + 0.5) * np.pi / chosen.shape[2] + np.pi / 2
    centers = np.stack([columns, rows], axis=1) * size + size / 2
    half = 0.45 * size * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.stack([centers - half, centers + half, np.full_like(half, np.nan)], axis=1).reshape(-1, 2)


@drawn("sift-grid")
def draw_sift(
    photograph: np.ndarray, positions: np.ndarray, descriptors: np.ndarray, bin_size: int, shown: int
) -> Canvas:
    canvas, axes = panels(1, 2, 180, width_ratios=[3, 2])
    side = 4 * int(bin_size)
    show(axes[0, 0], photograph, "the grid")
    axes[0, 0].scatter(*positions.T, s=7, color=LIGHT["paper"], edgecolors=LIGHT["ink"], linewidths=0.6)
    x, y = positions[shown] - side // 2
    for color, width in (("paper", 4.0), ("hand", 2.2)):  # a light rim, lest the frame be lost in the photograph
        axes[0, 0].add_patch(Rectangle((x, y), side, side, fill=False, edgecolor=LIGHT[color], linewidth=width))
    top, left = max(round(float(y)), 0), max(round(float(x)), 0)
    panel = axes[0, 1]
    patch = photograph[top : top + side, left : left + side]
    panel.imshow(patch, extent=(0, 4, 4, 0), interpolation="none", alpha=0.55)
    _draw_stars(panel, descriptors[shown].reshape(4, 4, 8))
    panel.set_title("one descriptor")
    bare(panel)
    return canvas


def _draw_stars(axes: Axes, descriptor: np.ndarray) -> None:
    """Eight rays in each of 4 x 4 bins."""
    angle = np.arange(8) * np.pi / 4
    rays = 0.48 * descriptor[..., None] / descriptor.max() * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    centers = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1)[:, :, None] + 0.5  # (4, 4, 1, 2): x, y
    centers = np.broadcast_to(centers, rays.shape)
    strokes = np.stack([centers, centers + rays, np.full_like(rays, np.nan)], axis=3)
    axes.plot(*strokes.reshape(-1, 2).T, color=LIGHT["ink"], linewidth=1.5)
    for at in range(5):
        axes.plot([0, 4], [at, at], color=LIGHT["hand"], linewidth=0.8)
        axes.plot([at, at], [0, 4], color=LIGHT["hand"], linewidth=0.8)


@drawn("visual-words")
def draw_visual_words(
    photograph: np.ndarray, word_map: np.ndarray, centers: np.ndarray, word_shares: np.ndarray
) -> Canvas:
    n = len(centers)
    tones = ((0.35, 0.9), (0.75, 0.8), (0.6, 0.55))  # saturation and brightness, in turn
    colors = np.array([colorsys.hsv_to_rgb(i * 0.618 % 1, *tones[i % 3]) for i in range(n)])
    order = np.argsort(-word_shares[0], kind="stable")
    canvas, axes = panels(3, 2, 400, height_ratios=[2, 1.1, 1.4])
    show(axes[0, 0], photograph, "the photograph")
    show(axes[0, 1], colors[order.argsort()][word_map], "its words, by color")
    grid = axes[1, 0].get_gridspec()
    for panel in axes[1:].flat:
        panel.remove()
    show(canvas.add_subplot(grid[1, :]), montage(centers[order], n // 2, gap=1), f"the {n} words")
    histogram = canvas.add_subplot(grid[2, :])
    histogram.bar(np.arange(n), word_shares[0, order], color=colors, edgecolor=LIGHT["neutral"], linewidth=0.5)
    histogram.plot(word_shares[1, order], "o", color=LIGHT["ink"], markersize=4)
    histogram.set_title("how often each occurs")
    histogram.set_xticks([])
    percent_axis(histogram.yaxis)
    return canvas


FILLS = {"fixed": "neutral", "labels": "net"}  # else learned without labels


@drawn("systems")
def draw_systems(hand_crafted: Sequence[Sequence[str]], end_to_end: Sequence[Sequence[str]]) -> Markup:
    """Two columns of boxes, top to bottom; the shorter one's boxes are taller."""
    height, parts = 62 * len(hand_crafted), []
    for left, title, boxes in ((0, "the winner of 2011", hand_crafted), (204, "AlexNet, 2012", end_to_end)):
        step = height / len(boxes)
        parts.append(f'<text x="{left + 2}" y="16" font-size="14" fill="{LIGHT["ink"]}">{title}</text>')
        for i, (name, criterion) in enumerate(boxes):
            top = 28 + i * step
            color = LIGHT[FILLS.get(str(criterion).partition(":")[0], "frozen")]
            parts.append(
                f'<rect x="{left + 1}" y="{top:.0f}" width="194" height="{step - 14:.0f}" rx="5" '
                f'fill="{LIGHT["panel"]}" stroke="{color}" stroke-width="2"/>'
                f'<path d="M{left + 98} {top + step - 13:.0f}v11" stroke="{LIGHT["ink"]}" stroke-width="1.4"/>'
            )
            for text, dy, ink in ((name, -3, LIGHT["ink"]), (criterion, 14, color)):
                fill = LIGHT["muted"] if criterion == "fixed" and ink == color else ink
                middle = top + (step - 14) / 2 + dy
                parts.append(
                    f'<text x="{left + 98}" y="{middle:.0f}" font-size="12" text-anchor="middle" fill="{fill}">'
                    f"{escape(str(text))}</text>"
                )
        bottom = f'<text x="{left + 98}" y="{height + 42}" font-size="12" text-anchor="middle" fill="{LIGHT["ink"]}">'
        parts.append(f"{bottom}class scores</text>")
    return 400, height + 50, "".join(parts)


@drawn("measured")
def draw_measured(
    experiments: Sequence[str], sides: Sequence[str], scores: np.ndarray, intervals: np.ndarray
) -> Canvas:
    canvas, axes = panels(1, 1, 24 * len(experiments) + 50)
    panel = axes[0, 0]
    for row, i in enumerate(np.argsort(scores)):
        color = side_color(sides[i])
        panel.plot(intervals[i], [row, row], color=color, linewidth=2)
        panel.plot(scores[i], row, MARKERS[sides[i]], color=color, markersize=6)
    panel.set_yticks(range(len(experiments)), [experiments[i] for i in np.argsort(scores)])
    percent_axis(panel.xaxis)
    panel.grid(axis="x")
    return canvas
