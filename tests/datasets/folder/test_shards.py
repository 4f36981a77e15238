import io
import json
import tarfile

import numpy as np
import pytest

from bakeoff.datasets.folder.load import load_folder
from bakeoff.tests.datasets.pictures import notes_of, picture, write_class

KINDS = ("cat", "dog")


def as_json(kind):
    return json.dumps({"label": kind, "width": 40}).encode()


def write_shard(path, numbers, suffix="cls", content=str.encode):
    with tarfile.open(path, "w") as archive:
        for number in numbers:
            png, kind = io.BytesIO(), KINDS[number % 2]
            picture(number).save(png, "PNG")
            for name, data in ((f"{number:06}.png", png.getvalue()), (f"{number:06}.{suffix}", content(kind))):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize(("suffix", "content"), [("cls", str.encode), ("json", as_json)])
def test_one_shard_has_the_pictures_of_its_folder(tmp_path, suffix, content):
    write_shard(tmp_path / "shard-000000.tar", range(24), suffix, content)
    dataset = load_folder(tmp_path / "shard-000000.tar")
    assert dataset.class_names == KINDS
    assert sum(map(len, dataset.splits.values())) == 24
    assert "left out" not in notes_of(dataset)


def test_many_shards_are_one_data_set(tmp_path):
    write_shard(tmp_path / "all.tar", range(24))
    (tmp_path / "shards").mkdir()
    for number in range(3):
        write_shard(tmp_path / "shards" / f"pets-{number:06}.tar", range(8 * number, 8 * number + 8))
    (tmp_path / "shards" / "sizes.json").write_text("{}")
    parts = [load_folder(path) for path in (tmp_path / "all.tar", tmp_path / "shards")]
    assert parts[0].fingerprint() == parts[1].fingerprint()
    assert parts[1].train.paths[0].startswith("pets-000000.tar/")


def test_names_of_shards_tell_the_split(tmp_path):
    for name, start in (("train-000", 0), ("train-001", 10), ("val-000", 20), ("test-000", 30)):
        write_shard(tmp_path / f"{name}.tar", range(start, start + 10))
    dataset = load_folder(tmp_path)
    assert [np.bincount(split.labels).tolist() for split in dataset.splits.values()] == [[10, 10], [5, 5], [5, 5]]


def test_a_picture_without_a_class_is_told(tmp_path):
    write_shard(tmp_path / "s.tar", range(24), "json", lambda kind: as_json(kind) if kind == "cat" else b"[1]")
    with pytest.raises(ValueError, match="at least two classes"):
        load_folder(tmp_path / "s.tar")


def test_texts_beside_pictures_in_class_folders_are_no_classes(tmp_path):
    for number, kind in enumerate(KINDS):
        write_class(tmp_path / kind, 8, first_seed=100 * number)
        (tmp_path / kind / "000.json").write_text(json.dumps({"label": "a dog, perhaps"}))
    assert load_folder(tmp_path).class_names == KINDS


@pytest.mark.parametrize("caption", [None, b'{"caption": "a cat"}'])
def test_numbered_shards_without_classes_are_refused(tmp_path, caption):
    for number in range(2):
        with tarfile.open(tmp_path / f"shard-{number:05}.tar", "w") as shard:
            for index in range(6):
                content = io.BytesIO()
                picture(10 * number + index).save(content, "PNG")
                member = tarfile.TarInfo(f"{index:04}.png")
                member.size = len(content.getvalue())
                shard.addfile(member, io.BytesIO(content.getvalue()))
                if caption:
                    member = tarfile.TarInfo(f"{index:04}.json")
                    member.size = len(caption)
                    shard.addfile(member, io.BytesIO(caption))
    with pytest.raises(ValueError, match=r"no file beside a picture tells its class \(0001\.cls or 0001\.json"):
        load_folder(tmp_path)
