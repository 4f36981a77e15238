"""Chapter on cost: training stage by stage, the choice of a finalist, and latency and throughput of prediction."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.reports.canvas.elements import Cell, Row, Section, Table
from bakeoff.reports.canvas.formats import bytes_size, count, percent, plural, seconds
from bakeoff.reports.chapters.results import selection_seconds
from bakeoff.reports.statistics.comparison import Comparison, Contestant


def cost_section(comparison: Comparison) -> Section:
    """What the finalists took, what choosing them took, and how fast they classify from the pixels on."""
    text = (
        "Times are those of the run that computed a stage; a later run that takes it from the cache reports the same "
        "time. Experiments that share a stage each carry its full cost."
    )
    spent = " ".join(_describe_stages(c, comparison) for c in comparison.finalists)
    tables = (*_use_tables(comparison), _stage_table(comparison.finalists))
    return Section("cost", "What it costs", (f"{spent} {describe_rates(comparison)}", text), tables)


def _describe_stages(contestant: Contestant, comparison: Comparison) -> str:
    """Which stage takes most of an experiment's time, and what choosing it took."""
    stages, clock = contestant.representative.stages, comparison.clock
    total = max(sum(stage.spent(clock) for stage in stages), 1e-9)
    longest = max(stages, key=lambda stage: stage.spent(clock))
    side = [c for c in comparison.contestants if c.side == contestant.side]
    return (
        f"{contestant.experiment} takes {seconds(total)}, {percent(longest.spent(clock) / total)} of it in the stage "
        f"“{longest.name}”; all {plural(len(side), 'experiment')} of its side, among which it was chosen, take "
        f"{seconds(selection_seconds(side, clock))} together."
    )


def describe_rates(comparison: Comparison) -> str:
    """How fast either finalist classifies, from pixels to class; says so where that was not measured."""
    return f"Once trained and from pixels to class, {' and '.join(_describe_rate(c) for c in comparison.finalists)}."


def _describe_rate(c: Contestant) -> str:
    noted = c.representative.diagnostics
    if "pictures_per_second" not in noted:
        return f"the rate of {c.experiment} was not measured"
    busy = ", on a busy machine" if c.waited else ""
    return (
        f"{c.experiment} classifies {count(noted['pictures_per_second'])} pictures a second, one alone in "
        f"{seconds(noted['single_picture_seconds'])}{busy}"
    )


def _use_tables(comparison: Comparison) -> tuple[Table, ...]:
    """What a trained model costs whoever uses it; nothing for runs that did not measure it."""
    measured = [c for c in comparison.ranked if "single_picture_seconds" in c.representative.diagnostics]
    if not measured:
        return ()
    columns = ("experiment", "one picture alone", "pictures a second", "operations a picture", "model", "parameters")
    rows = tuple(_use_row(c, c in comparison.finalists) for c in measured)
    return (Table("Prediction from pixels to class, once the model is trained", columns, rows, folded=True),)


def _use_row(contestant: Contestant, is_finalist: bool) -> Row:
    noted, size = contestant.representative.diagnostics, contestant.representative.size
    alone, rate, operations = (
        noted.get(key) for key in ("single_picture_seconds", "pictures_per_second", "flops_per_picture")
    )
    return Row(
        (
            Cell(contestant.experiment, note="on a busy machine" if contestant.waited else ""),
            Cell("–" if alone is None else seconds(alone), alone),
            Cell("–" if rate is None else count(rate), rate),
            Cell("–" if operations is None else count(operations), operations),
            Cell(bytes_size(size.bytes), float(size.bytes)),
            Cell(count(size.parameters), float(size.parameters)),
        ),
        contestant.side,
        is_finalist,
    )


def _stage_table(contestants: Sequence[Contestant]) -> Table:
    rows = tuple(
        Row(
            (
                Cell(c.experiment),
                Cell(stage.name, note="from the cache" if stage.reused else ""),
                Cell(seconds(stage.seconds), stage.seconds),
                Cell(seconds(stage.cpu_seconds), stage.cpu_seconds),
                Cell(bytes_size(stage.peak_memory_bytes), float(stage.peak_memory_bytes)),
            ),
            c.side,
        )
        for c in contestants
        for stage in c.representative.stages
    )
    caption = "Every stage of the finalists (of several seeds, the middle one); other experiments: report.json"
    return Table(caption, ("experiment", "stage", "wall clock", "processor", "peak memory"), rows, folded=True)
