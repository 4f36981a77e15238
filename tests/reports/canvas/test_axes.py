from bakeoff.reports.canvas.axes import draw_curves, new_canvas
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.statistics.curves import read_curves
from bakeoff.tests.reports.study_factory import make_row

METHODS = {"hog": 0.2, "pca": 0.3, "sift-bow": 0.9, "classic": 0.8, "color-histogram": 0.5}


def drawn(methods: dict[str, float]):
    rows = [
        {**make_row("classic", share * part, x=x), "experiment": name}
        for name, share in methods.items()
        for x, part in ((1, 0.5), (2, 1.0))
    ]
    canvas, (axes,) = new_canvas(300)
    draw_curves(axes, read_curves(rows, lambda row: float(row["x"])))
    to_svg(canvas, "curves", "")
    return axes


def test_no_two_lines_of_one_side_look_the_same():
    looks = [
        (line.get_color(), line.get_linestyle(), line._dash_pattern[1], line.get_markerfacecolor())
        for line in drawn(METHODS).get_lines()
    ]
    assert len({str(look) for look in looks}) == len(METHODS)


def test_a_long_legend_stands_beside_the_axes_in_the_order_of_the_right_ends():
    axes = drawn(METHODS)
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["sift-bow", "classic", "color-histogram", "pca", "hog"]
    assert axes.get_legend().get_window_extent().x0 >= axes.get_window_extent().x1


def test_a_short_legend_stands_inside():
    axes = drawn({"hog": 0.2, "pca": 0.3})
    assert axes.get_legend().get_window_extent().x1 <= axes.get_window_extent().x1
