"""The answer in one sentence, by rules that are fixed before the numbers are seen.

Let d be the accuracy of the best hand-crafted run minus that of the best end-to-end run (both chosen on
validation), [low, high] its 95 % interval and m the margin that the reader gave. Where classes differ much in size,
balanced accuracy takes the place of accuracy (`Comparison.measure`).

Who wins: nobody ("no difference shown") unless p < 0.05 and the interval leaves out zero, and unless there is no basis
for an answer, as where a side has learned nothing.
Are hand-crafted features enough (a non-inferiority test at the one-sided 2.5 % level):
    neither side learned anything here    if neither interval beats the best constant answer
    enough        if low > -m    (any loss is smaller than the margin); "enough against a perceptron" where no net with
                  convolutions took part
    not enough    if high < -m   (the loss is larger than the margin)
    cannot tell   otherwise, and where a side has no run that fits its own training pictures
Of a contest at equal cost, the interval first grows by what ten times the budget would bring one side more than the
other, if their errors on validation fell on as they did so far: a gap that time alone may close is no answer.
The two questions are separate: with 10,000 pictures a loss can be certain and yet smaller than the margin.
"""

from dataclasses import dataclass
from itertools import pairwise

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.formats import SPACE, in_points, percent, points_range, ratio
from bakeoff.reports.statistics.chance import Interval
from bakeoff.reports.statistics.comparison import Comparison
from bakeoff.reports.statistics.growth import Growth, growth
from bakeoff.reports.verdict_wording import (
    LARGEST_MARGIN,
    Answer,
    Margins,
    describe_cost,
    describe_margins,
    describe_winner,
)


@dataclass(frozen=True)
class Verdict:
    """answer: against the margin.   winner: the better finalist's name, None if none is shown to be better.

    sentence: the whole verdict.   reason: why the answer is what it is, for the line under it.
    margin_table: the answer for every margin from 0 to 5 points; empty if it does not depend on the margin.
    probability: that hand-crafted features lose less than the margin (flat prior).   outlook: both in words.
    cost_ratio: total seconds of the hand-crafted finalist over those of the end-to-end one.
    """

    answer: Answer
    winner: str | None
    sentence: str
    reason: str
    margin_table: tuple[Margins, ...]
    probability: float
    outlook: str
    cost_ratio: float


def judge_margin(interval: Interval, margin: float) -> Answer:
    """The non-inferiority answer for an interval of (hand-crafted minus end-to-end); all in 0..1."""
    low, high = interval
    if low > -margin:
        return "enough"
    return "not enough" if high < -margin else "cannot tell"


def reach_verdict(comparison: Comparison, contest: StudyResult | None = None) -> Verdict:
    """Apply the rules above.   contest: which the finalists come from, if they come from one."""
    difference, margin = comparison.difference, comparison.margin
    hand, net = comparison.finalists
    answer, reason, table = _judge(comparison, contest)
    winner = (hand if difference.difference > 0 else net) if difference.is_shown and table else None
    # A run whose stages were too fast for the clock still costs something.
    cost_ratio = max(comparison.seconds(hand), 1e-9) / max(comparison.seconds(net), 1e-9)
    probability = difference.probability_above(-margin)
    return Verdict(
        answer=answer,
        winner=winner.experiment if winner else None,
        sentence=f"{describe_winner(comparison, winner, bool(table))} {describe_cost(comparison, cost_ratio)}",
        reason=reason,
        margin_table=table,
        probability=probability,
        outlook=describe_margins(table, margin, probability, " at this budget" if contest else "") if table else "",
        cost_ratio=cost_ratio,
    )


def _judge(comparison: Comparison, contest: StudyResult | None) -> tuple[Answer, str, tuple[Margins, ...]]:
    """The answer, why it is that, and the answers by margin."""
    if not any(map(comparison.learned, comparison.finalists)):
        reason = (
            f"{_likely_reason(comparison, contest)} Neither finalist's interval lies above the best constant answer, "
            f"{percent(comparison.best_constant)}, so nothing can be said about either side."
        )
        return "neither side learned anything here", reason, ()
    for lost in (c for c in comparison.finalists if c.did_not_train):
        reason = (
            f"{lost.experiment}, the best of the {lost.side} side, did not train: on its own training pictures it is "
            "no better than the best constant answer. So that side has no contender."
        )
        return "cannot tell", reason, ()
    names = {row["experiment"] for row in contest.rows if row["is_finalist"]} if contest else set()
    growths = None
    if contest and names.issuperset(c.experiment for c in comparison.finalists):
        growths = growth(contest, "hand-crafted"), growth(contest, "end-to-end")
    low, high = comparison.difference.interval
    hand, net = (growth.gain for growth in growths) if growths else (0.0, 0.0)
    interval = low - max(0.0, net - hand), high + max(0.0, hand - net)  # with what time may still change
    answer = _name(judge_margin(interval, comparison.margin), comparison)
    return answer, _reason(comparison, interval, growths), tuple(_margins(interval, comparison))


def _likely_reason(comparison: Comparison, contest: StudyResult | None) -> str:
    """Of nothing learned: sizes that no time was left for, or else what was lost where pictures were read."""
    rows = [row for row in (contest.rows if contest else ()) if row["outcome"] in ("tried", "not reached")]
    largest = max((row["image_size"] for row in rows), default=0)
    seen = {
        side: max((row["image_size"] for row in rows if row["side"] == side and row["outcome"] == "tried"), default=0)
        for side in ("hand-crafted", "end-to-end")
    }
    if min(seen.values()) > 0 and max(seen.values()) < largest:
        told = " and ".join(f"{size} px on the {side} side" for side, size in seen.items())
        return (
            f"The likely reason: pictures of {largest} px were seen with no more than {told}, and what is finer was "
            "lost: more time (--budget) reaches more."
        )
    shrunk = next((note for note in comparison.task.notes if "are brought to" in note), "")
    return f"The likely reason: {shrunk}" if shrunk else "Check the labels, and add pictures."


def _name(answer: Answer, comparison: Comparison) -> Answer:
    trained = [c for c in comparison.of_side("end-to-end") if not c.did_not_train]
    is_alone = answer == "enough" and all(c.is_perceptron for c in trained)
    return "enough against a perceptron" if is_alone else answer


def _margins(interval: Interval, comparison: Comparison) -> list[Margins]:
    edges = sorted({0.0, LARGEST_MARGIN, *(-end for end in interval if 0 < -end < LARGEST_MARGIN)})
    return [Margins(a, b, _name(judge_margin(interval, (a + b) / 2), comparison)) for a, b in pairwise(edges)]


def _reason(comparison: Comparison, interval: Interval, growths: tuple[Growth, Growth] | None) -> str:
    """Why the answer is what it is. interval: with what time may still change."""
    low, high = comparison.difference.interval
    margin, answer = f"the margin of {in_points(comparison.margin)}", judge_margin((low, high), comparison.margin)
    if growths and judge_margin(interval, comparison.margin) != answer:
        return _time_may_tell(answer, growths)
    if answer == "enough":
        gist = f"At worst, hand-crafted features lose {in_points(-low)}, less than {margin}."
        if low >= 0:
            gist = "Hand-crafted features lose nothing: the whole interval is above zero."
        return f"{gist} {_contender(comparison)}".strip()
    if answer == "not enough":
        return f"Hand-crafted features lose at least {in_points(-high)}, more than {margin}."
    more = "" if all(len(c.runs) > 2 for c in comparison.finalists) else " or more seeds"
    return (
        f"The interval, {points_range((low, high))}{SPACE}points, includes losses below and above {margin}: more "
        f"test pictures{more} would narrow it."
    )


def _time_may_tell(answer: Answer, growths: tuple[Growth, Growth]) -> str:
    """Why an answer at this budget is none beyond it."""
    behind = "end-to-end" if answer == "enough" else "hand-crafted"
    hand, net = (
        f"from {percent(growth.before)} to {percent(growth.now)} as its time grew {ratio(growth.times)}-fold"
        for growth in growths
    )
    return (
        f"At this budget hand-crafted features are {answer}, but the {behind} side was still improving. The "
        f"error on validation fell {hand} on the hand-crafted side and {net} on the end-to-end side; at such "
        "rates ten times the budget may close the gap. A larger `--budget` would tell."
    )


def _contender(comparison: Comparison) -> str:
    """What limits an "enough": the net that it was reached against."""
    net = comparison.end_to_end
    if _name("enough", comparison) != "enough":
        return (
            f"The strongest net that took part, {net.experiment}, has no convolutions. Convolutional nets are "
            "usually stronger on pictures, and about those this says nothing."
        )
    if not comparison.learned(net):
        return f"But {net.experiment} is not shown to beat the best constant answer: try a net that suits the data."
    return ""
