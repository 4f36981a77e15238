"""Chapter on compression of training features (product quantization): bytes saved and accuracy lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bakeoff.pipelines.results.run import RunResult
from bakeoff.reports.canvas.elements import Cell, Row, Section, Table
from bakeoff.reports.canvas.formats import bytes_size, percent, plural, points, points_range, ratio, seconds
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.comparison import Comparison, Contestant

COLUMNS = ("experiment", "accuracy", "difference", "bytes a picture", "codebooks", "training")


@chapter(130)
def compression_section(comparison: Comparison) -> Section | None:
    """A row for every experiment on compressed features that has a twin on the same features as they are.

    None if there is no such pair.
    """
    pairs = find_pairs(comparison)
    if not pairs:
        return None
    text = (
        f"{plural(len(pairs), 'experiment')} kept the training pictures' features as product codes and decoded them, a "
        "chunk at a time, on their way into the classifier's training. Each is set beside its twin, which learned from "
        "the same features as they are, on the same test pictures. Only the features of training pictures are "
        "compressed: a picture to classify is never stored. “Stored” is how the twin keeps its features on disk; the "
        "codebooks are kept once for all pictures, and for training only."
    )
    losses = [comparison.score(plain) - comparison.score(compressed) for compressed, plain in pairs]
    most = max(range(len(pairs)), key=losses.__getitem__)
    result = (
        f"The largest change is that of {pairs[most][0].experiment}: {points(losses[most], signed=False)} points lost."
    )
    if losses[most] <= 0:
        result = "None of them lost accuracy."
    table = Table(
        "Compressed features against the same features as they are",
        COLUMNS,
        tuple(_row(*pair, comparison) for pair in pairs),
    )
    return Section("compression", "Compressed features", (text, result), (table,))


def find_pairs(comparison: Comparison) -> list[tuple[Contestant, Contestant]]:
    """(compressed, its twin), best first."""
    plain = {
        _families(c.representative): c for c in reversed(comparison.ranked) if not _is_compressed(c.representative)
    }
    compressed = [c for c in comparison.ranked if _is_compressed(c.representative)]
    return [(c, plain[_families(c.representative)]) for c in compressed if _families(c.representative) in plain]


def _systems(run: RunResult) -> tuple[Mapping[str, Any], ...]:
    return tuple(run.settings.get("systems", ()))


def _is_compressed(run: RunResult) -> bool:
    return any(system.get("compression") for system in _systems(run))


def _families(run: RunResult) -> str:
    """What tells twins: the features of every system and how they are joined, as text that can be compared."""
    return repr([[system.get(key) for key in ("families", "scaling", "weights")] for system in _systems(run)])


def _row(compressed: Contestant, plain: Contestant, comparison: Comparison) -> Row:
    difference = comparison.compare(compressed, plain)
    codes, stored = (c.representative.diagnostics["training_features"] for c in (compressed, plain))
    times = [stored[key] / codes["bytes_per_picture"] for key in ("float32_bytes_per_picture", "bytes_per_picture")]
    training = [comparison.seconds(c, "training") for c in (compressed, plain)]
    smaller = f"{ratio(times[0])}x smaller than float32, {ratio(times[1])}x than stored"
    scores = [comparison.score(c) for c in (compressed, plain)]
    return Row(
        (
            Cell(compressed.experiment, note=f"twin: {plain.experiment}"),
            Cell(percent(scores[0]), scores[0], f"twin {percent(scores[1])}"),
            Cell(points(difference.difference), difference.difference, points_range(difference.interval)),
            Cell(bytes_size(codes["bytes_per_picture"]), float(codes["bytes_per_picture"]), smaller),
            Cell(bytes_size(codes["codebook_bytes"]), float(codes["codebook_bytes"])),
            Cell(seconds(training[0]), training[0], f"twin {seconds(training[1])}"),
        ),
        compressed.side,
    )
