"""One range of intensities for a whole folder, so that brightness stays a cue: found in training pictures, or given."""

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from bakeoff.datasets.folder.conversion import PictureError
from bakeoff.datasets.folder.samples import Range, stated_range
from bakeoff.datasets.splits import evenly_spread

PERCENTILES = (0.1, 99.9)  # of the pixels pooled: a hot pixel or a speck of dust sets no range
MOST_PICTURES, MOST_PIXELS = 200, 20_000  # that are looked at, of a kind and of each picture
LEAST_LEVELS = 16  # different values; with fewer a picture is stripes of gray, and different ones become the same
UNIT = (0.0, 1.0)  # what floating-point numbers are that count from black to white
Ranges = Mapping[str, tuple[Range, ...]]


def fit_ranges(
    kinds: Mapping[int, str], read: Callable[[int], np.ndarray], is_training: np.ndarray, given: Range | None
) -> Ranges:
    """For each kind of samples one range for all channels, or one for each where they are not red, green and blue.

    kinds: index of a picture -> kind of its samples.   read: gives its values, (n_pixels, n_channels).
    is_training: bool (n_pictures,); where a kind has no training pictures, all of them are looked at.
    given: by the user, in place of percentiles.
    Raises ValueError where a range would leave fewer than 16 gray levels of many values.
    """
    ranges: dict[str, tuple[Range, ...]] = {}
    for kind in sorted(set(kinds.values())):
        members = np.array([index for index in kinds if kinds[index] == kind])
        members = members[is_training[members]] if is_training[members].any() else members
        chosen = members[evenly_spread(len(members), MOST_PICTURES)]
        with ThreadPoolExecutor(4) as pool:
            parts = [
                part for part in pool.map(lambda index: _thinned(read, index), chosen.tolist()) if part is not None
            ]
        if not parts:  # all are damaged, as decoding them will say
            ranges[kind] = (UNIT,)
            continue
        pooled = np.concatenate(parts)
        columns = [pooled.ravel()] if "channel" not in kind else list(pooled.T)
        ranges[kind] = tuple(_fit_range(kind, column, given) for column in columns)
        if all((column == column[0]).all() for column in columns):
            raise ValueError(f"every pixel of the {kind} pictures is {pooled[0, 0]:g}: they show nothing")
    return ranges


def _thinned(read: Callable[[int], np.ndarray], index: int) -> np.ndarray | None:
    try:
        values = read(index)
    except PictureError:
        return None
    return values[:: max(1, len(values) // MOST_PIXELS) | 1].astype(np.float64)  # odd: no column by column


def _fit_range(kind: str, values: np.ndarray, given: Range | None) -> Range:
    values = values[np.isfinite(values)]
    if not len(values):
        raise ValueError(f"the {kind} pictures hold no finite number")
    every, times = np.unique(values, return_counts=True)
    low, high = given or np.percentile(values, PERCENTILES).tolist()
    inside = (every >= low) & (every <= high)
    least, most, n_values = float(every[0]), float(every[-1]), int(inside.sum())
    n_levels = n_values if given else len(np.unique(np.rint((every[inside] - low) * (255 / max(high - low, 1e-300)))))
    if n_levels < LEAST_LEVELS <= len(every):
        between = values[(values > least) & (values < most)]  # a number that stands for "nothing here" is at an end
        better = (least, most) if n_values < LEAST_LEVELS else np.percentile(between, PERCENTILES).tolist()
        kept, all_of, advised = (_told(*ends) for ends in ((low, high), (least, most), better))
        raise ValueError(
            f"the {kind} pictures would keep only {n_levels} gray levels between {' and '.join(kept)}, where "
            f"{times[inside].sum() / times.sum():.1%} of their pixels lie, of values from {' to '.join(all_of)}: set "
            f"--range to what is of interest, such as --range={','.join(advised)}"
        )
    if given:
        return given
    if len(every) < LEAST_LEVELS:  # a mask or a map of labels has no more
        return (least, most) if most > least else (least, least + 1)
    full = stated_range(kind, signed=least < 0) or (UNIT if least >= 0 and most <= 1 else None)
    if full and high - low >= (full[1] - full[0]) / 2:  # whoever fills half of the samples means white by the largest
        return full
    return low, high


def note_ranges(ranges: Ranges, kinds: Mapping[int, str], given: Range | None) -> list[str]:
    """What becomes black and white, for each kind."""
    counts = Counter(kinds.values())
    notes = []
    for kind, parts in ranges.items():
        ends = "; ".join(" to ".join(_told(*part, separator=",")) for part in parts)
        if given:
            why = "as --range says"
        elif parts[0] == stated_range(kind, signed=parts[0][0] < 0):
            why = "all that such samples hold"
        elif parts[0] == UNIT:
            why = "all training pixels lie there"
        else:
            why = (
                f"the {PERCENTILES[0]}th to {PERCENTILES[1]}th percentile of training pixels; --range=low,high sets it"
            )
        each = ", channel by channel," if len(parts) > 1 else ""
        notes.append(
            f"Pictures of {kind} samples ({counts[kind]:,}): {ends}{each} become black to white, the same for every "
            f"class and split ({why})."
        )
    if given and not ranges:
        notes.append("--range changes nothing here: no picture has more than 8 bits.")
    return notes


def _told(low: float, high: float, separator: str = "") -> tuple[str, str]:
    """Both, with as many digits as tell them apart."""
    digits = 6 + int(np.log10(1 + abs(low) / (high - low or np.inf)))
    return f"{low:{separator}.{digits}g}", f"{high:{separator}.{digits}g}"


def as_ranges(stored: Mapping[str, Any]) -> Ranges:
    """From JSON, which has no tuples."""
    return {kind: tuple((float(low), float(high)) for low, high in parts) for kind, parts in stored.items()}
