"""Chapter on cues: accuracy of each method where one factor alone tells the class, by number of training pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.axes import new_canvas, percent_axis, styled
from bakeoff.reports.canvas.curve_axes import curves_table, draw_curves, is_drawn, size_axis
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table
from bakeoff.reports.canvas.formats import SPACE, count, listing, percent, points
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.figures.cues import draw_cue_examples, draw_cue_matrix
from bakeoff.reports.statistics.accuracy import PairedDifference, compare_paired, holm
from bakeoff.reports.statistics.curves import Curve, Point, read_curves

READ = 0.8  # accuracy from which a cue counts as read
CueCurves = Mapping[str, Sequence[Curve]]
Shown = Mapping[tuple[str, str], PairedDifference]


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
