"""What changed test pictures cost each model: common corruptions, and sweeps of one change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.pipelines.results.run import Side
from bakeoff.pipelines.results.study import Row as Record
from bakeoff.pipelines.results.study import StudyResult, unpack_correct
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table
from bakeoff.reports.canvas.formats import SPACE, listing, percent, percent_range, points, points_range
from bakeoff.reports.figures.robustness import draw_corruptions, draw_sweeps
from bakeoff.reports.statistics.seeds import Interval, student_half_width


@dataclass(frozen=True)
class Endurance:
    """One model on changed pictures.

    clean: share of right answers on the same pictures unchanged.
    right: corruption -> float (n_pictures,), the share of severities at which a picture is named correctly; of the 15
    that count, then the 4 held out.   groups: corruption -> its kind.   held_out: those that the means leave out.
    """

    experiment: str
    side: Side
    clean: np.ndarray
    right: dict[str, np.ndarray]
    groups: dict[str, str]
    held_out: frozenset[str]

    @property
    def counted(self) -> list[str]:
        return [name for name in self.right if name not in self.held_out]

    @property
    def by_picture(self) -> np.ndarray:
        """float (n_pictures,): share of right answers over the corruptions that count."""
        return np.mean([self.right[name] for name in self.counted], axis=0)

    def error(self, name: str) -> float:
        return 1 - float(self.right[name].mean())

    @property
    def mean_error(self) -> float:
        return 1 - float(self.by_picture.mean())

    def relative_to(self, reference: Endurance) -> float:
        """Mean corruption error of Hendrycks and Dietterich 2019: the mean of the errors' ratios, 1 for `reference`."""
        ratios = [self.error(name) / max(reference.error(name), 1e-9) for name in self.counted]
        return float(np.mean(ratios))


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


def mean_interval(values: np.ndarray) -> Interval:
    """95 % interval of the mean over pictures (Student)."""
    half = student_half_width(values)
    return float(values.mean()) - half, float(values.mean()) + half


def robustness_section(study: StudyResult) -> Section:
    models = read_endurance(study)
    n_pictures = len(models[0].clean)
    severities = sorted({row["amount"] for row in study.rows if row["kind"] == "corruption"})  # type: ignore[type-var]
    what = (
        f"Saved models meet {n_pictures:,} of the test pictures, the same for all, changed in "
        f"{len(models[0].counted)} ways at severities {listing([str(s) for s in severities])}. " + " ".join(study.notes)
    )
    parts: list[Figure | Table] = [_summary(models), draw_corruptions(models, _corruption_table(models))]
    sweeps = [row for row in study.rows if row["kind"] == "sweep"]
    if sweeps:
        parts.append(draw_sweeps(sweeps))
    texts = (what, " ".join(describe(models)), _describe_groups(models))
    return Section("robustness", "On worse pictures", texts, tuple(parts))


def describe(models: Sequence[Endurance]) -> list[str]:
    """What each model loses, and whether the best of either side differ."""
    texts = []
    for model in models:
        loss = model.clean - model.by_picture
        texts.append(
            f"{model.experiment} names {percent(float(model.clean.mean()))} of these pictures clean and "
            f"{percent(1 - model.mean_error)} corrupted: a loss of {points(float(loss.mean()), signed=False)} points "
            f"({points_range(mean_interval(loss))})."
        )
    hands, nets = ([m for m in models if m.side == side] for side in ("hand-crafted", "end-to-end"))
    if hands and nets:
        hand, net = (max(side, key=lambda model: model.clean.mean()) for side in (hands, nets))
        texts += [_compare(hand, net)]
    return texts


def _compare(hand: Endurance, net: Endurance) -> str:
    """Paired over pictures: on corrupted pictures, and in what is lost."""
    corrupted = hand.by_picture - net.by_picture
    lost = (hand.clean - hand.by_picture) - (net.clean - net.by_picture)
    sentences = []
    for values, better, what in (
        (corrupted, "is ahead", "On corrupted pictures"),
        (-lost, "loses less", "Against its own clean result"),
    ):
        low, high = mean_interval(values)
        if low <= 0 <= high:
            sentences.append(
                f"{what}, no difference between {hand.experiment} and {net.experiment} is shown "
                f"({points_range((low, high))}{SPACE}points)."
            )
        else:
            first = hand if low > 0 else net
            gap = points(abs(float(values.mean())), signed=False)
            sentences.append(
                f"{what}, {first.experiment} {better}, by {gap}{SPACE}points (hand-crafted minus end-to-end: "
                f"{points_range((low, high))})."
            )
    return " ".join(sentences)


def _describe_groups(models: Sequence[Endurance]) -> str:
    """The kind of corruption that costs each model most."""
    texts = []
    for model in models:
        errors = group_errors(model)
        worst = max(errors, key=lambda name: errors[name])
        mildest = min(errors, key=lambda name: errors[name])
        texts.append(
            f"{model.experiment} errs most under {worst} ({percent(errors[worst])}) and least under {mildest} "
            f"({percent(errors[mildest])})."
        )
    return " ".join(texts)


def group_errors(model: Endurance) -> dict[str, float]:
    """Mean error over the corruptions of each kind, those held out left aside."""
    kinds = dict.fromkeys(model.groups[name] for name in model.counted)
    return {
        kind: float(np.mean([model.error(name) for name in model.counted if model.groups[name] == kind]))
        for kind in kinds
    }


def _summary(models: Sequence[Endurance]) -> Table:
    reference = models[0]
    kinds = list(group_errors(reference))
    rows = []
    for model in models:
        errors = group_errors(model)
        low, high = mean_interval(model.by_picture)
        more = model.mean_error - (1 - float(model.clean.mean()))
        cells = [
            Cell(model.experiment),
            Cell(percent(1 - model.clean.mean()), 1 - float(model.clean.mean())),
            Cell(percent(model.mean_error), model.mean_error, percent_range((1 - high, 1 - low))),
            Cell(points(more), more),
            Cell(f"{100 * model.relative_to(reference):.0f}", model.relative_to(reference)),
            *(Cell(percent(errors[kind]), errors[kind]) for kind in kinds),
        ]
        rows.append(Row(tuple(cells), model.side))
    columns = ("experiment", "clean error", "mean error", "more than clean", "mCE", *kinds)
    caption = (
        f"Errors on corrupted pictures. mCE: the mean over corruptions of the error relative to that of "
        f"{reference.experiment}, which is 100; the published one is relative to AlexNet on other pictures"
    )
    return Table(caption, columns, tuple(rows))


def _corruption_table(models: Sequence[Endurance]) -> Table:
    rows = tuple(
        Row(
            (
                Cell(name, note="held out" if name in models[0].held_out else ""),
                Cell(models[0].groups[name]),
                *(Cell(percent(1 - model.error(name)), 1 - model.error(name)) for model in models),
            )
        )
        for name in models[0].right
    )
    columns = ("corruption", "kind", *(model.experiment for model in models))
    return Table("Accuracy under each corruption, mean over severities", columns, rows, folded=True)
