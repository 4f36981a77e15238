"""Chapters of the lecture: Markdown files with formulas and code; the code that is shown is the code that runs.

A block of code that begins "```python name: description" makes the figure of that name; the line in asterisks after it
is the caption. All blocks of a chapter share their variables, and the text may show these, as {{ n_words }}.
"""

import io
import json
import re
import shutil
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from bakeoff.pipelines.results.files import write_atomically

FOLDER = Path(__file__).parent / "chapters"
REPORTS = Path(__file__).parents[2] / "docs" / "results"
VERSION = 3  # raise it when what the chapters call gives other results
BLOCK = re.compile(
    r"^```python(?: (?P<figure>[\w-]+): (?P<alt>[^\n]+))?\n(?P<code>.*?)^```\n(?:\n\*(?P<caption>[^*].*?)\*\n)?",
    re.MULTILINE | re.DOTALL,
)
Keep = Callable[[Mapping[str, Any], Callable[[], dict[str, np.ndarray]]], Mapping[str, np.ndarray]]
MOST_BYTES = 1_000_000  # of a variable: what is larger is no figure's


@dataclass(frozen=True)
class Part:
    """Markdown, then a block of code (none: ""), which makes a figure or (figure None) only variables."""

    text: str
    code: str = ""
    figure: str | None = None
    alt: str = ""
    caption: str = ""


def read_parts(source: str) -> tuple[Part, ...]:
    """The parts of a chapter, in order. Raises ValueError for a figure without a caption."""
    parts, end = [], 0
    for block in BLOCK.finditer(source):
        found = block.groupdict(default="")
        if found["figure"] and not found["caption"]:
            raise ValueError(f"the figure {found['figure']} needs a caption: a paragraph in *asterisks* after its code")
        caption = " ".join(found["caption"].split())
        text = source[end : block.start()].strip()
        parts.append(Part(text, found["code"].strip(), found["figure"] or None, found["alt"], caption))
        end = block.end()
    return (*parts, Part(source[end:].strip()))


def run_parts(parts: tuple[Part, ...], name: str) -> dict[str, Any]:
    """Run the code of a chapter, top to bottom; returns its variables."""
    variables: dict[str, Any] = {"__name__": name}
    for part in parts:
        exec(compile(part.code, f"{name}.md", "exec"), variables)
    return variables


def compute_chapters(folder: Path, keep: Keep, say: Callable[[str], None], sources: Path = FOLDER) -> None:
    """Write one .npz a chapter: its parts and the variables that can be stored.

    keep: from what they depend on and a function that computes them to the variables, computed or from a cache.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for i, path in enumerate(paths := sorted(sources.glob("*.md")), start=1):
        start = time.perf_counter()
        parts = read_parts(path.read_text(encoding="utf-8"))
        code = {"code": [part.code for part in parts], "version": VERSION, "reports": _reports(parts)}
        variables = keep(code, partial(_compute, parts, path.stem))
        header = json.dumps([asdict(part) for part in parts])
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, chapter=np.array(header), **variables)
        write_atomically(folder / f"{path.stem}.npz", buffer.getvalue())
        say(f"chapter {i} of {len(paths)}, {path.stem[3:]:<16}{time.perf_counter() - start:6.1f} s")


def _reports(parts: Sequence[Part]) -> list[int]:
    """Checksums of the published reports, which are made anew now and then, for a chapter that reads them."""
    if not any("load_report" in part.code for part in parts):
        return []
    return [zlib.crc32(path.read_bytes()) for path in sorted(REPORTS.glob("*/report.json"))]


def _compute(parts: tuple[Part, ...], name: str) -> dict[str, np.ndarray]:
    return _storable(run_parts(parts, name))


def _storable(variables: Mapping[Any, Any]) -> dict[str, np.ndarray]:
    """Numbers, texts and arrays by name, as it can be a file's; those of a mapping or dataclass as name.key. Others are
    left out."""
    found: dict[str, np.ndarray] = {}
    for key, value in variables.items():
        inner = value if isinstance(value, dict) else vars(value) if hasattr(value, "__dataclass_fields__") else None
        name = quote(str(key), safe="")
        if name.startswith("_"):
            continue
        if inner is not None and not isinstance(value, type):
            found |= {f"{name}.{last}": array for last, array in _storable(inner).items()}
        elif isinstance(value, np.ndarray | np.generic | bool | int | float | str | list | tuple):
            try:
                array = np.asarray(value)
            except ValueError:  # ragged: the layers of a net
                continue
            if array.dtype.kind in "biufU" and array.nbytes <= MOST_BYTES:
                found[name] = array
    return found
