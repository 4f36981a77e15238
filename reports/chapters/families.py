"""Chapter on feature families: what each does alone, and what leaving it out costs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from matplotlib.axes import Axes

from bakeoff.reports.canvas.axes import WIDE, WIDTH, finish, name_rows, new_canvas, percent_axis, points_axis, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table, number_cell
from bakeoff.reports.canvas.formats import listing, p_number, percent, percent_range, points, points_range, short
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference, holm
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.seeds import Interval

ALL = "classic"
LEFT_OUT = "classic-without-"
ALONE = ("color-histogram", "hog", "sift-bow", "pca")


@dataclass(frozen=True)
class Family:
    """alone: the experiment with this family only, its score and interval.   loss: all families minus all but this one.

    equals: families after it in this order from which it is not shown to differ, each alone.
    """

    name: str
    alone: Contestant | None
    score: float
    interval: Interval
    loss: PairedDifference | None
    equals: tuple[str, ...] = ()


@chapter(160)
def families_section(comparison: Comparison) -> Section | None:
    """None if no experiment shows a feature family alone or leaves one out."""
    families = find_families(comparison)
    if not families:
        return None
    figure = draw_families(comparison, families)
    return Section("features", "What each feature adds", (describe_families(comparison, families),), (figure,))


def find_families(comparison: Comparison) -> list[Family]:
    """The families that some experiment shows alone or leaves out, the most accurate alone first.

    All tests of the chapter, of losses and between any two alone, are corrected together: the test pictures choose
    which of them are told.
    """
    names = [c.experiment for c in comparison.contestants]
    known = [n for n in names if n in ALONE] + [n.removeprefix(LEFT_OUT) for n in names if n.startswith(LEFT_OUT)]
    alone = {name: comparison.named(name) for name in dict.fromkeys(known)}
    scores = {name: comparison.score(c) if c else 0.0 for name, c in alone.items()}
    ranked = sorted(alone, key=lambda name: -scores[name])
    complete, tests = comparison.named(ALL), {}
    for name in ranked:
        without = comparison.named(f"{LEFT_OUT}{name}")
        if complete and without:
            tests[name, ALL] = comparison.compare(complete, without)
    for first, second in combinations(ranked, 2):
        a, b = alone[first], alone[second]
        if a and b:
            tests[first, second] = comparison.compare(a, b)
    tests = dict(zip(tests, holm(tests.values()), strict=True))
    families = []
    for name in ranked:
        one = alone[name]
        interval = comparison.interval(one) if one else (0.0, 0.0)
        equals = tuple(b for (a, b), test in tests.items() if a == name and b != ALL and not test.is_shown)
        families.append(Family(name, one, scores[name], interval, tests.get((name, ALL)), equals))
    return families


@styled
def draw_families(comparison: Comparison, families: list[Family]) -> Figure:
    """Left: accuracy alone, and of all together. Right, if any family was left out: points lost by that."""
    missed = any(family.loss for family in families)
    size = (90 + 34 * len(families), 1 + missed, WIDE if missed else WIDTH)
    canvas, panels = new_canvas(*size, grid="x", sharey=True)
    complete = comparison.named(ALL)
    _draw_alone(panels[0], families, comparison.score(complete) if complete else None)
    for axes in panels[1:]:
        _draw_losses(axes, families)
    for axes in panels:
        name_rows(axes, [short(f.name) for f in families])
    alt = f"Bars and intervals for {len(families)} feature families. {describe_families(comparison, families)}"
    caption = "Each feature family alone, with 95 % intervals."
    if missed:
        caption = (
            "Each feature family alone, and what all of them together lose without it, with 95 % intervals (paired on "
            "the right). A family can be strong alone and yet add little, where others see the same."
        )
    return finish(canvas, "families", caption, alt, _table(families))


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
    sentences, complete, first = [], comparison.named(ALL), families[0]
    if first.alone:
        together = f"; all together reach {percent(comparison.score(complete))}" if complete else ""
        doubt = f" (no difference from {listing(list(first.equals))} is shown)" if first.equals else ""
        sentences.append(f"Alone, {first.name} is the strongest with {percent(first.score)}{doubt}{together}.")
    missed = [(f.name, f.loss) for f in families if f.loss]
    if missed:
        name, loss = max(missed, key=lambda item: item[1].difference)
        if loss.is_shown and loss.difference > 0:
            size = f"{points(loss.difference, signed=False)} points ({points_range(loss.interval)})"
            sentences.append(f"Most is lost without {name}: {size}.")
        sentences += [
            f"Leaving out {name} helps: {points(-loss.difference)} points "
            f"({points_range((-loss.interval[1], -loss.interval[0]))})."
            for name, loss in missed
            if loss.is_shown and loss.difference < 0
        ]
        idle = [name for name, loss in missed if not loss.is_shown]
        if idle:
            sentences.append(f"Leaving out {' or '.join(idle)} makes no difference that this test could show.")
    return " ".join(sentences)


def _table(families: list[Family]) -> Table:
    rows = []
    for family in families:
        loss, blank = family.loss, Cell("–")
        alone = (Cell(percent(family.score), family.score, percent_range(family.interval)),)
        lost = (
            number_cell(loss.difference, points, points_range(loss.interval)) if loss else blank,
            number_cell(loss.p_holm, p_number) if loss else blank,
        )
        rows.append(Row((Cell(family.name), *(alone if family.alone else (blank,)), *lost)))
    columns = ("family", "alone", "points lost without it", "p, Holm")
    caption = "Feature families alone and left out; 95 % intervals, p corrected over all tests of the chapter"
    return Table(caption, columns, tuple(rows), folded=True)
