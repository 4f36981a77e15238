import io
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.datasets.folder.load import dataset_name, find_pictures, load_folder, read_pictures
from bakeoff.tests.datasets.pictures import notes_of, picture, write_class


@pytest.fixture
def animals(tmp_path):
    """Two classes of twenty pictures."""
    root = tmp_path / "my animals"
    write_class(root / "cat", 20)
    write_class(root / "dog", 20, first_seed=100)
    return root


def pixels_of(split):
    return {image.tobytes() for image in split.images}


def content_of(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@contextmanager
def as_nobody():
    """Leave the rights of root, to whom no file is unreadable."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_reads_classes_and_splits_them_the_same_way_every_time(animals):
    dataset = load_folder(animals)
    assert dataset.name == "my-animals"
    assert dataset.class_names == ("cat", "dog")
    assert [np.bincount(split.labels).tolist() for split in dataset.splits.values()] == [[13, 13], [3, 3], [4, 4]]
    assert dataset.image_shape == (32, 32, 3)
    assert "taken from training by us" in notes_of(dataset)
    assert load_folder(animals).fingerprint() == dataset.fingerprint()


def test_never_changes_the_users_files(animals):
    (animals / "cat" / "cut.jpg").write_bytes((animals / "cat" / "000.png").read_bytes()[:-20])
    before = content_of(animals)
    load_folder(animals)
    assert content_of(animals) == before


@pytest.mark.parametrize(
    "names",
    [
        ("train", "val", "test"),
        ("Training", "validation", "testing"),
        ("train", "valid", "TEST"),
        ("training_set", "dev_set", "test_set"),
        ("TrainImages", "EvalImages", "HoldoutImages"),
        ("seg_train", "seg_val", "seg_test"),
        ("trainset", "valset", "hold-out"),
        ("2024 train", "2024 val", "2024 test"),
    ],
)
def test_keeps_given_splits(tmp_path, names):
    for number, (name, count) in enumerate(zip(names, (5, 2, 3), strict=True)):
        write_class(tmp_path / name / "cat", count, first_seed=1000 * number)
        write_class(tmp_path / name / "dog", count, first_seed=1000 * number + 100)
    dataset = load_folder(tmp_path)
    assert [np.bincount(split.labels).tolist() for split in dataset.splits.values()] == [[5, 5], [2, 2], [3, 3]]
    assert dataset.notes[-1] == "File formats: 20 PNG."
    assert not any("left out" in note or "taken from training" in note for note in dataset.notes)


def test_takes_a_missing_validation_split_from_training(tmp_path):
    for name, seed in (("train", 0), ("test", 500)):
        write_class(tmp_path / name / "cat", 20, first_seed=seed)
        write_class(tmp_path / name / "dog", 20, first_seed=seed + 100)
    dataset = load_folder(tmp_path)
    assert [len(split) for split in dataset.splits.values()] == [34, 6, 40]
    assert "The validation split was taken from training by us, within each class: 10% validation." in dataset.notes


def test_a_class_may_be_called_train(tmp_path):
    write_class(tmp_path / "train", 5)
    write_class(tmp_path / "tram", 5, first_seed=100)
    assert load_folder(tmp_path).class_names == ("train", "tram")


@pytest.mark.parametrize(("name", "n_channels"), [("L", 1), ("RGB", 3)])
def test_is_gray_only_if_every_picture_is(animals, name, n_channels):
    for path in animals.rglob("*.png"):
        Image.open(path).convert("L").convert(name).save(path)
    if n_channels == 3:
        picture(0).save(animals / "cat" / "000.png")
    dataset = load_folder(animals)
    assert dataset.image_shape == (32, 32, n_channels)
    assert ("gray" in dataset.description) == (n_channels == 1)


@pytest.mark.parametrize(
    ("length", "frame", "seen", "note"),
    [
        (30, "auto", False, "33% of the median one lies outside of it and is not seen"),
        (60, "auto", True, "the median one is 3.0 times as long as it is wide"),
        (60, "middle", False, "67% of the median one lies outside"),
        (30, "whole", True, "the median one is 1.5 times as long"),
    ],
)
def test_what_lies_beside_the_middle_square_is_seen_or_said_to_be_lost(tmp_path, length, frame, seen, note):
    random = np.random.default_rng(0)
    for index in range(40):
        pixels = random.integers(100, 120, (20, length, 3), dtype=np.uint8)
        pixels[:, :4] = 255 * (index % 2)
        path = tmp_path / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path)
    dataset = load_folder(tmp_path, frame=frame)
    edges = dataset.train.images[:, :, 0].mean(axis=(1, 2))
    assert (edges.std() > 50) == seen
    assert note in " ".join(dataset.notes)
    assert dataset.reading["frame"] == ("whole" if seen else "middle")
    read, errors = read_pictures(list(find_pictures(tmp_path)), dataset.image_shape, dataset.reading)
    assert not errors
    assert sorted(read.sum(axis=(1, 2, 3))) == sorted(
        image.sum() for split in dataset.splits.values() for image in split.images[:].astype(np.int64)
    )


def test_image_size_can_be_set(animals):
    assert load_folder(animals, image_size=48).image_shape == (48, 48, 3)
    with pytest.raises(ValueError, match="at least 8 pixels, got 4"):
        load_folder(animals, image_size=4)


BAD_FILES = {
    "empty.jpg": (b"", "empty file"),
    "text.jpg": (b"no picture", "not a picture"),
    "cut.jpg": (None, "damaged: "),
    "bomb.png": (None, "over the limit of 5,000 pixels"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_lists_what_it_left_out_with_the_reason(animals, name):
    content, reason = BAD_FILES[name]
    if name == "cut.jpg":
        buffer = io.BytesIO()
        picture(5).save(buffer, "JPEG")
        content = buffer.getvalue()[:-100]
    if name == "bomb.png":
        picture(5, side=80).save(animals / "dog" / name)
    else:
        (animals / "dog" / name).write_bytes(content)
    dataset = load_folder(animals, max_pixels=5000)
    assert sum(len(split) for split in dataset.splits.values()) == 40
    assert f"1 picture could not be used and left out: dog/{name} ({reason}" in notes_of(dataset)


def test_stops_when_too_many_pictures_are_unusable(animals):
    for number in range(3):
        (animals / "cat" / f"empty{number}.jpg").touch()
    with pytest.raises(
        ValueError, match=r"3 of 43 pictures .*\(7%, more than the 5% allowed\), such as cat/empty0.jpg"
    ):
        load_folder(animals)
    assert "3 pictures could not be used" in notes_of(load_folder(animals, max_skipped_share=0.1))


def test_reads_pictures_by_content_whatever_their_names(animals):
    buffer = io.BytesIO()
    picture(7, side=64).save(buffer, "JPEG")
    for name in ("wrong.png", "no_extension", "odd.txt"):
        buffer.seek(0)
        (animals / "cat" / name).write_bytes(buffer.read())
    dataset = load_folder(animals)
    assert sum(len(split) for split in dataset.splits.values()) == 43
    assert "left out" not in notes_of(dataset)


def test_ignores_hidden_files_and_reports_files_that_are_no_pictures(animals):
    for name in (".hidden.jpg", "Thumbs.db", "._cat.png", "labels.txt"):
        (animals / "cat" / name).write_text("text")
    (animals / "cat" / ".cache").mkdir()
    (animals / "cat" / ".cache" / "1.png").touch()
    (animals / "README.md").write_text("hello")
    (animals / ".git").mkdir()
    dataset = load_folder(animals)
    assert dataset.class_names == ("cat", "dog")
    assert "1 file beside the pictures left out (1 .txt): cat/labels.txt." in dataset.notes
    assert "1 file outside any class folder left out (1 .md): README.md." in dataset.notes
    assert "Left out as hidden: .git; cat/._cat.png; cat/.cache; cat/.hidden.jpg; cat/Thumbs.db." in dataset.notes
    assert "could not be used" not in notes_of(dataset)


def test_a_folder_without_pictures_is_no_class(animals):
    (animals / "documents").mkdir()
    (animals / "documents" / "plan.txt").write_text("text")
    (animals / "empty").mkdir()
    dataset = load_folder(animals)
    assert dataset.class_names == ("cat", "dog")
    assert "1 file of classes without a picture left out (1 .txt): documents/plan.txt." in dataset.notes
    assert "Left out as empty folders: empty." in dataset.notes


def test_nested_folders_belong_to_their_class(animals):
    write_class(animals / "cat" / "2024" / "at home", 5, first_seed=300)
    assert sum((split.labels == 0).sum() for split in load_folder(animals).splits.values()) == 25


def test_unicode_spaces_and_bytes_that_are_no_text_in_paths(tmp_path):
    write_class(tmp_path / "Käfer & Ölkanne" / "日本", 5)
    write_class(tmp_path / "dog", 5, first_seed=100)
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    write_class(odd, 5, first_seed=200)
    (odd / os.fsdecode(b"\xff.jpg")).touch()
    dataset = load_folder(tmp_path, max_skipped_share=0.1)
    assert set(dataset.class_names) == {"Käfer & Ölkanne", "dog", "caf\\udce9"}
    assert "caf\\udce9/\\udcff.jpg (empty file)" in notes_of(dataset)
    "".join((*dataset.class_names, *dataset.notes)).encode()


def test_names_cannot_command_a_terminal_and_accents_are_composed(tmp_path):
    write_class(tmp_path / "train" / "caf\u00e9", 5)
    write_class(tmp_path / "test" / "cafe\u0301", 5, first_seed=50)
    for number, split in enumerate(("train", "test")):
        write_class(tmp_path / split / "\x1b[31mred\n", 5, first_seed=100 * number + 100)
    (tmp_path / "train" / "caf\u00e9" / "\u202egpj.exe").touch()
    dataset = load_folder(tmp_path)
    assert dataset.class_names == ("\\x1b[31mred\\n", "caf\u00e9")
    assert "\\u202egpj.exe" in notes_of(dataset)


def test_symlink_loops_end_and_links_are_followed(animals, tmp_path):
    write_class(tmp_path / "elsewhere", 5, first_seed=500)
    (animals / "dog" / "more").symlink_to(tmp_path / "elsewhere")
    (animals / "cat" / "loop").symlink_to(animals)
    (animals / "cat" / "self").symlink_to(animals / "cat" / "self")
    (animals / "cat" / "broken.png").symlink_to(animals / "gone.png")
    dataset = load_folder(animals)
    assert sum((split.labels == 1).sum() for split in dataset.splits.values()) == 25
    assert "Left out as folders met before: cat/loop." in dataset.notes
    assert "cat/self (cannot be read: Too many levels of symbolic links)" in notes_of(dataset)
    assert "cat/broken.png (cannot be read: No such file or directory)" in notes_of(dataset)


def test_a_folder_that_is_also_linked_to_keeps_its_own_class(animals):
    (animals / "zebra").symlink_to(animals / "cat")
    write_class(animals / "cat" / "young", 3, first_seed=300)
    (animals / "dog" / "young").symlink_to(animals / "cat" / "young")
    dataset = load_folder(animals)
    assert dataset.class_names == ("cat", "dog")
    assert sum((split.labels == 0).sum() for split in dataset.splits.values()) == 23
    assert "Left out as folders met before: dog/young; zebra." in dataset.notes


def test_does_not_wait_for_pipes(animals):
    os.mkfifo(animals / "cat" / "pipe.jpg")
    assert "cat/pipe.jpg (cannot be read: not a plain file)" in notes_of(load_folder(animals))


def test_unreadable_files_and_folders_are_left_out():
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        write_class(root / "cat", 20)
        write_class(root / "dog", 20, first_seed=100)
        (root / "cat" / "locked").mkdir(mode=0o000)
        (root / "dog" / "004.png").chmod(0o000)
        with as_nobody():
            dataset = load_folder(root)
        assert "cat/locked/ (cannot be read: Permission denied)" in notes_of(dataset)
        assert "dog/004.png (cannot be read: Permission denied)" in notes_of(dataset)
        (root / "cat" / "locked").rmdir()


def test_warns_of_unbalanced_classes(animals):
    write_class(animals / "rare", 4, first_seed=700)
    assert "from 4 (rare) to 20 pictures (cat): read balanced accuracy" in notes_of(load_folder(animals))


@pytest.mark.parametrize(
    ("n_cats", "n_dogs", "message"),
    [
        (5, None, r"at least two classes, one sub-folder each, got 1 \(cat\)"),
        (None, None, r"at least two classes, one sub-folder each, got 0 \(no sub-folder with pictures\)"),
        (5, 1, "two classes must have 3 different pictures or groups, .* but 'cat' has 5, 'dog' has 1: add pictures"),
        (5, 0, r"at least two classes, one sub-folder each, got 1 \(cat\)"),
    ],
    ids=["one class", "empty folder", "one picture", "empty class"],
)
def test_says_which_class_is_missing_pictures(tmp_path, n_cats, n_dogs, message):
    for name, count, seed in (("cat", n_cats, 0), ("dog", n_dogs, 100)):
        if count is not None:
            write_class(tmp_path / name, count, first_seed=seed)
    with pytest.raises(ValueError, match=message):
        load_folder(tmp_path)


def test_a_class_of_damaged_pictures_is_an_error(animals):
    (animals / "emu").mkdir()
    (animals / "emu" / "1.jpg").touch()
    with pytest.raises(ValueError, match=r"class 'emu' in .* has no usable picture"):
        load_folder(animals, max_skipped_share=0.1)


def test_a_class_with_too_few_pictures_to_test_on_is_in_training(animals):
    write_class(animals / "emu", 1, first_seed=300)
    write_class(animals / "fox", 2, first_seed=400)
    dataset = load_folder(animals)
    assert [np.bincount(split.labels, minlength=4)[2:].tolist() for split in dataset.splits.values()] == [
        [1, 2],
        [0, 0],
        [0, 0],
    ]
    assert (
        "Too few different pictures to be tested on, so that all of them are in training: emu (1); fox (2)."
        in dataset.notes
    )


def test_a_class_without_training_pictures_is_an_error(tmp_path):
    for name, classes in (("train", ("cat", "dog")), ("test", ("cat", "dog", "emu"))):
        for number, class_name in enumerate(classes):
            write_class(tmp_path / name / class_name, 5, first_seed=100 * number + 1000 * (name == "test"))
    with pytest.raises(ValueError, match="class 'emu' must have pictures in train"):
        load_folder(tmp_path)


def test_pictures_without_class_folders_are_an_error(tmp_path):
    write_class(tmp_path, 5)
    with pytest.raises(ValueError, match="at least two classes, one sub-folder each"):
        load_folder(tmp_path)


def write_copies(tmp_path):
    """Three splits; the test set holds two copies of a training picture, and one of validation's, mislabeled."""
    for number, name in enumerate(("train", "val", "test")):
        write_class(tmp_path / name / "cat", 15, first_seed=1000 * number)
        write_class(tmp_path / name / "dog", 15, first_seed=1000 * number + 100)
    train_cat = Image.open(tmp_path / "train" / "cat" / "003.png")
    train_cat.save(tmp_path / "test" / "cat" / "same.png")
    train_cat.save(tmp_path / "test" / "cat" / "again.jpg", quality=80)
    Image.open(tmp_path / "val" / "dog" / "001.png").save(tmp_path / "test" / "cat" / "mistaken.png")


def test_copies_of_test_pictures_leave_training_and_validation(tmp_path):
    write_copies(tmp_path)
    dataset = load_folder(tmp_path)
    assert [len(split) for split in dataset.splits.values()] == [29, 29, 33]
    notes = notes_of(dataset)
    assert (
        "5 pictures have exact or near duplicates (found by perceptual hash, turned or mirrored too), in 2 groups"
        in notes
    )
    assert "1 picture left out, as a copy or the group is in a later split: train/cat/003.png (in test)." in notes
    assert (
        "2 pictures with an exact copy in another class, left out since one of the two is wrong: val/dog/001.png; in "
        "the test set, which is not changed: test/cat/mistaken.png." in dataset.notes
    )


def test_copies_may_be_kept(tmp_path):
    write_copies(tmp_path)
    dataset = load_folder(tmp_path, duplicates="keep")
    assert [len(split) for split in dataset.splits.values()] == [30, 30, 33]
    assert "5 pictures with a copy or a group in another split, kept as --duplicates=keep says" in notes_of(dataset)


def test_copies_may_move_to_training(tmp_path):
    write_copies(tmp_path)
    dataset = load_folder(tmp_path, duplicates="move")
    assert [len(split) for split in dataset.splits.values()] == [32, 31, 30]
    notes = notes_of(dataset)
    assert "3 pictures moved to the split of a duplicate" in notes
    for moved in ("test/cat/again.jpg to train", "test/cat/same.png to train", "test/cat/mistaken.png to validation"):
        assert moved in notes
    assert "2 pictures with an exact copy in another class: test/cat/mistaken.png; val/dog/001.png." in dataset.notes


def test_duplicates_are_dealt_to_one_split(animals):
    for number in range(8):
        Image.open(animals / "cat" / f"{number:03}.png").save(animals / "cat" / f"copy{number}.png")
    dataset = load_folder(animals)
    train, validation, test = (pixels_of(split) for split in dataset.splits.values())
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_pictures_that_all_look_alike_are_not_taken_for_copies(animals):
    base = np.asarray(picture(0)).astype(int)
    for number, path in enumerate(sorted(animals.rglob("*.png"))):
        noise = np.random.default_rng(number).integers(-9, 10, base.shape)
        Image.fromarray(np.clip(base + noise, 0, 255).astype(np.uint8)).save(path)
    dataset = load_folder(animals)
    assert [len(split) for split in dataset.splits.values()] == [26, 6, 8]
    assert "40 of 40 pictures look so much alike" in notes_of(dataset)


def write_table(animals, rows, name="table.csv"):
    path = animals / name
    path.write_text("\n".join(rows) + "\n", encoding="utf-8-sig")
    return path


def test_reads_a_table_of_paths_and_labels(animals):
    rows = [f"{path.relative_to(animals)},{path.parent.name}" for path in sorted(animals.rglob("*.png"))]
    dataset = load_folder(write_table(animals, ["path,label", *rows]))
    assert dataset.name == "table"
    assert dataset.fingerprint() == load_folder(animals).fingerprint()


def test_a_table_may_give_the_split(animals):
    names = ["train"] * 12 + ["val"] * 3 + ["test"] * 5
    rows = [f"{kind}/{number:03}.png,{kind},{names[number]}" for kind in ("cat", "dog") for number in range(20)]
    dataset = load_folder(write_table(animals, ["path,label,split", *rows]))
    assert [len(split) for split in dataset.splits.values()] == [24, 6, 10]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["what,sort", "cat/no.png,cat"], r"line 1 must name the columns path \(or .*\), got what, sort"),
        ([""], r"line 1 must name .* and label \(or .*\), got nothing"),
        (["path,label"], "has a header and no rows"),
        (["path,label", "", "cat/000.png,"], r"line 3 must have a path and a label, got \['cat/000.png', ''\]"),
        (
            ["path,label", '"cat/000.png,cat', "dog/000.png,dog"],
            "line 2 begins no row of a table: unexpected end of data",
        ),
        (["path,label", "cat/000.png,cat", "dog/0\0.png,dog"], "line 3 holds a zero byte"),
        (
            ["cat/000.png,cat", "dog/000.png,dog"],
            "line 1 names a picture and no columns: put a line above it that does",
        ),
        (["path,label,split", "cat/000.png,cat,later"], "line 2: split must be train, val or test, got 'later'"),
        (["path,label", "gone.png,cat", "gone.png,dog"], "2 of 2 pictures .* No such file or directory, line 2 of"),
    ],
)
def test_names_what_is_wrong_with_a_table(animals, rows, message):
    with pytest.raises(ValueError, match=message):
        load_folder(write_table(animals, rows))


def test_a_path_of_another_kind_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist: name a folder with one sub-folder per class"):
        load_folder(tmp_path / "gone")
    for name, message in (("notes.md", "must be a folder with one .* an archive of one"), ("t.xlsx", "save it as CSV")):
        (tmp_path / name).write_text("hello")
        with pytest.raises(ValueError, match=message):
            load_folder(tmp_path / name)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/my pictures", "my-pictures"),
        ("/a/x.tar.gz", "x"),
        ("/a/.hidden", "hidden"),
        ("/a/<b>&", "b"),
        ("/", "folder"),
    ],
)
def test_the_name_is_safe_in_a_path(path, name):
    assert dataset_name(Path(path)) == name


def test_reports_progress(animals):
    calls = []
    load_folder(animals, progress=lambda *call: calls.append(call))
    assert calls[-1] == ("decoding pictures", 40, 40)
