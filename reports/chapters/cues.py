"""Which method sees which cue, and how many pictures it needs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.axes import new_canvas, percent_axis, styled
from bakeoff.reports.canvas.curve_axes import curves_table, draw_curves, size_axis
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
        "Five made data sets show the same kind of pictures: three parts on a surface, with color, texture, shape and "
        "layout drawn independently. In each but the last, one of these alone tells the class and the others tell "
        f"nothing; in the last, all four agree. Every method learned from {count(most)} pictures a class. "
        + study.notes[0]
    )
    sentences = " ".join(_describe_cue(cue, found, chance, most) for cue, found in curves.items())
    parts: list[Figure | Table] = []
    if study.pictures:
        parts.append(draw_cue_examples({cue: study.pictures[cue] for cue in cues}))
    parts.append(draw_cue_matrix(last_points(curves, most), chance))
    if len({row["per_class"] for row in study.rows}) > 1:
        parts += [_needs_table(curves), *(_draw_growth(cue, found) for cue, found in curves.items())]
    return Section("cues", "Which method sees which cue", (intro, sentences), tuple(parts))


def last_points(curves: CueCurves, most: float) -> dict[str, dict[str, tuple[Curve, Point]]]:
    """cue -> experiment -> its curve, and its point at `most` pictures a class."""
    return {
        cue: {curve.experiment: (curve, point) for curve in found for point in [curve.at(most)] if point}
        for cue, found in curves.items()
    }


def _describe_cue(cue: str, curves: Sequence[Curve], chance: float, most: float) -> str:
    """The best method by test accuracy, who is shown to be equal or worse, and who is blind to the cue."""
    at_most = {curve.experiment: (curve, point) for curve in curves for point in [curve.at(most)] if point}
    best, top = max(at_most.values(), key=lambda found: found[1].accuracy)
    name = "All cues together are" if cue == "all" else f"{cue.capitalize()} is"
    text = f"{name} read best by {best.experiment} ({percent(top.accuracy)})"
    others = [curve for curve, _ in at_most.values() if curve is not best]
    open_ones = [curve.experiment for curve in others if not _is_shown(best, curve, most)]
    if open_ones:
        text += f"; against {listing(open_ones)} no difference is shown"
    blind = [curve.experiment for curve, point in at_most.values() if point.interval[0] <= chance]
    if blind:
        text += f"; {listing(blind)} {'is' if len(blind) == 1 else 'are'} at the level of guessing ({percent(chance)})"
    return text + _describe_sides(at_most, most) + "."


def _is_shown(first: Curve, second: Curve, most: float) -> bool:
    return any(x == most and test.stands(p) for x, test, p in compare_curves(first, second))


def _describe_sides(at_most: Mapping[str, tuple[Curve, Point]], most: float) -> str:
    """The best of each side beside each other."""
    bests = [
        max((found for found in at_most.values() if found[0].side == side), key=lambda f: f[1].accuracy, default=None)
        for side in ("hand-crafted", "end-to-end")
    ]
    hand, net = bests
    if hand is None or net is None:
        return ""
    ((_, test, p),) = [found for found in compare_curves(hand[0], net[0]) if found[0] == most]
    if not test.stands(p):
        return ""
    leader, other = (hand, net) if test.difference > 0 else (net, hand)
    gap = f"{points(abs(test.difference), signed=False)}{SPACE}points"
    return f"; the best of the {leader[0].side} side leads the other side's, {other[0].experiment}, by {gap}"


def _needs_table(curves: CueCurves) -> Table:
    """Rows are methods, columns cues."""
    methods = list(dict.fromkeys(curve.experiment for found in curves.values() for curve in found))
    rows = []
    for method in methods:
        own = {cue: next(curve for curve in found if curve.experiment == method) for cue, found in curves.items()}
        side = next(iter(own.values())).side
        rows.append(Row((Cell(method), *(_need(curve) for curve in own.values())), side))
    caption = (
        f"The fewest training pictures a class, of those tried, with which a method reads a cue to {percent(READ)}; "
        "– where none did"
    )
    return Table(caption, ("method", *curves), tuple(rows))


def _need(curve: Curve) -> Cell:
    enough = next((point.x for point in curve.points if point.accuracy >= READ), None)
    return Cell("–") if enough is None else Cell(count(enough), enough)


@styled
def _draw_growth(cue: str, curves: Sequence[Curve]) -> Figure:
    canvas, (axes,) = new_canvas(300)
    size_axis(axes, [x for curve in curves for x in curve.xs])
    draw_curves(axes, curves, bands=False)
    axes.set_ylim(0, 1.02)
    percent_axis(axes.yaxis)
    axes.set_xlabel("training pictures a class (logarithmic)")
    axes.set_ylabel("test accuracy")
    ends = [f"{curve.experiment} {percent(curve.points[-1].accuracy)}" for curve in curves]
    alt = f"Lines by number of training pictures where {_told_by(cue)}; at the right end: {listing(ends)}."
    caption = f"Accuracy by training pictures a class where {_told_by(cue)}."
    table = curves_table(f"Accuracy where {_told_by(cue)}", "pictures a class", curves, count)
    return Figure(f"cue-{cue}", caption, alt, to_svg(canvas, f"cue-{cue}", alt), table)


def _told_by(cue: str) -> str:
    return "all cues agree" if cue == "all" else f"{cue} alone tells the class"
