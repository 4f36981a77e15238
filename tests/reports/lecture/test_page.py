"""The page as a whole, drawn from small runs of every computation."""

import importlib
import re
from dataclasses import fields
from html import unescape

import numpy as np
import pytest

from bakeoff.datasets.sets.digits import load_digits
from bakeoff.pipelines.lecture import computations as compute
from bakeoff.pipelines.lecture.bumps import approximate
from bakeoff.pipelines.lecture.capacity import compare_width_and_l2
from bakeoff.pipelines.lecture.convexity import check_convexity
from bakeoff.pipelines.lecture.initialization import measure_gradient_flow
from bakeoff.pipelines.lecture.loss_surface import scan_loss_surfaces
from bakeoff.pipelines.lecture.templates import learn_templates
from bakeoff.pipelines.lecture.warping import warp_spirals
from bakeoff.reports.lecture.page import RESULTS, build_chapters, draw_lecture, read_results, write_lecture

SMALL = {
    "templates-digits": lambda: learn_templates(load_digits(), n_epochs=1),
    "templates-photos": lambda: learn_templates(load_digits(), n_epochs=1),
    "warping": lambda: warp_spirals(n_points=30, n_steps=20, n_seeds=1),
    "capacity": lambda: compare_width_and_l2(n_steps=5, n_mesh=12),
    "bumps": lambda: approximate(n_bumps=(3, 5), n_steps=10),
    "convexity": lambda: check_convexity(n_nets=3, n_steps=5, n_pictures=20),
    "loss-surface": lambda: scan_loss_surfaces(n_points=20, n_training=5, n_scan=5),
    "initialization": lambda: measure_gradient_flow(n_pictures=8, n_seeds=1),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lecture")
    (folder / "numbers").mkdir()
    for name, whole in compute.COMPUTATIONS.items():
        result = SMALL.get(name, whole)()
        arrays = {field.name: getattr(result, field.name) for field in fields(result)}
        np.savez(folder / "numbers" / f"{name}.npz", **arrays, made_by=f"{whole.__module__}.{whole.__qualname__}")
    return folder


@pytest.fixture(scope="module")
def chapters(folder):
    return build_chapters(read_results(folder / "numbers"))


@pytest.fixture(scope="module")
def html(folder, chapters):
    return unescape(write_lecture(folder, chapters).read_text(encoding="utf-8"))


def test_everything_computed_is_drawn():
    assert set(RESULTS) == set(compute.COMPUTATIONS)


def test_the_page_needs_nothing_else(html):
    assert "default-src 'none'" in html
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]+"', html)
    assert not re.findall(r'\sstyle="', html)
    assert '<link rel="icon" href="data:,">' in html


def test_ids_are_unique_and_references_lead_somewhere(html):
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_every_figure_says_what_it_shows(chapters, html):
    figures = [figure for chapter in chapters for figure in chapter.figures]
    assert html.count('role="img"') == len(figures)
    for figure in figures:
        assert len(figure.alt) > 40
        assert figure.caption.endswith(".")
        assert "nan" not in re.sub(r"\w*nan\w+", "", figure.alt + figure.caption)


def test_every_chapter_is_short_and_names_real_functions(chapters):
    assert len(chapters) == 10
    for chapter in chapters:
        assert 2 <= len(re.findall(r"[.](?= |$)", chapter.text)) <= 5
        assert chapter.figures
        for function in chapter.made_by:
            module, name = function.rsplit(".", 1)
            assert callable(getattr(importlib.import_module(module), name))


def test_every_figure_is_a_file_too(chapters, folder, html):
    files = {path.name for path in (folder / "figures").iterdir()}
    assert files == {figure.file_name for chapter in chapters for figure in chapter.figures}
    for path in (folder / "figures").iterdir():
        assert path.read_text(encoding="utf-8").startswith("<svg xmlns=")


def test_save_result_keeps_every_field_and_the_name_of_the_function(tmp_path):
    compute.save_result(tmp_path, "product", compute.COMPUTATIONS["graph-product"])
    with np.load(tmp_path / "product.npz") as arrays:
        assert arrays["made_by"] == "bakeoff.pipelines.lecture.computational_graph.product_of_sum"
        assert arrays["output"] == -12


def test_missing_numbers_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="bakeoff lecture"):
        draw_lecture(tmp_path)


def test_sentences_say_what_the_numbers_show(folder):
    results = read_results(folder / "numbers")
    capacity = {**results["capacity"], "widths": np.array([2, 5, 40]), "penalties": np.array([0.0, 0.003, 0.03])}
    capacity["test_accuracies"] = np.array([[0.7, 0.7, 0.7], [0.8, 0.914, 0.8], [0.88, 0.91, 0.8]])
    convexity = {**results["convexity"], "violations": np.array([0.0, 0.0, 0.09, 1.0])}
    chapters = build_chapters({**results, "capacity": capacity, "convexity": convexity})
    text = {chapter.name: chapter.text.replace("\N{NO-BREAK SPACE}", " ") for chapter in chapters}
    assert "91.4 %, has 5 units and a penalty of 0.003; without one it gets 80.0 %" in text["capacity"]
    assert "on 3 lines" in text["convexity"]
    assert "rise above one on 0.0 % of them" in text["convexity"]
    assert "does not say how to find its weights" in text["bumps"]
