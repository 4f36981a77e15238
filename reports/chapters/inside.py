"""Chapter on the inside of the models: where they look, and what they find similar."""

import numpy as np

from bakeoff.pipelines.results.study import Row, StudyResult
from bakeoff.reports.canvas.axes import WIDE
from bakeoff.reports.canvas.elements import Figure, Section, Table, table_row
from bakeoff.reports.canvas.formats import plural
from bakeoff.reports.canvas.pictures import encode_png, montage, visible
from bakeoff.reports.canvas.theme import LIGHT, SIDE_COLORS
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.comparison import SIDES

STRONGEST = 0.8  # opacity of the most evidence: the picture stays visible below it
SIDE = 96  # pixels of a picture in the figures


@chapter(100, study="look-inside")
def inside_section(study: StudyResult) -> Section | None:
    """None where the study's pictures may not be shown."""
    if not len(study.pictures.get("test", ())):
        return None
    texts = (
        "What to check here is whether a model relies on something that will not be there in use. If the color "
        "lies on a border, a watermark or the background, remove that from the pictures and train again. If the "
        "nearest training pictures show the same object as the test picture, accuracy on new objects will be "
        "lower: `--group` keeps such pictures in one split.",
        f"{study.notes[0]} So few pictures are examples, not a measurement.",
    )
    return Section("inside", "Look inside", texts, [draw_study(study)])


def _rows(study: StudyResult, kind: str, picture: int, side: str) -> list[Row]:
    """Occlusion maps ("evidence") or nearest training pictures ("neighbor") of one test picture and side."""
    return [row for row in study.rows if (row["kind"], row["picture"], row["side"]) == (kind, picture, side)]


def draw_study(study: StudyResult) -> Figure:
    """A row for each test picture: the picture, a map for each side, and its nearest training pictures for either."""
    tiles, told = [], []
    for picture, image in enumerate(study.pictures["test"]):
        maps = [_rows(study, "evidence", picture, side)[0] for side in SIDES]
        near = [_rows(study, "neighbor", picture, side) for side in SIDES]
        label = maps[0]["label"]
        tiles += [_large(image), *(_overlay(image, row) for row in maps)]
        for row in (row for rows in near for row in rows):
            tiles.append(_large(study.pictures["train"][row["shown"]]))
            if row["label"] == label:  # a frame
                tiles[-1][:6], tiles[-1][-6:], tiles[-1][:, :6], tiles[-1][:, -6:] = (_color(row),) * 4
        classes = (", ".join(row["label"] for row in rows) for rows in near)
        told.append((str(picture + 1), label, *(row["said"] for row in maps), *classes))
    n_columns = len(tiles) // len(told)
    caption = (
        "From left to right: the test picture; the evidence of the hand-crafted and of the end-to-end side; the "
        f"{(n_columns - 3) // 2} nearest training pictures of the one and of the other. The stronger the color, the "
        "more the score of the class that this side answered falls when the place is covered with the mean color "
        "(occlusion; Zeiler and Fergus 2014), each map on a scale of its own. Nearest is by the cosine, among the "
        "features after scaling or in the net's last hidden layer; a frame marks pictures of the same class."
    )
    columns = ("row", "class", *(f"{side} answer" for side in SIDES), *(f"nearest, {side}" for side in SIDES))
    table = Table("Answers and nearest classes, row by row", columns, [table_row(*texts) for texts in told])
    alt = (
        f"{plural(len(told), 'test picture')}, evidence maps and nearest training pictures; the table has the classes."
    )
    png = encode_png(montage(np.stack(tiles), n_columns, gap=4), max_side=1600)
    return Figure("look-inside", caption, alt, png, table, width=WIDE)


def _large(image: np.ndarray) -> np.ndarray:
    """uint8 (SIDE, SIDE, 3): the picture in color, its pixels kept sharp."""
    rows, columns = (np.arange(SIDE) * n // SIDE for n in image.shape[:2])
    return np.broadcast_to(visible(image)[rows][:, columns], (SIDE, SIDE, 3)).copy()


def _color(row: Row) -> np.ndarray:
    """uint8 (3,): of the row's side."""
    color = LIGHT[SIDE_COLORS[row["side"]]]
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], np.uint8)


def _overlay(image: np.ndarray, row: Row) -> np.ndarray:
    """The picture in gray, under the cells that speak for the class; what speaks against it stays gray."""
    evidence = np.array(row["values"].split(), float).reshape(row["n_cells"], -1).clip(0)
    cells = np.arange(SIDE) * len(evidence) // SIDE
    opacity = STRONGEST * evidence[cells][:, cells, None] / max(evidence.max(), 1e-12)
    gray = _large(image).mean(axis=2, keepdims=True)
    return np.rint((1 - opacity) * gray + opacity * _color(row)).astype(np.uint8)
