"""Chapter on learning: loss and accuracy of the nets, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.reports.canvas.axes import WIDE, finish, new_canvas, percent_axis, styled
from bakeoff.reports.canvas.curve_axes import DASHES, LEAST_POINTS
from bakeoff.reports.canvas.elements import Figure, Section
from bakeoff.reports.canvas.formats import percent, plural, short
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.comparison import Comparison, Contestant

ANNEALED = 0.1  # of the highest rate: below, a schedule is at its end


@chapter(170)
def learning_section(comparison: Comparison) -> Section | None:
    """None if no net kept its history."""
    nets = with_history(comparison.contestants)
    if not nets:
        return None
    drawn = [net for net in nets if len(curve(net, "validation_score")[0]) >= LEAST_POINTS][: len(DASHES)]
    parts = (draw_learning_curves(drawn),) if drawn else ()
    return Section("learning", "How the net learned", (describe_learning(nets[0]),), parts)


def with_history(contestants: Sequence[Contestant]) -> list[Contestant]:
    """The end-to-end experiments that kept a history with a validation score, best first."""
    nets = [
        c
        for c in contestants
        if c.side == "end-to-end" and sum("validation_score" in row for row in c.representative.history) >= 2
    ]
    return sorted(nets, key=lambda c: -c.validation_score)


def curve(contestant: Contestant, key: str) -> tuple[list[float], list[float]]:
    """(epochs or steps, values) of the rows of the history that have `key`."""
    history = contestant.representative.history
    unit = step_unit(contestant)
    rows = [(row.get(unit, index + 1), row[key]) for index, row in enumerate(history) if row.get(key) is not None]
    return [float(x) for x, _ in rows], [float(y) for _, y in rows]


def step_unit(contestant: Contestant) -> str:
    return "step" if "step" in contestant.representative.history[0] else "epoch"


@styled
def draw_learning_curves(nets: Sequence[Contestant]) -> Figure:
    """Left: loss on training pictures. Right: accuracy on validation, thin also on training where it was kept."""
    canvas, (losses, accuracies) = new_canvas(280, 2, WIDE)
    for net, dashes in zip(nets, DASHES, strict=False):
        name = short(net.experiment, 22)
        losses.plot(*curve(net, "train_loss"), color=LIGHT["net"], linestyle=dashes, label=name)
        for key in ("train_score", "train_accuracy"):
            accuracies.plot(*curve(net, key), color=LIGHT["neutral"], linestyle=dashes, linewidth=1.4)
        epochs, scores = curve(net, "validation_score")
        accuracies.plot(epochs, scores, color=LIGHT["net"], linestyle=dashes, label=name)
        best = max(range(len(scores)), key=scores.__getitem__)
        accuracies.plot(epochs[best], scores[best], "o", color=LIGHT["net"], markersize=7)
    for axes, title in ((losses, "training loss"), (accuracies, "accuracy on validation")):
        axes.set_title(title, color=LIGHT["muted"])
        axes.set_xlabel(step_unit(nets[0]))
    percent_axis(accuracies.yaxis)
    if len(nets) > 1:
        accuracies.legend(loc="lower right")
    alt = f"Learning curves of {plural(len(nets), 'net')}. {describe_learning(nets[0])}"
    caption = (
        "Learning curves. The dot is the best epoch on validation; gray lines, where drawn, are on training pictures. "
        "Every run's own file has the numbers."
    )
    return finish(canvas, "learning-curves", caption, alt)


def describe_learning(net: Contestant) -> str:
    """When the best net was best, and whether it still improved at a rate that would let it; of several seeds, the
    middle one."""
    epochs, scores = curve(net, "validation_score")
    best = max(range(len(scores)), key=scores.__getitem__)
    run = net.representative
    name = f"{net.experiment}, seed {run.seed}," if len(net.runs) > 1 else net.experiment
    text = (
        f"{name} is best on validation at {step_unit(net)} {epochs[best]:.0f} of {epochs[-1]:.0f}, with "
        f"{percent(scores[best])}"
    )
    if best == len(scores) - 1 and not is_annealed(net):
        return f"{text}: it was still improving when training ended, so more epochs may bring more."
    gap = run.train_score - run.validation_score
    order = "more" if gap >= 0 else "fewer"
    return f"{text}; on its training pictures it scores {100 * abs(gap):.1f} points {order} than on validation."


def is_annealed(net: Contestant) -> bool:
    """Whether its learning rate ended so low that it had to stop improving there; a history without rates tells not."""
    rates = [float(row["learning_rate"]) for row in net.representative.history if row.get("learning_rate") is not None]
    return not rates or rates[-1] <= ANNEALED * max(rates)
