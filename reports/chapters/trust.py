"""Chapter on confidence: calibration of both finalists, and how right they are where they are sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import softmax

from bakeoff.reports.canvas.axes import MARKERS, new_canvas, percent_axis, side_color, side_handles, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table
from bakeoff.reports.canvas.formats import percent, percent_range, short
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.calibration import (
    Calibration,
    ReliabilityBin,
    calibrated,
    measure_calibration,
    reliability_bins,
)
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.selective import SelectiveCurve, selective_curve

TRUSTED = 0.95  # share right that many would accept without a second look


@chapter(200)
def trust_section(comparison: Comparison) -> Section:
    """Calibration of both finalists, and how right they are where they are sure."""
    trusts = [_measure_trust(c, comparison) for c in comparison.finalists]
    texts = " ".join(
        f"{t.contestant.experiment} has a calibration error of {percent(t.before.corrected)} as trained "
        f"({percent_range(t.before.interval)}), and of {percent(t.after.corrected)} "
        f"({percent_range(t.after.interval)}) once its scores are divided by {t.temperature:.3g}."
        for t in trusts
    )
    first = (
        "A confidence of 80 % should be right 8 times in 10. The margins of a linear SVM are not probabilities, so "
        "what is compared is either side after temperature scaling: division of its scores by one number, fitted on "
        "validation. Chance alone makes a calibration error; the numbers are without that part, with 95 % intervals."
    )
    curves = [selective_curve(calibrated(c.representative).scores, c.labels) for c in comparison.finalists]
    parts = (draw_reliability(trusts), calibration_table(trusts), draw_selective(comparison.finalists, curves))
    return Section(
        "confidence", "Can the scores be trusted", (first, texts, _describe_selective(trusts, curves)), parts
    )


def _describe_selective(trusts: list[Trust], curves: list[SelectiveCurve]) -> str:
    """How much each could answer alone, if the rest went to a person."""
    statements = [
        f"{trust.contestant.experiment} classifies {percent(curve.accuracy_at(0.5))} of the half it is surest of "
        f"correctly, and {_share_answered(curve)}"
        for trust, curve in zip(trusts, curves, strict=True)
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
    return Trust(
        contestant,
        scaled.temperature,
        measure_calibration(run.scores, run.labels, effect),
        measure_calibration(scaled.scores, run.labels, effect),
        reliability_bins(softmax(run.scores, axis=1), run.labels),
        reliability_bins(softmax(scaled.scores, axis=1), run.labels),
    )


WIDE = 680


@dataclass(frozen=True)
class Trust:
    """A finalist's calibration on the test split, before and after dividing its scores by `temperature`."""

    contestant: Contestant
    temperature: float
    before: Calibration
    after: Calibration
    bins_before: list[ReliabilityBin]
    bins_after: list[ReliabilityBin]


@styled
def draw_reliability(trusts: list[Trust]) -> Figure:
    """One panel for each finalist; the diagonal is a confidence that is right as often as it says."""
    canvas, panels = new_canvas(320, len(trusts), WIDE, sharey=True)
    for axes, trust in zip(panels, trusts, strict=True):
        side = trust.contestant.side
        axes.plot([0, 1], [0, 1], color=LIGHT["neutral"], linewidth=1)
        for bins, color, face, name in (
            (trust.bins_before, LIGHT["muted"], LIGHT["paper"], "as trained"),
            (trust.bins_after, side_color(side), side_color(side), "after scaling"),
        ):
            # Bins of a few pictures are noise.
            solid = [b for b in bins if b.count >= 10]
            axes.plot(
                [b.confidence for b in solid],
                [b.accuracy for b in solid],
                marker=MARKERS[side],
                color=color,
                markerfacecolor=face,
                markersize=6,
                linewidth=1.4,
                label=name,
            )
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="confidence", aspect="equal")
        axes.set_title(short(trust.contestant.experiment, 26), color=LIGHT["ink"])
        axes.legend(loc="lower right")
        percent_axis(axes.xaxis)
    panels[0].set_ylabel("share right")
    percent_axis(panels[0].yaxis)
    alt = "Reliability diagrams of both finalists, before and after temperature scaling. " + " ".join(
        f"{t.contestant.experiment}: expected calibration error {percent(t.before.corrected)} before, "
        f"{percent(t.after.corrected)} after."
        for t in trusts
    )
    caption = (
        "Confidence against the share that is right, in 15 bins (those of 10 pictures or more). "
        "On the diagonal a confidence means what it says."
    )
    return Figure("reliability", caption, alt, to_svg(canvas, "reliability", alt), wide=True, width=WIDE)


def calibration_table(trusts: list[Trust]) -> Table:
    """ECE, NLL and Brier score, before and after."""
    rows = []
    for trust in trusts:
        for stage, measured in (("as trained", trust.before), (f"scores / {trust.temperature:.3g}", trust.after)):
            rows.append(
                Row(
                    (
                        Cell(trust.contestant.experiment),
                        Cell(stage),
                        Cell(percent(measured.corrected), measured.corrected, percent_range(measured.interval)),
                        Cell(percent(measured.expected_calibration_error), measured.expected_calibration_error),
                        Cell(f"{measured.negative_log_likelihood:.3f}", measured.negative_log_likelihood),
                        Cell(f"{measured.brier:.3f}", measured.brier),
                    ),
                    trust.contestant.side,
                )
            )
    columns = ("experiment", "scores", "calibration error", "with chance", "negative log-likelihood", "Brier score")
    return Table("Calibration on the test split; the temperature is fitted on validation", columns, tuple(rows))


COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.5, 0.3)
N_DRAWN = 200  # points of a curve: more would not be seen
LEAST_COVERAGE = 0.05  # below, a curve is a few pictures' chance


@styled
def draw_selective(contestants: Sequence[Contestant], curves: Sequence[SelectiveCurve]) -> Figure:
    """One curve for each finalist."""
    canvas, (axes,) = new_canvas(270)
    for contestant, curve in zip(contestants, curves, strict=True):
        n = len(curve.coverage)
        first = max(int(LEAST_COVERAGE * n), 1) - 1
        shown = sorted({*range(first, n, max((n - first) // N_DRAWN, 1)), n - 1})
        dashes = "-" if contestant.side == "hand-crafted" else (0, (5, 2))
        axes.plot(curve.coverage[shown], curve.accuracy[shown], color=side_color(contestant.side), linestyle=dashes)
        axes.plot(1, curve.accuracy[-1], marker=MARKERS[contestant.side], color=side_color(contestant.side))
    axes.set(xlim=(0, 1.02), xlabel="share of the pictures that is answered, the surest first", ylabel="share right")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    percent_axis(axes.xaxis)
    percent_axis(axes.yaxis)
    axes.legend(handles=side_handles(), loc="lower left")
    alt = "Accuracy against coverage of both finalists. " + " ".join(
        f"{contestant.experiment}: {percent(curve.accuracy_at(1.0))} of all, {percent(curve.accuracy_at(0.5))} of the "
        "surest half."
        for contestant, curve in zip(contestants, curves, strict=True)
    )
    caption = (
        "Selective accuracy: share right among the pictures of highest confidence (after temperature scaling). At the "
        "right end every picture is answered."
    )
    return Figure("selective", caption, alt, to_svg(canvas, "selective", alt), _table(contestants, curves))


def _table(contestants: Sequence[Contestant], curves: Sequence[SelectiveCurve]) -> Table:
    rows = tuple(
        Row(
            (
                Cell(contestant.experiment),
                *(Cell(percent(curve.accuracy_at(c)), curve.accuracy_at(c)) for c in COVERAGES),
                Cell(f"{curve.area:.4f}", curve.area),
            ),
            contestant.side,
        )
        for contestant, curve in zip(contestants, curves, strict=True)
    )
    columns = ("experiment", *(f"surest {100 * c:.0f} %" if c < 1 else "all" for c in COVERAGES), "mean risk")
    return Table("Accuracy at a coverage; mean risk is the area under the risk-coverage curve", columns, rows)
