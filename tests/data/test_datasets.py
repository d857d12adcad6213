"""Named datasets, the user's own in every format, and a table of what must be refused."""

import contextlib
import gzip
import hashlib
import http.server
import io
import json
import os
import pickle
import subprocess
import sys
import threading
import zipfile
from functools import partial
from pathlib import Path

import hypothesis.extra.numpy as arrays_of
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.data import (
    SOURCES,
    Dataset,
    Source,
    Splits,
    check,
    dataset_cache,
    load,
    names,
    splitting,
)
from tenfold.data.convert import as_images, as_labels
from tenfold.data.formats import read_raw
from tenfold.data.formats.idx import TYPES, idx_bytes, parse_idx
from tenfold.data.image_files import open_greyscale
from tenfold.data.sources import ROLES, RemoteFile
from tenfold.data.splitting import stratified_mask, validation_size

DIGITS = tuple("0123456789")


def pictures(count, seed=0, classes=3):
    """Random images with labels in turn: 0, 1, 2, 0, ..."""
    images = np.random.default_rng(seed).integers(0, 256, (count, 28, 28), np.uint8)
    return images, np.arange(count) % classes


def write_idx(folder, split="train", count=36, seed=0, packed=False, **labels):
    folder.mkdir(parents=True, exist_ok=True)
    images, classes = pictures(count, seed)
    classes = labels.get("labels", classes)
    write = gzip.compress if packed else bytes
    end = ".gz" if packed else ""
    (folder / f"{split}-images-idx3-ubyte{end}").write_bytes(write(idx_bytes(images)))
    data = idx_bytes(np.asarray(classes, np.uint8))
    (folder / f"{split}-labels-idx1-ubyte{end}").write_bytes(write(data))
    return folder


def write_npz(path, **arrays):
    x, y = pictures(36)
    np.savez(path, **({"x_train": x, "y_train": y} | arrays))
    return path


def write_csv(path, count=36, header=True, seed=0):
    images, labels = pictures(count, seed)
    table = pd.DataFrame(images.reshape(count, -1), columns=[f"pixel{i}" for i in range(784)])
    table.insert(0, "label", labels)
    table.to_csv(path, index=False, header=header)
    return path


def write_classes(folder, count=36, seed=0, side=28, suffix=".png", class_names=DIGITS):
    images, labels = pictures(count, seed)
    for position, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = folder / class_names[label]
        place.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(image).resize((side, side))
        picture.save(place / f"{position}{suffix}")
    return folder


def by_content(dataset):
    """Images with their class names, in no order."""
    return sorted(
        (image.tobytes(), dataset.class_names[label])
        for image, label in zip(dataset.images, dataset.labels, strict=True)
    )


# MNIST ------------------------------------------------------------------------------------------


def test_mnist_is_what_the_tutorials_print():
    data = load("mnist")
    assert data.train.shape == (55_000, 28, 28)
    assert data.validation.shape == (5000, 28, 28)
    assert data.test.shape == (10_000, 28, 28)
    assert data.train.images.dtype == np.uint8
    assert data.train.labels.dtype == np.int64
    assert data.class_names == DIGITS
    assert data.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert list(data.test.counts().values()) == counts


def test_mnist_is_bit_for_bit_what_was_published():
    assert dataset_cache.is_genuine(SOURCES[0])


def test_without_validation_train_is_whole_and_in_its_original_order():
    data = load("mnist", validation=0)
    assert data.validation is None
    assert data.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.train.counts()["5"] == 5421


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


def test_the_draw_comes_from_splitmix64():
    # The first numbers for this seed as Rosetta Code's task "Pseudo-random numbers/Splitmix64"
    # publishes them.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert splitting._split_mix_64(1234567, 3).tolist() == expected


def test_every_seed_draws_evenly_over_the_positions():
    labels = np.zeros(100, np.int64)
    drawn = sum(stratified_mask(labels, 10, seed).astype(int) for seed in range(1000))
    # Binomial(1000, 0.1): 100 with standard deviation 9.5; five of them hold for all positions.
    assert np.abs(drawn - 100).max() < 48


def test_a_warm_load_unpacks_nothing(monkeypatch):
    first = load("mnist")
    monkeypatch.setattr(dataset_cache.lzma, "decompress", lambda _: pytest.fail("unpacked again"))
    assert load("mnist").train.checksum == first.train.checksum


def test_importing_datasets_takes_numpy_alone():
    code = "import sys, tenfold.data; print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for heavy in ("pandas", "PIL", "matplotlib", "rich", "keras", "jax", "scipy"):
        assert f"'{heavy}'" not in out.stdout


# The cache --------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("TENFOLD_CACHE", str(folder))
    return folder


@pytest.fixture
def small(tmp_path):
    """A named dataset of 36 + 12 images in a folder as Debian would have it."""
    folder = tmp_path / "debian"
    write_idx(folder, "train", 36, 0, packed=True)
    write_idx(folder, "t10k", 12, 1, packed=True)
    return Source("small", "Small", DIGITS, 36, 12, "", "", "", debian_folder=str(folder))


def test_two_processes_that_start_at_once_on_an_empty_cache_agree(cache):
    code = "from tenfold.data import load; print(load('mnist').train.checksum)"
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = {process.communicate()[0].strip() for process in both}
    assert outputs == {load("mnist").train.checksum}
    assert sorted(path.name for path in (cache / "datasets" / "mnist").iterdir()) == sorted(
        f"{role}.npy" for role in ROLES
    )


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("damage", ["cut", "longer", "empty", "gone", "other", "pickle"])
def test_a_damaged_cache_is_made_again(cache, small, role, damage):
    before = {role: array.copy() for role, array in dataset_cache.arrays(small).items()}
    path = cache / "datasets" / "small" / f"{role}.npy"
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "other":
        np.save(path, np.zeros((3, 28, 28), np.uint8))
    elif damage == "pickle":
        np.save(path, np.array([{}]), allow_pickle=True)
    else:
        path.write_bytes({"cut": content[:-1], "longer": content + b"x", "empty": b""}[damage])
    after = dataset_cache.arrays(small)
    assert all(np.array_equal(before[role], after[role]) for role in ROLES)
    assert path.read_bytes() == content


def test_arrays_from_the_cache_are_mapped_not_read(cache, small):
    dataset_cache.arrays(small)
    assert isinstance(dataset_cache.arrays(small)["train-images"].base, np.memmap)


def test_a_folder_that_is_not_what_was_published_is_not_taken(cache, small):
    from dataclasses import replace

    with pytest.raises(InputError, match="neither in the package nor has it an address"):
        dataset_cache.arrays(replace(small, idx_sha256=("0" * 64,) * 4))
    assert not cache.exists()


def test_a_changed_bit_in_the_cache_is_found_by_is_genuine(cache, small):
    from dataclasses import replace

    stored = dataset_cache.arrays(small)
    digests = tuple(hashlib.sha256(idx_bytes(stored[role])).hexdigest() for role in ROLES)
    small = replace(small, idx_sha256=digests)
    assert dataset_cache.is_genuine(small)
    path = cache / "datasets" / "small" / "train-images.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert not dataset_cache.is_genuine(small)


@pytest.mark.parametrize("place", ["file", "below a file"])
def test_a_cache_that_cannot_be_written_is_told_in_one_line(tmp_path, monkeypatch, small, place):
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"")
    monkeypatch.setenv("TENFOLD_CACHE", str(blocked / "x" if place == "below a file" else blocked))
    with pytest.raises(InputError, match="set TENFOLD_CACHE to a folder") as caught:
        dataset_cache.arrays(small)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on files here")
def test_a_disk_that_takes_no_more_is_told_in_one_line_and_nothing_is_left(cache):
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "from tenfold.data import load\n"
        "try: load('mnist')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.startswith("InputError cannot write")
    assert out.stdout.count("\n") == 1
    assert [path for path in cache.rglob("*") if path.is_file()] == []


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server for the folder `www`; gives its address."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (tmp_path / "www").mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "www"))
    monkeypatch.setattr(
        http.server.SimpleHTTPRequestHandler, "log_message", lambda *arguments: None
    )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def remote(path):
    content = path.read_bytes()
    return RemoteFile(path.name, hashlib.sha256(content).hexdigest(), len(content))


def test_files_come_from_the_mirrors_and_only_the_arrays_stay(cache, server, tmp_path):
    write_idx(tmp_path / "www", "train", 36, 0, packed=True)
    write_idx(tmp_path / "www", "t10k", 12, 1, packed=True)
    order = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
    found = tuple(remote(tmp_path / "www" / f"{name}-ubyte.gz") for name in order)
    dead = "http://127.0.0.1:9/"
    source = Source("far", "Far", DIGITS, 36, 12, "", "", "", mirrors=(dead, server), files=found)
    arrays = dataset_cache.arrays(source)
    assert np.array_equal(arrays["train-images"], pictures(36)[0])
    assert np.array_equal(arrays["test-images"], pictures(12, 1)[0])
    assert list((cache / "downloads").iterdir()) == []


def test_an_archive_is_set_upright_and_its_labels_start_at_0(cache, server, tmp_path):
    members = []
    with zipfile.ZipFile(tmp_path / "www" / "gzip.zip", "w") as archive:
        for split, count in (("train", 36), ("test", 12)):
            images, labels = pictures(count)
            for kind, array in (
                ("images-idx3", images.transpose(0, 2, 1)),
                ("labels-idx1", labels + 1),
            ):
                members.append(f"gzip/{split}-{kind}-ubyte.gz")
                content = idx_bytes(np.ascontiguousarray(array).astype(np.uint8))
                archive.writestr(members[-1], gzip.compress(content))
    source = Source(
        name="letters",
        title="Letters",
        class_names=DIGITS,
        train=36,
        test=12,
        licence="",
        citation="",
        homepage="",
        mirrors=(server,),
        files=(remote(tmp_path / "www" / "gzip.zip"),),
        members=tuple(members),
        transposed=True,
        first_label=1,
    )
    arrays = dataset_cache.arrays(source)
    assert np.array_equal(arrays["train-images"], pictures(36)[0])
    assert np.array_equal(arrays["test-labels"], pictures(12)[1])


@pytest.mark.skipif(
    not Path("/usr/share/datasets/fashion-mnist").exists(), reason="no dataset-fashion-mnist here"
)
def test_fashion_mnist_comes_from_debian_verified():
    data = load("fashion-mnist")
    assert data.class_names[data.test.labels[0]] == "Ankle boot"
    assert dataset_cache.is_genuine(next(row for row in SOURCES if row.name == "fashion-mnist"))
    assert load("/usr/share/datasets/fashion-mnist").train.checksum == data.train.checksum


@pytest.mark.parametrize("row", SOURCES, ids=names())
def test_every_row_of_the_table_says_all_that_is_needed(row):
    assert row.licence
    assert row.citation
    assert row.homepage.startswith("http")
    assert row.title
    assert len(set(row.class_names)) == len(row.class_names) >= 10
    assert row.packed or len(row.files) in (1, 4)
    assert row.packed or len(row.mirrors) >= 2
    assert len(row.members) in (0, 4)
    assert len(row.files) != 1 or row.members
    for digest in (*(file.sha256 for file in row.files), *row.idx_sha256):
        assert len(digest) == 64
        int(digest, 16)


def test_fashion_mnist_has_two_mirrors_over_https():
    mirrors = next(row for row in SOURCES if row.name == "fashion-mnist").mirrors
    assert sum(mirror.startswith("https://") for mirror in mirrors) >= 2


# The user's own ---------------------------------------------------------------------------------


def idx_folder(path):
    write_idx(path, "t10k", 12, 1)
    return write_idx(path)


def idx_folder_packed(path):
    write_idx(path, "t10k", 12, 1, packed=True)
    return write_idx(path, packed=True)


def idx_with_strange_names(path):
    write_idx(path)
    (path / "train-images-idx3-ubyte").rename(path / "pictures.train.bin")
    (path / "train-labels-idx1-ubyte").rename(path / "answers.bin")
    return path / "pictures.train.bin"


def idx_twice(path):
    write_idx(path, packed=True)
    return write_idx(path)


def npz_of_keras(path):
    x, y = pictures(12, 1)
    return write_npz(path.with_suffix(".npz"), x_test=x, y_test=y)


def npz_of_medmnist(path):
    x, y = pictures(36)
    np.savez(path.with_suffix(".npz"), train_images=x, train_labels=y[:, None])
    return path.with_suffix(".npz")


def npz_of_floats(path):
    x, y = pictures(36)
    np.savez_compressed(path.with_suffix(".npz"), X=x[..., None] / 255, Y=np.eye(3)[y])
    return path.with_suffix(".npz")


def npz_of_whole_numbers(path):
    x, y = pictures(36)
    np.savez(path.with_suffix(".npz"), images=x.reshape(36, 784).astype(int), labels=y * 1.0)
    return path.with_suffix(".npz")


def csv_without_header(path):
    return write_csv(path.with_suffix(".csv"), header=False)


def csv_with_the_label_last(path):
    table = pd.read_csv(write_csv(path.with_suffix(".csv")))
    table = table[[*table.columns[1:], "label"]].rename(columns={"label": "Class"})
    table.to_csv(path.with_suffix(".csv"), index=False)
    return path.with_suffix(".csv")


def csv_with_semicolons(path):
    text = write_csv(path.with_suffix(".csv")).read_text()
    path.with_suffix(".txt").write_text("\ufeff" + text.replace(",", ";"), "utf-8")
    return path.with_suffix(".txt")


def csv_folder(path):
    path.mkdir()
    write_csv(path / "mnist_train.csv")
    write_csv(path / "mnist_test.csv", 12, seed=1)
    return path


def csv_competition(path):
    path.mkdir()
    write_csv(path / "train.csv")
    pd.read_csv(write_csv(path / "test.csv", 12)).drop(columns="label").to_csv(
        path / "test.csv", index=False
    )
    return path


def class_folders_with_splits(path):
    write_classes(path / "test", 12, 1)
    return write_classes(path / "train")


def classes_and_more(path):
    write_classes(path)
    (path / "notes.csv").write_text("who,when\nme,today\n")
    (path / "0" / "Thumbs.db").write_bytes(b"x")
    (path / "0" / ".hidden.png").write_bytes(b"x")
    (path / ".git").mkdir()
    return path


FORMATS = [
    idx_folder,
    idx_folder_packed,
    idx_with_strange_names,
    idx_twice,
    npz_of_keras,
    npz_of_medmnist,
    npz_of_floats,
    npz_of_whole_numbers,
    csv_without_header,
    csv_with_the_label_last,
    csv_with_semicolons,
    csv_folder,
    csv_competition,
    lambda path: write_csv(path.with_suffix(".csv")),
    write_classes,
    classes_and_more,
    lambda path: class_folders_with_splits(path).parent,
]


@pytest.mark.parametrize("write", FORMATS)
def test_the_same_images_are_read_from_every_format(write, tmp_path):
    raw = read_raw(write(tmp_path / "data"))
    images, labels = pictures(36)
    expected = by_content(Dataset(images, labels, DIGITS))
    train = raw.splits["train"]
    assert by_content(Dataset(train.images, train.labels, raw.class_names)) == expected
    if "test" in raw.splits:
        assert len(raw.splits["test"].images) == 12


def test_own_data_keep_their_test_split_and_give_a_twelfth_for_validation(tmp_path):
    data = load(idx_folder(tmp_path / "digits"))
    assert [len(split) for split in data.present().values()] == [33, 3, 12]
    assert data.name == data.train.name == "digits"
    assert np.array_equal(data.test.images, pictures(12, 1)[0])


def test_own_data_without_a_test_split_give_a_sixth_whatever_the_seed(tmp_path):
    path = write_npz(tmp_path / "mine.npz")
    first, second = load(path, seed=0), load(path, seed=5)
    assert [len(split) for split in first.present().values()] == [27, 3, 6]
    assert "test is a sixth held out of its 36 images" in first.source
    assert first.test.checksum == second.test.checksum
    assert first.validation.checksum != second.validation.checksum
    assert second.validation_seed == 5
    everything = sorted(row for split in first.present().values() for row in by_content(split))
    assert everything == by_content(Dataset(*pictures(36), DIGITS))


def test_own_validation_is_kept_and_train_stays_whole(tmp_path):
    x, y = pictures(12, 2)
    data = load(write_npz(tmp_path / "mine.npz", x_val=x, y_val=y, x_test=x, y_test=y))
    assert [len(split) for split in data.present().values()] == [36, 12, 12]
    assert "validation is its own" in data.source


def test_an_unlabelled_test_table_is_left_out_and_the_source_says_so(tmp_path):
    data = load(csv_competition(tmp_path / "kaggle"))
    assert "test.csv has no labels and was left out" in data.source
    assert len(data.test) == 6


def test_class_names_come_from_folders_in_natural_order(tmp_path):
    write_classes(tmp_path / "a", class_names=("10", "9", "2"))
    assert load(tmp_path / "a").class_names == ("2", "9", "10")
    write_classes(tmp_path / "b", class_names=("dog", "cat", "eel"))
    assert load(tmp_path / "b").class_names == ("cat", "dog", "eel")


def test_a_folder_called_as_a_dataset_is_reached_by_its_path(tmp_path, monkeypatch):
    idx_folder(tmp_path / "mnist")
    monkeypatch.chdir(tmp_path)
    assert len(load("./mnist").test) == 12
    assert len(load("mnist").test) == 10_000


def test_colour_is_turned_to_grey_as_pillow_does(tmp_path):
    colour = np.random.default_rng(0).integers(0, 256, (6, 28, 28, 3), np.uint8)
    expected = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in colour])
    assert np.array_equal(as_images(colour, "x"), expected)
    Image.fromarray(colour[0]).save(tmp_path / "colour.png")
    assert np.array_equal(np.asarray(open_greyscale(tmp_path / "colour.png")), expected[0])


def test_white_colour_of_floats_stays_white():
    assert (as_images(np.ones((2, 28, 28, 3)), "x") == 255).all()


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)])
def test_transparency_becomes_the_ground_that_the_ink_needs(tmp_path, ink, ground):
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[10:18, 10:18] = (ink, ink, ink, 255)
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    grey = np.asarray(open_greyscale(tmp_path / "clear.png"))
    assert grey[14, 14] == ink
    assert grey[0, 0] == ground


def test_16_bit_images_keep_their_range(tmp_path):
    levels = np.linspace(0, 65535, 784).reshape(28, 28).astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "deep.png")
    grey = np.asarray(open_greyscale(tmp_path / "deep.png"))
    assert np.abs(grey - levels / 257).max() <= 0.5


def test_other_sizes_are_resized_when_asked_with_their_proportions(tmp_path):
    tall = np.zeros((2, 56, 28), np.uint8)
    tall[:, 8:48, 10:18] = 255
    resized = as_images(tall, "x", resize=True)
    assert resized.shape == (2, 28, 28)
    rows, columns = np.nonzero(resized[0] > 127)
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 == 4
    folder = write_classes(tmp_path / "big", side=64)
    assert load(folder, resize=True).train.shape == (27, 28, 28)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".PNG"])
def test_png_and_jpeg_are_read(tmp_path, suffix):
    data = load(write_classes(tmp_path / "data", suffix=suffix))
    assert sum(len(split) for split in data.present().values()) == 36


def test_images_without_a_suffix_are_told_by_their_content(tmp_path):
    folder = write_classes(tmp_path / "data")
    for path in list(folder.rglob("*.png")):
        path.rename(path.with_suffix(""))
    assert sum(map(len, load(folder).present().values())) == 36


# Bad input --------------------------------------------------------------------------------------


def changed(path, change):
    path.write_bytes(change(path.read_bytes()))


def idx_after(change, kind="images-idx3", packed=False):
    def write(path):
        folder = write_idx(path, packed=packed)
        changed(folder / f"train-{kind}-ubyte{'.gz' if packed else ''}", change)
        return folder

    return write


def bomb(header):
    """An IDX file of zeros without end (64 MiB), gzipped to 64 kB."""
    return lambda _: gzip.compress(header + bytes(1 << 26), 9)


def labels_as_images(path):
    return write_idx(path) / "train-labels-idx1-ubyte"


def swapped(path):
    folder = write_idx(path)
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(pictures(36)[0]))
    return folder


def no_labels(path):
    folder = write_idx(path)
    (folder / "train-labels-idx1-ubyte").unlink()
    return folder


def several_pairs(path):
    write_idx(path, "emnist-digits-train")
    return write_idx(path, "emnist-letters-train")


def npz_with(**arrays):
    return lambda path: write_npz(path.with_suffix(".npz"), **arrays)


class Harmful:
    """An object whose unpickling would leave a trace."""

    def __reduce__(self):
        return (os.mkdir, ("pickle-was-run",))


def npz_with_pickle(path):
    np.savez(path.with_suffix(".npz"), x_train=np.array([Harmful()]), y_train=np.arange(1))
    return path.with_suffix(".npz")


def npz_too_large(path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 28, 28)}
    )
    with zipfile.ZipFile(path.with_suffix(".npz"), "w") as archive:
        archive.writestr("x_train.npy", header.getvalue())
        archive.writestr("y_train.npy", header.getvalue())
    return path.with_suffix(".npz")


def npz_cut_within(path):
    x = io.BytesIO()
    np.save(x, pictures(36)[0])
    with zipfile.ZipFile(path.with_suffix(".npz"), "w") as archive:
        archive.writestr("x_train.npy", x.getvalue()[:-1])
        archive.writestr("y_train.npy", x.getvalue()[:-1])
    return path.with_suffix(".npz")


def file_with(content, suffix=""):
    def write(path):
        path.with_suffix(suffix).write_bytes(content)
        return path.with_suffix(suffix)

    return write


def npz_cut(path):
    path = write_npz(path.with_suffix(".npz"))
    changed(path, lambda content: content[: len(content) // 2])
    return path


def npz_with_a_changed_bit(path):
    path = write_npz(path.with_suffix(".npz"))
    changed(path, lambda content: content[:500] + b"\0\1" + content[502:])
    return path


def csv_after(change, header=True):
    def write(path):
        path = write_csv(path.with_suffix(".csv"), header=header)
        lines = path.read_text().splitlines()
        path.write_text("\n".join(change(lines)))
        return path

    return write


def cell(line, position, value):
    fields = line.split(",")
    fields[position] = value
    return ",".join(fields)


def classes_after(change, **how):
    def write(path):
        folder = write_classes(path, **how)
        change(folder)
        return folder

    return write


def corrupt(folder):
    changed(folder / "0" / "0.png", lambda content: content[:200])
    (folder / "1" / "1.png").write_bytes(b"")
    (folder / "2" / "2.png").write_bytes(b"no picture")
    (folder / "2" / "5.png").write_bytes(b"\x89PNG\r\n\x1a\n")


def huge(folder):
    content = bytearray((folder / "0" / "0.png").read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2  # width and height
    import zlib

    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (folder / "0" / "0.png").write_bytes(content)


def flatten(folder):
    for path in list(folder.rglob("*.png")):
        path.rename(folder / path.name)
    for place in list(folder.iterdir()):
        if place.is_dir():
            place.rmdir()


def only_test_class(folder):
    write_classes(folder / "train", 36)
    write_classes(folder / "test", 12, class_names=("0", "1", "other"))
    for name in DIGITS[:3]:
        for path in (folder / name).iterdir():
            path.unlink()
        (folder / name).rmdir()


def label_only_in_test(path):
    x, y = pictures(12)
    return write_npz(path.with_suffix(".npz"), x_test=x, y_test=y + 1)


BAD = {
    "truncated IDX": (idx_after(lambda c: c[:-1]), "is truncated: its header promises 28,224"),
    "IDX cut within its header": (idx_after(lambda c: c[:10]), "truncated within its header"),
    "truncated gzipped IDX": (idx_after(lambda c: c[:-9], packed=True), "damaged or truncated"),
    "gzip with a changed bit": (
        idx_after(lambda c: c[:-8] + b"\0" * 8, packed=True),
        "damaged or truncated",
    ),
    "empty IDX": (idx_after(lambda _: b""), "is empty"),
    "empty IDX labels": (idx_after(lambda _: b"", "labels-idx1"), "is empty"),
    "IDX with more than it says": (idx_after(lambda c: c + b"x"), "has more data than"),
    "wrong magic": (idx_after(lambda c: b"\x01" + c[1:]), "is not an IDX file: it begins with 01"),
    "unknown IDX type": (idx_after(lambda c: b"\0\0\x07\3" + c[4:]), "begins with 00 00 07 03"),
    "IDX of five dimensions": (idx_after(lambda c: b"\0\0\x08\5" + c[4:]), "not an IDX file"),
    "labels as images": (labels_as_images, "holds labels, not images"),
    "images as labels": (
        swapped,
        "train-labels-idx1-ubyte holds images, but its name says labels",
    ),
    "labels missing": (no_labels, "no labels next to .*train-labels-idx1-ubyte is missing"),
    "several pairs": (several_pairs, "several files of train images"),
    "IDX that promises terabytes": (
        idx_after(lambda _: idx_bytes(np.zeros((1, 1, 1), np.uint8))[:4] + b"\xff" * 12),
        "at most 1,073,741,824 are read",
    ),
    "gzip bomb that promises gigabytes": (
        idx_after(bomb(b"\0\0\x08\3" + b"\0\x7f\xff\xff" * 3), packed=True),
        "at most 1,073,741,824 are read",
    ),
    "gzip bomb behind a small promise": (
        idx_after(bomb(b"\0\0\x08\3" + b"\0\0\0\x24\0\0\0\x1c\0\0\0\x1c"), packed=True),
        "has more data than the 28,224 bytes",
    ),
    "IDX without images": (
        lambda path: write_idx(path, count=0, labels=[]),
        "holds no images",
    ),
    "IDX with fewer labels": (
        lambda path: write_idx(path, labels=[0, 1, 2]),
        "36 images and 3 labels",
    ),
    "labels with a gap": (
        lambda path: write_idx(path, labels=np.where(np.arange(36) % 2, 200, 3)),
        "labels up to 200, but only 2 different",
    ),
    "one class": (lambda path: write_idx(path, labels=[4] * 36), "has only one class"),
    "pickled objects": (npz_with_pickle, "holds Python objects"),
    "NPZ cut off": (npz_cut, "is damaged or not an NPZ file"),
    "NPZ with a changed bit": (npz_with_a_changed_bit, "damaged or not an NPZ file"),
    "NPZ too large": (npz_too_large, "at most 4,294,967,296 are read"),
    "NPZ array cut off": (npz_cut_within, "is truncated: its header promises"),
    "NPZ of other arrays": (
        lambda path: (
            np.savez(path.with_suffix(".npz"), weights=np.eye(2)) or path.with_suffix(".npz")
        ),
        "holds weights; needed are x_train and y_train",
    ),
    "NPZ without labels": (
        npz_with(x_test=pictures(3)[0]),
        "has x_test, but no y_test",
    ),
    "NPZ with labels of another length": (
        npz_with(y_train=np.arange(35) % 3),
        "36 images and 35 labels",
    ),
    "NPZ without images": (
        npz_with(x_train=np.zeros((0, 28, 28)), y_train=np.zeros(0)),
        "holds no images",
    ),
    "NaN": (npz_with(x_train=np.full((36, 28, 28), np.nan)), "NaN or infinite"),
    "infinity": (npz_with(x_train=np.full((36, 28, 28), np.inf)), "NaN or infinite"),
    "floats to 255": (
        npz_with(x_train=pictures(36)[0].astype(float)),
        "float64 pixels from 0 to 255; floats must be 0 to 1",
    ),
    "floats below 0": (
        npz_with(x_train=pictures(36)[0] / 127.5 - 1),
        "pixels from -1 to 1; floats must be 0 to 1",
    ),
    "whole numbers over 255": (
        npz_with(x_train=pictures(36)[0].astype(int) * 2),
        "pixels from 0 to 510; whole numbers must be 0 to 255",
    ),
    "images of text": (npz_with(x_train=np.full((36, 28, 28), "x")), "must be numbers"),
    "images of one dimension": (npz_with(x_train=np.zeros(36)), "must be images"),
    "images of another size": (
        npz_with(x_train=np.zeros((36, 32, 30), np.uint8)),
        "images are 30x32 pixels where 28x28 is needed; add --resize",
    ),
    "labels below 0": (npz_with(y_train=np.arange(36) - 1), "the label -1"),
    "labels over 255": (npz_with(y_train=np.arange(36) * 10), "the label 260"),
    "labels between": (npz_with(y_train=np.arange(36) / 2), r"the label 0\.5"),
    "labels that are NaN": (npz_with(y_train=np.full(36, np.nan)), "the label nan"),
    "labels of text": (npz_with(y_train=np.full(36, "cat")), "must be numbers"),
    "labels of two columns": (npz_with(y_train=np.full((36, 2), 3)), "must be labels"),
    "a class only in test": (label_only_in_test, "class '3' is in test and not in train"),
    "CSV with text": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 5, "five"), *rows[4:]]),
        "line 4: column 'pixel4' is 'five'",
    ),
    "CSV with text and no header": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 5, "five"), *rows[4:]], header=False),
        "line 4: column 6 is 'five'",
    ),
    "CSV with a gap": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 5, ""), *rows[4:]]),
        "line 4: column 'pixel4' is missing",
    ),
    "CSV with a short line": (
        csv_after(lambda rows: [*rows[:-1], rows[-1][: len(rows[-1]) // 2]]),
        "line 37: .* is missing",
    ),
    "CSV with a long line": (
        csv_after(lambda rows: [*rows[:3], rows[3] + ",1,2", *rows[4:]]),
        "Expected 785 fields in line 4, saw 787",
    ),
    "CSV with missing columns": (
        csv_after(lambda rows: [",".join(row.split(",")[:700]) for row in rows]),
        "699 pixel columns besides the label; 784",
    ),
    "CSV without labels": (
        csv_after(lambda rows: [row.split(",", 1)[1] for row in rows]),
        "the label column is missing",
    ),
    "CSV with a label out of range": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 0, "999"), *rows[4:]]),
        "the label 999",
    ),
    "CSV with a negative label": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 0, "-1"), *rows[4:]]),
        "the label -1",
    ),
    "CSV with a pixel of 256": (
        csv_after(lambda rows: [*rows[:3], cell(rows[3], 9, "256"), *rows[4:]]),
        "pixels from 0 to 256",
    ),
    "CSV of a header alone": (csv_after(lambda rows: rows[:1]), "holds no images"),
    "empty CSV": (file_with(b"", ".csv"), "is empty"),
    "CSV of blank lines": (file_with(b"\n\n\n", ".csv"), "is empty"),
    "bytes called CSV": (file_with(b"\xff\xfe\x01\x02" * 9, ".csv"), "not a CSV file in UTF-8"),
    "bytes in no format": (
        file_with(b"\xff\xfe\x01\x02" * 9),
        "in no supported format; supported formats: IDX: .*; NPZ: .*; CSV: .*; folder of class",
    ),
    "a text": (file_with(b"Dear diary,\ntoday", ".csv"), "line 2: column 'Dear diary' is 'today'"),
    "a pickle": (file_with(pickle.dumps([1, 2])), "a single array or a pickle"),
    "a single array": (file_with(b"\x93NUMPY\x01\x00", ".npy"), "a single array or a pickle"),
    "a single image": (file_with(b"\x89PNG\r\n\x1a\n", ".png"), "is a single image"),
    "an empty file": (file_with(b""), "is empty"),
    "an empty folder": (lambda path: path.mkdir() or path, "holds no dataset"),
    "a folder of one class": (
        classes_after(lambda folder: None, count=9, class_names=("7",) * 3),
        "has only one class .'7'.",
    ),
    "class folders without images": (
        classes_after(lambda f: [path.unlink() for path in f.rglob("*.png")]),
        "0 holds no PNG or JPEG images",
    ),
    "one class folder without images": (
        classes_after(lambda f: (f / "8").mkdir()),
        "8 holds no PNG or JPEG images; fill it or remove it",
    ),
    "images without class folders": (
        classes_after(flatten),
        "holds images, but no class folders",
    ),
    "mixed sizes": (
        classes_after(lambda f: Image.new("L", (40, 30)).save(f / "1" / "odd.png")),
        "odd.png: images are 40x30 pixels",
    ),
    "corrupt images": (
        classes_after(corrupt),
        r"4 image files cannot be read: .*0\.png .*1\.png \(empty file\), .* and 1 more",
    ),
    "an image of gigapixels": (
        classes_after(huge),
        r"1 image file cannot be read: .*0\.png \(Image size .*exceeds limit",
    ),
    "a class folder only in test": (classes_after(only_test_class), "other is not in train"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data_are_refused_in_one_line_that_names_them(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write, message = BAD[case]
    path = write(tmp_path / "data")
    with pytest.raises(InputError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert "data" in str(caught.value)
    assert not (tmp_path / "pickle-was-run").exists()


@pytest.mark.parametrize("case", BAD)
def test_check_reports_bad_data_and_does_not_fail(case, tmp_path):
    path = BAD[case][0](tmp_path / "data")
    report = check(path)
    assert not report.usable
    assert all(line and "\n" not in line for line in report.problems)
    json.dumps(report.as_dict())


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mnsit", "did you mean 'mnist'"),
        ("fashion", "did you mean 'fashion-mnist'"),
        ("emnist_letter", "did you mean 'emnist-letters'"),
        ("zebra", "Known are mnist, fashion-mnist"),
        ("no/such/folder", "no such file or folder: no/such/folder"),
        ("digits.csv", "no such file or folder: digits.csv"),
        (Path("mnist"), "no such file or folder: mnist"),
        ("", "unknown dataset ''"),
        ("x" * 5000, "cannot read x+: File name too long"),
        (7, "a name or a path; received int"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, hint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=hint):
        load(name)


@pytest.mark.parametrize("name", ["MNIST", "Fashion_MNIST", "emnist letters"])
def test_names_may_be_spelt_as_people_do(name):
    from tenfold.data.sources import find

    assert find(name).name == name.lower().replace("_", "-").replace(" ", "-")


@pytest.mark.parametrize("validation", [-1, 30_001, 60_000, 0.1, "many"])
def test_validation_out_of_range_is_refused(validation):
    with pytest.raises(InputError, match="validation must be 0 to 30000"):
        load("mnist", validation=validation)


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(InputError, match="seed must be"):
        load("mnist", seed=seed)


def test_a_folder_that_cannot_be_opened_is_told_in_one_line(tmp_path, monkeypatch):
    folder = write_classes(tmp_path / "data")

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match=r"cannot read .*Permission denied"):
        load(folder)


# Properties -------------------------------------------------------------------------------------

idx_arrays = st.sampled_from(sorted(TYPES.values())).flatmap(
    lambda kind: arrays_of.arrays(
        np.dtype(kind), arrays_of.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)
    )
)


@given(idx_arrays, st.booleans())
def test_idx_comes_back_as_it_was_written(array, packed):
    content = idx_bytes(array)
    if packed:
        content = gzip.decompress(gzip.compress(content))
    back = parse_idx(io.BytesIO(content), "x")
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@given(st.binary(max_size=64))
def test_no_bytes_make_the_idx_reader_raise_anything_but_input_error(content):
    with contextlib.suppress(InputError):
        parse_idx(io.BytesIO(content), "x")


@given(st.lists(st.integers(0, 6), min_size=1, max_size=200), st.integers(0, 300), st.integers(0))
def test_what_is_held_out_is_stratified_and_leaves_every_class_one(labels, size, seed):
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


@settings(deadline=None)
@given(arrays_of.arrays(np.uint8, (3, 28, 28)))
def test_bytes_whole_numbers_and_floats_say_the_same(images):
    assert np.array_equal(as_images(images.astype(np.int32), "x"), images)
    assert np.array_equal(as_images(images / 255, "x"), images)
    assert np.array_equal(as_images((images / 255).astype(np.float32), "x"), images)
    assert np.array_equal(as_images(images.reshape(3, 784), "x"), images)


def test_one_hot_labels_are_the_sparse_ones():
    labels = np.array([2, 0, 1, 2])
    assert np.array_equal(as_labels(np.eye(3)[labels], "y"), labels)


# Dataset and Splits -----------------------------------------------------------------------------


@pytest.fixture
def data():
    return Dataset(*pictures(36), ("a", "b", "c"), "letters")


def test_slices_masks_and_index_arrays_select(data):
    assert np.array_equal(data[3:9].images, data.images[3:9])
    assert np.array_equal(data[data.labels == 1].labels, [1] * 12)
    assert np.array_equal(data[np.array([5, 2])].images, data.images[[5, 2]])
    assert data[[5, 2]].name == "letters"
    assert len(data[:0]) == 0
    with pytest.raises(TypeError, match=r"\[\[3\]\]"):
        data[3]


def test_scaled_and_one_hot_are_what_keras_makes(data):
    assert data.scaled().shape == (36, 28, 28)
    assert data.scaled(flat=True).dtype == np.float32
    assert np.array_equal(data.scaled(), data.images.astype("float32") / 255)
    assert np.array_equal(data.one_hot().argmax(axis=1), data.labels)
    assert data.one_hot().sum() == 36


def test_the_checksum_tells_images_labels_and_shape_apart(data):
    assert data.checksum == Dataset(data.images.copy(), data.labels, ("x", "y", "z")).checksum
    others = [
        Dataset(data.images, data.labels[::-1], data.class_names),
        Dataset(data.images[::-1], data.labels, data.class_names),
        Dataset(data.images.reshape(36, 14, 56), data.labels, data.class_names),
        data[:-1],
    ]
    assert len({data.checksum, *(other.checksum for other in others)}) == 5


def test_a_dataset_does_not_change(data):
    with pytest.raises(ValueError, match="read-only"):
        data.images[0] = 0
    with pytest.raises(AttributeError):
        data.name = "other"


def test_a_dataset_leaves_the_arrays_of_its_maker_writable():
    images, labels = pictures(6)
    Dataset(images, labels, DIGITS)
    images[0] = labels[0] = 0


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 28, 28)), [0, 1], "images must be uint8 .* received float64"),
        (np.zeros((2, 784), np.uint8), [0, 1], r"received uint8 \[2, 784\]"),
        (np.zeros((2, 28, 28), np.uint8), [0], "1 labels, 2 images"),
        (np.zeros((2, 28, 28), np.uint8), [0, 3], "labels must be 0 to 2"),
        (np.zeros((2, 28, 28), np.uint8), [-1, 0], "they run from -1 to 0"),
        (np.zeros((2, 28, 28), np.uint8), [0.0, 1.0], "whole numbers"),
        (np.zeros((2, 28, 28), np.uint8), [[0], [1]], "whole numbers"),
    ],
)
def test_a_dataset_of_other_arrays_is_refused(images, labels, message):
    with pytest.raises(InputError, match=message):
        Dataset(images, np.array(labels), ("a", "b", "c"))


def test_class_names_differ(data):
    with pytest.raises(InputError, match="must be unique"):
        Dataset(data.images, data.labels, ("a", "b", "a"))


def test_datasets_and_splits_say_what_they_are(data):
    assert repr(data) == "<Dataset letters: 36 images 28x28, 3 classes>"
    splits = Splits("letters", data[:30], None, data[30:], "here", 0)
    assert repr(splits) == "<Splits letters: train 30, test 6 images 28x28, 3 classes>"
    assert list(splits.present()) == ["train", "test"]


def test_a_notebook_shows_a_gallery(data):
    for thing in (data, Splits("letters", data, None, None, "here", 0)):
        page = thing._repr_html_()
        assert "letters: " in page
        assert 'src="data:image/png;base64,iVBOR' in page
    assert "<img" not in data[:0]._repr_html_()


def test_a_name_cannot_put_markup_into_a_notebook(data):
    page = Dataset(data.images, data.labels, data.class_names, '<b onload="x">')._repr_html_()
    assert "<b" not in page


# check ------------------------------------------------------------------------------------------


def test_check_counts_duplicates_within_and_across_and_contradictions(tmp_path):
    x, _ = pictures(36)
    x[1] = x[0]  # another label
    x[3] = x[6]  # the same label
    x_test, y_test = pictures(12, 1)
    x_test[4], x_test[5] = x[0], x[20]
    path = write_npz(tmp_path / "mine.npz", x_train=x, x_test=x_test, y_test=y_test)
    report = check(path)
    assert report.usable
    assert report.splits["train"].duplicates == 2
    assert report.splits["test"].duplicates == 0
    assert report.across == {"train/test": 2}
    assert report.contradictions == 1
    assert report.examples[0].images == (("train", 0, "0"), ("train", 1, "1"), ("test", 4, "1"))
    assert "2 images of test are in train as well" in report.warnings
    assert report.splits["train"].counts == {"0": 12, "1": 12, "2": 12}
    json.dumps(report.as_dict())


@pytest.mark.parametrize(
    ("ink", "ground", "polarity"),
    [
        (255, 0, "light ink on dark"),
        (0, 255, "dark ink on light"),
        (90, 90, "unclear"),
    ],
)
def test_check_tells_the_polarity(tmp_path, ink, ground, polarity):
    x = np.full((36, 28, 28), ground, np.uint8)
    x[:, 8:20, 8:20] = ink
    split = check(write_npz(tmp_path / "mine.npz", x_train=x)).splits["train"]
    assert split.polarity == polarity
    assert split.pixels == (min(ink, ground), max(ink, ground))
    assert split.blank == (36 if ink == ground else 0)


def test_check_names_every_unreadable_file_and_reports_the_rest(tmp_path):
    folder = write_classes(tmp_path / "data")
    corrupt(folder)
    report = check(folder)
    assert sorted(Path(file.path).name for file in report.unreadable) == [
        "0.png",
        "1.png",
        "2.png",
        "5.png",
    ]
    assert report.splits["train"].images == 32
    assert report.problems == ("4 image files cannot be read",)


def test_check_reports_images_of_other_sizes_and_what_they_would_be(tmp_path):
    folder = write_classes(tmp_path / "data", side=40)
    report = check(folder)
    assert "add --resize" in report.problems[0]
    assert report.splits["train"].images == 36
    assert check(folder, resize=True).usable


def test_check_finds_a_damaged_cache(cache, small, monkeypatch):
    from dataclasses import replace

    bad = replace(small, idx_sha256=("0" * 64,) * 4)
    dataset_cache.arrays(small)
    monkeypatch.setattr("tenfold.data.checking.resolve", lambda source: (bad, Path()))
    assert "is damaged; remove it" in check("small").problems[0]
