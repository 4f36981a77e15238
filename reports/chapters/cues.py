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
from bakeoff.reports.statistics.curves import Curve, Point, compare_curves, read_curves

READ = 0.8  # accuracy from which a cue counts as read
CueCurves = Mapping[str, Sequence[Curve]]


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
    sentences = " ".join(_describe_cue(cue, found, chance, most) for cue, found in curves.items())
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


def _describe_cue(cue: str, curves: Sequence[Curve], chance: float, most: float) -> str:
    """The method chosen on validation, whom it is shown to differ from, who is blind, and who did not train."""
    at_most = {curve.experiment: (curve, point) for curve in curves for point in [curve.at(most)] if point}
    found = {name: pair for name, pair in at_most.items() if pair[1].trained}
    lost = [name for name in at_most if name not in found]
    untrained = f" {listing(lost)} did not train: what {_they(lost)} would read is not known." if lost else ""
    if not found:
        return untrained.strip()
    best, top = max(found.values(), key=_validation)
    name = "All cues together are" if cue == "all" else f"{cue.capitalize()} is"
    text = f"{name} read best on validation by {best.experiment} ({percent(top.accuracy)} on test)"
    others = [curve for curve, _ in found.values() if curve is not best]
    open_ones = [curve.experiment for curve in others if not _is_shown(best, curve, most)]
    if open_ones:
        text += f"; against {listing(open_ones)} no difference is shown"
    blind = [curve.experiment for curve, point in found.values() if point.interval[0] <= chance]
    if blind:
        text += f"; {listing(blind)} {'is' if len(blind) == 1 else 'are'} at chance level ({percent(chance)})"
    return text + _describe_sides(found, most) + "." + untrained


def _validation(found: tuple[Curve, Point]) -> float:
    return float(np.mean([row["validation_score"] for row in found[1].rows]))  # type: ignore[arg-type]


def _they(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "they"


def _is_shown(first: Curve, second: Curve, most: float) -> bool:
    return any(x == most and test.stands(p) for x, test, p in compare_curves(first, second))


def _describe_sides(found: Mapping[str, tuple[Curve, Point]], most: float) -> str:
    """The best of each side on validation beside each other."""
    sides = [[pair for pair in found.values() if pair[0].side == side] for side in ("hand-crafted", "end-to-end")]
    if not all(sides):
        return ""
    hand, net = (max(side, key=_validation)[0] for side in sides)
    ((_, test, p),) = [found for found in compare_curves(hand, net) if found[0] == most]
    if not test.stands(p):
        return ""
    leader, other = (hand, net) if test.difference > 0 else (net, hand)
    gap = f"{points(abs(test.difference), signed=False)}{SPACE}points"
    return f"; the best of the {leader.side} side leads the other side's, {other.experiment}, by {gap}"


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
