"""Cleanup of the folder of all that is computed; it is marked, so that nothing else is ever removed."""

from __future__ import annotations

import shutil
from pathlib import Path

from bakeoff.pipelines.results.files import read_json, write_json

MARKER = ".bakeoff"
# What we make there.
OURS = (
    *("cache", "runs", "reports", "studies", "contest", "checkpoints", "tensorboard", "lecture"),
    *("bench.json", "scaling.json"),
)


def claim(folder: Path) -> None:
    """Mark a folder as ours, and note what of our names lies there already: that is not."""
    if not (folder / MARKER).exists():
        write_json(folder / MARKER, {"not ours": _present(folder)})


def clean(folder: Path) -> list[str]:
    """Remove what was computed, and the folder if nothing else is in it; returns the names of what went.

    Raises ValueError for a folder in which we made nothing.
    """
    if not folder.exists():
        return []
    if not (folder / MARKER).is_file():
        raise ValueError(f"{folder} holds nothing that was made here: nothing was removed (--artifacts)")
    not_ours = read_json(folder / MARKER).get("not ours", OURS)
    ours = [name for name in _present(folder) if name not in not_ours]
    for name in ours:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    (folder / MARKER).unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
    return ours


def _present(folder: Path) -> list[str]:
    return [name for name in OURS if (folder / name).exists() or (folder / name).is_symlink()]
