"""Chapters on learning curves (accuracy by number of training pictures) and on label noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.curve_axes import show_curves
from bakeoff.reports.canvas.elements import Cell, Row, Section, Table, number_cell
from bakeoff.reports.canvas.formats import SPACE, count, listing, p_number, percent, plural, points, points_range
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference
from bakeoff.reports.statistics.curves import Curve, compare_curves, find_crossing, read_curves

Tests = Mapping[float, PairedDifference]


@chapter(60, study="learning-curves", decisive=True)
def learning_curves_section(study: StudyResult) -> Section:
    """Accuracy by number of training pictures, the two sides tested against each other at every number."""
    curves = read_curves(study.rows, lambda row: float(row["n_train"]))  # type: ignore[arg-type]
    hand, net = rivals(curves)
    texts = [*(_describe_growth(curve) for curve in (hand, net) if curve), describe_untrained(curves, count)]
    what = "Test accuracy by number of training pictures"
    parts = [show_curves("accuracy-by-size", what, "training pictures", curves, count, by_size=True)]
    if hand and net:
        tests = compare_curves(hand, net)
        texts.append(describe_sizes(hand, net, tests))
        parts.append(_tests_table(hand, net, "training pictures", tests, count))
    text = (
        "The same recipes on fewer pictures of each class, drawn at random; with several seeds each draws its own "
        "pictures. "
    )
    told = " ".join(text for text in texts if text)
    return Section("data-size", "How many pictures it takes", (text + study.notes[0], told), tuple(parts))


@chapter(61, study="label-noise", decisive=True)
def label_noise_section(study: StudyResult) -> Section:
    """Accuracy by share of wrong labels."""
    curves = read_curves(study.rows, lambda row: float(row["rate"]))  # type: ignore[arg-type]
    hand, net = rivals(curves)
    texts = [*map(_describe_loss, (curve.trained for curve in curves)), describe_untrained(curves, percent)]
    what = "Test accuracy by share of wrong labels"
    parts = [show_curves("accuracy-by-noise", what, "wrong labels in training and validation", curves, percent)]
    if hand and net:
        tests = compare_curves(hand, net)
        texts.append(_describe_lead(hand, net, tests, lambda rate: f"{percent(rate)} wrong labels"))
        parts.append(_tests_table(hand, net, "wrong labels", tests, percent))
    told = " ".join(text for text in texts if text)
    return Section("label-noise", "What wrong labels cost", (study.notes[0], told), tuple(parts))


def describe_untrained(curves: Sequence[Curve], show: Callable[[float], str]) -> str:
    """Where nets did not fit their training pictures, with their training accuracy there."""
    texts = []
    for curve in curves:
        lost = [point for point in curve.points if not point.trained]
        if lost:
            fits = [float(np.mean([row["train_score"] for row in point.rows])) for point in lost]  # type: ignore[arg-type]
            texts.append(
                f"{curve.experiment} did not train at {listing([show(point.x) for point in lost])}: it classifies no "
                f"more than {percent(max(fits))} of its own training pictures correctly there. That tells of its "
                "recipe, not of the number of pictures: these points are marked and nothing said here rests on them."
            )
    return " ".join(texts)


def rivals(curves: Sequence[Curve]) -> tuple[Curve | None, Curve | None]:
    """The best of each side on validation, at the last point of its curve; points that did not train are left out."""

    def best(side: str) -> Curve | None:
        own = [curve.trained for curve in curves if curve.side == side and curve.trained.points]
        return max(own, key=lambda curve: _validation(curve), default=None)

    return best("hand-crafted"), best("end-to-end")


def _validation(curve: Curve) -> float:
    """Mean validation score where most is known: at the most pictures, or the fewest wrong labels."""
    point = max(curve.points, key=lambda point: (float(point.rows[0]["n_train"]), -point.x))  # type: ignore[arg-type]
    return float(np.mean([row["validation_score"] for row in point.rows]))  # type: ignore[arg-type]


def describe_sizes(hand: Curve, net: Curve, tests: Tests) -> str:
    """Who leads where, and whether and where the curves cross, with its uncertainty."""
    leads = [(x, test) for x, test in tests.items() if test.is_shown]
    if not leads:
        return f"No difference between {hand.experiment} and {net.experiment} is shown at any of these sizes."
    first, last = leads[0], leads[-1]
    if (first[1].difference > 0) == (last[1].difference > 0):
        return _describe_lead(hand, net, tests, lambda x: f"{count(x)} training pictures") + _describe_trend(tests)
    few, many = (hand, net) if first[1].difference > 0 else (net, hand)
    crossing = find_crossing(hand, net)
    text = (
        f"{few.experiment} leads with few pictures ({_gap(first[1])} at {count(first[0])}), "
        f"{many.experiment} with many ({_gap(last[1])} at {count(last[0])})."
    )
    if crossing is None:
        return text
    at, interval = crossing
    known = (
        f"95 % interval {count(round(interval[0]))} to {count(round(interval[1]))}, by bootstrap"
        if interval
        else "so uncertain that no interval can be given"
    )
    return f"{text} The curves cross at about {count(round(at))} training pictures ({known})."


def _gap(test: PairedDifference) -> str:
    return f"by {points(abs(test.difference), signed=False)}{SPACE}points"


def _describe_lead(hand: Curve, net: Curve, tests: Tests, name: Callable[[float], str]) -> str:
    """Where no crossing is shown: who leads, and where no difference is shown."""
    leads = [(x, test) for x, test in tests.items() if test.is_shown]
    signs = {test.difference > 0 for _, test in leads}
    if not leads:
        return f"No difference between {hand.experiment} and {net.experiment} is shown at any of these points."
    if len(signs) == 2:
        parts = [
            f"{(hand if sign else net).experiment} leads at "
            + listing([name(x) for x, test in leads if (test.difference > 0) == sign])
            for sign in (True, False)
        ]
        return "; ".join(parts) + "."
    leader, other = (hand, net) if signs.pop() else (net, hand)
    open_points = len(tests) - len(leads)
    where = (
        "at every point"
        if not open_points
        else f"at {plural(len(leads), 'point')}; at {plural(open_points, 'point')} no difference is shown"
    )
    return f"No crossing is shown: {leader.experiment} leads {other.experiment} {where}."


def _describe_trend(tests: Tests) -> str:
    """The gap at either end."""
    if len(tests) < 2:
        return ""
    few, many = min(tests), max(tests)
    first, last = tests[few], tests[many]
    return (
        f" From {count(few)} to {count(many)} pictures the difference, hand-crafted minus end-to-end, goes from "
        f"{points(first.difference)}{SPACE}points ({points_range(first.interval)}) to {points(last.difference)} "
        f"({points_range(last.interval)})."
    )


def _describe_growth(curve: Curve) -> str:
    first, last = curve.points[0], curve.points[-1]
    if first is last:
        return ""
    return (
        f"{curve.experiment} goes from {percent(first.accuracy)} with {count(first.x)} training pictures to "
        f"{percent(last.accuracy)} with {count(last.x)}."
    )


def _describe_loss(curve: Curve) -> str:
    if len(curve.points) < 2:
        return ""
    clean, worst = curve.points[0], curve.points[-1]
    return (
        f"{curve.experiment} goes from {percent(clean.accuracy)} to {percent(worst.accuracy)} "
        f"({points(worst.accuracy - clean.accuracy)}{SPACE}points) with {percent(worst.x)} wrong labels."
    )


def _tests_table(hand: Curve, net: Curve, quantity: str, tests: Tests, show: Callable[[float], str]) -> Table:
    rows = tuple(
        Row(
            (
                number_cell(x, show),
                number_cell(test.difference, points, points_range(test.interval)),
                number_cell(test.p_holm, p_number),
                Cell((hand if test.difference > 0 else net).experiment if test.is_shown else "not shown"),
            )
        )
        for x, test in tests.items()
    )
    columns = (quantity, "difference in points", "p, Holm", "leads")
    caption = f"{hand.experiment} minus {net.experiment} on the same test pictures; 95 % intervals"
    return Table(caption, columns, rows, folded=True)
