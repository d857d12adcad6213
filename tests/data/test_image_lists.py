"""Tables of file names and labels, in the places where people put them and their images."""

import re

import numpy as np
import pandas as pd
import pytest
from dataset_files import DIGITS, by_content, pictures
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.data import Dataset, load

X, Y = pictures(24)
OTHER = 255 - X
EXPECTED = by_content(Dataset(X, Y, DIGITS[:3]))


def save(folder, images=X, name="{}.png"):
    folder.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / name.format(i))


def table(names="{}.png", **columns):
    return pd.DataFrame({"id": [names.format(i) for i in range(24)], "label": Y} | columns)


def beside(folder):
    save(folder / "images")
    table().to_csv(folder / "labels.csv", index=False)


def in_test_as_well(folder):
    save(folder / "train")
    save(folder / "test", OTHER)
    table("{}").to_csv(folder / "trainLabels.csv", index=False)
    table("{}", label=0).to_csv(folder / "sampleSubmission.csv", index=False)


def in_a_nested_folder(folder):
    save(folder / "train" / "train")
    save(folder / "test" / "test", OTHER)
    table().to_csv(folder / "train.csv", index=False)


def of_another_computer(folder):
    save(folder / "train")
    save(folder / "test", OTHER)
    table("/content/drive/data/train/{}.png").to_csv(folder / "labels.csv", index=False)


def in_folders_of_equal_names(folder):
    for part, rows in (("a", range(12)), ("b", range(12, 24))):
        save(folder / part, X[list(rows)])
    names = [f"{part}/{i}.png" for part in "ab" for i in range(12)]
    table().assign(id=names).to_csv(folder / "labels.csv", index=False)


def without_header(folder):
    save(folder / "images")
    lines = [f"images/{i}.png {label}" for i, label in enumerate(Y)]
    (folder / "list.txt").write_text("\n".join(lines))


def as_json(folder):
    save(folder / "images")
    labels = {f"{i}.png": int(label) for i, label in enumerate(Y)}
    pd.Series(labels).to_json(folder / "labels.json")


def one_hot(folder):
    save(folder)
    marks = {f" {name}": (i == Y).astype(int) for i, name in enumerate(DIGITS[:3])}
    table(**marks).drop(columns="label").to_csv(folder / "_classes.csv", index=False)


@pytest.mark.parametrize(
    "write",
    [
        beside,
        in_test_as_well,
        in_a_nested_folder,
        of_another_computer,
        in_folders_of_equal_names,
        without_header,
        as_json,
        one_hot,
    ],
)
def test_all_images_come_with_the_label_of_their_name(tmp_path, write):
    write(tmp_path)
    splits = load(tmp_path, validation=0)
    assert sorted(by_content(splits.train) + by_content(splits.test)) == EXPECTED


def test_the_images_lie_in_a_folder_beside_that_of_the_table(tmp_path):
    save(tmp_path / "images")
    (tmp_path / "labels").mkdir()
    table().to_csv(tmp_path / "labels" / "train.csv", index=False)
    splits = load(tmp_path / "labels" / "train.csv", validation=0)
    assert sorted(by_content(splits.train) + by_content(splits.test)) == EXPECTED


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_table_in_the_folder_of_each_split(tmp_path, suffix):
    for split, images in (("train", X), ("test", OTHER)):
        save(tmp_path / split, images)
        named, path = table().rename(columns={"id": "file_name"}), tmp_path / split / "metadata"
        if suffix == "csv":
            named.to_csv(f"{path}.csv", index=False)
        else:
            named.to_json(f"{path}.jsonl", orient="records", lines=True)
    splits = load(tmp_path, validation=0)
    assert by_content(splits.train) == EXPECTED
    assert by_content(splits.test) == by_content(Dataset(OTHER, Y, DIGITS[:3]))


def divided_by_a_column(folder):
    save(folder / "images")
    table(split=["train"] * 16 + ["test"] * 8).to_csv(folder / "labels.csv", index=False)


def divided_by_folders(folder):
    save(folder / "train", X[:16])
    save(folder / "test", X[16:], "t{}.png")
    names = [f"train/{i}.png" for i in range(16)] + [f"test/t{i}.png" for i in range(8)]
    table(id=names).to_csv(folder / "labels.csv", index=False)


@pytest.mark.parametrize("write", [divided_by_a_column, divided_by_folders])
def test_a_column_or_folders_divide_the_images(tmp_path, write):
    write(tmp_path)
    splits = load(tmp_path, validation=0)
    assert by_content(splits.train) == by_content(Dataset(X[:16], Y[:16], DIGITS[:3]))
    assert by_content(splits.test) == by_content(Dataset(X[16:], Y[16:], DIGITS[:3]))


def test_a_name_of_two_files_is_refused(tmp_path):
    save(tmp_path / "a")
    save(tmp_path / "b", OTHER)
    table().to_csv(tmp_path / "labels.csv", index=False)
    with pytest.raises(InputError, match=re.escape("0.png can be ")):
        load(tmp_path / "labels.csv")


def test_a_missing_file_is_not_taken_from_another_folder(tmp_path):
    in_folders_of_equal_names(tmp_path)
    (tmp_path / "a" / "3.png").unlink()
    with pytest.raises(InputError, match=re.escape("a/3.png (no such file)")):
        load(tmp_path)


def test_a_list_of_classes_is_no_list_of_images(tmp_path):
    for i, (image, label) in enumerate(zip(X, Y, strict=True)):
        save(tmp_path / str(label), [image], f"{i}.png")
    (tmp_path / "classes.csv").write_text("id,name\n0,zero\n1,one\n2,two\n")
    splits = load(tmp_path, validation=0)
    assert len(splits.train) + len(splits.test) == 24


def test_rows_of_other_tables_are_numbered_from_the_cells():
    data = load(pd.DataFrame({"x": list(X), "y": Y}), validation=0)
    assert np.array_equal(
        np.sort(np.concatenate([data.train.labels, data.test.labels])), np.sort(Y)
    )


def test_of_several_tables_the_one_that_names_images_is_read(tmp_path):
    beside(tmp_path)
    pd.DataFrame({"number": range(3), "name": ["a", "b", "c"]}).to_csv(tmp_path / "names.csv")
    assert by_content(load(tmp_path, validation=0).train)


@pytest.mark.parametrize("name", ["boxes.csv", "metadata.jsonl", "other.txt"])
def test_two_lists_of_the_same_images_are_refused_by_name(name, tmp_path):
    beside(tmp_path)
    other = table("images/{}.png").rename(columns={"id": "file_name"})
    if name.endswith("jsonl"):
        other.to_json(tmp_path / name, orient="records", lines=True)
    else:
        other.to_csv(tmp_path / name, index=False, sep=" " if name.endswith("txt") else ",")
    with pytest.raises(InputError, match="several lists of its images") as caught:
        load(tmp_path)
    assert name in str(caught.value)
    assert "labels.csv" in str(caught.value)
    assert len(load(tmp_path / "labels.csv", validation=0).train) == 20


def test_encoded_images_in_a_table_are_no_file_names(tmp_path):
    table("iVBORw0KGgo" + 300 * "A" + "{}").to_csv(tmp_path / "d.csv", index=False)
    with pytest.raises(InputError, match=r"which name no files \(images in base64"):
        load(tmp_path / "d.csv", label_column="label")
