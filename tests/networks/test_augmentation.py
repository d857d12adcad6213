"""Augmentation against scipy, and by its invariances."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from tenfold import Augmentation, InputError
from tenfold.networks.augmentation import augment as augment_eagerly
from tenfold.networks.augmentation.clutter import clutter
from tenfold.networks.augmentation.geometry import sample, shift
from tenfold.networks.augmentation.pixels import add_noise, blur, thicken

KEY = jax.random.key(3)
augment, thicken, clutter, blur, add_noise = (
    jax.jit(step, static_argnums=2) for step in (augment_eagerly, thicken, clutter, blur, add_noise)
)


@pytest.fixture(scope="module")
def images(mnist):
    return jnp.asarray(mnist.train.images[:64] / np.float32(255))


def test_sampling_equals_scipys_bilinear_interpolation(images):
    generator = np.random.default_rng(0)
    coordinates = generator.uniform(-6, 34, (2, 64, 28, 28)).astype(np.float32)
    ours = sample(images, jnp.asarray(coordinates[0]), jnp.asarray(coordinates[1]))
    for i in range(8):
        padded = np.pad(np.asarray(images[i]), 10)
        theirs = ndimage.map_coordinates(padded, coordinates[:, i] + 10, order=1)
        np.testing.assert_allclose(ours[i], theirs, atol=1e-4)


@pytest.mark.parametrize("pixels", [1, 3])
def test_a_shift_is_an_exact_copy_at_every_allowed_offset(images, pixels):
    moved = np.asarray(shift(KEY, images, pixels))
    offsets = set()
    for original, image in zip(np.asarray(images), moved, strict=True):
        padded = np.pad(original, pixels)
        matches = [
            (i, j)
            for i in range(2 * pixels + 1)
            for j in range(2 * pixels + 1)
            if np.array_equal(padded[i : i + 28, j : j + 28], image)
        ]
        assert matches
        offsets.add(matches[0])
    assert len(offsets) >= (2 * pixels + 1) ** 2 * 0.6


def test_without_settings_the_images_stay_the_same(images):
    assert not Augmentation()
    np.testing.assert_array_equal(augment(KEY, images, Augmentation()), images)


@settings(max_examples=8, deadline=None)
@given(
    st.builds(
        Augmentation,
        shift=st.floats(0, 4),
        rotation=st.floats(0, 40),
        scale=st.floats(0, 0.3),
        shear=st.floats(0, 0.3),
        elastic=st.floats(0, 3),
        thickness=st.floats(0, 2),
        blur=st.floats(0, 1),
    )
)
def test_grey_levels_stay_within_those_of_the_image(how):
    images = jnp.zeros((4, 12, 12)).at[:, 3:9, 4:8].set(0.8)
    moved = np.asarray(augment_eagerly(KEY, images, how))
    assert moved.shape == images.shape
    assert moved.min() >= 0
    assert moved.max() <= 0.8 + 1e-6


@pytest.mark.parametrize(
    "how",
    [
        Augmentation(rotation=20),
        Augmentation(scale=0.2),
        Augmentation(shear=0.3),
        Augmentation(elastic=2),
        Augmentation(rotation=5, shift=2),
        Augmentation(thickness=1),
        Augmentation(blur=1),
        Augmentation(noise=0.1),
        Augmentation(clutter=1),
        Augmentation(cutout=20),
    ],
)
def test_images_depend_on_the_key_and_on_their_index(how):
    ring = jnp.zeros((28, 28)).at[8:20, 8:20].set(1.0).at[11:17, 10:18].set(0.0)
    images = jnp.stack([ring] * 3)
    first = np.asarray(augment(KEY, images, how))
    np.testing.assert_array_equal(first, augment(KEY, images, how))
    assert not np.allclose(first, augment(jax.random.key(4), images, how))
    assert not np.allclose(first[0], first[1])


def test_flip_mirrors_a_share_of_the_images_and_no_other():
    images = jnp.zeros((1000, 4, 6)).at[:, 1, 1].set(1.0)
    mirrored = np.asarray(augment(KEY, images, Augmentation(flip=0.3)))
    changed = mirrored[:, 1, 4] == 1
    np.testing.assert_array_equal(mirrored[changed], images[changed][..., ::-1])
    np.testing.assert_array_equal(mirrored[~changed], images[~changed])
    assert 250 < changed.sum() < 350


def test_alternate_flips_mirror_each_image_in_its_share_of_the_epochs(images):
    noise = np.random.default_rng(0).integers(0, 256, (400, 6, 6), np.uint8)
    digits = jnp.asarray(noise / np.float32(255))
    for share, period in ((0.5, 2), (0.25, 4), (1.0, 1)):
        how = Augmentation(flip=share, alternate=True)
        turns = np.stack(
            [(augment_eagerly(KEY, digits, how, e) != digits).any((1, 2)) for e in range(8)]
        )
        np.testing.assert_array_equal(turns[:-period], turns[period:])
        assert (turns[:period].sum(axis=0) == 1).all()
        assert abs(turns[0].mean() - share) < 0.08
    order = np.random.default_rng(1).permutation(len(digits))
    np.testing.assert_array_equal(
        augment_eagerly(KEY, digits[order], how, 3), augment_eagerly(KEY, digits, how, 3)[order]
    )


def test_coloured_images_are_mirrored_in_all_channels_at_once():
    colours = jnp.asarray(np.random.default_rng(0).random((50, 5, 5, 3), np.float32))
    for how in (Augmentation(flip=0.5), Augmentation(flip=0.5, alternate=True)):
        changed = augment_eagerly(KEY, colours, how)
        mirrored = (changed == colours[:, :, ::-1]).all(axis=(1, 2, 3))
        same = (changed == colours).all(axis=(1, 2, 3))
        assert (mirrored | same).all()
        assert 10 < mirrored.sum() < 40


def test_alternate_without_flips_is_refused():
    with pytest.raises(InputError, match="alternate: no images are mirrored; give flip"):
        Augmentation(alternate=True)


@pytest.mark.parametrize("side", [1, 8, 16])
def test_cutout_blackens_one_square_around_a_pixel_of_the_frame(side):
    n, height, width = 2000, 28, 24
    left = np.asarray(augment(KEY, jnp.ones((n, height, width)), Augmentation(cutout=side)))
    black = left == 0
    rows, columns = black.any(axis=2), black.any(axis=1)
    np.testing.assert_array_equal(black, rows[:, :, None] & columns[:, None, :])
    # By the paper's definition: the mean share of a row or column that a square covers.
    for covered, size in ((rows, height), (columns, width)):
        starts = np.arange(size)[:, None] - side // 2
        expected = (np.arange(size) >= starts) & (np.arange(size) < starts + side)
        np.testing.assert_allclose(covered.mean(axis=0), expected.mean(axis=0), atol=0.06)
        assert {tuple(row) for row in covered} == {tuple(row) for row in expected}


def test_a_rotation_stays_within_its_angle():
    bar = jnp.zeros((200, 29, 29)).at[:, 14, 4:25].set(1.0)
    moved = np.asarray(augment(KEY, bar, Augmentation(rotation=30)))
    y, x = np.mgrid[-14:15, -14:15]
    angles = []
    for image in moved:
        right = image * (x > 5)
        angles.append(np.degrees(np.arctan2((right * y).sum(), (right * x).sum())))
    assert np.abs(angles).max() <= 31
    assert np.ptp(angles) > 50


def test_steps_on_grey_values_do_not_change_the_moves(images):
    moves = Augmentation(shift=2, rotation=10)
    moved = augment(KEY, images, moves)
    hardly = augment(KEY, images, replace(moves, thickness=1e-6, noise=1e-7))
    np.testing.assert_allclose(hardly, moved, atol=1e-5)
    np.testing.assert_array_equal(
        augment(KEY, images, Augmentation(shift=2)), shift(KEY, images, 2)
    )


def test_augment_equals_its_steps_in_order(images):
    how = Augmentation(shift=2, thickness=1, blur=0.7, noise=0.05, clutter=0.5)
    keys = jax.random.split(jax.random.fold_in(KEY, 1), 4)
    expected = thicken(keys[0], shift(KEY, images, 2), 1)
    expected = blur(keys[2], clutter(keys[1], expected, 0.5), 0.7)
    expected = add_noise(keys[3], expected, 0.05)
    np.testing.assert_allclose(augment(KEY, images, how), expected, atol=1e-5)


def test_strokes_lie_between_scipys_erosion_and_dilation(images):
    changed = np.asarray(thicken(KEY, images, 2.0))
    cross = ndimage.generate_binary_structure(2, 1)
    shares = []
    for original, image in zip(np.asarray(images), changed, strict=True):
        thicker = image.sum() > original.sum()
        filters = (ndimage.grey_erosion, ndimage.grey_dilation)
        end = filters[int(thicker)](original, footprint=cross, mode="constant")
        share = (image.sum() - original.sum()) / (end.sum() - original.sum())
        np.testing.assert_allclose(image, original + share * (end - original), atol=1e-3)
        shares.append(share * (1 if thicker else -1))
    assert min(shares) < -0.8
    assert max(shares) > 0.8


def test_blur_is_a_gaussian_of_up_to_its_sigma(images):
    blurred = np.asarray(blur(KEY, images, 1.2))
    estimates = []
    for original, image in zip(np.asarray(images), blurred, strict=True):
        sigmas = np.arange(0.02, 1.4, 0.02)
        theirs = [ndimage.gaussian_filter(original, s, mode="constant", radius=6) for s in sigmas]
        errors = [np.abs(each - image).max() for each in theirs]
        assert min(errors) < 0.02
        estimates.append(sigmas[np.argmin(errors)])
    assert max(estimates) <= 1.2
    assert np.ptp(estimates) > 0.8


def test_noise_has_its_deviation_and_lowers_the_contrast():
    grey = np.asarray(add_noise(KEY, jnp.full((400, 28, 28), 0.5), 0.1))
    deviations = grey.std(axis=(1, 2))
    assert deviations.max() == pytest.approx(0.1, abs=0.005)
    assert deviations.min() < 0.01
    levels = grey.mean(axis=(1, 2))
    assert levels.min() == pytest.approx(0.5 * 0.6, abs=0.02)
    assert levels.max() == pytest.approx(0.5, abs=0.02)
    assert ((grey >= 0) & (grey <= 1)).all()


def test_clutter_adds_ink_to_its_share_and_removes_none(images):
    many = jnp.tile(images, (8, 1, 1))
    cluttered = np.asarray(clutter(KEY, many, 0.4))
    assert (cluttered >= np.asarray(many)).all()
    assert cluttered.max() <= 1
    changed = (cluttered != np.asarray(many)).any(axis=(1, 2))
    assert 0.25 < changed.mean() < 0.45
    np.testing.assert_array_equal(clutter(KEY, many, 1e-9), many)


def test_clutter_is_at_the_border_or_a_horizontal_line():
    ink = jnp.zeros((600, 28, 28)).at[:, 4:24, 4:24].set(1.0)
    blank = ink.at[::2].set(0.0)
    pieces = np.asarray(clutter(KEY, blank, 1.0))[::2]  # their other digits are white squares
    inner = pieces[:, 9:19, 9:19]
    level = inner.max(axis=2, keepdims=True) * (inner.min(axis=2, keepdims=True) > 0)
    inside, borders = inner.max(axis=(1, 2)) > 0, pieces.max(axis=(1, 2)) > 0
    assert borders.mean() > 0.95
    assert inside.mean() < 0.3
    assert (level.max(axis=(1, 2)) > 0)[inside].mean() > 0.5


@pytest.mark.parametrize(
    "values",
    [
        {"shift": -1},
        {"shift": 15},
        {"scale": 1.0},
        {"elastic": float("nan")},
        {"thickness": 2.1},
        {"blur": -0.1},
        {"noise": 0.3},
        {"clutter": 1.1},
        {"cutout": -1},
        {"cutout": 2.5},
        {"alternate": 1},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(InputError, match=f"augmentation {next(iter(values))}"):
        Augmentation(**values)
