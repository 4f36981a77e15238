"""Chapter on significance: the planned test between the finalists, and everyone against the favorite."""

from __future__ import annotations

from bakeoff.reports.canvas.elements import Figure, Section, Table, text_table
from bakeoff.reports.canvas.formats import SPACE, listing, p_value, plural, points, points_range
from bakeoff.reports.figures.differences import draw_differences, tests_table
from bakeoff.reports.statistics.comparison import Comparison
from bakeoff.reports.verdict import Verdict


def difference_section(comparison: Comparison, verdict: Verdict) -> Section:
    """The planned test between the finalists, what it rests on, and everyone against the favorite."""
    texts = [_describe_planned_test(comparison), describe_chance(comparison), _describe_others(comparison)]
    parts: list[Figure | Table] = [draw_differences(comparison), tests_table(comparison)]
    if len(verdict.margin_table) > 1:
        rows = [
            (f"{points(m.low, signed=False)} to {points(m.high, signed=False)}", m.answer) for m in verdict.margin_table
        ]
        parts.append(text_table("The answer by the loss that is accepted", ("margin in points", "answer"), rows))
    if comparison.visitors:
        texts.append(_describe_guests(comparison))
    return Section(
        "difference",
        "How sure the difference is",
        tuple(texts),
        tuple(parts),
    )


def describe_chance(comparison: Comparison) -> str:
    """What the intervals hold of seeds and groups."""
    told = []
    for finalist in comparison.finalists:
        spread, n_seeds = comparison.spreads[finalist.side], plural(len(finalist.runs), "seed")
        size = points(spread.deviation(comparison.score(finalist)), signed=False)
        source = f"told by {plural(spread.n_repeats, 'repeated run')}" if spread.n_repeats else "assumed"
        told.append(f"{size}{SPACE}points for {finalist.experiment} ({source}; {n_seeds} ran)")
    text = f"All intervals hold what another seed would change: a standard deviation of {listing(told)}."
    if comparison.sample.groups is None:
        return text
    n, n_groups = len(comparison.task.test_labels), len(set(comparison.sample.units.tolist()))
    return (
        f"{text} The {n:,} test pictures come in {plural(n_groups, 'group')} and are resampled as such: for this "
        f"difference they tell as much as {comparison.effective_n:,.0f} pictures drawn one by one."
    )


def _describe_planned_test(comparison: Comparison) -> str:
    difference = comparison.difference
    hand, net = comparison.finalists
    disagree = difference.only_first + difference.only_second
    return (
        f"{hand.experiment} and {net.experiment} answer the same test pictures, so what counts is where one is right "
        f"and the other wrong: that is so for {disagree:,.0f} pictures, {difference.only_first:,.0f} of them to the "
        f"credit of the hand-crafted side and {difference.only_second:,.0f} to that of the end-to-end side. The "
        f"difference of {comparison.measure} is {points(difference.difference)}{SPACE}points "
        f"({points_range(difference.interval)}), "
        f"{p_value(difference.p_value)} ({difference.method}). This one test was planned before the numbers were "
        "seen and is not corrected."
    )


def _describe_others(comparison: Comparison) -> str:
    favorite = comparison.favorite.experiment
    undecided = [p.experiment for p, test, adjusted in comparison.tests if not test.stands(adjusted)]
    ties = f"no difference is shown between it and {listing(undecided)}" if undecided else "it differs from all of them"
    return (
        f"Everyone against {favorite}, the best of all on validation, with Holm's correction over "
        f"{plural(len(comparison.tests), 'test')}: {ties}. An accuracy outside another's interval is no "
        "test; these are."
    )


def _describe_guests(comparison: Comparison) -> str:
    """Whom of the guests the favorite beats, and who beats it."""
    better: list[str] = []
    worse: list[str] = []
    undecided: list[str] = []
    for participant, test, adjusted in comparison.tests:
        if participant in comparison.visitors:
            group = undecided if not test.stands(adjusted) else better if test.difference > 0 else worse
            group.append(f"{participant.experiment} ({points(test.difference)})")
    statements = [
        f"{verb} {listing(names)}"
        for verb, names in (
            ("is better than", worse),
            ("is worse than", better),
            ("shows no difference to", undecided),
        )
        if names
    ]
    return (
        f"Against the guests, {comparison.favorite.experiment} {', and '.join(statements)}; in brackets the guest's "
        "points against it."
    )
