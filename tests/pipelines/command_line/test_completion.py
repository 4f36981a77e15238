"""The script for the shell, run by bash itself."""

import shutil
import subprocess

import pytest

from bakeoff.pipelines.__main__ import main

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["tra"], {"train", "train-svm", "train-mlp"}),
        (["train", "classic-without-h"], {"classic-without-hog"}),
        (["train", "mlp", "--see"], {"--seed"}),
        (["train-mlp", "--engine", "nu"], {"numpy"}),
        (["study", "label"], {"label-noise"}),
        (["report", "cifar"], {"cifar10", "cifar100"}),
        (["completion", "x"], set()),
    ],
)
def test_completes_what_was_begun(typed, expected, capsys):
    assert main(["completion"]) == 0
    script = capsys.readouterr().out
    words = " ".join(f"'{word}'" for word in ["bakeoff", *typed])
    ask = f'COMP_WORDS=({words}); COMP_CWORD={len(typed)}; _bakeoff; printf "%s\\n" "${{COMPREPLY[@]}}"'
    found = subprocess.run(["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True)
    assert found.stderr == ""
    assert set(found.stdout.split()) == expected
