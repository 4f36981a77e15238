"""Sentences of the verdict: who won, by how much, at what cost, and for which margins the answer holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bakeoff.reports.canvas.formats import SPACE, p_value, percent, points, points_range, ratio, seconds
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
    told = f"The answer is the same for every margin up to {points(LARGEST_MARGIN, signed=False)}{SPACE}points"
    if len(table) > 1:
        parts = [f"{row.answer} up to {points(row.high, signed=False)}{SPACE}points" for row in table[:-1]]
        told = f"By margin: {', '.join(parts)}, {table[-1].answer} beyond"
    chance = percent(probability)
    if not 0.001 <= probability <= 0.999:
        chance = f"under {percent(0.001)}" if probability < 0.5 else f"over {percent(0.999)}"
    return (
        f"{told}. The probability that hand-crafted features lose less than {points(margin, signed=False)}{SPACE}points"
        f"{where} is {chance}."
    )


def describe_winner(comparison: Comparison, winner: Contestant | None) -> str:
    """Who wins by how much, or that no difference is shown."""
    hand, net = comparison.finalists
    dataset, difference = comparison.task.dataset, comparison.difference
    which = "pictures" if comparison.folds else "test pictures"
    does = f"classifies {{}} of the {which} correctly"
    if comparison.is_unbalanced:
        does = f"has a balanced accuracy of {{}} on the {which}"
    scores = {c: percent(comparison.leading_score(c)) for c in (hand, net)}
    basis = f"; {comparison.folds.describe()}" if comparison.folds else ""
    where, same = "", "No difference"
    if hand.contest and net.contest:
        where, same = f"With {seconds(hand.contest['budget'])} of processor time per side, ", "no difference is"
    known = f"95{SPACE}% interval {{}}, {p_value(difference.p_value)}{basis}"
    if winner is None:
        return (
            f"{where}{same} shown on {dataset}: {hand.experiment} (hand-crafted) {does.format(scores[hand])} and "
            f"{net.experiment} (end-to-end) {scores[net]}, a difference of "
            f"{points(difference.difference)}{SPACE}points ({known.format(points_range(difference.interval))})."
        )
    low, high = difference.interval
    name, loser, interval = "hand-crafted features win", net, (low, high)
    if winner is net:
        name, loser, interval = "end-to-end training wins", hand, (-high, -low)
    name = name if where else name[0].upper() + name[1:]
    return (
        f"{where}{name} on {dataset}: {winner.experiment} {does.format(scores[winner])}, "
        f"{points(abs(difference.difference), signed=False)}{SPACE}points more than {loser.experiment} with "
        f"{scores[loser]} ({known.format(points_range(interval))})."
    )


def describe_cost(comparison: Comparison, cost_ratio: float) -> str:
    """cost_ratio: seconds of the hand-crafted run over those of the end-to-end one."""
    hand, net = (seconds(comparison.seconds(c)) for c in comparison.finalists)
    unit = " of processor time" if comparison.clock == "processor time" else ""
    slower, factor = ("hand-crafted", cost_ratio) if cost_ratio > 1 else ("end-to-end", 1 / cost_ratio)
    told = f"The {slower} run takes {ratio(factor)} times as long"
    if 0.95 < cost_ratio < 1.05:
        told = "Both runs take equally long"
    return f"{told} ({hand}{unit} hand-crafted, {net} end-to-end)."
