"""Cleanup of the folder of all that is computed; it is marked, so that nothing else is ever removed."""

from __future__ import annotations

import shutil
from pathlib import Path

from bakeoff.pipelines.results.files import read_json, write_json

MARKER = ".bakeoff"
# What we make there, and what one of it holds when it is ours: for folders from before there was a marker.
SIGNS = {
    "cache": "*/*/entry.json",
    "runs": "*/task.npz",
    "reports": "*/report.json",
    "studies": "*/*/*/*/entry.json",
    "contest": "runs/*",
    "tensorboard": "*/*/seed-*",
    "lecture": "numbers/*.npz",
    "bench.json": "",
    "scaling.json": "",
}


def claim(folder: Path) -> None:
    """Mark a folder as ours, and note what of our names lies there already: that is not."""
    if not (folder / MARKER).exists():
        found = [name for name in SIGNS if _exists(folder / name) and not _is_ours(folder, name)]
        write_json(folder / MARKER, {"not ours": found})


def clean(folder: Path) -> list[str]:
    """Remove what was computed, and the folder if nothing else is in it; returns the names of what went.

    Raises ValueError for a folder in which we made nothing.
    """
    if not folder.exists():
        return []
    if (folder / MARKER).is_file():
        not_ours = read_json(folder / MARKER).get("not ours", SIGNS)
        ours = [name for name in SIGNS if _exists(folder / name) and name not in not_ours]
    else:
        ours = [name for name in SIGNS if _is_ours(folder, name)]
        if not ours:
            raise ValueError(f"{folder} holds nothing that was made here: nothing was removed (--artifacts)")
    for name in ours:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    (folder / MARKER).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
    return ours


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _is_ours(folder: Path, name: str) -> bool:
    return SIGNS[name] != "" and any((folder / name).glob(SIGNS[name]))
