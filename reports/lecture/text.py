"""Text of the lecture: Markdown with numbers of its chapter, and formulas in a part of LaTeX, as HTML with MathML."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from jinja2 import Environment, StrictUndefined
from markdown_it import MarkdownIt

from bakeoff.reports.canvas.formats import count, percent

SYMBOLS = {"max": "max", "min": "min", "tanh": "tanh", "sum": "∑", "partial": "∂", "nabla": "∇", "lambda": "λ"}
SYMBOLS |= {"phi": "φ", "theta": "θ", "eta": "η", "delta": "δ", "Delta": "Δ", "pi": "π", "mathbb{R}": "ℝ", "sim": "∼"}
SYMBOLS |= {"in": "∈", "le": "≤", "ge": "≥", "ne": "≠", "approx": "≈", "times": "×", "cdot": "·", "to": "→", "Big": ""}
SYMBOLS |= {"mapsto": "↦", "leftarrow": "←", "lVert": "‖", "rVert": "‖", "big": "", "bigg": "", "Bigg": ""}
SPACES = {",": 0.17, ";": 0.28, "!": 0}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
TOKEN = re.compile(r"\\mathbb\{R\}|\\text\{[^}]*\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S")


def number(value: float, digits: int = 2) -> str:
    """Whole numbers as such, others with all their digits; a true minus sign: -4.0 -> −4, -0.197 -> −0.20."""
    return f"{value:.{0 if value == round(value) else digits}f}".replace("-", "−")


def scientific(value: float) -> str:
    """0.0012 -> 1.2 × 10⁻³, 1000.0 -> 10³, 0.1 -> 0.1, 0 -> 0."""
    if value == 0 or 0.1 <= value < 100:
        return f"{value:.2g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return power if mantissa == "1.0" else f"{mantissa.removesuffix('.0')} × {power}"


ENVIRONMENT = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
ENVIRONMENT.filters |= {"percent": lambda share: percent(float(share)), "number": number, "scientific": scientific}
ENVIRONMENT.filters |= {"count": lambda value: count(float(value))}


def fill(text: str, variables: Mapping[str, Any]) -> str:
    """The text with its numbers. Raises jinja2.UndefinedError for a variable that its chapter has not."""
    return ENVIRONMENT.from_string(text).render(variables)


def to_html(text: str) -> str:
    """HTML of Markdown; $...$ and $$...$$ become MathML. The text is ours and may hold HTML."""
    formulas: list[str] = []

    def put_by(match: re.Match[str]) -> str:
        parts = re.split(r"\\q?quad", match[1]) if match[1] else [match[2]]  # each of its own, so that they can wrap
        formulas.append("".join(to_mathml(part.strip(), block=match[1] is not None) for part in parts if part.strip()))
        return f"FORMULA{len(formulas) - 1}END"

    marked = re.sub(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", put_by, text, flags=re.DOTALL)
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(marked)
    return re.sub(r"FORMULA(\d+)END", lambda match: formulas[int(match[1])], html)


def to_plain(text: str) -> str:
    """What a reader hears of Markdown: no marks."""
    return re.sub(r"[*`$\\]|<[^>]+>", "", text)


def to_mathml(latex: str, *, block: bool = False) -> str:
    r"""A formula of letters, numbers, signs, ^ _ {}, \frac, \underbrace, \text and the symbols above.

    Raises ValueError for a command that is not known.
    """
    style = ' class="formula" displaystyle="true"' if block else ""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{style}>{_row(iter(TOKEN.findall(latex)))}</math>'


def _row(tokens: Iterator[str], end: str = "") -> str:
    """Elements up to the end, each with its scripts."""
    parts: list[tuple[str, dict[str, str]]] = []
    for token in tokens:
        if token == end:
            break
        if token in ("^", "_"):
            parts[-1][1][token] = _element(next(tokens), tokens)
        else:
            parts.append((_element(token, tokens), {}))
    return "".join(_with_scripts(*part) for part in parts)


def _with_scripts(base: str, scripts: Mapping[str, str]) -> str:
    if not scripts:
        return base
    over = "∑" in base or base.startswith("<munder") or ">max<" in base or ">min<" in base
    kind = ("munder", "mover", "munderover") if over else ("msub", "msup", "msubsup")
    name = kind[2] if len(scripts) == 2 else kind["^" in scripts]
    return f"<{name}>{base}{scripts.get('_', '')}{scripts.get('^', '')}</{name}>"


def _element(token: str, tokens: Iterator[str]) -> str:
    if token == "{":
        return f"<mrow>{_row(tokens, '}')}</mrow>"
    if token.startswith("\\text{"):
        return f"<mtext>{escape(token[6:-1])}</mtext>"
    if token == "\\frac":
        return f"<mfrac>{_element(next(tokens), tokens)}{_element(next(tokens), tokens)}</mfrac>"
    if token == "\\underbrace":
        return f"<munder>{_element(next(tokens), tokens)}<mo>⏟</mo></munder>"
    if token[1:] in SPACES:
        return f'<mspace width="{SPACES[token[1:]]}em"></mspace>'
    if token[0] == "\\" and token[1:] not in SYMBOLS:
        raise ValueError(f"the formula has {token}, which is not among {', '.join(sorted(SYMBOLS))}")
    text = SYMBOLS[token[1:]] if token[0] == "\\" else {"-": "−", "'": "′"}.get(token, token)
    tag = "mi" if text.isalpha() else "mn" if text[:1].isdigit() else "mo"
    loose = ' stretchy="false"' if text in ("(", ")", "[", "]", "|") else ""
    return f"<{tag}{loose}>{escape(text)}</{tag}>" if text else ""
