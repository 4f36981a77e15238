"""What each feature family does alone, and what is lost without it."""

from __future__ import annotations

from dataclasses import dataclass

from reports.comparison import Comparison, Contestant
from reports.elements import Cell, Figure, Row, Table
from reports.figures.canvas import new_canvas, percent_axis, points_axis, styled
from reports.formats import p_number, percent, percent_range, points, points_range, short
from reports.statistics import PairedDifference, compare_paired
from reports.svg import to_svg
from reports.theme import LIGHT

ALL = "classic"
LEFT_OUT = "classic-without-"
ALONE = ("color-histogram", "hog", "sift-bow", "pca")
WIDE = 680


@dataclass(frozen=True)
class Family:
    """alone: the experiment with this family only.   loss: all families minus all but this one."""

    name: str
    alone: Contestant | None
    loss: PairedDifference | None


def find_families(comparison: Comparison) -> list[Family]:
    """The families that some experiment shows alone or leaves out, the most accurate alone first."""
    complete = comparison.named(ALL)
    names = [c.experiment for c in comparison.contestants]
    known = [n for n in names if n in ALONE]
    known += [n.removeprefix(LEFT_OUT) for n in names if n.startswith(LEFT_OUT)]
    families = []
    for name in dict.fromkeys(known):
        without = comparison.named(f"{LEFT_OUT}{name}")
        loss = compare_paired(complete.correct, without.correct) if complete and without else None
        families.append(Family(name, comparison.named(name), loss))
    return sorted(families, key=lambda f: -f.alone.accuracy if f.alone else 0.0)


@styled
def draw_families(comparison: Comparison, families: list[Family]) -> Figure:
    """Left: accuracy alone, and of all together. Right: points lost by leaving the family out."""
    complete = comparison.named(ALL)
    canvas, (alone, loss) = new_canvas(90 + 34 * len(families), 2, WIDE, sharey=True)
    color = LIGHT["hand"]
    for row, family in enumerate(families):
        if family.alone:
            alone.barh(row, family.alone.accuracy, height=0.5, color=color, alpha=0.35, linewidth=0)
            alone.plot(family.alone.interval, [row, row], color=color)
        if family.loss:
            loss.plot(family.loss.interval, [row, row], color=color, alpha=0.6)
            loss.plot(family.loss.difference, row, "s", color=color, markersize=7)
    if complete:
        alone.axvline(complete.accuracy, color=LIGHT["ink"], linewidth=1.2)
    loss.axvline(0, color=LIGHT["ink"], linewidth=1)
    alone.set_xlim(left=0)
    alone.set_yticks(range(len(families)), [short(f.name) for f in families])
    alone.set_ylim(len(families) - 0.4, -0.6)
    for axes, title in ((alone, "alone (line: all together)"), (loss, "points lost when left out")):
        axes.set_title(title, color=LIGHT["muted"])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
    percent_axis(alone.xaxis)
    points_axis(loss.xaxis)
    alt = f"Bars and intervals for {len(families)} feature families. {describe_families(comparison, families)}"
    caption = (
        "Each feature family alone, and what all of them together lose without it, with 95 % intervals (paired on the "
        "right). A family can be strong alone and yet add little, where others see the same."
    )
    picture = to_svg(canvas, "families", alt)
    return Figure("families", caption, alt, picture, _table(families), wide=True, width=WIDE)


def describe_families(comparison: Comparison, families: list[Family]) -> str:
    """The strongest family alone, and the one that is missed most."""
    sentences = []
    complete = comparison.named(ALL)
    alone = [f for f in families if f.alone]
    if alone and alone[0].alone:
        together = f"; all together reach {percent(complete.accuracy)}" if complete else ""
        sentences.append(f"Alone, {alone[0].name} is the strongest with {percent(alone[0].alone.accuracy)}{together}.")
    missed = [(f, f.loss) for f in families if f.loss]
    if missed:
        family, loss = max(missed, key=lambda item: item[1].difference)
        sentences.append(
            f"Most is lost without {family.name}: {points(loss.difference, signed=False)} points "
            f"({points_range(loss.interval)})."
        )
        idle = [f.name for f, loss in missed if loss.interval[0] <= 0]
        if idle:
            sentences.append(f"Leaving out {' or '.join(idle)} makes no difference that this test could show.")
    return " ".join(sentences)


def _table(families: list[Family]) -> Table:
    blank = Cell("–")
    rows = []
    for family in families:
        alone, loss = family.alone, family.loss
        rows.append(
            Row(
                (
                    Cell(family.name),
                    Cell(percent(alone.accuracy), alone.accuracy) if alone else blank,
                    Cell(percent_range(alone.interval), alone.interval[0]) if alone else blank,
                    Cell(points(loss.difference), loss.difference) if loss else blank,
                    Cell(points_range(loss.interval), loss.interval[0]) if loss else blank,
                    Cell(p_number(loss.p_value), loss.p_value) if loss else blank,
                )
            )
        )
    columns = ("family", "alone", "95 % interval", "points lost without it", "95 % interval of the loss", "p")
    return Table("Feature families alone and left out", columns, tuple(rows), folded=True)
