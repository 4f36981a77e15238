"""Sentences of the verdict: who won, by how much, at what cost, and for which margins the answer holds."""

from dataclasses import dataclass
from typing import Literal

from bakeoff.reports.canvas.formats import SPACE, in_points, p_value, percent, points_range, ratio, seconds
from bakeoff.reports.statistics.comparison import Comparison, Contestant

Answer = Literal[
    "enough", "enough against a perceptron", "not enough", "cannot tell", "neither side learned anything here"
]
LARGEST_MARGIN = 0.05  # of the table of margins: who would accept more needs no test


@dataclass(frozen=True)
class Margins:
    """Margins from low to high, in 0..1, that lead to the same answer."""

    low: float
    high: float
    answer: Answer


def describe_margins(table: tuple[Margins, ...], margin: float, probability: float, where: str = "") -> str:
    """For which margins the answer would differ, and how probable a loss under the margin is.

    where: what the probability is limited to, such as " at this budget".
    """
    told = f"The answer is the same for every margin up to {in_points(LARGEST_MARGIN)}"
    if len(table) > 1:
        parts = [f"{row.answer} up to {in_points(row.high)}" for row in table[:-1]]
        told = f"By margin: {', '.join(parts)}, {table[-1].answer} beyond"
    chance = percent(probability)
    if not 0.001 <= probability <= 0.999:
        chance = f"under {percent(0.001)}" if probability < 0.5 else f"over {percent(0.999)}"
    less = f"hand-crafted features lose less than {in_points(margin)}"
    return f"{told}. The probability that {less}{where} is {chance}."


def describe_winner(comparison: Comparison, winner: Contestant | None, has_basis: bool) -> str:
    """Who wins by how much, or that no difference is shown, or that there is no basis for an answer."""
    hand, net = comparison.finalists
    folds, difference = comparison.folds, comparison.difference
    where = ""
    if hand.contest and net.contest:
        where = f"With {seconds(hand.contest['budget'])} of processor time per side, "
    which = "pictures" if folds else "test pictures"
    does = f"classifies {{}} of the {which} correctly"
    if comparison.is_unbalanced:
        does = f"has a balanced accuracy of {{}} on the {which}"
    scores = {c: percent(folds.score(c.experiment) if folds else comparison.score(c)) for c in (hand, net)}
    low, high = difference.interval
    if winner is None:
        gist = f"no difference {'is ' if where else ''}shown" if has_basis else "there is no basis for an answer"
        told = (
            f"{hand.experiment} (hand-crafted) {does.format(scores[hand])} and {net.experiment} (end-to-end) "
            f"{scores[net]}, a difference of {in_points(difference.difference, signed=True)}"
        )
    else:
        gist, loser = "hand-crafted features win", net
        if winner is net:
            gist, loser, low, high = "end-to-end training wins", hand, -high, -low
        more = f"{in_points(abs(difference.difference))} more than {loser.experiment} with {scores[loser]}"
        told = f"{winner.experiment} {does.format(scores[winner])}, {more}"
    gist = gist if where else gist[0].upper() + gist[1:]
    known = f"95{SPACE}% interval {points_range((low, high))}, {p_value(difference.p_value)}"
    basis = f"; {folds.describe()}" if folds else ""
    return f"{where}{gist} on {comparison.task.dataset}: {told} ({known}{basis})."


def describe_cost(comparison: Comparison, cost_ratio: float) -> str:
    """cost_ratio: seconds of the hand-crafted run over those of the end-to-end one."""
    hand, net = (seconds(comparison.seconds(c)) for c in comparison.finalists)
    unit = " of processor time" if comparison.clock == "processor time" else ""
    slower, factor = ("hand-crafted", cost_ratio) if cost_ratio > 1 else ("end-to-end", 1 / cost_ratio)
    told = f"The {slower} run takes {ratio(factor)} times as long"
    if 0.95 < cost_ratio < 1.05:
        told = "Both runs take equally long"
    return f"{told} ({hand}{unit} hand-crafted, {net} end-to-end)."
