"""Cross-validation: every image is predicted by a network that was not trained on it."""

import numpy as np
import pytest

import tenfold
from tenfold import InputError
from tenfold.data import Dataset
from tenfold.engine import Forward, Program, build_networks, cross_validation
from tenfold.networks.recipes import Augmentation, recipe

DENSE = recipe("dense-47").replace(arguments={"hidden": [48]}, batch_size=60, epochs=12)


def test_folds_are_stratified_disjoint_and_seeded():
    labels = np.random.default_rng(0).integers(0, 5, 503)
    parts = cross_validation.stratified_folds(labels, 7, seed=3)
    sizes = np.bincount(parts, minlength=7)
    assert sizes.sum() == 503
    assert np.ptp(sizes) == 1
    for label in range(5):
        assert np.ptp(np.bincount(parts[labels == label], minlength=7)) <= 1
    np.testing.assert_array_equal(parts, cross_validation.stratified_folds(labels, 7, seed=3))
    assert (parts != cross_validation.stratified_folds(labels, 7, seed=4)).any()


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (1, "folds: 1; give a whole number from 2 to 4"),
        (5, "the rarest class has 4 images"),
        (2.5, "folds: 2.5"),
    ],
)
def test_impossible_folds_are_refused(number, message):
    with pytest.raises(InputError, match=message):
        cross_validation.stratified_folds(np.repeat([0, 2], [9, 4]), number, seed=0)


@pytest.fixture
def watched(monkeypatch):
    """What each network of `cross_validate` was given to see."""
    seen = []
    original = Program.train_epoch

    def train_epoch(self, state, data, epoch, seeds, shuffle=True, indices=None, *more):
        seen.append(indices)
        return original(self, state, data, epoch, seeds, shuffle, indices, *more)

    monkeypatch.setattr(Program, "train_epoch", train_epoch)
    return seen


def test_no_network_sees_the_images_it_predicts(few, watched):
    data = few.train[:203]
    cross_validation.cross_validate(recipe("logistic").replace(epochs=2), data, folds=4, seed=5)
    parts = cross_validation.stratified_folds(data.labels, 4, seed=5)
    assert len(watched) == 2
    for k, places in enumerate(watched[0]):
        assert len(set(places.tolist())) == len(places) == 152
        assert not (parts[places] == k).any()


def test_an_image_that_only_its_own_fold_could_explain_is_not_explained():
    """Blank images with labels by chance: whoever saw one would know the label of the other."""
    rng = np.random.default_rng(0)
    images = np.zeros((200, 28, 28), np.uint8)
    images[np.arange(200), 4 + np.arange(200) // 14, 4 + np.arange(200) % 14] = 255
    data = Dataset(images, rng.integers(0, 2, 200), ("a", "b"))
    probabilities = cross_validation.cross_validate(
        DENSE.replace(epochs=30, learning_rate=0.01), data, 5
    )
    right = (probabilities.argmax(axis=1) == data.labels).mean()
    assert 0.3 < right < 0.7


@pytest.mark.parametrize(
    "chosen",
    [
        DENSE.replace(epochs=2),
        recipe("quick").replace(
            arguments={"filters": [4], "kernels": 5, "strides": 2},
            epochs=2,
            batch_size=50,
            augmentation=Augmentation(shift=1),
        ),
    ],
    ids=["dense", "conv"],
)
def test_folds_at_once_equal_folds_one_by_one(few, chosen):
    data = few.train[:203]
    together = cross_validation.cross_validate(chosen, data, folds=3, seed=2)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    parts = cross_validation.stratified_folds(data.labels, 3, seed=2)
    alone = one_fold(chosen, data, parts, 1, seed=2)
    np.testing.assert_allclose(together[parts == 1], alone, atol=2e-5)


def one_fold(chosen, data, parts, k, seed):
    """Train the network of one fold by itself, by `tenfold.fit`, on the images it is to see."""
    places = cross_validation._training_indices(parts, 3, seed)[k]
    (model,) = build_networks(chosen, (28, 28), 10, len(places), [seed + k])
    tenfold.fit(
        model,
        data[places],
        epochs=chosen.epochs,
        batch_size=chosen.batch_size,
        seed=seed + k,
        augmentation=chosen.augmentation,
        verbose=0,
    )
    return Forward(model, (28, 28))(model, data.images[parts == k])


def test_a_diverging_training_is_refused(few):
    wild = DENSE.replace(
        arguments={"hidden": [8], "activation": "exponential"}, learning_rate=900.0, epochs=1
    )
    with pytest.raises(InputError, match="the loss became NaN or infinite in epoch"):
        cross_validation.cross_validate(wild, few.train[:200], folds=2)
