"""Where the seconds and the memory go, stage by stage, and what one picture costs afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.pipelines.results.run import Clock
from bakeoff.reports.canvas.elements import Cell, Row, Section, Table
from bakeoff.reports.canvas.formats import bytes_size, count, percent, seconds
from bakeoff.reports.statistics.comparison import Comparison, Contestant


def cost_section(comparison: Comparison) -> Section:
    """Where the seconds go, stage by stage."""
    text = (
        "Seconds are those of the run that computed a stage; a later run that takes it from the cache reports the same "
        "seconds, so that the order of running changes nothing. Experiments that share a stage each carry its full "
        "cost."
    )
    tables = (
        *_use_tables(comparison),
        _stage_table("Every stage of the finalists (of several seeds, the middle one)", comparison.finalists),
        _stage_table("Every stage of every experiment", comparison.ranked, folded=True),
    )
    spent = " ".join(_describe_stages(c, comparison.clock) for c in comparison.finalists)
    return Section("cost", "What it costs", (spent, text), tables)


def _describe_stages(contestant: Contestant, clock: Clock) -> str:
    """Which stage takes most of an experiment's time, and how fast it predicts."""
    stages = contestant.representative.stages
    total = max(sum(stage.spent(clock) for stage in stages), 1e-9)
    longest = max(stages, key=lambda stage: stage.spent(clock))
    predicting = max(contestant.seconds("prediction", clock), 1e-9)
    rate = count(round(len(contestant.runs[0].labels) / predicting))
    return (
        f"{contestant.experiment} takes {seconds(total)}, {percent(longest.spent(clock) / total)} of it in the stage "
        f"“{longest.name}”; its prediction stage gets through {rate} test pictures a second."
    )


def _use_tables(comparison: Comparison) -> tuple[Table, ...]:
    """What a trained model costs whoever uses it; nothing for runs that did not measure it."""
    measured = [c for c in comparison.ranked if "single_picture_seconds" in c.representative.diagnostics]
    if not measured:
        return ()
    columns = ("experiment", "one picture alone", "pictures a second", "operations a picture", "model", "parameters")
    caption = "What one picture costs once the model is trained, from the pixels on"
    return (Table(caption, columns, tuple(_use_row(c, c in comparison.finalists) for c in measured)),)


def _use_row(contestant: Contestant, is_finalist: bool) -> Row:
    noted, size = contestant.representative.diagnostics, contestant.representative.size
    alone, rate, operations = (
        noted.get(key) for key in ("single_picture_seconds", "pictures_per_second", "flops_per_picture")
    )
    return Row(
        (
            Cell(contestant.experiment),
            Cell("–" if alone is None else seconds(alone), alone),
            Cell("–" if rate is None else count(rate), rate),
            Cell("–" if operations is None else count(operations), operations),
            Cell(bytes_size(size.bytes), float(size.bytes)),
            Cell(count(size.parameters), float(size.parameters)),
        ),
        contestant.side,
        is_finalist,
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
