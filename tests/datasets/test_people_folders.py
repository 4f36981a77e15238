"""Folders, archives and tables as people have them: each kind that once went wrong, from the command line."""

import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from bakeoff.datasets.folder.load import load_folder
from bakeoff.datasets.registry import load_dataset
from bakeoff.pipelines import __main__ as command_line
from bakeoff.pipelines.results.task import load_task
from bakeoff.tests.datasets.pictures import notes_of, picture, write_class


@pytest.fixture
def root(tmp_path):
    return tmp_path / "pictures"


def write_splits(root, names, n_pictures=(10, 4, 5), kinds=("cat", "dog")):
    for split, (name, n) in enumerate(zip(names, n_pictures, strict=False)):
        for number, kind in enumerate(kinds):
            write_class(root / name / kind, n, first_seed=1000 * split + 100 * number)


def counts(dataset):
    return [np.bincount(split.labels, minlength=len(dataset.class_names)).tolist() for split in dataset.splits.values()]


def write_cells(root, offset, signal, noise, dtype=np.uint16, n=12, side=64, **options):
    """Two kinds of cells: blurred spots, few and bright or many and dim, on a camera's offset."""
    for number, kind in enumerate(("bright", "dim")):
        (root / kind).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            random = np.random.default_rng([number, i])
            spots = np.asarray(picture(100 * number + i, side=side, channels=1)).astype(float) / 255
            counts = offset + signal * spots * (1, 0.5)[number] + random.normal(0, noise, (side, side))
            tifffile.imwrite(root / kind / f"{i:03}.tif", counts.clip(0).astype(dtype), **options)


@pytest.mark.parametrize(("offset", "signal", "noise"), [(120, 350, 8), (500, 95, 3), (0, 60_000, 500)])
def test_a_camera_uses_all_gray_levels_and_brightness_stays_a_cue(root, offset, signal, noise):
    write_cells(root, offset, signal, noise)
    dataset = load_folder(root)
    assert dataset.image_shape == (64, 64, 1)
    pooled = np.concatenate([split.images for split in dataset.splits.values()])
    assert len(np.unique(pooled)) > min(signal, 200)
    bright, dim = (np.mean([s.images[s.labels == label].mean() for s in dataset.splits.values()]) for label in (0, 1))
    assert bright > 1.4 * dim
    assert "become black to white, the same for every class and split" in notes_of(dataset)


def test_the_range_is_that_of_training_pictures(root):
    for split, level in (("train", 1000), ("test", 20_000)):
        write_cells(root / split, 100, level, 5)
    given = load_folder(root)
    assert given.test.images.max() == 255
    (low, high), *_ = given.reading["ranges"]["16-bit"]
    assert (low, high) == pytest.approx((100, 1100), abs=150)
    dealt = load_folder(root / "train")
    pixels = list((root / "train").rglob("*.tif"))
    everything = np.percentile(np.stack([tifffile.imread(path) for path in pixels]), (0.1, 99.9))
    assert dealt.reading["ranges"]["16-bit"][0] == pytest.approx(everything, rel=0.1)


def test_what_the_range_of_training_cuts_off_elsewhere_is_told(root):
    for split, level in (("train", 1000), ("test", 9_000)):
        write_cells(root / split, 100, level, 5)
    assert "24 with over 5 % of its pixels beyond black or white (test/bright/000.tif)" in notes_of(load_folder(root))
    assert "beyond black or white" not in notes_of(load_folder(root / "train"))


def test_the_range_can_be_set(root):
    write_cells(root, 120, 350, 8)
    narrow, wide = (load_folder(root, range=text) for text in ("100,300", "0,65535"))
    assert (narrow.train.images == 255).mean() > 0.1
    assert wide.train.images.max() < 4
    assert "(as --range says)" in notes_of(narrow)


def test_a_range_that_leaves_few_levels_is_refused(root):
    write_cells(root, 500, 0, 1.5)
    hot = tifffile.imread(root / "dim" / "003.tif")
    hot[5, 5:25] = np.arange(20) * 3000
    tifffile.imwrite(root / "dim" / "003.tif", hot)
    with pytest.raises(ValueError, match=r"keep only \d+ gray levels between 49\d and 50\d"):
        load_folder(root)


def test_masks_of_sixteen_bits_are_black_and_white(root):
    for number, kind in enumerate(("a", "b")):
        (root / kind).mkdir(parents=True)
        for i in range(8):
            mask = np.asarray(picture(100 * number + i, channels=1)) > 120
            tifffile.imwrite(root / kind / f"{i}.tif", mask.astype(np.uint16) * 3)
    assert set(np.unique(load_folder(root, image_size=40).train.images)) == {0, 255}


def test_eight_and_sixteen_bits_stand_side_by_side(root):
    write_cells(root, 100, 3000, 9)
    write_class(root / "dim", 6, first_seed=900, side=64, channels=1)
    dataset = load_folder(root)
    assert sum(map(len, dataset.splits.values())) == 30
    assert "Pictures of 16-bit samples (24): " in notes_of(dataset)


def test_stacks_channels_and_floats_are_read_and_told(root):
    random = np.random.default_rng(0)
    for kind in ("a", "b"):
        (root / kind).mkdir(parents=True)
        for i in range(10):
            tifffile.imwrite(root / kind / f"zstack{i:02}.tif", random.integers(0, 4000, (5, 64, 64), dtype=np.uint16))
        five = random.integers(0, 4000, (64, 64, 5), dtype=np.uint16)
        tifffile.imwrite(root / kind / "five.tif", five, photometric="minisblack", planarconfig="contig")
    tifffile.imwrite(root / "a" / "float.tif", random.random((64, 64)).astype(np.float32))
    two = random.integers(0, 4000, (2, 64, 64), dtype=np.uint16)
    tifffile.imwrite(root / "b" / "two.ome.tif", two, metadata={"axes": "CYX"}, ome=True)
    dataset = load_folder(root)
    assert sum(map(len, dataset.splits.values())) == 24
    for text in (
        "20 of several pages or z planes, each pixel's maximum taken, which --pages sets (a/zstack00.tif)",
        "2 of 5 channels, the first three taken as red, green and blue, which --channels sets (a/five.tif)",
        "1 of 2 channels, shown as red and green (b/two.ome.tif)",
        "1 of floating-point samples, brought to 8 bits (a/float.tif)",
    ):
        assert text in notes_of(dataset)


@pytest.mark.parametrize(("side", "expected"), [(20, 32), (40, 32), (64, 64), (100, 64), (200, 128), (600, 224)])
def test_the_size_follows_the_pictures(root, side, expected):
    for number, kind in enumerate(("a", "b")):
        write_class(root / kind, 4, first_seed=100 * number, side=side)
    dataset = load_folder(root)
    assert dataset.image_shape == (expected, expected, 3)
    told = f"Pictures of {side} px (median short side) are brought to {expected} px"
    assert (told in notes_of(dataset)) == (side > expected)
    assert load_folder(root, image_size=224).image_shape == (224, 224, 3)


def test_many_pictures_are_brought_to_no_more_than_128_pixels(root, monkeypatch):
    monkeypatch.setattr("bakeoff.datasets.folder.stages.MOST_AT_LARGEST", 7)
    for number, kind in enumerate(("a", "b")):
        write_class(root / kind, 4, first_seed=100 * number, side=300)
    assert load_folder(root).image_shape == (128, 128, 3)


def write_patients(root):
    for patient in range(12):
        for k in range(5):
            folder = root / ("benign", "malignant")[patient % 2]
            folder.mkdir(parents=True, exist_ok=True)
            picture(10 * patient + k).save(folder / f"P{patient:02}_{k}.png")


def test_no_group_is_in_two_splits(root):
    write_patients(root)
    dataset = load_folder(root, group=r"(P\d+)_")
    groups = [set(split.groups.tolist()) for split in dataset.splits.values()]
    assert sum(map(len, groups)) == 12 == len(set.union(*groups))
    assert counts(dataset) == [[15, 15], [5, 5], [10, 10]]
    assert dataset.fingerprint() != load_folder(root).fingerprint()
    assert load_folder(root).train.groups is None


@pytest.mark.parametrize("column", ["group", "patient_id", "Subject ID"])
def test_groups_of_a_table_and_of_given_splits(root, column):
    write_patients(root)
    rows = sorted(root.rglob("*.png"))
    lines = [f"{path.relative_to(root)},{path.parent.name},61,{path.name[:3]}" for path in rows]
    (root / "table.csv").write_text("\n".join([f"path,label,age,{column}", *lines]))
    dataset = load_folder(root / "table.csv")
    assert dataset.fingerprint() == load_folder(root, group=r"(P\d+)_").fingerprint()
    (note,) = [note for note in dataset.notes if note.startswith("Left out as columns of the table that are not used")]
    assert note.endswith("height): age.")
    for path in rows:
        split = "test" if path.name.startswith(("P00", "P01")) or path.stem.endswith("_4") else "train"
        target = root.parent / "given" / split / path.parent.name
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    dataset = load_folder(root.parent / "given", group=r"(P\d+)_", duplicates="keep")
    assert len(dataset.test) == 20
    with pytest.raises(ValueError, match="the train split has no picture of its own"):
        load_folder(root.parent / "given", group=r"(P\d+)_")


def test_names_that_look_like_groups_are_told(root):
    write_patients(root)
    assert "Names look as if pictures came in groups, such as P00 (5 pictures)." in notes_of(load_folder(root))


def test_folds_that_hold_splits_are_no_classes(root):
    for fold in range(2):
        write_splits(root / f"fold{fold}", ("train", "test"), (6, 3))
    with pytest.raises(ValueError, match=r"every folder \(fold0, fold1\) holds the same folders \(cat, dog\)"):
        load_folder(root)


def test_classes_in_a_folder_of_images_beside_texts_are_found(root):
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / "images" / kind, 5, first_seed=100 * number)
    (root / "meta").mkdir()
    (root / "meta" / "train.txt").write_text("cat/000")
    dataset = load_folder(root)
    assert dataset.class_names == ("cat", "dog")
    assert "1 file of classes without a picture left out (1 .txt): meta/train.txt." in notes_of(dataset)
    write_class(root / "more", 5, first_seed=900)
    assert load_folder(root).class_names == ("images", "more")


def test_what_systems_leave_behind_is_no_class(root):
    for number, kind in enumerate(("cat", "dog", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "#recycle")):
        write_class(root / kind, 5, first_seed=100 * number)
    for name in ("Thumbs.DB", "ehthumbs.db", "Icon\r"):
        (root / "cat" / name).write_bytes(b"view")
    dataset = load_folder(root)
    assert dataset.class_names == ("cat", "dog")
    assert "beside the pictures" not in notes_of(dataset)


def test_classes_are_in_the_order_of_their_numbers(root):
    for number in (1, 2, 10, 21):
        write_class(root / f"{number}", 3, first_seed=100 * number)
    assert load_folder(root).class_names == ("1", "2", "10", "21")


def test_folders_of_splits_do_not_look_like_groups(root):
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / kind / "train", 8, first_seed=100 * number)
        write_class(root / kind / "test", 4, first_seed=1000 + 100 * number)
    assert "look as if" not in notes_of(load_folder(root))


def rewrite(change, suffix, **options):
    """Replaces a picture by what is made of it."""

    def one(path):
        with Image.open(path) as image:
            changed = change(np.asarray(image))
        path.unlink()
        if suffix in ("tif", "npy"):
            (tifffile.imwrite if suffix == "tif" else np.save)(path.with_suffix(f".{suffix}"), changed)
        else:
            Image.fromarray(changed).save(path.with_suffix(f".{suffix}"), **options)

    return one


def deeper(times):
    return lambda pixels: pixels[..., 0].astype(np.uint16) * times


RECORDED = {
    "format": (rewrite(np.asarray, "bmp"), None, "dog is BMP (8 of 8; others 0 of 8)"),
    "compression": (
        rewrite(np.asarray, "jpg", quality=90),
        rewrite(np.asarray, "jpg", quality=75, progressive=True),
        "cat is JPEG of quality 75 (8 of 8; others 0 of 8); dog is JPEG of quality 90 (8 of 8; others 0 of 8)",
    ),
    "depth": (rewrite(deeper(16), "tif"), None, "cat is 8-bit, PNG, in color (8 of 8; others 0 of 8); dog is 16-bit"),
    "range": (
        rewrite(deeper(257), "png"),
        rewrite(deeper(3), "png"),
        "cat is of values below 1,024 (8 of 8; others 0 of 8)",
    ),
    "colors": (
        rewrite(lambda pixels: pixels[..., 0], "png"),
        None,
        "cat is in color (8 of 8; others 0 of 8); dog is gray",
    ),
    "size": (
        rewrite(lambda pixels: pixels.repeat(2, 0).repeat(2, 1), "png"),
        None,
        "dog is 80 x 80 px, of 64 to 127 px on",
    ),
    "shape": (
        rewrite(lambda pixels: pixels[:30], "png"),
        None,
        "dog is 40 x 30 px, of 16 to 31 px on the short side, sm",
    ),
    "alpha": (
        rewrite(lambda pixels: np.dstack([pixels, pixels[..., 0]]), "png"),
        None,
        "ways: dog is transparent, laid on white (8 of 8; others 0 of 8):",
    ),
    "pages": (
        rewrite(lambda pixels: np.stack([deeper(9)(pixels)] * 5), "tif"),
        rewrite(lambda pixels: np.stack([deeper(9)(pixels)] * 2), "tif"),
        "cat is of 2 pages (8 of 8; others 0 of 8); dog is of 5 pages (8 of 8; others 0 of 8)",
    ),
}


@pytest.mark.parametrize("case", RECORDED)
def test_classes_that_are_recorded_in_ways_of_their_own_are_told(root, case):
    change, change_others, expected = RECORDED[case]
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / kind, 8, first_seed=100 * number)
    for kind, rewritten in (("dog", change), ("cat", change_others)):
        for path in sorted((root / kind).iterdir()):
            (rewritten or Path.exists)(path)
    assert expected in notes_of(load_folder(root))


def test_what_is_recorded_in_one_way_or_in_many_tells_nothing(root):
    write_class(root / "cat", 8)
    write_class(root / "dog", 8, first_seed=100)
    for kind in ("cat", "dog"):
        write_class(root / kind / "more", 8, first_seed=200 + len(kind), suffix="bmp", side=70, channels=1)
    assert "recorded" not in notes_of(load_folder(root))
    write_class(root / "dog", 100, first_seed=100)  # of all color PNG files nearly all are of dogs, which tells nothing
    assert "recorded" not in notes_of(load_folder(root))


def write_channels(root, suffix, n_channels, n=14, side=40):
    """Two kinds whose only difference is the brightness of the fourth channel."""
    for number, kind in enumerate(("bright", "dim")):
        (root / kind).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            layers = [np.asarray(picture(100 * c + 10 * number + i, side=side, channels=1)) for c in range(n_channels)]
            layers[3] = layers[3] // (1 + 2 * number)
            path = root / kind / f"{i:03}.{suffix}"
            if suffix == "npy":
                np.save(path, np.dstack(layers))
            elif suffix == "pages.tif":
                tifffile.imwrite(path, np.stack(layers).astype(np.uint16) * 16, photometric="minisblack")
            else:
                kinds = {"photometric": "rgb", "extrasamples": ["unspecified"] * (n_channels - 3)}
                tifffile.imwrite(path, np.dstack(layers), **kinds)


@pytest.mark.parametrize(
    ("suffix", "n_channels", "options"),
    [("npy", 5, {}), ("tif", 4, {}), ("tif", 8, {}), ("pages.tif", 4, {"pages": "channels"}), ("npy", 6, {})],
)
def test_all_of_more_than_three_channels_are_taken_and_told(root, suffix, n_channels, options):
    write_channels(root, suffix, n_channels)
    dataset = load_folder(root, **options)
    assert dataset.image_shape == (32, 32, n_channels)
    assert f"Pictures have {n_channels} channels, all of them taken" in notes_of(dataset)
    assert dataset.reading["channels"] == ",".join(map(str, range(1, n_channels + 1)))
    assert "5 channels each" in dataset.description or n_channels != 5
    for number, least in ((2, 0.7), (3, 0)):  # of the third channel, which says nothing, and of the fourth
        means = [dataset.train.images[dataset.train.labels == label][..., number].mean() for label in (0, 1)]
        assert least < means[1] / means[0] < (1.4 if least else 0.6)


@pytest.mark.parametrize(
    ("channels", "n_channels", "note"),
    [
        ("first", 3, "of 5 channels, the first three taken as red, green and blue"),
        ("4", 1, "of 5 channels, 4 taken"),
        ("5,4,1,2", 4, "of 5 channels, 5,4,1,2 taken"),
        ("mean", 1, "of 5 channels, mean taken"),
    ],
)
def test_channels_can_be_chosen(root, channels, n_channels, note):
    write_channels(root, "npy", 5)
    dataset = load_folder(root, channels=channels)
    assert dataset.image_shape[2] == n_channels
    assert note in notes_of(dataset)


def test_of_unlike_numbers_of_channels_the_first_three_are_taken_and_a_missing_one_is_an_error(root):
    write_channels(root, "npy", 5)
    write_class(root / "dim", 3)
    dataset = load_folder(root)
    assert dataset.image_shape[2] == 3
    assert "28 of 5 channels, the first three taken as red, green and blue" in notes_of(dataset)
    with pytest.raises(ValueError, match="has 3 channels, and channel 1,2,3,4 was asked for"):
        load_folder(root, channels="1,2,3,4")


def test_from_the_command_line_both_sides_use_every_channel(root, tmp_path, capsys):
    write_channels(root, "npy", 5)
    place = ["--dataset", str(root), "--artifacts", str(tmp_path / "artifacts")]
    names = ["texture", "hog", "mlp", "color-histogram"]
    assert command_line.main(["train", *names, *place, "--set", "epochs=3"]) == 0
    told = capsys.readouterr().err
    assert "note: Pictures have 5 channels, all of them taken" in told
    assert "skipped: color-histogram cannot be applied to pictures: it needs red, green and blue" in told
    assert "texture                          100.0%" in told
    assert command_line.main(["predict", "texture", str(root / "dim"), *place, "--json"]) == 0
    assert '"dim"' in capsys.readouterr().out


def test_a_given_test_set_is_never_changed(root):
    write_splits(root, ("train", "val", "test"), (30, 6, 8))
    for i in range(6):
        shutil.copy(root / "train" / "cat" / f"{i:03}.png", root / "test" / "cat" / f"copy{i}.png")
    shutil.copy(root / "train" / "cat" / "007.png", root / "test" / "dog" / "wrong.png")
    shutil.copy(root / "val" / "dog" / "000.png", root / "train" / "dog" / "again.png")
    dataset = load_folder(root)
    assert counts(dataset) == [[23, 30], [6, 6], [14, 9]]
    assert "left out since one of the two is wrong: train/cat/007.png; in the test set" in notes_of(dataset)
    assert "train/dog/again.png (in validation)" in notes_of(dataset)


def test_contradictory_labels_are_left_out_of_a_folder_without_splits(root):
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / kind, 20, first_seed=100 * number)
    shutil.copy(root / "cat" / "003.png", root / "dog" / "odd.png")
    dataset = load_folder(root)
    assert sum(map(len, dataset.splits.values())) == 39
    assert "2 pictures with an exact copy in another class, left out" in notes_of(dataset)


def test_a_class_that_is_only_copies_is_named_and_may_be_kept(root):
    write_splits(root, ("train",))
    write_class(root / "test" / "cat", 6, first_seed=5000)
    shutil.copytree(root / "train" / "dog", root / "test" / "dog")
    with pytest.raises(
        ValueError, match=r"class 'dog' must have pictures in train: all 10 are copies .*--duplicates=keep"
    ):
        load_folder(root)
    dataset = load_folder(root, duplicates="keep")
    assert np.bincount(dataset.test.labels).tolist() == [6, 10]
    assert "so that the test result is in part memory" in notes_of(dataset)


def test_a_class_without_test_pictures_is_told_first(root):
    write_splits(root, ("train", "val", "test"))
    write_class(root / "train" / "owl", 9, first_seed=9000)
    assert "No test picture, so that nothing is known about it: owl." in notes_of(load_folder(root))


@pytest.mark.parametrize(("source", "target"), [("val", "test"), ("train", "val")])
def test_a_split_that_is_a_copy_is_named(root, source, target):
    write_splits(root, ("train", "val", "test"))
    shutil.rmtree(root / target)
    shutil.copytree(root / source, root / target)
    with pytest.raises(ValueError, match=f"no picture of its own: each one of '{source}' has a copy .* in '{target}'"):
        load_folder(root)


def test_near_copies_are_found_beside_exact_ones(root):
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / kind, 30, first_seed=100 * number)
        for i in range(4):
            picture(100 * number + i).save(root / kind / f"{i:03} again.jpg", quality=85)
        for i in range(10, 18):
            shutil.copy(root / kind / f"{i:03}.png", root / kind / f"{i:03} copy.png")
    assert (
        "48 pictures have exact or near duplicates (found by perceptual hash, turned or mirrored too), in 24 groups"
        in notes_of(load_folder(root))
    )


def test_where_every_picture_has_a_near_copy_they_are_still_found(root):
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / kind, 20, first_seed=100 * number)
        for i in range(20):
            picture(100 * number + i).save(root / kind / f"{i:03} again.jpg", quality=85)
    assert (
        "80 pictures have exact or near duplicates (found by perceptual hash, turned or mirrored too), in 40 groups"
        in notes_of(load_folder(root))
    )


@pytest.mark.parametrize(
    ("names", "inner"),
    [
        *((names, "") for names in (("training_set", "test_set"), ("train2017", "test2017"), ("Train", "Holdout"))),
        (("seg_train", "seg_test"), "same"),
        (("train", "test"), "images"),
    ],
)
def test_splits_by_other_names(root, names, inner):
    for name, seed in zip(names, (0, 5000), strict=True):
        for number, kind in enumerate(("cat", "dog")):
            write_class(root / name / {"same": name}.get(inner, inner) / kind, 6, first_seed=seed + 100 * number)
    dataset = load_folder(root)
    assert dataset.class_names == ("cat", "dog")
    assert len(dataset.test) == 12
    assert (f"{names[1]} (test)" in notes_of(dataset)) == (names[1] not in ("Holdout", "test"))  # plain enough


@pytest.mark.parametrize("splits", [("train", "test"), ("",)])
def test_a_folder_around_all_others_is_no_class_and_is_told(root, splits):
    for split, n in zip(splits, (8, 5), strict=False):
        write_splits(root / "export", (split,), (n,))
    (root / "readme.txt").write_text("made by hand")
    dataset = load_folder(root)
    assert dataset.class_names == ("cat", "dog")
    assert "Left out as the folder around all others, which are the classes or splits: export." in notes_of(dataset)


def test_splits_inside_classes(root):
    for number, kind in enumerate(("cat", "dog")):
        for split, seed in (("train", 0), ("val", 5000), ("test", 6000)):
            write_class(root / kind / split, 4, first_seed=seed + 100 * number)
    assert counts(load_folder(root)) == [[4, 4]] * 3


def test_splits_inside_classes_of_which_one_lacks_a_split(root):
    for number, (kind, splits) in enumerate((("cat", ("train2", "val2", "test2")), ("dog", ("train2", "test2")))):
        for split, n in zip(splits, (6, 4, 5), strict=False):
            write_class(root / kind / split, n, first_seed=1000 * n + 100 * number)
    assert counts(load_folder(root)) == [[6, 6], [4, 0], [5, 4]]


@pytest.mark.parametrize("beside", ["", "more", "notes.txt"])
def test_the_same_folders_in_every_folder_are_refused(root, beside):
    for number, outer in enumerate("ab"):
        for kind in ("cat", "dog"):
            write_class(root / outer / kind, 4, first_seed=100 * number)
    if beside == "more":
        write_class(root / "a" / beside, 4, first_seed=900)
    elif beside:
        (root / "a" / beside).write_text("of site a")
    with pytest.raises(ValueError, match=r"every folder \(a, b\) holds the same folders \(cat, dog\), so that either"):
        load_folder(root)


@pytest.mark.parametrize("mark", ["contents", "marker"])
@pytest.mark.parametrize("packed", [False, True])
def test_own_output_is_no_class(root, mark, packed):
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / kind, 8, first_seed=100 * number)
    inside = "reports" if mark == "contents" else "x"
    write_class(root / "artifacts" / inside / "y" / "figures", 3, first_seed=900)
    if mark == "marker":
        (root / "artifacts" / ".bakeoff").write_text("{}")
    path = Path(shutil.make_archive(str(root), "zip", root)) if packed else root
    dataset = load_folder(path)
    assert dataset.class_names == ("cat", "dog")
    assert "Left out as output of ours: artifacts" in notes_of(dataset)


def table_of(root, separator=",", quote="", slash="/", header=("path", "label")):
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / "p" / kind, 8, first_seed=100 * number)
    lines = [separator.join(header)]
    for kind in ("cat", "dog"):
        for i in range(8):
            lines.append(f"{quote}p{slash}{kind}{slash}{i:03}.png{quote}{separator}{quote}{kind}{quote}")
    return lines


@pytest.mark.parametrize(
    ("encoding", "newline", "suffix", "options"),
    [
        ("utf-8", "\n", "csv", {"slash": "\\"}),
        ("utf-8-sig", "\r\n", "csv", {"separator": ";", "slash": "\\"}),
        ("utf-16", "\r\n", "tsv", {"separator": "\t"}),
        ("utf-8", "\r\n\r\n", "csv", {"quote": '"', "header": ("Path", " LABEL ")}),
        ("utf-8", "\n", "CSV", {"header": ("filename", "class")}),
        ("utf-8", "\n,\n", "csv", {}),
    ],
    ids=["backslashes", "semicolons and BOM", "UTF-16", "quotes and blank rows", "other names", "rows of separators"],
)
def test_tables_of_spreadsheets(root, encoding, newline, suffix, options):
    text = newline.join(table_of(root, **options)) + newline
    path = root / f"table.{suffix}"
    path.write_bytes(text.encode(encoding))
    assert counts(load_folder(path)) == [[5, 5], [1, 1], [2, 2]]


def test_a_table_in_a_code_page_of_windows(root):
    lines = [line.replace(",cat", ",chat siamois été") for line in table_of(root)]
    (root / "table.csv").write_bytes("\r\n".join(["sep=,", *lines]).encode("cp1252"))
    assert load_folder(root / "table.csv").class_names == ("chat siamois été", "dog")


def test_an_odd_byte_in_a_table_spoils_its_own_row_only(root):
    lines = "\n".join(table_of(root)).replace("p/", "p ä/").encode()
    (root / "p").rename(root / "p ä")
    (root / "table.csv").write_bytes(lines.replace(b"cat/003", b"cat/\xff003"))
    with pytest.raises(ValueError, match=r"1 of 16 .*\\udcff003.png \(cannot be read: No such .*, line 5 of the table"):
        load_folder(root / "table.csv")


def test_hard_links_of_a_tar_are_read(root):
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / kind, 8, first_seed=100 * number)
        for path in sorted((root / kind).iterdir())[:2]:
            (root / kind / f"linked {path.name}").hardlink_to(path)
    with tarfile.open(root.parent / "pets.tar", "w") as archive:
        archive.add(root, "pets")
    dataset = load_folder(root.parent / "pets.tar")
    assert sum(map(len, dataset.splits.values())) == 20
    assert "could not be used" not in notes_of(dataset)


def test_classes_that_overlap_are_kept_and_told(root):
    write_class(root / "cat", 8)
    write_class(root / "dog", 8, first_seed=100)
    shutil.copytree(root / "cat", root / "siamese")
    dataset = load_folder(root)
    assert sum(map(len, dataset.splits.values())) == 24
    assert "16 pictures with an exact copy in another class: the classes overlap" in notes_of(dataset)


@pytest.mark.parametrize("suffix", ["tga", "pcx", "sgi", "qoi", "dds", "ico", "jp2", "npy"])
def test_rarer_formats_are_read(root, suffix):
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / kind, 6, first_seed=100 * number)
        for i in range(3):
            image = picture(500 + 100 * number + i, side=64)
            path = root / kind / f"x{i}.{suffix}"
            np.save(path, np.asarray(image)) if suffix == "npy" else image.save(path)
    dataset = load_folder(root)
    assert sum(map(len, dataset.splits.values())) == 18
    assert "left out" not in notes_of(dataset)


@pytest.mark.parametrize("suffix", ["heic", "dcm", "czi", "eps", "svg", "nef", "tga", "ome.tif"])
def test_what_calls_itself_a_picture_and_cannot_be_read_is_counted(root, suffix):
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / kind, 12, first_seed=100 * number)
    (root / "dog" / f"x.{suffix}").write_bytes(b"whatever this is, it is no picture that we read")
    assert f"1 picture could not be used and left out: dog/x.{suffix}" in notes_of(load_folder(root))
    (root / "emu").mkdir()
    (root / "emu" / f"x.{suffix}").write_bytes(b"whatever this is, it is no picture that we read")
    with pytest.raises(ValueError, match=r"class 'emu' in .* has no usable picture"):
        load_folder(root, max_skipped_share=0.1)


def test_a_folder_called_like_a_built_in_set_is_told(root, monkeypatch):
    (root / "digits").mkdir(parents=True)
    monkeypatch.chdir(root)
    assert "your folder of that name is ./digits." in load_dataset("digits").notes[0]


@pytest.mark.parametrize("name", ["", "  "])
def test_no_name_is_an_error(name):
    with pytest.raises(ValueError, match="no data set was named"):
        load_dataset(name)


def test_an_option_that_does_not_exist_is_an_error(root):
    with pytest.raises(TypeError, match="unexpected keyword argument 'rnage'"):
        load_folder(root, rnage="0,5")


def test_from_the_command_line_a_deep_folder_is_trained_on_and_predicted(root, tmp_path, capsys):
    write_cells(root, 120, 350, 8, n=20)
    common = ["--dataset", str(root), "--artifacts", str(tmp_path / "artifacts")]
    assert command_line.main(["train", "hog", *common]) == 0
    told = capsys.readouterr().err
    assert "become black to white, the same for every class and split" in told
    (task,) = (tmp_path / "artifacts" / "runs").iterdir()
    assert set(load_task(task).reading["ranges"]) == {"16-bit"}
    assert command_line.main(["predict", "hog", str(root / "bright"), *common]) == 0
    answers = [line for line in capsys.readouterr().out.splitlines() if ".tif" in line]
    assert sum("bright" in line for line in answers) > 15


def test_groups_reach_the_task(root, tmp_path):
    write_patients(root)
    rows = [f"{path.relative_to(root)},{path.parent.name},{path.name[:3]}" for path in sorted(root.rglob("*.png"))]
    (root / "table.csv").write_text("\n".join(["path,label,group", *rows]))
    artifacts = tmp_path / "artifacts"
    assert command_line.main(["train", "hog", "--dataset", str(root / "table.csv"), "--artifacts", str(artifacts)]) == 0
    (task,) = (artifacts / "runs").iterdir()
    assert len(set(load_task(task).test_groups.tolist())) == 4


@pytest.mark.parametrize("inside", ["__MACOSX/pets/cat/._000.png", "pets/.DS_Store", "pets/cat/._001.png"])
def test_what_macs_add_to_an_archive_is_hidden(root, inside):
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / kind, 8, first_seed=100 * number)
    path = root.parent / "pets.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(root.rglob("*.png")):
            archive.write(file, Path("pets") / file.relative_to(root))
        archive.writestr(inside, b"Mac OS X attributes")
    dataset = load_folder(path)
    assert dataset.fingerprint() == load_folder(root).fingerprint()
    assert "Left out as hidden: " in notes_of(dataset)
