import unicodedata
import zipfile

import numpy as np
import pytest
from PIL import Image

from bakeoff.datasets.folder.load import load_folder
from bakeoff.tests.datasets.pictures import notes_of, picture

CAT_OR_DOG = r"(cat|dog)[^/]*$"


def write(root, *paths):
    for seed, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        picture(seed).save(root / path)


def names(form, n=12):
    """Of so many cats and as many dogs."""
    return [form.format(kind, number) for number in range(n) for kind in ("cat", "dog")]


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("{}.{}.png", CAT_OR_DOG),
        ("{1:03}_{0}.png", r"_(\w+)\.png"),
        ("animals/{}/{}.png", r"cat|dog"),
        ("day-{1}/{0} {1}.png", r"(?:.*/)?(\w+) \d"),
        ("{}.{}.png", r"(cat)|(dog)"),
    ],
)
def test_a_pattern_tells_the_classes(tmp_path, form, pattern, is_packed):
    root = tmp_path / "pets"
    write(root, *names(form))
    if is_packed:
        with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
            for path in sorted(root.rglob("*.png")):
                archive.write(path, path.relative_to(root))
        root = tmp_path / "pets.zip"
    dataset = load_folder(root, label=pattern)
    assert dataset.class_names == ("cat", "dog")
    assert sum(np.bincount(split.labels) for split in dataset.splits.values()).tolist() == [12, 12]
    for split in dataset.splits.values():
        assert all(("cat", "dog")[label] in path for label, path in zip(split.labels, split.paths, strict=True))


def test_folders_that_are_splits_stay_so_and_what_a_pattern_misses_is_told(tmp_path):
    write(
        tmp_path, *(f"train/{name}" for name in names("{}.{}.png")), *(f"test/{name}" for name in names("{}_{}.png", 4))
    )
    Image.new("RGB", (40, 40), "red").save(tmp_path / "test" / "9.png")
    dataset = load_folder(tmp_path, label=CAT_OR_DOG)
    assert len(dataset.test) == 8
    assert "1 file whose paths --label does not match left out (1 .png): test/9.png." in notes_of(dataset)


@pytest.mark.parametrize(
    "form", ["{split}/{name}", "{kind}/{split}/{name}", "shop/{split}/{kind}/{name}", "v1/{split}/{name}"]
)
def test_given_splits_stay_where_a_pattern_tells_the_classes(tmp_path, form):
    numbers = {"train": range(10), "val": range(10, 12), "test": range(12, 17)}
    paths = [
        form.format(split=split, kind=kind, name=f"{kind}{number}.png")
        for split, its in numbers.items()
        for kind in ("cat", "dog")
        for number in its
    ]
    write(tmp_path, *paths)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "readme.txt").write_text("cat or dog")
    dataset = load_folder(tmp_path, label=CAT_OR_DOG)
    assert [np.bincount(split.labels).tolist() for split in dataset.splits.values()] == [[10, 10], [2, 2], [5, 5]]


def test_a_name_is_matched_in_either_form_of_its_accents(tmp_path):
    write(
        tmp_path,
        *(unicodedata.normalize("NFD", f"caf\u00e9{n}.png") for n in range(6)),
        *(f"bar{n}.png" for n in range(6)),
    )
    assert load_folder(tmp_path, label="caf\u00e9|bar").class_names == ("bar", "caf\u00e9")


@pytest.mark.parametrize("label", ["", "cat"])
def test_an_empty_folder_is_told(tmp_path, label):
    with pytest.raises(ValueError, match="must hold at least two classes"):
        load_folder(tmp_path, label=label)


def test_a_pattern_counts_before_files_and_folders_that_tell_classes(tmp_path):
    write(tmp_path, *(f"box {n % 2}/{name}" for n, name in enumerate(names("{}.{}.png"))))
    assert load_folder(tmp_path).class_names == ("box 0", "box 1")
    assert load_folder(tmp_path, label=CAT_OR_DOG).class_names == ("cat", "dog")


@pytest.mark.parametrize("depth", [0, 1])
def test_folders_that_could_all_be_classes_are_told_apart_by_a_pattern(tmp_path, depth):
    kinds, forms = ("cat", "dog"), ("color", "gray")
    write(tmp_path, *(f"{kind}/{form}/{number}.png" for kind in kinds for form in forms for number in range(12)))
    with pytest.raises(ValueError, match="either could be the classes") as caught:
        load_folder(tmp_path)
    pattern = str(caught.value).split("--label='")[1 + depth].partition("'")[0]
    assert load_folder(tmp_path, label=pattern).class_names == (kinds, forms)[depth]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("bird", r"^label bird matches no path, such as dog\.9\.png: no picture would have a class$"),
        ("cat", r"got 1 \(cat\)"),
        ("(", r"^label is no regular expression: .* in '\('$"),
    ],
)
def test_a_pattern_that_tells_no_classes_is_refused(tmp_path, pattern, message):
    write(tmp_path, *names("{}.{}.png"))
    with pytest.raises(ValueError, match=message):
        load_folder(tmp_path, label=pattern)


def test_a_table_takes_no_pattern(tmp_path):
    (tmp_path / "pets.csv").write_text("path,label\n1.png,cat\n2.png,dog\n")
    with pytest.raises(ValueError, match=r"pets\.csv tells the classes itself: leave --label out"):
        load_folder(tmp_path / "pets.csv", label=CAT_OR_DOG)


@pytest.mark.parametrize("form", ["{}.{}.png", "{}_{}.png", "{} ({}).png", "all/{}-{:03}.png", "{1:03}_{0}.png"])
def test_names_that_look_like_classes_are_suggested(tmp_path, form):
    write(tmp_path, *names(form))
    with pytest.raises(ValueError, match=r"If names tell the classes, such as cat and dog: --label='.*'\. ") as caught:
        load_folder(tmp_path)
    pattern = str(caught.value).partition("--label='")[2].partition("'. ")[0]
    assert load_folder(tmp_path, label=pattern).class_names == ("cat", "dog")


def test_names_are_suggested_where_those_to_be_tested_tell_no_class(tmp_path):
    write(tmp_path, *(f"train/{name}" for name in names("{}.{}.png")), *(f"test/{number}.png" for number in range(8)))
    with pytest.raises(ValueError, match="If names tell the classes, such as cat and dog"):
        load_folder(tmp_path)


@pytest.mark.parametrize("form", ["IMG_{1:04}{0}.png", "{1}.png"])
def test_names_that_do_not_are_not(tmp_path, form):
    write(tmp_path, *(form.format("", number) for number in range(24)))
    with pytest.raises(ValueError, match="at least two classes") as caught:
        load_folder(tmp_path)
    assert "--label" not in str(caught.value)


def test_a_folder_that_holds_its_neighbors_again_is_refused(tmp_path):
    write(tmp_path, *(f"{kind}/{n}.png" for kind in ("no", "yes", "tumors/no", "tumors/yes") for n in range(6)))
    with pytest.raises(
        ValueError, match=r"the folder tumors holds the same folders as lie beside it \(no, yes\): take it"
    ):
        load_folder(tmp_path)


def test_folders_without_a_picture_beside_the_one_of_all_pictures_are_no_classes(tmp_path):
    write(tmp_path, *(f"my pets/{kind}/{n}.png" for kind in ("cat", "dog") for n in range(10)))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "readme.txt").write_text("pets")
    dataset = load_folder(tmp_path)
    assert dataset.class_names == ("cat", "dog")
    assert "1 file of classes without a picture left out (1 .txt): docs/readme.txt." in notes_of(dataset)


def test_a_folder_of_files_without_suffix_may_be_a_class(tmp_path):
    write(tmp_path, *(f"cat/{place}/{n}.png" for place in "ab" for n in range(6)))
    write(tmp_path, *(f"dog/{n}.png" for n in range(20, 32)))
    for path in sorted((tmp_path / "dog").iterdir()):
        picture(100 + int(path.stem)).save(path)
        path.rename(path.with_suffix(""))
    assert load_folder(tmp_path).class_names == ("cat", "dog")


def test_pictures_of_a_split_in_a_folder_called_images_have_no_class(tmp_path):
    write(tmp_path, *(f"train/{kind}/{n}.png" for kind in ("cat", "dog") for n in range(20)))
    write(tmp_path / "val" / "images", *(f"{n}.png" for n in range(4)))
    dataset = load_folder(tmp_path)
    assert dataset.class_names == ("cat", "dog")
    assert "4 files outside any class folder left out" in notes_of(dataset)


@pytest.mark.parametrize("inner", [("abbey", "bar", "cafe"), ("abbey",), ()])
def test_folders_inside_those_of_the_classes_are_told_where_they_are_more(tmp_path, inner):
    places = [f"{top}/{place}{top}" for top in ("a", "b") for place in inner or ("",)]
    write(tmp_path, *(f"{place}/{n}.png" for place in places for n in range(6)))
    dataset = load_folder(tmp_path)
    assert dataset.class_names == ("a", "b")
    told = "Pictures lie in folders inside those that are the classes, such as a/abbeya/0.png of a: if the innermost"
    assert (told in notes_of(dataset)) == (len(inner) > 2)
