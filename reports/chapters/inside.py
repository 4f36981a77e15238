"""Chapter on the inside of the models: what they learned, where they look, and what they find similar."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from bakeoff.pipelines.results.study import Row, StudyResult
from bakeoff.reports.canvas.axes import WIDE
from bakeoff.reports.canvas.elements import Figure, Section, text_table
from bakeoff.reports.canvas.formats import listing, percent, plural
from bakeoff.reports.canvas.pictures import encode_png, montage, shown_first, visible
from bakeoff.reports.canvas.theme import LIGHT, SIDE_COLORS
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.comparison import SIDES, Comparison

LEARNED = {
    "first_layer_weights": (
        "First-layer weights of {name}, the largest first (gray is zero). Weights that look like noise suggest that "
        "the net overfitted or stopped early; smooth edges and blobs are what a trained first layer usually shows."
    ),
    "visual_words": (
        "Visual words of {name}: the centers of the codebook as patches. The histogram counts how often each occurs."
    ),
}
MAX_TILES = 64
STRONGEST = 0.8  # opacity of the most evidence: the picture stays visible below it
SIDE = 96  # pixels of a picture in the figures


@chapter(100)
def inside_section(comparison: Comparison, studies: Mapping[str, StudyResult] = MappingProxyType({})) -> Section | None:
    """What the best runs learned, and the study `look-inside` where its pictures may be shown; None without either."""
    texts = ["What to check here is whether a model relies on something that will not be there in use."]
    figures = _learned(comparison)
    study = studies.get("look-inside")
    if study and len(study.pictures.get("test", ())):
        texts += [
            "If the color below lies on a border, a watermark or the background, remove that from the pictures and "
            "train again. If the nearest training pictures show the same object as the test picture, accuracy on new "
            "objects will be lower: `--group` keeps such pictures in one split.",
            f"{study.notes[0]} {describe_neighbors(study)} So few pictures are examples, not a measurement.",
        ]
        figures += [draw_evidence(study), draw_neighbors(study)]
    return Section("inside", "Look inside", tuple(texts), tuple(figures)) if figures else None


def _learned(comparison: Comparison) -> list[Figure]:
    """First-layer weights and visual words, each of the best run on validation that kept them."""
    figures = []
    for key, text in LEARNED.items():
        owners = [c for c in comparison.contestants if len(c.representative.pictures.get(key, ())) > 0]
        if owners:
            owner = max(owners, key=lambda c: c.validation_score)
            pictures = owner.representative.pictures[key]
            shown = shown_first(pictures, MAX_TILES)
            sheet = montage(shown, 8 if len(shown) <= 32 else 16, gap=4, scale=max(1, 32 // shown.shape[1]))
            caption = text.format(name=owner.experiment)
            if len(shown) < len(pictures):
                caption += f" {len(shown)} of {len(pictures):,} are shown."
            alt = f"{len(shown)} small pictures: {key.replace('_', ' ')} of {owner.experiment}."
            figures.append(Figure(key.replace("_", "-"), caption, alt, encode_png(sheet, max_side=1600), width=540))
    return figures


def _rows(study: StudyResult, kind: str) -> list[Row]:
    return [row for row in study.rows if row["kind"] == kind]


def read_map(row: Row) -> np.ndarray:
    """float64 (n_cells, n_cells): the evidence of each cell."""
    return np.array(str(row["values"]).split(), float).reshape(row["n_cells"], -1)  # type: ignore[call-overload, no-any-return]


def describe_neighbors(study: StudyResult) -> str:
    """How many of the neighbors shown are of the picture's class."""
    labels = {row["picture"]: row["label"] for row in _rows(study, "evidence")}
    shares: dict[str, list[bool]] = {}
    for row in _rows(study, "neighbor"):
        shares.setdefault(str(row["experiment"]), []).append(row["label"] == labels[row["picture"]])
    told = [f"{percent(float(np.mean(same)))} for {name}" for name, same in shares.items()]
    return f"The share of nearest training pictures that are of the test picture's class is {listing(told)}."


def draw_evidence(study: StudyResult) -> Figure:
    """A row for each test picture: the picture, and an occlusion map for each side."""
    evidence = {(row["picture"], row["side"]): row for row in _rows(study, "evidence") if row["method"] == "occlusion"}
    tiles, said = [], []
    for picture, image in enumerate(study.pictures["test"]):
        rows = [evidence[picture, side] for side in SIDES]
        tiles += [_large(image), *(_overlay(image, row) for row in rows)]
        said.append((str(picture + 1), str(rows[0]["label"]), *(str(row["said"]) for row in rows)))
    caption = (
        "From left to right: the test picture, then the evidence of the hand-crafted and of the end-to-end side, each "
        "on a scale of its own. The stronger the color, the more the score of the class that this side answered falls "
        "when the place is covered with the mean color (occlusion; Zeiler and Fergus 2014)."
    )
    table = text_table("The answers, row by row", ("row", "class", *SIDES), said)
    alt = f"{plural(len(said), 'test picture')} with maps of the evidence for what each side answered."
    return Figure(
        "evidence", caption, alt, encode_png(montage(np.stack(tiles), 3, gap=8), max_side=1600), table, width=420
    )


def draw_neighbors(study: StudyResult) -> Figure:
    """A row for each test picture: the picture, and its nearest training pictures for either side."""
    labels = {row["picture"]: str(row["label"]) for row in _rows(study, "evidence")}
    tiles, told = [], []
    for picture, image in enumerate(study.pictures["test"]):
        near = [row for row in _rows(study, "neighbor") if row["picture"] == picture]
        tiles.append(_framed(image, LIGHT["paper"]))
        for row in near:
            color = LIGHT[SIDE_COLORS[str(row["side"])]] if row["label"] == labels[picture] else LIGHT["paper"]
            tiles.append(_framed(study.pictures["train"][row["shown"]], color))  # type: ignore[index]
        names = [", ".join(str(row["label"]) for row in near if row["side"] == side) for side in SIDES]
        told.append((str(picture + 1), labels[picture], *names))
    n_columns = len(tiles) // len(told)
    caption = (
        f"From left to right: the test picture, its {n_columns // 2} nearest training pictures among the hand-crafted "
        "features after scaling, and as many in the net's last hidden layer, by the cosine. A frame marks pictures of "
        "the same class."
    )
    columns = ("row", "class", *(f"nearest, {side}" for side in SIDES))
    table = text_table("The classes of the nearest, row by row", columns, told)
    alt = f"{plural(len(told), 'test picture')} and their nearest training pictures. {describe_neighbors(study)}"
    png = encode_png(montage(np.stack(tiles), n_columns, gap=4), max_side=1600)
    return Figure("neighbors", caption, alt, png, table, wide=True, width=WIDE)


def _large(image: np.ndarray) -> np.ndarray:
    """uint8 (SIDE, SIDE, 3): the picture in color, its pixels kept sharp."""
    height, width = image.shape[:2]
    rows, columns = (np.arange(SIDE) * n // SIDE for n in (height, width))
    return np.broadcast_to(visible(image)[rows][:, columns], (SIDE, SIDE, 3))


def _rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], np.uint8)


def _overlay(image: np.ndarray, row: Row) -> np.ndarray:
    """The picture in gray, under the cells that speak for the class; what speaks against it stays gray."""
    evidence = read_map(row).clip(0)
    cells = np.arange(SIDE) * len(evidence) // SIDE
    opacity = STRONGEST * evidence[cells][:, cells, None] / max(evidence.max(), 1e-12)
    gray = _large(image).mean(axis=2, keepdims=True)
    return np.rint((1 - opacity) * gray + opacity * _rgb(LIGHT[SIDE_COLORS[str(row["side"])]])).astype(np.uint8)


def _framed(image: np.ndarray, color: str) -> np.ndarray:
    framed = _large(image).copy()
    framed[:5], framed[-5:], framed[:, :5], framed[:, -5:] = (_rgb(color),) * 4
    return framed
