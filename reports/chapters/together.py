"""Chapter on the two sides together: overlap and agreement of their errors, late fusion, and telling pictures."""

from __future__ import annotations

from scipy.special import log_softmax

from bakeoff.reports.canvas.elements import Cell, Row, Section, Table
from bakeoff.reports.canvas.formats import SPACE, percent, percent_range, plural, points, points_range
from bakeoff.reports.figures.gallery import build_galleries
from bakeoff.reports.statistics.accuracy import compare_paired
from bakeoff.reports.statistics.calibration import calibrated
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.fusion import Team, fuse_finalists
from bakeoff.reports.statistics.overlap import error_agreement, measure_overlap
from bakeoff.reports.statistics.seeds import FIXED


def together_section(comparison: Comparison) -> Section:
    """The overlap of the finalists' errors, their agreement, and their late fusion beside its control."""
    hand, net = (c.representative for c in comparison.finalists)
    overlap = measure_overlap(comparison.task.test_labels, hand.predictions, net.predictions)
    texts = [
        f"Both finalists classify {percent(overlap.both_right)} of the test pictures correctly; on "
        f"{percent(overlap.only_first)} only the hand-crafted one is right, on {percent(overlap.only_second)} only the "
        f"end-to-end one. Where both are wrong, they give the same wrong answer in {percent(overlap.same_mistake)} of "
        f"the cases. {describe_agreement(comparison)}"
    ]
    team = fuse_finalists(comparison)
    if team is None:
        return Section("together", "Who is right where", tuple(texts))
    texts.append(describe_team(comparison, team))
    return Section("together", "The two together", tuple(texts), (team_table(comparison, team),))


def describe_agreement(comparison: Comparison) -> str:
    """Cohen's kappa of being right, between the finalists and, for scale, between two seeds of either."""
    hand, net = comparison.finalists
    kappa = error_agreement(
        hand.representative.predictions == hand.labels, net.representative.predictions == net.labels
    )
    seeds = [
        f"{error_agreement(*c.correct[:2]):.2f} between two seeds of {c.experiment}"
        for c in comparison.finalists
        if len(c.runs) > 1
    ]
    scale = f", {' and '.join(seeds)}" if seeds else "; no finalist has a second seed to compare that with"
    return f"Beyond chance they are right on the same pictures with a kappa of {kappa:.2f} (1 is always){scale}."


def describe_team(comparison: Comparison, team: Team) -> str:
    """What late fusion adds to the better of the two in the same pair, and what two seeds of that one add alone."""
    low, high = min(team.weights), max(team.weights)
    weight = f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}"
    pairs = f", mean over {plural(len(team.weights), 'pair')} of seeds" if len(team.weights) > 1 else ""
    gain = team.gain
    effect = "no difference is shown to"
    if gain.is_shown:
        size = f"{points(abs(gain.difference), signed=False)}{SPACE}points"
        effect = f"{size} {'more' if gain.difference > 0 else 'less'} than"
    return (
        f"Late fusion adds the log-probabilities of both, with a weight of {weight} for the hand-crafted side, chosen "
        f"on validation. Together their {comparison.measure} is {percent(team.accuracy)}{pairs}: "
        f"{effect} {comparison.favorite.experiment} alone, the better of the two on validation "
        f"({points(gain.difference)}{SPACE}points, 95{SPACE}% interval {points_range(gain.interval)}). "
        f"{_describe_control(comparison)}"
    )


def _describe_control(comparison: Comparison) -> str:
    """What averaging two seeds of one experiment gains: fusing helps even where both learned the same."""
    contestant = comparison.favorite
    if len(contestant.runs) < 2:
        return f"What averaging two seeds of {contestant.experiment} would gain is not known: it ran with one."
    first, second = (calibrated(run).scores for run in contestant.runs[:2])
    fused = (log_softmax(first, axis=1) + log_softmax(second, axis=1)).argmax(axis=1) == contestant.labels
    test = compare_paired(fused[None], contestant.correct[:2], comparison.sample, (FIXED, FIXED))
    return (
        f"As a control, averaging two seeds of {contestant.experiment} gains {points(test.difference)}{SPACE}points "
        f"({points_range(test.interval)}) over one of them."
    )


def team_table(comparison: Comparison, team: Team) -> Table:
    """Each alone, both fused, and the bound that no fusion of their two answers can pass."""
    gain, bound = team.gain, team.upper_bound
    fused = (
        Cell("late fusion of the two"),
        Cell(percent(team.accuracy), team.accuracy, percent_range(team.interval)),
        Cell(points(gain.difference), gain.difference, points_range(gain.interval)),
    )
    either = (
        Cell("at least one of the two is right"),
        Cell(percent(bound), bound, percent_range(team.bound_interval)),
        Cell("–"),
    )
    rows = (*(_alone(comparison, c) for c in comparison.finalists), Row(fused, strong=True), Row(either))
    columns = ("who", f"test {comparison.measure}", f"points against {comparison.favorite.experiment}")
    return Table("Alone and together; 95 % intervals, paired for the points", columns, rows)


def _alone(comparison: Comparison, contestant: Contestant) -> Row:
    against = Cell("–")
    if contestant is not comparison.favorite:
        test = comparison.compare(contestant, comparison.favorite)
        against = Cell(points(test.difference), test.difference, points_range(test.interval))
    score = comparison.score(contestant)
    accuracy = Cell(percent(score), score, percent_range(comparison.interval(contestant)))
    return Row((Cell(contestant.experiment), accuracy, against), contestant.side)


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
