"""Many picture files -> their pixels, a block at a time into one large matrix, and what was found about each.

One bad file must not stop a folder of a million: what is wrong with it is a reason beside the others' pixels.
"""

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from functools import partial
from typing import Any

import cv2
import numpy as np

from bakeoff.datasets.dataset import MapChunks, Progress, results_in_order
from bakeoff.datasets.folder.conversion import PictureError, UnreadableError
from bakeoff.datasets.folder.decode import Outcome, decode, limit_pillow, pillow_limits, read_mask
from bakeoff.datasets.folder.duplicates import TRAITS, traits_of
from bakeoff.datasets.folder.picture_file import PictureFile, Region
from bakeoff.datasets.folder.regions import cut_to_region
from bakeoff.datasets.folder.samples import Rules
from bakeoff.datasets.resizing import resize_squares

CHUNK = 64  # pictures per task of a worker: enough that handing out tasks costs nothing
WAITING_BYTES = 4_000_000  # squares of one task that wait for being resized together


Outcomes = dict[int, Outcome]
"""By the index of the file."""
Chunk = tuple[np.ndarray, list[Outcome], np.ndarray]
"""Of some files: uint8 (n_files, *rules.shape), what was found about each, and `TRAITS` (n_files,) if the rules ask."""


def decode_pictures(files: Sequence[PictureFile], rules: Rules) -> tuple[np.ndarray, Outcomes]:
    """As `decode_into`, into memory: uint8 (n_files, *rules.shape)."""
    rows = np.zeros((len(files), math.prod(rules.shape)), dtype=np.uint8)
    outcomes, _ = decode_into(rows, files, rules)
    return rows.reshape(len(files), *rules.shape), outcomes


def decode_into(
    rows: Any,
    files: Sequence[PictureFile],
    rules: Rules,
    *,
    chosen: Sequence[int] | None = None,
    map_chunks: MapChunks | None = None,
    progress: Progress | None = None,
) -> tuple[Outcomes, np.ndarray]:
    """Read and decode many files, on all processors or where map_chunks sends them; the outcome is the same.

    rows: an array, or what is filled like one, uint8 (n_files, prod(rules.shape)); black where there is an error.
    chosen: which to decode; None means all.   progress: called with (what, files done, files).
    What another machine cannot read is read and decoded here.
    Returns what was found about each, and `TRAITS` (n,) of those decoded: zeros where the rules do not ask for them.
    """
    wanted = range(len(files)) if chosen is None else chosen
    parts = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
    chunks = ([files[index] for index in part] for part in parts)
    if map_chunks:
        sent = ([file.travel() for file in chunk] for chunk in chunks)
        found = map_chunks(partial(decode_far_away, rules), sent)
    else:
        found = _on_threads(partial(decode_chunk, rules), chunks)
    outcomes: Outcomes = {}
    traits = np.zeros(len(wanted), TRAITS)
    with pillow_limits(rules.max_pixels):
        for part, (block, about, compared_by) in zip(parts, found, strict=True):
            for place, outcome in enumerate(about):
                if map_chunks and outcome.fault == UnreadableError.fault:
                    one = slice(place, place + 1)
                    block[one], about[one], compared_by[one] = decode_chunk(rules, [files[part[place]]])
            traits[len(outcomes) : len(outcomes) + len(part)] = compared_by
            pixels = block.reshape(len(block), -1)
            if part[-1] - part[0] + 1 == len(part):
                rows[part[0] : part[-1] + 1] = pixels
            else:
                for place, index in enumerate(part):
                    rows[index : index + 1] = pixels[place : place + 1]
            outcomes.update(zip(part, about, strict=True))
            if progress:
                what = "decoding pictures" if chosen is None else "decoding pictures of over 8 bits"
                progress(what, len(outcomes), len(wanted))
    return outcomes, traits


def decode_far_away(rules: Rules, files: Sequence[PictureFile]) -> Chunk:
    """`decode_chunk` on a worker."""
    limit_pillow(rules.max_pixels)
    return decode_chunk(rules, files)


def decode_chunk(rules: Rules, files: Sequence[PictureFile]) -> Chunk:
    block = np.zeros((len(files), *rules.shape), dtype=np.uint8)
    outcomes: list[Outcome] = []
    squares: dict[int, np.ndarray] = {}
    waiting = 0
    for place, file in enumerate(files):
        try:
            content, cut = read_bytes(file), None
            if file.region:
                cut = partial(cut_to_region, region=file.region, masks=read_masks(file.region, rules))
            squares[place], outcome = decode(content, rules, file.suffix, cut)
        except PictureError as error:
            outcomes.append(Outcome(error.fault, str(error), kind=getattr(error, "kind", "")))
        else:
            outcomes.append(outcome)
            waiting += squares[place].nbytes
        if waiting > WAITING_BYTES or (squares and place == len(files) - 1):
            _fill(block, list(squares), resize_squares(list(squares.values()), rules.image_size))
            squares.clear()
            waiting = 0
    return block, outcomes, traits_of(block) if rules.compared else np.zeros(len(files), TRAITS)


def _fill(block: np.ndarray, places: list[int], pictures: np.ndarray) -> None:
    """Gray ones in all channels; of three by OpenCV, in a thirtieth (128 px) to a quarter (32 px) of numpy's time."""
    if pictures.shape[3] > 1 or block.shape[3] != 3:
        block[places] = pictures
        return
    for place, gray in zip(places, pictures, strict=True):
        cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB, dst=block[place])


def read_masks(region: Region, rules: Rules) -> list[np.ndarray]:
    """Raises PictureError with the reason."""
    masks = []
    for mask in region.masks:
        try:
            masks.append(read_mask(read_bytes(mask), rules, mask.suffix))
        except PictureError as error:
            kind = UnreadableError if isinstance(error, UnreadableError) else PictureError  # it may well be a picture
            raise kind(f"its mask {mask.path}: {error}") from error
    return masks


def _on_threads(function: Callable[[Any], Any], chunks: Iterable[Any]) -> Iterator[Any]:
    """On every processor, since Pillow and OpenCV let go of the interpreter while they decode; results in order."""
    n_workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(n_workers) as pool:
        yield from results_in_order(lambda chunk: pool.submit(function, chunk), chunks, n_workers + 1)


def can_be_read(file: PictureFile) -> bool:
    try:
        read_bytes(file)
    except UnreadableError:
        return False
    return True


def outcomes_to_array(outcomes: Outcomes) -> np.ndarray:
    """One string, as a store keeps it: no pickle, so that a file from a stranger cannot run code."""
    return np.array(json.dumps([[i, *astuple(outcome)] for i, outcome in sorted(outcomes.items())]))


def outcomes_from_array(array: np.ndarray) -> Outcomes:
    return {
        i: Outcome(fault, reason, file_format, tuple(remarks), kind, tuple(facts))
        for i, fault, reason, file_format, remarks, kind, facts in json.loads(array.item())
    }


def read_bytes(file: PictureFile) -> bytes:
    """Raises UnreadableError with the reason."""
    try:
        return file.read()
    except (OSError, RuntimeError, ValueError, EOFError) as error:  # RuntimeError: a member of a zip under a password
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableError(f"cannot be read: {reason}") from error
