"""Named datasets: content, cache, downloads and the table of sources."""

import gzip
import hashlib
import http.server
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from dataset_files import DIGITS, pictures, write_idx

from tenfold.core.errors import InputError
from tenfold.data import SOURCES, Source, dataset_cache, load, names
from tenfold.data.formats.idx import idx_bytes
from tenfold.data.sources import ROLES, RemoteFile


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


def test_mnist_has_the_published_checksums():
    assert dataset_cache.is_genuine(SOURCES[0])


def test_without_validation_train_is_complete_and_in_its_original_order():
    data = load("mnist", validation=0)
    assert data.validation is None
    assert data.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.train.counts()["5"] == 5421


def test_a_warm_load_unpacks_nothing(monkeypatch):
    first = load("mnist")
    monkeypatch.setattr(dataset_cache.lzma, "decompress", lambda _: pytest.fail("unpacked again"))
    assert load("mnist").train.checksum == first.train.checksum


def test_importing_data_imports_only_numpy():
    code = "import sys, tenfold.data; print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for heavy in ("pandas", "PIL", "matplotlib", "rich", "keras", "jax", "scipy"):
        assert f"'{heavy}'" not in out.stdout


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
def test_a_damaged_cache_is_rebuilt(cache, small, role, damage):
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


def test_cached_arrays_are_memory_mapped(cache, small):
    dataset_cache.arrays(small)
    assert isinstance(dataset_cache.arrays(small)["train-images"].base, np.memmap)


def test_a_folder_with_another_checksum_is_not_used(cache, small):
    with pytest.raises(InputError, match="is not in the package and has no download address"):
        dataset_cache.arrays(replace(small, idx_sha256=("0" * 64,) * 4))
    assert not cache.exists()


def test_is_genuine_detects_a_changed_bit_in_the_cache(cache, small):
    stored = dataset_cache.arrays(small)
    digests = tuple(hashlib.sha256(idx_bytes(stored[role])).hexdigest() for role in ROLES)
    small = replace(small, idx_sha256=digests)
    assert dataset_cache.is_genuine(small)
    path = cache / "datasets" / "small" / "train-images.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert not dataset_cache.is_genuine(small)


@pytest.mark.parametrize("cache", ["file", "below a file"])
def test_a_cache_that_cannot_be_written_is_an_error_of_one_line(
    tmp_path, monkeypatch, small, cache
):
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"")
    monkeypatch.setenv("TENFOLD_CACHE", str(blocked / "x" if cache == "below a file" else blocked))
    with pytest.raises(InputError, match="set TENFOLD_CACHE to a folder") as caught:
        dataset_cache.arrays(small)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on files here")
def test_a_full_disk_is_an_error_of_one_line_and_no_file_is_left(cache):
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


def test_files_are_fetched_from_mirrors_and_only_arrays_are_stored(cache, server, tmp_path):
    write_idx(tmp_path / "www", "train", 36, 0, packed=True)
    write_idx(tmp_path / "www", "t10k", 12, 1, packed=True)
    order = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
    files = tuple(remote(tmp_path / "www" / f"{name}-ubyte.gz") for name in order)
    dead = "http://127.0.0.1:9/"
    source = Source("far", "Far", DIGITS, 36, 12, "", "", "", mirrors=(dead, server), files=files)
    arrays = dataset_cache.arrays(source)
    assert np.array_equal(arrays["train-images"], pictures(36)[0])
    assert np.array_equal(arrays["test-images"], pictures(12, 1)[0])
    assert list((cache / "downloads").iterdir()) == []


def test_without_a_network_files_are_taken_from_a_folder(cache, tmp_path):
    write_idx(tmp_path / "usb" / "deep", "train", 36, 0, packed=True)
    write_idx(tmp_path / "usb" / "deep", "t10k", 12, 1, packed=False)
    file = RemoteFile("train-images-idx3-ubyte.gz", "0" * 64, 1)
    dead = Source(
        name="far",
        title="Far",
        class_names=DIGITS,
        train=36,
        test=12,
        licence="",
        citation="",
        homepage="",
        mirrors=("http://127.0.0.1:9/",),
        files=(file,) * 4,
        debian_package="dataset-far",
    )
    with pytest.raises(InputError) as caught:
        dataset_cache.arrays(dead)
    assert (
        "Type apt-get install dataset-far, or put train-images-idx3-ubyte.gz and the 3 files"
        in str(caught.value)
    )
    assert str(caught.value).endswith("into a folder and type tenfold data get far --from FOLDER")
    assert len(str(caught.value)) <= 300
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: does not hold Far; put train-images"):
        dataset_cache.fill_from_folder(dead, tmp_path / "empty")
    dataset_cache.fill_from_folder(dead, tmp_path / "usb")
    assert np.array_equal(dataset_cache.arrays(dead)["test-images"], pictures(12, 1)[0])


def test_images_of_an_archive_are_transposed_and_labels_start_at_0(cache, server, tmp_path):
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
    shutil.rmtree(cache / "datasets")
    dataset_cache.fill_from_folder(source, tmp_path)
    assert np.array_equal(dataset_cache.arrays(source)["test-labels"], pictures(12)[1])


@pytest.mark.skipif(
    not Path("/usr/share/datasets/fashion-mnist").exists(), reason="no dataset-fashion-mnist here"
)
def test_fashion_mnist_from_debian_is_verified():
    data = load("fashion-mnist")
    assert data.class_names[data.test.labels[0]] == "Ankle boot"
    assert dataset_cache.is_genuine(next(row for row in SOURCES if row.name == "fashion-mnist"))
    assert load("/usr/share/datasets/fashion-mnist").train.checksum == data.train.checksum


@pytest.mark.parametrize("row", SOURCES, ids=names())
def test_every_source_is_complete(row):
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


@pytest.mark.parametrize("name", ["MNIST", "Fashion_MNIST", "emnist letters"])
def test_names_ignore_case_and_separators(name):
    from tenfold.data.sources import find

    assert find(name).name == name.lower().replace("_", "-").replace(" ", "-")
