"""Damaged TIFFs, arrays, archives and tables: a picture, a reason or one line, never a crash or a hang."""

import io
import tarfile
import time
import zipfile
from contextlib import suppress

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from bakeoff.datasets.folder.conversion import PictureError
from bakeoff.datasets.folder.decode import pillow_limits, read_mask
from bakeoff.datasets.folder.listing import open_files
from bakeoff.datasets.folder.samples import Rules
from bakeoff.tests.datasets.folder.test_tiff import packed
from bakeoff.tests.datasets.pictures import decode

SECONDS = 5  # for one small file, on a busy machine
LEVELS = np.random.default_rng(0).integers(0, 4096, (3, 12, 16), dtype=np.uint16)


def tiff(values, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def saved(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def npy(save=np.save):
    buffer = io.BytesIO()
    save(buffer, LEVELS)
    return buffer.getvalue()


def deep_colors(suffix):
    return cv2.imencode(suffix, np.ascontiguousarray(np.moveaxis(LEVELS, 0, 2)))[1].tobytes()


PICTURES = [
    tiff(LEVELS[0]),
    tiff(LEVELS, photometric="minisblack"),
    tiff(LEVELS[0], byteorder=">", rowsperstrip=4),
    tiff(LEVELS, imagej=True, photometric="minisblack", metadata={"axes": "ZYX"}),
    tiff(LEVELS, ome=True, photometric="minisblack", metadata={"axes": "CYX"}),
    tiff(LEVELS.astype(np.float32), compression="zlib", photometric="minisblack"),
    tiff(np.moveaxis(LEVELS, 0, 2), photometric="rgb"),
    tiff(LEVELS[0], tile=(16, 16), bigtiff=True),
    packed(LEVELS[0], 12),
    saved(Image.fromarray(LEVELS[0]), format="TIFF", compression="tiff_lzw"),
    saved(Image.fromarray(LEVELS[0]), format="PNG"),
    npy(),
    npy(np.savez_compressed),
    deep_colors(".ppm"),
    deep_colors(".png"),
]


def suffix_of(content):
    return ".npz" if content[:2] == b"PK" else ".tif"


class AnyKind(dict):
    """One range for samples of every kind, whatever damage makes of them."""

    def __contains__(self, kind):
        return True

    def __missing__(self, kind):
        return ((0.0, 4095.0),)


def damage(content, random):
    """Change up to eight bytes, most of them near the front where headers are; cut, or repeat a part."""
    damaged = bytearray(content)
    for _ in range(random.integers(1, 9)):
        damaged[int(len(damaged) * random.random() ** 3)] = random.integers(256)
    start, stop = sorted(random.integers(0, len(damaged), 2))
    return bytes([damaged, damaged, damaged[:stop], damaged[:stop] + damaged[start:]][random.integers(4)])


def check_pictures(n_inputs, seed):
    random = np.random.default_rng(seed)
    rules = Rules(AnyKind())
    for number in range(n_inputs):
        whole = PICTURES[number % len(PICTURES)]
        content, suffix = damage(whole, random), suffix_of(whole)
        start = time.monotonic()
        try:
            with pillow_limits(1_000_000):
                pixels = decode(content, 8, 1_000_000, rules, suffix).pixels
                assert pixels.dtype == np.uint8
                assert pixels.shape[2] in (1, 3)
                assert read_mask(content, Rules(max_pixels=1_000_000), suffix).dtype == bool
        except PictureError:
            pass
        assert time.monotonic() - start < SECONDS


def test_damaged_pictures_give_a_picture_or_a_reason():
    check_pictures(330, seed=0)


@pytest.mark.slow
def test_ten_thousand_damaged_pictures_give_a_picture_or_a_reason():
    check_pictures(10_000, seed=1)


@pytest.mark.parametrize("content", PICTURES)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_no_part_of_a_picture_passes_for_the_whole(content, share):
    rules = Rules(AnyKind())
    with pytest.raises(PictureError):
        decode(content[: int(len(content) * share)], 8, rules=rules, suffix=suffix_of(content))


def archives(folder):
    """A zip and two tars of the same two classes, with a link."""
    png = saved(Image.fromarray(LEVELS[0].astype(np.uint8)), format="PNG")
    names = [f"pets/{kind}/{number}.png" for kind in ("cat", "dog") for number in range(3)]
    with zipfile.ZipFile(folder / "pets.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, png)
    for path, mode in ((folder / "pets.tar", "w"), (folder / "pets.tar.gz", "w:gz")):
        with tarfile.open(path, mode) as archive:
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = len(png)
                archive.addfile(member, io.BytesIO(png))
            member = tarfile.TarInfo("pets/cat/link.png")
            member.type, member.linkname = tarfile.LNKTYPE, names[0]
            archive.addfile(member)
    return [folder / "pets.zip", folder / "pets.tar", folder / "pets.tar.gz"]


def tables(folder):
    rows = "path,label,split,group,mask,x,y,w,h\n"
    rows += "".join(f'"p/{i}.png",cat {i % 2},train,g{i},m/{i}.png,{i},2,30,40\n' for i in range(9))
    paths = [folder / "comma.csv", folder / "semicolon.csv", folder / "tabs.tsv"]
    for path, separator, encoding in zip(paths, ",;\t", ("utf-8-sig", "cp1252", "utf-16"), strict=True):
        path.write_bytes(rows.replace(",", separator).encode(encoding))
    return paths


def check_listings(paths, n_inputs, seed):
    random = np.random.default_rng(seed)
    contents = [path.read_bytes() for path in paths]
    for number in range(n_inputs):
        path = paths[number % len(paths)]
        path.write_bytes(damage(contents[number % len(paths)], random))
        start = time.monotonic()
        try:
            with open_files(path) as files:
                for file in files:
                    with suppress(OSError, RuntimeError, ValueError, EOFError):  # which `decode_into` takes for reasons
                        file.read()
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017 - files are as good
        assert time.monotonic() - start < SECONDS


@pytest.mark.parametrize("make", [archives, tables])
def test_damaged_archives_and_tables_give_files_or_one_line(tmp_path, make):
    check_listings(make(tmp_path), 300, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("make", [archives, tables])
def test_ten_thousand_damaged_archives_and_tables_give_files_or_one_line(tmp_path, make):
    check_listings(make(tmp_path), 10_000, seed=1)
