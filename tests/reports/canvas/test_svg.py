"""Figures are made small where nobody reads: in their tags."""

import re

import matplotlib as mpl
from matplotlib.figure import Figure

from bakeoff.reports.canvas.svg import STYLE, to_svg


def draw() -> str:
    with mpl.rc_context(STYLE):
        canvas = Figure(figsize=(4, 3))
        axes = canvas.subplots()
        axes.plot([0.00101, 0.00417, 0.0099], [1, 3, 2])
        axes.set_xticks([0.001, 0.0025], ["0.001", "0.0025"])
        axes.set_title('12.3456 id="5"')
        return to_svg(canvas, "small", "A line at 0.0025.")


def test_numbers_that_are_read_keep_their_decimals():
    svg = draw()
    assert ">0.001<" in svg
    assert ">0.0025<" in svg
    assert '>12.3456 id="5"<' in svg
    assert 'aria-label="A line at 0.0025."' in svg


def test_coordinates_have_two_decimals_and_ids_the_figures_name():
    tags = re.findall(r"<[^>]*>", draw())
    paths = [tag for tag in tags if tag.startswith("<path")]
    assert paths
    assert not re.search(r"\d\.\d{3}", "".join(paths))
    ids = re.findall(r'\bid="([^"]*)"', "".join(tags))
    assert ids
    assert all(name.startswith("small-") for name in ids)
