"""Chapter on cues: accuracy of each method where one factor alone tells the class, by number of training pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.axes import new_canvas, percent_axis, side_color, styled
from bakeoff.reports.canvas.curve_axes import UNTRAINED, curves_table, draw_curves, is_drawn, size_axis
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table
from bakeoff.reports.canvas.formats import SPACE, count, listing, percent, percent_range, points, short
from bakeoff.reports.canvas.pictures import place_picture
from bakeoff.reports.canvas.svg import root_tag, to_svg
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference, compare_paired, holm
from bakeoff.reports.statistics.curves import Curve, Point, read_curves

READ = 0.8  # accuracy from which a cue counts as read
CueCurves = Mapping[str, Sequence[Curve]]
Shown = Mapping[tuple[str, str], PairedDifference]


@chapter(80, study="cues")
def cues_section(study: StudyResult) -> Section:
    """The matrix of cue and method at the most pictures, then what each needs to read it."""
    chance = float(study.rows[0]["chance"])  # type: ignore[arg-type]
    cues = dict.fromkeys(str(row["cue"]) for row in study.rows)
    curves = {
        cue: read_curves([row for row in study.rows if row["cue"] == cue], lambda row: float(row["per_class"]))  # type: ignore[arg-type]
        for cue in cues
    }
    most = max(float(row["per_class"]) for row in study.rows)  # type: ignore[arg-type]
    intro = (
        "Five synthetic data sets show the same kind of pictures: three parts on a surface, with color, texture, shape "
        "and layout drawn independently. In each but the last, one of these alone tells the class and the others tell "
        f"nothing; in the last, all four agree. Every method learned from {count(most)} pictures of each class. "
        + study.notes[0]
    )
    shown = shown_against_best(curves, most)
    sentences = " ".join(_describe_cue(cue, curves, chance, most, shown) for cue in curves)
    parts: list[Figure | Table] = []
    if study.pictures:
        parts.append(draw_cue_examples({cue: study.pictures[cue] for cue in cues}))
    parts.append(draw_cue_matrix(last_points(curves, most), chance))
    if len({row["per_class"] for row in study.rows}) > 1:
        parts += [_needs_table(curves), *(_growth(cue, found) for cue, found in curves.items())]
    return Section("cues", "Which method sees which cue", (intro, sentences), tuple(parts))


def last_points(curves: CueCurves, most: float) -> dict[str, dict[str, tuple[Curve, Point]]]:
    """cue -> experiment -> its curve, and its point at `most` pictures a class."""
    return {
        cue: {curve.experiment: (curve, point) for curve in found for point in [curve.at(most)] if point}
        for cue, found in curves.items()
    }


def shown_against_best(curves: CueCurves, most: float) -> Shown:
    """(cue, method) -> the best on validation minus it, where that stands among all tests of the chapter (Holm)."""
    tests: dict[tuple[str, str], PairedDifference] = {}
    for cue, found in _trained(curves, most).items():
        best = max(found.values(), key=_validation, default=None)
        others = {name: pair for name, pair in found.items() if pair is not best}
        if best is not None:
            tests |= {(cue, name): compare_paired(best[1].correct, pair[1].correct) for name, pair in others.items()}
    adjusted = holm([test.p_value for test in tests.values()])
    return {key: test for (key, test), p in zip(tests.items(), adjusted, strict=True) if test.stands(p)}


def _trained(curves: CueCurves, most: float) -> dict[str, dict[str, tuple[Curve, Point]]]:
    points = last_points(curves, most)
    return {cue: {name: pair for name, pair in found.items() if pair[1].trained} for cue, found in points.items()}


def _describe_cue(cue: str, curves: CueCurves, chance: float, most: float, shown: Shown) -> str:
    """The method chosen on validation, whom it is shown to differ from, who is blind, and who did not train."""
    found = _trained(curves, most)[cue]
    lost = [name for name in last_points(curves, most)[cue] if name not in found]
    untrained = f" {listing(lost)} did not train: what {_they(lost)} would read is not known." if lost else ""
    if not found:
        return untrained.strip()
    best, top = max(found.values(), key=_validation)
    name = "All cues together are" if cue == "all" else f"{cue.capitalize()} is"
    text = f"{name} read best on validation by {best.experiment} ({percent(top.accuracy)} on test)"
    open_ones = [name for name in found if name != best.experiment and (cue, name) not in shown]
    if open_ones:
        text += f"; against {listing(open_ones)} no difference is shown"
    blind = [name for name, (_, point) in found.items() if point.interval[0] <= chance]
    if blind:
        text += f"; {listing(blind)} {'is' if len(blind) == 1 else 'are'} at chance level ({percent(chance)})"
    others = [pair for pair in found.values() if pair[0].side != best.side]
    if others:
        rival = max(others, key=_validation)[0].experiment
        test = shown.get((cue, rival))
        if test is not None:
            leader, other = (best.experiment, rival) if test.difference > 0 else (rival, best.experiment)
            gap = f"{points(abs(test.difference), signed=False)}{SPACE}points"
            text += f"; of the best of either side {leader} leads {other} by {gap}"
    return text + "." + untrained


def _validation(found: tuple[Curve, Point]) -> float:
    return float(np.mean([row["validation_score"] for row in found[1].rows]))  # type: ignore[arg-type]


def _they(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "they"


def _needs_table(curves: CueCurves) -> Table:
    """Rows are methods, columns cues."""
    methods = list(dict.fromkeys(curve.experiment for found in curves.values() for curve in found))
    rows = []
    for method in methods:
        own = {cue: next(curve for curve in found if curve.experiment == method) for cue, found in curves.items()}
        side = next(iter(own.values())).side
        rows.append(Row((Cell(method), *(_need(curve) for curve in own.values())), side))
    caption = (
        f"The fewest training pictures of each class, of those tried, with which a method reads a cue "
        f"to {percent(READ)}; – where none did"
    )
    return Table(caption, ("method", *curves), tuple(rows))


def _need(curve: Curve) -> Cell:
    enough = next((point.x for point in curve.points if point.trained and point.accuracy >= READ), None)
    return Cell("–") if enough is None else Cell(count(enough), enough)


def _growth(cue: str, curves: Sequence[Curve]) -> Figure | Table:
    """A figure of five points or more, else their table."""
    table = curves_table(f"Accuracy where {_told_by(cue)}", "pictures of each class", curves, count)
    return _draw_growth(cue, curves, table) if is_drawn(curves) else table


@styled
def _draw_growth(cue: str, curves: Sequence[Curve], table: Table) -> Figure:
    canvas, (axes,) = new_canvas(300)
    size_axis(axes, [x for curve in curves for x in curve.xs])
    draw_curves(axes, curves, bands=False)
    axes.set_ylim(0, 1.02)
    percent_axis(axes.yaxis)
    axes.set_xlabel("training pictures of each class (logarithmic)")
    axes.set_ylabel("test accuracy")
    ends = [f"{curve.experiment} {percent(curve.points[-1].accuracy)}" for curve in curves]
    alt = f"Lines by number of training pictures where {_told_by(cue)}; at the right end: {listing(ends)}."
    caption = f"Accuracy by training pictures of each class where {_told_by(cue)}."
    return Figure(f"cue-{cue}", caption, alt, to_svg(canvas, f"cue-{cue}", alt), table)


def _told_by(cue: str) -> str:
    return "all cues agree" if cue == "all" else f"{cue} alone tells the class"


WIDTH, LEFT, TOP, CELL_HEIGHT = 540, 132, 30, 40
PICTURE = 31  # side of an example
Matrix = Mapping[str, Mapping[str, tuple[Curve, Point]]]


def draw_cue_examples(pictures: Mapping[str, np.ndarray]) -> Figure:
    """pictures: cue -> uint8 (2 * n_classes, h, w, c), two of each class, class by class; a row for each cue."""
    n_shown = max(len(images) for images in pictures.values())
    gap = (WIDTH - LEFT - n_shown * PICTURE) / (n_shown / 2)
    height = len(pictures) * (PICTURE + 12)
    alt = f"Small synthetic pictures in {len(pictures)} rows, two of each class: {listing(list(pictures))}."
    parts = [root_tag(WIDTH, height, alt)]
    for row, (cue, images) in enumerate(pictures.items()):
        top = row * (PICTURE + 12)
        parts.append(_text(LEFT - 8, top + 0.62 * PICTURE, cue, anchor="end"))
        for column, image in enumerate(images):
            left = LEFT + column * PICTURE + column // 2 * gap
            parts.append(place_picture(image, round(left, 1), top, PICTURE - 1))
    parts.append("</svg>")
    caption = (
        "Two test pictures of each class, in pairs. In a row the classes differ in that cue alone (in “all”, in all "
        "four at once); everything else is left to chance."
    )
    return Figure("cue-examples", caption, alt, "".join(parts), width=WIDTH)


def draw_cue_matrix(found: Matrix, chance: float) -> Figure:
    """A cell is as strong as its accuracy is above guessing.

    found: cue -> method -> its curve and point.   Rows are methods, in their side's color; columns are cues.
    """
    cues = list(found)
    methods = list(dict.fromkeys(method for row in found.values() for method in row))
    width, height = (WIDTH - LEFT) / len(cues), TOP + CELL_HEIGHT * len(methods) + 4
    alt = "Accuracies by method and cue. " + " ".join(_describe_method(found, method) for method in methods)
    parts = [root_tag(WIDTH, height, alt)]
    parts += [_text(LEFT + (i + 0.5) * width, TOP - 10, cue, anchor="middle") for i, cue in enumerate(cues)]
    for j, method in enumerate(methods):
        top = TOP + j * CELL_HEIGHT
        parts.append(_text(LEFT - 8, top + 0.62 * CELL_HEIGHT, short(method), anchor="end"))
        parts += [
            _cell(LEFT + i * width, top, width, *found[cue][method], chance)
            for i, cue in enumerate(cues)
            if method in found[cue]
        ]
    parts.append("</svg>")
    caption = (
        f"Test accuracy in percent. The stronger the color, the further above guessing ({percent(chance)}); orange "
        "rows are hand-crafted, blue ones end to end. A star marks a net that did not train."
    )
    return Figure("cue-matrix", caption, alt, "".join(parts), _table(found, methods), width=WIDTH)


def _cell(left: float, top: float, width: float, curve: Curve, point: Point, chance: float) -> str:
    strength = max(0.0, (point.accuracy - chance) / (1 - chance))
    opacity = 0.06 + 0.86 * strength**1.3
    ink = LIGHT["paper"] if opacity > 0.6 else LIGHT["ink"]
    text = f"{100 * point.accuracy:.0f}" + ("" if point.trained else " *")
    number = _text(left + width / 2, top + 0.62 * CELL_HEIGHT, text, anchor="middle", color=ink)
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width - 2:.1f}" height="{CELL_HEIGHT - 2}" '
        f'fill="{side_color(curve.side)}" fill-opacity="{opacity:.2f}"/>{number}'
    )


def _text(x: float, y: float, text: str, *, anchor: str, color: str = LIGHT["ink"]) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="13.5" text-anchor="{anchor}" fill="{color}">{escape(text)}</text>'


def _describe_method(found: Matrix, method: str) -> str:
    seen = {cue: row[method][1] for cue, row in found.items() if method in row}
    shares = [f"{cue} {percent(p.accuracy)}{'' if p.trained else f' ({UNTRAINED})'}" for cue, p in seen.items()]
    return f"{method}: {listing(shares)}."


def _table(found: Matrix, methods: list[str]) -> Table:
    rows = tuple(
        Row(
            (
                Cell(method),
                Cell(cue),
                Cell(percent(point.accuracy), point.accuracy, "" if point.trained else UNTRAINED),
                Cell(percent_range(point.interval), point.interval[0]),
            ),
            curve.side,
        )
        for method in methods
        for cue, row in found.items()
        if method in row
        for curve, point in [row[method]]
    )
    return Table("Accuracy by method and cue", ("method", "cue", "test accuracy", "95 % interval"), rows, folded=True)
