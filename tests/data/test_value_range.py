"""Value ranges: the same images in any range give the same datasets and predictions."""

import warnings

import numpy as np
import pytest
from dataset_files import pictures

import tenfold
from tenfold.core.errors import InputError, InputWarning
from tenfold.data import check, load
from tenfold.data.convert import as_batch
from tenfold.data.value_range import BINARY, BYTE, NAMES, SIGNED, Levels, decide, parse, recognize

BYTES, LABELS = pictures(36)
SIXTEEN = BYTES // 16  # 0..15
RANGES = {
    "bytes as integers": (BYTES.astype(int), BYTES),
    "bytes as floats": (BYTES.astype(np.float32), BYTES),
    "fractions of 255": (BYTES / 255, BYTES),
    "fractions of 255 in half precision": ((BYTES / 255).astype(np.float16), BYTES),
    "resampled floats to 255": (BYTES * (254.9 / 255), np.rint(BYTES * (254.9 / 255))),
    "-1 to 1": (BYTES / 127.5 - 1, BYTES),
    "-1 to 1 in single precision": ((BYTES / np.float32(127.5) - 1).astype(np.float32), BYTES),
    "-0.5 to 0.5": (BYTES / 255 - 0.5, BYTES),
    "16 bits": (BYTES.astype(np.uint16) * 257, BYTES),
    "0 to 15": (SIXTEEN, SIXTEEN * 17),
    "0.0 to 15.0": (SIXTEEN.astype(float), SIXTEEN * 17),
    "truth values": (BYTES > 99, (BYTES > 99) * 255),
    "0 and 1": ((BYTES > 99).astype(int), (BYTES > 99) * 255),
    "0 and 1 in bytes": ((BYTES > 99).astype(np.uint8), (BYTES > 99) * 255),
    "0.0 and 1.0": ((BYTES > 99).astype(float), (BYTES > 99) * 255),
    "-1 and 1": ((BYTES > 99) * 2 - 1, (BYTES > 99) * 255),
}
ranges = pytest.mark.parametrize("name", RANGES)


@ranges
def test_a_dataset_in_any_range_is_read_as_0_to_255(name, tmp_path):
    values, expected = RANGES[name]
    np.savez(tmp_path / "d.npz", x_train=values, y_train=LABELS)
    splits = load(tmp_path / "d.npz", validation=0)
    got = {image.tobytes() for part in splits.present().values() for image in part.images}
    assert got == {image.tobytes() for image in expected.astype(np.uint8)}
    assert f"pixels {splits.pixels} from black to white" in splits.source


@ranges
def test_inputs_of_a_network_are_converted_like_datasets(name):
    values, expected = RANGES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        assert np.array_equal(as_batch(values, (28, 28)), expected)
        assert np.array_equal(as_batch(values.reshape(36, 784, 1), (28, 28)), expected)


def test_all_splits_decide_together(tmp_path):
    seventeen = np.where(BYTES > 250, 16, SIXTEEN)
    np.savez(tmp_path / "d.npz", x_train=seventeen, y_train=LABELS, x_test=SIXTEEN, y_test=LABELS)
    splits = load(tmp_path / "d.npz")
    assert splits.pixels == "0..16"
    assert splits.test.images.max() == round(15 * 255 / 16)


def test_a_white_image_in_fractions_is_white_and_a_black_one_black():
    assert (as_batch(np.ones((1, 28, 28)), (28, 28)) == 255).all()
    assert (as_batch(np.zeros((1, 28, 28), int), (28, 28)) == 0).all()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (BYTES // 32, r"whole numbers from 0 to 7; set --pixels .* such as 0\.\.7 or byte"),
        (BYTES // 8, "0 to 31"),
        (BYTES.astype(int) * 4, "0 to 1020"),
        (BYTES.astype(np.int8), "perhaps bytes read as signed"),
        (BYTES / 255 / 255, "perhaps divided by 255 twice"),
        ((BYTES / 255 - 0.1307) / 0.3081, "perhaps standardized"),
        (BYTES / 25.5, "fractions from 0 to 10"),
        (BYTES * 1e6, "whole numbers"),
    ],
)
def test_values_of_no_certain_range_are_refused_with_the_option_that_decides(
    values, words, tmp_path
):
    path = tmp_path / "d.npz"
    np.savez(path, x_train=values, y_train=LABELS)
    with pytest.raises(InputError, match=words) as refusal:
        load(path)
    assert "--pixels" in str(refusal.value)
    assert len(str(refusal.value).replace(str(path), "d.npz")) <= 300
    low, high = float(values.min()), float(values.max())
    decided = load(path, validation=0, pixels=f"{low!r}..{high!r}")
    assert (decided.train.images.min(), decided.train.images.max()) == (0, 255)


def test_the_range_of_training_decides_where_values_do_not():
    faint = Levels(0, 40, whole=True)
    assert decide(faint, "x", trained=BYTE) == BYTE
    assert decide(Levels(0, 9, whole=True), "x", trained=parse("0..16")) == parse("0..16")
    with pytest.raises(InputError, match=r"such as 0\.\.9 or byte"):
        decide(Levels(0, 9, whole=True), "x", trained=BYTE)
    with pytest.raises(InputError, match="0 to 40"):
        decide(faint, "x")


@pytest.mark.parametrize("trained", [BYTE, SIGNED, parse("0..16"), BINARY])
def test_a_surprising_range_is_warned_about_and_a_plain_one_is_not(trained):
    bitmap = (BYTES > 99).astype(int)
    if trained == BINARY:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            as_batch(bitmap, (28, 28), trained=trained)
    else:
        with pytest.warns(InputWarning, match=f"from 0 to 1, read as .* trained on {trained}"):
            as_batch(bitmap, (28, 28), trained=trained)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        as_batch(BYTES, (28, 28), trained=trained)
        as_batch(BYTES / 255, (28, 28), trained=trained)
        as_batch(bitmap, (28, 28), "binary", trained)


def test_names_and_bounds_of_ranges():
    assert all(parse(name) == parse(str(NAMES[name])) for name in NAMES)
    assert parse("-0.42..2.82").low == -0.42
    for wrong in ("bytes", "5", "3..3", "9..1", "0..nan", "a..b", "..", 3):
        with pytest.raises(InputError, match="give binary, unit, signed, byte, word"):
            parse(wrong)
    with pytest.raises(InputError, match=r"whole numbers from 0 to 7, not all in 0\.\.1"):
        decide(Levels(0, 7, whole=True), "x", "unit")
    assert recognize(Levels(0, 0, whole=True)) == BYTE


def test_check_names_the_range(tmp_path):
    np.savez(tmp_path / "d.npz", x_train=BYTES > 99, y_train=LABELS)
    assert "pixels 0..1 from black to white" in check(tmp_path / "d.npz").decisions


def test_the_shipped_reader_reads_bitmaps_of_whole_numbers():
    test = tenfold.load("mnist").test[:200]
    from tenfold.export.predictor import default_predictor

    predictor = default_predictor()
    labels = np.array(predictor.class_names)

    def accuracy(images, **options):
        found = labels[predictor(images, **options).argmax(axis=1)]
        return (found == np.array(test.class_names)[test.labels]).mean()

    bitmap = test.images > 127
    assert accuracy(bitmap) > 0.95
    with pytest.warns(InputWarning, match="trained on"):
        assert accuracy(bitmap.astype(int)) == accuracy(bitmap)
    assert accuracy(bitmap.astype(np.uint8), pixels="binary") == accuracy(bitmap)
    with pytest.raises(InputError, match="such as 0"):
        predictor(test.images // 32)


@pytest.mark.parametrize("test", [BYTES / 255, BYTES / 127.5 - 1, BYTES > 99, SIXTEEN])
@pytest.mark.parametrize("turned", [False, True])
def test_splits_that_were_scaled_differently_are_refused(tmp_path, test, turned):
    first, second = (test, BYTES) if turned else (BYTES, test)
    path = tmp_path / "d.npz"
    np.savez(path, x_train=first, y_train=LABELS, x_test=second, y_test=LABELS)
    with pytest.raises(InputError, match="scale both alike, or set --pixels"):
        load(path)


def test_splits_of_equal_ranges_may_have_other_extremes(tmp_path):
    path = tmp_path / "d.npz"
    for darker in (BYTES // 2, BYTES * 0):
        np.savez(path, x_train=BYTES, y_train=LABELS, x_test=darker, y_test=LABELS)
        assert np.array_equal(load(path, validation=0).test.images, darker)
