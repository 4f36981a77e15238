"""Chapter on cues: accuracy of each method where one factor alone tells the class, by number of training pictures."""

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.pipelines.results.study import Row, StudyResult
from bakeoff.reports.canvas.axes import UNTRAINED, WIDTH, curves_table, show_curves
from bakeoff.reports.canvas.elements import Figure, Section, Table, number_cell, table_row
from bakeoff.reports.canvas.formats import count, in_points, listing, percent, percent_range
from bakeoff.reports.canvas.pictures import encode_png, montage
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference, holm
from bakeoff.reports.statistics.curves import Curve, Point, read_curves

CueCurves = Mapping[str, Sequence[Curve]]
Shown = Mapping[tuple[str, str], PairedDifference]


@chapter(80, study="cues", decisive=True)
def cues_section(study: StudyResult) -> Section:
    """The matrix of cue and method at the most pictures, then the curves."""
    chance = study.rows[0]["chance"]
    curves: CueCurves = {
        cue: read_curves([row for row in study.rows if row["cue"] == cue], lambda row: row["per_class"])
        for cue in dict.fromkeys(row["cue"] for row in study.rows)
    }
    sizes = sorted({row["per_class"] for row in study.rows})
    intro = (
        "Five synthetic data sets show the same kind of pictures: three parts on a surface, with color, texture, shape "
        "and layout drawn independently. In each but the last, one of these alone determines the class and the others "
        f"carry no information; in the last, all four agree. Every method learned from {count(sizes[-1])} pictures of "
        f"each class. {study.notes[0]} {_describe_seeds(study.rows)}"
    )
    shown = shown_against_best(curves, sizes[-1])
    sentences = [_describe_cue(cue, curves[cue], chance, sizes[-1], shown) for cue in curves]
    parts: list[Figure | Table] = [_matrix(curves, sizes[-1], chance)]
    if study.pictures:
        parts.insert(0, draw_cue_examples({cue: study.pictures[cue] for cue in curves}))
    if len(sizes) > 1:
        for cue, found in curves.items():
            caption = f"Test accuracy where {'all cues agree' if cue == 'all' else f'{cue} alone determines the class'}"
            table = curves_table(caption, "training pictures of each class", found, count)
            parts.append(show_curves(f"cue-{cue}", table, found))
    return Section("cues", "Which method recognizes which cue", (intro, *sentences), parts)


def _describe_seeds(rows: Sequence[Row]) -> str:
    seeds: dict[int, set[int]] = {}
    for row in rows:
        seeds.setdefault(row["per_class"], set()).add(row["seed"])
    several = [size for size, own in seeds.items() if len(own) > 1]
    if not several:
        return "One seed was run: how seeds vary is not known."
    return (
        f"Up to {count(max(several))} pictures of each class, {max(map(len, seeds.values()))} draws of them were "
        "learned from, each with a seed of its own; of more, one."
    )


def _trained(curves: Sequence[Curve], most: float) -> list[tuple[Curve, Point]]:
    """Curves with their point at `most` pictures a class, where it trained; the best on validation first."""
    found = [(curve, point) for curve in curves if (point := curve.at(most)) and point.trained]
    return sorted(found, key=lambda pair: -pair[1].validation_score)


def shown_against_best(curves: CueCurves, most: float) -> Shown:
    """(cue, method) -> the best on validation minus it, where that stands among all tests of the chapter (Holm)."""
    tests: dict[tuple[str, str], PairedDifference] = {}
    for cue, found in ((cue, _trained(curves[cue], most)) for cue in curves):
        tests |= {(cue, curve.experiment): found[0][1].minus(point) for curve, point in found[1:]}
    return {key: test for key, test in zip(tests, holm(tests.values()), strict=True) if test.is_shown}


def _describe_cue(cue: str, curves: Sequence[Curve], chance: float, most: float, shown: Shown) -> str:
    """The method chosen on validation, from whom it is shown to differ, who is at chance, and who did not train."""
    found = _trained(curves, most)
    lost = [curve.experiment for curve in curves if (point := curve.at(most)) and not point.trained]
    untrained = f" {listing(lost)} did not train, so nothing is known of it here." if lost else ""
    if not found:
        return untrained.strip()
    (best, point), *others = found
    text = f"{cue.capitalize() if cue != 'all' else 'All cues together'}: {best.experiment} is best on validation"
    text += f" ({percent(point.accuracy)} on test)"
    alike = [curve.experiment for curve, _ in others if (cue, curve.experiment) not in shown]
    text += f"; no difference from {listing(alike, 'or')} is shown" if alike else ""
    blind = [curve.experiment for curve, at in found if at.interval[0] <= chance]
    if blind:
        text += f"; {listing(blind)} {'is' if len(blind) == 1 else 'are'} at chance level ({percent(chance)})"
    rival = next((curve.experiment for curve, _ in others if curve.side != best.side), "")
    if test := shown.get((cue, rival)):
        leader, other = (best.experiment, rival) if test.difference > 0 else (rival, best.experiment)
        text += f"; between the best of each side, {leader} leads {other} by {in_points(abs(test.difference))}"
    return f"{text}.{untrained}"


def _matrix(curves: CueCurves, most: float, chance: float) -> Table:
    """Rows are methods, columns cues."""
    rows = []
    for method, side in {curve.experiment: curve.side for found in curves.values() for curve in found}.items():
        cells = []
        for found in curves.values():
            p = next((curve.at(most) for curve in found if curve.experiment == method), None)
            note = "" if p is None else percent_range(p.interval) if p.trained else UNTRAINED
            cells.append(number_cell(p.accuracy if p else None, percent, note))
        rows.append(table_row(method, *cells, side=side))
    caption = f"Test accuracy by method and cue, with 95 % intervals; chance is {percent(chance)}"
    return Table(caption, ("method", *curves), rows)


def draw_cue_examples(pictures: Mapping[str, np.ndarray]) -> Figure:
    """pictures: cue -> uint8 (2 * n_classes, h, w, c), two of each class, class by class; a row for each cue."""
    sheet = montage(np.concatenate(list(pictures.values())), len(next(iter(pictures.values()))), gap=2)
    alt = f"Small synthetic pictures in {len(pictures)} rows, two of each class: {listing(list(pictures))}."
    caption = (
        f"Two test pictures of each class, side by side; from top to bottom: {listing(list(pictures))}. In a row the "
        "classes differ in that cue alone (in “all”, in all four at once); everything else is random."
    )
    return Figure("cue-examples", caption, alt, encode_png(sheet, max_side=1600), width=WIDTH)
