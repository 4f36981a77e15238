"""Sentences of the verdict: who won, by how much, at what cost, and for which margins the answer holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bakeoff.reports.canvas.formats import SPACE, p_value, percent, points, points_range, ratio
from bakeoff.reports.statistics.comparison import Comparison, Contestant

Answer = Literal[
    "enough", "enough against a perceptron", "not enough", "cannot tell", "neither side learned anything here"
]
SIDE_NAMES = {"hand-crafted": "hand-crafted features", "end-to-end": "end-to-end training"}
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
    if len(table) == 1:
        told = f"For every margin from 0 to {points(LARGEST_MARGIN, signed=False)}{SPACE}points the answer is the same"
    else:
        parts = [f"{row.answer} up to {points(row.high, signed=False)}{SPACE}points" for row in table[:-1]]
        told = f"By margin: {', '.join(parts)}, {table[-1].answer} beyond"
    return (
        f"{told}. The probability that hand-crafted features lose less than "
        f"{points(margin, signed=False)}{SPACE}points{where} is {describe_chance(probability)}."
    )


def describe_chance(probability: float) -> str:
    if 0.001 <= probability <= 0.999:
        return percent(probability)
    return f"under {percent(0.001)}" if probability < 0.5 else f"over {percent(0.999)}"


def victory(comparison: Comparison, winner: Contestant) -> str:
    loser = next(c for c in comparison.finalists if c is not winner)
    difference = comparison.difference
    low, high = difference.interval if winner.side == "hand-crafted" else tuple(-x for x in difference.interval[::-1])
    name = SIDE_NAMES[winner.side]
    verb = "win" if winner.side == "hand-crafted" else "wins"
    return (
        f"{name[0].upper()}{name[1:]} {verb} on {comparison.task.dataset}: {winner.experiment} classifies "
        f"{share(winner, comparison)} and {loser.experiment} {percent(comparison.leading_score(loser))}, "
        f"{points(abs(difference.difference), signed=False)}{SPACE}points more "
        f"(95{SPACE}% interval {points_range((low, high))}, {p_value(difference.p_value)}{basis(comparison)})."
    )


def no_difference(comparison: Comparison) -> str:
    hand, net = comparison.finalists
    difference = comparison.difference
    return (
        f"No difference shown on {comparison.task.dataset}: {hand.experiment}, hand-crafted, classifies "
        f"{share(hand, comparison)} and {net.experiment}, end-to-end, "
        f"{percent(comparison.leading_score(net))}, a difference of {points(difference.difference)}{SPACE}points "
        f"(95{SPACE}% interval {points_range(difference.interval)}, {p_value(difference.p_value)}{basis(comparison)})."
    )


def share(contestant: Contestant, comparison: Comparison) -> str:
    """What of, too, where it is not of all test pictures alike."""
    share, which = percent(comparison.leading_score(contestant)), "" if comparison.folds else "test "
    if comparison.is_unbalanced:
        return f"{share} of a class's {which}pictures correctly, on average over the classes,"
    return f"{share} of the {which}pictures correctly"


def basis(comparison: Comparison) -> str:
    """Which pictures the numbers are of, where it is not the test split."""
    return f"; {comparison.folds.describe()}" if comparison.folds else ""


def times(cost_ratio: float) -> str:
    """cost_ratio: seconds of the hand-crafted run over those of the end-to-end one."""
    if 0.95 < cost_ratio < 1.05:
        return "Both runs take equally long"
    slower, factor = ("hand-crafted", cost_ratio) if cost_ratio > 1 else ("end-to-end", 1 / cost_ratio)
    return f"The {slower} run takes {ratio(factor)} times as long as the other"
