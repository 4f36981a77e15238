"""What was tried on validation, on either side: a fair comparison gives both the same effort."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reports.comparison import SIDES, Comparison, Contestant
from reports.elements import Cell, Row, Section, Table
from reports.formats import percent, plural, seconds


@dataclass(frozen=True)
class Effort:
    """Settings tried on validation, and the seconds of their trainings."""

    trials: int
    seconds: float

    def __str__(self) -> str:
        return f"{plural(self.trials, 'setting')} in {seconds(self.seconds)}" if self.trials else "no settings"


def measure_effort(contestants: Iterable[Contestant]) -> Effort:
    """Over all seeds: each chose for itself."""
    trials = [trial for c in contestants for run in c.runs for trial in run.trials]
    return Effort(len(trials), sum(float(trial.get("seconds", 0.0)) for trial in trials))


def describe_efforts(comparison: Comparison) -> str:
    """What either finalist and either side was given."""
    finalists = [measure_effort([c]) for c in comparison.finalists]
    sides = [measure_effort(c for c in comparison.contestants if c.side == side) for side in SIDES]
    names = [c.experiment for c in comparison.finalists]
    return (
        f"{names[0]} tried {finalists[0]}, {names[1]} {finalists[1]}; over all experiments the hand-crafted side tried "
        f"{sides[0]} and the end-to-end side {sides[1]}."
    )


def tuning_section(comparison: Comparison) -> Section:
    """What was tried on validation, on either side."""
    text = describe_efforts(comparison)
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
    note = (
        "A fair comparison gives both sides the same effort: this is what each was given. Time is that of the "
        "trainings on trial, without the features, which every setting shares."
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
