"""Computational graphs as SVG, top to bottom: a layered layout of our own, values and gradients on the edges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

import numpy as np

from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.panels import WIDTH, Markup, drawn

RADIUS = 14  # of a gate, in points
LEVEL = 64  # points from a gate to the next: room for the two numbers of an edge
NUMBER_STYLE = 'font-size="12.5" text-anchor="middle" paint-order="stroke" stroke-width="3"'
Graph = Mapping[str, np.ndarray]  # the fields of a `RecordedGraph`


def lay_out(edges: np.ndarray, n_nodes: int) -> np.ndarray:
    """Column and row of each node, and of the output after the last one: float (n_nodes + 1, 2).

    edges (m, 2): from a node to one with a higher number; the last node is the output.
    A node stands as far to the right as its users allow. Inputs take rows in the order in which the output reaches
    them; a gate stands at the mean of what enters it, moved apart where two of a column would be closer than a row.
    """
    edges = np.concatenate([edges, [[n_nodes - 1, n_nodes]]])
    distance = np.zeros(n_nodes + 1)
    for source, target in sorted(edges.tolist(), key=lambda edge: -edge[1]):
        distance[source] = max(distance[source], distance[target] + 1)
    column = distance.max() - distance
    row = np.full(n_nodes + 1, np.nan)
    sources = {target: edges[edges[:, 1] == target, 0].tolist() for target in range(n_nodes + 1)}
    for count, node in enumerate(_inputs_in_reach(sources, n_nodes)):
        row[node] = count
    for place in range(int(column.max()) + 1):
        members = np.flatnonzero(column == place)
        for node in members.tolist():
            if sources[node]:
                row[node] = row[sources[node]].mean()
        _move_apart(row, members)
    return np.stack([column, row], axis=1)


def _inputs_in_reach(sources: Mapping[int, list[int]], output: int) -> list[int]:
    pending, seen, inputs = [output], set(), []
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        pending.extend(reversed(sources[node]))
        if not sources[node]:
            inputs.append(node)
    return inputs


def _move_apart(row: np.ndarray, members: np.ndarray) -> None:
    """Spread nodes of a column to a distance of at least one row, around their common center."""
    order = members[np.argsort(row[members], kind="stable")]
    spread = row[order].copy()
    for i in range(1, len(spread)):
        spread[i] = max(spread[i], spread[i - 1] + 1)
    row[order] = spread - (spread.mean() - row[order].mean())


def graph_markup(graph: Graph, width: float = WIDTH) -> tuple[str, float]:
    """SVG elements of one graph in a box of this width, from the inputs down, and the height of the box.

    Every number carries the step at which it is known: values on the way down, gradients on the way back.
    """
    n_nodes = len(graph["labels"])
    places = lay_out(np.asarray(graph["edges"]), n_nodes)
    across = places[:, 1] - places[:, 1].min()
    margin = 30
    points = np.stack(
        [across * (width - 2 * margin) / max(across.max(), 1) + margin, places[:, 0] * LEVEL + 20], axis=1
    )
    if not across.any():
        points[:, 0] = width / 2
    edges = [*np.asarray(graph["edges"]).tolist(), [n_nodes - 1, n_nodes]]
    values, gradients = [*graph["values"], graph["output"]], [*graph["gradients"], graph["output_gradient"]]
    back = np.argsort(np.argsort([-target for _, target in edges], kind="stable"), kind="stable") + n_nodes + 1
    flags = [*np.asarray(graph["is_input"]).tolist(), True]
    parts = [
        _edge(points[a], points[b], (RADIUS if flags[a] else RADIUS + 1), f"{value}", f"{gradient}", (a, int(step)))
        for (a, b), value, gradient, step in zip(edges, values, gradients, back, strict=True)
    ]
    labels = [*map(str, graph["labels"]), "f"]
    parts += [_node(point, text, plain) for point, text, plain in zip(points, labels, flags, strict=True)]
    return "".join(parts), float(points[:, 1].max() + 20)


def _node(point: np.ndarray, text: str, is_plain: bool) -> str:
    x, y = point
    half = max(RADIUS, 4.2 * len(text) + 6)
    gate = (
        f'<rect x="{x - half:.1f}" y="{y - RADIUS:.1f}" width="{2 * half:.1f}" height="{2 * RADIUS}" rx="{RADIUS}" '
        f'fill="{LIGHT["panel"]}" stroke="{LIGHT["ink"]}"/>'
    )
    label = re.sub(r"(?<=[a-zW])(\d)$", r'<tspan dy="3" font-size="12">\1</tspan>', escape(text))
    return ("" if is_plain else gate) + (
        f'<text x="{x:.1f}" y="{y + 4.5:.1f}" font-size="13.5" text-anchor="middle" '
        f'fill="{LIGHT["ink"]}">{label}</text>'
    )


def _edge(start: np.ndarray, end: np.ndarray, gap: float, value: str, gradient: str, steps: tuple[int, int]) -> str:
    """A line with its value and, below that, its gradient, nearer to where it starts: there lines are further apart."""
    direction = (end - start) / np.hypot(*(end - start))
    (x1, y1), (x2, y2) = start + gap * direction, end - (RADIUS + 1) * direction
    x, y = start + 0.47 * (end - start)
    line = f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{LIGHT["neutral"]}" stroke-width="1.2"/>'
    tag = f'<text x="{x:.1f}" {NUMBER_STYLE} stroke="{LIGHT["paper"]}"'
    return (
        f'{line}{tag} y="{y - 1:.1f}" fill="{LIGHT["net"]}" data-step="{steps[0]}">{value}</text>'
        f'{tag} y="{y + 12.5:.1f}" fill="{LIGHT["hand"]}" data-step="{steps[1]}">{gradient}</text>'
    )


@drawn("data-flow", graph="flow")
@drawn("graph-product", graph="product")
@drawn("graph-neuron", graph="neuron")
@drawn("graph-neuron-one-gate", graph="short")
@drawn("graph-svm", graph="svm")
@drawn("graph-recurrent", graph="recurrent")
def draw_graph(graph: Graph) -> Markup:
    width = min(WIDTH, 110 * (1 + sum(np.asarray(graph["is_input"]))))
    markup, height = graph_markup(graph, width)
    return WIDTH, height, f'<g transform="translate({(WIDTH - width) / 2:.0f} 0)">{markup}</g>'


@drawn("gates")
def draw_gates(gates: Mapping[str, Graph]) -> Markup:
    """The gates, two in a row."""
    parts, top, half = [], 0.0, WIDTH / 2
    drawings = [(name, *graph_markup(graph, half - 16)) for name, graph in gates.items()]
    for pair in (drawings[:2], drawings[2:]):
        for column, (name, markup, _) in enumerate(pair):
            title = f'<text x="4" y="14" font-size="13" fill="{LIGHT["ink"]}">{escape(name)}</text>'
            place = f"translate({column * (half + 8):.0f} {top:.0f})"
            parts.append(f'<g transform="{place}">{title}<g transform="translate(0 22)">{markup}</g></g>')
        top += max(height for _, _, height in pair) + 30
    return WIDTH, top, "".join(parts)


@drawn("alexnet")
def draw_alexnet(layer_names: np.ndarray, shapes: np.ndarray, weights: np.ndarray) -> Markup:
    """The layers from top to bottom with the shapes between them, and a bar for the weights of each."""
    parts, most = [_caption(67, 16, "227 × 227 × 3", "net")], float(max(weights))
    for i, (name, shape, n) in enumerate(zip(layer_names, shapes, weights, strict=True)):
        top, bar = 26 + 54 * i, 160 * float(n) / most
        parts.append(
            f'<rect x="1" y="{top}" width="132" height="26" rx="5" fill="{LIGHT["panel"]}" stroke="{LIGHT["ink"]}"/>'
            f'<rect x="150" y="{top + 4}" width="{bar:.1f}" height="18" fill="{LIGHT["net"]}"/>'
            + _caption(67, top + 17, str(name), "ink")
            + _caption(156 + bar, top + 17, f"{float(n) / 1e6:.2g} M", "muted", "start")
            + _caption(67, top + 45, str(shape), "net")
        )
    return WIDTH, 54 * len(weights) + 36, "".join(parts)


def _caption(x: float, y: float, text: str, color: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.0f}" y="{y}" font-size="12.5" text-anchor="{anchor}" fill="{LIGHT[color]}">{text}</text>'
