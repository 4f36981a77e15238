"""CIFAR-10 and CIFAR-100 from the official binary archives: no pickle, so a file from a stranger cannot run code.

A row is one picture: its label bytes (CIFAR-100: coarse, then fine), then 1,024 red, 1,024 green, 1,024 blue bytes.
Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

import os
import shutil
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

import numpy as np
import pooch

from bakeoff.datasets.dataset import Dataset, Progress, Split, named

PIXEL_BYTES = 3 * 32 * 32
N_TRAIN, N_TEST = 50_000, 10_000  # pictures published
N_VALIDATION = 5_000  # taken from the end of training
CACHE_FOLDER = Path("~/.cache/bakeoff")  # where archives go if no data root is named


@dataclass(frozen=True)
class Archive:
    """What is published: where it is, how to know it, and what is inside.

    md5: as printed on the publisher's page.   train_files, test_file: rows of pictures.
    label_bytes: bytes before the pixels; the last one is the class.
    duplicate_percent: share of test pictures with a near duplicate in training (Barz, Denzler, J. Imaging 2020).
    """

    name: str
    title: str
    url: str
    md5: str
    folder: str
    names_file: str
    train_files: tuple[str, ...]
    test_file: str
    label_bytes: int
    n_classes: int
    duplicate_percent: float

    @property
    def files(self) -> tuple[str, ...]:
        return (self.names_file, *self.train_files, self.test_file)


CIFAR10 = Archive(
    name="cifar10",
    title="CIFAR-10",
    url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    folder="cifar-10-batches-bin",
    names_file="batches.meta.txt",
    train_files=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    test_file="test_batch.bin",
    label_bytes=1,
    n_classes=10,
    duplicate_percent=3.3,
)
CIFAR100 = Archive(
    name="cifar100",
    title="CIFAR-100",
    url="https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    md5="03b5dce01913d631647c71ecec9e9cb8",
    folder="cifar-100-binary",
    names_file="fine_label_names.txt",
    train_files=("train.bin",),
    test_file="test.bin",
    label_bytes=2,
    n_classes=100,
    duplicate_percent=10,
)


def load_cifar(archive: Archive, data_root: Path | None = None, progress: Progress | None = None) -> Dataset:
    """Read a CIFAR data set from `data_root/<folder>`, downloading it there first if it is missing.

    data_root: folder of data sets; None means ~/.cache/bakeoff.   progress: called with (what, bytes done, bytes).
    The test pictures keep the published order; validation is the last 5,000 training pictures.
    Raises ValueError for a damaged file, OSError if the archive can neither be found nor downloaded.
    """
    root = (data_root or CACHE_FOLDER).expanduser()
    folder = root / archive.folder
    if not all((folder / name).is_file() for name in archive.files):
        _download(archive, root, progress)
    class_names = tuple((folder / archive.names_file).read_text("utf-8").split())
    if len(class_names) != archive.n_classes:
        expected = f"{archive.n_classes} class names"
        raise ValueError(_damaged(folder / archive.names_file, expected, str(len(class_names))))
    n_pictures, n_train = N_TRAIN // len(archive.train_files), N_TRAIN - N_VALIDATION
    parts = [_read_rows(archive, folder / name, n_pictures) for name in archive.train_files]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Dataset(
        archive.name,
        class_names,
        train=Split(images[:n_train], labels[:n_train]),
        validation=Split(images[n_train:], labels[n_train:]),
        test=Split(*_read_rows(archive, folder / archive.test_file, N_TEST)),
        description=(
            f"{archive.title}: what is in the picture, one of {archive.n_classes} kinds of thing? Color photographs "
            f"from the web, 32x32 pixels, never seen in training. The test pictures and their order are as published; "
            f"validation is the last {N_VALIDATION:,} training pictures."
        ),
        notes=(
            f"About {archive.duplicate_percent} % of the published test pictures have a near duplicate among the "
            "training pictures (Barz and Denzler 2020); they are kept, so that results compare with those of others.",
        ),
    )


def _read_rows(archive: Archive, path: Path, n_pictures: int) -> tuple[np.ndarray, np.ndarray]:
    """One file's images, uint8 (n, 32, 32, 3), and labels, int64 (n,)."""
    row_bytes = archive.label_bytes + PIXEL_BYTES
    content = np.fromfile(path, dtype=np.uint8)
    if content.size != n_pictures * row_bytes:
        expected = f"{n_pictures * row_bytes:,} bytes ({n_pictures:,} pictures of {row_bytes:,})"
        raise ValueError(_damaged(path, expected, f"{content.size:,}"))
    rows = content.reshape(n_pictures, row_bytes)
    labels = rows[:, archive.label_bytes - 1].astype(np.int64)
    if labels.max() >= archive.n_classes:
        worst = int(labels.argmax())
        expected = f"labels of 0..{archive.n_classes - 1}"
        raise ValueError(_damaged(path, expected, f"{labels[worst]} for picture {worst}"))
    pixels = rows[:, archive.label_bytes :].reshape(n_pictures, 3, 32, 32)
    return np.ascontiguousarray(np.moveaxis(pixels, 1, 3)), labels


def _damaged(path: Path, expected: str, got: str) -> str:
    return f"{path} is damaged: expected {expected}, got {got}. Delete the folder {path.parent} to download it again"


def _download(archive: Archive, root: Path, progress: Progress | None) -> None:
    """Fetch the archive, check its sum, and write the files we read below root; the archive is removed afterwards."""
    target = root / archive.folder
    bar = _Bar(f"downloading {archive.title}", progress)
    try:
        fetched = pooch.retrieve(
            archive.url,
            known_hash=f"md5:{archive.md5}",
            path=root,
            fname=archive.url.rpartition("/")[2],
            downloader=pooch.HTTPDownloader(progressbar=bar, timeout=60, chunk_size=1 << 20),
        )
    except (OSError, ValueError) as error:  # no network, or a wrong checksum
        raise OSError(
            f"{archive.title} is not in {target} and could not be downloaded from {archive.url} ({error}): "
            f"put its unpacked folder {archive.folder} there, or name the folder above it with --data-root"
        ) from error
    unpack(archive, Path(fetched), root)
    os.unlink(fetched)


def unpack(archive: Archive, archive_file: Path, root: Path) -> None:
    """Take out the files that we read, and no others.

    Raises ValueError if the archive is damaged or lacks one of them.
    """
    root.mkdir(parents=True, exist_ok=True)
    names = [f"{archive.folder}/{name}" for name in archive.files]
    try:
        with tarfile.open(archive_file) as tar, tempfile.TemporaryDirectory(dir=root, prefix=".") as fresh:
            members = [tar.getmember(name) for name in names]
            if not all(member.isreg() for member in members):
                raise KeyError("one of its files is a link")
            for file, member in zip(archive.files, members, strict=True):
                with open(Path(fresh, file), "wb") as copy:
                    shutil.copyfileobj(cast(IO[bytes], tar.extractfile(member)), copy)  # a regular file has one
            (root / archive.folder).mkdir(exist_ok=True)
            for file, name in zip(archive.files, names, strict=True):
                os.replace(Path(fresh, file), root / name)
    except (tarfile.TarError, EOFError, zlib.error, KeyError) as error:
        raise ValueError(f"{archive_file} is damaged ({error}): delete it to download it again") from error


class _Bar:
    """What pooch wants of a progress bar (tqdm's interface), handed on to our callback."""

    def __init__(self, what: str, progress: Progress | None) -> None:
        self.what, self.progress = what, progress
        self.total, self.done = 0, 0

    def update(self, n_bytes: int) -> None:
        self.done = min(self.done + n_bytes, self.total)  # the last chunk counts as a whole one
        if self.progress:
            self.progress(self.what, self.done, self.total)

    def reset(self) -> None:
        self.done = 0  # pooch then counts the whole size at once

    def close(self) -> None:
        pass


for _archive in (CIFAR10, CIFAR100):
    named(_archive.name)(partial(load_cifar, _archive))
