"""Checksums of images and labels, the same on every platform."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from tenfold.data.array_types import Images, Labels
from tenfold.data.lazy_images import in_chunks


def checksum(images: Images, labels: Labels) -> str:
    """Return the SHA-256 of shape, images and labels, in hexadecimal."""
    digest = hashlib.sha256(repr(images.shape).encode())
    for chunk in in_chunks(images):
        digest.update(np.ascontiguousarray(chunk).data)
    digest.update(labels.astype("<i8").tobytes())
    return digest.hexdigest()


def digests(images: Images) -> NDArray[np.str_]:
    """Return the first 16 hexadecimal digits of the SHA-256 of each image's shape and pixels."""
    start = hashlib.sha256(repr(images.shape[1:]).encode())
    result = np.empty(len(images), "U16")
    for i, image in enumerate(image for chunk in in_chunks(images) for image in chunk):
        digest = start.copy()
        digest.update(image.tobytes())
        result[i] = digest.hexdigest()[:16]
    return result
