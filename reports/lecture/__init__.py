"""The lecture's page, slides and notebooks: from the numbers that `bakeoff lecture` computed."""

from collections.abc import Mapping
from typing import Any


class Shown(str):
    """SVG that a notebook shows as a picture."""

    def _repr_svg_(self) -> str:
        return str(self)


def show(name: str, variables: Mapping[str, Any]) -> Shown:
    """Draw a figure of the lecture from a notebook's `globals()`. Raises KeyError for a name that is none."""
    from bakeoff.reports.canvas.svg import standalone_svg
    from bakeoff.reports.lecture.panels import draw

    return Shown(standalone_svg(draw(name, variables, alt=name)))
