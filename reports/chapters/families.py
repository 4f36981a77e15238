"""Chapter on feature families: what each does alone, and what leaving it out costs."""

from dataclasses import dataclass
from itertools import combinations

from bakeoff.reports.canvas.elements import Section, Table, difference_cells, share_cell, table_row
from bakeoff.reports.canvas.formats import in_points, listing, percent, points_range
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference, holm
from bakeoff.reports.statistics.comparison import Comparison, Contestant

ALL = "classic"
LEFT_OUT = "classic-without-"
ALONE = ("color-histogram", "hog", "sift-bow", "pca")


@dataclass(frozen=True)
class Family:
    """alone: the experiment with this family only.   loss: all families minus all but this one.

    equals: families after it in this order from which it is not shown to differ, each alone.
    """

    name: str
    alone: Contestant | None
    loss: PairedDifference | None
    equals: tuple[str, ...] = ()


@chapter(160)
def families_section(comparison: Comparison) -> Section | None:
    """None if no experiment shows a feature family alone or leaves one out."""
    families = find_families(comparison)
    if not families:
        return None
    rows = []
    for family in families:
        one, loss = family.alone, family.loss
        alone = share_cell(comparison.score(one), comparison.interval(one)) if one else None
        lost = difference_cells(loss.difference, loss.interval, loss.p_holm) if loss else (None, None)
        rows.append(table_row(family.name, alone, *lost))
    caption = "Each family alone, and the loss without it; 95 % intervals, p corrected over all tests of this chapter"
    table = Table(caption, ("family", "alone", "points lost without it", "p, Holm"), rows)
    return Section("features", "What each feature adds", [describe_families(comparison, families)], [table])


def find_families(comparison: Comparison) -> list[Family]:
    """The families that some experiment shows alone or leaves out, the most accurate alone first.

    All tests of the chapter, of losses and between any two alone, are corrected together: the test pictures choose
    which of them are told.
    """
    names = [c.experiment for c in comparison.contestants]
    known = [n for n in names if n in ALONE] + [n.removeprefix(LEFT_OUT) for n in names if n.startswith(LEFT_OUT)]
    alone = {name: comparison.named(name) for name in dict.fromkeys(known)}
    ranked = sorted(alone, key=lambda name: -comparison.score(c) if (c := alone[name]) else 0.0)
    pairs = {(name, ALL): (comparison.named(ALL), comparison.named(f"{LEFT_OUT}{name}")) for name in ranked}
    pairs |= {(a, b): (alone[a], alone[b]) for a, b in combinations(ranked, 2)}
    tests = {key: comparison.compare(a, b) for key, (a, b) in pairs.items() if a and b}
    tests = dict(zip(tests, holm(tests.values()), strict=True))
    equals = [key for key, test in tests.items() if key[1] != ALL and not test.is_shown]
    return [
        Family(name, alone[name], tests.get((name, ALL)), tuple(b for a, b in equals if a == name)) for name in ranked
    ]


def describe_families(comparison: Comparison, families: list[Family]) -> str:
    """The strongest family alone, the one whose loss is largest, and those whose loss is negative or not shown."""
    sentences, complete, first = [], comparison.named(ALL), families[0]
    if first.alone:
        together = f"; all together reach {percent(comparison.score(complete))}" if complete else ""
        doubt = f" (no difference from {listing(first.equals)} is shown)" if first.equals else ""
        score = percent(comparison.score(first.alone))
        sentences.append(f"{first.name} is the strongest family alone, with {score}{doubt}{together}.")
    losses = {f.name: f.loss for f in families if f.loss}
    shown = {name: loss for name, loss in losses.items() if loss.is_shown}
    name = max(shown, key=lambda name: shown[name].difference, default="")
    if name and shown[name].difference > 0:
        loss = f"{in_points(shown[name].difference)} ({points_range(shown[name].interval)})"
        sentences.append(f"Leaving out {name} costs the most: {loss}.")
    harmful = [name for name, loss in shown.items() if loss.difference < 0]
    if harmful:
        sentences.append(f"Accuracy is higher without {listing(harmful)}.")
    idle = [name for name in losses if name not in shown]
    if idle:
        sentences.append(f"No difference is shown from leaving out {listing(idle, 'or')}.")
    return " ".join(sentences)
