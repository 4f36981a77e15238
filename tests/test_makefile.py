"""What `make` itself decides, before any Python runs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("base", ["", "nowhere.json"])
def test_a_comparison_with_nothing_stops_before_any_training(base):
    # Every command that would train is `echo` here, so that it would show.
    command = ["make", "--no-print-directory", "compare", f"BASE={base}", "PYTHON=echo", "PY=echo"]
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    result = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert result.stdout == ""
    first, *_ = result.stderr.splitlines()
    assert first == f"make compare needs BASE=<report.json of an earlier report>, got '{base}', which is no file"
