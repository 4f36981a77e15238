"""Many picture files -> their pixels, a block at a time into one large matrix, and what was found about each.

One bad file must not stop a folder of a million: what is wrong with it is a reason beside the others' pixels.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from bakeoff.datasets.dataset import Progress
from bakeoff.datasets.folder.decode import (
    AS_STATED,
    MAX_PIXELS,
    NotAPictureError,
    PictureError,
    decode,
    pillow_limits,
)
from bakeoff.datasets.folder.samples import Rules, UnknownRangeError
from bakeoff.datasets.folder.squares import resize_squares

CHUNK = 64  # pictures per task of a worker: enough that handing out tasks costs nothing
WAITING_BYTES = 4_000_000  # squares of one task that wait for being resized together


class UnreadableError(PictureError):
    """A file whose bytes cannot be had: another time, or for another user, they might be."""


ERRORS = {kind.__name__: kind for kind in (PictureError, NotAPictureError, UnreadableError)}


class Rows(Protocol):
    def __setitem__(self, rows: slice, values: np.ndarray, /) -> None: ...


@dataclass(frozen=True)
class Findings:
    """About each of many files, by its index.

    errors: why it could not be used.   remarks: what was done to it, as in `Decoded`, if anything.
    file_formats: of every file, "" where there is an error.   kinds: of samples, where they have more than 8 bits.
    """

    errors: dict[int, PictureError]
    remarks: dict[int, tuple[str, ...]]
    file_formats: tuple[str, ...]
    kinds: dict[int, str] = field(default_factory=dict)

    def updated(self, later: Findings) -> Findings:
        """With what was found about some of the files when they were decoded once more."""
        again = set(later.kinds) | set(later.errors)
        errors = {index: error for index, error in self.errors.items() if index not in again}
        formats = [new or old for old, new in zip(self.file_formats, later.file_formats, strict=True)]
        return Findings(errors | later.errors, self.remarks | later.remarks, tuple(formats), self.kinds | later.kinds)


@dataclass(frozen=True)
class DecodedPictures:
    """images: uint8 (n_files, image_size, image_size, channels), black where there is an error."""

    images: np.ndarray
    findings: Findings


def decode_pictures(readers: Sequence[Callable[[], bytes]], image_size: int, **options: Any) -> DecodedPictures:
    """As `decode_into`, into memory."""
    shape = (image_size, image_size, options.get("rules", AS_STATED).n_channels)
    rows = np.zeros((len(readers), math.prod(shape)), dtype=np.uint8)
    findings = decode_into(rows, readers, image_size, **options)
    return DecodedPictures(rows.reshape(len(readers), *shape), findings)


def decode_into(
    rows: Rows,
    readers: Sequence[Callable[[], bytes]],
    image_size: int,
    *,
    max_pixels: int = MAX_PIXELS,
    rules: Rules = AS_STATED,
    suffixes: Sequence[str] = (),
    chosen: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> Findings:
    """Read and decode many files on all processors (Pillow lets go of the interpreter lock while it decodes).

    rows: filled with uint8 (n_files, image_size * image_size * rules.n_channels), black where there is an error.
    readers: one function per file that returns its bytes.   progress: called with (what, files done, files).
    suffixes: of their names, for formats that content does not tell.   chosen: which to decode; None means all.
    """
    errors: dict[int, PictureError] = {}
    remarks: dict[int, tuple[str, ...]] = {}
    file_formats = [""] * len(readers)
    kinds: dict[int, str] = {}
    wanted = range(len(readers)) if chosen is None else chosen

    def decode_chunk(start: int) -> int:
        indices = wanted[start : start + CHUNK]
        block = np.zeros((len(indices), image_size, image_size, rules.n_channels), dtype=np.uint8)
        squares: dict[int, np.ndarray] = {}
        for place, index in enumerate(indices):
            try:
                suffix = suffixes[index] if suffixes else ""
                decoded = decode(read_bytes(readers[index]), image_size, max_pixels, rules, suffix)
            except PictureError as error:
                errors[index] = _bare(error)
                continue
            squares[place] = decoded.pixels
            file_formats[index] = decoded.file_format
            if decoded.remarks:
                remarks[index] = decoded.remarks
            if decoded.kind:
                kinds[index] = decoded.kind
            if sum(square.nbytes for square in squares.values()) > WAITING_BYTES:
                _resize_into(block, squares)
        _resize_into(block, squares)
        if indices[-1] - indices[0] == len(indices) - 1:
            rows[indices[0] : indices[-1] + 1] = block.reshape(len(block), -1)
        else:
            for index, pixels in zip(indices, block, strict=True):
                rows[index : index + 1] = pixels.reshape(1, -1)
        return len(block)

    n_workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with pillow_limits(max_pixels), ThreadPoolExecutor(n_workers) as pool:
        n_done = 0
        for n_decoded in pool.map(decode_chunk, range(0, len(wanted), CHUNK)):
            n_done += n_decoded
            if progress:
                progress("decoding pictures", n_done, len(wanted))
    return Findings(
        dict(sorted(errors.items())), dict(sorted(remarks.items())), tuple(file_formats), dict(sorted(kinds.items()))
    )


def _bare(error: PictureError) -> PictureError:
    """Without the traceback, which holds the file's bytes."""
    return UnknownRangeError(error.kind) if isinstance(error, UnknownRangeError) else type(error)(str(error))


def _resize_into(block: np.ndarray, squares: dict[int, np.ndarray]) -> None:
    """Moves the squares to their rows of the block."""
    if squares:
        block[list(squares)] = resize_squares(list(squares.values()), block.shape[1])
        squares.clear()


def can_be_read(reader: Callable[[], bytes]) -> bool:
    try:
        read_bytes(reader)
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
        file_formats=tuple(file_formats),
        kinds={int(index): kind for index, kind in kinds.items()},
    )


def read_bytes(reader: Callable[[], bytes]) -> bytes:
    """Raises UnreadableError with the reason."""
    try:
        return reader()
    except (OSError, RuntimeError, ValueError, EOFError) as error:  # RuntimeError: a member of a zip under a password
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableError(f"cannot be read: {reason}") from error
