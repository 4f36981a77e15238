"""Computational graphs as SVG, top to bottom: a layered layout of our own, values and gradients on the edges."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from bakeoff.reports.canvas.axes import name_rows
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.panels import WIDTH, Markup, Variables, drawn

RADIUS = 14  # of a gate, in points
LEVEL = 64  # points from a gate to the next: room for the two numbers of an edge
NUMBER_STYLE = 'font-size="12.5" text-anchor="middle" paint-order="stroke" stroke-width="3"'
Graph = Any  # what `record` gives, or the `Fields` of it that were saved


def lay_out(edges: np.ndarray, n_nodes: int) -> np.ndarray:
    """Column and row of each node: float (n_nodes, 2); the last one is the output.

    edges (m, 2): from a node to one with a higher number.
    A node stands as far to the right as its users allow. Inputs take rows in their order; a gate stands at the mean of
    what enters it, moved apart where two of a column would be closer than a row.
    """
    distance = np.zeros(n_nodes)
    for source, target in sorted(edges.tolist(), key=lambda edge: -edge[1]):
        distance[source] = max(distance[source], distance[target] + 1)
    column, row = distance.max() - distance, np.zeros(n_nodes)
    inputs = np.setdiff1d(np.arange(n_nodes), edges[:, 1])
    row[inputs] = np.arange(len(inputs))
    for place in range(int(column.max()) + 1):
        members = np.flatnonzero(column == place)
        for node in np.setdiff1d(members, inputs):
            row[node] = row[edges[edges[:, 1] == node, 0]].mean()
        _move_apart(row, members)
    return np.stack([column, row], axis=1)


def _move_apart(row: np.ndarray, members: np.ndarray) -> None:
    """Spread nodes of a column to a distance of at least one row, around their common center."""
    order = members[np.argsort(row[members], kind="stable")]
    steps = np.arange(len(order))
    spread = np.maximum.accumulate(row[order] - steps) + steps
    row[order] = spread - (spread.mean() - row[order].mean())


def graph_markup(graph: Graph, width: float = WIDTH) -> tuple[str, float]:
    """SVG elements of one graph in a box of this width, from the inputs down, and the height of the box.

    Every number carries the step at which it is known: values on the way down, gradients on the way back.
    """
    labels, edges, margin = graph.labels, np.asarray(graph.edges), 30
    places = lay_out(edges, len(labels))
    across = places[:, 1] - places[:, 1].min()
    x = across * (width - 2 * margin) / across.max() + margin if across.any() else np.full(len(across), width / 2)
    points = np.stack([x, places[:, 0] * LEVEL + 20], axis=1)
    back = np.argsort(np.argsort(-edges[:, 1], kind="stable"), kind="stable") + len(labels)
    parts = [
        _edge(points[a], points[b], pair, (int(a), int(step)))
        for (a, b), *pair, step in zip(edges, graph.values, graph.gradients, back, strict=True)
    ]
    parts += map(_node, points, map(str, labels), graph.is_gate)
    return "".join(parts), float(points[:, 1].max() + 20)


def _node(point: np.ndarray, text: str, is_gate: bool) -> str:
    x, y = point
    half = max(RADIUS, 4.2 * len(text) + 6)
    gate = (
        f'<rect x="{x - half:.1f}" y="{y - RADIUS:.1f}" width="{2 * half:.1f}" height="{2 * RADIUS}" rx="{RADIUS}" '
        f'fill="{LIGHT["panel"]}" stroke="{LIGHT["ink"]}"/>'
    )
    label = re.sub(r"(?<=[a-zW])(\d)$", r'<tspan dy="3" font-size="12">\1</tspan>', escape(text))
    return (gate if is_gate else "") + (
        f'<text x="{x:.1f}" y="{y + 4.5:.1f}" font-size="13.5" text-anchor="middle" '
        f'fill="{LIGHT["ink"]}">{label}</text>'
    )


def _edge(start: np.ndarray, end: np.ndarray, numbers: Sequence[str], steps: tuple[int, int]) -> str:
    """A line with its value and, below that, its gradient, nearer to where it starts: there lines are further apart."""
    gap = (RADIUS + 1) * (end - start) / np.hypot(*(end - start))
    (x1, y1), (x2, y2), (x, y) = start + gap, end - gap, start + 0.47 * (end - start)
    line = f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{LIGHT["neutral"]}" stroke-width="1.2"/>'
    tag = f'<text x="{x:.1f}" {NUMBER_STYLE} stroke="{LIGHT["paper"]}"'
    return (
        f'{line}{tag} y="{y - 1:.1f}" fill="{LIGHT["net"]}" data-step="{steps[0]}">{numbers[0]}</text>'
        f'{tag} y="{y + 12.5:.1f}" fill="{LIGHT["hand"]}" data-step="{steps[1]}">{numbers[1]}</text>'
    )


def draw_graph(graph: Graph) -> Markup:
    width = min(WIDTH, 110 * (len(graph.labels) - sum(graph.is_gate)))
    markup, height = graph_markup(graph, width)
    return WIDTH, height, f'<g transform="translate({(WIDTH - width) / 2:.0f} 0)">{markup}</g>'


for name, variable in (  # figure, and the chapter's graph that it shows
    ("data-flow", "flow"),
    ("graph-product", "product"),
    ("graph-neuron", "neuron"),
    ("graph-neuron-one-gate", "short"),
    ("graph-svm", "svm"),
    ("graph-recurrent", "recurrent"),
):
    drawn(name)(lambda v, variable=variable: draw_graph(getattr(v, variable)))


@drawn("gates")
def draw_gates(v: Variables) -> Markup:
    """The gates, two in a row."""
    parts, top, half = [], 0.0, WIDTH / 2
    drawings = [(name, *graph_markup(v.gates[name], half - 16)) for name in map(str, v.gate_names)]
    for pair in (drawings[:2], drawings[2:]):
        for column, (name, markup, _) in enumerate(pair):
            title = f'<text x="4" y="14" font-size="13" fill="{LIGHT["ink"]}">{escape(name)}</text>'
            place = f"translate({column * (half + 8):.0f} {top:.0f})"
            parts.append(f'<g transform="{place}">{title}<g transform="translate(0 22)">{markup}</g></g>')
        top += max(height for _, _, height in pair) + 30
    return WIDTH, top, "".join(parts)


@drawn("alexnet", 1, 1, 308)
def draw_alexnet(v: Variables, panel: Axes) -> None:
    """The layers from top to bottom with the shapes of their outputs, and a bar for the weights of each."""
    bars = panel.barh(range(len(v.weights)), v.weights, 0.6, color=LIGHT["net"])
    panel.bar_label(bars, [f"{n / 1e6:.2g} M" for n in v.weights], padding=4, color=LIGHT["muted"])
    name_rows(panel, [f"{name}\n{shape}" for name, shape in zip(v.layer_names, v.shapes, strict=True)])
    panel.set(title="weights", xticks=[], xlim=(0, 1.15 * max(v.weights)))
    panel.spines["bottom"].set_visible(False)
