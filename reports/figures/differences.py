"""Forest plot of every experiment's difference to the favorite."""

from __future__ import annotations

from bakeoff.reports.canvas.axes import MARKERS, new_canvas, points_axis, side_color, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Table
from bakeoff.reports.canvas.formats import p_number, points, points_range, short
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.statistics.comparison import Comparison


def tests_table(comparison: Comparison) -> Table:
    """All paired tests against the favorite, with Holm's correction."""
    rows = tuple(
        Row(
            (
                Cell(participant.experiment, note="guest" if participant in comparison.visitors else ""),
                Cell(points(test.difference), test.difference),
                Cell(points_range(test.interval), test.interval[0]),
                Cell(f"{test.only_first:,.0f}", test.only_first),
                Cell(f"{test.only_second:,.0f}", test.only_second),
                Cell(p_number(test.p_value), test.p_value),
                Cell(p_number(adjusted), adjusted),
            ),
            participant.side,
            participant in comparison.finalists,
        )
        for participant, test, adjusted in comparison.tests
    )
    favorite = comparison.favorite.experiment
    columns = ("experiment", "points", "95 % interval", "only it right", "only favorite right", "p", "p, Holm")
    return Table(f"Paired tests against the favorite, {favorite}", columns, rows, folded=True)


@styled
def draw_differences(comparison: Comparison) -> Figure:
    """One row for each experiment: difference to the favorite in points, with its paired interval."""
    tests = comparison.tests
    canvas, (axes,) = new_canvas(70 + 24 * len(tests))
    axes.axvline(0, color=LIGHT["ink"], linewidth=1)
    for row, (participant, test, adjusted) in enumerate(tests):
        is_guest = participant in comparison.visitors
        color = LIGHT["muted"] if is_guest else side_color(participant.side)
        axes.plot(test.interval, [row, row], color=color, linewidth=2, alpha=0.6)
        filled = color if test.stands(adjusted) else LIGHT["paper"]
        axes.plot(test.difference, row, MARKERS[participant.side], color=color, markerfacecolor=filled, markersize=7)
    axes.set_yticks(range(len(tests)), [short(p.experiment, 26) for p, _, _ in tests])
    axes.set_ylim(len(tests) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel(f"points of {comparison.measure} against {short(comparison.favorite.experiment, 26)}")
    points_axis(axes.xaxis)
    n_shown = sum(test.stands(adjusted) for _, test, adjusted in tests)
    alt = (
        f"Forest plot of the {comparison.measure} of {len(tests)} experiments minus that of "
        f"{comparison.favorite.experiment}; "
        f"{n_shown} of the differences are shown after Holm's correction."
    )
    guests = (
        " Gray marks are guests: squares with fixed features, circles trained end to end."
        if comparison.visitors
        else ""
    )
    caption = (
        "Difference to the favorite on the same pictures, with 95 % intervals. A filled mark is a difference that "
        f"stands after Holm's correction and whose interval leaves out zero, an open one is not.{guests}"
    )
    return Figure("differences", caption, alt, to_svg(canvas, "differences", alt))
