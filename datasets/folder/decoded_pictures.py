"""Many picture files -> their pixels, a block at a time into one large matrix, and what was found about each.

One bad file must not stop a folder of a million: what is wrong with it is a reason beside the others' pixels.
"""

from __future__ import annotations

import json
import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np

from bakeoff.datasets.dataset import Progress
from bakeoff.datasets.folder.decode import (
    AS_STATED,
    MAX_PIXELS,
    Decoded,
    NotAPictureError,
    PictureError,
    decode,
    limit_pillow,
    pillow_limits,
    read_mask,
)
from bakeoff.datasets.folder.picture_file import PictureFile, Region
from bakeoff.datasets.folder.regions import cut_to_region
from bakeoff.datasets.folder.samples import Rules, UnknownRangeError
from bakeoff.datasets.folder.squares import resize_squares

CHUNK = 64  # pictures per task of a worker: enough that handing out tasks costs nothing
WAITING_BYTES = 4_000_000  # squares of one task that wait for being resized together
MapChunks = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
"""function(chunk) of every chunk, in order: the threads of this process, or the workers of a cluster."""


class UnreadableError(PictureError):
    """A file whose bytes cannot be had: another time, or for another user, they might be."""


ERRORS = {kind.__name__: kind for kind in (PictureError, NotAPictureError, UnreadableError)}


class Rows(Protocol):
    def __setitem__(self, rows: slice, values: np.ndarray, /) -> None: ...


@dataclass(frozen=True)
class Decoding:
    """How files become squares of one size; larger pictures than max_pixels are refused."""

    image_size: int
    rules: Rules = AS_STATED
    max_pixels: int = MAX_PIXELS

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.image_size, self.image_size, self.rules.n_channels


@dataclass(frozen=True)
class Findings:
    """About each of many files, by its index.

    errors: why it could not be used.   remarks: what was done to it, as in `Decoded`, if anything.
    file_formats: of the others.   kinds: of samples, where they have more than 8 bits.
    """

    errors: dict[int, PictureError] = field(default_factory=dict)
    remarks: dict[int, tuple[str, ...]] = field(default_factory=dict)
    file_formats: dict[int, str] = field(default_factory=dict)
    kinds: dict[int, str] = field(default_factory=dict)

    def updated(self, later: Findings) -> Findings:
        """With what was found about some of the files when they were decoded once more."""
        again = set(later.kinds) | set(later.errors) | set(later.file_formats)
        errors = {index: error for index, error in self.errors.items() if index not in again}
        return Findings(
            errors | later.errors,
            self.remarks | later.remarks,
            self.file_formats | later.file_formats,
            self.kinds | later.kinds,
        )

    def at(self, indices: Sequence[int]) -> Findings:
        """Of files 0, 1, 2 ... as of these."""
        parts = (self.errors, self.remarks, self.file_formats, self.kinds)
        return Findings(*({indices[place]: value for place, value in part.items()} for part in parts))  # type: ignore[arg-type]


def decode_pictures(files: Sequence[PictureFile], decoding: Decoding) -> tuple[np.ndarray, Findings]:
    """As `decode_into`, into memory: uint8 (n_files, *decoding.shape)."""
    rows = np.zeros((len(files), math.prod(decoding.shape)), dtype=np.uint8)
    findings = decode_into(rows, files, decoding)
    return rows.reshape(len(files), *decoding.shape), findings


def decode_into(
    rows: Rows,
    files: Sequence[PictureFile],
    decoding: Decoding,
    *,
    chosen: Sequence[int] | None = None,
    map_chunks: MapChunks | None = None,
    progress: Progress | None = None,
) -> Findings:
    """Read and decode many files, on all processors or where map_chunks sends them; the outcome is the same.

    rows: filled with uint8 (n_files, prod(decoding.shape)), black where there is an error.
    chosen: which to decode; None means all.   progress: called with (what, files done, files).
    What another machine cannot read is read and decoded here.
    """
    wanted = range(len(files)) if chosen is None else chosen
    parts = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
    chunks = ([files[index] for index in part] for part in parts)
    if map_chunks:
        sent = ([file.travel() for file in chunk] for chunk in chunks)
        found = map_chunks(partial(decode_far_away, decoding), sent)
    else:
        found = _on_threads(partial(decode_chunk, decoding), chunks)
    findings, n_done = Findings(), 0
    with pillow_limits(decoding.max_pixels):
        for part, (block, about) in zip(parts, found, strict=True):
            unread = [i for i, error in about.errors.items() if map_chunks and isinstance(error, UnreadableError)]
            if unread:
                block[unread], again = decode_chunk(decoding, [files[part[place]] for place in unread])
                about = about.updated(again.at(unread))
            for first, last in _runs(part):
                rows[part[first] : part[last] + 1] = block[first : last + 1].reshape(last + 1 - first, -1)
            findings = findings.updated(about.at(part))
            n_done += len(part)
            if progress:
                progress("decoding pictures", n_done, len(wanted))
    return findings


def decode_far_away(decoding: Decoding, files: Sequence[PictureFile]) -> tuple[np.ndarray, Findings]:
    """`decode_chunk` on a worker."""
    limit_pillow(decoding.max_pixels)
    return decode_chunk(decoding, files)


def decode_chunk(decoding: Decoding, files: Sequence[PictureFile]) -> tuple[np.ndarray, Findings]:
    """uint8 (n_files, *decoding.shape), and what was found about files 0, 1, 2 ..."""
    block = np.zeros((len(files), *decoding.shape), dtype=np.uint8)
    findings = Findings()
    squares: dict[int, np.ndarray] = {}
    waiting = 0
    for place, file in enumerate(files):
        try:
            decoded = decode_file(file, decoding)
        except PictureError as error:
            findings.errors[place] = _bare(error)
            continue
        squares[place] = decoded.pixels
        findings.file_formats[place] = decoded.file_format
        if decoded.remarks:
            findings.remarks[place] = decoded.remarks
        if decoded.kind:
            findings.kinds[place] = decoded.kind
        waiting += decoded.pixels.nbytes
        if waiting > WAITING_BYTES:
            _resize_into(block, squares)
            waiting = 0
    _resize_into(block, squares)
    return block, findings


def decode_file(file: PictureFile, decoding: Decoding) -> Decoded:
    """Raises PictureError with the reason."""
    content, cut = read_bytes(file), None
    if file.region:
        cut = partial(cut_to_region, region=file.region, masks=read_masks(file.region, decoding.max_pixels))
    return decode(content, decoding.image_size, decoding.max_pixels, decoding.rules, file.suffix, cut)


def read_masks(region: Region, max_pixels: int = MAX_PIXELS) -> list[np.ndarray]:
    return [read_mask(read_bytes(mask), max_pixels, mask.suffix) for mask in region.masks]


def _on_threads(function: Callable[[Any], Any], chunks: Iterable[Any]) -> Iterator[Any]:
    """On every processor, since Pillow and OpenCV let go of the interpreter while they decode; results in order."""
    n_workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(n_workers) as pool:
        under_way: deque[Any] = deque()
        for chunk in chunks:
            if len(under_way) > n_workers:  # so that memory does not grow with what nobody has taken yet
                yield under_way.popleft().result()
            under_way.append(pool.submit(function, chunk))
        while under_way:
            yield under_way.popleft().result()


def _runs(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last place of each run of consecutive numbers."""
    ends = [
        place for place in range(len(indices)) if place + 1 == len(indices) or indices[place + 1] > indices[place] + 1
    ]
    return zip((0, *(end + 1 for end in ends)), ends, strict=False)


def _bare(error: PictureError) -> PictureError:
    """Without the traceback, which holds the file's bytes."""
    return UnknownRangeError(error.kind) if isinstance(error, UnknownRangeError) else type(error)(str(error))


def _resize_into(block: np.ndarray, squares: dict[int, np.ndarray]) -> None:
    """Moves the squares to their rows of the block."""
    if squares:
        block[list(squares)] = resize_squares(list(squares.values()), block.shape[1])
        squares.clear()


def can_be_read(file: PictureFile) -> bool:
    try:
        read_bytes(file)
    except UnreadableError:
        return False
    return True


def findings_to_array(findings: Findings) -> np.ndarray:
    """One string, as a store keeps it: no pickle, so that a file from a stranger cannot run code."""
    errors = {index: [type(error).__name__, str(error)] for index, error in findings.errors.items()}
    return np.array(json.dumps([errors, findings.remarks, findings.file_formats, findings.kinds]))


def findings_from_array(array: np.ndarray) -> Findings:
    errors, remarks, file_formats, kinds = json.loads(array.item())
    return Findings(
        errors={int(index): ERRORS[kind](reason) for index, (kind, reason) in errors.items()},
        remarks={int(index): tuple(texts) for index, texts in remarks.items()},
        file_formats={int(index): name for index, name in file_formats.items()},
        kinds={int(index): kind for index, kind in kinds.items()},
    )


def read_bytes(file: PictureFile) -> bytes:
    """Raises UnreadableError with the reason."""
    try:
        return file.read()
    except (OSError, RuntimeError, ValueError, EOFError) as error:  # RuntimeError: a member of a zip under a password
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableError(f"cannot be read: {reason}") from error
