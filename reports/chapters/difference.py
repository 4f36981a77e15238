"""Chapter on significance: the planned test between the finalists, and everyone against the favorite."""

from __future__ import annotations

from bakeoff.reports.canvas.axes import MARKERS, finish, name_rows, new_canvas, points_axis, side_color, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table, number_cell, text_table
from bakeoff.reports.canvas.formats import (
    SPACE,
    count,
    listing,
    p_number,
    p_value,
    percent,
    plural,
    points,
    points_range,
    short,
)
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.comparison import Comparison
from bakeoff.reports.statistics.folds import Folds


@chapter(20, decisive=True)
def difference_section(comparison: Comparison) -> Section:
    """The planned test between the finalists, what it rests on, and everyone against the favorite."""
    texts = [_describe_planned_test(comparison), describe_chance(comparison), _describe_others(comparison)]
    parts: list[Figure | Table] = [draw_differences(comparison)]
    if comparison.folds:
        texts.insert(1, _describe_folds(comparison, comparison.folds))
        parts.insert(0, fold_table(comparison.folds))
    if comparison.visitors:
        texts.append(_describe_guests(comparison))
    return Section("difference", "How sure the difference is", tuple(texts), tuple(parts))


def _describe_folds(comparison: Comparison, folds: Folds) -> str:
    """What the planned test was made on, and what the one split alone would have said."""
    alone = comparison.compare(*comparison.finalists)
    return (
        f"That test is made on {folds.describe()}: both finalists learned again in each of {folds.n_splits} splits, "
        f"with a seed of its own, from {folds.n_train:,} pictures and what chose their settings. As splits share "
        "pictures, the variance over them is corrected (Nadeau and Bengio 2003); groups and near copies stay in one "
        "fold. All other tests and tables are of the one test split, which alone has "
        f"{points(alone.difference)}{SPACE}points for the finalists ({points_range(alone.interval)})."
    )


def fold_table(folds: Folds) -> Table:
    rows = [
        (str(split + 1), percent(hand), percent(net), points(hand - net))
        for split, (hand, net) in enumerate(folds.scores.T.tolist())
    ]
    return text_table("The finalists in each split", ("split", *folds.experiments, "points"), rows, folded=True)


def describe_chance(comparison: Comparison) -> str:
    """What the intervals hold of seeds and groups."""
    told = []
    for finalist in comparison.finalists:
        spread, n_seeds = comparison.spreads[finalist.side], plural(len(finalist.runs), "seed")
        size = points(spread.deviation(comparison.score(finalist)), signed=False)
        source = f"told by {plural(spread.n_repeats, 'repeated run')}" if spread.n_repeats else "assumed"
        told.append(f"{size}{SPACE}points for {finalist.experiment} ({source}; {n_seeds} ran)")
    text = f"All intervals hold what another seed would change: a standard deviation of {listing(told)}."
    if comparison.tested.groups is None:
        return text
    n, n_groups = len(comparison.tested.labels), len(set(comparison.tested.units.tolist()))
    return (
        f"{text} The {n:,} tested pictures come in {plural(n_groups, 'group')} and are resampled as such: for this "
        f"difference they tell as much as {comparison.effective_n:,.0f} pictures drawn one by one."
    )


def _describe_planned_test(comparison: Comparison) -> str:
    difference = comparison.difference
    hand, net = comparison.finalists
    disagree = difference.only_first + difference.only_second
    return (
        f"{hand.experiment} and {net.experiment} answer the same pictures, so what counts is where one is right "
        f"and the other wrong: that is so for {disagree:,.0f} pictures, {difference.only_first:,.0f} of them to the "
        f"credit of the hand-crafted side and {difference.only_second:,.0f} to that of the end-to-end side. The "
        f"difference of {comparison.measure} is {points(difference.difference)}{SPACE}points "
        f"({points_range(difference.interval)}), "
        f"{p_value(difference.p_value)} ({difference.method}). This one test was planned before the numbers were "
        "seen and is not corrected."
    )


def _describe_others(comparison: Comparison) -> str:
    favorite = comparison.favorite.experiment
    undecided = [p.experiment for p, test in comparison.tests.items() if not test.is_shown]
    ties = f"no difference is shown between it and {listing(undecided)}" if undecided else "it differs from all of them"
    return (
        f"Everyone against {favorite}, the best of all on validation, with Holm's correction over "
        f"{plural(len(comparison.tests), 'test')}: {ties}. An accuracy outside another's interval is no "
        "test; these are."
    )


def _describe_guests(comparison: Comparison) -> str:
    """Whom of the guests the favorite beats, and who beats it."""
    told: dict[str, list[str]] = {"is better than": [], "is worse than": [], "shows no difference to": []}
    for guest in comparison.visitors:
        test = comparison.tests[guest]
        verb = (
            "shows no difference to" if not test.is_shown else f"is {'worse' if test.difference > 0 else 'better'} than"
        )
        told[verb].append(f"{guest.experiment} ({points(test.difference)})")
    statements = [f"{verb} {listing(names)}" for verb, names in told.items() if names]
    return (
        f"Against the guests, {comparison.favorite.experiment} {', and '.join(statements)}; in brackets the guest's "
        "points against it."
    )


def tests_table(comparison: Comparison) -> Table:
    """All paired tests against the favorite, with Holm's correction."""
    rows = tuple(
        Row(
            (
                Cell(participant.experiment, note="guest" if participant in comparison.visitors else ""),
                number_cell(test.difference, points),
                Cell(points_range(test.interval), test.interval[0]),
                *(number_cell(n, count) for n in (test.only_first, test.only_second)),
                *(number_cell(p, p_number) for p in (test.p_value, test.p_holm)),
            ),
            participant.side,
            participant in comparison.finalists,
        )
        for participant, test in comparison.tests.items()
    )
    favorite = comparison.favorite.experiment
    columns = ("experiment", "points", "95 % interval", "only it right", "only favorite right", "p", "p, Holm")
    return Table(f"Paired tests against the favorite, {favorite}", columns, rows, folded=True)


@styled
def draw_differences(comparison: Comparison) -> Figure:
    """One row for each experiment: difference to the favorite in points, with its paired interval."""
    tests, favorite = comparison.tests, comparison.favorite.experiment
    canvas, (axes,) = new_canvas(70 + 24 * len(tests), grid="x")
    axes.axvline(0, color=LIGHT["ink"], linewidth=1)
    for row, (participant, test) in enumerate(tests.items()):
        color = LIGHT["muted"] if participant in comparison.visitors else side_color(participant.side)
        axes.plot(test.interval, [row, row], color=color, linewidth=2, alpha=0.6)
        filled = color if test.is_shown else LIGHT["paper"]
        axes.plot(test.difference, row, MARKERS[participant.side], color=color, markerfacecolor=filled, markersize=7)
    name_rows(axes, [short(p.experiment, 26) for p in tests])
    axes.set_xlabel(f"points of {comparison.measure} against {short(favorite, 26)}")
    points_axis(axes.xaxis)
    n_shown = sum(test.is_shown for test in tests.values())
    alt = (
        f"Forest plot of the {comparison.measure} of {len(tests)} experiments minus that of {favorite}; "
        f"{n_shown} of the differences are shown after Holm's correction."
    )
    guests = (
        " Gray marks are guests: squares with fixed features, circles trained end to end."
        if comparison.visitors
        else ""
    )
    caption = (
        "Difference to the favorite on the same pictures, with 95 % intervals. A filled mark is a difference that "
        f"stands after Holm's correction and whose interval leaves out zero, an open one is not.{guests}"
    )
    return finish(canvas, "differences", caption, alt, tests_table(comparison))
