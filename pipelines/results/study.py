"""The second contract between pipelines and reports: what one study of a data set leaves on disk.

A study asks one question of several trainings or of changed test pictures: how accuracy grows with examples, what
noise does to it. It lies beside the runs of its task:

    <dataset>-<fingerprint[:8]>/studies/<name>.json         one table of flat rows (`StudyResult`)
    <dataset>-<fingerprint[:8]>/studies/<name>.npz          pictures of the data set that it shows, if it does
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.pipelines.results.files import damaged, read_arrays, read_json, read_value, write_arrays, write_value

Row = Mapping[str, Any]  # of texts, finite numbers, booleans and None


@dataclass(frozen=True)
class StudyResult:
    """One study on one data set.

    name: of the study and its file, such as "learning-curves".   title: for people.
    dataset, fingerprint: the task in whose folder it lies.
    settings: what was asked - experiments, sizes, seeds - as plain JSON values.
    rows: flat records, one for each measurement; every study's own module says which keys its rows have. Where a row
        tells which test pictures were classified correctly, it does so in one text, made by `pack_correct`.
    environment: versions, hardware, command, commit, time started.
    seconds: wall clock of all its work, also of the part that was kept from before.
    notes: what a reader must know to judge the rows.
    pictures: name -> uint8 (n, height, width, channels), of the data set: a report can leave them out.
    Raises ValueError if there are no rows, or a value is no finite plain value.
    """

    name: str
    title: str
    dataset: str
    fingerprint: str
    settings: Mapping[str, Any]
    rows: tuple[Row, ...]
    environment: Mapping[str, Any]
    seconds: float
    notes: tuple[str, ...] = ()
    pictures: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError(f"study {self.name} must have rows, got none")
        for number, row in enumerate(self.rows):
            for key, value in row.items():
                plain = isinstance(value, str | int | float | bool | None)
                if not plain or (isinstance(value, float) and not math.isfinite(value)):
                    expected = f"row {number} of study {self.name} must hold texts and finite plain numbers"
                    raise ValueError(f"{expected}, got {key} = {value!r} ({type(value).__name__})")
        for name, images in self.pictures.items():
            if images.dtype != np.uint8 or images.ndim != 4:
                expected = "uint8 (n, height, width, channels)"
                raise ValueError(f"{name} must be {expected}, got {images.dtype} {images.shape}")

    def without_pictures(self) -> "StudyResult":
        """For data whose pictures must not be passed on."""
        return replace(self, pictures={})


def study_file(task_folder: Path, name: str) -> Path:
    return task_folder / "studies" / f"{name}.json"


def save_study(study: StudyResult, task_folder: Path) -> Path:
    """Write a study into its task's folder, its file last; returns that."""
    path = study_file(task_folder, study.name)
    if study.pictures:
        write_arrays(path.with_suffix(".npz"), study.pictures)
    else:
        path.with_suffix(".npz").unlink(missing_ok=True)
    write_value(path, study, pictures=sorted(study.pictures))
    return path


def load_study(path: Path) -> StudyResult:
    """Read back what `save_study` wrote. Raises ValueError, naming the file, if it is damaged or of another schema."""
    command = f"study {path.stem}"
    record = read_json(path, command)
    try:
        shown = record.pop("pictures", [])
        pictures = {name: read_arrays(path.with_suffix(".npz"), command)[name] for name in shown}
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, error, command) from error
    return read_value(StudyResult, path, {**record, "pictures": pictures}, command)  # type: ignore[no-any-return]


def load_studies(task_folder: Path) -> dict[str, StudyResult]:
    """Every study of one task by its name. Raises ValueError for a damaged one, or one of another data set."""
    studies = {path.stem: load_study(path) for path in sorted((task_folder / "studies").glob("*.json"))}
    for name, study in studies.items():
        if study.name != name or task_folder.name != f"{study.dataset}-{study.fingerprint[:8]}":
            raise ValueError(
                f"{study_file(task_folder, name)} must be the study {name} of {task_folder.name}, got "
                f"{study.name} of {study.dataset}-{study.fingerprint[:8]}: move it back or delete it"
            )
    return studies


def pack_numbers(numbers: np.ndarray) -> str:
    """Whole numbers (n,) as one text, which keeps a file short."""
    return " ".join(map(str, numbers.tolist()))


def unpack_numbers(text: str) -> np.ndarray:
    """int64 (n,): the inverse of `pack_numbers`."""
    return np.array(text.split(), dtype=np.int64)


def pack_correct(correct: np.ndarray) -> str:
    """Correctness of pictures, bool (n,), as hexadecimal text: four pictures a digit, the first highest."""
    return np.packbits(correct).tobytes().hex()


def unpack_correct(text: str, n: int) -> np.ndarray:
    """bool (n,): the inverse of `pack_correct`. Raises ValueError if the text is not that of n pictures."""
    packed = np.frombuffer(bytes.fromhex(text), np.uint8)
    if len(packed) != -(-n // 8):
        raise ValueError(f"a text about {n} pictures must have {2 * -(-n // 8)} digits, got {len(text)}")
    return np.unpackbits(packed, count=n).astype(bool)


def drawn_pictures(n_test: int, n_pictures: int, seed: int) -> np.ndarray:
    """int64 (min(n_test, n_pictures),), ascending: which test pictures a study looks at, if not at all of them.

    Fewer pictures are among those of more.
    """
    return np.sort(np.random.RandomState(seed).permutation(n_test)[:n_pictures])
