"""Result tables: the finalists on the first screen, and every experiment in a chapter."""

from collections.abc import Sequence
from dataclasses import replace

from bakeoff.pipelines.results.run import Clock
from bakeoff.reports.canvas.elements import Cell, Section, Table, TableRow, number_cell, share_cell, table_row
from bakeoff.reports.canvas.formats import bytes_size, count, listing, percent, percent_range, plural, points, seconds
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.participants import Participant

COLUMNS = ("experiment", "accuracy", "macro F1", "parameters", "total", "peak memory")
REFIT = "; refit with validation pictures"


def summary_table(comparison: Comparison) -> Table:
    """The first screen's table: the finalists, the best frozen net if one took part, and the majority class."""
    shown, folds = (*comparison.finalists, *([comparison.frozen] if comparison.frozen else [])), comparison.folds
    rows = []
    for c in sorted(shown, key=lambda c: -comparison.score(c)):
        costs = number_cell(comparison.seconds(c), seconds), _selection_cell(c, comparison)
        name = Cell(c.experiment, note=f"{c.side}{REFIT if c.is_refit else ''}")
        cells = (*_lead_cells(c, comparison), *costs, number_cell(c.peak_memory_bytes, bytes_size))
        if folds and c in comparison.finalists:
            cells = (share_cell(folds.score(c.experiment), folds.interval(c.experiment)), *cells)
        rows.append(table_row(name, *[None] * bool(folds and c not in comparison.finalists), *cells, side=c.side))
    always = [share_cell(share) for share in comparison.dummy_shares[: 1 + comparison.is_unbalanced]]
    if folds:
        always.insert(0, share_cell(comparison.best_constant))
    rows.append(table_row(Cell("majority class", note="baseline"), *always, *[None] * 3))
    leads = ("balanced accuracy", "test accuracy") if comparison.is_unbalanced else ("test accuracy",)
    out_of_fold = [f"{comparison.measure} out of fold"] if folds else []
    columns = ("finalist", *out_of_fold, *leads, comparison.time, "with selection", "peak memory")
    caption = (
        "The best of each side, chosen on validation; “with selection” is the "
        f"{'processor time' if comparison.hand_crafted.contest else 'time'} of everything that the side tried"
    )
    if folds:
        caption += f"; out of fold: {folds.describe()}; test: the one split on which it was found"
    return Table(caption, columns, rows)


def _selection_cell(c: Contestant, comparison: Comparison) -> Cell:
    if c.contest:
        return number_cell(c.contest["spent"], seconds, f"of {seconds(c.contest['budget'])}")
    side = comparison.of_side(c.side)
    return number_cell(selection_seconds(side, comparison.clock), seconds, plural(len(side), "experiment"))


def selection_seconds(contestants: Sequence[Contestant], clock: Clock) -> float:
    """What all runs of these experiments took together; a stage that several share is counted once."""
    stages = dict.fromkeys(replace(stage, reused=False) for c in contestants for run in c.runs for stage in run.stages)
    return sum(stage.spent(clock) for stage in stages)


def _lead_cells(p: Participant, comparison: Comparison) -> tuple[Cell, ...]:
    """The score with its interval and spread over seeds, and the accuracy where the score is another."""
    spread = ""
    if len(p.correct) > 1:
        spread = f", ±{points(float(comparison.sample.mean(p.correct).std(ddof=1)), signed=False)}"
    lead = number_cell(comparison.score(p), percent, percent_range(comparison.interval(p)) + spread)
    return (lead, share_cell(p.accuracy)) if comparison.is_unbalanced else (lead,)


def result_table(comparison: Comparison) -> Table:
    """Everything measured, one row for each experiment and each published model, best first."""
    columns = ("experiment", "balanced", *COLUMNS[1:]) if comparison.is_unbalanced else COLUMNS
    rows = [_result_row(p, comparison) for p in comparison.everyone]
    always = map(share_cell, comparison.dummy_shares[: 1 + comparison.is_unbalanced])
    rows.append(table_row("majority class", *always, *[None] * 4))
    repeated = any(len(c.runs) > 1 for c in comparison.contestants)
    seeds = ", of several seeds the mean ± standard deviation" if repeated else ""
    caption = (
        f"All experiments, by {comparison.measure} on test{seeds}; "
        f"95 % intervals; times are {comparison.time}: in total, and of features + training + prediction"
    )
    return Table(caption, columns, rows)


def _result_row(p: Participant, comparison: Comparison) -> TableRow:
    """Of a published model without its cost, which is not known."""
    leads = (*_lead_cells(p, comparison), number_cell(p.macro_f1, "{:.3f}".format))
    if not isinstance(p, Contestant):
        return table_row(Cell(p.experiment, note=f"published model: {p.title}"), *leads, *[None] * 3, side=p.side)
    size = p.runs[0].size
    notes = [p.title if p.title != p.experiment else "", f"{len(p.runs)} seeds" if len(p.runs) > 1 else ""]
    parts = [seconds(comparison.seconds(p, kind)) for kind in ("features", "training", "prediction")]  # type: ignore[arg-type]
    return table_row(
        Cell(p.experiment, note=", ".join(filter(None, notes)) + (REFIT if p.is_refit else "")),
        *leads,
        number_cell(size.parameters, count, bytes_size(size.bytes)),
        number_cell(comparison.seconds(p), seconds, " + ".join(parts)),
        number_cell(p.peak_memory_bytes, bytes_size),
        side=p.side,
        strong=p in comparison.finalists,
    )


@chapter(120)
def results_section(comparison: Comparison) -> Section:
    counts = [plural(len(comparison.of_side(side)), f"{side} experiment") for side in comparison.sides]
    texts = [
        f"{listing(counts)}, all tested on the same "
        f"{plural(len(comparison.task.test_labels), 'picture')}. The finalists, in bold, are the best of each side on "
        "validation, so the test pictures had no part in choosing them.",
    ]
    if comparison.is_unbalanced:
        texts.append(
            "The classes differ widely in size: the majority class alone would be right on "
            f"{percent(comparison.majority)} of the test pictures. So the finalists, the order of this table, the "
            "tests and the verdict are based on balanced accuracy, the mean of the accuracies of all classes, in which "
            "a rare class counts as much as a frequent one; its interval depends mostly on the rare classes. By "
            "default both sides also weight the classes in training and choose their settings by it."
        )
    if comparison.guests:
        sources = listing(list(dict.fromkeys(guest.source for guest in comparison.guests)))
        texts.append(
            f"For scale, the table includes {plural(len(comparison.guests), 'published model')}, trained by others, "
            f"whose predictions for these test pictures are public ({sources}). Their cost is not known, and they have "
            "no part in the choice of the finalists or in the verdict."
        )
    return Section("results", "All results", texts, [result_table(comparison)])
