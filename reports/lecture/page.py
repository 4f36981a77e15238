"""The lecture, chapter by chapter: what to see, the figures, and which function made their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bakeoff.pipelines.results.files import write_atomically
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.svg import standalone_svg
from bakeoff.reports.canvas.theme import render_page
from bakeoff.reports.lecture.features import draw_color_histogram, draw_hog, draw_sift, draw_visual_words
from bakeoff.reports.lecture.functions import draw_bumps, draw_convexity, draw_initialization, draw_loss_surfaces
from bakeoff.reports.lecture.graphs import draw_gates, draw_graph
from bakeoff.reports.lecture.nets import draw_activations, draw_capacity, draw_templates, draw_warping
from bakeoff.reports.lecture.panels import Chapter, Numbers, number

TITLE = "The lecture, computed"
RESULTS = (
    *("activations", "templates-digits", "templates-photos", "warping", "capacity", "bumps", "convexity"),
    *("loss-surface", "gate-add", "gate-multiply", "gate-max", "gate-copy", "graph-product", "graph-neuron"),
    *("graph-neuron-one-gate", "initialization", "color-histogram", "hog-glyphs", "sift-grid", "visual-words"),
)
Results = Mapping[str, Numbers]


def read_results(folder: Path) -> dict[str, Numbers]:
    """Name -> fields. Raises FileNotFoundError if one has not been computed."""
    results: dict[str, Numbers] = {}
    for name in RESULTS:
        path = folder / f"{name}.npz"
        if not path.is_file():
            raise FileNotFoundError(f"there is no {path}: run `bakeoff lecture`, which computes it first")
        with np.load(path) as arrays:
            results[name] = dict(arrays)
    return results


def build_chapters(results: Results) -> tuple[Chapter, ...]:
    return (*_net_chapters(results), *_function_chapters(results), *_gradient_chapters(results), _features(results))


def render_lecture(chapters: tuple[Chapter, ...]) -> str:
    """The page, with a content-security policy that lets nothing in from outside."""
    return render_page("lecture.html.j2", title=TITLE, chapters=chapters)


def _made_by(results: Results, *names: str) -> tuple[str, ...]:
    return tuple(str(results[name]["made_by"]) for name in names)


def _net_chapters(results: Results) -> tuple[Chapter, ...]:
    widths, penalties, tests = (results["capacity"][name] for name in ("widths", "penalties", "test_accuracies"))
    trained, free, held = map(percent, (results["capacity"]["train_accuracies"][-1, 0], tests[-1, 0], tests[-1].max()))
    best, second = np.unravel_index(tests.argmax(), tests.shape)
    return (
        Chapter(
            "activations",
            "Six activations",
            "Where the dashed slope is zero, nothing can be learned: sigmoid and tanh go flat on both sides, ReLU is "
            "flat on the left, and ELU becomes so there, more slowly (its slope is e to the x). Leaky ReLU keeps a "
            "slope of 0.01 on the left and maxout that of one of its lines; none of the four is flat for large inputs.",
            (draw_activations(results["activations"]),),
            _made_by(results, "activations"),
        ),
        Chapter(
            "templates",
            "Templates: one a class, or many",
            "A linear classifier has one template a class and must average all that the class can look like. A hidden "
            "layer has templates for parts and variants, which the next layer adds up, and is right more often.",
            tuple(draw_templates(results[f"templates-{data}"], data) for data in ("digits", "photos")),
            _made_by(results, "templates-digits", "templates-photos"),
        ),
        Chapter(
            "warping",
            "Layers bend space",
            "The net can only draw a straight line, in its last hidden layer; seen from the input, the same line winds "
            "between the spirals. Follow the grid: each layer stretches and bends it a little further, until a line is "
            "enough.",
            (draw_warping(results["warping"]),),
            _made_by(results, "warping"),
        ),
        Chapter(
            "capacity",
            "Width against L2",
            "Down the rows the net gets more units and can follow single points; to the right a stronger penalty on "
            f"large weights smooths the boundary. The widest net gets {trained} of its own points right without a "
            f"penalty but only {free} of new ones, and {held} with the best one. The best of all, "
            f"{percent(tests.max())}, has {widths[best]} units and a penalty of {penalties[second]:g}; without one it "
            f"gets {percent(tests[best, 0])}. One draw of points, one start each: small differences say little.",
            (draw_capacity(results["capacity"]),),
            _made_by(results, "capacity"),
        ),
    )


def _function_chapters(results: Results) -> tuple[Chapter, ...]:
    around = [percent(float((losses < 1).mean())) for losses in results["loss-surface"]["losses"]]
    broken, n_lines = results["convexity"]["violations"], results["convexity"]["losses"].shape[1]
    return (
        Chapter(
            "bumps",
            "Any function, out of bumps",
            "Four ReLUs make a bump, and enough bumps side by side come as close as one likes to any continuous "
            "function on a closed interval (on a compact set, in more dimensions): the error is at most the width of a "
            "bump times the steepest slope. So a good net exists; this does not say how to find its weights. A trained "
            "net of the same size learns no bumps: it places its kinks where they are needed, and here comes closer.",
            (draw_bumps(results["bumps"]),),
            _made_by(results, "bumps"),
        ),
        Chapter(
            "convexity",
            "Convex, and not",
            "A function is convex if on no line it rises above a chord. Tested are the losses on pictures of digits, "
            f"on {n_lines} lines through the space of weights: linear SVM and softmax, which theory says are convex, "
            f"rise above one on {percent(float(broken[:2].max()))} of them. The softmax loss of a net with one hidden "
            f"layer of ReLUs does on {percent(float(broken[2]))} of the lines between random weights and on "
            f"{percent(float(broken[3]))} of those between two trained nets. (Each output of a single ReLU layer, "
            "max(0, w·x), is convex in its weights; a layer or a loss on top need not keep that.)",
            (draw_convexity(results["convexity"]),),
            _made_by(results, "convexity"),
        ),
        Chapter(
            "loss-surface",
            "Around a trained net",
            "Both nets have found a place of low loss, but what surrounds it differs. The wide shallow net lies "
            "in a broad "
            f"bowl, with a loss below 1 on {around[0]} of the square; the narrow deep one lies in a narrow, crooked "
            f"valley, below 1 on {around[1]}.",
            (draw_loss_surfaces(results["loss-surface"]),),
            _made_by(results, "loss-surface"),
        ),
    )


def _gradient_chapters(results: Results) -> tuple[Chapter, ...]:
    product, neuron, short = (results[f"graph-{name}"] for name in ("product", "neuron", "neuron-one-gate"))
    caption = "The neuron 1 / (1 + exp(−(w₀x₀ + w₁x₁ + w₂))), gate by gate: {} is the slope y (1 − y) at y = {}."
    return (
        Chapter(
            "gates",
            "Gradients through gates",
            "Values flow to the right; then the gradient comes back, and each gate multiplies what arrives by a slope "
            "of its own. Nothing else is needed: the larger graphs below are these gates, one after the other.",
            (
                draw_gates({name: results[name] for name in RESULTS if name.startswith("gate-")}),
                draw_graph(product, "graph-product", "f = (x + y) z at x = −2, y = 5, z = −4."),
                draw_graph(
                    neuron,
                    "graph-neuron",
                    caption.format(number(float(neuron["gradients"][8])), number(float(neuron["output"]))),
                    wide=True,
                ),
                draw_graph(
                    short,
                    "graph-neuron-one-gate",
                    "The same neuron with the sigmoid as one gate: one gate in place of four, the same gradients.",
                ),
            ),
            _made_by(results, "gate-add", "gate-multiply", "gate-max", "gate-copy", "graph-product", "graph-neuron")
            + _made_by(results, "graph-neuron-one-gate"),
        ),
        Chapter(
            "initialization",
            "The first weights decide",
            "With weights of variance 2 / n the activations of a ReLU net keep their size through twelve layers and so "
            "do the gradients. Somewhat smaller weights and the signal dies on its way, larger ones and it explodes, "
            "and the gradients of all layers with it.",
            (draw_initialization(results["initialization"]),),
            _made_by(results, "initialization"),
        ),
    )


def _features(results: Results) -> Chapter:
    names = ("color-histogram", "hog-glyphs", "sift-grid", "visual-words")
    draw = (draw_color_histogram, draw_hog, draw_sift, draw_visual_words)
    return Chapter(
        "features",
        "What hand-crafted features see",
        "Each feature keeps one thing of a picture and drops the rest: color without place, edges without color, local "
        "structure, and at last a list of words. The classifier after it sees only what was kept.",
        tuple(drawer(results[name]) for drawer, name in zip(draw, names, strict=True)),
        _made_by(results, *names),
    )


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


def draw_lecture(folder: Path) -> int:
    """From folder/numbers. Raises FileNotFoundError where they are missing."""
    print(write_lecture(folder, build_chapters(read_results(folder / "numbers"))))
    return 0
