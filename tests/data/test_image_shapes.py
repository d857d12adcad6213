"""Images of any size and in colour: read as they are, unless --resize or --grey change them."""

import numpy as np
import pandas as pd
import pytest
from dataset_files import pictures, write_classes
from PIL import Image

import tenfold
from tenfold.core.errors import InputError
from tenfold.data.channels import to_grey
from tenfold.data.convert import as_batch

RNG = np.random.default_rng(0)


def npz(path, images, **more):
    np.savez(path, x_train=images, y_train=np.arange(len(images)) % 3, **more)
    return path


@pytest.mark.parametrize("shape", [(8, 8), (9, 17), (128, 128), (32, 32, 3), (64, 8, 3)])
def test_images_of_any_shape_are_loaded_bit_by_bit(tmp_path, shape):
    images = RNG.integers(0, 256, (36, *shape), np.uint8)
    splits = tenfold.load(npz(tmp_path / "data.npz", images), validation=6)
    assert splits.image_shape == splits.test.image_shape == shape
    loaded = np.concatenate([data.images for data in splits.present().values()])
    assert {image.tobytes() for image in loaded} == {image.tobytes() for image in images}


def test_colour_is_kept_in_floats_and_folders_and_removed_by_grey(tmp_path):
    images = RNG.integers(0, 256, (36, 16, 20, 3), np.uint8)
    as_floats = tenfold.load(npz(tmp_path / "floats.npz", images / 255)).train
    as_bytes = tenfold.load(npz(tmp_path / "bytes.npz", images)).train
    assert np.array_equal(as_floats.images, as_bytes.images)
    for position, image in enumerate(images):
        folder = tmp_path / "folder" / str(position % 3)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{position}.png")
    from_files = tenfold.load(tmp_path / "folder").train
    assert from_files.image_shape == (16, 20, 3)
    assert {*from_files.digests} <= {
        *tenfold.Dataset(images, np.zeros(36, int), ("a",)).digests.tolist()
    }
    grey = tenfold.load(tmp_path / "folder", grey=True)
    assert np.array_equal(grey.train.images, to_grey(from_files.images))
    assert np.array_equal(tenfold.load(**vars(grey.origin)).train.images, grey.train.images)


def test_colour_files_without_colour_are_grey(tmp_path):
    images, labels = pictures(36)
    for position, (image, label) in enumerate(zip(images, labels, strict=True)):
        (tmp_path / str(label)).mkdir(exist_ok=True)
        Image.fromarray(image).convert("RGB").save(tmp_path / str(label) / f"{position}.png")
    loaded = tenfold.load(tmp_path).train
    assert loaded.image_shape == (28, 28)
    assert {image.tobytes() for image in loaded.images} <= {image.tobytes() for image in images}


def test_one_coloured_image_makes_all_splits_coloured(tmp_path):
    grey = np.repeat(RNG.integers(0, 256, (36, 12, 12, 1), np.uint8), 3, axis=3)
    test = grey[:6].copy()
    assert tenfold.load(npz(tmp_path / "grey.npz", grey)).image_shape == (12, 12)
    test[0, 0, 0, 0] ^= 255
    path = npz(tmp_path / "colour.npz", grey[..., 0], x_test=test, y_test=np.arange(6) % 3)
    splits = tenfold.load(path)
    assert splits.image_shape == splits.test.image_shape == (12, 12, 3)


def test_folders_of_mixed_sizes_are_refused_without_resize(tmp_path):
    write_classes(tmp_path, side=30)
    Image.new("L", (30, 20)).save(tmp_path / "1" / "other.png")
    with pytest.raises(InputError, match=r"30x20 pixels, others have 30x30; add --resize"):
        tenfold.load(tmp_path)
    assert tenfold.load(tmp_path, resize=True).image_shape == (28, 28)


@pytest.mark.parametrize("shape", [(7, 28), (28, 129), (7, 7, 3)])
def test_sizes_out_of_range_are_refused(tmp_path, shape):
    path = npz(tmp_path / "data.npz", RNG.integers(0, 256, (36, *shape), np.uint8))
    with pytest.raises(InputError, match="sides of 8 to 128 are supported; add --resize"):
        tenfold.load(path)
    resized = tenfold.load(path, resize=True)
    assert resized.image_shape == (28, 28, *shape[2:])


def test_splits_of_different_sizes_are_refused(tmp_path):
    path = npz(
        tmp_path / "data.npz",
        np.zeros((36, 28, 28), np.uint8),
        x_test=np.zeros((6, 32, 32), np.uint8),
        y_test=np.arange(6) % 3,
    )
    with pytest.raises(InputError, match=r"x_test has images of 32x32, .* of 28x28; add --resize"):
        tenfold.load(path)


@pytest.mark.parametrize("shape", [(10, 12), (10, 12, 3)])
def test_inputs_become_what_the_network_takes(shape):
    colour = RNG.integers(0, 256, (2, 10, 12, 3), np.uint8)
    opaque = np.concatenate([colour, np.full((2, 10, 12, 1), 255, np.uint8)], axis=3)
    own = colour if len(shape) == 3 else to_grey(colour)
    for images in (colour, opaque, colour / 255, own, own.reshape(2, -1)):
        assert np.array_equal(as_batch(images, shape), own)
    assert np.array_equal(as_batch(colour[0], shape), own[:1])
    grey = as_batch(to_grey(colour), shape)
    assert np.array_equal(grey, to_grey(colour) if len(shape) == 2 else grey[..., :1].repeat(3, 3))
    with pytest.raises(InputError, match=r"give \[10, 12"):
        as_batch(np.zeros((2, 12, 10)), shape)


def smooth(count=36, side=28):
    """Coloured images whose neighbouring pixels are alike."""
    row, column = np.mgrid[:side, :side] / side
    shades = RNG.uniform(0.2, 1, (count, 1, 1, 3))
    ramps = row[None, ..., None] * RNG.uniform(0, 1, (count, 1, 1, 3)) + column[None, ..., None]
    return np.uint8(120 * shades * ramps)


@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("file", ["table.csv", "named.csv", "flat.npz"])
def test_flat_colours_are_neighbours_or_planes(tmp_path, planes, file):
    images = smooth()
    flat = (images.transpose(0, 3, 1, 2) if planes else images).reshape(36, -1)
    labels = np.arange(36) % 3
    if file == "flat.npz":
        np.savez(tmp_path / file, x=flat, y=labels)
    elif file == "named.csv":
        frame = pd.DataFrame(flat, columns=[f"pixel{i:04}" for i in range(2352)])
        frame.assign(label=labels).to_csv(tmp_path / file, index=False)
    else:
        frame = pd.DataFrame(np.column_stack([labels, flat]))
        frame.to_csv(tmp_path / file, index=False, header=False)
    splits = tenfold.load(tmp_path / file, validation=0)
    loaded = np.concatenate([data.images for data in splits.present().values()])
    assert {image.tobytes() for image in loaded} == {image.tobytes() for image in images}


def test_flat_colours_in_no_clear_order_are_refused(tmp_path):
    np.savez(tmp_path / "d.npz", x=RNG.integers(0, 256, (36, 2352)), y=np.arange(36) % 3)
    with pytest.raises(InputError, match=r"order is not clear; save them as \[n, 28, 28, 3\]"):
        tenfold.load(tmp_path / "d.npz")
