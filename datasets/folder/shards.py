"""Pictures in tar files as WebDataset writes them: a folder of shards, beside each picture a file with its class."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bakeoff.datasets.folder.archives import list_archive
from bakeoff.datasets.folder.picture_file import PictureFile, as_class_name, is_visible
from bakeoff.datasets.folder.split_names import find_splits, without_numbers

LABELS = (".cls", ".json")  # beside pictures in tar files as WebDataset writes them: 0001.jpg and 0001.cls are one
LABEL_NAMES = ("label", "class", "cls", "class_name")  # in a .json


def list_shards(root: Path, opened: ExitStack) -> list[PictureFile]:
    """The files in all tar files of a folder that holds more than one, and beside them only texts that tell of them.

    They lie below their shard's name; those of train-000.tar and test-000.tar are of these splits.
    """
    names = sorted(path for path in root.iterdir() if is_visible(path.name))
    shards = [path for path in names if path.suffix.lower() == ".tar"]
    others = [path for path in names if path.suffix.lower() not in (".tar", ".json", ".txt", ".md", ".idx")]
    if len(shards) < 2 or others:
        return []
    splits = find_splits([path.stem for path in shards])
    return [
        replace(file, parts=(path.name, *file.parts), split=splits.get(path.stem, ""))
        for path in shards
        for file in list_archive(path, opened)
    ]


def check_shards(root: Path, files: Sequence[PictureFile]) -> None:
    """Raises ValueError for shards without classes that are numbered, and so none themselves."""
    names = {file.parts[0].removesuffix(".tar") for file in files}
    has_folders = any(len(file.parts) > 2 for file in files)
    if not has_folders and len(set(map(without_numbers, names))) == 1:
        raise ValueError(
            f"in the tar files of {root} no file beside a picture tells its class (0001.cls or 0001.json beside "
            "0001.jpg): add them, or give --label"
        )


def label_by_key(files: Sequence[PictureFile]) -> list[PictureFile] | None:
    """Each picture with the class that the file beside it tells, "" if it tells none; None where no file does."""
    pictures = {_key_of(file): file for file in files if file.is_picture}
    beside = {_key_of(file): file for file in files if file.suffix in LABELS and _key_of(file) in pictures}
    told = {key: name for key, file in beside.items() if (name := _read_label(file))}
    if not told:
        return None
    kept = [file for file in files if file.suffix not in LABELS or _key_of(file) not in told]
    labeled = {pictures[key].parts: name for key, name in told.items()}
    return sorted((replace(file, class_name=labeled.get(file.parts, "")) for file in kept), key=lambda file: file.parts)


def _key_of(file: PictureFile) -> tuple[str, ...]:
    """WebDataset's: the path up to the first dot of the name."""
    return *file.parts[:-1], file.parts[-1].partition(".")[0]


def _read_label(file: PictureFile) -> str:
    text = file.read().decode("utf-8", errors="replace").strip()
    if file.suffix == ".json":
        try:
            record = json.loads(text)
            text = next((str(record[name]) for name in LABEL_NAMES if name in record), "")
        except (ValueError, TypeError, RecursionError):  # of something else
            return ""
    return as_class_name(text)
