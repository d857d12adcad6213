"""Augmentation against scipy, and by its invariances."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from tenfold import Augmentation, InputError
from tenfold.augment import augment, sample, shift

KEY = jax.random.key(3)


@pytest.fixture(scope="module")
def images(mnist):
    return jnp.asarray(mnist.train.images[:64] / np.float32(255))


def test_sampling_equals_scipys_bilinear_interpolation(images):
    generator = np.random.default_rng(0)
    places = generator.uniform(-6, 34, (2, 64, 28, 28)).astype(np.float32)
    ours = sample(images, jnp.asarray(places[0]), jnp.asarray(places[1]))
    for i in range(8):
        padded = np.pad(np.asarray(images[i]), 10)
        theirs = ndimage.map_coordinates(padded, places[:, i] + 10, order=1)
        np.testing.assert_allclose(ours[i], theirs, atol=1e-4)


@pytest.mark.parametrize("pixels", [1, 3])
def test_a_shift_is_an_exact_copy_at_every_allowed_place(images, pixels):
    moved = np.asarray(shift(KEY, images, pixels))
    found = set()
    for original, image in zip(np.asarray(images), moved, strict=True):
        padded = np.pad(original, pixels)
        places = [
            (i, j)
            for i in range(2 * pixels + 1)
            for j in range(2 * pixels + 1)
            if np.array_equal(padded[i : i + 28, j : j + 28], image)
        ]
        assert places
        found.add(places[0])
    assert len(found) >= (2 * pixels + 1) ** 2 * 0.6


def test_nothing_asked_nothing_done(images):
    assert not Augmentation()
    np.testing.assert_array_equal(augment(KEY, images, Augmentation()), images)


@settings(max_examples=20, deadline=None)
@given(
    st.builds(
        Augmentation,
        shift=st.floats(0, 4),
        rotation=st.floats(0, 40),
        scale=st.floats(0, 0.3),
        shear=st.floats(0, 0.3),
        elastic=st.floats(0, 3),
    )
)
def test_grey_levels_stay_within_those_of_the_image(how):
    images = jnp.zeros((4, 12, 12)).at[:, 3:9, 4:8].set(0.8)
    moved = np.asarray(augment(KEY, images, how))
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
    ],
)
def test_the_same_key_moves_alike_another_otherwise_and_each_image_by_itself(how):
    ring = jnp.zeros((28, 28)).at[8:20, 8:20].set(1.0).at[11:17, 10:18].set(0.0)
    images = jnp.stack([ring] * 3)
    first = np.asarray(augment(KEY, images, how))
    np.testing.assert_array_equal(first, augment(KEY, images, how))
    assert not np.allclose(first, augment(jax.random.key(4), images, how))
    assert not np.allclose(first[0], first[1])


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


@pytest.mark.parametrize(
    "values", [{"shift": -1}, {"shift": 15}, {"scale": 1.0}, {"elastic": float("nan")}]
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(InputError, match=f"augmentation {next(iter(values))}"):
        Augmentation(**values)
