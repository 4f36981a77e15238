"""First screen and the chapters on accuracy: who wins, how sure that is, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

from reports.comparison import SIDES, Comparison, Contestant
from reports.elements import Cell, Row, Section, Table
from reports.figures.differences import draw_differences, tests_table
from reports.formats import (
    SPACE,
    bytes_size,
    count,
    listing,
    p_value,
    percent,
    percent_range,
    plural,
    points,
    points_range,
    seconds,
)
from reports.overlap import measure_overlap

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
    """Everything measured, one row for each experiment, best first."""
    rows = [_result_row(c, c in comparison.finalists) for c in comparison.ranked]
    n_classes = len(comparison.task.class_names)
    dummy = [Cell("always the same class"), Cell(percent(comparison.majority), comparison.majority)]
    dummy += [Cell(percent(1 / n_classes), 1 / n_classes)] + [Cell("–")] * (len(COLUMNS) + len(TIMES) - 3)
    caption = "All experiments, by test accuracy; 95 % intervals; seconds are wall clock"
    return Table(caption, COLUMNS + TIMES, (*rows, Row(tuple(dummy))))


def _result_row(c: Contestant, is_finalist: bool) -> Row:
    size = c.runs[0].size
    note = percent_range(c.interval)
    title = c.title if c.title != c.experiment else ""
    if len(c.runs) > 1:
        note += f", ±{points(c.spread, signed=False)}"
        title = f"{title}, {len(c.runs)} seeds".removeprefix(", ")
    kinds = ("features", "training", "prediction")
    return Row(
        (
            Cell(c.experiment, note=title),
            Cell(percent(c.accuracy), c.accuracy, note),
            Cell(percent(c.balanced_accuracy), c.balanced_accuracy),
            Cell(f"{c.macro_f1:.3f}", c.macro_f1),
            Cell(count(size.dimensions), float(size.dimensions)),
            Cell(count(size.parameters), float(size.parameters), bytes_size(size.bytes)),
            *(Cell(seconds(c.seconds(kind)), c.seconds(kind)) for kind in kinds),  # type: ignore[arg-type]
            Cell(seconds(c.seconds()), c.seconds()),
            Cell(bytes_size(c.peak_memory_bytes), float(c.peak_memory_bytes)),
        ),
        c.side,
        is_finalist,
    )


def results_section(comparison: Comparison) -> Section:
    n_test = len(comparison.task.test_labels)
    counts = [sum(c.side == side for c in comparison.contestants) for side in SIDES]
    text = (
        f"{plural(counts[0], 'hand-crafted experiment')} and {plural(counts[1], 'end-to-end experiment')}, all "
        f"tested on the same {plural(n_test, 'picture')}. Rows in bold are the finalists: the best of each side on "
        "validation, so that the test pictures took no part in the choice."
    )
    return Section("results", "All results", (text, _seed_statement(comparison)), (result_table(comparison),))


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


def difference_section(comparison: Comparison) -> Section:
    """The planned test between the finalists, and everyone against the favorite."""
    difference = comparison.difference
    hand, net = comparison.finalists
    overlap = measure_overlap(
        comparison.task.test_labels, hand.representative.predictions, net.representative.predictions
    )
    disagree = difference.only_first + difference.only_second
    planned = (
        f"{hand.experiment} and {net.experiment} answer the same test pictures, so what counts is where one is right "
        f"and the other wrong: that is so for {disagree:,.0f} pictures, {difference.only_first:,.0f} of them to the "
        f"credit of the hand-crafted side and {difference.only_second:,.0f} to that of the end-to-end side. The "
        f"difference is {points(difference.difference)}{SPACE}points ({points_range(difference.interval)}), "
        f"{p_value(difference.p_value)} ({difference.method}). This one test was planned before the numbers were "
        "seen and is not corrected."
    )
    shown = [c.experiment for c, _, adjusted in comparison.tests if adjusted >= 0.05]
    ties = f"No difference is shown between it and {listing(shown)}." if shown else "It differs from every one of them."
    others = (
        f"Everyone against {comparison.favorite.experiment}, the best of all on validation, with Holm's correction "
        f"over {plural(len(comparison.tests), 'test')}: {ties} An accuracy outside another's interval is no test; "
        "these are."
    )
    same = f"Where both are wrong, they give the same wrong answer in {percent(overlap.same_mistake)} of the cases."
    parts = (draw_differences(comparison), tests_table(comparison))
    return Section("difference", "How sure the difference is", (planned, others, same), parts)


def cost_section(comparison: Comparison) -> Section:
    """Where the seconds go, stage by stage."""
    text = (
        "Seconds are those of the run that computed a stage; a later run that takes it from the cache reports the same "
        "seconds, so that the order of running changes nothing. Experiments that share a stage each carry its full "
        "cost."
    )
    tables = (
        _stage_table("Every stage of the finalists (of several seeds, the middle one)", comparison.finalists),
        _stage_table("Every stage of every experiment", comparison.ranked, folded=True),
    )
    spent = " ".join(_describe_stages(c) for c in comparison.finalists)
    return Section("cost", "What it costs", (spent, text), tables)


def _describe_stages(contestant: Contestant) -> str:
    """Which stage takes most of an experiment's time, and how fast it predicts."""
    stages = contestant.representative.stages
    total = max(sum(stage.seconds for stage in stages), 1e-9)
    longest = max(stages, key=lambda stage: stage.seconds)
    predicting = max(contestant.seconds("prediction"), 1e-9)
    rate = count(round(len(contestant.runs[0].labels) / predicting))
    return (
        f"{contestant.experiment} takes {seconds(total)}, {percent(longest.seconds / total)} of it in the stage "
        f"“{longest.name}”; its prediction stage gets through {rate} test pictures a second."
    )


def _stage_table(caption: str, contestants: Sequence[Contestant], *, folded: bool = False) -> Table:
    rows = tuple(
        Row(
            (
                Cell(c.experiment),
                Cell(stage.name, note="from the cache" if stage.reused else ""),
                Cell(stage.kind),
                Cell(seconds(stage.seconds), stage.seconds),
                Cell(seconds(stage.cpu_seconds), stage.cpu_seconds),
                Cell(bytes_size(stage.peak_memory_bytes), float(stage.peak_memory_bytes)),
            ),
            c.side,
        )
        for c in contestants
        for stage in c.representative.stages
    )
    columns = ("experiment", "stage", "kind", "wall clock", "processor", "peak memory")
    return Table(caption, columns, rows, folded)


def tuning_section(comparison: Comparison) -> Section:
    """What was tried on validation, on either side."""
    totals = {
        side: (
            sum(len(run.trials) for c in comparison.contestants if c.side == side for run in c.runs),
            sum(
                float(trial.get("seconds", 0.0))
                for c in comparison.contestants
                if c.side == side
                for run in c.runs
                for trial in run.trials
            ),
        )
        for side in SIDES
    }
    text = " ".join(
        f"The {side} side tried {plural(n, 'setting')} in {seconds(spent)}."
        if n
        else f"The {side} side tried no settings."
        for side, (n, spent) in totals.items()
    )
    rows = tuple(
        Row(
            (
                Cell(c.experiment),
                Cell(f"{len(c.representative.trials)}", float(len(c.representative.trials))),
                Cell(percent(c.validation_score), c.validation_score),
                Cell(percent(c.representative.train_score), c.representative.train_score),
                Cell(_settings(c)),
            ),
            c.side,
            c in comparison.finalists,
        )
        for c in sorted(comparison.contestants, key=lambda c: -c.validation_score)
    )
    columns = ("experiment", "settings tried", "validation", "training", "chosen by validation")
    note = "A fair comparison gives both sides the same effort; this is what each was given."
    table = Table("Choice on validation", columns, rows)
    return Section("tuning", "How the settings were chosen", (text, note), (table,))


def _settings(contestant: Contestant) -> str:
    """The settings of the best trial."""
    trials = [t for t in contestant.representative.trials if "validation_score" in t]
    if not trials:
        return "–"
    best = max(trials, key=lambda t: t["validation_score"])
    return ", ".join(f"{name} = {value}" for name, value in best.get("settings", {}).items())
