"""Results of stages on disk, so that nothing is computed twice and a killed run goes on where it was.

An entry is a folder `<root>/<stage>/<key>/` of `.npy` files and one `entry.json`. Its key hashes the stage's name and
version, the configuration and the keys of everything upstream; so a changed setting recomputes just what depends on it.
An entry is written in a temporary folder and renamed into place: it is whole or absent. Checksums notice later damage,
and the entry is then computed again. A lock per key lets two runs share the work instead of doing it twice; whatever
is removed is removed under it. A run that was killed leaves a temporary folder, which the next one clears away.
"""

import hashlib
import json
import mmap
import os
import secrets
import shutil
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from bakeoff.pipelines.machine.stopwatch import measure
from bakeoff.pipelines.results.files import remove_left_overs
from bakeoff.pipelines.results.run import Stage, StageKind

DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError)
CHECKSUM_BLOCK = 1 << 24  # bytes
FILLING = ".filling-"  # begins the name of a file that is being filled, and of its lock


@dataclass(frozen=True)
class StoredRows:
    """An `.npy` file of a given shape, filled by `stored[first:last] = rows`, which any thread may do.

    Written, not memory-mapped: pages of a map would count as the memory of the process that dirtied them.
    """

    path: Path
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    offset: int  # bytes of the header
    lock: FileLock  # held until the file is moved, by a process that lives

    def __setitem__(self, rows: slice, values: np.ndarray) -> None:
        """Raises ValueError if the values do not fit the rows or the columns."""
        start, stop, _ = rows.indices(self.shape[0])
        if values.shape != (stop - start, self.shape[1]):
            raise ValueError(f"values must have shape {(stop - start, self.shape[1])}, got {values.shape}")
        with open(self.path, "r+b") as file:
            file.seek(self.offset + start * self.shape[1] * self.dtype.itemsize)
            file.write(np.ascontiguousarray(values, self.dtype).data)

    def move(self, place: Path) -> None:
        """To its place, once it is filled."""
        os.rename(self.path, place)
        self.lock.release()
        Path(self.lock.lock_file).unlink(missing_ok=True)


Arrays = Mapping[str, np.ndarray | StoredRows]


@dataclass(frozen=True)
class CachedStage:
    """A stage's arrays (memory-mapped, read-only), the key that names them for later stages, and what they cost."""

    arrays: dict[str, np.ndarray]
    key: str
    cost: Stage


@dataclass(frozen=True)
class Cache:
    """A folder of entries. `report_damage` is told, in one line, of an entry that had to be thrown away."""

    root: Path
    report_damage: Callable[[str], None] = print

    def get_or_compute(
        self,
        stage: str,
        *,
        version: int,
        inputs: Mapping[str, Any],
        compute: Callable[[], Arrays],
        kind: StageKind = "features",
    ) -> CachedStage:
        """The stage's arrays: read if this very stage was computed before, else computed and kept.

        version: raise it when the code of the stage changes its result.
        inputs: everything else the result depends on - frozen dataclasses, JSON values, upstream keys.
        """
        key = hash_inputs(stage, version, inputs)
        folder = self.root / stage / key
        try:
            return _read(folder)
        except DAMAGE:
            pass  # whether absent or damaged is found out again under the lock: another run may be mending it
        with self._lock(folder):
            try:
                return _read(folder)
            except FileNotFoundError:
                pass
            except DAMAGE as error:
                self.report_damage(f"cache entry {folder} is damaged ({error}); computing it again")
            with measure(stage, kind) as clock:
                arrays = compute()
            self._write(folder, arrays, clock.stage)
            return CachedStage(_load_arrays(folder), key, clock.stage)

    def remove(self, stage: str, *, version: int, inputs: Mapping[str, Any]) -> None:
        """Forget an entry, if there is one. Arrays of it that somebody still reads stay whole."""
        folder = self.root / stage / hash_inputs(stage, version, inputs)
        if folder.exists():
            with self._lock(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def allocate(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> StoredRows:
        """Room on the cache's disk for a large array that a `compute` fills and returns; the entry takes it over."""
        return create_stored_rows(self.root, shape, dtype)

    def _write(self, folder: Path, arrays: Arrays, cost: Stage) -> None:
        """Called under the entry's lock, so that what lies in its temporary folder is left over from a killed run."""
        temporary = folder.parent / f".writing-{folder.name}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            for name, array in arrays.items():
                if isinstance(array, StoredRows):
                    array.move(temporary / f"{name}.npy")
                else:
                    _save_array(temporary / f"{name}.npy", array)
            checksums = {path.name: _checksum(path) for path in sorted(temporary.iterdir())}
            entry = {"checksums": checksums, "cost": asdict(cost)}
            (temporary / "entry.json").write_text(json.dumps(entry | {"own_checksum": _own_checksum(entry)}))
            shutil.rmtree(folder, ignore_errors=True)  # a damaged one
            os.rename(temporary, folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise

    def _lock(self, folder: Path) -> FileLock:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(folder.parent / f".{folder.name}.lock")  # the system releases it however the process ends


def hash_inputs(stage: str, version: int, inputs: Mapping[str, Any]) -> str:
    """Hexadecimal name of a stage's result. Raises TypeError for an input that has no stable text form."""
    text = json.dumps([stage, version, inputs], sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, {f.name: getattr(value, f.name) for f in fields(value)}]
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a cache key needs plain values or frozen dataclasses, got {type(value).__name__}")


def _read(folder: Path) -> CachedStage:
    """Raises FileNotFoundError if there is no entry, something else of DAMAGE if it is not as it was written."""
    if not folder.exists():
        raise FileNotFoundError(folder)
    try:
        entry = json.loads((folder / "entry.json").read_text())
        own_checksum = entry.pop("own_checksum", None)  # None: an entry from before there was one
        if entry.keys() != {"checksums", "cost"} or own_checksum not in (None, _own_checksum(entry)):
            raise ValueError("checksum of entry.json differs")
        damaged = [name for name, value in entry["checksums"].items() if _checksum(folder / name) != value]
        if damaged:
            raise ValueError(f"checksum of {damaged[0]} differs")
        cost = replace(Stage(**entry["cost"]), reused=True)
        return CachedStage(_load_arrays(folder), folder.name, cost)
    except OSError as error:  # a file of it is missing
        raise ValueError(str(error)) from error


def _save_array(path: Path, array: np.ndarray) -> None:
    """A `.npy` file, by plain writes: on a full disk numpy's own raises an error that does not say so."""
    with open(path, "wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": array.shape}
        np.lib.format.write_array_header_2_0(file, header)
        file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _load_arrays(folder: Path) -> dict[str, np.ndarray]:
    return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(folder.glob("*.npy"))}


def _own_checksum(entry: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(entry, sort_keys=True).encode())


def _checksum(path: Path) -> int:
    value = 0
    with open(path, "rb") as file:
        while block := file.read(CHECKSUM_BLOCK):
            value = zlib.crc32(block, value)
    return value


def create_stored_rows(folder: Path, shape: tuple[int, int], dtype: np.dtype[Any]) -> StoredRows:
    """A file of zeros, which takes no room until it is written. What killed processes were filling there goes first."""
    folder.mkdir(parents=True, exist_ok=True)
    remove_left_overs(folder, FILLING)
    path = folder / f"{FILLING}{secrets.token_hex(8)}.npy"
    lock = FileLock(f"{path}.lock", thread_local=False)  # whichever thread moves the file releases it
    lock.acquire()
    np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    offset = path.stat().st_size - shape[0] * shape[1] * dtype.itemsize
    return StoredRows(path, shape, dtype, offset, lock)


def let_go(array: Any) -> None:
    """What was read of a mapped file is in memory no longer; it is read again where it is asked for."""
    if isinstance(array, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):  # Windows has none
        array._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]
