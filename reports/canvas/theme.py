"""Theme of every HTML page: palette, style sheet, base template.

A page is a template that extends `base.html.j2` and fills its blocks `kicker`, `headline`, `contents`, `main`;
`render_page` gives it the style sheet, the script and a content-security policy that allows just these two.
Figures are drawn in the colors of `LIGHT`; `svg.inline_svg` turns them into the page's CSS variables, so that
they follow the reader's light or dark setting.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

# Orange, blue and green stay apart under all common color-vision deficiencies (Okabe and Ito 2008), and figures repeat
# the difference in shape: squares for hand-crafted, circles for end-to-end, triangles for frozen nets. Text colors have
# a contrast of 4.5 or more on `paper` and `panel`.
LIGHT = {
    "paper": "#fcfbf8",
    "panel": "#f4f2ec",
    "rule": "#dcd8ce",
    "neutral": "#b9b4a8",
    "muted": "#67635a",
    "ink": "#24221e",
    "hand": "#b34d0a",
    "net": "#1463a5",
    "frozen": "#0b6e55",
}
DARK = {
    "paper": "#17181b",
    "panel": "#1f2125",
    "rule": "#383a40",
    "neutral": "#6a6b70",
    "muted": "#a5a29b",
    "ink": "#ebe8e1",
    "hand": "#f39a58",
    "net": "#6cb4f0",
    "frozen": "#4fc3a1",
}
SIDE_COLORS = {"hand-crafted": "hand", "end-to-end": "net", "frozen": "frozen"}

_FOLDER = Path(__file__).parents[1] / "templates"


def mark_code(text: str) -> Markup:
    """The escaped text with what stands between backticks as <code>."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def environment() -> Environment:
    """Jinja environment: everything escaped, an unknown name is an error."""
    jinja = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=lambda name: name is not None and ".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters["code"] = mark_code
    return jinja


def style_sheet(styles: Sequence[str] = ("style.css",)) -> str:
    """The palette as CSS variables, light and dark, then the style sheets, without comments and needless space."""
    light, dark = (";".join(f"--{name}:{color}" for name, color in palette.items()) for palette in (LIGHT, DARK))
    rules = "".join((_FOLDER / name).read_text(encoding="utf-8") for name in styles)
    variables = f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    return variables + re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", rules, flags=re.DOTALL)).strip()


def render_page(
    template: str, *, scripts: Sequence[str] = ("sort.js",), styles: Sequence[str] = ("style.css",), **context: Any
) -> str:
    """HTML of one page. Raises jinja2.UndefinedError if the template uses a name that `context` lacks."""
    style = style_sheet(styles)
    script = "".join((_FOLDER / name).read_text(encoding="utf-8") for name in scripts).strip()
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_csp_hash(style)}'; script-src '{_csp_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = environment().get_template(template)
    return page.render(style=style, script=script, policy=policy, light=LIGHT, dark=DARK, **context)


def _csp_hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
