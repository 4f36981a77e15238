"""`python -m bakeoff.reports.lecture`: the computed numbers in; lecture.html, and every figure as a file, out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bakeoff.pipelines.results.files import write_atomically
from bakeoff.reports.canvas.svg import standalone_svg
from bakeoff.reports.lecture.page import build_chapters, read_results, render_lecture
from bakeoff.reports.lecture.panels import Chapter


def write_lecture(folder: Path, chapters: tuple[Chapter, ...]) -> Path:
    """Write folder/lecture.html and folder/figures; returns the page's path."""
    for chapter in chapters:
        for figure in chapter.figures:
            picture = figure.picture
            content = standalone_svg(picture).encode() if isinstance(picture, str) else picture
            write_atomically(folder / "figures" / figure.file_name, content)
    page = folder / "lecture.html"
    write_atomically(page, render_lecture(chapters).encode())
    return page


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bakeoff.reports.lecture", description="Draw the lecture's page.")
    parser.add_argument("--output", type=Path, default=Path("artifacts/lecture"), help="folder of the lecture")
    options = parser.parse_args(arguments)
    try:
        chapters = build_chapters(read_results(options.output / "numbers"))
        print(write_lecture(options.output, chapters))
    except (ValueError, OSError) as error:
        print(f"lecture: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
