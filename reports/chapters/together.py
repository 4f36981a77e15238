"""Chapter on the two sides together: overlap and agreement of their errors, late fusion, and telling pictures."""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax

from bakeoff.pipelines.results.task import Task
from bakeoff.reports.canvas.elements import Card, Cell, Gallery, Row, Section, Table
from bakeoff.reports.canvas.formats import SPACE, percent, percent_range, plural, points, points_range
from bakeoff.reports.canvas.pictures import encode_png, montage
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import compare_paired
from bakeoff.reports.statistics.calibration import calibrated
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.fusion import Team, fuse_finalists
from bakeoff.reports.statistics.overlap import error_agreement, measure_overlap
from bakeoff.reports.statistics.seeds import FIXED


@chapter(140)
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


@chapter(180)
def pictures_section(comparison: Comparison, show_pictures: bool = True) -> Section | None:
    """The four-cell gallery; None for a task whose pictures are not passed on."""
    if not show_pictures or len(comparison.task.test_images) == 0:
        return None
    hand, net = (calibrated(c.representative) for c in comparison.finalists)
    text = (
        "The pictures are chosen by rule, not by hand: by the margin of the true class in log-probability (after "
        "temperature scaling), at most two of a class in a row. A colored word is a wrong answer, in the color of the "
        "side that gave it."
    )
    galleries = build_galleries(comparison.task, hand.scores, net.scores)
    return Section("pictures", "Pictures that tell them apart", (text,), tuple(galleries))


N_CARDS = 8
PER_CLASS = 2
CELLS = {
    "both-right": ("Both right", "the surest agreement"),
    "only-hand-crafted": ("Only hand-crafted right", "where the margins differ most"),
    "only-end-to-end": ("Only end-to-end right", "where the margins differ most"),
    "both-wrong": ("Both wrong", "the surest mistakes"),
}


def true_margins(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float64 (n,): log-probability of the true class minus the highest of the others; positive if right."""
    logs = log_softmax(scores, axis=1)
    rows = np.arange(len(labels))
    true = logs[rows, labels]
    logs[rows, labels] = -np.inf
    return true - logs.max(axis=1)


def choose_pictures(labels: np.ndarray, hand: np.ndarray, net: np.ndarray) -> dict[str, np.ndarray]:
    """Indices of the pictures of each cell by the rule above. hand, net: scores (n, k), calibrated."""
    a, b = true_margins(hand, labels), true_margins(net, labels)
    right_a, right_b = hand.argmax(axis=1) == labels, net.argmax(axis=1) == labels
    ranked = {
        "both-right": (right_a & right_b, np.minimum(a, b)),
        "only-hand-crafted": (right_a & ~right_b, a - b),
        "only-end-to-end": (~right_a & right_b, b - a),
        "both-wrong": (~right_a & ~right_b, -np.maximum(a, b)),
    }
    return {name: _first_of_each_class(labels, members, rank) for name, (members, rank) in ranked.items()}


def _first_of_each_class(labels: np.ndarray, members: np.ndarray, rank: np.ndarray) -> np.ndarray:
    chosen: list[int] = []
    shown = np.zeros(int(labels.max()) + 1, int)
    for index in np.argsort(-rank, kind="stable"):
        if members[index] and shown[labels[index]] < PER_CLASS and len(chosen) < N_CARDS:
            chosen.append(int(index))
            shown[labels[index]] += 1
    return np.array(chosen, int)


def build_galleries(task: Task, hand: np.ndarray, net: np.ndarray) -> list[Gallery]:
    """All four cells. hand, net: the finalists' scores (n_test, k), divided by their temperatures."""
    names, labels = task.class_names, task.test_labels
    said_hand, said_net = hand.argmax(axis=1), net.argmax(axis=1)
    right_hand, right_net = said_hand == labels, said_net == labels
    shares = {
        "both-right": right_hand & right_net,
        "only-hand-crafted": right_hand & ~right_net,
        "only-end-to-end": ~right_hand & right_net,
        "both-wrong": ~right_hand & ~right_net,
    }
    galleries = []
    for cell, chosen in choose_pictures(labels, hand, net).items():
        title, rule = CELLS[cell]
        cards = tuple(
            Card(encode_png(task.test_images[i]), names[labels[i]], names[said_hand[i]], names[said_net[i]])
            for i in chosen
        )
        scale = max(1, 64 // task.test_images.shape[1])
        sheet = montage(task.test_images[chosen], N_CARDS, gap=4, scale=scale) if len(chosen) else None
        text = f"{plural(int(shares[cell].sum()), 'picture')}, {percent(float(shares[cell].mean()))}; shown: {rule}."
        galleries.append(
            Gallery(f"gallery-{cell}", title, text, cards, None if sheet is None else encode_png(sheet, max_side=1200))
        )
    return galleries
