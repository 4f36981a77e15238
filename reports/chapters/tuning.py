"""Chapter on hyperparameter tuning: what each side tried on validation, and whether the best net had finished."""

from collections.abc import Iterable

from bakeoff.reports.canvas.elements import Section, Table, number_cell, share_cell, table_row
from bakeoff.reports.canvas.formats import percent, plural
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.comparison import SIDES, Comparison, Contestant

ANNEALED = 0.1  # of the highest rate: below, a schedule is at its end


def n_settings(contestants: Iterable[Contestant]) -> int:
    """Settings tried by these experiments. Another seed makes the same choice once more: it is no further setting."""
    return sum(max(len(run.trials) for run in c.runs) for c in contestants)


def describe_efforts(comparison: Comparison) -> str:
    """How many settings either finalist and either side was given; what they took is in the cost of the selection."""
    hand, net = (f"{c.experiment} tried {plural(n_settings([c]), 'setting')}" for c in comparison.finalists)
    sides = [plural(n_settings(comparison.of_side(side)), "setting") for side in SIDES]
    return (
        f"{hand} and {net}; over all experiments, the hand-crafted side tried {sides[0]} and the end-to-end side "
        f"{sides[1]}."
    )


@chapter(210)
def tuning_section(comparison: Comparison) -> Section:
    """What was tried on validation, on either side."""
    rows = []
    for c in sorted(comparison.contestants, key=lambda c: -c.validation_score):
        scores = map(share_cell, (c.validation_score, c.representative.train_score))
        tried, is_finalist = number_cell(len(c.representative.trials), str), c in comparison.finalists
        rows.append(table_row(c.experiment, tried, *scores, _settings(c), side=c.side, strong=is_finalist))
    columns = ("experiment", "settings tried", "validation", "training", "chosen on validation")
    note = "A comparison is fair only if both sides get the same effort."
    table = Table("Choice on validation; accuracies", columns, rows)
    texts = f"{describe_efforts(comparison)} {note}", describe_learning(comparison.end_to_end)
    return Section("tuning", "How the settings were chosen", tuple(filter(None, texts)), [table])


def describe_learning(net: Contestant) -> str:
    """When a net was best, and whether it still improved at a rate that would let it; of several seeds, the middle one.

    Nothing where it kept no history with validation scores.
    """
    run = net.representative
    rows = [row for row in run.history if row.get("validation_score") is not None]
    if len(rows) < 2:
        return ""
    best = max(rows, key=lambda row: row["validation_score"])
    name = f"{net.experiment}, seed {run.seed}," if len(net.runs) > 1 else net.experiment
    unit = "step" if "step" in best else "epoch"
    text = (
        f"{name} reaches its best validation accuracy, {percent(best['validation_score'])}, at {unit} {best[unit]:.0f} "
        f"of {rows[-1][unit]:.0f}"
    )
    rates = [float(row["learning_rate"]) for row in run.history if row.get("learning_rate") is not None]
    if best is rows[-1] and rates and rates[-1] > ANNEALED * max(rates):
        return f"{text}. It was still improving when training ended: more {unit}s may help."
    gap = run.train_score - run.validation_score
    order = "higher" if gap >= 0 else "lower"
    return f"{text}. Its accuracy on training pictures is {100 * abs(gap):.1f} points {order} than on validation."


def _settings(contestant: Contestant) -> str:
    """The settings of the best trial."""
    trials = [t for t in contestant.representative.trials if "validation_score" in t]
    best = max(trials, key=lambda t: t["validation_score"], default={})
    return ", ".join(f"{name} = {value}" for name, value in best.get("settings", {}).items()) or "–"
