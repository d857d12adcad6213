"""Synthetic non-digits and handwriting styles: content, position, seeds."""

import numpy as np
import pytest
from scipy import ndimage

from tenfold import InputError
from tenfold.data.synthetic import (
    KINDS,
    add_upstrokes,
    cross_stems,
    draw_non_digits,
    lengthen_stems,
)
from tenfold.data.synthetic.letters import UNAMBIGUOUS

STROKES = ("scribbles", "marks", "letters", "pairs")


@pytest.fixture(scope="module")
def digits(mnist):
    return mnist.train.images[:500]


@pytest.fixture(scope="module")
def by_kind(digits):
    return {kind: draw_non_digits(200, 5, digits, [kind]) for kind in KINDS}


def ink(images):
    return (images > 0).mean(axis=(1, 2))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_ink_and_differs_from_image_to_image(by_kind, kind):
    images = by_kind[kind]
    assert images.shape == (200, 28, 28)
    assert images.dtype == np.uint8
    if kind == "empty":
        assert 0.1 < (ink(images) == 0).mean() < 0.5
    else:
        assert images.reshape(200, -1).max(axis=1).min() > 50
    different = np.unique(images.reshape(200, -1), axis=0)
    assert len(different) > 195 - 200 * (ink(images) == 0).mean()


@pytest.mark.parametrize("kind", STROKES)
def test_strokes_leave_most_of_the_frame_black(by_kind, kind):
    assert 0.1 < ink(by_kind[kind]).mean() < 0.4


def test_most_are_centred_as_in_mnist_and_some_are_not(by_kind):
    images = np.concatenate([by_kind[kind] for kind in ("scribbles", "letters", "pairs")])
    rows = [np.flatnonzero(image.any(axis=1)) for image in images]
    columns = [np.flatnonzero(image.any(axis=0)) for image in images]
    sides = np.array([max(np.ptp(r), np.ptp(c)) + 1 for r, c in zip(rows, columns, strict=True)])
    centres = np.array([ndimage.center_of_mass(image) for image in images])
    usual = (np.abs(sides - 20) <= 1) & (np.abs(centres - 13.5).max(axis=1) < 1.5)
    assert 0.65 < usual.mean() < 0.9


def test_the_same_seed_draws_the_same_images(digits):
    first = draw_non_digits(70, 8, digits)
    np.testing.assert_array_equal(first, draw_non_digits(70, 8, digits))
    assert (first != draw_non_digits(70, 9, digits)).any(axis=(1, 2)).mean() > 0.9


def test_all_kinds_have_the_same_share(digits, by_kind):
    everything = draw_non_digits(700, 2, digits)
    filled = (ink(everything) > 0.9).mean()
    expected = np.mean([(ink(images) > 0.9).mean() for images in by_kind.values()])
    assert filled == pytest.approx(expected, abs=0.06)
    without = draw_non_digits(600, 2)
    assert without.shape == (600, 28, 28)
    assert draw_non_digits(0, 2).shape == (0, 28, 28)


def test_pairs_are_made_of_the_digits_passed():
    bar = np.zeros((1, 28, 28), np.uint8)
    bar[0, 4:24, 12:16] = 200
    for image in draw_non_digits(30, 0, bar, ["pairs"]):
        assert ndimage.label(image > 20)[1] in (1, 2)
        assert image.max() in range(150, 256)


def test_letters_that_resemble_digits_are_left_out():
    assert not set(UNAMBIGUOUS) & set("0123456789OoQDlI|iZzSsBbGgqyjJ")
    assert len(set(UNAMBIGUOUS)) == len(UNAMBIGUOUS) > 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": -1}, "n: -1; give a whole number from 0"),
        ({"seed": -2}, "seed: -2; give a whole number from 0"),
        ({"kinds": ["cats"]}, "kinds: .'cats'.; give some of scribbles, marks"),
        ({"kinds": []}, "kinds: none; give some of"),
        ({"kinds": ["pairs"]}, "pairs are made of digits"),
        ({"digits": np.zeros((1, 28, 27), np.uint8)}, r"digits: uint8 \[1, 28, 27\]; give uint8"),
        ({"digits": np.zeros((2, 28, 28))}, r"digits: float64 \[2, 28, 28\]"),
        ({"digits": np.zeros((0, 28, 28), np.uint8)}, "m from 1"),
    ],
)
def test_invalid_arguments_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        draw_non_digits(**{"n": 3, "seed": 0} | arguments)


STYLES = {cross_stems: 7, lengthen_stems: 9, add_upstrokes: 1}


@pytest.mark.parametrize(("style", "label"), STYLES.items())
def test_handwriting_styles_are_centred_as_in_mnist_and_differ(mnist, style, label):
    digits = mnist.train.images[mnist.train.labels == label][:100]
    images = style(digits, 3)
    np.testing.assert_array_equal(images, style(digits, 3))
    for image, digit in zip(images, digits, strict=True):
        rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20, 21)
        assert np.abs(np.subtract(ndimage.center_of_mass(image), 13.5)).max() < 1.5
        assert np.abs(image.astype(int) - digit).mean() > 2


def test_a_bar_and_an_upstroke_add_ink_and_a_long_stem_narrows(mnist):
    of = {label: mnist.train.images[mnist.train.labels == label][:100] for label in (1, 7, 9)}
    for style, label in ((cross_stems, 7), (add_upstrokes, 1)):
        assert ink(style(of[label], 0)).mean() > 1.1 * ink(of[label]).mean()
    for label in (7, 9):
        widths = [
            images.any(axis=1).sum(axis=1).mean()
            for images in (lengthen_stems(of[label], 0), of[label])
        ]
        assert widths[0] < 0.85 * widths[1]


@pytest.mark.parametrize("style", STYLES)
def test_handwriting_styles_need_images_with_ink(style):
    for images in (np.zeros((1, 28, 28), np.uint8), np.ones((1, 28, 27), np.uint8)):
        with pytest.raises(InputError, match="images: "):
            style(images, 0)
