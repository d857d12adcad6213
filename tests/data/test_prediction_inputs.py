"""Images to predict: folders, and tables as competitions publish them, written by pandas."""

import gzip
import io
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.formats.idx import idx_bytes
from tenfold.data.prediction_inputs import read_inputs

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
NAMES = [f"pixel{i}" for i in range(784)]
LABELS = np.arange(5)


def table(**columns):
    return pd.DataFrame(IMAGES.reshape(5, -1), columns=NAMES).assign(**columns)


def read(path, **options):
    return read_inputs(path, (28, 28), ReadOptions(**options))


def check(inputs):
    np.testing.assert_array_equal(inputs.images, IMAGES)
    return inputs


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".csv.zip"])
def test_a_table_without_ids_is_counted_from_1(suffix, tmp_path):
    table().to_csv(tmp_path / f"test{suffix}", index=False)
    inputs = check(read(tmp_path / f"test{suffix}"))
    assert (inputs.ids, inputs.header) == ([1, 2, 3, 4, 5], ("ImageId", "Label"))


def test_ids_and_the_header_of_a_sample_are_kept(tmp_path):
    table(id=LABELS + 100).sample(frac=1, axis=1, random_state=0).to_csv(
        tmp_path / "test.csv", index=False
    )
    inputs = check(read(tmp_path / "test.csv"))
    assert (inputs.ids, inputs.header) == ([100, 101, 102, 103, 104], ("id", "label"))
    (tmp_path / "sample_submission.csv").write_text("row,guess\n100,0\n")
    assert read(tmp_path / "test.csv").header == ("row", "guess")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_labels_are_left_out(separator, tmp_path):
    table(label=LABELS).to_csv(tmp_path / "t.csv", index=False, sep=separator)
    check(read(tmp_path / "t.csv"))
    table(answer=LABELS).to_csv(tmp_path / "t.csv", index=False, sep=separator)
    check(read(tmp_path / "t.csv", label_column="answer"))
    table(answer=LABELS).to_csv(tmp_path / "t.csv", index=False, sep=separator, header=False)
    with pytest.raises(InputError, match="--label-column first, last or"):
        read(tmp_path / "t.csv")
    check(read(tmp_path / "t.csv", label_column="last"))


def test_floats_have_the_range_of_images(tmp_path):
    (table() / 255).to_csv(tmp_path / "t.csv", index=False)
    check(read(tmp_path / "t.csv"))


def test_text_is_refused(tmp_path):
    table(pixel3="x").to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match="column 'pixel3' is 'x'; a number is needed"):
        read(tmp_path / "t.csv")


def test_a_folder_is_read_at_any_depth(tmp_path):
    (tmp_path / "new" / "a").mkdir(parents=True)
    with pytest.raises(InputError, match="no images in this folder"):
        read(tmp_path / "new")
    for i, image in enumerate(IMAGES):
        Image.fromarray(image).save(tmp_path / "new" / "a" / f"{i}.png")
    inputs = check(read(tmp_path / "new"))
    assert inputs.names[4] == str(tmp_path / "new" / "a" / "4.png")
    assert inputs.ids is None


def idx_file(path):
    path.with_name("t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(IMAGES)))


def archive(path):
    with zipfile.ZipFile(path.with_name("test.zip"), "w") as file:
        for i, image in enumerate(IMAGES):
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, "PNG")
            file.writestr(f"test/{i}.png", buffer.getvalue())
        file.writestr("__MACOSX/._0.png", b"no image")


def encoded(path):
    cells = [io.BytesIO() for _ in IMAGES]
    for image, cell in zip(IMAGES, cells, strict=True):
        Image.fromarray(image).save(cell, "PNG")
    images = [{"bytes": cell.getvalue(), "path": None} for cell in cells]
    pd.DataFrame({"image": images}).to_parquet(path.with_name("test.parquet"))


@pytest.mark.parametrize(
    "write",
    [
        idx_file,
        archive,
        encoded,
        lambda path: table().to_parquet(path.with_name("pixels.parquet")),
        lambda path: table().to_json(path.with_name("t.jsonl"), orient="records", lines=True),
        lambda path: path.with_name("x.pkl").write_bytes(pickle.dumps(IMAGES)),
        lambda path: np.savez(path, train_images=255 - IMAGES, test_images=IMAGES, test_ids=LABELS),
    ],
)
def test_files_that_train_reads_are_predicted_as_well(tmp_path, write):
    write(tmp_path / "images.npz")
    check(read(next(tmp_path.iterdir())))


def test_what_systems_put_into_a_folder_is_no_image(tmp_path):
    for i, image in enumerate(IMAGES):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
        (tmp_path / f"._{i}.png").write_bytes(b"no image")
    check(read(tmp_path))
