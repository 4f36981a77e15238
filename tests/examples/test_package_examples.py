"""The examples that import the package run as they stand, and say what they promise."""

import re
import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples"


def run(name, capsys):
    names = runpy.run_path(str(FOLDER / f"{name}.py"))
    return names, capsys.readouterr().out


def test_every_example_is_run_by_a_test():
    here = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert all(path.stem in here for path in FOLDER.glob("*.py"))


def test_hog_svm_is_ten_lines_that_learn(capsys):
    names, told = run("hog_svm", capsys)
    code = [line for line in (FOLDER / "hog_svm.py").read_text().splitlines() if line and not line.startswith('"""')]
    assert len(code) <= 10
    assert names["accuracy"] > 0.9
    assert f"{names['accuracy']:.1%} of" in told


def test_own_family_learns_and_finer_bands_tell_more(capsys):
    names, told = run("own_family", capsys)
    fine, coarse = names["accuracies"].values()
    assert fine > coarse > 0.5
    assert "Profiles(n_bands=8)" in told


def test_read_report_lists_what_was_published(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["read_report.py"])
    names, told = run("read_report", capsys)
    lines = told.splitlines()
    assert lines[0].startswith(names["found"].answer.capitalize())
    assert len(lines) == 1 + len(names["found"].table)
    assert re.search(r"^speedrun +93\.6%", told, flags=re.MULTILINE)


def test_read_report_names_a_file_that_is_none(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.argv", ["read_report.py", str(tmp_path / "no.json")])
    with pytest.raises(ValueError, match=r"no\.json is none"):
        run("read_report", capsys)
