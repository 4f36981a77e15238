"""Chapter on interpretation: evidence maps, nearest neighbors and t-SNE maps of both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bakeoff.pipelines.results.study import Row, StudyResult, unpack_correct
from bakeoff.reports.canvas.axes import label_points, new_canvas, side_color, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Section, Table
from bakeoff.reports.canvas.elements import Row as TableRow
from bakeoff.reports.canvas.formats import (
    SPACE,
    count,
    p_value,
    percent,
    percent_range,
    plural,
    points,
    points_range,
    short,
)
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.chapters.evidence import describe_neighbors, draw_evidence, draw_neighbors, read_map, rows_of_kind
from bakeoff.reports.statistics.accuracy import accuracy_interval, compare_paired


@chapter(100, study="look-inside")
def look_inside_section(study: StudyResult) -> Section:
    """The maps of evidence and the neighbors only where the study may show pictures."""
    votes, evidence = rows_of_kind(study, "vote"), rows_of_kind(study, "evidence")
    texts = [study.notes[0], describe_evidence(evidence)] if evidence else []
    parts: list[Figure | Table] = []
    if evidence and study.pictures:
        parts += [draw_evidence(study), draw_neighbors(study)]
    if evidence:
        texts.append(describe_neighbors(study))
    parts += [draw_maps(rows_of_kind(study, "point")), _votes_table(votes)]
    return Section("look-inside", study.title, (*texts, study.notes[1], describe_votes(votes)), tuple(parts))


def describe_evidence(evidence: Sequence[Row]) -> str:
    """How far the maps agree: the net's two, and those of the two sides."""
    maps = {(row["side"], row["method"], row["picture"]): read_map(row) for row in evidence}
    pairs = (
        (("end-to-end", "integrated gradients"), "the net's two kinds of map"),
        (("hand-crafted", "occlusion"), "the occlusion maps of the two sides"),
    )
    told = []
    for key, name in pairs:
        both = [
            (values, maps["end-to-end", "occlusion", picture])
            for (*kind, picture), values in maps.items()
            if tuple(kind) == key
        ]
        known = [float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) for a, b in both if a.std() > 0 and b.std() > 0]
        if known:
            told.append(f"{name} correlate by {float(np.mean(known)):.2f}".replace("-", "−"))
    n_pictures = len({row["picture"] for row in evidence})
    over = f"on average over {plural(n_pictures, 'picture')}"
    return f"Cell by cell and {over}, {' and '.join(told)}. A few pictures show how, not how often." if told else ""


def describe_votes(votes: Sequence[Row]) -> str:
    """Whether the neighbors classify more pictures correctly in one representation, on the same pictures."""
    first, second = votes
    test = compare_paired(_correct(first), _correct(second))
    detail = f"{points(test.difference)}{SPACE}points, {points_range(test.interval)}, {p_value(test.p_value)}"
    names = f"{first['experiment']} and {second['experiment']}"
    if not test.is_shown:
        return f"No difference is shown between the neighbors of {names} ({detail})."
    return f"The difference between the neighbors of {names} is shown ({detail})."


def _votes_table(votes: Sequence[Row]) -> Table:
    k, n_train, n_test = (votes[0][key] for key in ("k", "n_train", "n_test"))
    rows = tuple(
        TableRow(
            (
                Cell(str(row["experiment"])),
                Cell("features after scaling" if row["side"] == "hand-crafted" else "last hidden layer"),
                Cell(percent(float(row["accuracy"])), float(row["accuracy"])),  # type: ignore[arg-type]
                Cell(percent_range(accuracy_interval(_correct(row)))),
            ),
            row["side"],  # type: ignore[arg-type]
        )
        for row in votes
    )
    caption = (
        f"{count(float(n_test))} test pictures classified by their {k} nearest of "  # type: ignore[arg-type]
        f"{count(float(n_train))} training pictures, in all dimensions"  # type: ignore[arg-type]
    )
    return Table(caption, ("experiment", "representation", "classified correctly", "95 % interval"), rows)


def _correct(row: Row) -> np.ndarray:
    return unpack_correct(str(row["correct"]), int(row["n_test"]))[None]  # type: ignore[arg-type]


WIDE = 680
# Of a lightness that shows on light and on dark paper; with the signs, 30 classes are told apart.
COLORS = ("#3b82c4", "#c8641e", "#2f9e6e", "#a05fc4", "#c94f62", "#8f8a1f")
SIGNS = ("o", "s", "^", "D", "P")
MOST_NAMED = len(COLORS) * len(SIGNS)  # classes in the legend


@styled
def draw_maps(points: Sequence[Row]) -> Figure:
    """points: rows with side, experiment, x, y and label."""
    names = list(dict.fromkeys(str(row["label"]) for row in sorted(points, key=lambda row: str(row["label"]))))
    sides = list(dict.fromkeys((str(row["side"]), str(row["experiment"])) for row in points))
    legend_rows = -(-min(len(names), MOST_NAMED) // 6)
    canvas, panels = new_canvas(350 + 17 * legend_rows, len(sides), WIDE)
    for axes, (side, experiment) in zip(panels, sides, strict=True):
        _draw_points(axes, [row for row in points if row["side"] == side], names)
        axes.set_title(short(experiment, 30), color=side_color(side))
    if len(names) <= MOST_NAMED:
        handles = [_sign(number, label=short(name, 14)) for number, name in enumerate(names)]
        canvas.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=11, handletextpad=0.1)
    for axes, (side, _) in zip(panels, sides, strict=True):
        places = [_middle([row for row in points if row["side"] == side and row["label"] == name]) for name in names]
        label_points(canvas, axes, places, [short(name, 12) for name in names])
    n_points = sum(row["side"] == sides[0][0] for row in points)
    caption = (
        f"{n_points:,} test pictures, near each other where the representation holds them for alike. A name stands at "
        "the point in the middle of its class, where there is room."
    )
    alt = (
        f"Two maps of {n_points:,} points in {len(names)} classes: the features after scaling, and the net's last "
        "hidden layer. The table tells how often neighbors agree."
    )
    return Figure("maps", caption, alt, to_svg(canvas, "maps", alt), wide=True, width=WIDE)


def _draw_points(axes: Axes, points: Sequence[Row], names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        places = np.array([(row["x"], row["y"]) for row in points if row["label"] == name], float).reshape(-1, 2)
        color, sign = _look(number)
        axes.scatter(places[:, 0], places[:, 1], s=16, c=color, marker=sign, alpha=0.75, linewidths=0)
    axes.set(xticks=[], yticks=[], xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal")
    for spine in axes.spines.values():
        spine.set(visible=True, color=LIGHT["rule"])


def _look(number: int) -> tuple[str, str]:
    return COLORS[number % len(COLORS)], SIGNS[number // len(COLORS) % len(SIGNS)]


def _sign(number: int, label: str) -> Line2D:
    color, sign = _look(number)
    return Line2D([], [], linestyle="none", marker=sign, color=color, markersize=6, label=label)


def _middle(points: Sequence[Row]) -> tuple[float, float]:
    """The point with the smallest sum of distances to the others of its class."""
    places = np.array([(row["x"], row["y"]) for row in points], float)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2).sum(axis=1)
    x, y = places[distances.argmin()]
    return float(x), float(y)
