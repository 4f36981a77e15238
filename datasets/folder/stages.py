"""The stages from found files to pictures in splits, each kept where the store keeps it: decode -> plan -> arrange."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.datasets.dataset import MapChunks, Progress
from bakeoff.datasets.folder.arrangement import arrange, files_in_classes, plan
from bakeoff.datasets.folder.conversion import PictureError, UnreadableError
from bakeoff.datasets.folder.decode import decoder_versions, measure, pillow_limits, read_samples
from bakeoff.datasets.folder.decoded_pictures import (
    Outcomes,
    can_be_read,
    decode_into,
    outcomes_from_array,
    outcomes_to_array,
    read_bytes,
    read_masks,
)
from bakeoff.datasets.folder.given_splits import SPLITS
from bakeoff.datasets.folder.notes import note_channels, note_frame, note_size
from bakeoff.datasets.folder.picture_file import PictureFile, stamp_now
from bakeoff.datasets.folder.ranges import Ranges, as_ranges, fit_ranges, note_ranges
from bakeoff.datasets.folder.reading import Reading
from bakeoff.datasets.folder.regions import side_of_region
from bakeoff.datasets.folder.samples import Rules
from bakeoff.datasets.resizing import MIDDLE, WHOLE
from bakeoff.datasets.splits import evenly_spread
from bakeoff.datasets.store import Pictures, Store, blocks_of

VERSION = 23  # raise it when a change of code changes what is kept, where it goes, or what is said about it
DECODED, ARRANGED = "decoded pictures", "folder"
BASE_SIZES = (32, 64, 128, 224)  # pixels; a larger one is a choice, since the work grows with its square
MOST_AT_LARGEST = 3000  # files: more at 224 pixels would fill half a gigabyte
MEASURED = 200  # pictures whose size is looked at
LONG = 2.0  # times the short side: half of the picture lies outside of its middle square


@dataclass(frozen=True)
class FolderStages:
    """Files that were found, and how they are to be read: the arguments of `load_folder`."""

    path: Path
    found: Sequence[PictureFile]
    reading: Reading
    progress: Progress | None
    store: Store
    map_chunks: MapChunks | None = None

    @cached_property
    def files(self) -> list[PictureFile]:
        """Those that are decoded, with the regions that the reading asks for."""
        rule = self.reading.regions
        return [
            replace(file, region=None if rule == "ignore" else replace(file.region, fill=rule == "mask"))
            if file.region
            else file
            for file in files_in_classes(self.found)
        ]

    def read(self) -> Mapping[str, np.ndarray]:
        """For each split its pictures, uint8 (n, side * side * channels), and labels, int64 (n,); and a card (JSON).

        What could not be read may be readable now, or for this user, though the file has not changed.
        """
        arrays = self._read([])
        unreadable = json.loads(arrays["card"].item())["unreadable"]
        readable = [index for index in unreadable if can_be_read(self.files[index])]
        return self._read(readable) if readable else arrays

    def _read(self, readable: list[int]) -> Mapping[str, np.ndarray]:
        arranging = {"max_skipped_share", "duplicates", "group"}  # what decoding does not depend on
        options = asdict(self.reading)
        inputs = {
            "files": digest_listing(self.path, self.found),
            **{name: value for name, value in options.items() if name not in arranging},
            "decoder": decoder_versions(),
            "readable": readable,
        }
        kept = self.store.get_or_compute(
            ARRANGED, version=VERSION, inputs={**inputs, **options}, compute=lambda: self._arrange(inputs)
        )
        # these are needed only until the splits are written
        self.store.remove(DECODED, version=VERSION, inputs=inputs)
        again = {**inputs, "ranges": json.loads(kept.arrays["card"].item())["ranges"]}
        self.store.remove(DECODED, version=VERSION, inputs=again)
        return kept.arrays

    def _arrange(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Decoding is kept by itself first: whoever is told of too many damaged files need not wait for it twice."""
        keep = partial(self.store.get_or_compute, DECODED, version=VERSION)
        images, outcomes, traits, about = _unpack(keep(inputs=inputs, compute=self._decode).arrays)
        planned = plan(self.path, self.found, images, outcomes, traits, self.reading)
        kinds = _kinds_of(outcomes)
        if kinds:
            is_training = np.zeros(len(images), dtype=bool)
            is_training[planned.kept[planned.split_of == 0]] = True
            ranges = self._fit_ranges(kinds, is_training)
            if ranges != as_ranges(about["ranges"]):
                kept = keep(
                    inputs={**inputs, "ranges": ranges},
                    compute=lambda: self._decode_deep(self._write(images), outcomes, traits, about, ranges),
                )
                images, outcomes, traits, about = _unpack(kept.arrays)
        notes, arrays = arrange(planned, images, outcomes, traits)
        about_reading = [
            note_size(images.shape[1], about["median"]),
            note_frame(about["frame"], about["elongation"]),
            note_channels(about["channels"], self.reading.channels),
            *note_ranges(as_ranges(about["ranges"]), kinds, self.reading.given_range),
        ]
        card = {
            "class_names": planned.class_names,
            "notes": [note for note in (*about_reading, *notes) if note],
            "n_channels": arrays["train"].n_channels,
            "image_size": images.shape[1],
            **{name: about[name] for name in ("ranges", "channels", "frame")},
            "unreadable": [i for i, outcome in outcomes.items() if outcome.fault == UnreadableError.fault],
        }
        written = {name: self._write(arrays[name]) for name in SPLITS}
        return {**arrays, **written, "card": np.array(json.dumps(card))}

    def _decode(self) -> dict[str, Any]:
        """The pixels of all files; those with more than 8 bits last, by a range that pictures for training give."""
        about = self._measure()
        rows = self._allocate(len(self.files), self._rules(about).shape)
        outcomes, traits = self._decode_into(rows, self._rules(about))
        ranges = self._fit_ranges(_kinds_of(outcomes), np.array([file.split in ("", "train") for file in self.files]))
        return self._decode_deep(rows, outcomes, traits, about, ranges)

    def _decode_deep(
        self, rows: Any, outcomes: Outcomes, traits: np.ndarray, about: Mapping[str, Any], ranges: Ranges
    ) -> dict[str, Any]:
        """Those with more than 8 bits by these ranges, in their place among the others."""
        if kinds := _kinds_of(outcomes):
            again, traits[sorted(kinds)] = self._decode_into(rows, self._rules(about, ranges), sorted(kinds))
            outcomes = outcomes | again
        about = np.array(json.dumps({**about, "ranges": ranges}))  # type: ignore[assignment]
        return {"pixels": rows, "outcomes": outcomes_to_array(outcomes), "traits": traits, "about": about}

    def _rules(self, about: Mapping[str, Any], ranges: Ranges | None = None) -> Rules:
        chosen = {"channels": about["channels"], "frame": about["frame"], "image_size": about["side"]}
        return replace(self._whole, ranges=ranges or {}, compared=True, **chosen)

    @property
    def _whole(self) -> Rules:
        """Before anything is known of the files."""
        return Rules({}, pages=self.reading.pages, max_pixels=self.reading.max_pixels)

    def _decode_into(self, rows: Any, rules: Rules, chosen: list[int] | None = None) -> tuple[Outcomes, np.ndarray]:
        work = {"map_chunks": self.map_chunks, "progress": self.progress}
        return decode_into(rows, self.files, rules, chosen=chosen, **work)  # type: ignore[arg-type]

    def _fit_ranges(self, kinds: Mapping[int, str], is_training: np.ndarray) -> Ranges:
        def read(index: int) -> np.ndarray:
            return read_samples(read_bytes(self.files[index]), self._whole, self.files[index].suffix)

        with pillow_limits(self.reading.max_pixels):
            return fit_ranges(kinds, read, is_training, self.reading.given_range)

    def _measure(self) -> dict[str, Any]:
        """Of some pictures the median short side (0 if none can be measured) and how many times that the long one is,
        in the median; so which frame, which channels and which size are taken."""
        sides, elongations, counts = [0.0], [1.0], {0}
        with pillow_limits(self.reading.max_pixels):
            for index in evenly_spread(len(self.files), MEASURED):
                with suppress(PictureError):
                    file = self.files[index]
                    both, n_channels = measure(read_bytes(file), self._whole, file.suffix)
                    if file.region:
                        sides.append(side_of_region(min(both), file.region, read_masks(file.region, self._whole)))
                        elongations.append(1.0)
                    else:
                        sides.append(min(both))
                        elongations.append(max(both) / min(both))
                    counts.add(n_channels)
        n = max(counts) if len(counts) == 2 and max(counts) > 3 else 0
        channels = self.reading.channels or ",".join(str(number + 1) for number in range(n))
        median, elongation = (float(np.median(found[1:] or found)) for found in (sides, elongations))
        squeezed = elongation >= LONG if self.reading.frame == "auto" else self.reading.frame == WHOLE
        sizes = BASE_SIZES if len(self.files) <= MOST_AT_LARGEST else BASE_SIZES[:-1]
        side = self.reading.image_size or max((size for size in sizes if size <= median), default=sizes[0])
        frame = WHOLE if squeezed else MIDDLE
        return {"median": median, "elongation": elongation, "frame": frame, "channels": channels, "side": side}

    def _allocate(self, n: int, shape: tuple[int, ...]) -> Any:
        return self.store.allocate((n, math.prod(shape)), np.dtype(np.uint8))

    def _write(self, pictures: Pictures) -> Any:
        rows = self._allocate(len(pictures), pictures.shape[1:])
        for start, block in blocks_of(pictures):
            rows[start : start + len(block)] = block.reshape(len(block), -1)
        return rows


def _kinds_of(outcomes: Outcomes) -> dict[int, str]:
    """Of samples, where they have more than 8 bits."""
    return {index: outcome.kind for index, outcome in outcomes.items() if outcome.kind}


def _unpack(decoded: Mapping[str, np.ndarray]) -> tuple[np.ndarray, Outcomes, np.ndarray, dict[str, Any]]:
    """Pixels, uint8 (n, side, side, 3 or more), and what is known about them."""
    rows, traits = np.asarray(decoded["pixels"]), np.array(decoded["traits"])
    about = json.loads(decoded["about"].item())
    images = rows.reshape(len(rows), about["side"], about["side"], -1)
    return images, outcomes_from_array(decoded["outcomes"]), traits, about


def digest_listing(path: Path, found: Sequence[PictureFile]) -> str:
    """SHA-256 that changes when a file comes, goes, is written to, or counts otherwise."""
    digest = hashlib.sha256(json.dumps([str(path.resolve()), stamp_now(path) if path.is_file() else ""]).encode())
    for file in found:
        region = file.region and [file.region.box, [[mask.parts, mask.stamp] for mask in file.region.masks]]
        about = [file.parts, file.class_name, file.split, file.left_out, file.stamp, file.group, region]
        digest.update(json.dumps(about).encode())
    return digest.hexdigest()
