"""Chapter on robustness: accuracy under common corruptions, and along sweeps of one change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from bakeoff.pipelines.results.run import Side
from bakeoff.pipelines.results.study import Row as Record
from bakeoff.pipelines.results.study import StudyResult, unpack_correct
from bakeoff.reports.canvas.axes import (
    MARKERS,
    WIDE,
    finish,
    name_rows,
    new_canvas,
    percent_axis,
    side_color,
    styled,
)
from bakeoff.reports.canvas.curve_axes import curves_table, draw_curves
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table, number_cell
from bakeoff.reports.canvas.formats import SPACE, listing, p_value, percent, percent_range, points, points_range
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference, compare_crossed, holm
from bakeoff.reports.statistics.curves import read_curves

UNITS = {"translation": "pixels", "rotation": "degrees", "scale": "times", "brightness": "times"}
FACTOR_TICKS = {"scale": (0.5, 1, 2), "brightness": (0.25, 0.5, 1, 2)}
FILLED = ("full", "none", "left", "right")  # of the marks of one side's models


@dataclass(frozen=True)
class Endurance:
    """One model on changed pictures.

    clean: bool (n_pictures,), right answers on the same pictures unchanged.
    right: corruption -> float (n_pictures,), the share of severities at which a picture is classified correctly; of
    the 15 that count, then the 4 held out.   groups: corruption -> its kind.   held_out: not in the means.
    """

    experiment: str
    side: Side
    clean: np.ndarray
    right: dict[str, np.ndarray]
    groups: dict[str, str]
    held_out: frozenset[str]

    def of(self, *, held_out: bool = False) -> dict[str, np.ndarray]:
        """`right` for the corruptions that count, or for those held out."""
        return {name: right for name, right in self.right.items() if (name in self.held_out) == held_out}

    @property
    def accuracy(self) -> float:
        """The mean over the corruptions that count."""
        return float(np.mean(list(self.of().values())))


def read_endurance(study: StudyResult) -> list[Endurance]:
    """Every model of the study, the hand-crafted first."""
    names = dict.fromkeys((str(row["side"]), str(row["experiment"])) for row in study.rows)
    models = [_read_one([row for row in study.rows if row["experiment"] == name]) for _, name in names]
    return sorted(models, key=lambda model: model.side != "hand-crafted")


def _read_one(rows: Sequence[Record]) -> Endurance:
    corrupted = [row for row in rows if row["kind"] == "corruption"]
    by_name: dict[str, list[np.ndarray]] = {}
    for row in corrupted:
        by_name.setdefault(str(row["change"]), []).append(_correct(row))
    (clean,) = (_correct(row) for row in rows if row["kind"] == "clean")
    return Endurance(
        experiment=str(rows[0]["experiment"]),
        side=rows[0]["side"],  # type: ignore[arg-type]
        clean=clean,
        right={name: np.mean(found, axis=0) for name, found in by_name.items()},
        groups={str(row["change"]): str(row["group"]) for row in corrupted},
        held_out=frozenset(str(row["change"]) for row in corrupted if row["held_out"]),
    )


def _correct(row: Record) -> np.ndarray:
    return unpack_correct(str(row["correct"]), int(row["n_test"]))  # type: ignore[arg-type]


@chapter(70, study="robustness", decisive=True)
def robustness_section(study: StudyResult, finalists: Sequence[str] = ()) -> Section:
    """finalists: the two experiments that the sentences are about, if the study has them."""
    models = read_endurance(study)
    severities = sorted({row["amount"] for row in study.rows if row["kind"] == "corruption"})  # type: ignore[type-var]
    what = (
        f"Saved models classify {len(models[0].clean):,} of the test pictures, the same for all, changed in "
        f"{len(models[0].of())} ways at severities {listing([f'{s:g}' for s in severities])}. " + " ".join(study.notes)
    )
    parts: list[Figure | Table] = [_summary(models), draw_corruptions(models)]
    sweeps = [row for row in study.rows if row["kind"] == "sweep"]
    if sweeps:
        parts.append(draw_sweeps(sweeps))
    rivals = [model for model in models if model.experiment in finalists]
    texts = (describe(*rivals), what) if len({model.side for model in rivals}) == 2 else (what,)
    return Section("robustness", "On worse pictures", texts, tuple(parts))


def describe(hand: Endurance, net: Endurance) -> str:
    """Who is ahead on corrupted pictures and who loses less, over corruptions and pictures, and on what that rests.

    What the chapter claims is corrected together (Holm). Leaving out a kind can only take a claim back.
    """
    ahead = {name: hand.right[name] - net.right[name] for name in hand.right}
    counted = np.array([ahead[name] for name in hand.of()])
    claims = [
        ("On corrupted pictures", "is ahead", counted),
        ("Against its own clean result", "loses less", counted - (hand.clean.astype(float) - net.clean)),
    ]
    if hand.held_out:
        held_out = np.array([ahead[name] for name in hand.of(held_out=True)])
        claims.append((f"On the {len(held_out)} that the means leave out", "is ahead", held_out))
    tests = holm(compare_crossed(values) for _, _, values in claims)
    sentences = [_tell(hand, net, where, better, test) for (where, better, _), test in zip(claims, tests, strict=True)]
    if tests[0].is_shown:
        kinds = [kind for kind in dict.fromkeys(hand.groups.values()) if not _stands_without(hand, ahead, kind)]
        if kinds:
            sentences.insert(2, f"Without the corruptions of {' or of '.join(kinds)} no difference is shown.")
    return (
        f"Corrupted, {hand.experiment} classifies {percent(hand.accuracy)} correctly and {net.experiment} "
        f"{percent(net.accuracy)}; clean, {percent(hand.clean.mean())} and {percent(net.clean.mean())}. "
        f"{' '.join(sentences)} The p-values are corrected over these {len(tests)} tests (Holm)."
    )


def _stands_without(hand: Endurance, ahead: Mapping[str, np.ndarray], kind: str) -> bool:
    """Whether a lead is still shown without the corruptions of one kind."""
    kept = [ahead[name] for name in hand.of() if hand.groups[name] != kind]
    return not kept or compare_crossed(np.array(kept)).is_shown


def _tell(hand: Endurance, net: Endurance, where: str, better: str, test: PairedDifference) -> str:
    """test: its difference is above zero where the hand-crafted side is the better one."""
    if not test.is_shown:
        return (
            f"{where}, no difference between {hand.experiment} and {net.experiment} is shown "
            f"({points_range(test.interval)}{SPACE}points, {p_value(test.p_holm)})."
        )
    gap = points(abs(test.difference), signed=False)
    return (
        f"{where}, {(hand if test.difference > 0 else net).experiment} {better}, by {gap}{SPACE}points (hand-crafted "
        f"minus end-to-end: {points_range(test.interval)}, 95{SPACE}% over corruptions and pictures; "
        f"{p_value(test.p_holm)})."
    )


def _summary(models: Sequence[Endurance]) -> Table:
    rows = []
    for model in models:
        low, high = compare_crossed(np.array(list(model.of().values()))).interval
        clean = float(model.clean.mean())
        cells = (
            Cell(model.experiment),
            number_cell(clean, percent),
            number_cell(model.accuracy, percent, percent_range((max(0, low), high))),
            number_cell(model.accuracy - clean, points),
        )
        rows.append(Row(cells, model.side))
    caption = "Accuracy on clean and on corrupted pictures; 95 % intervals over corruptions and pictures"
    return Table(caption, ("experiment", "clean", "corrupted", "points between"), tuple(rows))


def _corruption_table(models: Sequence[Endurance]) -> Table:
    rows = tuple(
        Row(
            (
                Cell(name, note="held out" if name in models[0].held_out else ""),
                Cell(models[0].groups[name]),
                *(number_cell(model.right[name].mean(), percent) for model in models),
            )
        )
        for name in models[0].right
    )
    columns = ("corruption", "kind", *(model.experiment for model in models))
    return Table("Accuracy under each corruption, mean over severities", columns, rows, folded=True)


@styled
def draw_corruptions(models: Sequence[Endurance]) -> Figure:
    """A row for each corruption, a mark for each model, a thin line for its accuracy on the clean pictures."""
    names, held_out = list(models[0].right), models[0].held_out
    canvas, (axes,) = new_canvas(100 + 22 * len(names), grid="both")
    drawn = dict.fromkeys(MARKERS, 0)
    for model in models:
        color, fill = side_color(model.side), FILLED[drawn[model.side] % len(FILLED)]
        drawn[model.side] += 1
        values = [float(model.right[name].mean()) for name in names]
        axes.axvline(float(model.clean.mean()), color=color, linewidth=1.2, alpha=0.6)
        marks = {"marker": MARKERS[model.side], "fillstyle": fill, "markersize": 7.5, "color": color}
        axes.plot(values, range(len(names)), linestyle="none", label=model.experiment, **marks)  # type: ignore[arg-type]
    name_rows(axes, [f"{name} *" if name in held_out else name for name in names])
    axes.set_xlabel("accuracy, mean over severities (lines: clean)")
    percent_axis(axes.xaxis)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, 1.0 + 46 / (60 + 22 * len(names))), ncols=min(3, len(models)))
    worst = [min(model.right, key=lambda name: float(model.right[name].mean())) for model in models]
    alt = "Accuracy under each corruption. " + " ".join(
        f"{model.experiment} falls lowest under {name}: {percent(float(model.right[name].mean()))}."
        for model, name in zip(models, worst, strict=True)
    )
    caption = (
        "Accuracy on pictures corrupted in the manner of CIFAR-10-C, mean over severities; vertical lines are the same "
        "models on the clean pictures."
    )
    if held_out:
        caption += (
            f" A star marks the {len(held_out)} that {'are' if len(held_out) > 1 else 'is'} held out of the means."
        )
    return finish(canvas, "corruptions", caption, alt, _corruption_table(models))


@styled
def draw_sweeps(rows: Sequence[Record]) -> Figure:
    """A panel for each sweep, accuracy over its amount."""
    names = list(dict.fromkeys(str(row["change"]) for row in rows))
    canvas, panels = new_canvas(240, len(names), WIDE, sharey=True)
    tables = []
    for name, axes in zip(names, panels, strict=True):
        curves = read_curves([row for row in rows if row["change"] == name], lambda row: float(row["amount"]))  # type: ignore[arg-type]
        draw_curves(axes, curves, legend=axes is panels[0])
        axes.set_title(name, color=LIGHT["muted"])
        axes.set_xlabel(UNITS.get(name, ""))
        if name in FACTOR_TICKS:
            axes.set_xscale("log")
            axes.set_xticks(FACTOR_TICKS[name], [f"{tick:g}" for tick in FACTOR_TICKS[name]])
            axes.minorticks_off()
        tables.append(curves_table("", "amount", curves, partial("{} {:g}".format, name)))
    alt = f"Accuracy along sweeps of {', '.join(names)}; the numbers are in the table."
    caption = (
        "Accuracy when the pictures are moved, turned, enlarged or brightened by more and more, borders mirrored; "
        "bands are 95 % intervals."
    )
    table = Table("Accuracy along every sweep", tables[0].columns, sum((t.rows for t in tables), ()), folded=True)
    return finish(canvas, "sweeps", caption, alt, table)
