"""Cleaning up removes what was made here, and nothing else."""

import pytest

from bakeoff.pipelines.machine.workspace import claim, clean


def write(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("text")


def compute(folder):
    for name in ("cache/hog/0123/entry.json", "runs/pets-0123/task.npz", "reports/pets/report.json", "bench.json"):
        write(folder / name)


def test_a_folder_of_ours_goes_whole(tmp_path):
    folder = tmp_path / "artifacts"
    claim(folder)
    compute(folder)
    claim(folder)  # the next command finds what the first one made
    assert clean(folder) == ["bench.json", "cache", "reports", "runs"]
    assert not folder.exists()
    assert clean(folder) == []


def test_what_was_there_before_stays(tmp_path):
    write(tmp_path / "thesis.tex")
    write(tmp_path / "reports" / "yearly.txt")
    claim(tmp_path)
    compute(tmp_path)
    write(tmp_path / "notes.txt")
    assert clean(tmp_path) == ["bench.json", "cache", "runs"]
    assert {path.name for path in tmp_path.iterdir()} == {"thesis.tex", "reports", "notes.txt"}
    assert (tmp_path / "reports" / "yearly.txt").exists()


def test_a_folder_without_our_mark_is_refused(tmp_path):
    compute(tmp_path)
    with pytest.raises(ValueError, match="nothing was removed"):
        clean(tmp_path)
    assert (tmp_path / "runs").exists()


def test_the_checkpoints_of_a_killed_training_go_too(tmp_path):
    claim(tmp_path / "artifacts")
    write(tmp_path / "artifacts" / "checkpoints" / "0123.pt")
    assert clean(tmp_path / "artifacts") == ["checkpoints"]
    assert not (tmp_path / "artifacts").exists()


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    for name in ("cat/1.png", "cache/1.png", "runs/monday.txt", "reports/thesis.tex"):
        write(tmp_path / name)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match="holds nothing that was made here: nothing was removed"):
        clean(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_goes_and_what_it_points_to_stays(tmp_path):
    folder, disk = tmp_path / "artifacts", tmp_path / "disk"
    claim(folder)
    write(disk / "precious")
    (folder / "cache").symlink_to(disk)
    assert clean(folder) == ["cache"]
    assert (disk / "precious").exists()
