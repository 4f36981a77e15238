"""A trained model, the same for every side; and on disk: named arrays in a safetensors file, their meaning as JSON.

Nothing in such a file can run: it holds numbers and text, and who reads it builds only what is in our tables.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from bakeoff.pipelines.results.calibrator import Calibrator
from bakeoff.pipelines.results.configuration import describe, rebuild
from bakeoff.pipelines.results.files import write_atomically
from bakeoff.pipelines.results.run import RunResult, Side, load_run, saved_key

if TYPE_CHECKING:
    from torch import Tensor

FILE_NAME = "model.safetensors"
CARD_NAME = "model.md"  # what people should know of it, beside it
FORMAT = 2
HEADER, CHECKSUM = "bakeoff", "checksum"  # the two entries of the file's metadata
MOST_PIXELS = 4096 * 4096 * 3  # values in a picture: more is damage, and would fill the memory
ON_REGIONS = (
    "This model learned from the regions that masks or boxes mark in its pictures; predict, serve and exported files "
    "see whole pictures: cut new ones to their regions first."
)
Approach = Literal["classic", "frozen", "neural"]


class TrainedModel(Protocol):
    """A model ready to classify pictures; calling it changes nothing.

    experiment: the name it was trained under.   side: which side it stands for.
    image_shape: (height, width, channels) of the pictures that it takes.
    """

    @property
    def experiment(self) -> str: ...

    @property
    def side(self) -> Side: ...

    @property
    def class_names(self) -> tuple[str, ...]: ...

    @property
    def image_shape(self) -> tuple[int, int, int]: ...

    def predict_scores(self, images: np.ndarray) -> np.ndarray:
        """uint8 (n, height, width, channels) -> float32 (n, n_classes): logits of a net, margins of an SVM.

        The largest is the prediction. Raises ValueError if the pictures have another shape or type, or there are none.
        """
        ...

    def represent(self, images: np.ndarray) -> np.ndarray:
        """uint8 (n, height, width, channels) -> float32 (n, d): the vector of which the scores are a linear function.

        Features after scaling, or the last hidden layer. Raises ValueError as `predict_scores` does.
        """
        ...

    def scores_of_tensors(self) -> Callable[[Tensor], Tensor]:
        """`predict_scores` as one function of tensors on the CPU, which torch.export can follow."""
        ...


def check_images(images: np.ndarray, image_shape: tuple[int, int, int]) -> None:
    """Raise ValueError unless images is uint8 (n, height, width, channels) with at least one picture."""
    if images.dtype != np.uint8 or images.shape[1:] != image_shape or len(images) == 0:
        expected = f"uint8 (n, {', '.join(map(str, image_shape))}) with n at least 1"
        raise ValueError(f"images must be {expected}, got {images.dtype} {images.shape}")


@dataclass(frozen=True)
class StoredModel:
    """A model's parts as they lie in the file.

    approach: which package can build it.   experiment: the name that it was trained under.
    image_shape: (height, width, channels) of its pictures.
    settings: what it is built from, as plain JSON values.   arrays: what was learned.
    calibrator: of its scores.   reading: how files became its pictures, as in `Dataset`; {} if it is not known.
    Raises ValueError if there are fewer than two classes, or the shape is not one of pictures.
    """

    approach: Approach
    experiment: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    settings: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]
    calibrator: Calibrator = field(default_factory=Calibrator)
    reading: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.class_names) < 2:
            raise ValueError(f"a model needs at least two classes, got {list(self.class_names)}")
        if min(self.image_shape) < 1 or math.prod(self.image_shape) > MOST_PIXELS:
            raise ValueError(f"image_shape must be (height, width, channels), got {self.image_shape}")


def save_stored_model(model: StoredModel, path: Path) -> int:
    """Write the file, whole or not at all. Returns its size in bytes.

    What tells of the model that was there goes first, the run's `run.json`, the card and exported files: who
    is killed before the new run is saved leaves a model without a run, and never one beside the answers of another.
    """
    told = {f.name: describe(getattr(model, f.name)) for f in fields(model) if f.name != "arrays"}
    header = json.dumps({"format": FORMAT, **told})
    # In C order: the format keeps shapes and no strides, so a transposed view would come back wrong.
    arrays = {name: np.require(array, requirements="C") for name, array in model.arrays.items()}
    content = save(arrays, {HEADER: header, CHECKSUM: _checksum(header, arrays)})
    exported = (path.with_suffix(suffix) for suffix in (".onnx", ".c", ".h"))
    for stale in (path.with_name("run.json"), path.with_name(CARD_NAME), *exported):
        stale.unlink(missing_ok=True)
    write_atomically(path, content)
    return len(content)


def load_stored_model(path: Path) -> StoredModel:
    """Read back what `save_stored_model` wrote. Raises ValueError, naming the file, if it is missing or damaged."""
    if not path.is_file():
        raise ValueError(f"{path} is missing: train the model first")
    with _opened(path) as (file, header):
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        metadata = file.metadata()
        if metadata.get(CHECKSUM) != _checksum(metadata[HEADER], arrays):
            raise ValueError("its checksum differs")
        return rebuild({**header, "kind": StoredModel.__name__, "arrays": arrays}, StoredModel)  # type: ignore[no-any-return]


def stored_image_shape(path: Path) -> tuple[int, int, int]:
    """(height, width, channels) of a model's pictures, without its arrays.

    Raises ValueError for a damaged file, or one of an earlier format.
    """
    with _opened(path) as (_, header):
        return rebuild(header["image_shape"], tuple[int, int, int])  # type: ignore[no-any-return]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The file and its header; what goes wrong with either is told as damage of the file."""
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get(HEADER, "null"))
            if not isinstance(header, dict) or header.pop("format", None) != FORMAT:
                raise ValueError(f"the header must be of format {FORMAT}")
            yield file, header
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError, OSError) as error:
        raise ValueError(f"{path} is not a whole model ({error}): train it again") from error


def load_kept(folder: Path, key: str, say: Callable[[str], None]) -> RunResult | None:
    """The run in a folder if it is the one of this key and whole, with its model; damage, and age, are told."""
    if saved_key(folder) != key or not (folder / FILE_NAME).exists():
        return None
    try:
        stored_image_shape(folder / FILE_NAME)  # an earlier format lacks what predictions need
        return load_run(folder)
    except ValueError as error:
        say(f"{str(error).partition(':')[0]}: training again")
        return None


def _checksum(header: str, arrays: Mapping[str, np.ndarray]) -> str:
    """Of the header and of every array's name, type, shape and values: notices damage, not malice."""
    value = zlib.crc32(header.encode())
    for name, array in sorted(arrays.items()):
        value = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), value)
        value = zlib.crc32(array.tobytes(), value)
    return f"{value:08x}"
