"""Chapters on sweeps over small nets: L2, width, depth, activation and initial weights.

Nets are chosen by their validation score; what a sentence claims is a paired test of the chosen ones on the test
pictures, corrected by Holm's method where a sentence rests on several.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bakeoff.pipelines.results.study import Row, StudyResult, unpack_correct
from bakeoff.reports.canvas.elements import Section
from bakeoff.reports.canvas.formats import SPACE, listing, percent, points, points_range
from bakeoff.reports.canvas.settings import distinct, draw_spreads, show, show_accuracies
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference, compare_paired, holm


@chapter(110, study="regularization")
def regularization_section(study: StudyResult) -> Section:
    figure = show_accuracies(
        study, "width", "l2", "Accuracy by strength of L2, a panel for each number of hidden units; training in gray."
    )
    return Section("regularization", study.title, (study.notes[0], describe_regularization(study.rows)), (figure,))


def describe_regularization(rows: Sequence[Row]) -> str:
    """The widest net with the L2 chosen for it, against the width chosen without L2."""
    widest = max(row["width"] for row in rows)  # type: ignore[type-var]
    wide = [row for row in rows if row["width"] == widest]
    strong, small = best(wide), best([row for row in rows if row["l2"] == 0])
    plain = next(row for row in wide if row["l2"] == 0)
    opening = (
        f"Without L2 the widest net, {show(widest)} units, classifies {_accuracy(plain, 'train_score')} of its "
        f"training pictures correctly and {_accuracy(plain)} of the test pictures. "
    )
    if strong is small:
        return f"{opening}On validation nothing is better, so here neither stronger L2 nor a smaller net is called for."
    names = (
        f"the widest net with L2 {show(strong['l2'])}",
        f"the best net without L2 ({show(small['width'])} units)",
    )
    test = compare(strong, small)
    answer = versus(*names, test)
    if test.is_shown and small["width"] != widest:
        way = "with stronger L2, not with a smaller net" if test.difference > 0 else "with a smaller net, not with L2"
        return f"{opening}{answer} On these pictures: regularize {way}."
    return opening + answer


@chapter(111, study="activation")
def activation_section(study: StudyResult) -> Section:
    caption = (
        "Accuracy by activation, a panel for each kind of first weights; training in gray, a cross where the loss was "
        "no longer finite."
    )
    parts = (show_accuracies(study, "initialization", "activation", caption), draw_spreads(study))
    text = " ".join((describe_activations(study.rows), *describe_first_weights(study.rows)))
    return Section("activations", study.title, (study.notes[0], text), parts)


def describe_activations(rows: Sequence[Row]) -> str:
    """The best on validation against every other one, all with matched first weights."""
    matched = [row for row in rows if row["initialization"] == "matched" and not row["diverged"]]
    if not matched:
        return "With matched first weights no net could be trained."
    first = best(matched)
    others = [row for row in matched if row is not first]
    n_kinds = len(distinct(rows, "initialization")) - 1  # each a family of tests in `describe_first_weights`
    shown = shown_together([compare(first, row) for row in others], 1 + n_kinds)
    beaten = [str(row["activation"]) for row, test in zip(others, shown, strict=True) if test is not None]
    opening = f"With matched first weights {first['activation']} is best on validation ({_accuracy(first)} on test)"
    open_cases = [str(row["activation"]) for row, test in zip(others, shown, strict=True) if test is None]
    claims = [f"a difference is shown from {listing(beaten)}"] if beaten else []
    claims += [f"none from {listing(open_cases)}"] if open_cases and beaten else []
    return f"{opening}; {', '.join(claims) or 'no difference from any other is shown'}."


def describe_first_weights(rows: Sequence[Row]) -> list[str]:
    """What each wrong kind of first weights did to the activations, against the matched kind."""
    matched = {row["activation"]: row for row in rows if row["initialization"] == "matched" and not row["diverged"]}
    sentences, kinds = [], distinct(rows, "initialization")
    for kind in kinds:
        wrong = [row for row in rows if row["initialization"] == kind and row["activation"] in matched]
        if kind == "matched" or not wrong:
            continue
        lost = [str(row["activation"]) for row in wrong if row["diverged"]]
        left = [row for row in wrong if not row["diverged"]]
        shown = shown_together([compare(matched[row["activation"]], row) for row in left], len(kinds))
        pairs = list(zip(left, shown, strict=True))
        groups = {
            "the loss is no longer finite for": lost,
            "accuracy falls for": [_fall(row, test) for row, test in pairs if test and test.difference > 0],
            "it rises for": [_fall(row, test) for row, test in pairs if test and test.difference < 0],
            "no difference is shown for": [str(row["activation"]) for row, test in pairs if test is None],
        }
        told = "; ".join(f"{what} {listing(names)}" for what, names in groups.items() if names)
        sentences.append(f"With weights that are {show(kind)}, {told}.".replace("too-", "too "))
    return sentences


@chapter(112, study="depth")
def depth_section(study: StudyResult) -> Section:
    caption = "Accuracy by number of hidden layers, without and with batch normalization; training in gray."
    figure = show_accuracies(study, "normalization", "layers", caption)
    deepest = max(row["layers"] for row in study.rows)  # type: ignore[type-var]
    texts = [
        _describe_choice(study.rows, "normalization", kind, "layers", lambda n: _several(n, "hidden layer"), 1)
        for kind in distinct(study.rows, "normalization")
    ]
    deep = {row["normalization"]: row for row in study.rows if row["layers"] == deepest}
    if len(deep) == 2 and not any(row["diverged"] for row in deep.values()):
        names = (f"batch normalization at {show(deepest)} layers", "the same net without")
        texts.append(versus(*names, compare(deep["batch"], deep["none"]), 3))
    return Section("depth", study.title, (study.notes[0], " ".join(texts)), (figure,))


@chapter(113, study="width")
def width_section(study: StudyResult) -> Section:
    caption = "Accuracy by number of hidden units, without and with crops and flips; training in gray."
    figure = show_accuracies(study, "augmentation", "width", caption)
    narrowest = min(row["width"] for row in study.rows)  # type: ignore[type-var]
    texts = [
        _describe_choice(study.rows, "augmentation", kind, "width", lambda n: _several(n, "unit"), narrowest)
        for kind in distinct(study.rows, "augmentation")
    ]
    return Section("width", study.title, (study.notes[0], " ".join(texts)), (figure,))


def best(rows: Sequence[Row]) -> Row:
    """The highest validation score; of equal ones the first. Diverged nets come last."""
    return max(rows, key=lambda row: -1.0 if row["validation_score"] is None else row["validation_score"])  # type: ignore[arg-type, return-value]


def compare(first: Row, second: Row) -> PairedDifference:
    """On the same test pictures. Raises ValueError if one of the two diverged."""
    return compare_paired(_correct(first), _correct(second))


def versus(first: str, second: str, test: PairedDifference, n_claims: int = 1) -> str:
    """A sentence that claims no more than the test shows, as one of n_claims in its chapter (Bonferroni)."""
    detail = f"{points(test.difference)}{SPACE}points, 95 % interval {points_range(test.interval)}"
    if not test.stands(n_claims * test.p_value):
        return f"No difference is shown between {first} and {second} ({detail})."
    return f"The difference between {first} and {second} is shown: {detail}."


def shown_together(tests: Sequence[PairedDifference], families: int = 1) -> list[PairedDifference | None]:
    """The tests that hold together at the 5 % level, also with the chapter's other families; None for the others."""
    adjusted = [families * p for p in holm([test.p_value for test in tests])]
    return [test if test.stands(p) else None for test, p in zip(tests, adjusted, strict=True)]


def _describe_choice(
    rows: Sequence[Row], panel: str, kind: object, key: str, name: Callable[[object], str], reference: object
) -> str:
    """The value chosen on validation against a simple one, within one panel."""
    own = [row for row in rows if row[panel] == kind and not row["diverged"]]
    simple = next((row for row in own if row[key] == reference), None)
    if simple is None:
        return ""
    chosen = best(own)
    where = f"With {panel} {show(kind)}, "
    if chosen is simple:
        return f"{where}{name(reference)} {_are(reference)} best on validation ({_accuracy(chosen)} on test)."
    n_claims = 1 + len(distinct(rows, panel))  # one a panel, and at most one more in the chapter
    text = versus(name(chosen[key]), name(reference), compare(chosen, simple), n_claims)
    return f"{where}{name(chosen[key])} {_are(chosen[key])} best on validation ({_accuracy(chosen)} on test). {text}"


def _several(number: object, noun: str) -> str:
    return f"{show(number)} {noun}" if number == 1 else f"{show(number)} {noun}s"


def _are(number: object) -> str:
    return "is" if number == 1 else "are"


def _fall(row: Row, test: PairedDifference) -> str:
    return f"{row['activation']} (by {points(abs(test.difference), signed=False)} to {_accuracy(row)})"


def _accuracy(row: Row, key: str = "accuracy") -> str:
    value = row[key]
    return percent(value) if isinstance(value, int | float) else "none (its loss was no longer finite)"


def _correct(row: Row) -> np.ndarray:
    if row["diverged"]:
        raise ValueError("a net whose training diverged has no predictions to compare")
    return unpack_correct(str(row["correct"]), int(row["n_test"]))[None]  # type: ignore[arg-type]
