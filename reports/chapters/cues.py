"""Chapter on cues: accuracy of each method where one factor alone tells the class, by number of training pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.axes import WIDTH
from bakeoff.reports.canvas.curve_axes import UNTRAINED, show_curves
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table, number_cell
from bakeoff.reports.canvas.formats import SPACE, count, listing, percent, percent_range, points
from bakeoff.reports.canvas.pictures import place_picture
from bakeoff.reports.canvas.svg import root_tag
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference, compare_paired, holm
from bakeoff.reports.statistics.curves import Curve, Point, read_curves

READ = 0.8  # accuracy from which a cue counts as read
CueCurves = Mapping[str, Sequence[Curve]]
Shown = Mapping[tuple[str, str], PairedDifference]
Matrix = Mapping[str, Mapping[str, tuple[Curve, Point]]]  # cue -> method -> its curve and point
LEFT, PICTURE = 72, 31  # of the examples: where they begin, and the side of one


@chapter(80, study="cues", decisive=True)
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
    parts: list[Figure | Table] = [cue_matrix(last_points(curves, most), chance)]
    if study.pictures:
        parts.insert(0, draw_cue_examples({cue: study.pictures[cue] for cue in cues}))
    if len({row["per_class"] for row in study.rows}) > 1:
        parts += [_needs_table(curves), *(_growth(cue, found) for cue, found in curves.items())]
    return Section("cues", "Which method sees which cue", (intro, sentences), tuple(parts))


def last_points(curves: CueCurves, most: float) -> Matrix:
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
    return {key: test for key, test in zip(tests, holm(tests.values()), strict=True) if test.is_shown}


def _trained(curves: CueCurves, most: float) -> Matrix:
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
    return number_cell(enough, count)


def _growth(cue: str, curves: Sequence[Curve]) -> Figure | Table:
    where = f"Accuracy where {_told_by(cue)}"
    return show_curves(f"cue-{cue}", where, "training pictures of each class", curves, count, by_size=True)


def _told_by(cue: str) -> str:
    return "all cues agree" if cue == "all" else f"{cue} alone tells the class"


def draw_cue_examples(pictures: Mapping[str, np.ndarray]) -> Figure:
    """pictures: cue -> uint8 (2 * n_classes, h, w, c), two of each class, class by class; a row for each cue."""
    n_shown = max(len(images) for images in pictures.values())
    gap = (WIDTH - LEFT - n_shown * PICTURE) / (n_shown / 2)
    height = len(pictures) * (PICTURE + 12)
    alt = f"Small synthetic pictures in {len(pictures)} rows, two of each class: {listing(list(pictures))}."
    parts = [root_tag(WIDTH, height, alt)]
    for row, (cue, images) in enumerate(pictures.items()):
        top = row * (PICTURE + 12)
        parts.append(
            f'<text x="{LEFT - 8}" y="{top + 0.62 * PICTURE:.1f}" font-size="13.5" text-anchor="end" '
            f'fill="{LIGHT["ink"]}">{escape(cue)}</text>'
        )
        for column, image in enumerate(images):
            left = LEFT + column * PICTURE + column // 2 * gap
            parts.append(place_picture(image, round(left, 1), top, PICTURE - 1))
    parts.append("</svg>")
    caption = (
        "Two test pictures of each class, in pairs. In a row the classes differ in that cue alone (in “all”, in all "
        "four at once); everything else is left to chance."
    )
    return Figure("cue-examples", caption, alt, "".join(parts), width=WIDTH)


def cue_matrix(found: Matrix, chance: float) -> Table:
    """Accuracies at the most pictures: rows are methods, columns cues."""
    methods = dict.fromkeys(method for row in found.values() for method in row)
    rows = []
    for method in methods:
        pairs = [row.get(method) for row in found.values()]
        side = next(pair[0].side for pair in pairs if pair)
        rows.append(Row((Cell(method), *map(_accuracy, pairs)), side))
    caption = f"Test accuracy by method and cue, with 95 % intervals; guessing has {percent(chance)}"
    return Table(caption, ("method", *found), tuple(rows))


def _accuracy(pair: tuple[Curve, Point] | None) -> Cell:
    if pair is None:
        return Cell("–")
    point = pair[1]
    return number_cell(point.accuracy, percent, percent_range(point.interval) if point.trained else UNTRAINED)
