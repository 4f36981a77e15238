"""Tables of every setting, made from the configurations themselves when the site is built: a hook of mkdocs."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, get_args, get_type_hints

from bakeoff.datasets.folder.reading import Reading
from bakeoff.pipelines.backprop.pipeline import BackpropConfig
from bakeoff.pipelines.classic import families
from bakeoff.pipelines.classic.config import ClassicConfig
from bakeoff.pipelines.neural import networks
from bakeoff.pipelines.neural.config import NeuralConfig

SECTIONS = {
    "Reading of a folder": Reading,
    "Hand-crafted side": ClassicConfig,
    "End-to-end side": NeuralConfig,
    "Our own back-propagation": BackpropConfig,
}


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    if page.file.src_uri == "extending.md":
        return (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return markdown + tables() if page.file.src_uri == "settings.md" else markdown


def tables() -> str:
    for package in (families, networks):  # a family or a net is known once it is defined
        for module in iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")
    parts = []
    for title, root in SECTIONS.items():
        parts.append(f"\n## {title}\n")
        for kind in kinds_below(root):
            about = docstring_of(kind).partition("\n\n")[0]
            rows = [f"| `{name}` | `{default}` | {meaning} |" for name, default, meaning in rows_of(kind)]
            if rows:
                parts.append(
                    f"\n### `{kind.__name__}`\n\n{escape(about)}\n\n| setting | default | meaning |\n| - | - | - |"
                )
                parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def kinds_below(kind: type) -> Iterator[type]:
    """The configuration, and all that can stand in a field of it or of its subclasses, each once."""
    waiting, met = [kind], dict[type, None]()
    while waiting:
        one = waiting.pop(0)
        if is_dataclass(one) and one not in met:
            met[one] = None
            waiting += [part for hint in get_type_hints(one).values() for part in parts_of(hint)]
        waiting += [child for child in one.__subclasses__() if child.__module__.startswith("bakeoff.")]
    yield from met


def parts_of(hint: Any) -> list[type]:
    inside = [part for argument in get_args(hint) for part in parts_of(argument)]
    return [hint] if isinstance(hint, type) and is_dataclass(hint) else inside


def rows_of(kind: type) -> Iterator[tuple[str, str, str]]:
    """Name, default and meaning of each field that is not its parent's."""
    parents = {field.name: field for base in kind.__bases__ if is_dataclass(base) for field in fields(base)}
    for field in fields(kind):
        inherited = parents.get(field.name)
        told = [(f.default, f.default_factory) for f in (inherited, field) if f is not None]
        if told[0] != told[-1] or inherited is None:
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            if default is not MISSING:
                yield field.name, repr(default), escape(meaning_of(kind, field.name))


def meaning_of(kind: type, name: str) -> str:
    """What stands beside the field: a comment on its line, a string below, comments above; else in the docstring."""
    source = inspect.getsource(kind).replace(kind.__doc__ or "", "")
    beside = rf'((?:^ +#[^\n]*\n)*)^    {name}: [^\n]*?(?:  # ([^\n]*))?(?:\n    """(.*?)""")?$'
    line = re.search(beside, source, re.MULTILINE | re.DOTALL)
    if line and any(line.groups()):
        return " ".join((line[2] or line[3] or line[1].replace("# ", "")).split())
    named = rf"(?:^|   |, ){name}(?:, \w+)*: (.*?)(?=   \w+: |\n\w[\w, ]*: |\n[A-Z]|\Z)"
    said = re.search(named, docstring_of(kind), re.MULTILINE | re.DOTALL)
    return " ".join(said[1].split()) if said else ""


def docstring_of(kind: type) -> str:
    text = inspect.cleandoc(kind.__doc__ or "")
    return "" if text.startswith(f"{kind.__name__}(") else text  # what dataclass itself writes


def escape(text: str) -> str:
    return re.sub(r"([|<>*_\[\]])", r"\\\1", text)
