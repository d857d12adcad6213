"""Corruptions: each by its definition, with scipy and by its invariances."""

import numpy as np
import pytest
from scipy import ndimage

from tenfold import InputError
from tenfold.data.corruptions import CORRUPTIONS, corrupt, moves, noise, overlays


@pytest.fixture(scope="module")
def images(mnist):
    return mnist.test.images[:60]


def unit(images):
    return images / np.float32(255)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_kind_depends_on_its_seed_and_changes_most_images(images, kind):
    changed = corrupt(images, kind, seed=3)
    assert changed.dtype == np.uint8
    assert changed.shape == images.shape
    np.testing.assert_array_equal(changed, corrupt(images, kind, seed=3))
    assert (changed != images).any(axis=(1, 2)).mean() > 0.95
    is_random = kind not in ("scale", "brightness", "stripe", "canny edges")
    assert (changed != corrupt(images, kind, seed=4)).any() == is_random
    colour = np.repeat(images[..., None], 3, axis=3)
    np.testing.assert_array_equal(corrupt(colour, kind, seed=3)[..., 1], changed)


@pytest.mark.parametrize(("kind", "shape"), [("fog", (20, 36)), ("zigzag", (64, 64))])
def test_other_sizes_are_corrupted(kind, shape):
    assert corrupt(np.zeros((3, *shape), np.uint8), kind).any(axis=(1, 2)).all()


def test_there_are_fifteen_kinds_and_no_others(images):
    assert len(CORRUPTIONS) == 15
    with pytest.raises(InputError, match="corruption: 'fogg' is unknown; did you mean 'fog'"):
        corrupt(images, "fogg")
    with pytest.raises(InputError, match=r"images are float32 \[60, 28, 28\]"):
        corrupt(unit(images), "fog")


def test_noise_has_its_distribution():
    grey = np.full((50, 28, 28), 0.5, np.float32)
    shot = noise.shot_noise(grey, np.random.default_rng(0))
    assert shot.mean() == pytest.approx(0.5, abs=0.01)
    assert shot.var() == pytest.approx(0.5 / noise.PHOTONS, abs=0.01)  # Poisson
    impulse = noise.impulse_noise(grey, np.random.default_rng(0))
    for value in (0, 1):
        assert (impulse == value).mean() == pytest.approx(noise.IMPULSES / 2, abs=0.01)


def test_moves_are_those_of_scipy(images):
    digits = unit(images[:20])
    centre = np.array([13.5, 13.5])
    smaller = moves.scale(digits, np.random.default_rng(0))
    linear = {"order": 1, "mode": "constant"}
    matrix = np.eye(2) / moves.SIZE
    for ours, digit in zip(smaller, digits, strict=True):
        theirs = ndimage.affine_transform(digit, matrix, centre - matrix @ centre, **linear)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    degrees = np.degrees(moves.ANGLE)
    for ours, digit in zip(moves.rotate(digits, np.random.default_rng(0)), digits, strict=True):
        both = [ndimage.rotate(digit, a, reshape=False, order=1) for a in (degrees, -degrees)]
        assert min(np.abs(ours - theirs).max() for theirs in both) < 1e-4
    for ours, digit in zip(moves.translate(digits, np.random.default_rng(0)), digits, strict=True):
        four = [ndimage.shift(digit, (a, b), order=1) for a in (-3, 3) for b in (-3, 3)]
        assert min(np.abs(ours - theirs).max() for theirs in four) < 1e-5
    sheared = moves.shear(digits, np.random.default_rng(0))
    np.testing.assert_allclose(sheared.sum(axis=2), digits.sum(axis=2), atol=1.0)  # rows stay


def test_blurs_keep_the_ink_within_the_frame():
    block = np.zeros((40, 28, 28), np.float32)
    block[:, 12:16, 12:16] = 1
    for blur in (noise.glass_blur, noise.motion_blur):
        blurred = blur(block, np.random.default_rng(0))
        np.testing.assert_allclose(blurred.sum(axis=(1, 2)), 16, rtol=0.01)
        assert blurred.max() < 1


def test_overlays_only_add_and_stripes_are_their_own_inverse(images):
    digits, generator = unit(images), np.random.default_rng(0)
    for add in (overlays.brightness, overlays.spatter, overlays.dotted_line, overlays.zigzag):
        assert (add(digits, generator) >= digits).all()
    twice = overlays.stripe(overlays.stripe(digits, generator), generator)
    np.testing.assert_allclose(twice, digits, atol=1e-6)
    edges = overlays.canny_edges(digits, generator)
    assert set(np.unique(edges)) == {0, 1}


def test_fog_is_rough_at_all_scales_and_dims_the_digit(images):
    foggy = overlays.fog(unit(images), np.random.default_rng(0))
    ink = images > 250
    contrast = foggy[ink].mean() - foggy[images == 0].mean()
    assert contrast == pytest.approx(1 / (1 + overlays.FOG[0]), abs=0.05)
    assert foggy[images == 0].std() > 0.05
