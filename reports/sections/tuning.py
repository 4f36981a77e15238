"""What was tried on validation, on either side: a fair comparison gives both the same effort."""

from __future__ import annotations

from reports.comparison import SIDES, Comparison, Contestant
from reports.elements import Cell, Row, Section, Table
from reports.formats import percent, plural, seconds


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
