"""Conversion of arrays and image files to uint8 images and int64 labels."""

import hypothesis.extra.numpy as arrays_of
import numpy as np
import pytest
from dataset_files import write_classes
from hypothesis import given, settings
from PIL import Image

from tenfold.data import load
from tenfold.data.convert import as_batch, as_images, as_labels
from tenfold.data.image_files import open_image, read_image
from tenfold.data.multi_label import settled


def test_colour_becomes_grey_as_in_pillow_if_the_network_takes_grey(tmp_path):
    colour = np.random.default_rng(0).integers(0, 256, (6, 28, 28, 3), np.uint8)
    expected = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in colour])
    assert np.array_equal(as_batch(colour, (28, 28)), expected)
    Image.fromarray(colour[0]).save(tmp_path / "colour.png")
    assert np.array_equal(read_image(tmp_path / "colour.png", (28, 28)), expected[0])
    assert np.array_equal(read_image(tmp_path / "colour.png", (28, 28, 3)), colour[0])


def test_white_stays_white_in_float_colour_images():
    white = as_images(np.ones((2, 28, 28, 3)), "x")
    assert white.shape == (2, 28, 28, 3)
    assert (white == 255).all()
    assert (as_batch(white, (28, 28)) == 255).all()


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)])
def test_transparency_becomes_a_background_that_contrasts_with_the_ink(tmp_path, ink, ground):
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[10:18, 10:18] = (ink, ink, ink, 255)
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    grey = read_image(tmp_path / "clear.png", (28, 28))
    assert grey[14, 14] == ink
    assert grey[0, 0] == ground


def test_16_bit_images_keep_their_range(tmp_path):
    levels = np.linspace(0, 65535, 784).reshape(28, 28).astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "deep.png")
    grey = np.asarray(open_image(tmp_path / "deep.png"))
    assert np.abs(grey - levels / 257).max() <= 0.5


def test_resizing_keeps_proportions(tmp_path):
    tall = np.zeros((2, 56, 28), np.uint8)
    tall[:, 8:48, 10:18] = 255
    resized = as_images(tall, "x", resize=True)
    assert resized.shape == (2, 28, 28)
    rows, columns = np.nonzero(resized[0] > 127)
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 == 4
    folder = write_classes(tmp_path / "big", side=64)
    assert load(folder, resize=True).train.shape == (27, 28, 28)


@settings(deadline=None)
@given(arrays_of.arrays(np.uint8, (3, 28, 28)))
def test_uint8_integers_and_floats_convert_to_the_same_images(images):
    images[:, 0, 0] = 255
    assert np.array_equal(as_images(images.astype(np.int32), "x"), images)
    assert np.array_equal(as_images(images / 255, "x"), images)
    assert np.array_equal(as_images((images / 255).astype(np.float32), "x"), images)
    assert np.array_equal(as_images(images.reshape(3, 784), "x"), images)


def test_one_hot_labels_become_indices():
    labels = np.array([2, 0, 1, 2])
    ((indices,), _) = settled([as_labels(np.eye(3)[labels], "y")], "y")
    assert np.array_equal(indices, labels)


def test_labels_with_axes_of_one_are_flat():
    assert as_labels(np.array([1, 0, 2]).reshape(3, 1, 1, 1), "y").tolist() == [1, 0, 2]
