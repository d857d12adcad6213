"""Touching digits are split, single ones not, broken strokes joined."""

import numpy as np
import pytest
from pictures import enlarged, on_paper, text_by_similarity

from tenfold.core.errors import NoDigitError
from tenfold.handwriting import detect_digits
from tenfold.handwriting.reading import read


@pytest.mark.parametrize("overlap", [1, 2])
@pytest.mark.parametrize("pair", ["80", "83", "28", "06", "85"])
def test_touching_digits_are_split(pair, overlap, digits):
    left, right = (digits[int(d)] for d in pair)
    left, right = (image[:, (image > 127).any(0)] for image in (left, right))
    ink = np.zeros((28, left.shape[1] + right.shape[1] - overlap), np.uint8)
    ink[:, : left.shape[1]] = left
    np.maximum(ink[:, -right.shape[1] :], right, out=ink[:, -right.shape[1] :])
    page = detect_digits(np.pad(enlarged(ink, 5), 60))
    assert text_by_similarity(page, digits) == pair


@pytest.mark.parametrize("digit", range(10))
def test_single_digits_are_not_split(digit, mnist):
    images = mnist.validation.images[mnist.validation.labels == digit][:12]
    counts = [len(detect_digits(on_paper(enlarged(image, 4) / 255)).crops) for image in images]
    assert counts.count(1) >= 11


@pytest.mark.parametrize("digit", [0, 2, 3, 5, 6, 8])
@pytest.mark.parametrize("axis", [0, 1], ids=["across", "down"])
def test_a_broken_stroke_is_joined(digit, axis, digits):
    image = enlarged(digits[digit], 6).copy()
    middle = int((image.sum(axis=1 - axis) * np.arange(168)).sum() / image.sum())
    np.moveaxis(image, axis, 0)[middle : middle + 5] = 0
    page = detect_digits(on_paper(image / 255))
    assert text_by_similarity(page, digits) == str(digit)


def test_a_long_stroke_is_not_cut_into_digits(digits):
    ink = np.zeros((200, 1700))
    ink[70:130, 100:1600] = 1
    with pytest.raises(NoDigitError):
        detect_digits(on_paper(ink))
    with pytest.raises(NoDigitError):
        read(on_paper(ink))
