"""Registration of chapters: each announces itself where it is written, with its place in the report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from inspect import signature
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, TypeVar

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.elements import Section

Write = TypeVar("Write", bound=Callable[..., Section | None])


@dataclass(frozen=True)
class Chapter:
    write: Callable[..., Section | None]
    study: str
    decisive: bool


CHAPTERS: dict[int, Chapter] = {}  # by place


def chapter(place: int, *, study: str = "", decisive: bool = False) -> Callable[[Write], Write]:
    """Make a function from its parameters to a `Section` a chapter of every report that has what they name.

    place: among the chapters, the first lowest.   study: the one that it takes as `study`.   decisive: it may change
    what the reader does, so it comes before the others, which are folded.
    The parameters it may name are those of `write_chapters`. Returning None leaves the chapter out.
    Raises ValueError for a place that is taken.
    """

    def announce(write: Write) -> Write:
        if place in CHAPTERS:
            raise ValueError(f"the place of a chapter must be its own, got {place}, that of {CHAPTERS[place].write}")
        CHAPTERS[place] = Chapter(write, study, decisive)
        return write

    return announce


def write_chapters(material: Mapping[str, Any], studies: Mapping[str, StudyResult]) -> tuple[Section, ...]:
    """Every chapter of which all is there, in order, those that are folded last.

    material: comparison, verdict, caveats, changes, stakes, show_pictures, by name; what is None or missing leaves out
    the chapters that ask for it.
    """
    for module in iter_modules([str(Path(__file__).parent)]):
        import_module(f"{__package__}.{module.name}")
    sections = []
    for _, one in sorted(CHAPTERS.items(), key=lambda item: (not item[1].decisive, item[0])):
        known = {**material, "studies": studies, "study": studies.get(one.study)}
        given = {name: known.get(name) for name in signature(one.write).parameters}
        section = None if any(one is None for one in given.values()) else one.write(**given)
        sections += [replace(section, folded=not one.decisive)] if section else []
    return tuple(sections)
