import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from bakeoff.datasets.registry import dataset_names, load_dataset


@pytest.fixture
def folder(tmp_path):
    for class_name in ("cat", "dog"):
        (tmp_path / class_name).mkdir()
        for number in range(5):
            pixels = np.random.default_rng([number, ord(class_name[0])]).integers(0, 256, (9, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / class_name / f"{number}.png")
    return tmp_path


@pytest.fixture
def few_cues(monkeypatch):
    monkeypatch.setattr("bakeoff.datasets.sets.cues.PICTURES_PER_CLASS", {"train": 5, "validation": 5, "test": 5})


@pytest.mark.usefixtures("few_cues")
@pytest.mark.parametrize("name", ["photos", "digits", "cues-color"])
def test_loads_by_name(name):
    assert load_dataset(name).name == name


def test_lists_the_default_first_and_every_cue():
    names = dataset_names()
    assert names[0] == "photos"
    assert {"digits", "cifar10", "cifar100", "cues-texture", "cues-shape", "cues-layout", "cues-all"} <= set(names)


@pytest.mark.usefixtures("few_cues")
def test_cues_is_short_for_all_of_them():
    assert load_dataset("cues").name == "cues-all"


def test_loads_a_folder_by_path(folder):
    assert load_dataset(str(folder)).image_shape == (32, 32, 3)
    assert load_dataset(str(folder), image_size=16).image_shape == (16, 16, 3)


def test_passes_limits_on_to_the_folder(folder):
    (folder / "cat" / "empty.jpg").touch()
    with pytest.raises(ValueError, match="1 of 11 pictures"):
        load_dataset(str(folder))
    assert len(load_dataset(str(folder), max_skipped_share=0.2).class_names) == 2
    with pytest.raises(ValueError, match="over the limit of 80 pixels"):
        load_dataset(str(folder), max_pixels=80)


def test_an_unknown_name_lists_the_known_ones():
    message = r"unknown data set 'cifar': choose one of photos, .*digits.*, or a path to a folder with one sub-folder"
    with pytest.raises(ValueError, match=message):
        load_dataset("cifar")


def test_a_named_data_set_has_its_own_size():
    with pytest.raises(
        ValueError, match="image_size can be set for a folder of pictures only; digits has a form of its own"
    ):
        load_dataset("digits", image_size=64)


def test_looks_for_cifar_under_the_data_root(tmp_path):
    (tmp_path / "cifar-10-batches-bin").mkdir()
    for name in ("batches.meta.txt", *(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"):
        (tmp_path / "cifar-10-batches-bin" / name).touch()
    with pytest.raises(ValueError, match=rf"{tmp_path}.*batches.meta.txt is damaged: expected 10 class names, got 0"):
        load_dataset("cifar10", data_root=tmp_path)


def test_data_sets_need_no_torch_and_their_names_nothing_that_decodes_pictures():
    code = "import sys; from bakeoff.pipelines.results.task import task_name; assert task_name('cues') == 'cues-all'; "
    code += "sys.exit(bool({'torch', 'tifffile', 'bakeoff.datasets.folder.load'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
