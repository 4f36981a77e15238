"""The site builds without a warning; what its pages say can be run, and names what is there."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from bakeoff.docs import setting_tables
from bakeoff.pipelines.classic.config import System
from bakeoff.pipelines.classic.families.fisher_vectors import PatchFisherVectors
from bakeoff.pipelines.classic.families.histograms import Hog
from bakeoff.pipelines.command_line.arguments import build_parser
from bakeoff.pipelines.command_line.commands import chosen_experiments
from bakeoff.pipelines.neural.config import NeuralConfig

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))


def blocks(page: str, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "docs" / page).read_text(), flags=re.MULTILINE | re.DOTALL)


def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    assert "cell_sizes" in (tmp_path / "settings.html").read_text()
    assert "local descriptor" in (tmp_path / "extending.html").read_text()


@pytest.mark.parametrize("kind", [System, Hog, NeuralConfig])
def test_every_setting_has_its_row(kind):
    table = setting_tables.tables().partition(f"### `{kind.__name__}`\n")[2].partition("###")[0]
    listed = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
    required = {"name", "families"} if kind is System else set()
    assert listed == [field.name for field in fields(kind) if field.name not in required]


def test_a_subclass_shows_what_it_adds_or_changes():
    assert [name for name, *_ in setting_tables.rows_of(PatchFisherVectors)] == ["descriptors", "regularizer"]


@pytest.mark.parametrize(
    ("kind", "name", "meaning"),
    [
        (NeuralConfig, "epochs", "passes over the training pictures"),  # a comment on the line
        (NeuralConfig, "shift_averaging", "Predict the mean logits of the picture where it is"),  # comments above it
        (setting_tables.Reading, "group", "A regular expression"),  # a string below it
        (System, "compression", "None trains on the features as they are"),  # in the docstring
    ],
)
def test_a_meaning_is_what_stands_beside_the_field(kind, name, meaning):
    said = setting_tables.meaning_of(kind, name)
    assert said.startswith(meaning)
    assert '"""' not in said
    assert "\n" not in said


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_every_command_is_understood(page):
    parser = build_parser()
    commands = [line for block in blocks(page) for line in block.splitlines() if line.startswith("bakeoff ")]
    for line in commands:
        options = parser.parse_args([word.strip("\"'") for word in re.findall(r'"[^"]*"|\S+', line)[1:]])
        if getattr(options, "set", None):
            assert all("[" in experiment.name for experiment in chosen_experiments(options))


def test_the_pages_that_name_commands_are_those_that_were_checked():
    assert len(blocks("index.md")) == 3
    assert sum(block.count("bakeoff train") for block in blocks("settings.md")) == 2


@pytest.mark.slow
@pytest.mark.whole
def test_the_python_page_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks("python.md", "python"):
        exec(block.replace("budget=20", "budget=6"), names)
    assert (tmp_path / "my-report" / "report.html").exists()
    assert "('cat', 'dog')" in capsys.readouterr().out
    assert names["search"].best_params_["featureextractor__family"] in names["families"]
