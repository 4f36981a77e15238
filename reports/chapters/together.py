"""Chapter on the two sides together: agreement of their errors, late fusion, and telling pictures."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax
from sklearn.metrics import cohen_kappa_score

from bakeoff.pipelines.results.calibrator import true_margins
from bakeoff.pipelines.results.task import Task
from bakeoff.reports.canvas.axes import WIDE
from bakeoff.reports.canvas.elements import Figure, Section
from bakeoff.reports.canvas.formats import listing, percent, percent_range, plural, points_and_range
from bakeoff.reports.canvas.pictures import encode_png, montage, visible
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.accuracy import compare_paired
from bakeoff.reports.statistics.calibration import calibrated
from bakeoff.reports.statistics.chance import FIXED
from bakeoff.reports.statistics.comparison import Comparison
from bakeoff.reports.statistics.fusion import Team, fuse_finalists, fuse_late

N_SHOWN = 8
PER_CLASS = 2


@chapter(140)
def together_section(comparison: Comparison) -> Section:
    """The agreement of the finalists' errors, and their late fusion beside its control."""
    texts, team = [describe_agreement(comparison)], fuse_finalists(comparison)
    if team:
        texts.append(f"{describe_team(comparison, team)} {_describe_control(comparison)}")
    return Section("together", f"Agreement {'and fusion ' * bool(team)}of the two sides", texts)


def error_agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Cohen's kappa of two classifiers being right: 0 is chance, 1 is always, also where both always are.

    first, second: bool (n_test,), which pictures each classifies correctly. Source: Cohen, Educational and
    Psychological Measurement 1960.
    """
    return 1.0 if np.array_equal(first, second) else float(cohen_kappa_score(first, second))


def describe_agreement(comparison: Comparison) -> str:
    """Cohen's kappa of being right, between the finalists and, for scale, between two seeds of either."""
    kappa = error_agreement(*(c.representative.predictions == c.labels for c in comparison.finalists))
    seeds = [
        f"{error_agreement(*c.correct[:2]):.2f} between two seeds of {c.experiment}"
        for c in comparison.finalists
        if len(c.runs) > 1
    ]
    scale = f"; it is {' and '.join(seeds)}" if seeds else "; neither finalist has a second seed for comparison"
    known = f"{kappa:.2f} (0 is chance, 1 is full agreement)"
    return f"Cohen's kappa of which pictures the finalists get right is {known}{scale}."


def describe_team(comparison: Comparison, team: Team) -> str:
    """What late fusion adds to the better of the two in the same pair, and what no fusion can pass."""
    low, high = min(team.weights), max(team.weights)
    weight = f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}"
    pairs = f" (mean over {plural(len(team.weights), 'pair')} of seeds)" if len(team.weights) > 1 else ""
    alone = f"{comparison.favorite.experiment} alone, the better of the two on validation"
    gain = points_and_range(team.gain.difference, team.gain.interval)
    effect = f"no difference from {alone}, is shown: {gain}"
    if team.gain.is_shown:
        effect = f"it differs from {alone}, by {gain}"
    return (
        f"Late fusion adds the log-probabilities of both, with a weight of {weight} for the hand-crafted side, chosen "
        f"on validation. Its {comparison.measure} is {percent(team.score(team.correct))}{pairs}, 95 % interval "
        f"{percent_range(team.interval(team.correct))}; {effect}. No fusion that gives one of their two answers can "
        f"pass {percent(team.score(team.either))}, the share of pictures on which at least one of them is right."
    )


def _describe_control(comparison: Comparison) -> str:
    """What averaging two seeds of one experiment gains: fusing helps even where both learned the same."""
    contestant = comparison.favorite
    if len(contestant.runs) < 2:
        return f"What averaging two seeds of {contestant.experiment} would gain is not known: it ran with one."
    first, second = (calibrated(run)[2] for run in contestant.runs[:2])
    fused = fuse_late((first, second), 0.5) == contestant.labels
    test = compare_paired(fused[None], contestant.correct[:2], comparison.sample, (FIXED, FIXED))
    return (
        f"As a control, averaging two seeds of {contestant.experiment} gains "
        f"{points_and_range(test.difference, test.interval)} over one of them."
    )


@chapter(180)
def pictures_section(comparison: Comparison, show_pictures: bool) -> Section | None:
    """Pictures of four kinds; None for a task whose pictures are not passed on."""
    if not show_pictures or len(comparison.task.test_images) == 0:
        return None
    hand, net = (calibrated(c.representative)[2] for c in comparison.finalists)
    text = (
        "The pictures are chosen by rule, not by hand: by the margin of the true class in log-probability (after "
        "temperature scaling), at most two of a class in a row. Below each row are the true classes, and in brackets "
        "the wrong answers."
    )
    return Section("pictures", "Example pictures", [text], draw_kinds(comparison.task, hand, net))


@dataclass(frozen=True)
class Kind:
    """members: bool (n,), the test pictures of one kind.   rank: float (n,), the highest are shown, as `rule` says."""

    title: str
    rule: str
    members: np.ndarray
    rank: np.ndarray

    def choose(self, labels: np.ndarray) -> np.ndarray:
        """Indices of the pictures that are shown, at most PER_CLASS of a class."""
        chosen: list[int] = []
        for index in np.argsort(-self.rank, kind="stable"):
            n_shown = int((labels[chosen] == labels[index]).sum())
            if self.members[index] and n_shown < PER_CLASS and len(chosen) < N_SHOWN:
                chosen.append(int(index))
        return np.array(chosen, int)


def four_kinds(labels: np.ndarray, hand: np.ndarray, net: np.ndarray) -> list[Kind]:
    """Who is right, by the rule above. hand, net: the finalists' scores (n, k), divided by their temperatures."""
    a, b = (true_margins(log_softmax(scores, axis=1), labels) for scores in (hand, net))
    right_a, right_b = hand.argmax(axis=1) == labels, net.argmax(axis=1) == labels
    apart = "where the margins differ most"
    return [
        Kind("Both right", "largest margins", right_a & right_b, np.minimum(a, b)),
        Kind("Only hand-crafted right", apart, right_a & ~right_b, a - b),
        Kind("Only end-to-end right", apart, ~right_a & right_b, b - a),
        Kind("Both wrong", "most confident mistakes", ~right_a & ~right_b, -np.maximum(a, b)),
    ]


def draw_kinds(task: Task, hand: np.ndarray, net: np.ndarray) -> list[Figure]:
    """A row of pictures for each kind that has any. hand, net: as in `four_kinds`."""
    names, labels, figures = task.class_names, task.test_labels, []
    said = {"hand-crafted": hand.argmax(axis=1), "end-to-end": net.argmax(axis=1)}
    for kind in four_kinds(labels, hand, net):
        told, chosen = [], kind.choose(labels)
        for i in chosen:
            wrong = ", ".join(f"{side}: {names[found[i]]}" for side, found in said.items() if found[i] != labels[i])
            told.append(f"{names[labels[i]]} ({wrong})" if wrong else names[labels[i]])
        if told:
            n, share = plural(int(kind.members.sum()), "picture"), percent(float(kind.members.mean()))
            scale = max(1, 80 // task.test_images.shape[1])
            sheet = montage(visible(task.test_images[chosen]), N_SHOWN, gap=4, scale=scale)
            caption = f"{kind.title} ({n}, {share}; shown: {kind.rule}). From left to right: {listing(told)}."
            name = f"gallery-{kind.title.lower().replace(' ', '-')}"
            alt = f"{kind.title}: {plural(len(told), 'test picture')}."
            figures.append(Figure(name, caption, alt, encode_png(sheet, max_side=1200), width=WIDE))
    return figures
