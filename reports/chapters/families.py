"""Chapter on feature families: what each does alone, and what leaving it out costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

from matplotlib.axes import Axes

from bakeoff.reports.canvas.axes import new_canvas, percent_axis, points_axis, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table
from bakeoff.reports.canvas.formats import listing, p_number, percent, percent_range, points, points_range, short
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference, holm
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.seeds import Interval


@chapter(160)
def families_section(comparison: Comparison) -> Section | None:
    """None if no experiment shows a feature family alone or leaves one out."""
    families = find_families(comparison)
    if not families:
        return None
    figure = draw_families(comparison, families)
    return Section("features", "What each feature adds", (describe_families(comparison, families),), (figure,))


ALL = "classic"
LEFT_OUT = "classic-without-"
ALONE = ("color-histogram", "hog", "sift-bow", "pca")
WIDE, NARROW = 680, 540  # with and without the panel of losses


@dataclass(frozen=True)
class Family:
    """alone: the experiment with this family only, its score and interval.   loss: all families minus all but this one.

    shown: whether that difference stands among those of all families (Holm).
    """

    name: str
    alone: Contestant | None
    score: float
    interval: Interval
    loss: PairedDifference | None
    shown: bool = False


def find_families(comparison: Comparison) -> list[Family]:
    """The families that some experiment shows alone or leaves out, the most accurate alone first."""
    complete = comparison.named(ALL)
    names = [c.experiment for c in comparison.contestants]
    known = [n for n in names if n in ALONE]
    known += [n.removeprefix(LEFT_OUT) for n in names if n.startswith(LEFT_OUT)]
    families = []
    for name in dict.fromkeys(known):
        without = comparison.named(f"{LEFT_OUT}{name}")
        loss = comparison.compare(complete, without) if complete and without else None
        alone = comparison.named(name)
        score, interval = (comparison.score(alone), comparison.interval(alone)) if alone else (0.0, (0.0, 0.0))
        families.append(Family(name, alone, score, interval, loss))
    adjusted = iter(holm([f.loss.p_value for f in families if f.loss]))
    families = [replace(f, shown=f.loss.stands(next(adjusted))) if f.loss else f for f in families]
    return sorted(families, key=lambda f: -f.score)


@styled
def draw_families(comparison: Comparison, families: list[Family]) -> Figure:
    """Left: accuracy alone, and of all together. Right, if any family was left out: points lost by that."""
    missed = any(family.loss for family in families)
    width = WIDE if missed else NARROW
    canvas, panels = new_canvas(90 + 34 * len(families), 1 + missed, width, sharey=True)
    complete = comparison.named(ALL)
    _draw_alone(panels[0], families, comparison.score(complete) if complete else None)
    for axes in panels[1:]:
        _draw_losses(axes, families)
    for axes in panels:
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
    panels[0].set_yticks(range(len(families)), [short(f.name) for f in families])
    panels[0].set_ylim(len(families) - 0.4, -0.6)
    alt = f"Bars and intervals for {len(families)} feature families. {describe_families(comparison, families)}"
    caption = "Each feature family alone, with 95 % intervals."
    if missed:
        caption = (
            "Each feature family alone, and what all of them together lose without it, with 95 % intervals (paired on "
            "the right). A family can be strong alone and yet add little, where others see the same."
        )
    picture = to_svg(canvas, "families", alt)
    return Figure("families", caption, alt, picture, _table(families), wide=missed, width=width)


def _draw_alone(axes: Axes, families: list[Family], complete: float | None) -> None:
    axes.set_title("alone (line: all together)" if complete is not None else "alone", color=LIGHT["muted"])
    for row, family in enumerate(families):
        if family.alone:
            axes.barh(row, family.score, height=0.5, color=LIGHT["hand"], alpha=0.35, linewidth=0)
            axes.plot(family.interval, [row, row], color=LIGHT["hand"])
    if complete is not None:
        axes.axvline(complete, color=LIGHT["ink"], linewidth=1.2)
    axes.set_xlim(left=0)
    percent_axis(axes.xaxis)


def _draw_losses(axes: Axes, families: list[Family]) -> None:
    axes.set_title("points lost when left out", color=LIGHT["muted"])
    for row, family in enumerate(families):
        if family.loss:
            axes.plot(family.loss.interval, [row, row], color=LIGHT["hand"], alpha=0.6)
            axes.plot(family.loss.difference, row, "s", color=LIGHT["hand"], markersize=7)
    axes.axvline(0, color=LIGHT["ink"], linewidth=1)
    points_axis(axes.xaxis)


def describe_families(comparison: Comparison, families: list[Family]) -> str:
    """The strongest family alone, the one that is missed most, and those whose loss is none or not shown."""
    sentences = []
    complete = comparison.named(ALL)
    alone = [f.alone for f in families if f.alone]
    if alone:
        together = f"; all together reach {percent(comparison.score(complete))}" if complete else ""
        equal = _not_told_apart(comparison, alone)
        doubt = f" (no difference from {listing(equal)} is shown)" if equal else ""
        best = percent(comparison.score(alone[0]))
        sentences.append(f"Alone, {alone[0].experiment} is the strongest with {best}{doubt}{together}.")
    missed = [(f, f.loss) for f in families if f.loss]
    if missed:
        family, loss = max(missed, key=lambda item: item[1].difference)
        if family.shown and loss.difference > 0:
            sentences.append(
                f"Most is lost without {family.name}: {points(loss.difference, signed=False)} points "
                f"({points_range(loss.interval)})."
            )
        sentences += [
            f"Leaving out {f.name} helps: {points(-loss.difference)} points "
            f"({points_range((-loss.interval[1], -loss.interval[0]))})."
            for f, loss in missed
            if f.shown and loss.difference < 0
        ]
        idle = [f.name for f, _ in missed if not f.shown]
        if idle:
            sentences.append(f"Leaving out {' or '.join(idle)} makes no difference that this test could show.")
    return " ".join(sentences)


def _not_told_apart(comparison: Comparison, ranked: list[Contestant]) -> list[str]:
    """Whom the first, best on the test pictures, is not shown to beat: of all pairs, as the test pictures chose it."""
    pairs = list(combinations(ranked, 2))
    tests = [comparison.compare(*pair) for pair in pairs]
    adjusted = holm([test.p_value for test in tests])
    return [
        b.experiment for (a, b), t, p in zip(pairs, tests, adjusted, strict=True) if a is ranked[0] and not t.stands(p)
    ]


def _table(families: list[Family]) -> Table:
    blank = Cell("–")
    rows = []
    for family in families:
        alone, loss = family.alone, family.loss
        rows.append(
            Row(
                (
                    Cell(family.name),
                    Cell(percent(family.score), family.score) if alone else blank,
                    Cell(percent_range(family.interval), family.interval[0]) if alone else blank,
                    Cell(points(loss.difference), loss.difference) if loss else blank,
                    Cell(points_range(loss.interval), loss.interval[0]) if loss else blank,
                    Cell(p_number(loss.p_value), loss.p_value) if loss else blank,
                )
            )
        )
    columns = ("family", "alone", "95 % interval", "points lost without it", "95 % interval of the loss", "p")
    return Table("Feature families alone and left out", columns, tuple(rows), folded=True)
