"""Images to predict: folders, and tables as competitions publish them, written by pandas."""

import gzip
import io
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tenfold.core.errors import InputError, TenfoldWarning
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


def write_arff(path):
    header = [f"@ATTRIBUTE {name} NUMERIC" for name in NAMES]
    rows = table(label=LABELS).to_csv(index=False, header=False)
    text = ["@RELATION d", *header, "@ATTRIBUTE class {0,1,2,3,4}", "@DATA", rows]
    path.write_text("\n".join(text))


def write_pair(folder):
    folder.mkdir()
    np.savez(folder / "imgs.npz", IMAGES)
    (folder / "imgs.npz").rename(folder / "k49-test-imgs.npz")
    np.savez(folder / "k49-test-labels.npz", LABELS)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("d.arff", write_arff),
        ("k49", write_pair),
        ("arr.npz", lambda path: np.savez(path, IMAGES[:, None], LABELS)),
        ("first.npy", lambda path: np.save(path, IMAGES[:, None])),
        ("x.npz", lambda path: np.savez(path, images=IMAGES[:, None])),
    ],
)
def test_data_in_any_format_are_predicted(name, write, tmp_path):
    write(tmp_path / name)
    check(read(tmp_path / name))


def test_the_test_images_of_a_dataset_are_predicted(tmp_path):
    for part, images in (("train", IMAGES[::-1]), ("t10k", IMAGES)):
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS.astype("u1")))
    assert check(read(tmp_path)).names[0] == f"{tmp_path}:test[0]"


def test_rows_and_columns_are_exchanged_in_every_format(tmp_path):
    np.save(tmp_path / "x.npy", IMAGES.swapaxes(1, 2))
    check(read(tmp_path / "x.npy", transpose=True))
    np.save(tmp_path / "emnist.npy", IMAGES)
    with pytest.warns(TenfoldWarning, match="EMNIST are transposed; add --transpose"):
        check(read(tmp_path / "emnist.npy"))
    (tmp_path / "emnist.npy").unlink()
    for i, image in enumerate(IMAGES):
        Image.fromarray(image.T).save(tmp_path / f"{i}.png")
    (tmp_path / "x.npy").unlink()
    check(read(tmp_path, transpose=True))
    wide = np.zeros((2, 40, 28), np.uint8)
    np.save(tmp_path / "wide.npy", wide)
    found = read_inputs(tmp_path / "wide.npy", (28, 40), ReadOptions(transpose=True))
    assert found.images.shape == (2, 28, 40)


def test_files_that_cannot_be_read_may_be_skipped(tmp_path):
    for i, image in enumerate(IMAGES):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    (tmp_path / "a.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "b.png").write_bytes(b"\x89PNGxxxx")
    with pytest.raises(InputError):
        read(tmp_path)
    with pytest.warns(TenfoldWarning, match="2 image files cannot be read, skipped"):
        check(read(tmp_path, skip_unreadable=True))
    Image.new("L", (30, 30)).save(tmp_path / "large.png")
    with pytest.raises(InputError, match="30x30 pixels"):
        read(tmp_path, skip_unreadable=True)
