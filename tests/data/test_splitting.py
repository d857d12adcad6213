"""Stratified splits: proportions, seeds and sizes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.core.errors import InputError
from tenfold.data import load, splitting
from tenfold.data.splitting import stratified_mask, validation_size


def test_validation_is_stratified_and_disjoint_and_keeps_the_order():
    whole, data = load("mnist", validation=0).train, load("mnist")
    mask = stratified_mask(whole.labels, 5000, 0)
    assert mask.sum() == 5000
    assert np.array_equal(data.train.images, whole.images[~mask])
    assert np.array_equal(data.validation.images, whole.images[mask])
    share = np.array(list(data.validation.counts().values())) / list(whole.counts().values())
    assert np.abs(share - 1 / 12).max() < 1e-3


def test_the_same_seed_holds_out_the_same_images_on_every_platform():
    assert load("mnist").validation.checksum == load("mnist").validation.checksum
    assert load("mnist", seed=1).validation.checksum != load("mnist").validation.checksum
    labels = np.arange(40) % 4
    assert np.flatnonzero(stratified_mask(labels, 8, 0)).tolist() == [2, 4, 6, 27, 31, 32, 33, 37]
    assert np.flatnonzero(stratified_mask(labels, 8, 7)).tolist() == [1, 8, 10, 21, 26, 31, 36, 39]


def test_random_numbers_are_those_of_splitmix64():
    # The first numbers for this seed as Rosetta Code's task "Pseudo-random numbers/Splitmix64"
    # publishes them.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert splitting._split_mix_64(1234567, 3).tolist() == expected


def test_all_positions_are_drawn_equally_often():
    labels = np.zeros(100, np.int64)
    drawn = sum(stratified_mask(labels, 10, seed).astype(int) for seed in range(1000))
    # Binomial(1000, 0.1): 100 with standard deviation 9.5; five of them hold for all positions.
    assert np.abs(drawn - 100).max() < 48


@pytest.mark.parametrize("validation", [-1, 30_001, 60_000, 0.1, "many"])
def test_validation_out_of_range_is_refused(validation):
    with pytest.raises(InputError, match="validation must be 0 to 30000"):
        load("mnist", validation=validation)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=200), st.integers(0, 300), st.integers(0))
def test_the_sample_is_stratified_and_leaves_every_class_one_image(labels, size, seed):
    labels = np.array(labels)
    size = min(size, len(labels))
    mask = stratified_mask(labels, size, seed)
    counts, held = np.bincount(labels), np.bincount(labels[mask], minlength=labels.max() + 1)
    assert np.array_equal(mask, stratified_mask(labels, size, seed))
    if not size:
        assert not mask.any()
        return
    assert (held[counts > 0] <= np.maximum(counts[counts > 0] - 1, 0)).all()
    assert (held[counts > 1] >= 1).all()
    assert np.abs(held - counts * size / len(labels)).max() <= 1 + 1e-9


@given(st.integers(1, 10**6))
def test_the_standard_validation_is_5000_or_a_twelfth(images):
    size = validation_size(images, 5000)
    assert size == min(5000, -(-images // 12))
