"""Hand-crafted features of one photograph, as pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from bakeoff.datasets.sets.photos import read_picture
from bakeoff.pipelines.classic.codebook.kmeans import assign_words, fit_kmeans
from bakeoff.pipelines.classic.families.visual_words import draw_visual_words
from bakeoff.pipelines.classic.features.color_histogram import extract_color_histogram
from bakeoff.pipelines.classic.features.dense_sift import N_ORIENTATIONS, dense_sift_positions, extract_dense_sift
from bakeoff.pipelines.classic.features.grid import N_BINS
from bakeoff.pipelines.classic.features.hog import extract_hog

PHOTOGRAPH = "china"
N_COLOR_BINS = 32
HOG_CELL = 8  # pixels
SIFT_BIN, SIFT_STRIDE = 8, 16  # pixels; sparse, so that the grid can be seen
WORD_BIN, WORD_STRIDE = 4, 4  # pixels
N_WORDS = 24


def read_photograph() -> torch.Tensor:
    """uint8 (1, height, width, 3)."""
    return torch.from_numpy(read_picture(PHOTOGRAPH).copy())[None]


@dataclass(frozen=True)
class ColorHistogram:
    """photograph uint8 (h, w, 3).   hue, saturation, brightness (n_bins,): shares of the pixels, bins over 0..1."""

    photograph: np.ndarray
    hue: np.ndarray
    saturation: np.ndarray
    brightness: np.ndarray


def color_histogram() -> ColorHistogram:
    images = read_photograph()
    shares = extract_color_histogram(images, n_bins=N_COLOR_BINS)[0].numpy() * 3  # each channel sums to 1
    return ColorHistogram(images[0].numpy(), *shares.reshape(3, N_COLOR_BINS))


@dataclass(frozen=True)
class HogGlyphs:
    """cell_size: pixels.   histograms (cells_y, cells_x, 9): gradient of each cell by direction, bin 0 from the x axis
    on, turning towards y (down) over half a circle; of the whole picture's Euclidean length."""

    photograph: np.ndarray
    cell_size: int
    histograms: np.ndarray


def hog_glyphs() -> HogGlyphs:
    """All cells in one block, so that cells can be compared: a flat one has no more than its noise.

    Blocks are square; the missing rows below are filled with the last one, and left off again.
    """
    photograph = read_photograph()[0].numpy()
    height, width, _ = photograph.shape
    square = np.pad(photograph, ((0, width - height), (0, 0), (0, 0)), mode="edge")
    n_cells = width // HOG_CELL
    block = extract_hog(torch.from_numpy(square)[None], cell_size=HOG_CELL, block_size=n_cells, block_norm="L2")
    histograms = block.view(n_cells, n_cells, -1)[: height // HOG_CELL].numpy()
    return HogGlyphs(photograph, HOG_CELL, histograms)


@dataclass(frozen=True)
class SiftGrid:
    """positions (n, 2): x and y of the descriptors' centers.   bin_size: pixels.
    descriptors (n, 4, 4, 8): bin y, bin x, orientation.   shown: index of the descriptor of largest contrast."""

    photograph: np.ndarray
    positions: np.ndarray
    bin_size: int
    descriptors: np.ndarray
    shown: int


def sift_grid() -> SiftGrid:
    images = read_photograph()
    positions = dense_sift_positions(*images.shape[1:3], bin_size=SIFT_BIN, stride=SIFT_STRIDE)
    descriptors = extract_dense_sift(images, bin_size=SIFT_BIN, stride=SIFT_STRIDE)[0]
    # With a regularizer a descriptor is the shorter, the fainter its patch.
    faded = extract_dense_sift(images, bin_size=SIFT_BIN, stride=SIFT_STRIDE, regularizer=100.0)[0]
    shown = int(faded.norm(dim=1).argmax())
    bins = descriptors.view(-1, N_BINS, N_BINS, N_ORIENTATIONS).numpy()
    return SiftGrid(images[0].numpy(), positions.numpy(), SIFT_BIN, bins, shown)


@dataclass(frozen=True)
class VisualWords:
    """words int (rows, columns): the word of each place of the grid, numbered from the most used.
    corner, stride: pixels; where the first place lies (x = y), and how far apart they are.
    patches uint8 (n_words, side, side, 3): what the words look like.   shares (n_words,): of the places."""

    photograph: np.ndarray
    words: np.ndarray
    corner: float
    stride: int
    patches: np.ndarray
    shares: np.ndarray


def visual_words() -> VisualWords:
    """A codebook of RootSIFT descriptors of this photograph alone, and the words that it is made of."""
    images = read_photograph()
    positions = dense_sift_positions(*images.shape[1:3], bin_size=WORD_BIN, stride=WORD_STRIDE)
    descriptors = extract_dense_sift(images, bin_size=WORD_BIN, stride=WORD_STRIDE, root=True, contrast_threshold=2.0)
    codebook = fit_kmeans(descriptors[0], n_words=N_WORDS, seed=0)
    words = assign_words(descriptors[0], codebook)
    usage = torch.bincount(words, minlength=N_WORDS)
    order = usage.argsort(descending=True, stable=True)
    side = 4 * WORD_BIN
    patches = draw_visual_words(images, [descriptors], positions, codebook, window_size=side, n_words=N_WORDS)
    n_columns = int((positions[:, 1] == positions[0, 1]).sum())
    ranks = order.argsort()[words].view(-1, n_columns)
    shares = (usage[order] / len(words)).numpy()
    return VisualWords(images[0].numpy(), ranks.numpy(), float(positions[0, 0]), WORD_STRIDE, patches.numpy(), shares)
