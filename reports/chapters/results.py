"""Result tables: the finalists on the first screen, and every experiment in a chapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bakeoff.pipelines.results.run import Clock
from bakeoff.reports.canvas.elements import Cell, Row, Section, Table, number_cell
from bakeoff.reports.canvas.formats import bytes_size, count, listing, percent, percent_range, plural, points, seconds
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.participants import Participant

COLUMNS = ("experiment", "accuracy", "macro F1", "parameters", "total", "peak memory")
REFIT = "; learned from validation pictures too"


def summary_table(comparison: Comparison) -> Table:
    """The first screen's table: the finalists, the best frozen net if one took part, and the dummy."""
    shown = (*comparison.finalists, *([comparison.frozen] if comparison.frozen else []))
    rows = tuple(
        Row(
            (
                Cell(c.experiment, note=f"{c.side}{REFIT if c.is_refit else ''}"),
                *_fold_cells(c, comparison),
                *_lead_cells(c, comparison),
                number_cell(comparison.seconds(c), seconds),
                _selection_cell(c, comparison),
                number_cell(c.peak_memory_bytes, bytes_size),
            ),
            c.side,
        )
        for c in sorted(shown, key=lambda c: -comparison.score(c))
    )
    always = [Cell(percent(share)) for share in comparison.dummy_shares[: 1 + comparison.is_unbalanced]]
    if comparison.folds:
        always.insert(0, Cell(percent(comparison.best_constant)))
    dummy = Row((Cell("always the same class", note="for scale"), *always, Cell(""), Cell(""), Cell("")))
    leads = ("balanced accuracy", "test accuracy") if comparison.is_unbalanced else ("test accuracy",)
    out_of_fold = (f"{comparison.measure} out of fold",) if comparison.folds else ()
    columns = ("finalist", *out_of_fold, *leads, comparison.clock, "with its choice", "peak memory")
    caption = (
        "The best of each side, chosen on validation; “with its choice” is the time of all that the side tried, "
        "among which it was chosen"
    )
    if comparison.folds:
        caption += f"; out of fold: {comparison.folds.describe()}; test: the one split that it was chosen beside"
    return Table(caption, columns, (*rows, dummy))


def _fold_cells(c: Contestant, comparison: Comparison) -> tuple[Cell, ...]:
    """What the verdict rests on, where there are folds."""
    if comparison.folds is None:
        return ()
    if c not in comparison.finalists:
        return (Cell("–"),)
    score = comparison.leading_score(c)
    return (number_cell(score, percent, percent_range(comparison.folds.interval(c.experiment))),)


def _selection_cell(c: Contestant, comparison: Comparison) -> Cell:
    side = [other for other in comparison.contestants if other.side == c.side]
    if c.contest:
        return number_cell(c.contest["spent"], seconds, f"of {seconds(c.contest['budget'])} of processor time")
    return number_cell(selection_seconds(side, comparison.clock), seconds, plural(len(side), "experiment"))


def selection_seconds(contestants: Sequence[Contestant], clock: Clock) -> float:
    """What all runs of these experiments took together; a stage that several share is counted once."""
    stages = {replace(stage, reused=False) for c in contestants for run in c.runs for stage in run.stages}
    return sum(stage.spent(clock) for stage in stages)


def _lead_cells(p: Participant, comparison: Comparison) -> tuple[Cell, ...]:
    """The score with its interval and spread over seeds, and the accuracy where the score is another."""
    score = comparison.score(p)
    spread = f", ±{points(p.spread, signed=False)}" if len(p.correct) > 1 else ""
    lead = number_cell(score, percent, percent_range(comparison.interval(p)) + spread)
    return (lead, number_cell(p.accuracy, percent)) if comparison.is_unbalanced else (lead,)


def result_table(comparison: Comparison) -> Table:
    """Everything measured, one row for each experiment and each guest, best first."""
    columns = ("experiment", "balanced", *COLUMNS[1:]) if comparison.is_unbalanced else COLUMNS
    rows = [
        _result_row(p, comparison) if isinstance(p, Contestant) else _guest_row(p, comparison, len(columns))
        for p in comparison.everyone
    ]
    shares = comparison.dummy_shares[: 1 + comparison.is_unbalanced]
    dummy = [Cell("always the same class"), *(Cell(percent(share), share) for share in shares)]
    dummy += [Cell("–")] * (len(columns) - len(dummy))
    caption = (
        f"All experiments, by {comparison.measure} on test; 95 % intervals; times are {comparison.clock}, in brackets "
        "or below those of features, training and prediction"
    )
    return Table(caption, columns, (*rows, Row(tuple(dummy))))


def _result_row(c: Contestant, comparison: Comparison) -> Row:
    size = c.runs[0].size
    notes = [c.title if c.title != c.experiment else "", f"{len(c.runs)} seeds" if len(c.runs) > 1 else ""]
    parts = [seconds(comparison.seconds(c, kind)) for kind in ("features", "training", "prediction")]  # type: ignore[arg-type]
    return Row(
        (
            Cell(c.experiment, note=", ".join(note for note in notes if note) + (REFIT if c.is_refit else "")),
            *_lead_cells(c, comparison),
            number_cell(c.macro_f1, "{:.3f}".format),
            number_cell(size.parameters, count, bytes_size(size.bytes)),
            number_cell(comparison.seconds(c), seconds, " + ".join(parts)),
            number_cell(c.peak_memory_bytes, bytes_size),
        ),
        c.side,
        c in comparison.finalists,
    )


def _guest_row(guest: Participant, comparison: Comparison, n_columns: int) -> Row:
    """What it costs is not known: others trained it."""
    cells = (Cell(guest.experiment, note=f"guest: {guest.title}"), *_lead_cells(guest, comparison))
    cells = (*cells, Cell(f"{guest.macro_f1:.3f}", guest.macro_f1))
    return Row((*cells, *[Cell("–")] * (n_columns - len(cells))), guest.side)


@chapter(120)
def results_section(comparison: Comparison) -> Section:
    n_test = len(comparison.task.test_labels)
    counts = [(sum(c.side == side for c in comparison.contestants), side) for side in comparison.sides]
    text = (
        f"{listing([plural(n, f'{side} experiment') for n, side in counts])}, all "
        f"tested on the same {plural(n_test, 'picture')}. Rows in bold are the finalists: the best of each side on "
        "validation, so that the test pictures took no part in the choice."
    )
    texts = [text, _seed_statement(comparison)]
    if comparison.is_unbalanced:
        texts.insert(1, _balance_statement(comparison))
    if comparison.visitors:
        texts.append(_guest_statement(comparison))
    return Section("results", "All results", tuple(texts), (result_table(comparison),))


def _balance_statement(comparison: Comparison) -> str:
    return (
        f"The classes differ much in size: always answering the most frequent one would be right on "
        f"{percent(comparison.majority)} of the test pictures. So the finalists, the order of this table, the tests "
        "and the verdict go by balanced accuracy, the mean over classes of the share classified correctly, in which a "
        "rare class counts as much as a frequent one. How sure it is depends on the rare classes. Each training still "
        "chose its own settings by accuracy."
    )


def _guest_statement(comparison: Comparison) -> str:
    sources = listing(list(dict.fromkeys(visitor.source for visitor in comparison.visitors)))
    return (
        f"{plural(len(comparison.visitors), 'published model')} joined the table as guests, for scale: others "
        f"trained them and published what they say about each of these test pictures ({sources}). Their time and "
        "memory are not known, and neither the choice of the finalists nor the verdict asks them."
    )


def _seed_statement(comparison: Comparison) -> str:
    repeated = [c for c in comparison.contestants if len(c.runs) > 1]
    if not repeated:
        return (
            "Every experiment was run with one seed. What another seed would change is assumed, and part of the "
            "intervals."
        )
    names = listing([f"{c.experiment} ({len(c.runs)})" for c in repeated])
    rest = "; the others ran once" if len(repeated) < len(comparison.contestants) else ""
    return (
        f"Run with several seeds: {names}{rest}. Such a row shows the mean, the standard deviation over seeds after "
        "±, and an interval for both sources of chance, the test pictures and the seed."
    )
