"""Tables of other people: columns of other names, paths that lead nowhere, tables among the pictures."""

import json
import shutil
import unicodedata
import zipfile

import numpy as np
import pytest

from bakeoff.datasets.folder.load import load_folder
from bakeoff.tests.datasets.pictures import notes_of, picture, write_class

KINDS = ("cat", "dog")
NUMBERS = range(8)


@pytest.fixture
def pets(tmp_path):
    """pets/p/cat/000.png ..."""
    root = tmp_path / "pets"
    for number, kind in enumerate(KINDS):
        write_class(root / "p" / kind, len(NUMBERS), first_seed=100 * number)
    return root


def rows(header, spell):
    return "\n".join([header, *(spell(f"p/{kind}/{i:03}.png", kind) for kind in KINDS for i in NUMBERS)]) + "\n"


def sizes(dataset):
    return [np.bincount(split.labels, minlength=len(dataset.class_names)).tolist() for split in dataset.splits.values()]


@pytest.mark.parametrize(
    ("header", "spell", "note"),
    [
        ("id,breed", lambda p, k: f"{p[:-4]},{k}", "16 listed in a table with their path in id"),
        ("image_id,dx", lambda p, k: f"{p[:-4]},{k}", "16 found by name, as the table's paths lead nowhere"),
        ("Datei;Klasse", lambda p, k: f"{p};{k}", "16 listed in a table with their path in Datei and their label in"),
        ("Image Index,Finding,", lambda p, k: f"{p},{k},", "their path in Image Index and their label in Finding"),
        ("path|label", lambda p, k: f"{p}|{k}", ""),
        ("path,label", lambda p, k: f"/home/you/{p},{k}", "found by name"),
        ("path,label", lambda p, k: f"C:\\Users\\you\\{p},{k}".replace("/", "\\"), "found by name"),
        ("path,label", lambda p, k: f"file:///d/{p},{k}", "found by name"),
        ("# made by hand\npath,label", lambda p, k: f"{p},{k}", ""),
    ],
)
def test_finds_columns_and_pictures_by_what_is_there(pets, header, spell, note):
    (pets / "t.csv").write_text(rows(header, spell))
    dataset = load_folder(pets / "t.csv")
    assert dataset.class_names == KINDS
    assert sizes(dataset) == [[5, 5], [1, 1], [2, 2]]
    assert dataset.train.paths[0].startswith("p/cat/")
    assert note in notes_of(dataset)
    assert note or "Changed on reading" not in notes_of(dataset)


@pytest.mark.parametrize("shape", ["{}", "{}.0", ""], ids=["0 and 1", "0.0 and 1.0", "True and False"])
@pytest.mark.parametrize("names", [("cat", "dog"), ("cat", "dog", "train")], ids=["two classes", "one called train"])
def test_a_column_of_0_and_1_for_every_class_is_told(pets, shape, names):
    def spell(p, kind):
        values = [kind == name for name in names]
        return ",".join([p, *(shape.format(int(value)) if shape else str(value) for value in values)])

    (pets / "t.csv").write_text(rows(",".join(["image", *names]), spell))
    dataset = load_folder(pets / "t.csv")
    assert (dataset.class_names, sizes(dataset)) == (KINDS, [[5, 5], [1, 1], [2, 2]])
    assert f"16 listed in a table with their label in {', '.join(names)}" in notes_of(dataset)


@pytest.mark.parametrize(("row", "n"), [("0,0", 0), ("1,1", 2)])
def test_a_row_of_no_class_or_of_several_is_refused(pets, row, n):
    text = rows("image,cat,dog", lambda p, kind: f"{p},{int(kind == 'cat')},{int(kind == 'dog')}")
    (pets / "t.csv").write_text(text.replace("p/cat/002.png,1,0", f"p/cat/002.png,{row}"))
    with pytest.raises(ValueError, match=rf"t.csv line 4 must have one 1 among cat, dog: its class; it has {n}: "):
        load_folder(pets / "t.csv")


def test_what_a_picture_has_besides_its_class_is_no_class(pets):
    (pets / "t.csv").write_text(
        rows("image,kind,male,old", lambda p, kind: f"{p},{kind},{p[-5] < '5':d},{p[-5] > '4':d}")
    )
    with pytest.raises(ValueError, match=r"t.csv line 1 must name the columns path .* and label"):
        load_folder(pets / "t.csv")
    text = rows(
        "path,split,male,old", lambda p, _: f"{p},{'train' if p[-5] < '6' else 'test'},{p[-5] < '5':d},{p[-5] > '4':d}"
    )
    (pets / "t.csv").write_text(text)
    assert sizes(load_folder(pets))[2] == [2, 2]  # the folders tell the classes


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        ("is_test", lambda late: late),
        ("isTrain", lambda late: not late),
        ("is_train,is_test", lambda late: (not late, late)),
        ("train,test,val", lambda late: (not late, late, False)),
        ("is_valid,is_test", lambda late: (False, late)),
    ],
)
@pytest.mark.parametrize("place", ["t.csv", "."], ids=["the table", "beside folders of classes"])
def test_columns_of_0_and_1_tell_splits(pets, header, flags, place):
    def spell(p, kind):
        return ",".join([p, kind, *(str(int(flag)) for flag in np.atleast_1d(flags(p[-5] >= "6")))])

    (pets / "t.csv").write_text(rows(f"path,label,{header}", spell))
    dataset = load_folder(pets / place)
    assert {path[-11:] for path in dataset.test.paths} == {f"{kind}/{i:03}.png" for kind in KINDS for i in (6, 7)}


@pytest.mark.parametrize(("old", "new"), [("1,0\n", "1,1\n"), ("1,0\n", "0,0\n")])
def test_a_row_in_several_splits_or_in_none_is_refused(pets, old, new):
    text = rows("path,label,is_train,is_test", lambda p, kind: f"{p},{kind},{p[-5] < '5':d},{p[-5] > '4':d}")
    (pets / "t.csv").write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"t.csv line 2 must have one 1 among is_train, is_test: its split; it has"):
        load_folder(pets / "t.csv")


@pytest.mark.parametrize("header", ["path,label,Usage", "path,label,set"])
def test_a_column_of_splits_is_known_by_what_is_in_it(pets, header):
    (pets / "t.csv").write_text(rows(header, lambda p, k: f"{p},{k},{'Training' if p[-5] < '5' else 'PrivateTest'}"))
    dataset = load_folder(pets / "t.csv")
    assert sizes(dataset)[2] == [3, 3]
    assert f"their split in {header.split(',')[2]}" in notes_of(dataset)


def test_a_table_in_utf_16_without_its_mark_or_in_a_folder_of_its_own(pets):
    (pets / "meta").mkdir()
    (pets / "meta" / "t.csv").write_bytes(rows("path,label", lambda p, k: f"{p},{k}").encode("utf-16-le"))
    assert sizes(load_folder(pets / "meta" / "t.csv")) == [[5, 5], [1, 1], [2, 2]]


def test_a_path_that_may_mean_several_pictures_names_none(pets):
    (pets / "t.csv").write_text("path,label\n" + "".join(f"{i:03}.png,cat\n000{i},dog\n" for i in NUMBERS))
    with pytest.raises(ValueError, match=r"cannot be read: 2 files may be meant, as p/cat/000.png, line 2 of the"):
        load_folder(pets / "t.csv")


def competition(root):
    """train/<id>.png and test/<id>.png of the same ids; labels.csv without suffixes; a list of guesses to be filled."""
    for place, seed in (("train", 0), ("test", 500)):
        (root / place).mkdir(parents=True)
        for i in range(16):
            picture(seed + i).save(root / place / f"{i:04x}.png")
    lines = [f"{i:04x},{KINDS[i % 2]}" for i in range(16)]
    (root / "labels.csv").write_text("\n".join(["id,breed", *lines]))
    (root / "sample_submission.csv").write_text("\n".join(["id,breed", *(f"{i:04x},cat" for i in range(16))]))
    return root


def metadata_in_splits(root):
    for place, seed, n in (("train", 0, 10), ("test", 500, 4)):
        for number, kind in enumerate(KINDS):
            write_class(root / place, n, first_seed=seed + 100 * number)
            for i in range(n):
                (root / place / f"{i:03}.png").rename(root / place / f"{kind}{i}.png")
        lines = [f"{kind}{i}.png,{kind}" for kind in KINDS for i in range(n)]
        (root / place / "metadata.csv").write_text("\n".join(["file_name,label", *lines]))
    return root


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("make", "expected", "table"),
    [
        (competition, [[5, 5], [1, 1], [2, 2]], "labels.csv"),
        (metadata_in_splits, [[8, 8], [2, 2], [4, 4]], "test/metadata.csv; train/metadata.csv"),
    ],
)
def test_tables_among_the_pictures_tell_classes_where_folders_do_not(tmp_path, make, expected, table, packed):
    root = make(tmp_path / "data")
    if packed:
        root = shutil.make_archive(str(tmp_path / "data"), "zip", tmp_path, "data")
    dataset = load_folder(tmp_path / "data.zip" if packed else root)
    assert (dataset.class_names, sizes(dataset)) == (KINDS, expected)
    assert f"Left out as a table of the pictures: {table}." in notes_of(dataset)


def test_a_table_that_says_otherwise_than_the_folders_is_refused(pets):
    pets = pets / "p"
    (pets / "meta.csv").write_text(rows("file,label", lambda p, k: f"{p[2:]},{k}s"))
    assert load_folder(pets).class_names == KINDS
    (pets / "meta.csv").write_text(rows("file,label", lambda p, k: f"{p[2:]},{'old' if p[-5] < '4' else 'young'}"))
    with pytest.raises(
        ValueError, match=r"meta.csv tells other classes \(old, young\) than the folders or --label do \(cat, dog\)"
    ):
        load_folder(pets)


def test_tables_that_tell_unlike_classes_are_refused_and_a_copy_of_one_adds_nothing(pets):
    (pets / "p").rename(pets / "images")
    for name in ("a.csv", "a (1).csv"):
        (pets / name).write_text(rows("path,label", lambda p, k: f"images{p[1:]},kind {k}"))
    assert sum(map(len, load_folder(pets).splits.values())) == 16  # by its folders, though
    for path in sorted((pets / "images").rglob("*.png")):
        path.rename(pets / "images" / f"{path.parent.name}{path.name}")
    for name in ("a.csv", "a (1).csv"):
        (pets / name).write_text(rows("path,label", lambda p, k: f"images/{k}{p[-7:]},kind {k}"))
    dataset = load_folder(pets)
    assert dataset.class_names == ("kind cat", "kind dog")
    assert sum(map(len, dataset.splits.values())) == 16
    (pets / "b.csv").write_text(
        rows("path,label", lambda p, k: f"images/{k}{p[-7:]},{'old' if p[-5] < '4' else 'new'}")
    )
    with pytest.raises(
        ValueError, match=r"b.csv tells other classes \(new, old\) than another table does \(kind cat, ki"
    ):
        load_folder(pets)


@pytest.mark.parametrize("are_folders", [True, False])
def test_what_several_tables_tell_of_a_picture_is_put_together(pets, are_folders):
    (pets / "p").rename(pets / "images")
    name = "images/{k}/{n}.png" if are_folders else "images/{k}{n}.png"
    for path in sorted((pets / "images").rglob("*.png")):
        path.rename(pets / name.format(k=path.parent.name, n=path.stem))

    def table(header, row, numbers=NUMBERS):
        of = [
            row.format(path=name.format(k=k, n=f"{i:03}"), k=k, i=i, group=k + str(i // 2))
            for k in KINDS
            for i in numbers
        ]
        return "\n".join([header, *of]) + "\n"

    (pets / "patients.csv").write_text(table("path,label,patient", "{path},{k},{group}"))
    (pets / "train.csv").write_text(table("path,label", "{path},{k}", range(4)))
    (pets / "test.csv").write_text(table("path,label,x,y,width,height", "{path},{k},2,2,9,9", range(4, 8)))
    dataset = load_folder(pets)
    assert [sum(found) for found in zip(*sizes(dataset), strict=True)] == [8, 8]
    assert sizes(dataset)[2] == [4, 4]
    assert "8 groups, such as cat0, cat1, cat2: each is kept within one split." in notes_of(dataset)
    assert "8 cut to the square around its region" in notes_of(dataset)
    assert "duplicates" not in notes_of(dataset)


def test_a_table_beside_folders_of_classes_needs_no_labels(pets):
    path = pets / "p" / "more.csv"
    path.write_text(rows("file,split", lambda p, k: f"{p[2:]},{'test' if p[-5] < '3' else 'train'}"))
    assert sizes(load_folder(pets))[2] == [3, 3]
    path.write_text(rows("file;patient;age", lambda p, k: f"{p[2:]};{k}{int(p[-5]) // 2};{p[-5]}"))
    assert "8 groups, such as cat0, cat1, cat2: each is kept within one split." in notes_of(load_folder(pets))


@pytest.mark.parametrize("name", ["p.csv", "p/labels.csv"])
def test_a_row_that_stands_twice_counts_once(pets, name):
    (pets / name).write_text(rows("path,label", lambda p, k: f"{p},{k}" + f"\n./{p},{k}" * ("/cat/00" in p)))
    dataset = load_folder(pets / name)
    assert sum(map(len, dataset.splits.values())) == 16
    assert "Left out as rows that stand in the table before: p/cat/000.png; p/cat/001.png" in notes_of(dataset)


def test_rows_that_stand_twice_beside_folders_add_no_pictures(pets):
    (pets / "p" / "t.csv").write_text(
        rows("path,label,group", lambda p, k: f"{p[2:]},{k},{p[-5]}\n{p[2:]},{k},{p[-5]}")
    )
    assert sum(map(len, load_folder(pets).splits.values())) == 16


@pytest.mark.parametrize("label", ["", "nan", "NaN", "?"])
def test_a_row_without_a_label_is_refused(pets, label):
    (pets / "t.csv").write_text(rows("path,label", lambda p, k: f"{p},{k}") + f"p/cat/000.png,{label}\n")
    with pytest.raises(ValueError, match=r"t.csv line 18 must have a path and a label"):
        load_folder(pets / "t.csv")


@pytest.mark.parametrize("header", ["patient", "PatientID", "patient no.", "subjectid", "participant", "Case ID"])
@pytest.mark.parametrize("missing", ["", "nan", "NA", "None"])
def test_a_group_is_known_by_its_columns_names_and_what_has_none_is_alone(pets, header, missing):
    (pets / "t.csv").write_text(
        rows(f"path,label,{header}", lambda p, k: f"{p},{k},{missing if p[-5] < '2' else k + p[-5]}")
    )
    notes = notes_of(load_folder(pets / "t.csv"))
    assert "12 groups, such as cat2, cat3, cat4" in notes
    assert "4 pictures have no group, such as p/cat/000.png" in notes


def test_rows_without_a_split_among_others_are_told(pets):
    split = {"0": "test", "1": "test", "2": ""}
    (pets / "t.csv").write_text(rows("path,label,split", lambda p, k: f"{p},{k},{split.get(p[-5], 'train')}"))
    assert "2 pictures without a split among those that have one, in training: p/cat/002.png; p/dog/002.png." in (
        load_folder(pets / "t.csv").notes
    )


def test_a_row_with_more_values_than_columns_is_refused(pets):
    (pets / "t.csv").write_text(rows("path,label", lambda p, k: f"{p},{k},,") + "p/cat/000.png,big, red cat\n")
    with pytest.raises(ValueError, match=r"t.csv line 18 has 3 values under 2 columns: put quotes .* holds ','"):
        load_folder(pets / "t.csv")


def test_pictures_outside_of_folders_and_archives_among_them_are_counted(pets):
    for path in sorted((pets / "p").rglob("*.png")):
        path.rename(pets / f"{path.parent.name}{path.name}")
    with zipfile.ZipFile(pets / "more.zip", "w") as archive:
        archive.writestr("cat/1.png", b"")
    with pytest.raises(
        ValueError,
        match=r"got 0 .*other files: 16 .png, 1 .zip\. If names .* Unpack archives, give each class a folder, or list",
    ):
        load_folder(pets)


def test_tables_in_folders_of_classes_tell_groups_and_boxes(tmp_path):
    for number, kind in enumerate(KINDS):
        write_class(tmp_path / kind, 12, first_seed=100 * number, side=90)
        lines = [f"{i:03}.png;90;90;{i};5;{i + 40};45;{number};{kind}{i // 3}" for i in range(12)]
        header = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId;patient"
        (tmp_path / kind / f"GT-{number}.csv").write_text("\n".join([header, *lines]))
    dataset = load_folder(tmp_path)
    assert dataset.class_names == KINDS
    groups = [set(split.groups.tolist()) for split in dataset.splits.values()]
    assert sum(map(len, groups)) == 8 == len(set.union(*groups))
    assert (
        "24 cut to the square around its region, whose mean is all around it, which --regions sets (cat/000.png)"
        in notes_of(dataset)
    )
    assert dataset.image_shape == (32, 32, 3)


def test_given_splits_stay_beside_a_table_of_groups(tmp_path):
    for split, n in (("train", 8), ("test", 6)):
        for number, kind in enumerate(KINDS):
            write_class(tmp_path / split / kind, n, first_seed=1000 * n + 100 * number)
        lines = [f"{kind}/{i:03}.png,{kind},{split}{kind}{i // 2}" for kind in KINDS for i in range(n)]
        (tmp_path / split / "patients.csv").write_text("\n".join(["file,label,patient", *lines]))
    dataset = load_folder(tmp_path)
    assert sizes(dataset)[2] == [6, 6]
    assert len(set(dataset.test.groups.tolist())) == 6


BESIDE = {  # what a table beside folders of classes is called -> its text, and what is said of it
    "groups": ("path,patient\ncat/000.png,P0,oops\n", "groups.csv line 2 has 3 values under 2 columns"),
    "splits": ("path;split\ncat/000.png;train\ncat/001.png;B\n", "splits.csv line 3: split must be train, val or test"),
    "masks": ("path,mask\n,m.png\n000.png,m.png\n", "masks.csv line 2 must have a path and a label"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_damaged_table_of_splits_groups_or_masks_is_refused_where_folders_tell_the_classes(pets, name):
    text, message = BESIDE[name]
    (pets / "p" / f"{name}.csv").write_text(text)
    with pytest.raises(ValueError, match=f"{message}.*[.] Mend the table, or move it away"):
        load_folder(pets)


@pytest.mark.parametrize("header", ["path,label", "path,age"])
def test_a_damaged_table_of_the_pictures_is_told_and_one_of_something_else_is_not(pets, header):
    (pets / "p" / "about.csv").write_text(f"{header}\ncat/000.png,cat\ncat/001.png,cat,3\n")
    (pets / "p" / "log.csv").write_text("epoch,loss,group\n1,2,3,4\n000,1,2,3\n")
    notes = load_folder(pets).notes
    told = "about.csv line 3 has 3 values under 2 columns: put quotes around one that holds ','"
    assert f"Left out as a table that cannot be used ({told}): about.csv." in notes
    assert "1 file outside any class folder left out (1 .csv): log.csv." in notes


def test_rows_that_lead_to_no_picture_of_a_class_or_to_several_are_told(pets):
    (pets / "p" / "groups.csv").write_text(
        rows("file,patient", lambda p, k: f"{p[2:]},{p[-5]}") + "cat/099.png,P\n007.png,Q\n"
    )
    told = "groups.csv (2 of 18, such as cat/099.png)"
    assert f"Left out as rows that lead to no picture in a class, or to several: {told}." in (load_folder(pets).notes)


def test_a_table_of_groups_whose_column_of_paths_has_another_name_is_told_beside_folders(pets):
    (pets / "p" / "groups.csv").write_text(rows("Datei;patient", lambda p, k: f"{p[2:]};{k}{p[-5]}"))
    (pets / "p" / "ages.csv").write_text(rows("Datei;age", lambda p, k: f"{p[2:]};{p[-5]}"))
    notes = load_folder(pets).notes
    assert "Left out as a table that counts once columns are renamed (Datei to path): groups.csv." in notes
    assert "1 file outside any class folder left out (1 .csv): ages.csv." in notes


def write_lists(root, write, places=("images/cat", "images/dog")):
    """Twelve pictures of each class in two folders, and what tells that seven are for training and three for tests."""
    for number, (kind, place) in enumerate(zip(KINDS, places, strict=True)):
        (root / place).mkdir(parents=True, exist_ok=True)
        for i in range(12):
            picture(100 * number + i).save(root / place / f"{kind}{i:03}.png")
    for split, numbers in (("train", range(7)), ("val", range(7, 9)), ("test", range(9, 12))):
        write(split, [(f"{kind}{i:03}.png", kind) for kind in KINDS for i in numbers])


@pytest.mark.parametrize("places", [("images", "images"), KINDS], ids=["one folder", "folders of classes"])
def test_tables_called_like_splits_tell_them(tmp_path, places):
    def write(split, pairs):
        text = "".join(f"{name},{kind}\n" for name, kind in pairs)
        (tmp_path / f"my_{split}_labels.csv").write_text(f"path,label\n{text}")

    write_lists(tmp_path, write, places)
    dataset = load_folder(tmp_path)
    assert sizes(dataset) == [[7, 7], [2, 2], [3, 3]]
    assert not dataset.split_by_us
    assert {path[-6:-4] for path in dataset.test.paths} == {"09", "10", "11"}
    assert "Left out as a table of the validation pictures: my_val_labels.csv." in dataset.notes


def test_a_list_of_guesses_called_test_is_no_split(tmp_path):
    def write(split, pairs):
        text = "".join(f"{name},{kind if split == 'train' else 'cat'}\n" for name, kind in pairs)
        (tmp_path / f"{split}.csv").write_text(f"path,label\n{text}")

    write_lists(tmp_path, write, ("images", "images"))
    dataset = load_folder(tmp_path)
    assert sizes(dataset) == [[4, 4], [1, 1], [2, 2]]
    assert dataset.split_by_us


@pytest.mark.parametrize("suffix", ["", ".png"])
def test_lists_called_like_splits_tell_them_where_folders_tell_classes(tmp_path, suffix):
    (tmp_path / "meta").mkdir()

    def write(split, pairs):
        lines = [f"{kind}/{name.removesuffix('.png')}{suffix}" for name, kind in pairs]
        (tmp_path / "meta" / f"{split}.txt").write_text("\n".join(lines))

    write_lists(tmp_path, write, KINDS)
    (tmp_path / "meta" / "validation.txt").write_text("what is in val.txt")
    dataset = load_folder(tmp_path)
    assert sizes(dataset) == [[7, 7], [2, 2], [3, 3]]
    assert "Left out as a table of the test pictures: meta/test.txt." in dataset.notes


@pytest.mark.parametrize("places", [("images", "images"), KINDS])
def test_lists_of_paths_and_numbers_of_classes_tell_both(tmp_path, places):
    def write(split, pairs):
        of = dict(zip(KINDS, places, strict=True))
        lines = [f"{of[kind]}/{name} {KINDS.index(kind)}" for name, kind in pairs]
        (tmp_path / f"{split}.txt").write_text("\n".join(lines) + "\n")

    write_lists(tmp_path, write, places)
    dataset = load_folder(tmp_path)
    assert sizes(dataset) == [[7, 7], [2, 2], [3, 3]]
    assert dataset.class_names == (("0", "1") if places[0] == places[1] else KINDS)


@pytest.mark.parametrize(
    ("places", "label"), [(KINDS, ""), (("images", "images"), "(cat|dog)\\d")], ids=["folders", "a pattern"]
)
def test_lists_of_more_numbers_tell_splits_where_classes_are_known(tmp_path, places, label):
    def write(split, pairs):
        (tmp_path / f"{split}.txt").write_text(
            "".join(f"{name[:-4]} {KINDS.index(kind)} 9 0\n" for name, kind in pairs)
        )

    write_lists(tmp_path, write, places)
    dataset = load_folder(tmp_path, label=label)
    assert sizes(dataset) == [[7, 7], [2, 2], [3, 3]]
    assert dataset.class_names == KINDS
    if label:
        with pytest.raises(ValueError, match=r"^If names tell the classes, .* line 1 must name the columns path"):
            load_folder(tmp_path)


def test_a_line_of_such_a_list_without_a_class_is_refused(tmp_path):
    write_lists(tmp_path, lambda *_: None, ("images", "images"))
    (tmp_path / "val.txt").write_text("images/cat000.png 0\nimages/cat001.png\n")
    with pytest.raises(ValueError, match=r"val.txt line 2 must have a path and a label, got \['images/cat001.png'\]"):
        load_folder(tmp_path / "val.txt")


def test_several_ways_to_split_are_none(tmp_path):
    def write(split, pairs):
        for turn in (1, 2):
            (tmp_path / f"{split}{turn}.txt").write_text("\n".join(name for name, _ in pairs[turn:]))

    write_lists(tmp_path, write, KINDS)
    dataset = load_folder(tmp_path)
    assert dataset.split_by_us
    assert "6 files outside any class folder left out (6 .txt): test1.txt; test2.txt" in notes_of(dataset)


def test_a_damaged_table_is_named_where_nothing_else_tells_two_classes(pets):
    for path in sorted((pets / "p").rglob("*.png")):
        path.rename(pets / "p" / f"{path.parent.name}{path.name}")
    (pets / "t.csv").write_text(rows("path,label", lambda p, k: f"{k}{p[-7:]},{k if p[-5] < '3' else ''}"))
    with pytest.raises(ValueError, match=r"fewer than two classes, and of the tables, t.csv line 5 must have a path"):
        load_folder(pets)


@pytest.mark.parametrize("forms", ["NFC NFD", "NFD NFC"])
def test_a_name_is_the_same_in_another_form_of_its_accents(tmp_path, forms):
    in_table, on_disk = forms.split()
    for number, kind in enumerate(KINDS):
        write_class(tmp_path / unicodedata.normalize(on_disk, f"é{kind}"), 8, first_seed=100 * number)
    text = unicodedata.normalize(in_table, rows("path,label", lambda p, k: f"é{p[2:]},{k}"))
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    assert sizes(load_folder(tmp_path / "t.csv")) == [[5, 5], [1, 1], [2, 2]]


@pytest.mark.parametrize("place", ["metadata.jsonl", "p/metadata.jsonl"])
@pytest.mark.parametrize("is_named", [True, False], ids=["by itself", "among the pictures"])
def test_records_of_json_are_a_table(pets, place, is_named):
    flat = pets / "p" / "all"
    flat.mkdir()
    lines = []
    for kind in KINDS:
        for path in sorted((pets / "p" / kind).iterdir()):
            path.rename(flat / f"{kind[0]}{path.name}")
            lines.append(
                json.dumps(
                    {"file_name": f"{kind[0]}{path.name}", "label": kind, "age": None, "note": "a\u2028b"},
                    ensure_ascii=False,
                )
            )
        (pets / "p" / kind).rmdir()
    (pets / place).write_text("\n".join(lines[:8]) + "\n\n" + "\n".join(lines[8:]) + "\n", encoding="utf-8")
    dataset = load_folder(pets / place if is_named else pets)
    assert dataset.class_names == KINDS
    assert sizes(dataset) == [[5, 5], [1, 1], [2, 2]]


@pytest.mark.parametrize(
    "line", ['{"path": "p/cat/000.png",', '["p/cat/000.png", "cat"]', '{"path": "p", "label": ["cat"]}']
)
def test_a_line_that_is_no_record_is_told(pets, line):
    (pets / "t.jsonl").write_text('{"path": "p/dog/000.png", "label": "dog"}\n' + line + "\n")
    with pytest.raises(ValueError, match=r"t\.jsonl line 2 is no record of JSON: "):
        load_folder(pets / "t.jsonl")


def test_tables_of_a_class_each_tell_them(tmp_path):
    def write(split, pairs):
        for kind in KINDS:
            rows = "".join(f"{name},{kind}\n" for name, its in pairs if its == kind)
            with open(tmp_path / f"{kind}s.csv", "a") as file:
                file.write(rows if split != "train" else f"path,label\n{rows}")

    write_lists(tmp_path, write, ("images", "images"))
    assert load_folder(tmp_path).class_names == KINDS


def test_lists_of_guesses_are_no_tables_of_a_class_each(tmp_path):
    def write(split, pairs):
        for guess in "01":
            rows = "".join(f"{name},{guess}\n" for name, _ in pairs)
            with open(
                tmp_path / f"guess {guess}.csv" if split == "train" else tmp_path / f"more {split}{guess}.txt", "w"
            ) as file:
                file.write(f"path,label\n{rows}")

    write_lists(tmp_path, write, ("images", "images"))
    with pytest.raises(ValueError, match="at least two classes"):
        load_folder(tmp_path)


def table_of(split, pairs, root):
    with open(root / "labels.csv", "a" if (root / "labels.csv").exists() else "w") as file:
        file.write("path,label\n" * (split == "train") + "".join(f"{name},{kind}\n" for name, kind in pairs))


def test_folders_that_are_numbered_parts_are_no_classes_where_a_table_tells_them(tmp_path):
    places = ("images_001", "images_002")
    write_lists(tmp_path, lambda split, pairs: table_of(split, pairs, tmp_path), places)
    assert load_folder(tmp_path).class_names == KINDS
    (tmp_path / "labels.csv").unlink()
    assert load_folder(tmp_path).class_names == places


@pytest.mark.parametrize("form", ["lists", "a table"])
def test_splits_count_beside_a_table_of_classes(tmp_path, form):
    def write(split, pairs):
        table_of(split, pairs, tmp_path)
        if form == "lists":
            (tmp_path / f"{split}.txt").write_text("".join(f"{name}\n" for name, _ in pairs))
        else:
            with open(tmp_path / "splits.csv", "a") as file:
                file.write("path,split\n" * (split == "train") + "".join(f"{name},{split}\n" for name, _ in pairs))

    write_lists(tmp_path, write, ("images", "images"))
    dataset = load_folder(tmp_path)
    assert sizes(dataset) == [[7, 7], [2, 2], [3, 3]]
    assert not dataset.split_by_us


@pytest.mark.parametrize("more", ["", ",split"])
def test_a_table_may_tell_the_class_of_a_picture_outside_of_folders(tmp_path, more):
    for number, kind in enumerate(KINDS):
        write_class(tmp_path / kind, 12, first_seed=100 * number)
    rows = f"path,label{more}\n"
    for number, kind in enumerate((*KINDS, "cat")):
        picture(500 + number).save(tmp_path / f"{number}.png")
        rows += f"{number}.png,{kind}{more.replace('split', 'train')}\n"
    (tmp_path / "more.csv").write_text(rows)
    assert sum(map(np.array, sizes(load_folder(tmp_path)))).tolist() == [14, 13]


def test_the_class_of_a_test_picture_outside_of_folders_may_stand_in_a_table(tmp_path):
    """As in Kaggle's traffic signs: Train/7/1.png, Test/1.png and Test.csv."""
    for number, kind in enumerate(KINDS):
        write_class(tmp_path / "Train" / kind, 12, first_seed=100 * number)
    write_class(tmp_path / "Test", 8, first_seed=500)
    rows = "".join(f"Test/{number:03}.png,{KINDS[number % 2]}\n" for number in range(8))
    (tmp_path / "Test.csv").write_text(f"Path,ClassId\n{rows}")
    train = "".join(f"Train/{kind}/{number:03}.png,{kind}\n" for kind in KINDS for number in range(12))
    (tmp_path / "Train.csv").write_text(f"Path,ClassId\n{train}")
    dataset = load_folder(tmp_path)
    assert sizes(dataset)[2] == [4, 4]
    assert sum(map(np.array, sizes(dataset))).tolist() == [16, 16]


@pytest.mark.parametrize("name", ["my_predictions.csv", "sample_submission.csv"])
def test_guesses_are_no_classes(tmp_path, name):
    def write(split, pairs):
        if split != "test":
            table_of(split, pairs, tmp_path)
        else:
            guesses = "".join(f"{path},{KINDS[path.startswith('cat')]}\n" for path, _ in pairs)
            (tmp_path / name).write_text(f"path,label\n{guesses}")

    write_lists(tmp_path, write, ("images", "images"))
    dataset = load_folder(tmp_path)
    assert sum(map(np.array, sizes(dataset))).tolist() == [9, 9]
    assert f"Left out as a table of guesses, by its name: {name}." in dataset.notes


@pytest.mark.parametrize(
    "spell", [{"cat": "dog", "dog": "cat"}, {"cat": "0", "dog": "1"}], ids=["the other way", "numbers"]
)
@pytest.mark.parametrize("are_folders", [True, False])
def test_tables_that_contradict_are_refused(tmp_path, spell, are_folders):
    def write(split, pairs):
        table_of(split, [(name, kind if not are_folders else spell[kind]) for name, kind in pairs], tmp_path)
        with open(tmp_path / "more.csv", "a") as file:
            file.write("path,label\n" * (split == "train") + "".join(f"{name},{spell[kind]}\n" for name, kind in pairs))

    write_lists(tmp_path, write, KINDS if are_folders else ("images", "images"))
    if are_folders and spell["cat"] == "0":  # other names of the same classes
        assert load_folder(tmp_path).class_names == KINDS
    else:
        with pytest.raises(
            ValueError, match=r"tells other classes \(.*\) than (the folders or --label do|another table does)"
        ):
            load_folder(tmp_path)
