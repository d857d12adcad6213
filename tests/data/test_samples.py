"""Samples: one file each, written atomically, readable by load; one server a folder."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import tenfold
from tenfold import InputError
from tenfold.data.samples import Samples, locked


@pytest.fixture
def samples(tmp_path):
    return Samples(tmp_path / "mine", [*"0123456789", "no digit", "T-shirt/top"])


def fill(samples, digits, n=12):
    return [
        samples.add(image, str(label), "4", 0.25, "drawn")
        for image, label in zip(digits.images[:n], digits.labels[:n], strict=True)
    ]


def test_load_reads_what_is_stored(samples, mnist):
    added = fill(samples, mnist.validation, 40)
    data = tenfold.load(samples.folder, validation=0)
    images = np.concatenate([data.train.images, data.test.images])
    loaded = {
        (image.tobytes(), str(label))
        for image, label in zip(
            images,
            [data.class_names[i] for i in [*data.train.labels, *data.test.labels]],
            strict=True,
        )
    }
    expected = {
        (image.tobytes(), str(label))
        for image, label in zip(
            mnist.validation.images[:40], mnist.validation.labels[:40], strict=True
        )
    }
    assert loaded == expected
    assert len(samples) == len(added) == 40


def test_metadata_are_stored_and_listed_newest_first_and_page_by_page(samples, mnist):
    added = fill(samples, mnist.validation)
    again = Samples(samples.folder, samples.class_names)
    assert again.list() == tuple(reversed(added))
    assert again.list(limit=5) == tuple(reversed(added[7:]))
    assert again.list(limit=5, before=added[7].id) == tuple(reversed(added[2:7]))
    assert again.counts() == {
        str(d): n for d, n in enumerate(np.bincount(mnist.validation.labels[:12])) if n
    }
    one = again.list(limit=1)[0]
    assert (one.guess, one.confidence, one.source) == ("4", 0.25, "drawn")
    assert one.time.endswith("+00:00")
    assert (again.image(one.id) == mnist.validation.images[11]).all()


def test_removing_deletes_the_file_and_an_empty_class_folder(samples, mnist):
    one = samples.add(mnist.train.images[0], "3")
    samples.remove(one.id)
    assert list(samples.folder.iterdir()) == []
    assert samples.list() == ()
    assert samples.counts() == {}
    with pytest.raises(InputError, match="no sample has this id"):
        samples.remove(one.id)


def test_a_class_name_that_no_folder_can_have(samples, mnist):
    one = samples.add(mnist.train.images[0], "T-shirt/top", "0", 0.5)
    assert (samples.folder / "T-shirt-top" / f"{one.id}.png").is_file()
    assert samples.list() == (one,)
    assert samples.counts() == {"T-shirt/top": 1}


def test_files_put_there_by_hand_are_samples(samples, mnist):
    (samples.folder / "7").mkdir(parents=True)
    Image.fromarray(mnist.train.images[0]).save(samples.folder / "7" / "mine.png")
    (samples.folder / "7" / "damaged.png").write_bytes(b"no picture")
    (samples.folder / "notes.txt").write_text("not one")
    by_id = {sample.id: sample for sample in samples.list()}
    assert sorted(by_id) == ["damaged", "mine"]
    assert (by_id["mine"].label, by_id["mine"].source, by_id["mine"].guess) == ("7", "file", None)
    with pytest.raises(InputError, match="none of PNG, JPEG, BMP"):
        samples.image("damaged")


GOOD = np.zeros((28, 28), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((GOOD.astype(float), "1"), "image: ndarray; give uint8"),
        ((GOOD[:20], "1"), r"image: uint8 \[20, 28\]"),
        ((GOOD.tolist(), "1"), "image: list"),
        ((GOOD, "eleven"), "label: 'eleven'; give one of 0, 1"),
        ((GOOD, "../1"), "label: '../1'"),
        ((GOOD, "1", 4), "guess: int"),
        ((GOOD, "1", "4", 1.5), "confidence: 1.5"),
        ((GOOD, "1", "4", float("nan")), "confidence: nan"),
        ((GOOD, "1", "4", 0.5, "elsewhere"), "source: 'elsewhere'; give one of drawn, read"),
    ],
)
def test_invalid_samples_are_refused_and_nothing_is_written(samples, arguments, message):
    with pytest.raises(InputError, match=message):
        samples.add(*arguments)
    assert not samples.folder.exists()


@pytest.mark.parametrize("label", ["", " 1", ".hidden", "__pycache__", "a" * 65, "1\n", "..", 7])
def test_labels_that_cannot_name_a_folder_are_refused(tmp_path, label):
    with pytest.raises(InputError, match="give a name of 1 to 64 characters"):
        Samples(tmp_path).add(GOOD, label)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sample_id", ["../../etc/passwd", "", "*", ".", "x" * 5000, "a\0b"])
def test_an_id_is_never_a_path(samples, mnist, sample_id):
    samples.add(mnist.train.images[0], "3")
    for call in (samples.remove, samples.image):
        with pytest.raises(InputError, match="no sample has this id"):
            call(sample_id)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_an_unwritable_folder_is_an_error_of_one_line(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot write"):
        Samples(tmp_path).add(GOOD, "1")


def test_a_file_instead_of_the_folder_is_an_error_of_one_line(tmp_path):
    (tmp_path / "mine").write_text("a file")
    with pytest.raises(InputError, match="cannot write"):
        Samples(tmp_path / "mine").add(GOOD, "1")
    with (
        pytest.raises(InputError, match="samples cannot be stored there"),
        locked(tmp_path / "mine"),
    ):
        pass


def test_one_server_locks_a_folder_until_it_ends(tmp_path):
    code = (
        "import sys, time; from tenfold.data.samples import locked\n"
        "with locked(sys.argv[1]): print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "mine"], stdout=subprocess.PIPE
    )
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(InputError, match="another server uses it"), locked(tmp_path / "mine"):
        pass
    other.kill()
    other.wait()
    with locked(tmp_path / "mine"):
        pass
    assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.parametrize(("exists", "is_used"), [(False, False), (False, True), (True, False)])
def test_a_folder_that_stays_empty_is_removed(tmp_path, exists, is_used):
    folder = tmp_path / "mine"
    if exists:
        folder.mkdir()
    with locked(folder):
        assert folder.is_dir()
        if is_used:
            Samples(folder).add(GOOD, "1")
    assert folder.exists() == (exists or is_used)
