"""Pictures that a program holds: arrays, pairs of picture and class, a torchvision or Hugging Face data set, parquet.

Each becomes a file that is read when its turn comes, so that all that is done for a folder is done for them: one size
and range for all, near duplicates and groups kept within one split, a missing split taken from training.
"""

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.folder.conversion import to_rgb, turn_upright
from bakeoff.datasets.folder.listing import list_folder
from bakeoff.datasets.folder.load import assemble
from bakeoff.datasets.folder.picture_file import PictureFile, as_class_name
from bakeoff.datasets.folder.reading import Reading
from bakeoff.datasets.folder.split_names import find_splits, split_of_name
from bakeoff.datasets.folder.stages import FolderStages
from bakeoff.datasets.store import Memory

# What the columns of a data set are called that hold pictures, classes, and what must stay in one split.
IMAGE_COLUMNS, LABEL_COLUMNS = ("image", "img", "picture", "png", "jpg"), ("label", "labels", "class", "fine_label")
GROUP_COLUMN = "group"


@dataclass(frozen=True)
class Held:
    """Some pictures. read: gives the i-th as an array, a Pillow image, or a file's bytes.

    labels: of each, a name or an index into class_names; below 0 it has none.   groups: of each, or empty.
    """

    read: Callable[[int], Any]
    labels: Sequence[Any]
    class_names: Sequence[str] = ()
    groups: Sequence[Any] = ()

    def files(self, split: str) -> list[PictureFile]:
        names = [_class_name(label, self.class_names) for label in self.labels]
        return [
            PictureFile(
                (name or "no class", f"{split}{index:08}"),
                partial(_as_bytes, self.read, index),
                class_name=as_class_name(name),
                split=split,
                group=str(self.groups[index]) if len(self.groups) else "",
            )
            for index, name in enumerate(names)
        ]


def load_pictures(
    source: Any,
    labels: Any = None,
    *,
    groups: Any = None,
    class_names: Sequence[str] = (),
    name: str = "pictures",
    **options: Any,
) -> Dataset:
    """A data set of pictures that a program holds.

    source: pictures, with their labels: an array (n, h, w) or (n, h, w, channels), or a list of arrays or Pillow images
        of any size; or else what gives both: pairs (picture, label), such as a torchvision data set, or rows
        {"image": ..., "label": ...}, such as a Hugging Face one, whose column `group` is heeded; or a mapping of such
        by split, {"train": ..., "test": ...}.
    labels: (n,), names, or indices into class_names.   groups: (n,), what must stay in one split, such as patients.
    options: fields of `Reading`.   Raises ValueError, in one line, for what makes no data set.
    """
    reading = Reading(**options)
    if reading.label:
        raise ValueError("label is read from paths, and these pictures have none: leave label out")
    if labels is not None:
        for word, values in (("labels", labels), ("groups", groups)):
            if values is not None and len(values) != len(source):
                raise ValueError(f"{word} must hold one value for each of {len(source)} images, got {len(values)}")
        found = Held(source.__getitem__, labels, class_names, () if groups is None else groups).files("")
    elif isinstance(source, Mapping):
        splits = {key: split_of_name(str(key))[0] for key in source}
        if "" in splits.values():
            raise ValueError(f"a mapping of pictures must have the keys train, validation and test, got {[*source]}")
        found = [file for key, part in source.items() for file in _held(part, class_names).files(splits[key])]
    else:
        found = _held(source, class_names).files("")
    found.sort(key=lambda file: file.parts)
    dataset = assemble(FolderStages(Path(name), found, reading, None, Memory()))
    return replace(dataset, notes=tuple(note for note in dataset.notes if not note.startswith("File formats")))


def find_parquet(path: Path) -> list[Path]:
    """A .parquet, or the shards of a data set in a folder or in its folder data, as Hugging Face lays them out.

    One among folders of pictures is a table of something else, such as of features.
    """
    if path.is_dir():
        found = sorted(path.glob("*.parquet")) or sorted(path.glob("data/*.parquet"))
        return [] if found and any(file.is_picture for file in list_folder(path)) else found
    return [path] if path.suffix.lower() == ".parquet" else []


def read_parquet(shards: Sequence[Path]) -> Held | dict[str, Held]:
    """Tables as Hugging Face stores data sets: a column of encoded pictures, one of labels; by split if names tell one.

    Raises ValueError if pyarrow, which reads them, is not installed.
    """
    try:
        from pyarrow import concat_tables
        from pyarrow.parquet import read_table
    except ImportError as error:
        raise ValueError(f"{shards[0].name} needs pyarrow to be read: pip install pyarrow") from error
    splits = find_splits([path.stem for path in shards])
    tables: dict[str, list[Any]] = {}
    for path in shards:
        tables.setdefault(splits.get(path.stem, ""), []).append(read_table(path))
    held = {split: _of_table(concat_tables(parts)) for split, parts in tables.items()}
    return _unless_split(held)


def read_arrays(path: Path) -> Held | dict[str, Held]:
    """Pictures and labels in an .npz, as MedMNIST (train_images, train_labels) and Keras (x_train, y_train) keep them.

    Pictures are what has three or four axes, labels what has one, or a second of length 1; splits are told by names.
    All of it is read into memory. Raises ValueError where there is not one of each for each split, and nothing else.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name]) for name in archive.files}
    except MemoryError:
        raise
    except Exception as error:  # of a dozen kinds, and of objects, which would run code
        raise ValueError(f"{path} is damaged or holds no plain arrays: {error}") from error
    held: dict[str, Held] = {}
    for split in dict.fromkeys(split_of_name(name)[0] for name in arrays):
        mine = [array for name, array in arrays.items() if split_of_name(name)[0] == split]
        images = [array for array in mine if array.ndim in (3, 4)]
        labels = [array.ravel() for array in mine if array.shape[1:] in ((), (1,))]
        if len(mine) != 2 or not (images and labels) or len(images[0]) != len(labels[0]):
            shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
            raise ValueError(
                f"{path} must hold images (n, height, width, ...) and labels (n,) of each split, and nothing else, got "
                f"{shapes}"
            )
        of_each = labels[0].tolist()
        if labels[0].dtype.kind == "f" and all(map(float.is_integer, of_each)):
            of_each = list(map(int, of_each))
        elif labels[0].dtype.kind not in "iu":
            of_each = [one.decode(errors="replace") if isinstance(one, bytes) else str(one) for one in of_each]
        held[split] = Held(images[0].__getitem__, of_each)
    if "" in held and len(held) > 1:
        raise ValueError(f"{path} must name the split of each of its arrays, or of none, got {', '.join(arrays)}")
    return _unless_split(held)


def _unless_split(held: dict[str, Held]) -> Held | dict[str, Held]:
    """The pictures themselves where no name told a split."""
    return held[""] if len(held) == 1 and "" in held else held


def _of_table(table: Any) -> Held:
    about = json.loads((table.schema.metadata or {}).get(b"huggingface", b"{}"))
    features = about.get("info", {}).get("features", {})
    image, label = _columns(table.column_names)
    groups = table[GROUP_COLUMN].to_pylist() if GROUP_COLUMN in table.column_names else ()
    names, pictures = features.get(label, {}).get("names", ()), table[image]
    return Held(lambda index: pictures[index].as_py(), table[label].to_pylist(), names, groups)


def _held(source: Any, class_names: Sequence[str]) -> Held:
    """What gives pictures and labels; columns of labels are read at once where there are any, pictures later."""
    if isinstance(source, Held):
        return source
    columns, names = getattr(source, "column_names", None), class_names or getattr(source, "classes", ())
    image, label = _columns(columns) if columns else ("", "")
    if getattr(source, "features", None):  # of Hugging Face
        names = class_names or getattr(source.features[label], "names", None) or ()
    if columns and hasattr(source, "__len__"):  # one that is no stream
        groups = source[GROUP_COLUMN] if GROUP_COLUMN in columns else ()
        return Held(lambda index: source[index][image], source[label], names, groups)
    if hasattr(source, "targets"):  # of torchvision
        return Held(lambda index: source[index][0], source.targets, names)
    if not isinstance(source, Iterable) and not hasattr(source, "__getitem__"):
        raise ValueError(f"pictures must come as arrays, pairs, rows or a data set, got {type(source).__name__}")
    rows = [source[index] for index in range(len(source))] if hasattr(source, "__len__") else list(source)
    if rows and isinstance(rows[0], Mapping):
        image, label = _columns(rows[0])
        groups = [row[GROUP_COLUMN] for row in rows] if GROUP_COLUMN in rows[0] else ()
        return Held(lambda index: rows[index][image], [row[label] for row in rows], names, groups)
    try:
        pictures, labels = [picture for picture, _ in rows], [label for _, label in rows]
    except (TypeError, ValueError) as error:
        raise ValueError(
            "each element must be a pair (picture, label); give arrays of both as two arguments"
        ) from error
    return Held(pictures.__getitem__, labels, names)


def _columns(names: Iterable[str]) -> tuple[str, str]:
    known = list(names)
    found = [next((alias for alias in wanted if alias in known), "") for wanted in (IMAGE_COLUMNS, LABEL_COLUMNS)]
    if not all(found):
        raise ValueError(f"rows must have the columns image and label, got {', '.join(known)}: rename yours")
    return found[0], found[1]


def _class_name(label: Any, class_names: Sequence[str]) -> str:
    if isinstance(label, str):
        return label
    index = int(label)
    if index < 0:
        return ""
    if class_names and index >= len(class_names):
        raise ValueError(f"labels must lie in 0..{len(class_names) - 1} to match the class names, got {index}")
    return class_names[index] if class_names else str(index)


def _as_bytes(read: Callable[[int], Any], index: int) -> bytes:
    """The i-th picture as the content of a file: encoded ones as they are, others as .npy."""
    picture = read(index)
    if isinstance(picture, Mapping) and "bytes" in picture:  # how Hugging Face keeps a picture that is not decoded
        picture = picture["bytes"] or Path(picture["path"]).read_bytes()
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, Image.Image):
        upright = turn_upright(picture)[0]
        picture = upright if upright.mode in ("L", "RGB", "I;16", "I", "F") else to_rgb(upright)[0]
    elif not isinstance(picture, np.ndarray):
        raise ValueError(f"is a {type(picture).__name__}, no array or Pillow image: take off what transforms pictures")
    content = io.BytesIO()
    np.save(content, np.asarray(picture), allow_pickle=False)
    return content.getvalue()
