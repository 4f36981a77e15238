"""FITS as telescopes write it: signed, scaled and in planes, where Pillow shows the first as its bits are stored."""

import math
import re

import numpy as np
from PIL import Image

from bakeoff.datasets.folder.samples import Raw, Rules, describe_pages, project

NUMBER = re.compile(rb"(BITPIX|NAXIS[3-9]|BZERO|BSCALE) *= *([-+.\dED]+)")
CARD = 80  # bytes of one
SAMPLES = {8: "u1", 16: ">i2", 32: ">i4", -32: ">f4", -64: ">f8"}  # by BITPIX


def open_fits(image: Image.Image, content: bytes, rules: Rules) -> Raw | None:
    """The values that samples stand for, float64; None for what is no FITS, and of plain bytes or compressed, Pillow's.

    Source: FITS Standard 4.0, 4.4.2 and 5.
    """
    if image.format != "FITS":
        return None
    codec, _, start, _ = image.tile[0]  # type: ignore[attr-defined]
    cards = filter(None, (NUMBER.match(content, place) for place in range(0, start, CARD)))
    header = {card[1]: float(card[2].replace(b"D", b"E")) for card in cards}
    bits, zero, scale = header[b"BITPIX"], header.get(b"BZERO", 0), header.get(b"BSCALE", 1)
    n_planes = int(math.prod(n for name, n in header.items() if name.startswith(b"NAXIS")))
    if codec != "raw" or (bits, zero, scale, n_planes) == (8, 0, 1, 1):
        return None
    width, height = image.size

    def read() -> np.ndarray:
        stack = np.frombuffer(content, SAMPLES[int(bits)], n_planes * height * width, start)
        upright = stack.reshape(n_planes, height, width, 1)[:, ::-1].astype(np.float64)
        return project(upright * scale + zero, rules.pages)

    n_channels = n_planes if rules.pages == "channels" else 1
    remarks = (describe_pages(rules.pages),) if n_planes > 1 else ()
    return Raw(np.dtype(np.float64), 64, n_channels, image.size, read, "FITS", remarks, n_pages=n_planes)
