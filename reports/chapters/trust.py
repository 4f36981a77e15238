"""Chapter on confidence: calibration of both finalists, and how right they are where they are sure."""

from __future__ import annotations

from dataclasses import dataclass

from bakeoff.reports.canvas.axes import MARKERS, finish, new_canvas, percent_axis, side_color, side_legend, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table, number_cell
from bakeoff.reports.canvas.formats import percent, percent_range
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.calibration import Calibration, calibrated, measure_calibration
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.selective import SelectiveCurve, selective_curve

TRUSTED = 0.95  # share right that many would accept without a second look
COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.5, 0.3)
N_DRAWN = 200  # points of a curve: more would not be seen
LEAST_COVERAGE = 0.05  # below, a curve is a few pictures' chance


@dataclass(frozen=True)
class Trust:
    """A finalist's calibration on the test split, before and after dividing its scores by `temperature`, and its curve
    of accuracy among the surest."""

    contestant: Contestant
    temperature: float
    before: Calibration
    after: Calibration
    curve: SelectiveCurve

    @property
    def name(self) -> str:
        return self.contestant.experiment


@chapter(200)
def trust_section(comparison: Comparison) -> Section:
    """Calibration of both finalists, and how right they are where they are sure."""
    trusts = [_measure_trust(c, comparison) for c in comparison.finalists]
    texts = " ".join(
        f"{t.name} has a calibration error of {percent(t.before.corrected)} as trained "
        f"({percent_range(t.before.interval)}), and of {percent(t.after.corrected)} "
        f"({percent_range(t.after.interval)}) once its scores are divided by {t.temperature:.3g}."
        for t in trusts
    )
    first = (
        "A confidence of 80 % should be right 8 times in 10. The margins of a linear SVM are not probabilities, so "
        "what is compared is either side after temperature scaling: division of its scores by one number, fitted on "
        "validation. Chance alone makes a calibration error; the numbers are without that part, with 95 % intervals."
    )
    parts = (draw_selective(trusts), calibration_table(trusts))
    return Section("confidence", "Can the scores be trusted", (_describe_selective(trusts), first, texts), parts)


def _describe_selective(trusts: list[Trust]) -> str:
    """How much each could answer alone, if the rest went to a person."""
    statements = [
        f"{t.name} classifies {percent(t.curve.accuracy_at(0.5))} of the half it is surest of correctly, and "
        f"{_share_answered(t.curve)}"
        for t in trusts
    ]
    return f"If pictures below a confidence go to a person: {'; '.join(statements)}."


def _share_answered(curve: SelectiveCurve) -> str:
    share = curve.coverage_at(TRUSTED)
    if share == 0:
        return f"is never right on {percent(TRUSTED)} of what it answers, however little that is"
    return f"can answer {percent(share)} of all pictures with {percent(TRUSTED)} right"


def _measure_trust(contestant: Contestant, comparison: Comparison) -> Trust:
    run = contestant.representative
    effect = comparison.sample.design_effect(run.predictions == run.labels)
    scaled = calibrated(run)
    before, after = (measure_calibration(scores, run.labels, effect) for scores in (run.scores, scaled.scores))
    return Trust(contestant, scaled.temperature, before, after, selective_curve(scaled.scores, run.labels))


def calibration_table(trusts: list[Trust]) -> Table:
    """ECE, NLL and Brier score, before and after."""
    rows = tuple(
        Row(
            (
                Cell(trust.name),
                Cell(stage),
                number_cell(measured.corrected, percent, percent_range(measured.interval)),
                *(number_cell(x, "{:.3f}".format) for x in (measured.negative_log_likelihood, measured.brier)),
            ),
            trust.contestant.side,
        )
        for trust in trusts
        for stage, measured in (("as trained", trust.before), (f"scores / {trust.temperature:.3g}", trust.after))
    )
    columns = ("experiment", "scores", "calibration error", "negative log-likelihood", "Brier score")
    return Table("Calibration on the test split; the temperature is fitted on validation", columns, rows)


@styled
def draw_selective(trusts: list[Trust]) -> Figure:
    """One curve for each finalist."""
    canvas, (axes,) = new_canvas(270)
    for trust in trusts:
        side, curve, n = trust.contestant.side, trust.curve, len(trust.curve.coverage)
        first = max(int(LEAST_COVERAGE * n), 1) - 1
        shown = sorted({*range(first, n, max((n - first) // N_DRAWN, 1)), n - 1})
        dashes = "-" if side == "hand-crafted" else (0, (5, 2))
        axes.plot(curve.coverage[shown], curve.accuracy[shown], color=side_color(side), linestyle=dashes)
        axes.plot(1, curve.accuracy[-1], marker=MARKERS[side], color=side_color(side))
    axes.set(xlim=(0, 1.02), xlabel="share of the pictures that is answered, the surest first", ylabel="share right")
    percent_axis(axes.xaxis)
    percent_axis(axes.yaxis)
    side_legend(axes, loc="lower left")
    alt = "Accuracy against coverage of both finalists. " + " ".join(
        f"{t.name}: {percent(t.curve.accuracy_at(1.0))} of all, {percent(t.curve.accuracy_at(0.5))} of the surest half."
        for t in trusts
    )
    caption = (
        "Selective accuracy: share right among the pictures of highest confidence (after temperature scaling). At the "
        "right end every picture is answered."
    )
    return finish(canvas, "selective", caption, alt, _table(trusts))


def _table(trusts: list[Trust]) -> Table:
    rows = tuple(
        Row(
            (Cell(t.name), *(number_cell(t.curve.accuracy_at(share), percent) for share in COVERAGES)),
            t.contestant.side,
        )
        for t in trusts
    )
    columns = ("experiment", *(f"surest {100 * c:.0f} %" if c < 1 else "all" for c in COVERAGES))
    return Table("Accuracy among the surest pictures", columns, rows)
