"""Who is right where, what the two sides reach together, and the pictures that tell them apart."""

from __future__ import annotations

from bakeoff.reports.canvas.elements import Cell, Row, Section, Table
from bakeoff.reports.canvas.formats import (
    SPACE,
    p_number,
    p_value,
    percent,
    percent_range,
    plural,
    points,
    points_range,
)
from bakeoff.reports.figures.gallery import build_galleries
from bakeoff.reports.figures.shares import draw_overlap, draw_overlap_by_class
from bakeoff.reports.statistics.accuracy import accuracy_interval, compare_paired
from bakeoff.reports.statistics.calibration import calibrated
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.fusion import Team, fuse_finalists
from bakeoff.reports.statistics.overlap import measure_overlap, overlap_by_class


def together_section(comparison: Comparison) -> Section:
    """The overlap of the finalists' errors, and their late fusion."""
    hand, net = (c.representative for c in comparison.finalists)
    labels = comparison.task.test_labels
    overlap = measure_overlap(labels, hand.predictions, net.predictions)
    by_class = overlap_by_class(labels, hand.predictions, net.predictions, len(comparison.task.class_names))
    texts = [
        f"Both finalists name {percent(overlap.both_right)} of the test pictures correctly; on "
        f"{percent(overlap.only_first)} only the hand-crafted one is right, on {percent(overlap.only_second)} only the "
        f"end-to-end one. Where both are wrong, they give the same wrong answer in {percent(overlap.same_mistake)} of "
        f"the cases. Someone who always knew whom to believe would reach {percent(overlap.oracle)}."
    ]
    figures = (draw_overlap(overlap), draw_overlap_by_class(comparison.task.class_names, by_class))
    team = fuse_finalists(comparison)
    if team is None:
        return Section("together", "Who is right where", tuple(texts), figures)
    texts.append(describe_team(comparison, team))
    return Section("together", "The two together", tuple(texts), (figures[0], team_table(comparison, team), figures[1]))


def describe_team(comparison: Comparison, team: Team) -> str:
    """What late fusion reaches, and whether that is more than the better of the two alone."""
    gain, best = team.gain, comparison.favorite
    low, high = min(team.weights), max(team.weights)
    weight = f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}"
    pairs = f", mean over {plural(len(team.weights), 'pair')} of seeds" if len(team.weights) > 1 else ""
    effect = (
        f"{points(abs(gain.difference), signed=False)}{SPACE}points {'more' if gain.difference > 0 else 'less'} than"
        if gain.is_shown
        else f"no difference shown ({points(gain.difference)}{SPACE}points) to"
    )
    return (
        f"Late fusion adds the log-probabilities of both, with a weight of {weight} for the hand-crafted side, chosen "
        f"on validation. Together they name {percent(team.accuracy)} of the test pictures correctly{pairs}: {effect} "
        f"{best.experiment} alone, the better of the two on validation (95{SPACE}% interval "
        f"{points_range(gain.interval)}, {p_value(gain.p_value)})."
    )


def team_table(comparison: Comparison, team: Team) -> Table:
    """Each alone, both fused, and the bound that no fusion of their two answers can pass."""
    gain = team.gain
    bound = team.upper_bound
    fused = (
        Cell("late fusion of the two"),
        Cell(percent(team.accuracy), team.accuracy, percent_range(team.interval)),
        Cell(points(gain.difference), gain.difference, points_range(gain.interval)),
        Cell(p_number(gain.p_value), gain.p_value),
    )
    either = (
        Cell("at least one of the two is right"),
        Cell(percent(bound), bound, percent_range(accuracy_interval(team.either))),
        Cell("–"),
        Cell("–"),
    )
    rows = (*(_alone(comparison, c) for c in comparison.finalists), Row(fused, strong=True), Row(either))
    columns = ("who", "test accuracy", f"points against {comparison.favorite.experiment}", "p")
    return Table("Alone and together; 95 % intervals, paired for the points", columns, rows)


def _alone(comparison: Comparison, contestant: Contestant) -> Row:
    against = (Cell("–"), Cell("–"))
    if contestant is not comparison.favorite:
        test = compare_paired(contestant.correct, comparison.favorite.correct)
        against = (
            Cell(points(test.difference), test.difference, points_range(test.interval)),
            Cell(p_number(test.p_value), test.p_value),
        )
    accuracy = Cell(percent(contestant.accuracy), contestant.accuracy, percent_range(contestant.interval))
    return Row((Cell(contestant.experiment), accuracy, *against), contestant.side)


def pictures_section(comparison: Comparison) -> Section | None:
    """The four-cell gallery; None for a task whose pictures are not passed on."""
    if len(comparison.task.test_images) == 0:
        return None
    hand, net = (calibrated(c.representative) for c in comparison.finalists)
    text = (
        "The pictures are chosen by rule, not by hand: by the margin of the true class in log-probability (after "
        "temperature scaling), at most two of a class in a row. A colored word is a wrong answer, in the color of the "
        "side that gave it."
    )
    galleries = build_galleries(comparison.task, hand.scores, net.scores)
    return Section("pictures", "Pictures that tell them apart", (text,), tuple(galleries))
