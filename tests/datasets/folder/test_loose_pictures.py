import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.datasets.folder.arrangement import name_classes
from bakeoff.datasets.folder.decode import decode
from bakeoff.datasets.folder.load import find_pictures, load_folder, read_pictures
from bakeoff.datasets.folder.picture_file import PictureFile
from bakeoff.datasets.folder.samples import Rules


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def noise(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_finds_one_file_or_all_of_a_folder_in_order(tmp_path):
    for name in ("b.png", "a/c.png", ".hidden.png"):
        save(tmp_path / name, noise(0, 8, 8))
    assert [file.path for file in find_pictures(tmp_path)] == ["b.png", "a/c.png"]
    assert [file.path for file in find_pictures(tmp_path / "b.png")] == ["b.png"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty holds no files that are not hidden"):
        next(find_pictures(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError, match="does not exist: name a picture"):
        next(find_pictures(tmp_path / "none.png"))


@pytest.mark.parametrize("colors", [(3,), ()], ids=["color", "gray"])
def test_decodes_as_a_folder_of_training_pictures_is_decoded(tmp_path, colors):
    for name in ("x", "y"):
        for number in range(4):
            save(tmp_path / "set" / name / f"{number}.png", noise([ord(name), number], 20, 31, *colors))
    dataset = load_folder(tmp_path / "set", image_size=16)
    known = {split.images[i].tobytes() for split in dataset.splits.values() for i in range(len(split))}
    images, errors = read_pictures(list(find_pictures(tmp_path / "set")), dataset.image_shape)
    assert not errors
    assert images.shape == (8, *dataset.image_shape)
    assert {image.tobytes() for image in images} == known


def test_a_color_picture_becomes_its_luma_for_a_gray_model(tmp_path):
    path = save(tmp_path / "red.png", np.full((8, 8, 3), (255, 0, 0), np.uint8))
    images, _ = read_pictures(list(find_pictures(path)), (8, 8, 1))
    assert images.shape == (1, 8, 8, 1)
    assert (images == 76).all()  # 0.299 * 255


def test_what_is_no_picture_is_told_by_its_index(tmp_path):
    save(tmp_path / "b.png", noise(0, 8, 8))
    (tmp_path / "a.png").write_bytes(b"no picture")
    images, errors = read_pictures(list(find_pictures(tmp_path)), (8, 8, 3))
    assert list(errors) == [0]
    assert images[1].any()


def test_a_model_of_oblong_pictures_is_refused(tmp_path):
    with pytest.raises(ValueError, match="this model takes 8 x 16"):
        read_pictures([], (8, 16, 3))


def test_files_of_a_name_that_no_picture_has_are_counted_where_classes_lack(tmp_path):
    for path in ("cat/1.spi", "cat/2.spi", "dog/1.mp4"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"of something else")
    with pytest.raises(ValueError, match=r"no sub-folder with pictures\); other files: 2 .spi, 1 .mp4. Unpack"):
        load_folder(tmp_path)


def test_classes_of_one_number_have_an_order_of_their_own():
    files = [PictureFile((name, "a.png"), bytes, class_name=name) for name in ("10", "1", "2", "01", "001")]
    assert name_classes(Path(), files) == ("001", "01", "1", "2", "10")


def test_the_largest_of_floats_is_a_number_like_others():
    content = io.BytesIO()
    np.save(content, np.full((8, 8), np.finfo(np.float64).max))
    rules = Rules({"floating-point": ((0.0, 1.0),)}, image_size=8)
    assert decode(content.getvalue(), rules, ".npy")[0].min() == 255
