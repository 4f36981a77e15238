"""Chapter on significance: the planned test between the finalists, and everyone against the better of them."""

from bakeoff.reports.canvas.elements import Cell, Section, Table, difference_cells, number_cell, table_row
from bakeoff.reports.canvas.formats import count, in_points, listing, p_value, plural, points_and_range
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.comparison import Comparison
from bakeoff.reports.statistics.folds import Folds

MAX_ROWS = 12  # of the table of tests, before it is folded


@chapter(20, decisive=True)
def difference_section(comparison: Comparison) -> Section:
    """The planned test between the finalists, what it rests on, and everyone against the better of them."""
    texts = (
        _describe_planned_test(comparison),
        _describe_folds(comparison, comparison.folds) if comparison.folds else "",
        describe_chance(comparison),
        _describe_others(comparison),
    )
    return Section(
        "difference", "How certain the difference is", tuple(filter(None, texts)), [table_of_tests(comparison)]
    )


def _describe_folds(comparison: Comparison, folds: Folds) -> str:
    """What the planned test was made on, and what the one split alone would have said."""
    alone = comparison.compare(*comparison.finalists)
    return (
        f"This test is based on {folds.describe()}: in each of {folds.n_splits} splits both finalists were trained "
        f"anew, with another seed, on {folds.n_train:,} pictures, their settings chosen on others than those tested. "
        "Splits share pictures, so the variance over them is corrected (Nadeau and Bengio 2003); groups and near "
        "duplicates stay in one fold. All other tests and tables are about the one test split, on which the finalists "
        f"differ by {points_and_range(alone.difference, alone.interval)}."
    )


def describe_chance(comparison: Comparison) -> str:
    """What the intervals hold of seeds and groups."""
    told = []
    for finalist in comparison.finalists:
        spread, n_seeds = comparison.spreads[finalist.side], plural(len(finalist.runs), "seed")
        size = in_points(spread.deviation(comparison.score(finalist)))
        source = f"from {plural(spread.n_repeats, 'repeated run')}" if spread.n_repeats else "assumed"
        told.append(f"{size} for {finalist.experiment} ({source}; it ran with {n_seeds})")
    text = f"All intervals include the variation between seeds, a standard deviation of {listing(told)}."
    if comparison.tested.groups is None:
        return text
    n, n_groups = len(comparison.tested.labels), len(set(comparison.tested.units.tolist()))
    return (
        f"{text} The {n:,} test pictures come in {plural(n_groups, 'group')}, which the intervals allow for: for this "
        f"difference the effective sample size is {comparison.effective_n:,.0f} pictures."
    )


def _describe_planned_test(comparison: Comparison) -> str:
    difference = comparison.difference
    hand, net = comparison.finalists
    disagree = difference.only_first + difference.only_second
    return (
        f"{hand.experiment} and {net.experiment} classify the same pictures, so what counts is where just one of "
        f"them is right: on {disagree:,.0f} pictures, {difference.only_first:,.0f} of which the hand-crafted side "
        f"gets right and {difference.only_second:,.0f} the end-to-end side. The difference in {comparison.measure}, "
        f"hand-crafted minus end-to-end, is {points_and_range(difference.difference, difference.interval)}, "
        f"{p_value(difference.p_value)} ({difference.method}). This is the one test that was planned in advance, so it "
        "is not corrected for multiple testing."
    )


def _describe_others(comparison: Comparison) -> str:
    """Nothing where there are just the finalists, who have the planned test."""
    others = {p: test for p, test in comparison.tests.items() if p not in comparison.finalists}
    if not others:
        return ""
    told = [f"{'the published ' * (p in comparison.guests)}{p.experiment}" for p in others if not others[p].is_shown]
    ties = f"no difference from {listing(told, 'or')} is shown" if told else "it differs from all others"
    return (
        f"{comparison.favorite.experiment}, the better finalist on validation, is compared with every other "
        f"experiment, with Holm's correction for {plural(len(comparison.tests), 'test')}: {ties}. For the other "
        "finalist, the planned test above counts. Whether intervals overlap is no substitute for these tests."
    )


def table_of_tests(comparison: Comparison) -> Table:
    """All paired tests against the better finalist, with Holm's correction."""
    rows = []
    for participant, test in comparison.tests.items():
        difference, p = difference_cells(test.difference, test.interval, test.p_holm)
        alone = (number_cell(n, count) for n in (test.only_first, test.only_second))
        name = Cell(participant.experiment, note="published model" if participant in comparison.guests else "")
        finalist = participant in comparison.finalists
        rows.append(table_row(name, difference, *alone, p, side=participant.side, strong=finalist))
    columns = ("experiment", "difference in points", "only it right", "only the other", "p, Holm")
    caption = f"Paired tests of {comparison.measure} against {comparison.favorite.experiment}; 95 % intervals"
    return Table(caption, columns, rows, folded=len(rows) > MAX_ROWS)
