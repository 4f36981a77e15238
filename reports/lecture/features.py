"""Figures of hand-crafted features on one photograph."""

from __future__ import annotations

import colorsys

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from bakeoff.reports.canvas.axes import percent_axis, styled
from bakeoff.reports.canvas.elements import Figure
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.pictures import montage
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.panels import Numbers, bare, panels, to_figure

STRENGTHS = ((0.2, 0.4), (0.4, 0.7), (0.7, np.inf))  # of a HOG stroke: faint, middling, strong


def _show(axes: Axes, photograph: np.ndarray, title: str = "", alpha: float = 1.0) -> None:
    axes.imshow(photograph, interpolation="none", alpha=alpha)
    axes.set_title(title)
    bare(axes)


@styled
def draw_color_histogram(numbers: Numbers) -> Figure:
    canvas, axes = panels(2, 2, 400)
    _show(axes[0, 0], numbers["photograph"], "the photograph")
    n = len(numbers["hue"])
    middles = (np.arange(n) + 0.5) / n
    colors = {
        "hue": [colorsys.hsv_to_rgb(hue, 0.75, 0.85) for hue in middles],
        "saturation": [colorsys.hsv_to_rgb(0.07, s, 0.85) for s in middles],
        "brightness": [(v, v, v) for v in middles],
    }
    for panel, channel in zip(axes.flat[1:], colors, strict=True):
        panel.bar(middles, numbers[channel], width=0.92 / n, color=colors[channel], edgecolor=LIGHT["neutral"], lw=0.3)
        panel.set_title(channel)
        panel.set_xticks([0, 0.5, 1])
        percent_axis(panel.yaxis)
    top = int(numbers["hue"].argmax())
    caption = f"Hue, saturation and brightness of every pixel, counted in {n} bins each; where they are is forgotten."
    alt = (
        f"A photograph of a pavilion by a lake and its three color histograms. The fullest hue bin, near "
        f"{360 * middles[top]:.0f} degrees on the color circle, holds {percent(float(numbers['hue'][top]))} "
        "of the pixels."
    )
    return to_figure(canvas, "color-histogram", caption, alt)


@styled
def draw_hog(numbers: Numbers) -> Figure:
    photograph, size, histograms = numbers["photograph"], int(numbers["cell_size"]), numbers["histograms"]
    canvas, axes = panels(1, 1, 540 * photograph.shape[0] / photograph.shape[1] + 20)
    panel = axes[0, 0]
    strength = np.sqrt(histograms / np.quantile(histograms, 0.99))  # the root, lest faint edges vanish
    for (low, high), color, width in zip(STRENGTHS, ("neutral", "muted", "ink"), (0.7, 1.1, 1.7), strict=True):
        panel.plot(*_strokes((strength > low) & (strength <= high), size).T, color=LIGHT[color], linewidth=width)
    panel.set_xlim(0, photograph.shape[1])
    panel.set_ylim(photograph.shape[0], 0)
    panel.set_title(f"HOG of the photograph, one glyph for each {size} × {size} pixels")
    bare(panel)
    caption = (
        "Each stroke lies along an edge, at right angles to the gradient; the heavier, the "
        "stronger the edge. "
        "The faintest are left out."
    )
    alt = "The same photograph as strokes along its edges: the roofs, the columns and the trees can be told."
    return to_figure(canvas, "hog-glyphs", caption, alt)


def _strokes(chosen: np.ndarray, size: int) -> np.ndarray:
    """A segment along the edge for each chosen (cell row, cell column, bin), NaN between them: (3 * n, 2)."""
    rows, columns, bins = np.nonzero(chosen)
    angle = (bins + 0.5) * np.pi / chosen.shape[2] + np.pi / 2
    centers = np.stack([columns, rows], axis=1) * size + size / 2
    half = 0.45 * size * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.stack([centers - half, centers + half, np.full_like(half, np.nan)], axis=1).reshape(-1, 2)


@styled
def draw_sift(numbers: Numbers) -> Figure:
    canvas, axes = panels(1, 2, 236, width_ratios=[3, 2])
    _show(axes[0, 0], numbers["photograph"], "the grid")
    positions, size, shown = numbers["positions"], int(numbers["bin_size"]), int(numbers["shown"])
    axes[0, 0].scatter(*positions.T, s=11, color=LIGHT["paper"], edgecolors=LIGHT["ink"], linewidths=0.7)
    x, y = positions[shown] - 2 * size
    for color, width in (("paper", 5.0), ("hand", 2.5)):  # a light rim, lest the frame be lost in the photograph
        frame = Rectangle((x, y), 4 * size, 4 * size, fill=False, edgecolor=LIGHT[color], linewidth=width)
        axes[0, 0].add_patch(frame)
    patch = _cut(numbers["photograph"], x, y, 4 * size)
    panel = axes[0, 1]
    panel.imshow(patch, extent=(0, 4, 4, 0), interpolation="none", alpha=0.55)
    _draw_stars(panel, numbers["descriptors"][shown])
    panel.set_title("one descriptor")
    bare(panel)
    caption = (
        f"Dense SIFT: {len(positions)} descriptors at the dots; the frame is what one of them, the one of "
        "most contrast, "
        "looks at. Its 4 × 4 bins hold 8 directions each, 128 numbers in all, drawn as rays."
    )
    alt = (
        f"A photograph with a grid of {len(positions)} dots and one orange frame; beside it the framed patch with "
        "4 by 4 stars of eight rays, their lengths the numbers of the SIFT descriptor."
    )
    return to_figure(canvas, "sift-grid", caption, alt)


def _cut(photograph: np.ndarray, x: float, y: float, side: int) -> np.ndarray:
    top, left = max(round(float(y)), 0), max(round(float(x)), 0)
    return photograph[top : top + side, left : left + side]


def _draw_stars(axes: Axes, descriptor: np.ndarray) -> None:
    angle = np.arange(8) * np.pi / 4
    rays = 0.48 * descriptor[..., None] / descriptor.max() * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    centers = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1)[:, :, None] + 0.5  # (4, 4, 1, 2): x, y
    centers = np.broadcast_to(centers, rays.shape)
    strokes = np.stack([centers, centers + rays, np.full_like(rays, np.nan)], axis=3)
    axes.plot(*strokes.reshape(-1, 2).T, color=LIGHT["ink"], linewidth=1.8)
    for at in range(5):
        axes.plot([0, 4], [at, at], color=LIGHT["hand"], linewidth=0.8)
        axes.plot([at, at], [0, 4], color=LIGHT["hand"], linewidth=0.8)


def _word_colors(n: int) -> np.ndarray:
    """uint8 (n, 3): hues a golden section apart, so that neighbors in the order differ."""
    tones = ((0.35, 0.9), (0.75, 0.8), (0.6, 0.55))  # saturation and brightness, in turn
    return np.rint([[255 * v for v in colorsys.hsv_to_rgb(i * 0.618 % 1, *tones[i % 3])] for i in range(n)]).astype(
        np.uint8
    )


@styled
def draw_visual_words(numbers: Numbers) -> Figure:
    n = len(numbers["patches"])
    colors = _word_colors(n)
    framed = [np.pad(patch, ((2, 2), (2, 2), (0, 0))) for patch in numbers["patches"]]
    for patch, color in zip(framed, colors, strict=True):
        edge = np.ones(patch.shape[:2], bool)
        edge[2:-2, 2:-2] = False
        patch[edge] = color
    sheet = montage(np.stack(framed), n // 2, gap=2)
    canvas, axes = panels(2, 2, 320, height_ratios=[2, 1])
    _show(axes[0, 0], numbers["photograph"], "the photograph")
    _show(axes[0, 1], colors[numbers["words"]], "its words, by color")
    grid = axes[1, 0].get_gridspec()
    for panel in axes[1]:
        panel.remove()
    words = canvas.add_subplot(grid[1, :])
    _show(words, sheet, f"the {n} words, the most used first")
    three = percent(float(numbers["shares"][:3].sum()))
    caption = (
        f"RootSIFT descriptors every {int(numbers['stride'])} pixels, sorted by k-means into {n} words; each "
        "word is the mean "
        f"of the twelve patches nearest to it. The first three words cover {three} of the photograph."
    )
    alt = (
        f"A photograph, a map of it colored by visual word, and the {n} words as small patches: flat ones, edges in "
        f"several directions, corners. The three most used words cover {three}."
    )
    return to_figure(canvas, "visual-words", caption, alt)
