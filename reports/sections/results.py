"""The first screen's table, and the chapter with every result."""

from __future__ import annotations

from reports.comparison import SIDES, Comparison, Contestant
from reports.elements import Cell, Row, Section, Table
from reports.formats import bytes_size, count, listing, percent, percent_range, plural, points, seconds
from reports.participants import Participant

COLUMNS = ("experiment", "accuracy", "balanced", "macro F1", "dimensions", "parameters")
TIMES = ("features", "training", "prediction", "total", "peak memory")


def summary_table(comparison: Comparison) -> Table:
    """The first screen's table: the finalists and the dummy."""
    rows = tuple(
        Row(
            (
                Cell(c.experiment, note=c.side),
                Cell(percent(c.accuracy), c.accuracy, percent_range(c.interval)),
                Cell(seconds(c.seconds()), c.seconds()),
                Cell(bytes_size(c.peak_memory_bytes), float(c.peak_memory_bytes)),
            ),
            c.side,
        )
        for c in sorted(comparison.finalists, key=lambda c: -c.accuracy)
    )
    dummy = Row(
        (Cell("always the same class", note="for scale"), Cell(percent(comparison.majority)), Cell(""), Cell(""))
    )
    columns = ("finalist", "test accuracy", "time", "peak memory")
    return Table("The best of each side, chosen on validation", columns, (*rows, dummy))


def result_table(comparison: Comparison) -> Table:
    """Everything measured, one row for each experiment and each guest, best first."""
    rows = [_result_row(p, comparison) if isinstance(p, Contestant) else _guest_row(p) for p in comparison.everyone]
    n_classes = len(comparison.task.class_names)
    dummy = [Cell("always the same class"), Cell(percent(comparison.majority), comparison.majority)]
    dummy += [Cell(percent(1 / n_classes), 1 / n_classes)] + [Cell("–")] * (len(COLUMNS) + len(TIMES) - 3)
    caption = "All experiments, by test accuracy; 95 % intervals; seconds are wall clock"
    return Table(caption, COLUMNS + TIMES, (*rows, Row(tuple(dummy))))


def _result_row(c: Contestant, comparison: Comparison) -> Row:
    size = c.runs[0].size
    title = c.title if c.title != c.experiment else ""
    if len(c.runs) > 1:
        title = f"{title}, {len(c.runs)} seeds".removeprefix(", ")
    kinds = ("features", "training", "prediction")
    return Row(
        (
            Cell(c.experiment, note=title),
            *_accuracy_cells(c),
            Cell(count(size.dimensions), float(size.dimensions)),
            Cell(count(size.parameters), float(size.parameters), bytes_size(size.bytes)),
            *(Cell(seconds(c.seconds(kind)), c.seconds(kind)) for kind in kinds),  # type: ignore[arg-type]
            Cell(seconds(c.seconds()), c.seconds()),
            Cell(bytes_size(c.peak_memory_bytes), float(c.peak_memory_bytes)),
        ),
        c.side,
        c in comparison.finalists,
    )


def _guest_row(guest: Participant) -> Row:
    """What it costs is not known: others trained it."""
    unknown = [Cell("–")] * (len(COLUMNS) + len(TIMES) - 4)
    return Row((Cell(guest.experiment, note=f"guest: {guest.title}"), *_accuracy_cells(guest), *unknown), guest.side)


def _accuracy_cells(p: Participant) -> tuple[Cell, ...]:
    spread = f", ±{points(p.spread, signed=False)}" if len(p.correct) > 1 else ""
    return (
        Cell(percent(p.accuracy), p.accuracy, percent_range(p.interval) + spread),
        Cell(percent(p.balanced_accuracy), p.balanced_accuracy),
        Cell(f"{p.macro_f1:.3f}", p.macro_f1),
    )


def results_section(comparison: Comparison) -> Section:
    n_test = len(comparison.task.test_labels)
    counts = [sum(c.side == side for c in comparison.contestants) for side in SIDES]
    text = (
        f"{plural(counts[0], 'hand-crafted experiment')} and {plural(counts[1], 'end-to-end experiment')}, all "
        f"tested on the same {plural(n_test, 'picture')}. Rows in bold are the finalists: the best of each side on "
        "validation, so that the test pictures took no part in the choice."
    )
    texts = [text, _seed_statement(comparison)]
    if comparison.visitors:
        texts.append(_guest_statement(comparison))
    return Section("results", "All results", tuple(texts), (result_table(comparison),))


def _guest_statement(comparison: Comparison) -> str:
    sources = listing(list(dict.fromkeys(visitor.guest.source for visitor in comparison.visitors)))
    return (
        f"{plural(len(comparison.visitors), 'published model')} joined the table as guests, for scale: others "
        f"trained them and published what they say about each of these test pictures ({sources}). Their time and "
        "memory are not known, and neither the choice of the finalists nor the verdict asks them."
    )


def _seed_statement(comparison: Comparison) -> str:
    repeated = [c for c in comparison.contestants if len(c.runs) > 1]
    if not repeated:
        return (
            "Every experiment was run with one seed. The intervals are Wilson's: they say what other test pictures "
            "could have shown, not what another seed could."
        )
    names = listing([f"{c.experiment} ({len(c.runs)})" for c in repeated])
    rest = "; the others ran once" if len(repeated) < len(comparison.contestants) else ""
    return (
        f"Run with several seeds: {names}{rest}. Such a row shows the mean, the standard deviation over seeds after "
        "±, and an interval for both sources of chance: the test pictures (Wilson) and the seed (Student)."
    )
