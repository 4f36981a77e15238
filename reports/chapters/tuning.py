"""Chapter on hyperparameter tuning: what each side tried on validation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bakeoff.reports.canvas.elements import Cell, Row, Section, Table, number_cell
from bakeoff.reports.canvas.formats import percent, plural, seconds
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.comparison import SIDES, Comparison, Contestant


@dataclass(frozen=True)
class Effort:
    """What one run of each experiment tried on validation, and what that took.

    settings: in one run of each.   seeds: runs of each experiment, None if experiments differ in that.
    trainings, seconds: on trial, over all seeds; by the clock, which is all that trials record.
    """

    settings: int
    seeds: int | None
    trainings: int
    seconds: float

    def __str__(self) -> str:
        if not self.settings:
            return "no settings"
        if self.seeds is None:
            again = f", with all seeds {plural(self.trainings, 'training')},"
        else:
            again = f" in each of {self.seeds} seeds," if self.seeds > 1 else ""
        return f"{plural(self.settings, 'setting')}{again} in {seconds(self.seconds)}"


def measure_effort(contestants: Iterable[Contestant]) -> Effort:
    """Over experiments. Another seed makes the same choice once more: it is no further setting."""
    chosen = list(contestants)
    trials = [trial for c in chosen for run in c.runs for trial in run.trials]
    numbers = {len(c.runs) for c in chosen}
    return Effort(
        settings=sum(max(len(run.trials) for run in c.runs) for c in chosen),
        seeds=numbers.pop() if len(numbers) == 1 else None,
        trainings=len(trials),
        seconds=sum(float(trial.get("seconds", 0.0)) for trial in trials),
    )


def describe_efforts(comparison: Comparison) -> str:
    """What either finalist and either side was given."""
    finalists = [measure_effort([c]) for c in comparison.finalists]
    sides = [measure_effort(c for c in comparison.contestants if c.side == side) for side in SIDES]
    names = [c.experiment for c in comparison.finalists]
    clock = " These times are by the clock." if comparison.clock == "processor time" else ""
    return (
        f"{names[0]} tried {finalists[0]}, {names[1]} {finalists[1]}; over all experiments the hand-crafted side tried "
        f"{sides[0]} and the end-to-end side {sides[1]}.{clock}"
    )


@chapter(210)
def tuning_section(comparison: Comparison) -> Section:
    """What was tried on validation, on either side."""
    text = describe_efforts(comparison)
    rows = tuple(
        Row(
            (
                Cell(c.experiment),
                number_cell(len(c.representative.trials), str),
                *(number_cell(share, percent) for share in (c.validation_score, c.representative.train_score)),
                Cell(_settings(c)),
            ),
            c.side,
            c in comparison.finalists,
        )
        for c in sorted(comparison.contestants, key=lambda c: -c.validation_score)
    )
    columns = ("experiment", "settings tried", "validation", "training", "chosen by validation")
    note = (
        "A fair comparison gives both sides the same effort. Times are those of the trials by the clock, without the "
        "features, which all settings share."
    )
    table = Table("Choice on validation", columns, rows)
    return Section("tuning", "How the settings were chosen", (text, note), (table,))


def _settings(contestant: Contestant) -> str:
    """The settings of the best trial."""
    trials = [t for t in contestant.representative.trials if "validation_score" in t]
    if not trials:
        return "–"
    best = max(trials, key=lambda t: t["validation_score"])
    return ", ".join(f"{name} = {value}" for name, value in best.get("settings", {}).items())
