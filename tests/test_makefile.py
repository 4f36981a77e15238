"""What `make` itself decides, before any Python runs: every value is data, and every name is known."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bakeoff.pipelines.command_line.arguments import UsageError, build_parser, commands_of
from bakeoff.pipelines.command_line.make_variables import arguments_from_make, name_what_was_typed, variables_of

ROOT = Path(__file__).parent.parent
PARSER = build_parser()
OWN = {"PY", "TORCH_INDEX"}  # of install.py
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
# Shell and make both have a meaning for each of these.
ODD = [
    "a`touch hacked`b",
    "$(touch hacked)",
    "$(shell touch hacked)",
    "$$HOME",
    'it\'s "so"; touch hacked',
    "a#b ",
    "-x",
]


@pytest.fixture
def make(tmp_path):
    """Runs make on a copy of the Makefile whose Python and installer only show their words and variables."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).touch()
    shutil.copy(ROOT / "install.py", tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "words: $@"\nenv -0 > environment\n')
    python.chmod(0o755)
    for ready in ("ready", "ready-to-develop"):
        (tmp_path / ".venv" / ready).touch()
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}

    def run(*words):
        done = subprocess.run(
            ["make", "--no-print-directory", *words],
            cwd=tmp_path,
            env=alone,
            capture_output=True,
            text=True,
            timeout=60,
        )
        path = tmp_path / "environment"
        pairs = [pair.partition("=") for pair in path.read_text().split("\0")] if path.exists() else []
        return done, {name: value for name, _, value in pairs}

    return run


@needs_make
def test_every_value_arrives_as_it_was_typed_and_nothing_in_it_runs(make, tmp_path):
    for value in ODD:
        for name in ("DATASET", "EXPERIMENT", "ARTIFACTS", "SET", "SCHEDULER"):
            done, environment = make("report", f"{name}={value}")
            assert done.returncode == 0, done.stderr
            assert done.stdout == "words: -m bakeoff --from-make report\n"
            assert environment[name] == value
    assert not (tmp_path / "hacked").exists()


@needs_make
def test_what_is_not_given_is_not_handed_over(make):
    _, environment = make("report", "SEED=3")
    assert environment["SEED"] == "3"
    assert not {"DATASET", "IMAGE_SIZE", "ENGINE", "BASE"} & environment.keys() - os.environ.keys()


@needs_make
@pytest.mark.parametrize(("name", "nearest"), [("DATSET", "DATASET"), ("seed", "SEED"), ("IMAGESIZE", "IMAGE_SIZE")])
@pytest.mark.parametrize("target", ["report", "help", "setup", "test"])
def test_an_unknown_variable_is_an_error_that_names_the_nearest(make, target, name, nearest):
    done, environment = make(target, f"{name}=x")
    assert done.returncode != 0
    assert done.stdout == ""
    assert environment == {}
    assert done.stderr.splitlines()[0] == (
        f"error: there is no variable {name}, did you mean {nearest}? (`make help` lists them)"
    )


@needs_make
def test_help_lists_every_target_and_variable(make):
    done, _ = make("help")
    listed = set(re.findall(r"^  ([A-Z_]+)  ", done.stdout, re.MULTILINE))
    known = {name for command in commands_of(PARSER).values() for name in variables_of(command)}
    assert listed - OWN <= known
    assert {"DATASET", "SEED", "SET", "MARGIN", "RUNS", "RUNS_FROM", "BUDGET"} <= listed
    targets = set(re.findall(r"make ([a-z-]+)", re.sub(r"\x1b\[\d*m", "", done.stdout)))
    assert targets >= (commands_of(PARSER).keys() - {"completion"}) | {"test", "fast", "slow", "check", "format"}


def typed(*words, **variables):
    return arguments_from_make(words, PARSER, {**variables, "VARIABLES": " ".join(variables)})


def test_variables_become_options_and_words():
    assert typed("train", EXPERIMENT="mlp hog", SEED="3", TENSORBOARD="1", MARGIN="2") == [
        "train", "--seed=3", "--tensorboard", "--", "mlp", "hog",
    ]  # fmt: skip
    assert typed("report", DATASET="my pets", RUNS="hog mlp:1", TENSORBOARD="0", IMAGE_SIZE="") == [
        "report", "--dataset=my pets", "--select", "hog", "mlp:1",
    ]  # fmt: skip
    assert typed("predict", MODEL="pca", IMAGE=str(ROOT)) == ["predict", "--", "pca", str(ROOT)]
    assert PARSER.parse_args(typed("report", DATASET="-x")).dataset == "-x"


@pytest.mark.parametrize(
    ("command", "variables", "message"),
    [
        ("report", {"DATASET": ""}, "DATASET: it is empty"),
        ("report", {"DATASET": "a\nb"}, r"DATASET must be one line, got 'a\\nb'"),
        ("report", {"MARGIN": "abc"}, "MARGIN: must be points in 0..100, got 'abc'"),
        ("report", {"MARGIN": "100"}, "MARGIN: must be points in 0..100"),
        ("report", {"PROFILE": "slow"}, "PROFILE: invalid choice: 'slow'"),
        ("report", {"BUDGET": "5"}, "BUDGET: must be a duration such as 90s, 10min or 2h"),
        ("report", {"BUDGET": "0s"}, "BUDGET: must be a duration"),
        ("report", {"SET": "costs"}, "SET: must be fields with values"),
        ("compare", {}, "required: BASE"),
        ("compare", {"BASE": "nowhere.json"}, "BASE: must name the report.json of an earlier report"),
        ("train", {"SEED": "-1"}, "SEED: must be a whole number from 0 on, got '-1'"),
        ("train", {"IMAGE_SIZE": "x"}, "IMAGE_SIZE: must be a whole number"),
        ("train", {"IMAGE_SIZE": "0"}, "IMAGE_SIZE: must be a whole number from 1 on"),
        ("train", {"MAX_SKIPPED": "101"}, "MAX_SKIPPED: must be a percentage"),
        ("train", {"TENSORBOARD": "maybe"}, "TENSORBOARD must be 1 or 0, got 'maybe'"),
        ("train-mlp", {"PROCESSES": "two"}, "PROCESSES: must be a whole number"),
        ("train-mlp", {"ENGINE": "tensorflow"}, "ENGINE: invalid choice"),
        ("features", {"ENGINE": "tensorflow"}, "ENGINE must be one of torch, numpy, got 'tensorflow'"),
        ("features", {"PROCESSES": "two"}, "PROCESSES: must be a whole number"),
        ("predict", {"MODEL": "pca"}, "required: IMAGE"),
    ],
)
def test_every_variable_is_checked_before_any_work(command, variables, message):
    with pytest.raises(UsageError) as error:
        PARSER.parse_args(typed(command, **variables))
    assert re.search(message, name_what_was_typed(str(error.value), PARSER, from_make=True))


def test_messages_name_what_was_typed():
    message = (
        "image_size is too small (--max-pixels): run `bakeoff train 'a b' --dataset pets --seed 1` or `bakeoff list`"
    )
    assert name_what_was_typed(message, PARSER, from_make=False) == message.replace("image_size", "--image-size")
    assert name_what_was_typed(message, PARSER, from_make=True) == (
        "IMAGE_SIZE is too small (MAX_PIXELS): run `.venv/bin/bakeoff train 'a b' --dataset pets --seed 1` or "
        "`.venv/bin/bakeoff list`"
    )
