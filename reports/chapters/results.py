"""The first screen's table, and the chapter with every result."""

from __future__ import annotations

from bakeoff.reports.canvas.elements import Cell, Row, Section, Table
from bakeoff.reports.canvas.formats import bytes_size, count, listing, percent, percent_range, plural, points, seconds
from bakeoff.reports.statistics.comparison import SIDES, Comparison, Contestant
from bakeoff.reports.statistics.participants import Participant

COLUMNS = ("experiment", "accuracy", "balanced", "macro F1", "dimensions", "parameters")
TIMES = ("features", "training", "prediction", "total", "peak memory")


def summary_table(comparison: Comparison) -> Table:
    """The first screen's table: the finalists and the dummy."""
    rows = tuple(
        Row(
            (
                Cell(c.experiment, note=c.side),
                *_lead_cells(c, comparison),
                Cell(seconds(comparison.seconds(c)), comparison.seconds(c)),
                Cell(bytes_size(c.peak_memory_bytes), float(c.peak_memory_bytes)),
            ),
            c.side,
        )
        for c in sorted(comparison.finalists, key=lambda c: -comparison.score(c))
    )
    always = [Cell(percent(share)) for share in comparison.dummy_shares[: 1 + comparison.is_unbalanced]]
    dummy = Row((Cell("always the same class", note="for scale"), *always, Cell(""), Cell("")))
    leads = ("balanced accuracy", "test accuracy") if comparison.is_unbalanced else ("test accuracy",)
    columns = ("finalist", *leads, comparison.clock, "peak memory")
    return Table("The best of each side, chosen on validation", columns, (*rows, dummy))


def _lead_cells(c: Contestant, comparison: Comparison) -> tuple[Cell, ...]:
    """The score with its interval, and the accuracy where the score is another."""
    score = comparison.score(c)
    lead = Cell(percent(score), score, percent_range(comparison.interval(c)))
    return (lead, Cell(percent(c.accuracy), c.accuracy)) if comparison.is_unbalanced else (lead,)


def result_table(comparison: Comparison) -> Table:
    """Everything measured, one row for each experiment and each guest, best first."""
    rows = [
        _result_row(p, comparison) if isinstance(p, Contestant) else _guest_row(p, comparison)
        for p in comparison.everyone
    ]
    dummy = [Cell("always the same class"), *(Cell(percent(share), share) for share in comparison.dummy_shares)]
    dummy += [Cell("–")] * (len(COLUMNS) + len(TIMES) - 3)
    caption = f"All experiments, by {comparison.measure} on test; 95 % intervals; seconds are {comparison.clock}"
    columns = ("experiment", "balanced", "accuracy", *COLUMNS[3:]) if comparison.is_unbalanced else COLUMNS
    return Table(caption, columns + TIMES, (*rows, Row(tuple(dummy))))


def _result_row(c: Contestant, comparison: Comparison) -> Row:
    size = c.runs[0].size
    title = c.title if c.title != c.experiment else ""
    if len(c.runs) > 1:
        title = f"{title}, {len(c.runs)} seeds".removeprefix(", ")
    kinds = ("features", "training", "prediction")
    return Row(
        (
            Cell(c.experiment, note=title),
            *_accuracy_cells(c, comparison),
            Cell(count(size.dimensions), float(size.dimensions)),
            Cell(count(size.parameters), float(size.parameters), bytes_size(size.bytes)),
            *(Cell(seconds(comparison.seconds(c, kind)), comparison.seconds(c, kind)) for kind in kinds),  # type: ignore[arg-type]
            Cell(seconds(comparison.seconds(c)), comparison.seconds(c)),
            Cell(bytes_size(c.peak_memory_bytes), float(c.peak_memory_bytes)),
        ),
        c.side,
        c in comparison.finalists,
    )


def _guest_row(guest: Participant, comparison: Comparison) -> Row:
    """What it costs is not known: others trained it."""
    unknown = [Cell("–")] * (len(COLUMNS) + len(TIMES) - 4)
    return Row(
        (Cell(guest.experiment, note=f"guest: {guest.title}"), *_accuracy_cells(guest, comparison), *unknown),
        guest.side,
    )


def _accuracy_cells(p: Participant, comparison: Comparison) -> tuple[Cell, ...]:
    """Accuracy and balanced accuracy, the leading one first and with its interval where both matter; macro F1."""
    spread = f", ±{points(p.spread, signed=False)}" if len(p.correct) > 1 else ""
    accuracy = Cell(percent(p.accuracy), p.accuracy, percent_range(p.interval) + spread)
    macro_f1 = Cell(f"{p.macro_f1:.3f}", p.macro_f1)
    if comparison.is_unbalanced:
        interval = percent_range(comparison.interval(p))
        return Cell(percent(p.balanced_accuracy), p.balanced_accuracy, interval), accuracy, macro_f1
    return accuracy, Cell(percent(p.balanced_accuracy), p.balanced_accuracy), macro_f1


def results_section(comparison: Comparison) -> Section:
    n_test = len(comparison.task.test_labels)
    counts = [sum(c.side == side for c in comparison.contestants) for side in SIDES]
    text = (
        f"{plural(counts[0], 'hand-crafted experiment')} and {plural(counts[1], 'end-to-end experiment')}, all "
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
        f"The classes differ much in size: always naming the most frequent one would be right on "
        f"{percent(comparison.majority)} of the test pictures. So the finalists, the order of this table, the tests "
        "and the verdict go by balanced accuracy, the mean over classes of the share named correctly, in which a rare "
        "class counts as much as a frequent one. How sure it is depends on the rare classes. Each training still "
        "chose its own settings by accuracy."
    )


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
