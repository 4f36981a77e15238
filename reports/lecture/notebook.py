"""A chapter as a Jupyter notebook: its text, its code, and its figures drawn anew from the code's variables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.pipelines.results.files import write_atomically
from bakeoff.reports.lecture.text import fill

INSTALL = """\
# Where bakeoff is not installed, as on Colab: upload the wheel that `pip wheel . --no-deps` makes in a checkout, run
# %pip install ./bakeoff-0.1.0-py3-none-any.whl
from bakeoff.reports.lecture import show"""


def write_notebook(path: Path, parts: Sequence[Mapping[str, str]], variables: Mapping[str, Any]) -> None:
    """Write an .ipynb (format 4.5) without outputs. parts, variables: as `read_chapter` gives them."""
    cells: list[dict[str, Any]] = [
        {"id": f"cell-{i}", "cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for i, (kind, source) in enumerate(_cells(parts, variables))
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    write_atomically(path, (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode())


def _cells(parts: Sequence[Mapping[str, str]], variables: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "code", INSTALL
    for part in parts:
        if part["text"]:
            yield "markdown", fill(part["text"], variables)
        if part["code"]:
            yield "code", part["code"] + (f'\nshow("{part["figure"]}", globals())' if part["figure"] else "")
        if part["caption"]:
            yield "markdown", f"*{fill(part['caption'], variables)}*"
