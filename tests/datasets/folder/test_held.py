import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from bakeoff.datasets.folder.held import find_parquet, load_pictures
from bakeoff.datasets.folder.load import load_folder
from bakeoff.datasets.registry import load_dataset
from bakeoff.tests.datasets.pictures import notes_of, picture, write_class

PIXELS = np.stack([np.asarray(picture(seed)) for seed in range(40)])  # uint8 (40, 40, 40, 3)
NAMES = ["cat", "dog"] * 20
PATIENTS = np.arange(40) // 4 * 2 + np.arange(40) % 2  # 20, two pictures of one class each


class TorchvisionSet:
    """Stands for torchvision.datasets.VisionDataset: indexed, with `targets` and `classes`."""

    classes = ("cat", "dog")
    targets = tuple([0, 1] * 20)

    def __getitem__(self, index):
        return Image.fromarray(PIXELS[index]), self.targets[index]

    def __len__(self):
        return 40


class ClassLabel:
    names = ("cat", "dog")


class HuggingFaceSet:
    """Stands for datasets.Dataset: rows by number, columns by name, what they are in `features`."""

    column_names = ("image", "label", "group")
    features = {"image": None, "label": ClassLabel()}  # noqa: RUF012 - as there

    def __init__(self, rows):
        self.rows = rows

    def __getitem__(self, key):
        row = {"image": self.picture, "label": lambda i: i % 2, "group": lambda i: f"patient {PATIENTS[i]}"}
        if isinstance(key, str):
            return [row[key](i) for i in self.rows]
        return {name: give(self.rows[key]) for name, give in row.items()}

    def __len__(self):
        return len(self.rows)

    @staticmethod
    def picture(index):
        return Image.fromarray(PIXELS[index])


class Stream:
    """Stands for datasets.IterableDataset: columns that are streams as well, and no length."""

    column_names, features = HuggingFaceSet.column_names, HuggingFaceSet.features

    def __getitem__(self, key):
        return object()

    def __iter__(self):
        rows = HuggingFaceSet(range(40))
        return (rows[index] for index in range(40))


def content(dataset):
    return sorted(
        (dataset.class_names[label], image.tobytes())
        for split in dataset.splits.values()
        for image, label in zip(split.images, split.labels, strict=True)
    )


@pytest.mark.parametrize(
    "given",
    [
        (PIXELS, NAMES),
        ([Image.fromarray(pixels) for pixels in PIXELS], np.array(NAMES)),
        (list(zip(PIXELS, NAMES, strict=True)),),
        (pair for pair in zip(PIXELS, NAMES, strict=True)),
        ([{"image": pixels, "label": name} for pixels, name in zip(PIXELS, NAMES, strict=True)],),
        (TorchvisionSet(),),
        (HuggingFaceSet(range(40)),),
        (Stream(),),
    ],
    ids=["array", "list of images", "pairs", "iterator", "rows", "torchvision", "hugging face", "stream"],
)
def test_gives_what_a_folder_of_the_same_pictures_gives(given, tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
    for index, (pixels, name) in enumerate(zip(PIXELS, NAMES, strict=True)):
        Image.fromarray(pixels).save(tmp_path / name / f"{index:08}.png")
    expected = load_folder(tmp_path)
    found = load_pictures(*given) if isinstance(given, tuple) else load_pictures(given)
    assert found.class_names == ("cat", "dog")
    assert content(found) == content(expected)
    assert "File formats" not in notes_of(found)


def test_a_mapping_gives_the_splits():
    parts = {"train": HuggingFaceSet(range(20)), "validation": HuggingFaceSet(range(20, 30))}
    dataset = load_pictures({**parts, "test": HuggingFaceSet(range(30, 40))}, duplicates="keep")
    assert [len(split) for split in dataset.splits.values()] == [20, 10, 10]
    with pytest.raises(ValueError, match=r"keys train, validation and test, got \['all'\]"):
        load_pictures({"all": HuggingFaceSet(range(40))})


def test_groups_stay_in_one_split():
    for dataset in (load_pictures(PIXELS, NAMES, groups=PATIENTS), load_pictures(HuggingFaceSet(range(40)))):
        seen = [set(split.groups.tolist()) for split in dataset.splits.values()]
        assert sum(map(len, seen)) == len(set.union(*seen)) == 20


def test_values_of_any_range_and_pictures_of_any_size_are_brought_to_one():
    floats = [pixels[: 40 - i % 3, :, 0] / 255.0 for i, pixels in enumerate(PIXELS)]
    dataset = load_pictures(floats, NAMES, image_size=16)
    assert dataset.image_shape == (16, 16, 1)
    assert dataset.train.images.max() > 200


def test_indices_need_no_names():
    assert load_pictures(PIXELS, np.arange(40) % 2).class_names == ("0", "1")
    assert load_pictures(PIXELS, np.arange(40) % 2, class_names=["b", "a"]).class_names == ("a", "b")


def test_pictures_without_a_label_are_left_out():
    labels = np.array([0, 1] * 18 + [-1] * 4)  # as Hugging Face has them in a test split that is not published
    dataset = load_pictures(PIXELS, labels)
    assert len(content(dataset)) == 36
    assert "4 files outside any class folder" in notes_of(dataset)


def test_a_picture_that_is_turned_in_its_exif_is_upright():
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PIXELS[0]).save(content, "png", exif=exif)
    turned = Image.open(io.BytesIO(content.getvalue()))
    pictures = [turned, *map(Image.fromarray, PIXELS[1:])]
    upright = np.rot90(PIXELS[0], -1)
    assert content_of(pictures) == content_of([upright, *PIXELS[1:]])


def content_of(pictures):
    return content(load_pictures(pictures, NAMES))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((PIXELS, NAMES[:3]), "labels must hold one value for each of 40 images, got 3"),
        ((PIXELS, np.arange(40)), "class"),
        ((PIXELS,), r"must be a pair \(picture, label\)"),
        ((7,), "must come as arrays, pairs, rows or a data set, got int"),
        (([{"pixels": 1, "label": 2}],), "columns image and label, got pixels, label"),
        (([([[0]], "cat"), ([[1]], "dog")] * 9,), "is a list, no array or Pillow image"),
    ],
)
def test_says_in_one_line_what_makes_no_data_set(given, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_pictures(*given)
    assert "\n" not in str(caught.value)


def test_an_index_beyond_the_names_is_told():
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.1 to match the class names, got 2"):
        load_pictures(PIXELS, [0, 1, 2, 1] * 10, class_names=["cat", "dog"])


def test_parquet_is_read_where_pyarrow_is_there(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    write_class(tmp_path / "cat", 40)
    files = sorted((tmp_path / "cat").iterdir())
    pictures = [{"bytes": path.read_bytes(), "path": path.name} for path in files]
    table = pyarrow.table({"image": pictures, "label": [0, 1] * 20})
    about = b'{"info": {"features": {"label": {"names": ["cat", "dog"]}}}}'
    parquet.write_table(table.replace_schema_metadata({b"huggingface": about}), tmp_path / "my.parquet")
    dataset = load_dataset(str(tmp_path / "my.parquet"))
    assert (dataset.name, dataset.class_names) == ("my", ("cat", "dog"))
    assert len(content(dataset)) == 40


@pytest.mark.parametrize(
    ("names", "folder", "n_test"),
    [
        (("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001"), "data", 20),
        (("part-0", "part-1", "part-2"), ".", 12),
    ],
)
def test_shards_of_parquet_are_one_data_set(tmp_path, names, folder, n_test):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    root = tmp_path / "pets"
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "README.md").write_text("of pets")
    for number, name in enumerate(names):
        write_class(tmp_path / str(number), 20, first_seed=100 * number)
        pictures = [{"bytes": path.read_bytes()} for path in sorted((tmp_path / str(number)).iterdir())]
        parquet.write_table(pyarrow.table({"image": pictures, "label": [0, 1] * 10}), root / folder / f"{name}.parquet")
    dataset = load_dataset(str(root))
    assert (dataset.name, len(dataset.test), len(content(dataset))) == ("pets", n_test, 60)


def test_parquet_among_folders_of_pictures_is_no_data_set(tmp_path):
    (tmp_path / "features.parquet").touch()
    assert find_parquet(tmp_path) == [tmp_path / "features.parquet"]
    for number, kind in enumerate(("cat", "dog")):
        write_class(tmp_path / kind, 5, first_seed=100 * number)
    assert load_dataset(str(tmp_path)).class_names == ("cat", "dog")


def test_parquet_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    (tmp_path / "my.parquet").touch()
    with pytest.raises(ValueError, match=r"my\.parquet needs pyarrow to be read: pip install pyarrow"):
        load_dataset(str(tmp_path / "my.parquet"))


@pytest.mark.parametrize(
    "arrays",
    [
        {"images": PIXELS, "labels": np.arange(40) % 2},
        {"y": (np.arange(40) % 2)[:, None].astype(np.uint8), "X": PIXELS},
        {"data": PIXELS, "target": np.array(["0", "1"] * 20)},
        {"data": PIXELS, "target": np.array([b"0", b"1"] * 20)},
        {"data": PIXELS, "target": np.array([0.0, 1.0] * 20)},
    ],
)
def test_arrays_of_a_file_are_pictures_and_labels(tmp_path, arrays):
    np.savez(tmp_path / "my.npz", **arrays)
    dataset = load_dataset(str(tmp_path / "my.npz"))
    assert (dataset.name, dataset.class_names) == ("my", ("0", "1"))
    assert content(dataset) == content(load_pictures(PIXELS, ["0", "1"] * 20))


@pytest.mark.parametrize(
    ("images", "labels", "n"),
    [("{}_images", "{}_labels", (20, 8, 12)), ("x_{}", "y_{}", (20, 0, 20))],
    ids=["MedMNIST", "Keras"],
)
def test_names_of_arrays_tell_splits(tmp_path, images, labels, n):
    arrays, start = {}, 0
    for split, size in zip(("train", "val", "test"), n, strict=True):
        if size:
            arrays[images.format(split)] = PIXELS[start : start + size, :, :, 0]
            arrays[labels.format(split)] = np.arange(size)[:, None] % 2
        start += size
    np.savez(tmp_path / "my.npz", **arrays)
    dataset = load_dataset(str(tmp_path / "my.npz"))
    assert dataset.image_shape == (32, 32, 1)
    assert len(dataset.test) == n[2]
    assert len(dataset.train) == (n[0] if n[1] else 16)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"images": PIXELS},
            r"must hold images \(n, height, width, \.\.\.\) and labels \(n,\) of each split, and nothing else, got",
        ),
        ({"images": PIXELS, "labels": np.eye(40)}, r"labels \(40, 40\)"),
        ({"images": PIXELS, "labels": np.arange(39)}, r"labels \(39,\)"),
        ({"images": PIXELS, "labels": np.array(NAMES, dtype=object)}, "holds no plain arrays"),
        ({}, "must hold at least two classes"),
        ({"images": PIXELS, "labels": np.arange(40) % 2, "names": np.array(["cat", "dog"])}, r"names \(2,\)"),
        (
            {"images": PIXELS, "labels": np.arange(40) % 2, "test_images": PIXELS, "test_labels": np.arange(40) % 2},
            "must name the split of each of its arrays, or of none, got images, labels, test_images, test_labels",
        ),
    ],
)
def test_arrays_that_are_no_pictures_with_labels_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "my.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        load_dataset(str(tmp_path / "my.npz"))


def test_pictures_without_paths_take_no_pattern_of_classes():
    with pytest.raises(ValueError, match="label is read from paths, and these pictures have none: leave label out"):
        load_pictures(PIXELS, NAMES, label="cat")


def test_what_lies_beside_the_arrays_of_a_file_is_told(tmp_path):
    np.savez(tmp_path / "my.npz", images=PIXELS, labels=np.arange(40) % 2)
    with zipfile.ZipFile(tmp_path / "my.npz", "a") as archive:
        archive.writestr("README.txt", "of pets")
    with pytest.raises(ValueError, match=r"and nothing else, got .*README\.txt \(\)"):
        load_dataset(str(tmp_path / "my.npz"))
