"""The answer in one sentence, by rules that are fixed before the numbers are seen.

Let d be the accuracy of the best hand-crafted run minus that of the best end-to-end run (both chosen on
validation), [low, high] its 95 % interval and m the margin that the reader gave. Where classes differ much in size,
balanced accuracy takes the place of accuracy (`Comparison.measure`).

Who wins: nobody ("no difference shown") unless p < 0.05 and the interval leaves out zero.
Are hand-crafted features enough (a non-inferiority test at the one-sided 2.5 % level):
    enough        if low > -m    (any loss is smaller than the margin)
    not enough    if high < -m   (the loss is larger than the margin)
    cannot tell   otherwise
The two questions are separate: with 10,000 pictures a loss can be certain and yet smaller than the margin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bakeoff.reports.canvas.formats import SPACE, p_value, percent, points, points_range, ratio, seconds
from bakeoff.reports.statistics.accuracy import Interval
from bakeoff.reports.statistics.comparison import Comparison, Contestant

Answer = Literal["enough", "not enough", "cannot tell"]
SIDE_NAMES = {"hand-crafted": "hand-crafted features", "end-to-end": "end-to-end training"}


@dataclass(frozen=True)
class Verdict:
    """answer: against the margin.   winner: the better finalist, None if no difference is shown.

    sentence: the whole verdict.   reason: why the answer is what it is, for the line under it.
    cost_ratio: total seconds of the hand-crafted finalist over those of the end-to-end one.
    """

    answer: Answer
    winner: Contestant | None
    sentence: str
    reason: str
    cost_ratio: float


def judge_margin(interval: Interval, margin: float) -> Answer:
    """The non-inferiority answer for an interval of (hand-crafted minus end-to-end); all in 0..1."""
    low, high = interval
    if low > -margin:
        return "enough"
    return "not enough" if high < -margin else "cannot tell"


def reach_verdict(comparison: Comparison) -> Verdict:
    """Apply the rules above."""
    difference = comparison.difference
    hand, net = comparison.finalists
    answer = judge_margin(difference.interval, comparison.margin)
    winner = (hand if difference.difference > 0 else net) if difference.is_shown else None
    # A run whose stages were too fast for the clock still costs something.
    by_hand, end_to_end = (comparison.seconds(c) for c in (hand, net))
    cost_ratio = max(by_hand, 1e-9) / max(end_to_end, 1e-9)
    lead = _no_difference(comparison) if winner is None else _victory(comparison, winner)
    unit = " of processor time" if comparison.clock == "processor time" else ""
    cost = f"{_times(cost_ratio)} ({seconds(by_hand)}{unit} hand-crafted, {seconds(end_to_end)} end-to-end)."
    return Verdict(answer, winner, f"{lead} {cost}", _reason(answer, comparison), cost_ratio)


def _victory(comparison: Comparison, winner: Contestant) -> str:
    loser = next(c for c in comparison.finalists if c is not winner)
    difference = comparison.difference
    low, high = difference.interval if winner.side == "hand-crafted" else tuple(-x for x in difference.interval[::-1])
    name = SIDE_NAMES[winner.side]
    verb = "win" if winner.side == "hand-crafted" else "wins"
    return (
        f"{name[0].upper()}{name[1:]} {verb} on {comparison.task.dataset}: {winner.experiment} classifies "
        f"{_share(winner, comparison)} and {loser.experiment} {percent(comparison.score(loser))}, "
        f"{points(abs(difference.difference), signed=False)}{SPACE}points more "
        f"(95{SPACE}% interval {points_range((low, high))}, {p_value(difference.p_value)})."
    )


def _no_difference(comparison: Comparison) -> str:
    hand, net = comparison.finalists
    difference = comparison.difference
    return (
        f"No difference shown on {comparison.task.dataset}: {hand.experiment}, hand-crafted, classifies "
        f"{_share(hand, comparison)} and {net.experiment}, end-to-end, "
        f"{percent(comparison.score(net))}, a difference of {points(difference.difference)}{SPACE}points "
        f"(95{SPACE}% interval {points_range(difference.interval)}, {p_value(difference.p_value)})."
    )


def _share(contestant: Contestant, comparison: Comparison) -> str:
    """What of, too, where it is not of all test pictures alike."""
    share = percent(comparison.score(contestant))
    if comparison.is_unbalanced:
        return f"{share} of a class's test pictures correctly, on average over the classes,"
    return f"{share} of the test pictures correctly"


def _times(cost_ratio: float) -> str:
    """cost_ratio: seconds of the hand-crafted run over those of the end-to-end one."""
    if 0.95 < cost_ratio < 1.05:
        return "Both runs take equally long"
    slower, factor = ("hand-crafted", cost_ratio) if cost_ratio > 1 else ("end-to-end", 1 / cost_ratio)
    return f"The {slower} run takes {ratio(factor)} times as long as the other"


def _reason(answer: Answer, comparison: Comparison) -> str:
    margin = f"the margin of {points(comparison.margin, signed=False)}{SPACE}points"
    low, high = comparison.difference.interval
    if answer == "enough" and low >= 0:
        return (
            f"Hand-crafted features lose nothing: even the low end of the interval, {points(low)} points, is no loss."
        )
    if answer == "enough":
        return f"At worst hand-crafted features lose {points(-low, signed=False)}{SPACE}points, less than {margin}."
    if answer == "not enough":
        return f"Hand-crafted features lose {points(-high, signed=False)}{SPACE}points at least, more than {margin}."
    return (
        f"The interval, {points_range((low, high))}{SPACE}points, reaches to both sides of "
        f"a loss as large as {margin}: more test pictures would tell."
    )
