"""The folder with every oddity as it is, as an archive and as a table: the same pictures, the same words about them."""

import csv
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.datasets.folder.load import load_folder
from bakeoff.tests.datasets.pictures import notes_of
from bakeoff.tests.odd_folder import MAX_PIXELS, SKIPPED, write_odd_folder

LINKS_AND_PIPES = ("broken link.png", "link to itself", "pipe.png", "loop")  # all in train/cat
NOT_READ = r"cannot be read: (a link to .*, which is no file in this archive|devices inside an archive are not read)\)"


@pytest.fixture
def odd(tmp_path):
    """Without what no archive can hold: files that cannot be read, and empty folders."""
    root = tmp_path / "odd pictures"
    root.mkdir()
    write_odd_folder(root)
    (root / "train" / "dog" / "locked.png").unlink()
    (root / "train" / "dog" / "locked folder").rmdir()
    (root / "train" / "nothing").rmdir()
    return root


def without_links_and_pipes(root):
    for name in LINKS_AND_PIPES:
        (root / "train" / "cat" / name).unlink()
    return root


def load(path):
    return load_folder(path, max_skipped_share=0.12, max_pixels=MAX_PIXELS)


def outcome(dataset):
    """All but that an archive has a folder around everything."""
    notes = [note for note in dataset.notes if not note.startswith("Left out as the folder around all others")]
    return dataset.fingerprint(), dataset.class_names, notes


def pack_zip(root: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*"), reverse=True):
            archive.write(path, path.relative_to(root.parent))


def pack_tar(root: Path, target: Path) -> None:
    with tarfile.open(target, f"w:{target.suffix[1:]}" if target.suffix != ".tar" else "w") as archive:
        archive.add(root, root.name)


def pack_without_its_name(root: Path, target: Path) -> None:
    """Without a folder that holds everything."""
    shutil.make_archive(str(target).removesuffix(".tar.bz2"), "bztar", root)


ARCHIVES: dict[str, Callable[[Path, Path], None]] = {
    "odd.zip": pack_zip,
    "odd.tar": pack_tar,
    "odd.tar.gz": pack_tar,
    "odd.tar.xz": pack_tar,
    "odd.tar.bz2": pack_without_its_name,
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_has_the_outcome_of_its_folder(odd, tmp_path, name):
    without_links_and_pipes(odd)
    ARCHIVES[name](odd, tmp_path / name)
    folder, packed = load(odd), load(tmp_path / name)
    assert outcome(packed) == outcome(folder)
    for path, reason in SKIPPED.items():
        if path.startswith("cat/") and path.removeprefix("cat/") not in LINKS_AND_PIPES:
            assert f"train/{path} ({reason}" in notes_of(packed)


def test_a_tar_names_links_and_pipes_and_keeps_the_same_pictures(odd, tmp_path):
    pack_tar(odd, tmp_path / "odd.tar")
    folder, packed = load(odd), load(tmp_path / "odd.tar")
    assert packed.fingerprint() == folder.fingerprint()
    for name in LINKS_AND_PIPES:
        assert re.search(rf"train/cat/{name} \({NOT_READ}", notes_of(packed))
    assert "Left out as folders met before: train/cat/loop." in folder.notes


@pytest.mark.parametrize("with_links", [False, True])
def test_a_table_has_the_outcome_of_its_folder(odd, tmp_path, with_links):
    """Of what lies outside the classes or is hidden it says nothing, as it does not list it."""
    if not with_links:
        without_links_and_pipes(odd)
    rows = [
        (path.relative_to(tmp_path), path.relative_to(odd).parts[1], path.relative_to(odd).parts[0])
        for path in odd.rglob("*")
        if len(path.relative_to(odd).parts) > 2 and not path.is_dir() and not path.name.startswith((".", "Thumbs"))
    ]
    with (tmp_path / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "split"), *rows])
    folder, table = load(odd), load(tmp_path / "table.csv")
    assert (table.fingerprint(), table.class_names) == (folder.fingerprint(), folder.class_names)
    unlisted = ("Left out as ", "1 file outside any class folder")
    expected = [re.sub("(train|test)/", r"odd pictures/\1/", note) for note in folder.notes]
    notes = [re.sub(r", line \d+ of the table", "", note) for note in table.notes]
    assert notes == [note for note in expected if not note.startswith(unlisted)]
