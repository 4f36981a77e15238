"""One folder with everything in it that people's folders have: each oddity with what must be said of it."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from bakeoff.tests.datasets.pictures import picture, write_class

SCRIPT = "<img src=x onerror=alert(1)>"
ACCENTS = "Käfer & Ölkanne"
MAX_PIXELS = 300_000
SKIPPED = {  # what stands in the list of those left out: path below train/ -> reason
    "cat/truncated.jpg": "damaged: image file is truncated",
    "cat/wrong checksum.png": "damaged: ",
    "cat/zero bytes.jpg": "empty file",
    "cat/text.jpg": "not a picture in a format that is read here",
    "cat/bomb.png": f"over the limit of {MAX_PIXELS:,} pixels",
    "cat/broken link.png": "cannot be read: No such file or directory",
    "cat/link to itself": "cannot be read: Too many levels of symbolic links",
    "cat/pipe.png": "cannot be read: not a plain file",
    "dog/locked.png": "cannot be read: Permission denied",
    "dog/locked folder/": "cannot be read: Permission denied",
}
CHANGED = {  # what was changed on reading -> its example
    "in CMYK, brought to RGB": "cmyk.jpg",
    "of 16-bit samples, brought to 8 bits": "sixteen bits.png",
    "of 1 bit": "one bit.png",
    "with a palette": "animation.gif",
    "transparent, laid on white": "gray and alpha.png",
    "turned upright as EXIF says": "turned.jpg",
    "of several frames or pages, the first taken": "animation.gif",
    "smaller than asked for, enlarged": "one pixel wide.png",
}
N_SOUND = 24  # pictures of each of the two large classes in training


def write_odd_folder(root: Path) -> None:
    """root: an empty folder. Afterwards it holds train/ and test/ with five classes, one of a single picture."""
    for number, class_name in enumerate(("cat", "dog")):
        write_class(root / "train" / class_name, N_SOUND, first_seed=1000 * number)
        write_class(root / "test" / class_name, 10, first_seed=1000 * number + 500)
    for number, class_name in enumerate((ACCENTS, SCRIPT)):
        write_class(root / "train" / class_name / "nested" / "日本", 5, first_seed=3000 + 100 * number)
        write_class(root / "test" / class_name, 3, first_seed=3050 + 100 * number)
    write_class(root / "train" / "single", 1, first_seed=4000)
    cat, dog = root / "train" / "cat", root / "train" / "dog"
    write_sound_oddities(dog)
    write_unusable(cat)
    write_around(root, cat, dog)
    same = Image.open(cat / "003.png")
    same.save(root / "test" / "cat" / "exact copy.png")
    same.save(root / "test" / "cat" / "near copy.jpg", quality=85)


def write_sound_oddities(folder: Path) -> None:
    """Pictures that must be read, whatever they are like."""
    sound = iter(range(2000, 2100))
    picture(next(sound)).convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    levels = np.asarray(picture(next(sound), channels=1)).astype(np.uint16) * 257
    Image.fromarray(levels).save(folder / "sixteen bits.png")
    picture(next(sound)).convert("1").save(folder / "one bit.png")
    picture(next(sound)).quantize(32).save(folder / "palette.png")
    with_alpha = picture(next(sound), channels=1)
    with_alpha.putalpha(picture(next(sound), channels=1))
    with_alpha.save(folder / "gray and alpha.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(next(sound)).save(folder / "turned.jpg", exif=exif)
    frames = [picture(next(sound)) for _ in range(4)]
    frames[0].save(folder / "animation.gif", save_all=True, append_images=frames[1:2])
    frames[2].save(folder / "animation.webp", save_all=True, append_images=frames[3:])
    picture(next(sound)).save(folder / "still.webp")
    picture(next(sound), side=500).save(folder / "huge.jpg")
    picture(next(sound), side=5).save(folder / "tiny.png")
    picture(next(sound), side=200).resize((1, 200)).save(folder / "one pixel wide.png")
    buffer = io.BytesIO()
    picture(next(sound)).save(buffer, "JPEG")
    (folder / "wrong extension.png").write_bytes(buffer.getvalue())
    (folder / "no extension").write_bytes(png_bytes(picture(next(sound))))


def write_unusable(folder: Path) -> None:
    buffer = io.BytesIO()
    picture(5000).save(buffer, "JPEG")
    (folder / "truncated.jpg").write_bytes(buffer.getvalue()[:-200])
    content = bytearray(png_bytes(picture(5001)))
    content[content.index(b"IDAT") + 60] ^= 1
    (folder / "wrong checksum.png").write_bytes(content)
    (folder / "zero bytes.jpg").touch()
    (folder / "text.jpg").write_text("This is text, whatever its name says.\n")
    (folder / "bomb.png").write_bytes(bomb(20_000, 20_000))
    (folder / "broken link.png").symlink_to(folder / "gone.png")
    (folder / "link to itself").symlink_to(folder / "link to itself")
    os.mkfifo(folder / "pipe.png")


def write_around(root: Path, cat: Path, dog: Path) -> None:
    """What is no picture, or must not be entered."""
    (root / "read me.md").write_text("hello")
    (cat / "labels.txt").write_text("text")
    (cat / ".hidden.png").write_bytes(png_bytes(picture(5100)))
    (cat / "Thumbs.db").write_bytes(b"thumbs")
    (cat / "loop").symlink_to(root)
    (root / "train" / "nothing").mkdir()
    (dog / "locked.png").write_bytes(png_bytes(picture(5200)))
    (dog / "locked.png").chmod(0)
    (dog / "locked folder").mkdir(mode=0)


def png_bytes(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""
    small = png_bytes(Image.new("L", (1, 1)))
    header = struct.pack(">II", width, height) + small[24:29]
    return small[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + small[33:]
