"""Chapters on what the two sides see: classes, feature families, training curves, weights, calibration."""

from __future__ import annotations

from scipy.special import softmax

from bakeoff.reports.canvas.elements import Figure, Section
from bakeoff.reports.canvas.formats import percent, percent_range
from bakeoff.reports.canvas.pictures import encode_png, montage, shown_first
from bakeoff.reports.figures.confusion import describe_confusions, draw_confusion
from bakeoff.reports.figures.families import describe_families, draw_families, find_families
from bakeoff.reports.figures.learning_curves import describe_learning, draw_learning_curves, with_history
from bakeoff.reports.figures.per_class import describe_classes, draw_per_class
from bakeoff.reports.figures.reliability import Trust, calibration_table, draw_reliability
from bakeoff.reports.figures.selective import draw_selective
from bakeoff.reports.statistics.calibration import calibrated, measure_calibration, reliability_bins
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.selective import SelectiveCurve, selective_curve

# What a run may keep to look at, and what a reader should see in it.
PICTURE_TITLES = {
    "first_layer_weights": (
        "First-layer weights of {name}, each as a picture (gray is zero), the largest first. Smooth blobs and edges "
        "are filters that generalize; noise is a sign of overfitting."
    ),
    "visual_words": (
        "Visual words of {name}: the centers of the codebook as patches, whose occurrences the histogram counts."
    ),
}
MAX_TILES = 64
TRUSTED = 0.95  # share right that many would accept without a second look


def classes_section(comparison: Comparison) -> Section:
    texts = (describe_classes(comparison), " ".join(describe_confusions(c) for c in comparison.finalists))
    parts = (draw_per_class(comparison), *(draw_confusion(c) for c in comparison.finalists))
    return Section("classes", "Class by class", texts, parts)


def families_section(comparison: Comparison) -> Section | None:
    """None if no experiment shows a feature family alone or leaves one out."""
    families = find_families(comparison)
    if not families:
        return None
    figure = draw_families(comparison, families)
    return Section("features", "What each feature adds", (describe_families(comparison, families),), (figure,))


def learning_section(comparison: Comparison) -> Section | None:
    """None if no net kept its history."""
    nets = with_history(comparison.contestants)
    if not nets:
        return None
    return Section("learning", "How the net learned", (describe_learning(nets[0]),), (draw_learning_curves(nets),))


def inside_section(comparison: Comparison) -> Section | None:
    """First-layer weights and visual words of the best run that kept them; None if none did."""
    figures = []
    for key, text in PICTURE_TITLES.items():
        owners = [c for c in comparison.contestants if len(c.representative.pictures.get(key, ())) > 0]
        if owners:
            owner = max(owners, key=lambda c: c.validation_score)
            figures.append(_tiles(owner, key, text.format(name=owner.experiment)))
    if not figures:
        return None
    text = "What the two sides look for in a picture."
    return Section("inside", "Look inside", (text,), tuple(figures))


def _tiles(owner: Contestant, key: str, caption: str) -> Figure:
    pictures = owner.representative.pictures[key]
    shown = shown_first(pictures, MAX_TILES)
    scale = max(1, 32 // shown.shape[1])
    sheet = montage(shown, 8 if len(shown) <= 32 else 16, gap=4, scale=scale)
    if len(shown) < len(pictures):
        caption += f" {len(shown)} of {len(pictures):,} are shown."
    alt = f"{len(shown)} small pictures: {key.replace('_', ' ')} of {owner.experiment}."
    return Figure(key.replace("_", "-"), caption, alt, encode_png(sheet, max_side=1600), width=540)


def trust_section(comparison: Comparison) -> Section:
    """Calibration of both finalists, and how right they are where they are sure."""
    trusts = [_measure_trust(c, comparison) for c in comparison.finalists]
    texts = " ".join(
        f"{t.contestant.experiment} has a calibration error of {percent(t.before.corrected)} as trained "
        f"({percent_range(t.before.interval)}), and of {percent(t.after.corrected)} "
        f"({percent_range(t.after.interval)}) once its scores are divided by {t.temperature:.3g}."
        for t in trusts
    )
    first = (
        "A confidence of 80 % should be right 8 times in 10. The margins of a linear SVM are not probabilities, so "
        "what is compared is either side after temperature scaling: division of its scores by one number, fitted on "
        "validation. Chance alone makes a calibration error; the numbers are without that part, with 95 % intervals."
    )
    curves = [selective_curve(calibrated(c.representative).scores, c.labels) for c in comparison.finalists]
    parts = (draw_reliability(trusts), calibration_table(trusts), draw_selective(comparison.finalists, curves))
    return Section(
        "confidence", "Can the scores be trusted", (first, texts, _describe_selective(trusts, curves)), parts
    )


def _describe_selective(trusts: list[Trust], curves: list[SelectiveCurve]) -> str:
    """How much each could answer alone, if the rest went to a person."""
    statements = [
        f"{trust.contestant.experiment} classifies {percent(curve.accuracy_at(0.5))} of the half it is surest of "
        f"correctly, and {_share_answered(curve)}"
        for trust, curve in zip(trusts, curves, strict=True)
    ]
    return f"If pictures below a confidence go to a person: {'; '.join(statements)}."


def _share_answered(curve: SelectiveCurve) -> str:
    share = curve.coverage_at(TRUSTED)
    if share == 0:
        return f"is never right on {percent(TRUSTED)} of what it answers, however little that is"
    return f"can answer {percent(share)} of all pictures with {percent(TRUSTED)} right"


def _measure_trust(contestant: Contestant, comparison: Comparison) -> Trust:
    run = contestant.representative
    effect = comparison.sample.design_effect(run.predictions == run.labels)
    scaled = calibrated(run)
    return Trust(
        contestant,
        scaled.temperature,
        measure_calibration(run.scores, run.labels, effect),
        measure_calibration(scaled.scores, run.labels, effect),
        reliability_bins(softmax(run.scores, axis=1), run.labels),
        reliability_bins(softmax(scaled.scores, axis=1), run.labels),
    )
