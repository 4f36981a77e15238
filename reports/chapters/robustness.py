"""Chapter on robustness: accuracy under common corruptions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.pipelines.results.run import Side
from bakeoff.pipelines.results.study import Row, StudyResult, drawn_pictures, unpack_correct
from bakeoff.reports.canvas.elements import Cell, Section, Table, number_cell, share_cell, table_row
from bakeoff.reports.canvas.formats import SPACE, in_points, listing, p_value, percent, points, points_range
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference, compare_crossed, holm
from bakeoff.reports.statistics.chance import Interval, Sample
from bakeoff.reports.statistics.comparison import Comparison

COMPARED = "Compared with its own accuracy on unchanged pictures"


@dataclass(frozen=True)
class Endurance:
    """One model on changed pictures.

    clean: bool (n_pictures,), right answers on the same pictures unchanged.
    right: corruption -> float (n_pictures,), the share of severities at which a picture is classified correctly; of
    the 15 that count, then the 4 held out.   groups: corruption -> its kind.   held_out: not in the means.
    sample: the pictures, with their groups and weights.
    """

    experiment: str
    side: Side
    clean: np.ndarray
    right: dict[str, np.ndarray]
    groups: dict[str, str]
    held_out: frozenset[str]
    sample: Sample

    def of(self, *, held_out: bool = False) -> np.ndarray:
        """`right` for the corruptions that count, or for those held out: (n_corruptions, n_pictures)."""
        return np.array([right for name, right in self.right.items() if (name in self.held_out) == held_out])

    def mean(self, right: np.ndarray) -> float:
        """Accuracy, or balanced accuracy, of right answers (..., n_pictures)."""
        return float(self.sample.mean(right).mean())

    @property
    def interval(self) -> Interval:
        """Of the accuracy on the corruptions that count, over corruptions and pictures."""
        low, high = compare_crossed(self.of(), self.sample).interval
        return max(0.0, low), high


def read_endurance(study: StudyResult, tested: Sample) -> list[Endurance]:
    """Every model of the study, the hand-crafted first. tested: all test pictures, of which the study drew some."""
    rows = [row for row in study.rows if row["kind"] in ("clean", "corruption")]
    names = dict.fromkeys(row["experiment"] for row in rows)
    models = [_read_one([row for row in rows if row["experiment"] == name], study, tested) for name in names]
    return sorted(models, key=lambda model: model.side != "hand-crafted")


def _read_one(rows: Sequence[Row], study: StudyResult, tested: Sample) -> Endurance:
    right: dict[str, list[np.ndarray]] = {}  # by corruption; "" is none
    for row in rows:
        correct = unpack_correct(row["correct"], row["n_test"])
        right.setdefault(row["change"], []).append(correct)
    (clean,) = right.pop("")
    return Endurance(
        experiment=rows[0]["experiment"],
        side=rows[0]["side"],
        clean=clean,
        right={name: np.mean(found, axis=0) for name, found in right.items()},
        groups={row["change"]: row["group"] for row in rows if row["change"]},
        held_out=frozenset(row["change"] for row in rows if row["held_out"]),
        sample=tested.take(drawn_pictures(len(tested.labels), len(clean), study.settings["seed"])),
    )


@chapter(70, study="robustness", decisive=True)
def robustness_section(study: StudyResult, comparison: Comparison) -> Section:
    """The two finalists on changed pictures in words, if the study has them; then every model of the study."""
    models, measure = read_endurance(study, comparison.sample), comparison.measure
    severities = sorted({row["amount"] for row in study.rows if row["kind"] == "corruption"})
    what = (
        f"Saved models classify the same {len(models[0].clean):,} test pictures, changed in {len(models[0].of())} ways "
        f"at severities {listing([f'{s:g}' for s in severities])}. {' '.join(study.notes)}"
    )
    finalists = [c.experiment for c in comparison.finalists]
    pair = [model for model in models if model.experiment in finalists]
    texts = (describe(*pair), what) if len(pair) == 2 else (what,)
    parts = _summary(models, measure), _corruption_table(models, measure)
    return Section("robustness", "Robustness to changed pictures", texts, parts)


def describe(hand: Endurance, net: Endurance) -> str:
    """Who is ahead on corrupted pictures and who loses less, over corruptions and pictures, and on what that rests.

    What the chapter claims is corrected together (Holm). Leaving out a kind can only take a claim back.
    """
    counted = hand.of() - net.of()
    claims = [
        ("On corrupted pictures", "is ahead", counted),
        (COMPARED, "loses less", counted - (hand.clean * 1.0 - net.clean)),
    ]
    if hand.held_out:
        held_out = hand.of(held_out=True) - net.of(held_out=True)
        claims.append((f"On the {len(held_out)} held-out corruptions", "is ahead", held_out))
    tests = holm(compare_crossed(values, hand.sample) for _, _, values in claims)
    sentences = [_tell(hand, net, where, better, test) for (where, better, _), test in zip(claims, tests, strict=True)]
    if tests[0].is_shown:
        kinds = np.array([kind for name, kind in hand.groups.items() if name not in hand.held_out])
        others = {kind: counted[kinds != kind] for kind in dict.fromkeys(kinds.tolist())}
        rests = [k for k, rest in others.items() if len(rest) and not compare_crossed(rest, hand.sample).is_shown]
        if rests:
            sentences.insert(2, f"Without the {listing(rests, 'or')} corruptions, no difference is shown.")
    corrupted, clean = ([percent(m.mean(m.of())) for m in (hand, net)], [percent(m.mean(m.clean)) for m in (hand, net)])
    return (
        f"{hand.experiment} classifies {corrupted[0]} of the corrupted pictures correctly and {net.experiment} "
        f"{corrupted[1]}; of the same pictures unchanged, {clean[0]} and {clean[1]}. {' '.join(sentences)} The "
        f"p-values are corrected for these {len(tests)} tests (Holm)."
    )


def _tell(hand: Endurance, net: Endurance, where: str, better: str, test: PairedDifference) -> str:
    """test: its difference is above zero where the hand-crafted side is the better one."""
    known = f"{points_range(test.interval)}, 95{SPACE}% over corruptions and pictures; {p_value(test.p_holm)}"
    if not test.is_shown:
        return f"{where}, no difference is shown (hand-crafted minus end-to-end: {known})."
    ahead, gap = hand if test.difference > 0 else net, in_points(abs(test.difference))
    return f"{where}, {ahead.experiment} {better}, by {gap} (hand-crafted minus end-to-end: {known})."


def _summary(models: Sequence[Endurance], measure: str) -> Table:
    rows = []
    for model in models:
        clean, corrupted = model.mean(model.clean), model.mean(model.of())
        shares = share_cell(clean), share_cell(corrupted, model.interval)
        rows.append(table_row(model.experiment, *shares, number_cell(corrupted - clean, points), side=model.side))
    caption = (
        f"{measure.capitalize()} on unchanged and corrupted pictures; 95 % intervals over corruptions and pictures"
    )
    return Table(caption, ("experiment", "unchanged", "corrupted", "difference in points"), rows)


def _corruption_table(models: Sequence[Endurance], measure: str) -> Table:
    first, rows = models[0], []
    for name in first.right:
        shares = (share_cell(model.mean(model.right[name])) for model in models)
        rows.append(
            table_row(Cell(name, note="held out" if name in first.held_out else ""), first.groups[name], *shares)
        )
    columns = ("corruption", "kind", *(model.experiment for model in models))
    return Table(f"{measure.capitalize()} under each corruption, mean over severities", columns, rows, folded=True)
