"""A folder with every oddity, from the command line to the report: nothing stops it, and nothing is passed over."""

import html
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bakeoff.__main__ import main as bakeoff
from bakeoff.pipelines import __main__ as command_line
from bakeoff.pipelines.neural import config as neural
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron
from bakeoff.pipelines.results.task import load_task
from bakeoff.tests.datasets.pictures import write_class
from bakeoff.tests.odd_folder import ACCENTS, CHANGED, MAX_PIXELS, SCRIPT, SKIPPED, write_odd_folder

pytestmark = pytest.mark.whole


@contextmanager
def as_nobody() -> Iterator[None]:
    """Leave the rights of root, to whom no file is unreadable."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def workplace(monkeypatch) -> Iterator[Path]:
    """A folder that everyone may enter and write to; pictures are loaded without the rights of root, and the net
    trains in a second."""
    monkeypatch.setattr(command_line, "load", as_nobody()(command_line.load))
    title, mlp = neural.EXPERIMENTS["mlp"]
    small = replace(mlp, architecture=Perceptron((16,)), epochs=2, mixed_precision="off")
    monkeypatch.setitem(neural.EXPERIMENTS, "mlp", (title, small))
    with tempfile.TemporaryDirectory() as name:
        for folder in (Path(name), Path(name) / "artifacts"):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o777)
        yield Path(name)


def make(root: Path, data: Path, *options: str) -> int:
    """What `make report` does, with two experiments."""
    artifacts = str(root / "artifacts")
    status = command_line.main(["train", "hog", "mlp", "--dataset", str(data), "--artifacts", artifacts, *options])
    if status:
        return status
    return bakeoff(["report-saved", "--dataset", str(data), "--artifacts", artifacts])


def data_chapter(text: str) -> str:
    """The report's chapter on the data, as a reader sees it."""
    start = text.index("<summary><b>The data</b>")
    end = text.find("<summary><b>", start + 1)
    return text[start : end if end > 0 else None]


def test_every_oddity_is_told_on_the_terminal_and_in_the_report(workplace, capsys):
    data = workplace / "odd pictures"
    data.mkdir()
    write_odd_folder(data)
    status = make(workplace, data, "--max-skipped", "12", "--max-pixels", str(MAX_PIXELS))
    terminal = capsys.readouterr().err
    assert status == 0, terminal
    folder = workplace / "artifacts" / "reports" / "odd-pictures"
    report = unescape_markdown((folder / "report.md").read_text())
    page = (folder / "report.html").read_text()
    expected = [f"train/{path} ({reason}" for path, reason in SKIPPED.items()]
    expected += [f"{text} (train/dog/{name})" for text, name in CHANGED.items()]
    expected += [
        f"{len(SKIPPED)} pictures could not be used and left out: ",
        "read by content: train/dog/wrong extension.png (JPEG).",
        "2 WEBP",
        "Left out as hidden: train/cat/.hidden.png; train/cat/Thumbs.db.",
        "Left out as folders met before: train/cat/loop.",
        "Left out as empty folders: train/nothing.",
        "1 file beside the pictures left out (1 .txt): train/cat/labels.txt.",
        "1 file outside any class folder left out (1 .md): read me.md.",
        "The classes are unbalanced, from 1 (single) to ",
        "read balanced accuracy and macro F1 before accuracy",
        "Too few different pictures to be tested on, so that all of them are in training: single (1).",
        "3 pictures have exact or near duplicates (found by perceptual hash, turned or mirrored too), in 1 group",
        "1 picture left out, as a copy or the group is in a later split: train/cat/003.png (in test).",
        "The validation split was taken from training by us",
    ]
    for text in expected:
        assert text in terminal
        assert text in data_chapter(report)
        assert text in html.unescape(page)
    for class_name in ("cat", "dog", ACCENTS, SCRIPT, "single"):
        assert class_name in report
    assert "<img src=x" not in page
    assert (data / "train" / "cat" / "truncated.jpg").stat().st_size > 0


def unescape_markdown(text: str) -> str:
    return html.unescape(text.replace("\\", ""))


def test_too_many_unusable_pictures_stop_the_run(workplace, capsys):
    data = workplace / "odd"
    data.mkdir()
    write_odd_folder(data)
    assert make(workplace, data) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "more than the 5% allowed), such as " in line
    assert line.endswith("mend or remove them, or allow more with --max-skipped")


def test_gray_pictures_do_without_color(workplace, capsys):
    for number, name in enumerate(("brick", "sand")):
        write_class(workplace / "gray" / name, 20, first_seed=100 * number, channels=1)
    options = ["--dataset", str(workplace / "gray"), "--artifacts", str(workplace / "artifacts")]
    assert command_line.main(["train", "color-histogram", "classic", "mlp", "mlp-numpy", *options]) == 0
    terminal = capsys.readouterr().err
    sentence = "Every picture is gray: experiments that need color do not apply and skip themselves."
    assert f"note: {sentence}" in terminal
    assert "skipped: color-histogram cannot be applied to gray: it needs color" in terminal
    (folder,) = (workplace / "artifacts" / "runs").iterdir()
    assert sentence in load_task(folder).notes  # which the chapter on the data shows
