"""Chapter on robustness: accuracy under common corruptions, and along sweeps of one change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bakeoff.pipelines.results.run import Side
from bakeoff.pipelines.results.study import Row as Record
from bakeoff.pipelines.results.study import StudyResult, unpack_correct
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Section, Table
from bakeoff.reports.canvas.formats import SPACE, listing, percent, percent_range, points, points_range
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.chapters.robustness_figures import draw_corruptions, draw_sweeps
from bakeoff.reports.statistics.seeds import Interval


@dataclass(frozen=True)
class Endurance:
    """One model on changed pictures.

    clean: share of right answers on the same pictures unchanged.
    right: corruption -> float (n_pictures,), the share of severities at which a picture is classified correctly; of
    the 15 that count, then the 4 held out.   groups: corruption -> its kind.   held_out: not in the means.
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

    def error(self, name: str) -> float:
        return 1 - float(self.right[name].mean())

    @property
    def mean_error(self) -> float:
        return float(np.mean([self.error(name) for name in self.counted]))

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


def crossed_interval(values: np.ndarray) -> Interval:
    """95 % interval of the mean of values (n_corruptions, n_pictures) over other corruptions and other pictures.

    se^2 = variance of the corruptions' means / their number + variance of the pictures' means / theirs: what is
    particular to a corruption of a picture counts twice, so that it is rather too wide. Student's t, degrees of
    freedom after Satterthwaite. Source: two-way random effects, Brennan, "Generalizability theory", 2001.
    """
    counts = np.array([len(values) - 1, values.shape[1] - 1]).clip(1)
    terms = np.array(
        [mean.var() / n for mean, n in zip((values.mean(axis=1), values.mean(axis=0)), counts, strict=True)]
    )
    variance, spread = float(terms.sum()), float((terms**2 / counts).sum())
    half = float(stats.t.ppf(0.975, variance**2 / spread)) * np.sqrt(variance) if spread > 0 else 0.0
    return float(values.mean() - half), float(values.mean() + half)


@chapter(70, study="robustness")
def robustness_section(study: StudyResult, finalists: Sequence[str] = ()) -> Section:
    """finalists: the two experiments that the sentences are about, if the study has them."""
    models = read_endurance(study)
    n_pictures = len(models[0].clean)
    severities = sorted({row["amount"] for row in study.rows if row["kind"] == "corruption"})  # type: ignore[type-var]
    what = (
        f"Saved models classify {n_pictures:,} of the test pictures, the same for all, changed in "
        f"{len(models[0].counted)} ways at severities {listing([f'{s:g}' for s in severities])}. "
        + " ".join(study.notes)
    )
    parts: list[Figure | Table] = [_summary(models), draw_corruptions(models, _corruption_table(models))]
    sweeps = [row for row in study.rows if row["kind"] == "sweep"]
    if sweeps:
        parts.append(draw_sweeps(sweeps))
    rivals = [model for model in models if model.experiment in finalists]
    texts = (what, describe(*rivals)) if len({model.side for model in rivals}) == 2 else (what,)
    return Section("robustness", "On worse pictures", texts, tuple(parts))


def describe(hand: Endurance, net: Endurance) -> str:
    """Who is ahead on corrupted pictures and who loses less, over corruptions and pictures, and on what that rests."""
    ahead = {name: hand.right[name] - net.right[name] for name in hand.right}
    counted = np.array([ahead[name] for name in hand.counted])
    clean = hand.clean.astype(float) - net.clean
    low, high = crossed_interval(counted)
    sentences = [
        f"Corrupted, {hand.experiment} classifies {percent(1 - hand.mean_error)} correctly and {net.experiment} "
        f"{percent(1 - net.mean_error)}; clean, {percent(hand.clean.mean())} and {percent(net.clean.mean())}.",
        _compare(hand, net, counted, "is ahead", "On corrupted pictures"),
        _compare(hand, net, counted - clean, "loses less", "Against its own clean result"),
    ]
    if not low <= 0 <= high:
        open_kinds = [kind for kind in dict.fromkeys(hand.groups.values()) if not _stands_without(hand, ahead, kind)]
        if open_kinds:
            sentences.append(f"Without the corruptions of {' or of '.join(open_kinds)} no difference is shown.")
    if hand.held_out:
        held_out = np.array([ahead[name] for name in hand.right if name in hand.held_out])
        where = f"On the {len(held_out)} that the means leave out"
        sentences.append(_compare(hand, net, held_out, "is ahead", where))
    return " ".join(sentences)


def _stands_without(hand: Endurance, ahead: Mapping[str, np.ndarray], kind: str) -> bool:
    """Whether a lead is still shown without the corruptions of one kind."""
    kept = [ahead[name] for name in hand.counted if hand.groups[name] != kind]
    if not kept:
        return True
    low, high = crossed_interval(np.array(kept))
    return not low <= 0 <= high


def _compare(hand: Endurance, net: Endurance, values: np.ndarray, better: str, what: str) -> str:
    """values: (n_corruptions, n_pictures), above zero where the hand-crafted side is the better one."""
    low, high = crossed_interval(values)
    if low <= 0 <= high:
        return (
            f"{what}, no difference between {hand.experiment} and {net.experiment} is shown "
            f"({points_range((low, high))}{SPACE}points)."
        )
    gap = points(abs(float(values.mean())), signed=False)
    return (
        f"{what}, {(hand if low > 0 else net).experiment} {better}, by {gap}{SPACE}points (hand-crafted minus "
        f"end-to-end: {points_range((low, high))}, 95{SPACE}% over corruptions and pictures)."
    )


def _summary(models: Sequence[Endurance]) -> Table:
    reference = models[0]
    rows = []
    for model in models:
        low, high = crossed_interval(np.array([model.right[name] for name in model.counted]))
        more = model.mean_error - (1 - float(model.clean.mean()))
        cells = (
            Cell(model.experiment),
            Cell(percent(1 - model.clean.mean()), 1 - float(model.clean.mean())),
            Cell(percent(model.mean_error), model.mean_error, percent_range((max(0, 1 - high), min(1, 1 - low)))),
            Cell(points(more), more),
            Cell(f"{100 * model.relative_to(reference):.0f}", model.relative_to(reference)),
        )
        rows.append(Row(cells, model.side))
    columns = ("experiment", "clean error", "mean error", "more than clean", "mCE")
    caption = (
        "Errors on corrupted pictures; 95 % intervals over corruptions and pictures. mCE: the mean over corruptions of "
        f"the error relative to that of {reference.experiment}, which is 100; the published one is relative to AlexNet "
        "on other pictures"
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
