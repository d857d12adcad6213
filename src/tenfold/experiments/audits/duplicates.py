"""Finds equal and nearly equal images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tenfold.data import Dataset

THRESHOLD = 0.1
"""Relative distance of near-duplicates. The two nearest different digits of MNIST are 0.129 apart;
pairs below 0.1 in Fashion-MNIST show, to the eye, the same photo or garment."""

COMPONENTS = 64
BLOCK = 1024
CHUNK = 20_000
_SAMPLE = 10_000
_SLACK = 1e-5  # of float32 products, relative to the squared lengths

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


def find_duplicates(dataset: Dataset, threshold: float = THRESHOLD) -> list[Indices]:
    """Find groups of images that are duplicates of each other, directly or through others.

    Images x and y are near-duplicates where ``|x - y| <= threshold * sqrt(|x| |y|)``, with
    Euclidean lengths of the pixels; equal ones are duplicates at any threshold. No pair is
    missed: candidates are selected by the distance of their projections on the first principal
    components, which is never longer than the distance itself, and then measured in full.

    Source: Jolliffe, "Principal Component Analysis", 2002.

    Args:
        dataset: n images.
        threshold: relative distance; 0 for equal images only.

    Returns:
        One int array of ascending indices per group; groups are ordered by their first index.

    Example:
        >>> images = np.zeros((4, 28, 28), np.uint8)
        >>> images[0, 5:20, 9] = images[2, 5:20, 9] = 200
        >>> images[2, 5, 9], images[3, 9] = 199, 255
        >>> data = Dataset(images, np.zeros(4, np.int64), ("0",))
        >>> [group.tolist() for group in find_duplicates(data)]
        [[0, 2]]
    """
    first, equal_to = np.unique(dataset.digests, return_index=True, return_inverse=True)[1:]
    distinct = dataset.images[first].reshape(len(first), -1)
    labels = _merge_near(distinct, threshold)[equal_to]
    order = np.argsort(labels, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return sorted((group for group in groups if len(group) > 1), key=lambda group: int(group[0]))


def _merge_near(pixels: npt.NDArray[np.uint8], threshold: float) -> Indices:
    """The number of the group of each distinct image, for uint8 ``[n, pixels]``."""
    groups = np.arange(len(pixels))
    for a, b in _candidates(pixels, threshold):
        for start in range(0, len(a), CHUNK):
            i, j = a[start : start + CHUNK], b[start : start + CHUNK]
            apart = groups[i] != groups[j]
            i, j = i[apart], j[apart]
            near = _are_near(pixels[i], pixels[j], threshold)
            if near.any():
                groups = _connected(groups, i[near], j[near])
    return groups


def _candidates(
    pixels: npt.NDArray[np.uint8], threshold: float
) -> Iterator[tuple[Indices, Indices]]:
    """Candidate pairs of indices (i, j), block by block; every near pair is among them.

    A pair is a candidate where ``|p - q|^2 - (threshold^2 + slack) |x| |y| <= 0`` for the
    projections p and q; the left side is one product of longer vectors.
    """
    lengths = np.sqrt(np.square(pixels, dtype=np.float32).sum(axis=1))
    order = np.argsort(lengths)
    lengths, p = lengths[order], _project(pixels)[order]
    squares = (1 - _SLACK) * np.square(p).sum(axis=1)
    ones, wide = np.ones_like(lengths), np.float32((1.001 * threshold) ** 2)
    left = np.column_stack([-2 * p, squares, ones, -wide * lengths])
    right = np.column_stack([p, ones, squares, lengths])
    longest = lengths * (1 + threshold) ** 2  # |y| of a near pair, as |y| - |x| <= |x - y|
    for start in range(0, len(order), BLOCK):
        stop = min(start + BLOCK, len(order))
        end = np.searchsorted(lengths, longest[stop - 1], side="right")
        i, j = np.nonzero(left[start:stop] @ right[start:end].T <= 0)
        later = j > i
        yield order[start + i[later]], order[start + j[later]]


def _project(pixels: npt.NDArray[np.uint8]) -> Floats:
    """Projections on principal directions, float32 ``[n, components]``.

    The directions are estimated from a sample; exactness only requires that they are orthonormal.
    """
    step = -(-len(pixels) // _SAMPLE)
    sample = pixels[::step].astype(np.float32)
    mean = sample.mean(axis=0)
    sample -= mean
    directions = np.linalg.eigh((sample.T @ sample).astype(np.float64))[1]
    basis = directions[:, -COMPONENTS:].astype(np.float32)
    parts = [
        (pixels[start : start + CHUNK] - mean) @ basis for start in range(0, len(pixels), CHUNK)
    ]
    return np.concatenate(parts)


def _are_near(
    x: npt.NDArray[np.uint8], y: npt.NDArray[np.uint8], threshold: float
) -> npt.NDArray[np.bool_]:
    x, y = x.astype(np.float32), y.astype(np.float32)
    distance = np.linalg.norm(x - y, axis=1)
    scale = np.sqrt(np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1))
    near: npt.NDArray[np.bool_] = distance <= threshold * scale
    return near


def _connected(groups: Indices, i: Indices, j: Indices) -> Indices:
    """Groups after merging those of the images i and j."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(groups)
    links = coo_array((np.ones(len(i), bool), (groups[i], groups[j])), shape=(n, n))
    merged: Indices = connected_components(links, directed=False)[1].astype(np.int64)
    return merged[groups]
