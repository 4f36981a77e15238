"""The lecture as a page, as slides and as notebooks, from what `bakeoff lecture` computed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.pipelines.results.files import write_atomically
from bakeoff.reports.canvas.elements import Figure
from bakeoff.reports.canvas.svg import standalone_svg
from bakeoff.reports.canvas.theme import render_page
from bakeoff.reports.lecture import features, functions, graphs, nets  # noqa: F401  (they enter their figures)
from bakeoff.reports.lecture.notebook import write_notebook
from bakeoff.reports.lecture.panels import figure
from bakeoff.reports.lecture.text import fill, to_html, to_plain

TITLE = "Features, nets and back-propagation"


@dataclass(frozen=True)
class Passage:
    """HTML, then a figure and the code that made it; either may be absent."""

    html: str
    figure: Figure | None
    caption: str
    code: str


@dataclass(frozen=True)
class Chapter:
    """name: anchor, and the name of its file.   claim: HTML of the first paragraph."""

    name: str
    title: str
    claim: str
    passages: tuple[Passage, ...]


def read_chapter(path: Path) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """The parts of a saved chapter, and its variables; those saved as name/key are mappings again."""
    variables: dict[str, Any] = {}
    with np.load(path) as arrays:
        parts = json.loads(str(arrays["chapter"]))["parts"]
        for name in arrays.files:
            value = arrays[name] if arrays[name].ndim else arrays[name].item()
            place, (*outer, last) = variables, name.split("/")
            for key in outer:
                place = place.setdefault(key, {})
            place[last] = value
    return parts, variables


def build_chapter(path: Path) -> Chapter:
    """Raises KeyError, jinja2.UndefinedError or ValueError for a figure, number or formula that cannot be made."""
    parts, variables = read_chapter(path)
    name = path.stem.partition("-")[2]
    heading, _, parts[0]["text"] = parts[0]["text"].removeprefix("# ").partition("\n\n")
    passages = tuple(_passage(part, variables) for part in parts)
    claim = to_html(fill(parts[0]["text"].partition("\n\n")[0], variables))
    return Chapter(name, heading, claim, passages)


def _passage(part: Mapping[str, str], variables: Mapping[str, Any]) -> Passage:
    html = to_html(fill(part["text"], variables))
    if not part["figure"]:
        return Passage(html, None, "", part["code"])
    caption = fill(part["caption"], variables)
    drawn = figure(part["figure"], variables, caption=to_plain(caption), alt=part["alt"])
    return Passage(html, drawn, to_html(caption), part["code"])


def read_chapters(folder: Path) -> tuple[Chapter, ...]:
    """Raises FileNotFoundError if none has been computed."""
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise FileNotFoundError(f"there is no chapter in {folder}: run `bakeoff lecture`, which computes them first")
    return tuple(map(build_chapter, paths))


def render_lecture(chapters: Sequence[Chapter]) -> str:
    """The page, with a content-security policy that lets nothing in from outside."""
    return render_page(
        "lecture.html.j2", scripts=("lecture.js",), styles=LECTURE_STYLES, title=TITLE, chapters=chapters
    )


def render_slides(chapters: Sequence[Chapter]) -> str:
    """One slide a figure; it needs no script."""
    return render_page("slides.html.j2", scripts=(), styles=LECTURE_STYLES, title=TITLE, chapters=chapters)


LECTURE_STYLES = ("style.css", "lecture.css")


def draw_lecture(folder: Path) -> int:
    """From folder/numbers: lecture.html, slides.html, figures and notebooks. Raises as `read_chapters`."""
    paths = sorted((folder / "numbers").glob("*.npz"))
    chapters = read_chapters(folder / "numbers")
    for drawn in (passage.figure for chapter in chapters for passage in chapter.passages):
        if drawn is not None:
            write_atomically(folder / "figures" / drawn.file_name, standalone_svg(str(drawn.picture)).encode())
    for path in paths:
        write_notebook(folder / "notebooks" / f"{path.stem}.ipynb", *read_chapter(path))
    write_atomically(folder / "slides.html", render_slides(chapters).encode())
    page = folder / "lecture.html"
    write_atomically(page, render_lecture(chapters).encode())
    print(page)
    return 0
