import dataclasses
import hashlib
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from bakeoff.datasets.sets import cifar
from bakeoff.datasets.sets.cifar import CIFAR10, CIFAR100, load_cifar, unpack


def tiny_files(archive):
    """File name -> content, with random pictures and classes."""
    random = np.random.default_rng(0)

    def rows(n_pictures):
        table = random.integers(0, 256, (n_pictures, archive.label_bytes + 3072), dtype=np.uint8)
        table[:, archive.label_bytes - 1] = random.permutation(archive.n_classes)[:n_pictures]
        return table.tobytes()

    names = "\n".join(f"kind{number}" for number in range(archive.n_classes)) + "\n\n"
    files = {name: rows(20 // len(archive.train_files)) for name in archive.train_files}
    return {archive.names_file: names.encode(), archive.test_file: rows(8), **files}


def write_folder(archive, root):
    folder = root / archive.folder
    folder.mkdir()
    for name, content in tiny_files(archive).items():
        (folder / name).write_bytes(content)
    return folder


def write_tar(archive, path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@pytest.fixture(params=[CIFAR10, CIFAR100], ids=lambda archive: archive.name)
def archive(request, monkeypatch):
    """With 20 training and 8 test pictures."""
    for name, number in {"N_TRAIN": 20, "N_TEST": 8, "N_VALIDATION": 5}.items():
        monkeypatch.setattr(cifar, name, number)
    return request.param


def served(archive, server, files=None):
    folder, address = server
    path = folder / f"{archive.name}.tar.gz"
    files = files or {f"{archive.folder}/{name}": content for name, content in tiny_files(archive).items()}
    write_tar(archive, path, files)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    return dataclasses.replace(archive, url=f"{address}/{path.name}", md5=md5)


def test_reads_rows_in_the_published_order(archive, tmp_path):
    folder = write_folder(archive, tmp_path)
    dataset = load_cifar(archive, tmp_path)
    rows = np.fromfile(folder / archive.test_file, np.uint8).reshape(8, -1)
    for image, label, row in zip(dataset.test.images, dataset.test.labels, rows, strict=True):
        assert label == row[archive.label_bytes - 1]
        for channel in range(3):
            start = archive.label_bytes + 1024 * channel
            np.testing.assert_array_equal(image[:, :, channel].ravel(), row[start : start + 1024])


def test_validation_is_the_end_of_training(archive, tmp_path):
    folder = write_folder(archive, tmp_path)
    dataset = load_cifar(archive, tmp_path)
    assert (len(dataset.train), len(dataset.validation)) == (15, 5)
    last = np.fromfile(folder / archive.train_files[-1], np.uint8)[-1024:].reshape(32, 32)
    np.testing.assert_array_equal(dataset.validation.images[-1, :, :, 2], last)


def test_downloads_checks_and_unpacks_what_is_missing(archive, server, tmp_path):
    remote, calls = served(archive, server), []
    dataset = load_cifar(remote, tmp_path, progress=lambda *call: calls.append(call))
    write_folder(archive, server[0])
    assert dataset.fingerprint() == load_cifar(archive, server[0]).fingerprint()
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted([archive.folder, *archive.files])
    what, done, total = calls[-1]
    assert what == f"downloading {archive.title}"
    assert done == total == (server[0] / f"{archive.name}.tar.gz").stat().st_size


def test_refuses_a_download_with_the_wrong_checksum(archive, server, tmp_path):
    remote = dataclasses.replace(served(archive, server), md5="0" * 32)
    with pytest.raises(OSError, match=r"could not be downloaded .*does not match.*--data-root"):
        load_cifar(remote, tmp_path)
    assert not list(tmp_path.rglob("*.bin"))


def test_says_where_it_looked_when_there_is_no_network(archive, tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    offline = dataclasses.replace(archive, url="http://127.0.0.1:9/none.tar.gz")
    with pytest.raises(OSError, match=f"is not in {tmp_path / archive.folder} and could not be downloaded"):
        load_cifar(offline, tmp_path)


def test_archive_members_cannot_choose_where_they_are_written(archive, server, tmp_path):
    inside = {f"{archive.folder}/{name}": content for name, content in tiny_files(archive).items()}
    remote = served(archive, server, {"../escaped.bin": b"x", "/absolute.bin": b"x", **inside})
    root = tmp_path / "root"
    load_cifar(remote, root)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]
    assert sorted(path.name for path in root.iterdir()) == [archive.folder]


@pytest.mark.parametrize("damage", ["cut", "a link", "incomplete"])
def test_names_a_damaged_archive(damage, archive, tmp_path):
    path = tmp_path / "archive.tar.gz"
    files = {f"{archive.folder}/{name}": content for name, content in tiny_files(archive).items()}
    if damage == "incomplete":
        del files[f"{archive.folder}/{archive.test_file}"]
    write_tar(archive, path, files)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-2000])
    if damage == "a link":
        with tarfile.open(path, "w:gz") as tar:
            link = tarfile.TarInfo(f"{archive.folder}/{archive.names_file}")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(link)
    with pytest.raises(ValueError, match=r"archive.tar.gz is damaged .*delete it"):
        unpack(archive, path, tmp_path / "root")
    assert not list(tmp_path.rglob(".*"))


def test_names_a_file_of_the_wrong_length(archive, tmp_path):
    path = write_folder(archive, tmp_path) / archive.train_files[0]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=rf"{path.name} is damaged: expected [\d,]+ bytes .*Delete the folder"):
        load_cifar(archive, tmp_path)


def test_names_a_label_out_of_range(archive, tmp_path):
    path = write_folder(archive, tmp_path) / archive.test_file
    content = bytearray(path.read_bytes())
    content[2 * (3072 + archive.label_bytes) + archive.label_bytes - 1] = archive.n_classes
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"expected labels of 0..\d+, got {archive.n_classes} for picture 2"):
        load_cifar(archive, tmp_path)


def test_names_a_wrong_list_of_classes(archive, tmp_path):
    (write_folder(archive, tmp_path) / archive.names_file).write_text("one\ntwo\n")
    with pytest.raises(ValueError, match=r"expected \d+ class names, got 2"):
        load_cifar(archive, tmp_path)


@pytest.mark.data
@pytest.mark.skipif("DATA_ROOT" not in os.environ, reason="needs CIFAR-10 under the environment variable DATA_ROOT")
def test_real_cifar10_has_the_published_mean_and_counts():
    dataset = load_cifar(CIFAR10, Path(os.environ["DATA_ROOT"]))
    assert [len(split) for split in dataset.splits.values()] == [45_000, 5_000, 10_000]
    assert np.bincount(dataset.test.labels).tolist() == [1000] * 10
    assert dataset.class_names[3] == "cat"
    assert dataset.test.labels[:5].tolist() == [3, 8, 8, 0, 6]  # cat, ship, ship, airplane, frog: the published order
    images = np.concatenate([dataset.train.images, dataset.validation.images])
    np.testing.assert_allclose(images.mean(axis=(0, 1, 2)) / 255, [0.4914, 0.4822, 0.4465], atol=5e-5)
