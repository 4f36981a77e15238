"""Chapter on learning: accuracy of the nets on validation and training pictures, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.reports.canvas.axes import finish, new_canvas, percent_axis, styled
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
    nets = [c for c in comparison.contestants if c.side == "end-to-end" and len(curve(c, "validation_score")[0]) >= 2]
    if not nets:
        return None
    nets = sorted(nets, key=lambda c: -c.validation_score)
    drawn = [net for net in nets if len(curve(net, "validation_score")[0]) >= LEAST_POINTS][: len(DASHES)]
    parts = (draw_history(drawn),) if drawn else ()
    return Section("learning", "How the net trained", (describe_learning(nets[0]),), parts)


def curve(contestant: Contestant, key: str) -> tuple[list[float], list[float]]:
    """(epochs or steps, values) of the rows of the history that have `key`."""
    rows = enumerate(contestant.representative.history, start=1)
    found = [(row.get(step_unit(contestant), index), row[key]) for index, row in rows if row.get(key) is not None]
    return [float(x) for x, _ in found], [float(y) for _, y in found]


def step_unit(contestant: Contestant) -> str:
    return "step" if "step" in contestant.representative.history[0] else "epoch"


@styled
def draw_history(nets: Sequence[Contestant]) -> Figure:
    """Accuracy on validation, and in gray on training pictures where it was kept."""
    canvas, (axes,) = new_canvas(280)
    for net, dashes in zip(nets, DASHES, strict=False):
        for key in ("train_score", "train_accuracy"):
            axes.plot(*curve(net, key), color=LIGHT["neutral"], linestyle=dashes, linewidth=1.4)
        name = short(net.experiment, 22)
        axes.plot(*curve(net, "validation_score"), color=LIGHT["net"], linestyle=dashes, label=name)
    axes.set(xlabel=step_unit(nets[0]), ylabel="accuracy")
    percent_axis(axes.yaxis)
    axes.legend(loc="lower right")
    alt = f"Training history of {plural(len(nets), 'net')}. {describe_learning(nets[0])}"
    caption = "Accuracy on validation during training; gray lines, where drawn, are accuracy on training pictures."
    return finish(canvas, "training-history", caption, alt)


def describe_learning(net: Contestant) -> str:
    """When the best net was best, and whether it still improved at a rate that would let it; of several seeds, the
    middle one."""
    epochs, scores = curve(net, "validation_score")
    best = max(range(len(scores)), key=scores.__getitem__)
    run = net.representative
    name = f"{net.experiment}, seed {run.seed}," if len(net.runs) > 1 else net.experiment
    text = (
        f"{name} reaches its best validation accuracy, {percent(scores[best])}, at {step_unit(net)} "
        f"{epochs[best]:.0f} of {epochs[-1]:.0f}"
    )
    if best == len(scores) - 1 and not is_annealed(net):
        return f"{text}. It was still improving when training ended: more epochs may help."
    gap = run.train_score - run.validation_score
    order = "higher" if gap >= 0 else "lower"
    return f"{text}. Its accuracy on training pictures is {100 * abs(gap):.1f} points {order} than on validation."


def is_annealed(net: Contestant) -> bool:
    """Whether its learning rate ended so low that it had to stop improving there; a history without rates tells not."""
    rates = [float(row["learning_rate"]) for row in net.representative.history if row.get("learning_rate") is not None]
    return not rates or rates[-1] <= ANNEALED * max(rates)
