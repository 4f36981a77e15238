"""The page, the slides and the notebooks, drawn from the chapters that are quick to compute."""

import json
import re
from html import unescape

import pytest

from bakeoff.pipelines.lecture.chapter import FOLDER, compute_chapters, read_parts
from bakeoff.reports.lecture import features, functions, graphs, nets, page, panels, show  # noqa: F401  (figures)
from bakeoff.reports.lecture.page import build_chapter, draw_lecture, read_chapter
from bakeoff.reports.lecture.panels import FIGURES
from bakeoff.reports.lecture.text import to_html

SOURCES = sorted(FOLDER.glob("*.md"))
QUICK = ("02-systems", "11-gates", "12-graphs", "13-tensors", "15-measured")


def no_cache(inputs, compute):
    return compute()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lecture")
    (folder / "sources").mkdir()
    for path in SOURCES:
        if path.stem in QUICK:
            (folder / "sources" / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    compute_chapters(folder / "numbers", no_cache, lambda _: None, folder / "sources")
    draw_lecture(folder, no_cache)
    return folder


@pytest.fixture(scope="module")
def chapters(folder):
    return [build_chapter(path, no_cache) for path in sorted((folder / "numbers").iterdir())]


@pytest.fixture(scope="module", params=["lecture.html", "slides.html"])
def html(folder, request):
    return unescape((folder / request.param).read_text(encoding="utf-8"))


def test_the_page_needs_nothing_else(html):
    assert "default-src 'none'" in html
    assert not re.findall(r'\ssrc="(?!data:)[^"]+"', html)
    assert not re.findall(r'\sstyle="', html)
    assert not re.findall(r"<link(?! rel=\"icon\" href=\"data:,\")", html)


def test_ids_are_unique_and_references_lead_somewhere(html):
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_every_figure_is_on_the_page_on_a_slide_and_in_a_file(chapters, folder, html):
    figures = [passage.figure for chapter in chapters for passage in chapter.passages if passage.figure]
    for figure in figures:
        assert html.count(f'id="{figure.name}"') == 1
    assert {path.name for path in (folder / "figures").iterdir()} == {figure.file_name for figure in figures}


def check_sizes(chapters):
    """On a phone of 390 px figures are 374 px wide, and no label is lower than 11. In print, a figure of at most 135
    mm, its heading and its text are kept together (.keep), which works only for what is at most 261 mm high."""
    for passage in (passage for chapter in chapters for passage in chapter.passages if passage.figure):
        name, picture = passage.figure.name, passage.figure.picture
        width = float(re.search(r'viewBox="0 0 (\d+)', picture)[1])
        assert min(map(float, re.findall(r'font-size="([\d.]+)', picture)), default=12) * 374 / width >= 11, name
        words = len(re.sub(r"<[^>]+>", " ", passage.html + passage.caption).split())
        assert 135 + 25 + words * 0.5 < 255, name  # half a millimeter a word, a heading 25


def test_labels_are_legible_on_a_phone_and_figures_stay_with_their_text_in_print(chapters):
    check_sizes(chapters)


def test_what_is_shown_is_what_ran(folder, chapters):
    for path, chapter in zip(sorted((folder / "numbers").iterdir()), chapters, strict=True):
        source = (FOLDER / f"{path.stem}.md").read_text(encoding="utf-8")
        assert [passage.code for passage in chapter.passages] == [part.code for part in read_parts(source)]


@pytest.mark.parametrize("change", [None, "chapter", "code"])
def test_a_picture_is_drawn_again_only_if_its_chapter_or_the_code_is_another(folder, change, monkeypatch):
    known, path = {}, folder / "numbers" / "12-graphs.npz"

    def keep(inputs, compute):
        key = json.dumps(inputs, sort_keys=True)
        known[key] = known.get(key) or compute()
        return known[key]

    first = build_chapter(path, keep)
    if change == "chapter":
        path = folder / "numbers" / "11-gates.npz"
    if change == "code":
        monkeypatch.setattr(page, "drawing_code", lambda: "another")
    drawn, draw = [], panels.draw
    monkeypatch.setattr(panels, "draw", lambda *given: drawn.append(given[0]) or draw(*given))
    again = build_chapter(path, keep)
    assert drawn == ([] if change is None else [part.figure.name for part in again.passages if part.figure])
    assert (again == first) == (change != "chapter")


def test_missing_numbers_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="bakeoff lecture"):
        draw_lecture(tmp_path, no_cache)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_chapter_has_claim_formula_figures_code_exercises_and_reading(path):
    source = path.read_text(encoding="utf-8")
    assert re.match(r"# [A-Z][^\n]+\n\n[^\n]{80,}\n\n\$\$ [^\n]+ \$\$\n", source)
    parts = read_parts(source)
    assert parts[0].figure
    for part in parts:
        assert part.figure is None or part.figure in FIGURES
        assert part.figure is None or len(part.alt) > 40
        assert part.caption == "" or part.caption.endswith(".")
    last = to_html(parts[-1].text) + to_html(parts[-2].text)
    assert re.findall(r"<details><summary>Exercise (\d)", source) == ["1", "2"]
    assert source.count("<details>") == source.count("</details>")
    assert "Further reading." in last
    assert "https://" in last


LONGER = {"two-layer-loss": 13, "convexity": 13, None: 11}  # the net by hand; five functions that are compared


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_code_is_short_enough_for_a_slide_and_no_line_is_broken(path):
    """Ten lines, imports and empty ones apart; 110 characters fit into the column of a wide window."""
    for part in read_parts(path.read_text(encoding="utf-8")):
        lines = [line for line in part.code.splitlines() if line and not re.match("from |import ", line)]
        assert len(lines) <= LONGER.get(part.figure, 10), part.figure
        assert max(map(len, lines), default=0) <= 108, part.figure


def test_every_figure_belongs_to_one_chapter_and_eighteen_to_those_of_the_first_hour():
    parts = [read_parts(path.read_text(encoding="utf-8")) for path in SOURCES]
    named = [[part.figure for part in chapter if part.figure] for chapter in parts]
    assert sorted(name for names in named for name in names) == sorted(FIGURES)
    assert sum(len(named[number - 1]) for number in (1, 2, 3, 4, 8, 11)) == 18  # as the page says


def test_notebooks_hold_the_chapters_code_and_text(folder):
    paths = sorted((folder / "notebooks").iterdir())
    assert [path.stem for path in paths] == list(QUICK)
    for path in paths:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
        parts, _ = read_chapter(folder / "numbers" / f"{path.stem}.npz")
        code = [
            "".join(cell["source"]).partition("\nshow(")[0]
            for cell in notebook["cells"][1:]
            if cell["cell_type"] == "code"
        ]
        assert code == [part["code"] for part in parts if part["code"]]
        assert "{{" not in path.read_text(encoding="utf-8")


def run_notebook(path):
    """Every code cell, top to bottom; the last value of each figure's cell is a picture."""
    variables = {"__name__": "notebook"}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            code, called, rest = "".join(cell["source"]).partition("\nshow(")
            exec(code, variables)
            if called:
                picture = eval("show(" + rest, variables)
                assert picture._repr_svg_().startswith("<svg xmlns=")


def test_quick_notebooks_run(folder):
    for path in sorted((folder / "notebooks").iterdir()):
        run_notebook(path)


@pytest.mark.slow
def test_the_whole_lecture_is_computed_drawn_and_its_notebooks_run(tmp_path):
    compute_chapters(tmp_path / "numbers", no_cache, print)
    draw_lecture(tmp_path, no_cache)
    assert len(list((tmp_path / "notebooks").iterdir())) == len(SOURCES) == 15
    check_sizes(build_chapter(path, no_cache) for path in sorted((tmp_path / "numbers").iterdir()))
    for path in sorted((tmp_path / "notebooks").iterdir()):
        run_notebook(path)


def test_of_three_published_reports_one_has_a_winner(folder):
    """As the last chapter says, and asks why."""
    _, variables = read_chapter(folder / "numbers" / "15-measured.npz")
    for verdict, n in (("End-to-end training wins", 1), ("no difference is shown", 2)):
        assert sum(verdict in sentence for sentence in variables["verdicts"]) == n


def test_a_figure_that_is_none_is_an_error():
    with pytest.raises(KeyError):
        show("no-such-figure", {})
