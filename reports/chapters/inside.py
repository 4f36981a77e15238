"""Chapter on learned pictures: first-layer weights and visual words."""

from __future__ import annotations

from bakeoff.reports.canvas.elements import Figure, Section
from bakeoff.reports.canvas.pictures import encode_png, montage, shown_first
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.comparison import Comparison, Contestant

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


@chapter(190)
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
