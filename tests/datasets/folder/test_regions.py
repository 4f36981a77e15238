"""Masks and boxes: by hand, from every layout that people have, and from the command line."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image

from bakeoff.datasets.folder.conversion import PictureError
from bakeoff.datasets.folder.decode import read_mask
from bakeoff.datasets.folder.load import load_folder, rules_of
from bakeoff.datasets.folder.picture_file import PictureFile, Region
from bakeoff.datasets.folder.regions import CUT, FILLED, cut_to_region, pair_masks
from bakeoff.datasets.folder.samples import Rules
from bakeoff.pipelines import __main__ as command_line
from bakeoff.tests.datasets.pictures import notes_of, picture, write_class

WHOLE = Region()


def test_a_square_around_a_mask_by_hand():
    pixels = np.arange(30, dtype=np.uint8).reshape(5, 6, 1)
    mask = np.zeros((5, 6), bool)
    mask[1, 2:5] = mask[2, 3] = True  # 8, 9, 10 and 15, whose mean is 10.5, to the even number 10
    square, remarks = cut_to_region(pixels, WHOLE, [mask])
    assert square[..., 0].tolist() == [[10, 10, 10], [8, 9, 10], [10, 15, 10]]
    assert remarks == [FILLED]
    square, remarks = cut_to_region(pixels, Region(fill=False), [mask])
    assert square[..., 0].tolist() == [[2, 3, 4], [8, 9, 10], [14, 15, 16]]
    assert remarks == [CUT]


def test_a_box_beyond_the_picture_ends_with_it_and_the_mean_is_around():
    pixels = np.arange(8, dtype=np.float32).reshape(2, 4, 1)
    square, _ = cut_to_region(pixels, Region(box=(-3, 0, 40, 2)), [])
    assert square[..., 0].tolist() == [[3.5] * 4, [0, 1, 2, 3], [4, 5, 6, 7], [3.5] * 4]
    with pytest.raises(PictureError, match="lies outside of its 4 x 2 pixels"):
        cut_to_region(pixels, Region(box=(9, 0, 12, 2)), [])


def test_masks_add_up_a_box_limits_them_and_an_empty_one_changes_nothing():
    pixels, masks = np.arange(16, dtype=np.uint8).reshape(4, 4, 1), np.zeros((2, 4, 4), bool)
    masks[0, 0, 0] = masks[1, 1, 1] = True
    assert cut_to_region(pixels, WHOLE, masks)[0][..., 0].tolist() == [[0, 2], [2, 5]]
    assert cut_to_region(pixels, Region(box=(1, 1, 4, 4)), masks)[0].ravel().tolist() == [5]
    square, remarks = cut_to_region(pixels, WHOLE, [masks[0] & False])
    assert (square.tolist(), remarks) == (pixels.tolist(), ["with an empty mask, taken whole"])


def test_a_mask_of_another_size_is_brought_to_the_pictures_and_one_of_another_shape_is_an_error():
    pixels, mask = np.arange(64, dtype=np.uint8).reshape(8, 8, 1), np.array([[0, 1], [0, 0]], bool)
    np.testing.assert_array_equal(cut_to_region(pixels, WHOLE, [mask])[0], pixels[:4, 4:])
    with pytest.raises(PictureError, match="its mask has 2 x 2 pixels, not its 4 x 8"):
        cut_to_region(pixels[:, :4], WHOLE, [mask])


def files(*paths):
    return [PictureFile(tuple(path.split("/")), bytes) for path in paths]


@pytest.mark.parametrize(
    ("picture_path", "mask_path"),
    [
        ("benign/benign (1).png", "benign/benign (1)_mask.png"),
        ("benign/1.png", "benign/1_mask_2.PNG"),
        ("covid/images/1.png", "covid/masks/1.tif"),
        ("images/cat/1.jpg", "masks/cat/1.png"),
        ("train/cat/1.jpg", "train/Mask/cat/1.png"),
        ("cat/1.jpg", "segmentations/cat/1_segmentation.png"),
        ("cat/1.jpg", "cat/1_seg.png"),
        ("cat/1.jpg", "cat/1-GT.png"),
        ("cat/1.jpg", "cat/mask_1.png"),
        ("images/cat/1.jpg", "labels/cat/1.png"),
        ("JPEGImages/cat/1.jpg", "SegmentationClass/cat/1.png"),
        ("cat/1.jpg", "ground_truth/cat/1_mask.png"),
    ],
)
def test_masks_are_known_by_their_names(picture_path, mask_path):
    first, mask = pair_masks(files(picture_path, mask_path))
    assert first.region.masks[0].parts == tuple(mask_path.split("/"))
    assert mask.left_out == "masks of pictures"


def test_folders_that_merely_sound_like_masks_are_classes():
    for names in (
        ("labels/1.png", "bottles/1.png"),
        ("mask/1.png", "no_mask/1.png"),
        ("masks/1.png", "masks/2.png", "caps/1.png"),
        ("a/b_mask.png",),
    ):
        assert pair_masks(files(*names)) == files(*names)


def test_a_picture_without_a_mask_among_others_is_told():
    found = pair_masks(files("a/1.png", "a/2.png", "masks/a/1.png"))
    assert found[1].remarks == ("without a mask, taken whole",)


def write_spots(root, place_of_mask, kinds=("cat", "dog"), n=10):
    """Pictures of noise, each with a square of one color, which is its region and tells its class."""
    boxes = []
    for number, kind in enumerate(kinds):
        for i in range(n):
            image, mask = picture(100 * number + i, side=90), Image.new("L", (90, 90))
            left, top = np.random.default_rng([number, i]).integers(0, 50, 2).tolist()
            spot = ((200, 60, 60), (60, 60, 200))[number]
            image.paste(spot, (left, top, left + 40, top + 40))
            image.paste(tuple(value // 2 for value in spot), (left + 5 + i, top + 5, left + 20 + i, top + 30))
            mask.paste(255, (left, top, left + 40, top + 40))
            for place, made in ((f"{kind}/{i}.png", image), (place_of_mask.format(kind=kind, i=i), mask)):
                if place:
                    (root / place).parent.mkdir(parents=True, exist_ok=True)
                    made.save(root / place)
            boxes.append((f"{kind}/{i}.png", kind, left, top))
    return boxes


@pytest.mark.parametrize("place", ["{kind}/{i}_mask.png", "masks/{kind}/{i}.png"])
def test_features_and_nets_see_the_region_alone(tmp_path, place):
    write_spots(tmp_path, place)
    dataset = load_folder(tmp_path)
    assert sum(map(len, dataset.splits.values())) == 20
    assert dataset.image_shape == (32, 32, 3)  # the regions have 40 px, the pictures 90
    colors = np.unique(np.concatenate([split.images.reshape(-1, 3) for split in dataset.splits.values()]), axis=0)
    assert colors[:, 1].max() <= 60  # nothing of the noise around
    assert (
        "20 cut to the square around its region, whose mean is all around it, which --regions sets (cat/0.png)"
        in notes_of(dataset)
    )
    assert "Left out as masks of pictures: " in notes_of(dataset)
    whole = load_folder(tmp_path, regions="ignore")
    assert whole.image_shape == (64, 64, 3)
    assert (dataset.reading["regions"], whole.reading.get("regions")) == ("mask", None)
    rules_of(dataset.reading)  # raises nothing


def test_a_table_names_masks_or_boxes(tmp_path):
    boxes = write_spots(tmp_path, "m/{kind}{i}.png")
    by_box = ["path,label,x,y,width,height", *(f"{path},{kind},{x},{y},40,40" for path, kind, x, y in boxes)]
    by_corners = ["path,label,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2"]
    by_corners += [f"{path},{kind},{x},{y},{x + 40},{y + 40}" for path, kind, x, y in boxes]
    by_mask = ["path,label,mask", *(f"{p},{kind},m/{p.replace('/', '')}" for p, kind, *_ in boxes)]
    found = set()
    for number, lines in enumerate((by_box, by_corners, by_mask)):
        (tmp_path / f"{number}.csv").write_text("\n".join(lines))
        found.add(load_folder(tmp_path / f"{number}.csv").fingerprint())
    assert len(found) == 1


def test_pictures_of_several_boxes_stay_in_one_split(tmp_path):
    boxes = write_spots(tmp_path, "")
    lines = [f"{path},{kind},{x + d},{y},40,40" for path, kind, x, y in boxes for d in (0, 5)]
    (tmp_path / "t.csv").write_text("\n".join(["path,label,x,y,w,h", *lines]))
    dataset = load_folder(tmp_path / "t.csv")
    shown = [set(split.paths.tolist()) for split in dataset.splits.values()]
    assert sum(map(len, shown)) == 20 == len(set.union(*shown))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,2,x,4", r"line 2 must have four numbers for a box, got \['1', '2', 'x', '4'\]"),
        ("1,2,0,4", "has no pixel"),
        ("0.2,0.3,0.4,0.7", "must be in pixels, not shares of a side"),
        ("1,2,inf,4", "has no pixel"),
        ("1,2", r"four numbers for a box, got \['1', '2'\]"),
    ],
)
def test_a_box_that_means_nothing_is_an_error(tmp_path, row, message):
    write_class(tmp_path / "a", 1)
    (tmp_path / "t.csv").write_text(f"path,label,x,y,width,height\na/000.png,a,{row}\n")
    with pytest.raises(ValueError, match=message):
        load_folder(tmp_path / "t.csv")


def test_from_the_command_line_and_a_changed_mask_is_noticed(tmp_path, capsys):
    root, table = tmp_path / "spots", tmp_path / "t.csv"
    write_spots(root, "masks/{kind}/{i}.png")
    command = ["features", "color-histogram", "--dataset", str(root), "--artifacts", str(tmp_path / "artifacts")]
    assert command_line.main([*command, "--table", str(table)]) == 0
    assert "cut to the square around its region" in capsys.readouterr().err
    before = sorted(table.read_text().splitlines())
    shutil.copy(root / "masks/cat/1.png", root / "masks/cat/0.png")
    assert command_line.main([*command, "--table", str(table)]) == 0
    assert sorted(table.read_text().splitlines()) != before
    assert command_line.main([*command, "--regions", "all"]) == 1
    assert "--regions must be mask, crop or ignore, got 'all'" in capsys.readouterr().err


def test_the_background_of_a_trimap_is_no_region():
    trimap = np.full((20, 20), 2, np.uint8)
    trimap[5:10, 5:12], trimap[10:12, 5:12] = 1, 3
    file = io.BytesIO()
    Image.fromarray(trimap).save(file, "PNG")
    assert np.array_equal(read_mask(file.getvalue(), Rules(), ".png"), trimap != 2)
