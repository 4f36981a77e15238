"""Chapters on confidence: calibration of both finalists, and how right they are where they are sure; and of two classes
ROC and precision-recall, recall at a false-alarm rate, the cost of errors, and the threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

from bakeoff.pipelines.results.calibrator import FALSE_ALARMS, choose_threshold, wanted_class
from bakeoff.reports.canvas import axes as draw
from bakeoff.reports.canvas.elements import Cell, Figure, Section, Table, TableRow, number_cell, share_cell, table_row
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.accuracy import accuracy_interval
from bakeoff.reports.statistics.calibration import calibrated, coverage_at, measure_calibration, selective_accuracy
from bakeoff.reports.statistics.chance import FIXED
from bakeoff.reports.statistics.comparison import Comparison, Contestant

TRUSTED = 0.95  # share right that many would accept without a second look


@chapter(200)
def trust_section(comparison: Comparison) -> Section:
    """Calibration of both finalists, and how right they are where they are sure."""
    rows, surest = [], []
    for c in comparison.finalists:
        run = c.representative
        temperature, _, scaled = calibrated(run)
        effect = comparison.sample.design_effect(run.predictions == run.labels)
        for stage, scores in (("as trained", run.scores), (f"scores / {temperature:.3g}", scaled)):
            found = measure_calibration(scores, run.labels, effect)
            losses = (number_cell(x, "{:.3f}".format) for x in (found.negative_log_likelihood, found.brier))
            error = share_cell(found.corrected, found.interval)
            rows.append(table_row(c.experiment, stage, error, *losses, side=c.side))
        surest.append((c, selective_accuracy(scaled, run.labels)))
    columns = ("experiment", "scores", "calibration error", "negative log-likelihood", "Brier score")
    table = Table("Calibration on the test split; the temperature is fitted on validation", columns, rows)
    text = (
        "Of the answers given with a confidence of 80 %, 80 % should be right. The margins of a linear SVM are not "
        "probabilities, so both sides are compared after temperature scaling: division of the scores by one number, "
        "fitted on validation. Calibration errors are corrected for chance and have 95 % intervals."
    )
    return Section("confidence", "Confidence and calibration", (describe_selective(surest), text), [table])


def describe_selective(curves: Sequence[tuple[Contestant, np.ndarray]]) -> str:
    """How much each could answer alone, if the rest went to a person."""
    told = []
    for contestant, curve in curves:
        share = coverage_at(curve, TRUSTED)
        answers = f"could answer {percent(share)} of all pictures with {percent(TRUSTED)} right"
        none = f"does not reach {percent(TRUSTED)} right, however few pictures it answers"
        told.append(f"{contestant.experiment} {answers if share else none}")
    return f"If low-confidence pictures are referred to a person: {'; '.join(told)}."


@dataclass(frozen=True)
class Stakes:
    """What an error means to the reader. false_alarms: share of the other class that may be taken for the wanted one.

    costs: of a missed picture and of a false alarm, in any unit; None if neither is known.
    """

    false_alarms: float = FALSE_ALARMS
    costs: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.costs is not None and not min(self.costs) >= 0 < max(self.costs):
            raise ValueError(f"--costs must be two non-negative numbers, not both 0, got {self.costs}")


@chapter(30, decisive=True)
def two_classes_section(comparison: Comparison, stakes: Stakes) -> Section | None:
    """None unless there are two classes. The wanted one is the rarer one in training, of equal ones the second."""
    if len(comparison.task.class_names) != 2:
        return None
    wanted = wanted_class(np.array(comparison.task.class_counts["train"]))
    name = comparison.task.class_names[wanted]
    rate = percent(stakes.false_alarms)
    texts = [
        f"The positive class is {name}: the rarer one in training, or the second of two equally frequent ones. A "
        "threshold on the difference of the two scores trades missed positives for false alarms. For each finalist "
        f"it is chosen on validation so that at most {rate} of the other class become false alarms; the table shows "
        "what it does on the test pictures."
    ]
    finalists = comparison.finalists
    fewest = min(int((c.representative.validation_labels != wanted).sum()) for c in finalists)
    if fewest * stakes.false_alarms < 1:
        texts.append(
            f"With {fewest:,} validation pictures of the other class, a rate of {rate} cannot be told from zero: the "
            "threshold lets none of them pass, but test pictures may pass."
        )
    columns = ["finalist", "ROC AUC", "average precision", f"recall at {rate} false alarms", "false-alarm rate"]
    columns += ["threshold", *(["cost per picture", "its threshold"] if stakes.costs else [])]
    rows = [_row(comparison, c, wanted, stakes) for c in finalists]
    table = Table("On the test pictures; 95 % intervals for these trained models", columns, rows)
    return Section("two-classes", "Misses and false alarms", texts, (_draw(comparison, wanted, name), table))


def cheapest_threshold(is_wanted: np.ndarray, scores: np.ndarray, costs: tuple[float, float]) -> float:
    """The threshold of least cost: at it and above, a picture is taken for the wanted class.

    is_wanted: bool (n,).   scores: float (n,).   costs: of a missed picture and of a false alarm.
    """
    false_alarms, recall, thresholds = roc_curve(is_wanted, scores, drop_intermediate=False)
    missed, alarm = costs
    cost = missed * (1 - recall) * is_wanted.sum() + alarm * false_alarms * (~is_wanted).sum()
    return float(thresholds[cost.argmin()])


def _margins(scores: np.ndarray, wanted: int) -> np.ndarray:
    return scores[:, wanted].astype(np.float64) - scores[:, 1 - wanted]


def _row(comparison: Comparison, contestant: Contestant, wanted: int, stakes: Stakes) -> TableRow:
    run = contestant.representative
    is_wanted, scores = run.labels == wanted, _margins(run.scores, wanted)
    validation = run.validation_labels == wanted, _margins(run.validation_scores, wanted)
    threshold = choose_threshold(*validation, stakes.false_alarms)
    areas = auc(*roc_curve(is_wanted, scores)[:2]), average_precision_score(is_wanted, scores)
    cells = [number_cell(area, "{:.3f}".format) for area in areas]
    for own in (is_wanted, ~is_wanted):
        passed = (scores >= threshold)[own]
        interval = accuracy_interval(passed[None], comparison.sample.unweighted.take(own), FIXED)
        cells.append(share_cell(float(passed.mean()), interval))
    cells.append(_threshold_cell(threshold))
    if stakes.costs:
        cheapest = cheapest_threshold(*validation, stakes.costs)
        said = scores >= cheapest
        cost = (stakes.costs[0] * (is_wanted & ~said).sum() + stakes.costs[1] * (~is_wanted & said).sum()) / len(said)
        cells += [number_cell(cost, "{:.3g}".format), _threshold_cell(cheapest)]
    return table_row(contestant.experiment, *cells, side=contestant.side)


def _threshold_cell(threshold: float) -> Cell:
    """An infinite one lets nothing pass; it sorts by a number all the same."""
    return Cell(f"{threshold:.3g}", min(threshold, 1e300))


@draw.styled
def _draw(comparison: Comparison, wanted: int, name: str) -> Figure:
    canvas, (left, right) = draw.new_canvas(300, 2, draw.WIDE)
    for contestant in comparison.finalists:
        run, color = contestant.representative, draw.side_color(contestant.side)
        dashes = "-" if contestant.side == "hand-crafted" else (0, (5, 2))
        is_wanted, scores = run.labels == wanted, _margins(run.scores, wanted)
        left.plot(*roc_curve(is_wanted, scores)[:2], color=color, linestyle=dashes)
        precision, recall, _ = precision_recall_curve(is_wanted, scores)
        right.plot(recall, precision, color=color, linestyle=dashes)
    left.set(xlabel="false-alarm rate", ylabel=f"recall of {name}", title="ROC")
    right.set(xlabel=f"recall of {name}", ylabel="precision", title="precision-recall", ylim=(0, 1.02))
    for axes in (left, right):
        draw.percent_axis(axes.xaxis)
        draw.percent_axis(axes.yaxis)
    draw.side_legend(left, loc="lower right")
    alt = f"ROC and precision-recall curves of both finalists for {name}; the table below has their numbers."
    caption = f"ROC and precision-recall curves for {name} on the test pictures."
    return draw.finish(canvas, "two-classes", caption, alt)
