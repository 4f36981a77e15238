"""The page about the engine lists every function, and its examples run."""

import re
from pathlib import Path

import pytest

from bakeoff.pipelines.backprop import arrays

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "engine.md").read_text(encoding="utf-8")


def test_the_page_lists_every_function_once() -> None:
    table = PAGE.partition("| kind | functions |")[2].partition("\n\n")[0]
    listed = re.findall(r"`(\w+)`", table)
    assert sorted(listed) == sorted(arrays.FUNCTIONS)


def test_the_examples_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setitem(arrays.FUNCTIONS, "softsign", None)  # an example enters it, and it should not stay
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL):
        exec(block, names)
    assert float(capsys.readouterr().out.split()[0]) < 1e-6
