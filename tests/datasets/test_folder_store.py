"""A folder's pictures on disk: decoded once, the same task as in memory, and never out of date."""

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.datasets.folder import decoded_pictures, stages
from bakeoff.datasets.folder.load import load_folder
from bakeoff.pipelines.machine.cache import Cache
from bakeoff.tests.datasets.pictures import notes_of, picture, write_class


@pytest.fixture
def animals(tmp_path):
    """Two classes of twenty pictures."""
    root = tmp_path / "my animals"
    write_class(root / "cat", 20)
    write_class(root / "dog", 20, first_seed=100)
    return root


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def decoded(monkeypatch):
    """The contents of all files that were decoded since."""
    contents = []
    decode = decoded_pictures.decode
    monkeypatch.setattr(
        decoded_pictures, "decode", lambda content, *options: contents.append(content) or decode(content, *options)
    )
    return contents


def is_a_map_of_a_file(images):
    while images is not None and not isinstance(images, np.memmap):
        images = images.base
    return images is not None


@pytest.mark.parametrize("channels", [1, 3])
def test_is_the_task_that_it_is_in_memory(tmp_path, cache, channels):
    for number, name in enumerate(("cat", "dog")):
        write_class(tmp_path / "animals" / name, 20, first_seed=100 * number, channels=channels)
    (tmp_path / "animals" / "cat" / "empty.jpg").touch()
    in_memory, first, again = (load_folder(tmp_path / "animals", store=store) for store in (None, cache, cache))
    for stored in (first, again):
        assert stored.fingerprint() == in_memory.fingerprint()
        assert (stored.notes, stored.description, stored.name) == (
            in_memory.notes,
            in_memory.description,
            in_memory.name,
        )
        assert all(is_a_map_of_a_file(split.images) for split in stored.splits.values())
        assert not any(split.images.flags.writeable for split in stored.splits.values())
    assert not is_a_map_of_a_file(in_memory.train.images)


def test_decodes_nothing_the_second_time(animals, cache, decoded):
    load_folder(animals, store=cache)
    assert len(decoded) == 40
    load_folder(animals, store=cache)
    assert len(decoded) == 40


def write_over(path):
    picture(900).save(path)


def replace_keeping_size_and_time(path):
    """As rsync may: another content under the same name, size and time."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[-20] ^= 255
    other = path.with_name("other")
    other.write_bytes(content)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(other, path)


@pytest.mark.parametrize(
    "change",
    [
        write_over,
        replace_keeping_size_and_time,
        Path.unlink,
        lambda path: path.rename(path.parent.parent / "dog" / "renamed.png"),
        lambda path: picture(901).save(path.with_name("new.png")),
    ],
    ids=["written", "replaced", "removed", "moved", "added"],
)
def test_a_change_of_any_file_is_noticed(animals, cache, change):
    before = load_folder(animals, store=cache)
    change(animals / "cat" / "003.png")
    after = load_folder(animals, store=cache)
    assert (after.fingerprint(), after.notes) != (before.fingerprint(), before.notes)
    assert after.fingerprint() == load_folder(animals).fingerprint()


@pytest.mark.parametrize(
    "options", [{"image_size": 16}, {"max_pixels": 1600 - 1, "max_skipped_share": 1.0}], ids=["size", "limit"]
)
def test_other_settings_are_another_entry(animals, cache, options):
    picture(500, side=20).save(animals / "cat" / "small.png")
    picture(501, side=20).save(animals / "dog" / "small.png")
    load_folder(animals, store=cache)

    def outcome(store):
        try:
            dataset = load_folder(animals, store=store, **options)
        except ValueError as error:
            return str(error)
        return dataset.fingerprint()

    assert outcome(cache) == outcome(None)


def test_other_versions_of_the_decoders_decode_again(animals, cache, decoded, monkeypatch):
    load_folder(animals, store=cache)
    monkeypatch.setattr(stages, "decoder_versions", lambda: {"pil": "1.0"})
    load_folder(animals, store=cache)
    assert len(decoded) == 80


def test_too_many_damaged_files_are_told_without_decoding_twice(animals, cache, decoded):
    for number in range(3):
        (animals / "cat" / f"empty{number}.jpg").touch()
    with pytest.raises(ValueError, match="3 of 43 pictures"):
        load_folder(animals, store=cache)
    dataset = load_folder(animals, store=cache, max_skipped_share=0.1)
    assert "3 pictures could not be used" in notes_of(dataset)
    assert len(decoded) == 43


def test_what_could_not_be_read_is_tried_again(animals, cache, decoded, monkeypatch):
    """A disk that fails once, or the rights of another user: the file itself does not change."""
    fails = {"now": True}
    read = decoded_pictures.read_bytes
    first = (animals / "cat" / "000.png").read_bytes()

    def read_if_disk_works(reader):
        content = read(reader)
        if fails["now"] and content == first:
            raise decoded_pictures.UnreadableError("cannot be read: Input/output error")
        return content

    monkeypatch.setattr(decoded_pictures, "read_bytes", read_if_disk_works)
    assert "cat/000.png (cannot be read: Input/output error)" in notes_of(load_folder(animals, store=cache))
    fails["now"] = False
    for _ in range(2):
        assert load_folder(animals, store=cache).fingerprint() == load_folder(animals).fingerprint()
    assert len(decoded) == 39 + 40 + 2 * 40


def test_what_can_never_be_read_is_not_decoded_again(animals, cache, decoded):
    os.mkfifo(animals / "cat" / "pipe.jpg")
    for _ in range(2):
        load_folder(animals, store=cache)
    assert len(decoded) == 40


def test_a_replaced_archive_or_a_changed_file_of_a_table_is_noticed(animals, cache):
    rows = [f"{path.relative_to(animals)},{path.parent.name}" for path in sorted(animals.rglob("*.png"))]
    table = animals / "table.csv"
    table.write_text("\n".join(["path,label", *rows]) + "\n")
    before = load_folder(table, store=cache).fingerprint()
    write_over(animals / "cat" / "003.png")
    assert load_folder(table, store=cache).fingerprint() == load_folder(table).fingerprint() != before


def test_the_splits_are_kept_once(animals, cache):
    load_folder(animals, store=cache)
    (entry,) = (path for path in cache.root.rglob("entry.json"))
    assert entry.parent.parent.name == "folder"
    n_bytes = sum(path.stat().st_size for path in cache.root.rglob("*"))
    assert n_bytes < 40 * 32 * 32 * 3 + 20_000


def test_damage_on_disk_is_noticed_and_mended(animals, tmp_path):
    said = []
    cache = Cache(tmp_path / "cache", report_damage=said.append)
    whole = load_folder(animals, store=cache).fingerprint()
    (path,) = cache.root.rglob("train.npy")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert load_folder(animals, store=cache).fingerprint() == whole
    assert len(said) == 1


def test_a_file_of_objects_is_not_unpickled(animals, tmp_path):
    said = []
    cache = Cache(tmp_path / "cache", report_damage=said.append)
    whole = load_folder(animals, store=cache).fingerprint()
    (entry,) = cache.root.rglob("entry.json")
    np.save(entry.parent / "train.npy", np.array([Path("/")], dtype=object), allow_pickle=True)
    entry.write_text(entry.read_text().replace("train.npy", "other.npy"))  # as a stranger would
    assert load_folder(animals, store=cache).fingerprint() == whole
    assert len(said) == 1


def load_and_tell(animals, root, fingerprints):
    fingerprints.put(load_folder(animals, store=Cache(root)).fingerprint())


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_runs_at_once_agree(animals, tmp_path):
    context = multiprocessing.get_context("fork")
    fingerprints = context.Queue()
    arguments = (animals, tmp_path / "cache", fingerprints)
    processes = [context.Process(target=load_and_tell, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    found = {fingerprints.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert found == {load_folder(animals).fingerprint()}
    assert len(list((tmp_path / "cache").rglob("entry.json"))) == 1


def test_pictures_of_an_archive_stay_readable_after_it_is_gone(animals, tmp_path, cache):
    import shutil

    path = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", animals))
    dataset = load_folder(path, store=cache)
    path.unlink()
    assert dataset.fingerprint() == load_folder(animals).fingerprint()
    assert Image.fromarray(dataset.train.images[0]).size == (32, 32)
