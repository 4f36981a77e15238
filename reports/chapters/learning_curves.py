"""Chapters on learning curves (accuracy by number of training pictures) and on label noise."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.axes import curves_table, show_curves
from bakeoff.reports.canvas.elements import Figure, Section, Table, difference_cells, number_cell, table_row
from bakeoff.reports.canvas.formats import SPACE, count, listing, percent
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference
from bakeoff.reports.statistics.comparison import Comparison
from bakeoff.reports.statistics.curves import Curve, compare_curves, find_crossing, read_curves

Tests = Mapping[float, PairedDifference]
Show = Callable[[float], str]


@chapter(60, study="learning-curves", decisive=True)
def learning_curves_section(study: StudyResult, comparison: Comparison) -> Section:
    """Accuracy by number of training pictures, the two sides tested against each other at every number."""
    text = "The same recipes on fewer pictures of each class, drawn at random; every seed draws its own. "
    told, parts = _compare(study, comparison, "n_train", ("training pictures", count), describe_sizes)
    return Section("data-size", "Accuracy by number of training pictures", (text + study.notes[0], told), parts)


@chapter(61, study="label-noise", decisive=True)
def label_noise_section(study: StudyResult, comparison: Comparison) -> Section:
    """Accuracy by share of wrong labels."""
    words = "wrong labels in training and validation", percent
    told, parts = _compare(study, comparison, "rate", words, _tell)
    return Section("label-noise", "The cost of wrong labels", (study.notes[0], told), parts)


def _compare(
    study: StudyResult,
    comparison: Comparison,
    key: str,
    words: tuple[str, Show],
    describe: Callable[[Curve, Curve, Tests, Show], str],
) -> tuple[str, list[Figure | Table]]:
    """What the curves over `key` tell, and their figure or table, and that of the tests.

    words: the quantity, and the text of a value of it.   describe: the rivals' tests.
    """
    (quantity, show), measure = words, comparison.measure
    curves = read_curves(study.rows, lambda row: row[key], comparison.sample)
    hand, net = rivals(curves)
    texts = [describe_untrained(curves, show)]
    table = curves_table(f"Test {measure} by {quantity}", quantity, curves, show, measure)
    parts = [show_curves(study.name, table, curves, scale="sizes" if show is count else "shares", measure=measure)]
    if hand and net:
        tests = compare_curves(hand, net)
        texts.append(describe(hand, net, tests, show))
        parts.append(_tests_table(hand, net, quantity, tests, show))
    return " ".join(filter(None, texts)), parts


def describe_untrained(curves: Sequence[Curve], show: Show) -> str:
    """Where nets did not fit their training pictures, with their training accuracy there."""
    texts = []
    for curve in curves:
        lost = [point for point in curve.points if not point.trained]
        if lost:
            fits = [float(np.mean([row["train_score"] for row in point.rows])) for point in lost]
            texts.append(
                f"{curve.experiment} did not train at {listing([show(point.x) for point in lost])}: there it gets at "
                f"most {percent(max(fits))} of its own training pictures right. That is a fault of its recipe and says "
                "nothing about the number of pictures, so these points are marked and left out of all statements."
            )
    return " ".join(texts)


def rivals(curves: Sequence[Curve]) -> tuple[Curve | None, Curve | None]:
    """The best of each side on validation, where most is known: at the most pictures or the fewest wrong labels.

    Points that did not train are left out.
    """

    def score(curve: Curve) -> float:
        most = max(curve.points, key=lambda point: (point.rows[0]["n_train"], -point.x))
        return most.validation_score

    def best(side: str) -> Curve | None:
        own = [curve.trained for curve in curves if curve.side == side and curve.trained.points]
        return max(own, key=score, default=None)

    return best("hand-crafted"), best("end-to-end")


def describe_sizes(hand: Curve, net: Curve, tests: Tests, show: Show) -> str:
    """Who leads where, and whether and where the curves cross, with its uncertainty."""
    told, leads = _tell(hand, net, tests, show), {test.difference > 0 for test in tests.values() if test.is_shown}
    if len(leads) == 1:
        return f"No crossing is shown: {told}"
    crossing = find_crossing(hand, net) if leads else None
    if crossing is None:
        return told
    at, interval = crossing
    known = "too uncertain for an interval"
    if interval:
        low, high = (count(round(end)) for end in interval)
        known = f"95{SPACE}% interval {low} to {high}, by bootstrap"
    return f"{told} The curves cross at about {count(round(at))} training pictures ({known})."


def _tell(hand: Curve, net: Curve, tests: Tests, show: Show) -> str:
    """Who leads where, and where no difference is shown."""
    shown = [(x, hand if test.difference > 0 else net) for x, test in tests.items() if test.is_shown]
    if not shown:
        return f"No difference between {hand.experiment} and {net.experiment} is shown at any point."
    if len(shown) == len(tests) and len({leader.experiment for _, leader in shown}) == 1:
        leader, other = (hand, net) if shown[0][1] is hand else (net, hand)
        return f"{leader.experiment} leads {other.experiment} at every point."
    leads = [(curve.experiment, [show(x) for x, leader in shown if leader is curve]) for curve in (hand, net)]
    told = [f"{name} leads at {listing(where)}" for name, where in leads if where]
    rest = "; at the other points no difference is shown" if len(shown) < len(tests) else ""
    return f"{' and '.join(told)}{rest}."


def _tests_table(hand: Curve, net: Curve, quantity: str, tests: Tests, show: Show) -> Table:
    rows = []
    for x, test in tests.items():
        leader = (hand if test.difference > 0 else net).experiment if test.is_shown else "not shown"
        found = difference_cells(test.difference, test.interval, test.p_holm)
        rows.append(table_row(number_cell(x, show), *found, leader))
    columns = (quantity, "difference in points", "p, Holm", "leads")
    caption = f"{hand.experiment} minus {net.experiment} on the same test pictures; 95 % intervals"
    return Table(caption, columns, rows, folded=True)
