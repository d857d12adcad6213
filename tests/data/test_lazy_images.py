"""Memory-mapped images: selection, reading in chunks, training window after window."""

import re
import signal
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from interruption import assert_same_run, child

import tenfold
from tenfold.core import limits
from tenfold.data import lazy_images
from tenfold.data.dataset import Dataset
from tenfold.data.formats import idx, npz
from tenfold.data.lazy_images import LazyImages, in_chunks, select
from tenfold.data.polarity import border_level
from tenfold.engine import Program, build_networks, initial_state, run_epoch
from tenfold.engine import device_data as training_data
from tenfold.engine.cross_validation import cross_validate
from tenfold.engine.device_data import DeviceData, aligned_zeros, block_order

IMAGES = 700
IMAGE_BYTES = 28 * 28


@pytest.fixture(scope="module")
def few():
    return tenfold.load("mnist").train[:IMAGES]


@pytest.fixture
def low_memory(monkeypatch):
    """Selections of more than 200 images stay memory-mapped, and are not held on the device."""
    monkeypatch.setattr(limits, "MAX_RESIDENT_BYTES", 200 * IMAGE_BYTES)
    monkeypatch.setattr(lazy_images, "CHUNK", 256)
    monkeypatch.setattr(training_data, "WINDOW", 230 * IMAGE_BYTES)
    monkeypatch.setattr(training_data, "BLOCK", 10)


@pytest.mark.parametrize(
    "index",
    [slice(3, 9), np.array([5, 1, 1]), np.arange(IMAGES) % 3 == 0, 4, (slice(2, 4), 0), [7, 6]],
    ids=str,
)
def test_lazy_images_are_indexed_like_an_array(few, index):
    indices = np.random.default_rng(0).permutation(IMAGES)
    images = LazyImages(few.images, indices)
    expected = few.images[indices]
    assert images.shape == expected.shape
    assert images.nbytes == expected.nbytes
    assert np.array_equal(images[index], expected[index])
    assert np.array_equal(np.stack(list(images)), expected)
    assert np.array_equal(np.asarray(images), expected)


def test_a_lazy_selection_equals_one_in_memory(few, low_memory):
    mask = np.arange(IMAGES) % 2 == 0
    back = np.arange(IMAGES // 2)[:80:-1]
    part = few[mask][back]
    assert isinstance(part.images, LazyImages)
    whole = Dataset(few.images[mask][back], few.labels[mask][back], few.class_names)
    assert part.checksum == whole.checksum
    assert part.digests.tolist() == whole.digests.tolist()
    assert np.array_equal(border_level(part.images), border_level(whole.images))
    assert np.array_equal(part.scaled(), whole.scaled())


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is of Linux")
def test_scattered_images_do_not_load_all_of_a_memory_mapped_file(tmp_path, monkeypatch):
    def mapped():
        status = Path("/proc/self/status").read_text()
        return 1024 * sum(map(int, re.findall(r"Rss(?:File|Shmem):\s+(\d+)", status)))

    def watched(array):
        seen.append(mapped() - before)
        release(array)

    seen, release = [], lazy_images.release
    source = np.memmap(tmp_path / "images", np.uint8, "w+", shape=(100_000, 28, 28))
    indices = np.random.default_rng(0).permutation(len(source))[:5_000]
    source[indices, 0, 0] = indices % 256
    source.flush()
    release(source)
    before = mapped()
    monkeypatch.setattr(lazy_images, "_SCATTERED", 10)
    monkeypatch.setattr(lazy_images, "release", watched)
    for images in (select(source, indices), LazyImages(source, indices)[:]):
        np.testing.assert_array_equal(images[:, 0, 0], indices % 256)
        assert 0 < max(seen) < source.nbytes / 2
        assert mapped() - before < source.nbytes / 20


def test_a_selection_that_fits_in_memory_is_an_array(few):
    assert type(select(few.images, np.array([2, 3]))) is np.ndarray
    assert [len(part) for part in in_chunks(few.images)] == [IMAGES]


@pytest.mark.parametrize("kind", ["IDX", "NPZ"])
def test_a_large_file_is_memory_mapped_and_gives_the_same_splits(
    few, kind, tmp_path, low_memory, monkeypatch
):
    if kind == "IDX":
        path = tmp_path / "digits-images-idx3-ubyte"
        path.write_bytes(idx.idx_bytes(few.images))
        (tmp_path / "digits-labels-idx1-ubyte").write_bytes(
            idx.idx_bytes(few.labels.astype(np.uint8))
        )
    else:
        path = tmp_path / "digits.npz"
        np.savez(path, x_train=few.images, y_train=few.labels)
    mapped = tenfold.load(path)
    assert isinstance(mapped.train.images, LazyImages)
    monkeypatch.setattr(limits, "MAX_RESIDENT_BYTES", 1 << 29)
    held = tenfold.load(path)
    assert type(held.train.images) is np.ndarray
    for name, split in held.present().items():
        assert split.checksum == mapped.present()[name].checksum


def test_a_memory_mapped_file_of_another_length_is_refused(few, tmp_path, low_memory):
    path = tmp_path / "digits-images-idx3-ubyte"
    content = idx.idx_bytes(few.images)
    for damaged, message in ((content[:-1], "is truncated"), (content + b"0", "has more data")):
        path.write_bytes(damaged)
        with pytest.raises(tenfold.InputError, match=message):
            idx.read_idx(path)


def test_a_compressed_npz_is_not_memory_mapped(few, tmp_path, low_memory):
    path = tmp_path / "digits.npz"
    np.savez_compressed(path, x_train=few.images)
    with npz.open_npz(path) as archive:
        array = archive.read("x_train")
    assert array.base is None or not isinstance(array.base, np.memmap)
    assert np.array_equal(array, few.images)


def test_windows_hold_every_image_once_in_batches(few, low_memory):
    windows = list(DeviceData(few).windows(50, epoch=3))
    assert [window.count for window in windows] == [200, 200, 200, 100]
    assert {window.images.shape for window in windows} == {(200, IMAGE_BYTES)}
    images = np.concatenate([np.asarray(w.images)[: w.count] for w in windows])
    labels = np.concatenate([np.asarray(w.labels)[: w.count] for w in windows])
    order = block_order(IMAGES, 3)
    assert sorted(order.tolist()) == list(range(IMAGES))
    assert np.array_equal(images.reshape(-1, 28, 28), few.images[order])
    assert np.array_equal(labels, few.labels[order])
    assert block_order(IMAGES, 4).tolist() != order.tolist()


def test_an_aligned_array_is_not_copied_to_the_cpu_device():
    array = aligned_zeros((3, 100))
    assert array.ctypes.data % 64 == 0
    if jax.default_backend() == "cpu":
        assert jax.device_put(array).unsafe_buffer_pointer() == array.ctypes.data


def trained(few, seeds, epochs=2):
    """Return state, progress and metrics of networks after epochs of streamed images."""
    recipe = tenfold.Recipe("test", "dense", {"hidden": [16]}, batch_size=48)
    networks = build_networks(recipe, (28, 28), 10, len(few), seeds)
    program, state = Program.from_recipe(networks, recipe, (28, 28), 10), initial_state(networks)
    data, seen = DeviceData(few), []
    for epoch in range(epochs):
        on_steps = lambda _, images, logs: seen.append(images)  # noqa: E731
        state, _ = run_epoch(program, state, data, epoch, seeds, on_steps=on_steps)
    logs = program.evaluate(state, data)
    return [np.asarray(leaf) for leaf in jax.tree.leaves(state)], seen, logs


def test_streamed_training_is_deterministic_and_uses_all_images(few, low_memory):
    first, seen, logs = trained(few, [5])
    again, _, _ = trained(few, [5])
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert seen[-1] == IMAGES
    assert sorted(seen[: len(seen) // 2]) == seen[: len(seen) // 2]
    assert logs["accuracy"] > 0.5


def test_a_streamed_network_of_an_ensemble_trains_as_if_alone(few, low_memory):
    together, _, _ = trained(few, [5, 6], epochs=1)
    for i, seed in enumerate([5, 6]):
        alone, _, _ = trained(few, [seed], epochs=1)
        for a, b in zip(alone, together, strict=True):
            assert np.allclose(a, b[i], atol=1e-6)


def test_evaluation_counts_streamed_images_once(few, low_memory, monkeypatch):
    recipe = tenfold.Recipe("test", "dense", {"hidden": [16]}, batch_size=48)
    networks = build_networks(recipe, (28, 28), 10, 700, [1])
    program, state = Program.from_recipe(networks, recipe, (28, 28), 10), initial_state(networks)
    streamed = program.evaluate(state, DeviceData(few))
    monkeypatch.setattr(limits, "MAX_RESIDENT_BYTES", 1 << 29)
    held = program.evaluate(state, DeviceData(few))
    assert streamed["accuracy"] == held["accuracy"]
    assert np.isclose(streamed["loss"], held["loss"])


RECIPE = tenfold.Recipe("test", "dense", {"hidden": [16]}, batch_size=40, epochs=3)


@pytest.fixture
def file(few, tmp_path):
    """A file whose train and test splits exceed the memory limit."""
    path = tmp_path / "digits.npz"
    train, test = few[:440], few[440:]
    np.savez(
        path,
        x_train=train.images,
        y_train=train.labels,
        x_test=test.images,
        y_test=test.labels,
    )
    return path


def test_a_whole_training_streams(file, low_memory, tmp_path):
    runs = [tenfold.train(RECIPE, file, out=tmp_path / name, verbose=False) for name in "ab"]
    assert isinstance(runs[0].data().train.images, LazyImages)
    assert_same_run(*(run.path for run in runs))


def is_mapped(array):
    """Whether an array is a view of a file, however far behind."""
    while array is not None and not isinstance(array, np.memmap):
        array = getattr(array, "base", None)
    return array is not None


def test_a_memory_mapped_test_split_gives_the_same_metrics(file, few, low_memory, tmp_path):
    run = tenfold.train(RECIPE, file, out=tmp_path / "run", verbose=False)
    assert is_mapped(run.data().test.images)
    result = run.evaluate("test")
    held = few[440:]
    assert result.checksum == held.checksum
    np.testing.assert_array_equal(result.labels, held.labels)
    np.testing.assert_allclose(
        result.probabilities, run.predict_all(held.images), rtol=1e-5, atol=1e-6
    )


# The limits of the fixture in a process that is killed during an epoch.
LOW_MEMORY = f"""
from tenfold.core import limits
from tenfold.data import lazy_images
from tenfold.engine import device_data
limits.MAX_RESIDENT_BYTES = 200 * {IMAGE_BYTES}
lazy_images.CHUNK, device_data.WINDOW, device_data.BLOCK = 256, 230 * {IMAGE_BYTES}, 10
"""


def test_a_streamed_training_that_was_killed_ends_with_the_same_bits(file, low_memory, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    tenfold.train(RECIPE, file, out=whole, verbose=False)
    how = ["--hidden", "16", "--batch-size", "40", "--epochs", "3", "--data", file]
    died = child(16, "train", *how, "--out", killed, before=LOW_MEMORY)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert tenfold.Run(killed).record.status == "training"
    tenfold.resume(killed, verbose=False)
    assert_same_run(whole, killed)


def test_cross_validation_refuses_images_that_are_streamed(few, low_memory):
    recipe = tenfold.Recipe("test", "dense", {"hidden": [16]})
    with pytest.raises(tenfold.InputError, match="held at once"):
        cross_validate(recipe, few, folds=2)
