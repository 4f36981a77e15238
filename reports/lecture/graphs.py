"""Computational graphs as SVG: a layered layout of our own, values and gradients on the edges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

import numpy as np

from bakeoff.reports.canvas.elements import Figure
from bakeoff.reports.canvas.svg import root_tag
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.panels import Numbers, number

RADIUS = 16  # of a gate, in points
ROW = 80  # points between neighbors of a column: room for the numbers of two edges, halfway to a gate
NUMBER_STYLE = 'font-size="12.5" text-anchor="middle" paint-order="stroke" stroke-width="3"'
GATES = {"gate-add": "add", "gate-multiply": "multiply", "gate-max": "max", "gate-copy": "copy, then add"}
GATE_WIDTHS = (220, 310)  # of the figure's two columns: the copy gate needs the room


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


def graph_markup(graph: Numbers, width: float, digits: int) -> tuple[str, float]:
    """SVG elements of one graph in a box of this width, and the height of the box."""
    n_nodes = len(graph["labels"])
    places = lay_out(graph["edges"], n_nodes)
    places[:, 1] -= places[:, 1].min()
    margin = RADIUS + 4
    scale = (width - 2 * margin) / places[:, 0].max()
    points = places * [scale, ROW] + [margin, RADIUS + 12]
    edges = [*graph["edges"].tolist(), [n_nodes - 1, n_nodes]]
    values = [*graph["values"], graph["output"]]
    gradients = [*graph["gradients"], graph["output_gradient"]]
    parts = [
        _edge(
            points[a],
            points[b],
            number(float(value), digits),
            number(float(gradient), digits),
        )
        for (a, b), value, gradient in zip(edges, values, gradients, strict=True)
    ]
    labels = [*map(str, graph["labels"]), "f"]
    flags = [*graph["is_input"].tolist(), True]
    parts += [_node(point, text, plain) for point, text, plain in zip(points, labels, flags, strict=True)]
    return "".join(parts), float(points[:, 1].max() + RADIUS + 12)


def _node(point: np.ndarray, text: str, is_plain: bool) -> str:
    x, y = point
    circle = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}" fill="{LIGHT["panel"]}" stroke="{LIGHT["ink"]}"/>'
    size = 14 if len(text) <= 2 else 11 if len(text) <= 4 else 8.5
    label = re.sub(r"(?<=[a-z])(\d)$", r'<tspan dy="3" font-size="10">\1</tspan>', escape(text))
    return ("" if is_plain else circle) + (
        f'<text x="{x:.1f}" y="{y + 4.5:.1f}" font-size="{size}" text-anchor="middle" '
        f'fill="{LIGHT["ink"]}">{label}</text>'
    )


def _edge(start: np.ndarray, end: np.ndarray, value: str, gradient: str) -> str:
    """A line with its value above and its gradient below."""
    direction = (end - start) / np.hypot(*(end - start))
    (x1, y1), (x2, y2) = start + (RADIUS + 1) * direction, end - (RADIUS + 1) * direction
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    line = f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{LIGHT["neutral"]}" stroke-width="1.2"/>'
    tag = f'<text x="{x:.1f}" {NUMBER_STYLE} stroke="{LIGHT["paper"]}"'
    return (
        f'{line}{tag} y="{y - 4:.1f}" fill="{LIGHT["net"]}">{value}</text>'
        f'{tag} y="{y + 14:.1f}" fill="{LIGHT["hand"]}">{gradient}</text>'
    )


def draw_gates(graphs: Mapping[str, Numbers]) -> Figure:
    """The four gates, two in a row."""
    parts, top = [], 0.0
    names = list(GATES)
    for pair in (names[:2], names[2:]):
        heights = []
        for column, name in enumerate(pair):
            width = GATE_WIDTHS[1] if name == "gate-copy" else GATE_WIDTHS[0]
            markup, height = graph_markup(graphs[name], width, 2)
            title = f'<text x="4" y="14" font-size="13" fill="{LIGHT["ink"]}">{GATES[name]}</text>'
            place = f"translate({column * (GATE_WIDTHS[0] + 10)} {top:.0f})"
            parts.append(f'<g transform="{place}">{title}<g transform="translate(0 16)">{markup}</g></g>')
            heights.append(height)
        top += max(heights) + 34
    alt = "Four small graphs, values forward and gradients back, with a gradient of 2 arriving. " + " ".join(
        f"{GATES[name].capitalize()}: {_in_words(graphs[name])}." for name in names
    )
    caption = (
        "Values forward (blue, above each line) and gradients back (orange, below); a gradient of 2 arrives "
        "from above. "
        "Add hands it on to both, multiply swaps the factors, max sends it to the winner, and copy adds up what "
        "comes back."
    )
    return Figure("gates", caption, alt, root_tag(540, top, alt) + "".join(parts) + "</svg>")


def draw_graph(graph: Numbers, name: str, caption: str, *, wide: bool = False) -> Figure:
    width = 760 if wide else 540
    markup, height = graph_markup(graph, width, 2)
    alt = f"Computational graph: {_in_words(graph)}."
    return Figure(name, caption, alt, root_tag(width, height, alt) + markup + "</svg>", wide=wide)


def _in_words(graph: Numbers) -> str:
    """The values and gradients of the inputs, and the output."""
    labels, edges = graph["labels"], graph["edges"]
    inputs = "; ".join(
        f"{labels[a]} = {number(float(value))} with gradient {number(float(gradient))}"
        for (a, _), value, gradient in zip(edges, graph["values"], graph["gradients"], strict=True)
        if graph["is_input"][a]
    )
    return f"{inputs}; output {number(float(graph['output']))}"
