"""The command line: what it trains, keeps, skips and says when something is wrong."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from bakeoff.pipelines import __main__ as command_line
from bakeoff.pipelines import experiments
from bakeoff.pipelines.__main__ import main
from bakeoff.pipelines.classic import experiments as classic
from bakeoff.pipelines.experiments import all_experiments
from bakeoff.pipelines.results.run import load_runs
from bakeoff.pipelines.results.task import load_task

pytestmark = pytest.mark.whole


def write_pictures(folder, n, seed, channels=3):
    """Noise, each picture unlike any other."""
    folder.mkdir(parents=True)
    for number in range(n):
        pixels = np.random.default_rng([seed, number]).integers(0, 256, (16, 16, channels), dtype=np.uint8)
        Image.fromarray(pixels.squeeze()).save(folder / f"{number}.png")


@pytest.fixture
def pictures(tmp_path):
    """Two classes of twelve gray pictures."""
    for seed, name in enumerate(("cat", "dog")):
        write_pictures(tmp_path / "pets" / name, 12, seed, channels=1)
    return tmp_path / "pets"


@pytest.fixture
def run_command(tmp_path, capsys):
    """Runs a command in a folder of its own; gives its status and its lines on stderr, less the notes on the data."""

    def run(*arguments):
        status = main([str(argument) for argument in (*arguments, "--artifacts", tmp_path / "artifacts")])
        lines = capsys.readouterr().err.splitlines()
        return status, [line for line in lines if not line.startswith("note: ")]

    return run


def saved_runs(tmp_path):
    (folder,) = (tmp_path / "artifacts" / "runs").iterdir()
    return load_runs(folder)


def test_list_shows_every_experiment_and_group_on_a_line(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [*all_experiments(), *experiments.GROUPS]
    assert next(line for line in lines if line.startswith("pca ")).split() == [
        "pca",
        "hand-crafted",
        "PCA",
        "of",
        "pixels",
    ]


def test_train_saves_the_run_and_the_card_of_the_data(run_command, pictures, tmp_path):
    status, (line,) = run_command("train", "pca", "--dataset", pictures, "--image-size", 16, "--seed", 3)
    assert status == 0
    (run,) = saved_runs(tmp_path)
    assert (run.experiment, run.seed, run.dataset) == ("pca", 3, "pets")
    assert run.environment["command"].startswith("bakeoff train pca --dataset ")
    assert line.split()[:4] == ["pca", f"{run.accuracy:.1%}", "of", str(len(run.labels))]
    task = load_task(next((tmp_path / "artifacts" / "runs").iterdir()))
    assert task.class_names == ("cat", "dog")
    assert sum(task.split_sizes.values()) == 24
    assert {split: sum(counts) for split, counts in task.class_counts.items()} == task.split_sizes


def test_the_very_same_run_is_kept(run_command, pictures, monkeypatch):
    first = run_command("train", "pca", "--dataset", pictures)[1]
    monkeypatch.setattr("bakeoff.pipelines.classic.pipeline.run_system", None)
    status, (line,) = run_command("train", "pca", "--dataset", pictures)
    assert status == 0
    assert line == f"{first[0]}  (kept from before)"


def test_another_setting_seed_or_version_is_another_run(run_command, pictures, monkeypatch, tmp_path):
    run_command("train", "pca", "--dataset", pictures)
    assert "kept" not in run_command("train", "pca", "--dataset", pictures, "--seed", 1)[1][0]
    assert [run.seed for run in saved_runs(tmp_path)] == [0, 1]
    monkeypatch.setattr("bakeoff.pipelines.classic.pipeline.VERSION", 1000)
    assert "kept" not in run_command("train", "pca", "--dataset", pictures)[1][0]
    title, config = classic.EXPERIMENTS["pca"]
    smaller = replace(config, systems=(replace(config.systems[0], costs=(0.5,)),))
    monkeypatch.setitem(classic.EXPERIMENTS, "pca", (title, smaller))
    assert "kept" not in run_command("train", "pca", "--dataset", pictures)[1][0]
    assert saved_runs(tmp_path)[0].trials[0]["settings"]["C"] == 0.5


def test_a_run_that_was_not_finished_is_made_again(run_command, pictures, tmp_path):
    run_command("train", "pca", "--dataset", pictures)
    (file,) = (tmp_path / "artifacts").glob("runs/*/pca/seed-0/run.json")
    file.write_text(file.read_text()[:100])
    status, (line,) = run_command("train", "pca", "--dataset", pictures)
    assert status == 0
    assert "kept" not in line
    assert len(saved_runs(tmp_path)) == 1


def test_a_run_killed_after_its_model_leaves_no_older_run_beside_it(run_command, pictures, monkeypatch, tmp_path):
    run_command("train", "pca", "--dataset", pictures)
    title, config = classic.EXPERIMENTS["pca"]
    smaller = replace(config, systems=(replace(config.systems[0], costs=(0.5,)),))
    monkeypatch.setitem(classic.EXPERIMENTS, "pca", (title, smaller))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("bakeoff.pipelines.classic.pipeline.run_system", killed)  # before there is a new model
        assert run_command("train", "pca", "--dataset", pictures)[0] == 130
    assert saved_runs(tmp_path)[0].trials[0]["settings"]["C"] != 0.5
    with monkeypatch.context() as patch:
        patch.setattr("bakeoff.pipelines.experiments.save_run", killed)
        assert run_command("train", "pca", "--dataset", pictures)[0] == 130
    assert saved_runs(tmp_path) == ()
    assert "kept" not in run_command("train", "pca", "--dataset", pictures)[1][0]
    assert saved_runs(tmp_path)[0].trials[0]["settings"]["C"] == 0.5


def test_a_damaged_run_is_told_and_made_again(run_command, pictures, tmp_path):
    run_command("train", "pca", "--dataset", pictures)
    (scores,) = (tmp_path / "artifacts").glob("runs/*/pca/seed-0/scores.npz")
    whole = scores.read_bytes()
    scores.write_bytes(whole[:50])
    status, lines = run_command("train", "pca", "--dataset", pictures)
    assert status == 0
    assert lines[0].endswith("scores.npz is damaged (File is not a zip file): training again")
    assert scores.read_bytes() == whole


def test_what_cannot_be_applied_is_skipped_and_the_rest_goes_on(run_command, pictures, tmp_path):
    status, lines = run_command("train", "color-histogram", "pca", "--dataset", pictures)
    assert status == 0
    assert lines[0] == (
        "skipped: color-histogram cannot be applied to pets: it needs color, and these pictures are gray"
    )
    assert [run.experiment for run in saved_runs(tmp_path)] == ["pca"]


def test_nothing_at_all_to_train_is_an_error(run_command, pictures):
    status, lines = run_command("train", "color-histogram", "--dataset", pictures)
    assert status == 1
    assert lines[1] == "error: nothing was trained: no chosen experiment can be applied to pets"


def test_a_net_that_cannot_take_the_pictures_is_skipped_with_the_reason(run_command, pictures, tmp_path):
    command = ("--dataset", pictures, "--image-size", 16)
    reason = "skipped: speedrun cannot be applied to pets: this net needs pictures of at least 24 x 24, got 16 x 16"
    status, lines = run_command("train", "speedrun", "pca", *command)
    assert (status, lines[0]) == (0, reason)
    assert [run.experiment for run in saved_runs(tmp_path)] == ["pca"]
    status, lines = run_command("train", "speedrun", *command)
    assert (status, lines[0]) == (1, reason)
    assert lines[1].startswith("error: nothing was trained")


def test_thumbnails_train_what_fits_them(run_command, pictures, tmp_path):
    status, lines = run_command("train", "hog", "pca", "--dataset", pictures, "--image-size", 8)
    assert status == 0
    assert "hog cannot be applied to pets: a HOG block needs 16 x 16 pixels, and these pictures have 8 x 8" in lines[0]
    assert [run.experiment for run in saved_runs(tmp_path)] == ["pca"]


def test_features_are_extracted_for_later(run_command, pictures, tmp_path):
    status, lines = run_command("features", "pca", "--dataset", pictures)
    assert status == 0
    assert lines == [f"features of pets are in {tmp_path / 'artifacts' / 'cache'}"]
    run_command("train", "pca", "--dataset", pictures)
    assert [stage.reused for stage in saved_runs(tmp_path)[0].stages] == [True, True, False, False]


def empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    return ["train", "pca", "--dataset", tmp_path / "empty"]


def one_picture_class(tmp_path):
    write_pictures(tmp_path / "few" / "cat", 12, 0)
    write_pictures(tmp_path / "few" / "dog", 1, 1)
    return ["train", "pca", "--dataset", tmp_path / "few"]


def unreadable_pictures(tmp_path):
    for seed, name in enumerate(("cat", "dog")):
        write_pictures(tmp_path / "torn" / name, 6, seed)
        for path in (tmp_path / "torn" / name).glob("[012].png"):
            path.write_bytes(path.read_bytes()[:60])
    return ["train", "pca", "--dataset", tmp_path / "torn"]


def corrupt_zip(tmp_path):
    (tmp_path / "pets.zip").write_bytes(b"PK\x03\x04 and then nothing that a zip has")
    return ["train", "pca", "--dataset", tmp_path / "pets.zip"]


def corrupt_cifar(tmp_path):
    (tmp_path / "cifar-10-batches-bin").mkdir()
    for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin", "batches.meta.txt"):
        (tmp_path / "cifar-10-batches-bin" / name).write_bytes(b"short")
    return ["train", "pca", "--dataset", "cifar10", "--data-root", tmp_path]


@pytest.mark.parametrize(
    ("arrange", "part"),
    [
        (lambda _: ["train", "pca", "--dataset", "imagenet"], "unknown data set 'imagenet': choose one of photos"),
        (
            lambda _: ["train", "mpl", "--dataset", "digits"],
            "there is no experiment 'mpl'; choose from: color-histogram",
        ),
        (lambda _: ["train", "--dataset", "digits"], "no experiment was named"),
        (lambda _: ["features", "mlp", "--dataset", "digits"], "mlp has no features of its own"),
        (lambda _: ["train", "pca", "--dataset", "digits", "--image-size", "64"], "a form of its own"),
        (empty_folder, "must hold at least two classes"),
        (one_picture_class, "dog"),
        (unreadable_pictures, "cannot be used"),
        (corrupt_zip, "pets.zip"),
        (corrupt_cifar, "cifar-10-batches-bin"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_wrong_gets_one_line(run_command, tmp_path, capsys, arrange, part):
    arguments = arrange(tmp_path)
    capsys.readouterr()
    status, lines = run_command(*arguments)
    assert status == 1
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert part in lines[0]


@pytest.mark.parametrize(
    ("ask", "amount"),
    [
        (lambda: torch.empty(2**45), f", {4 * 2**45} bytes were asked for at once"),
        (lambda: np.empty(2**55), ", 256. PiB were asked for at once"),
        (lambda: throw(MemoryError()), ""),
        (
            lambda: throw(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has")),
            ", 20.00 GiB were asked for at once",
        ),
    ],
    ids=["torch", "numpy", "python", "GPU"],
)
def test_a_lack_of_memory_gets_one_line(monkeypatch, tmp_path, capsys, ask, amount):
    monkeypatch.setattr(command_line, "load", lambda *_: ask())
    assert main(["train", "pca", "--artifacts", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"error: the memory is too small{amount}: take smaller pictures (--image-size), "
        "or fewer experiments at a time\n"
    )


def test_another_error_of_the_program_keeps_its_traceback(monkeypatch, tmp_path):
    monkeypatch.setattr(command_line, "load", lambda *_: throw(RuntimeError("shapes differ")))
    with pytest.raises(RuntimeError, match="shapes differ"):
        main(["train", "pca", "--artifacts", str(tmp_path)])


def throw(error):
    raise error


def test_an_unknown_word_is_noticed_before_anything_is_computed(run_command, pictures, tmp_path):
    status, _ = run_command("train", "pca", "mpl", "--dataset", pictures)
    assert status == 1
    assert not (tmp_path / "artifacts" / "runs").exists()


def test_a_device_that_is_not_there_is_one_line_before_any_work(run_command, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    status, lines = run_command("train", "hog", "--dataset", pictures, "--device", "cuda")
    assert status == 1
    assert [line.partition(":")[2][:32] for line in lines] == [" there is no device cuda here: u"]
    assert not (tmp_path / "artifacts").exists()


def test_control_c_keeps_what_is_finished(run_command, pictures, tmp_path, monkeypatch):
    from bakeoff.pipelines.classic import pipeline

    run_system = pipeline.run_system

    def interrupted(system, *arguments):
        if len(system.families) > 1:
            raise KeyboardInterrupt
        return run_system(system, *arguments)

    monkeypatch.setattr(pipeline, "run_system", interrupted)
    status, lines = run_command("train", "pca", "classic", "--dataset", pictures)
    assert status == 130
    assert lines[-1] == "stopped; what was finished is kept, and the same command goes on from there"
    assert [run.experiment for run in saved_runs(tmp_path)] == ["pca"]


def test_a_download_shows_how_far_it_is(monkeypatch, tmp_path, capsys):
    """Each thing that is loaded has a bar of its own, moved by what was added since."""
    told = []

    class Recorder(command_line.Workspace):
        def progress(self, description, total):
            told.append((description, total))
            return super().progress(description, total)

    def load(name, *, progress, **_):
        progress("downloading", 10, 100)
        progress("downloading", 100, 100)
        progress("unpacking", 5, 5)
        raise ValueError("enough")

    monkeypatch.setattr(command_line, "Workspace", Recorder)
    monkeypatch.setattr(command_line, "load_dataset", load)
    assert main(["train", "pca", "--artifacts", str(tmp_path)]) == 1
    assert told == [("downloading", 100), ("unpacking", 5)]
    assert capsys.readouterr().err == "error: enough\n"


def test_notes_on_a_folder_are_told_once_and_cut_to_size(pictures, tmp_path, capsys):
    for number in range(60):
        (pictures / "cat" / f"{number} and a long name to go with it.txt").write_text("text")
    arguments = ["train", "pca", "--dataset", str(pictures), "--artifacts", str(tmp_path / "artifacts")]
    assert main(arguments) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: ")]
    assert "note: File formats: 24 PNG." in notes
    (long,) = (note for note in notes if "beside the pictures" in note)
    assert long.startswith("note: 60 files beside the pictures left out (60 .txt): cat/0 and a long name")
    assert long.endswith("go with it.txt; and more, see the report's chapter on the data")
    assert len(long) < 1300
    assert main(arguments) == 0
    assert "note: " not in capsys.readouterr().err
    assert main(["features", *arguments[1:]]) == 0
    assert "note: File formats: 24 PNG." in capsys.readouterr().err


def test_another_file_left_out_of_the_same_data_is_told_and_kept(pictures, tmp_path, capsys):
    arguments = ["train", "pca", "--dataset", str(pictures), "--artifacts", str(tmp_path / "artifacts")]
    assert main(arguments) == 0
    (pictures / "dog" / "torn.png").write_bytes(b"")
    capsys.readouterr()
    assert main(arguments) == 0
    assert "note: 1 picture could not be used and left out: dog/torn.png (empty file)." in capsys.readouterr().err
    (folder,) = (tmp_path / "artifacts" / "runs").iterdir()
    assert any("dog/torn.png" in note for note in load_task(folder).notes)


def test_limits_on_a_folder_can_be_set(run_command, pictures):
    (pictures / "cat" / "torn.png").write_bytes((pictures / "cat" / "0.png").read_bytes()[:60])
    command = ("train", "pca", "--dataset", pictures)
    assert "1 of 25 pictures" in run_command(*command, "--max-skipped", "3.9")[1][0]
    assert run_command(*command, "--max-skipped", "4")[0] == 0
    assert "over the limit of 255 pixels" in run_command(*command, "--max-pixels", "255")[1][0]


def test_the_command_is_kept_as_it_was_typed(monkeypatch, tmp_path):
    workspaces = []
    monkeypatch.setattr(command_line, "load", lambda options, workspace: workspaces.append(workspace) or 1 / 0)
    monkeypatch.setattr(sys, "argv", ["bakeoff", "train", "pca", "--dataset", "my pets"])
    with pytest.raises(ZeroDivisionError):
        main()
    assert workspaces[0].command == "bakeoff train pca --dataset 'my pets'"


def test_run_json_holds_the_key_of_the_run(run_command, pictures, tmp_path):
    run_command("train", "pca", "--dataset", pictures)
    (file,) = (tmp_path / "artifacts").glob("runs/*/pca/seed-0/run.json")
    assert len(json.loads(file.read_text())["environment"]["key"]) == 24


def test_logs_for_tensorboard_come_from_nets_alone_and_from_kept_ones_too(run_command, pictures, tmp_path):
    assert run_command("train", "pca", "--dataset", pictures, "--tensorboard")[0] == 0
    assert not (tmp_path / "artifacts" / "tensorboard").exists()
    for options in ((), ("--tensorboard",)):  # trained, then found
        assert run_command("train", "mlp", "--dataset", pictures, "--set", "epochs=1", *options)[0] == 0
    (log,) = (tmp_path / "artifacts" / "tensorboard").glob("*/mlp*/seed-0/*")
    assert log.name.startswith("events.out.tfevents")


def test_settings_make_a_run_of_their_own(run_command, pictures, tmp_path):
    run_command("train", "pca", "--dataset", pictures)
    status, lines = run_command("train", "pca", "--dataset", pictures, "--set", "costs=0.5,2", "--set", "scaling=unit")
    assert (status, lines[0].split()[0]) == (0, "pca[costs=0.5,2]")
    default, own = saved_runs(tmp_path)
    assert (default.experiment, own.experiment) == ("pca", "pca[costs=0.5,2]")
    assert own.settings["systems"][0]["costs"] == [0.5, 2.0]
    assert run_command("train", "pca", "--dataset", pictures, "--set", "costs=0.5,2.0")[1][0].endswith("from before)")
    status, lines = run_command("train", "pca", "--dataset", "/nowhere", "--set", "costz=1")
    assert (status, lines) == (1, ["error: --set: pca has no setting 'costz'; the nearest: costs"])


def test_json_is_alone_on_stdout(run_command, pictures, tmp_path, capsys):
    arguments = ["train", "pca", "--dataset", str(pictures), "--artifacts", str(tmp_path / "artifacts"), "--json"]
    assert main(arguments) == 0
    (record,) = json.loads(capsys.readouterr().out)
    (run,) = saved_runs(tmp_path)
    assert (record["experiment"], record["accuracy"]) == ("pca", run.accuracy)
    assert main(["list", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in record["experiments"]] == list(all_experiments())


def test_of_a_data_set_and_a_folder_of_one_name_it_is_told_which_was_taken(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["features", "pca", "--dataset", "digits"]) == 0
    assert "note: digits" not in capsys.readouterr().err
    (tmp_path / "digits").mkdir()
    assert main(["features", "pca", "--dataset", "digits"]) == 0
    assert "note: digits is the built-in data set; your folder of that name is ./digits" in capsys.readouterr().err


@pytest.mark.slow
def test_a_terminal_without_the_characters_gets_question_marks(pictures, tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": os.pathsep.join(sys.path)}
    folder = pictures.rename(tmp_path / "Tiere für mich – groß")
    command = [sys.executable, "-m", "bakeoff", "train", "mpl", "--dataset", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=300)
    assert (done.returncode, done.stdout) == (1, b"")
    command = [sys.executable, "-m", "bakeoff", "predict", str(folder / "größe.safetensors"), "x"]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=300)
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert done.stderr.startswith(b"error: ")
    assert b"Tiere f?r mich" in done.stderr


INTERRUPTED = """
import importlib.abc, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin without one
class Interrupter(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupter())
from bakeoff.__main__ import main
sys.exit(main(["features", "pca", "--dataset", "digits"]))
"""


@pytest.mark.parametrize("name", ["bakeoff.pipelines.command_line.arguments", "numpy", "torch"])
def test_control_c_while_libraries_are_imported_is_one_line(name, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", INTERRUPTED.format(name=name)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 130
    assert done.stderr.startswith("\nstopped")
    assert done.stderr.count("\n") == 2
