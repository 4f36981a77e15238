"""Registration of chapters: each announces itself where it is written, with its place in the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, TypeVar

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.elements import Section

Write = TypeVar("Write", bound=Callable[..., Section | None])

CHAPTERS: dict[int, tuple[str, Callable[..., Section | None]]] = {}  # place -> (study, what writes it)


def chapter(place: int, *, study: str = "") -> Callable[[Write], Write]:
    """Make a function from its parameters to a `Section` a chapter of every report that has what they name.

    place: among the chapters, the first lowest.   study: the one that it takes as `study`.
    The parameters it may name are those of `write_chapters`. Returning None leaves the chapter out.
    Raises ValueError for a place that is taken.
    """

    def announce(write: Write) -> Write:
        if place in CHAPTERS:
            raise ValueError(f"the place of a chapter must be its own, got {place}, that of {CHAPTERS[place][1]}")
        CHAPTERS[place] = study, write
        return write

    return announce


def write_chapters(material: Mapping[str, Any], studies: Mapping[str, StudyResult]) -> tuple[Section, ...]:
    """Every chapter of which all is there, in order, those that are folded last.

    material: comparison, verdict, caveats, changes, stakes, finalists (names of experiments), show_pictures, by name;
    what is None or missing leaves out the chapters that ask for it.
    """
    for module in iter_modules([str(Path(__file__).parent)]):
        import_module(f"{__package__}.{module.name}")
    sections = []
    for _, (study, write) in sorted(CHAPTERS.items()):
        known = {**material, "studies": studies, "study": studies.get(study)}
        wanted = signature(write).parameters.values()
        given = {one.name: known[one.name] for one in wanted if known.get(one.name) is not None}
        if all(one.name in given or one.default is not Parameter.empty for one in wanted):
            sections.append(write(**given))
    return tuple(sorted((section for section in sections if section is not None), key=lambda section: section.folded))
