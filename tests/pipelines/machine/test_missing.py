from pathlib import Path

import pytest

from bakeoff.pipelines.machine import missing


@pytest.mark.parametrize(
    ("place", "command"),
    [
        (missing.CHECKOUT, ".venv/bin/python -m pip install -c constraints.txt onnx onnxruntime"),
        (Path("site-packages/constraints.txt"), "pip install onnx onnxruntime"),
    ],
)
def test_the_command_is_that_of_a_checkout_or_of_a_wheel(monkeypatch, place, command):
    monkeypatch.setattr(missing, "CHECKOUT", place)
    assert missing.how_to_install("onnx", "onnxruntime") == command
