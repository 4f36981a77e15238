"""Chapter on the classes: accuracy of both finalists in each, and which are confused."""

import numpy as np

from bakeoff.reports.canvas.elements import Section, Table, number_cell, share_cell, table_row
from bakeoff.reports.canvas.formats import count, listing, points
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.accuracy import compare_paired, holm
from bakeoff.reports.statistics.comparison import SIDES, Comparison, Contestant

MAX_NAMED = 6  # in the sentence
N_MISTAKES = 8  # of either finalist, in the table


@chapter(150)
def classes_section(comparison: Comparison) -> Section:
    rows = [
        table_row(c.experiment, true, said, share_cell(share), side=c.side)
        for c in comparison.finalists
        for true, said, share in worst_confusions(c, N_MISTAKES)
    ]
    mistakes = Table("The most frequent mistakes", ("finalist", "true class", "answer", "share of the class"), rows)
    return Section("classes", "Accuracy by class", [describe_classes(comparison)], (class_table(comparison), mistakes))


def class_accuracies(comparison: Comparison) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(classes with test pictures, accuracy of the hand-crafted and of the end-to-end finalist in each)."""
    present = np.flatnonzero(comparison.hand_crafted.confusion.sum(axis=1))
    hand, net = (np.diag(c.confusion)[present] / c.confusion.sum(axis=1)[present] for c in comparison.finalists)
    return present, hand, net


def describe_classes(comparison: Comparison) -> str:
    """Who is ahead in how many classes, and where that is shown by tests that hold together (Holm)."""
    classes, hand, net = class_accuracies(comparison)
    tests, sample, names = [], comparison.sample.unweighted, comparison.task.class_names
    spreads = comparison.spreads["hand-crafted"], comparison.spreads["end-to-end"]
    for label in classes:
        own = sample.labels == label
        hand_right, net_right = (c.correct[:, own] for c in comparison.finalists)
        tests.append(compare_paired(hand_right, net_right, sample.take(own), spreads))
    shown = [(names[label], test.difference) for label, test in zip(classes, holm(tests), strict=True) if test.is_shown]
    named = [f"{name} ({points(gap)})" for name, gap in sorted(shown, key=lambda item: -abs(item[1]))]
    more = [f"{len(named) - MAX_NAMED} more"] if len(named) > MAX_NAMED else []
    told = f"in {listing(named[:MAX_NAMED] + more)}" if shown else "in no class"
    return (
        f"Hand-crafted features are ahead in {int((hand > net).sum())} of {len(classes)} classes and end-to-end "
        f"training in {int((hand < net).sum())}. After Holm's correction over the classes, a difference is shown {told}"
        f"{' (points, hand-crafted minus end-to-end)' if shown else ''}."
    )


def class_table(comparison: Comparison) -> Table:
    """From the classes where hand-crafted features lead most to those where they trail most."""
    task, rows = comparison.task, []
    found = zip(*(values.tolist() for values in class_accuracies(comparison)), strict=True)
    for label, hand, net in sorted(found, key=lambda item: item[2] - item[1]):
        counts = [number_cell(task.class_counts[split][label], count) for split in ("train", "test")]
        rows.append(
            table_row(task.class_names[label], *counts, *map(share_cell, (hand, net)), number_cell(hand - net, points))
        )
    columns = ("class", "training pictures", "test pictures", *SIDES, "difference in points")
    return Table("Accuracy by class, from the largest lead of hand-crafted features on", columns, rows)


def worst_confusions(contestant: Contestant, n_pairs: int) -> list[tuple[str, str, float]]:
    """The (true class, answer, share of the true class) off the diagonal with the largest shares."""
    names, confusion = contestant.class_names, contestant.confusion
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    order = np.argsort(-shares, axis=None, kind="stable")[:n_pairs]
    pairs = zip(*np.unravel_index(order, shares.shape), strict=True)
    return [(names[true], names[said], float(shares[true, said])) for true, said in pairs if shares[true, said] > 0]
