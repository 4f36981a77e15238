"""Chapter on the two sides together: agreement of their errors, late fusion, and the mistakes of both."""

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
def mistakes_section(comparison: Comparison, show_pictures: bool) -> Section | None:
    """The pictures that both finalists get most wrong; None where there are none, or pictures are not passed on."""
    task = comparison.task
    hand, net = (calibrated(c.representative)[2] for c in comparison.finalists)
    chosen = choose_mistakes(task.test_labels, hand, net)
    if not show_pictures or len(task.test_images) == 0 or len(chosen) == 0:
        return None
    text = (
        "A wrong label, or a picture that does not show its class, is likeliest to be found here. The pictures are "
        "chosen by rule, not by hand: by the margin of the true class in log-probability (after temperature scaling), "
        f"at most {PER_CLASS} of a class. Below are the true classes, and in brackets the answers."
    )
    return Section("pictures", "Most confident mistakes", [text], [draw_mistakes(task, chosen, hand, net)])


def choose_mistakes(labels: np.ndarray, hand: np.ndarray, net: np.ndarray) -> np.ndarray:
    """Indices of at most N_SHOWN test pictures that both get wrong, from where the surer one is most confident.

    hand, net: the finalists' scores (n, k), divided by their temperatures.
    """
    wrong = (hand.argmax(axis=1) != labels) & (net.argmax(axis=1) != labels)
    margins = np.maximum(*(true_margins(log_softmax(scores, axis=1), labels) for scores in (hand, net)))
    chosen: list[int] = []
    for index in np.argsort(margins, kind="stable"):
        if wrong[index] and (labels[chosen] == labels[index]).sum() < PER_CLASS and len(chosen) < N_SHOWN:
            chosen.append(int(index))
    return np.array(chosen, int)


def draw_mistakes(task: Task, chosen: np.ndarray, hand: np.ndarray, net: np.ndarray) -> Figure:
    """A row of the chosen pictures. hand, net: as in `choose_mistakes`."""
    names = task.class_names
    told = [
        f"{names[task.test_labels[i]]} (hand-crafted: {names[hand[i].argmax()]}, end-to-end: {names[net[i].argmax()]})"
        for i in chosen
    ]
    scale = max(1, 80 // task.test_images.shape[1])
    sheet = montage(visible(task.test_images[chosen]), N_SHOWN, gap=4, scale=scale)
    caption = f"Both sides wrong, the most confident first. From left to right: {listing(told)}."
    alt = f"{plural(len(told), 'test picture')} that both sides get wrong."
    return Figure("mistakes", caption, alt, encode_png(sheet, max_side=1200), width=WIDE)
