"""Reliability diagrams: how often a stated confidence is right."""

from __future__ import annotations

from dataclasses import dataclass

from bakeoff.reports.canvas.axes import MARKERS, new_canvas, percent_axis, side_color, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Table
from bakeoff.reports.canvas.formats import percent, percent_range, short
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.statistics.calibration import Calibration, ReliabilityBin
from bakeoff.reports.statistics.comparison import Contestant

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
