"""Matplotlib figures as small inline SVG: text stays text, colors become CSS variables, no style attributes.

Style attributes would need `unsafe-inline` in the page's content-security policy; presentation attributes do not.
"""

import io
import re
from html import escape
from typing import Any

import matplotlib
from matplotlib.figure import Figure as Canvas

from bakeoff.reports.canvas.theme import LIGHT

# Lengths are in points, which are the units of the viewBox: a figure 540 wide fills a phone and reads well there.
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "font.size": 13.5,
    "text.parse_math": False,
    "text.color": LIGHT["ink"],
    "axes.labelcolor": LIGHT["muted"],
    "axes.labelsize": 13,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.edgecolor": LIGHT["neutral"],
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "grid.color": LIGHT["rule"],
    "grid.linewidth": 0.8,
    "xtick.color": LIGHT["neutral"],
    "ytick.color": LIGHT["neutral"],
    "xtick.labelcolor": LIGHT["muted"],
    "ytick.labelcolor": LIGHT["ink"],
    "xtick.labelsize": 12.5,
    "ytick.labelsize": 12.5,
    "legend.frameon": False,
    "legend.borderaxespad": 0.6,
    "legend.fontsize": 12.5,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
}


def to_svg(canvas: Canvas, name: str, description: str) -> str:
    """SVG text in the light colors, that stands alone. name: prefix of its ids.   description: what it shows."""
    buffer = io.StringIO()
    with matplotlib.rc_context(STYLE):
        canvas.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<[^>]*>", lambda match: _shorten_tag(match[0], name), svg)  # visible text stays as it is
    svg = re.sub(r">\s+<", "><", svg)
    width, height = canvas.get_size_inches() * 72
    root = root_tag(width, height, description)
    return re.sub(r"<svg[^>]*>", lambda _: root, svg, count=1)


def inline_svg(svg: str) -> str:
    """The same for a page of `theme`: colors by name."""
    for name, color in LIGHT.items():
        svg = svg.replace(color, f"var(--{name})")
    return svg


def standalone_svg(svg: str) -> str:
    """The same for a file: on its own paper, so that it can be read on any background."""
    head, tag, rest = svg.partition(">")
    ground = f'<rect width="100%" height="100%" rx="6" fill="{LIGHT["paper"]}"/>'
    return f"{head}{tag}{ground}{rest}\n"


def root_tag(width: float, height: float, description: str) -> str:
    """The opening tag of a figure, for screen readers one picture with a description."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(description)}" '
        'font-family="system-ui, \'Helvetica Neue\', Arial, sans-serif" stroke-linejoin="round">'
    )


def _shorten_tag(tag: str, name: str) -> str:
    """No style attribute, ids that start with the name, and coordinates of two decimals."""
    tag = re.sub(r'style="([^"]*)"', lambda match: _attributes(match[1]), tag)
    tag = re.sub(r'(?<=\bid=")|(?<=href="#)|(?<=url\(#)', f"{name}-", tag)
    return re.sub(r"(\d+\.\d\d)\d+", r"\1", tag)


def _attributes(style: str) -> str:
    """A CSS declaration list as presentation attributes, with the font shorthand taken apart."""
    declarations = [part.split(":", 1) for part in style.split(";") if ":" in part]
    attributes = {name.strip(): value.strip() for name, value in declarations}
    font = attributes.pop("font", None)
    if font is not None:
        attributes["font-size"] = re.search(r"([\d.]+)px", font)[1]  # type: ignore[index]
        if "bold" in font or "700" in font.split("px")[0].split():
            attributes["font-weight"] = "600"
    return " ".join(f'{name}="{value}"' for name, value in attributes.items())
