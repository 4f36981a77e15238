"""The lecture as a page, as slides and as notebooks, from what `bakeoff lecture` computed."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import numpy as np

from bakeoff.pipelines.results.files import write_atomically
from bakeoff.reports.canvas.elements import Figure
from bakeoff.reports.canvas.svg import standalone_svg
from bakeoff.reports.canvas.theme import render_page
from bakeoff.reports.lecture.text import fill, to_html, to_plain

TITLE = "Features, nets and back-propagation"
INSTALL = """\
# Where bakeoff is not installed, as on Colab: upload the wheel that `pip wheel . --no-deps` makes in a checkout, run
# %pip install ./bakeoff-0.1.0-py3-none-any.whl
from bakeoff.reports.lecture import show"""
PAGES = {"slides": (), "lecture": ("lecture.js",)}  # template -> its scripts
Keep = Callable[[Mapping[str, Any], Callable[[], dict[str, np.ndarray]]], Mapping[str, np.ndarray]]


class Fields(SimpleNamespace):
    """A saved dataclass or mapping: its fields are items, too."""

    __getitem__ = SimpleNamespace.__getattribute__


@dataclass(frozen=True)
class Passage:
    """HTML, then a figure and the code that made it; either may be absent."""

    html: str
    figure: Figure | None
    caption: str
    code: str


@dataclass(frozen=True)
class Chapter:
    """name: anchor, and the name of its file.   claim: HTML of the first paragraph and of the formula."""

    name: str
    title: str
    claim: str
    passages: tuple[Passage, ...]


def read_chapter(path: Path) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """The parts of a saved chapter, and its variables; those saved as name.key are mappings again."""
    variables: dict[str, Any] = {}
    with np.load(path) as arrays:
        parts = json.loads(str(arrays["chapter"]))
        for name in arrays.files:
            value = arrays[name] if arrays[name].ndim else arrays[name].item()
            place, (*outer, last) = variables, map(unquote, name.split("."))
            for key in outer:
                place = vars(place.setdefault(key, Fields()))
            place[last] = value
    return parts, variables


def build_chapter(path: Path, keep: Keep) -> Chapter:
    """Raises KeyError or AttributeError for a figure, jinja2.UndefinedError for a number, ValueError for a formula."""
    parts, variables = read_chapter(path)
    drawn_from = {"chapter": sha256(path.read_bytes()).hexdigest(), "code": drawing_code()}
    pictures = keep(drawn_from, partial(_draw, parts, variables))
    heading, _, parts[0]["text"] = parts[0]["text"].removeprefix("# ").partition("\n\n")
    claim = to_html(fill("\n\n".join(parts[0]["text"].split("\n\n")[:2]), variables))
    passages = tuple(_passage(part, variables, pictures) for part in parts)
    return Chapter(path.stem.partition("-")[2], heading, claim, passages)


@cache
def drawing_code() -> str:
    """What a picture depends on besides its chapter."""
    folder = Path(__file__).parents[1]
    sources = sorted(path for room in ("canvas", "lecture") for path in (folder / room).glob("*.py"))
    return sha256(b"".join(path.read_bytes() for path in sources)).hexdigest() + version("matplotlib")


def _draw(parts: Sequence[Mapping[str, str]], variables: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The bytes of each figure's SVG."""
    from bakeoff.reports.lecture.panels import draw  # and with it matplotlib, which takes a while

    named = [(part["figure"], part["alt"]) for part in parts if part["figure"]]
    return {name: np.frombuffer(draw(name, variables, alt).encode(), np.uint8) for name, alt in named}


def _passage(part: Mapping[str, str], variables: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> Passage:
    name, caption = part["figure"], fill(part["caption"], variables)
    figure = Figure(name, to_plain(caption), part["alt"], pictures[name].tobytes().decode()) if name else None
    return Passage(to_html(fill(part["text"], variables)), figure, to_html(caption), part["code"])


def draw_lecture(folder: Path, keep: Keep) -> int:
    """From folder/numbers: lecture.html, slides.html, figures and notebooks.

    keep: from what they depend on and a function that draws them to the pictures, drawn or from a cache.
    Raises FileNotFoundError if no chapter has been computed, else as `build_chapter`.
    """
    paths = sorted((folder / "numbers").glob("*.npz"))
    if not paths:
        raise FileNotFoundError(f"there is no chapter in {folder}: run `bakeoff lecture`, which computes them first")
    chapters = [build_chapter(path, keep) for path in paths]
    for drawn in (passage.figure for chapter in chapters for passage in chapter.passages):
        if drawn is not None:
            write_atomically(folder / "figures" / drawn.file_name, standalone_svg(str(drawn.picture)).encode())
    for path in paths:
        write_notebook(folder / "notebooks" / f"{path.stem}.ipynb", *read_chapter(path))
    for name, scripts in PAGES.items():  # the policy lets nothing in from outside
        html = render_page(
            f"{name}.html.j2", scripts=scripts, styles=("style.css", "lecture.css"), title=TITLE, chapters=chapters
        )
        write_atomically(folder / f"{name}.html", html.encode())
    print(folder / "lecture.html")
    return 0


def write_notebook(path: Path, parts: Sequence[Mapping[str, str]], variables: Mapping[str, Any]) -> None:
    """Write an .ipynb (format 4.5) without outputs. parts, variables: as `read_chapter` gives them."""
    cells: list[dict[str, Any]] = [
        {"id": f"cell-{i}", "cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for i, (kind, source) in enumerate(_cells(parts, variables))
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    write_atomically(path, (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode())


def _cells(parts: Sequence[Mapping[str, str]], variables: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "code", INSTALL
    for part in parts:
        if part["text"]:
            yield "markdown", fill(part["text"], variables)
        if part["code"]:
            yield "code", part["code"] + (f'\nshow("{part["figure"]}", globals())' if part["figure"] else "")
        if part["caption"]:
            yield "markdown", f"*{fill(part['caption'], variables)}*"
