"""JSON: the same images from every layout."""

import gzip
import json
import re

import pandas as pd
import pytest
from dataset_files import DIGITS, by_content, pictures

from tenfold.core.errors import InputError
from tenfold.data import Dataset, load

X, Y = pictures(24)
EXPECTED = by_content(Dataset(X, Y, DIGITS[:3]))
RECORDS = [
    {"label": int(label), "image": image.tolist()} for image, label in zip(X, Y, strict=True)
]
FLAT = [{"pixels": image.ravel().tolist(), "digit": str(y)} for image, y in zip(X, Y, strict=True)]
FRAME = pd.DataFrame(X.reshape(24, -1), columns=[f"p{i}" for i in range(784)]).assign(label=Y)

LAYOUTS = {
    "objects": json.dumps(RECORDS, indent=1),
    "an object a line": "\n".join(map(json.dumps, FLAT)) + "\n",
    "with a byte order mark": "\ufeff" + json.dumps(FLAT),
    "objects in splits": json.dumps({"train": RECORDS[:16], "test": RECORDS[16:]}),
    "lists in splits": json.dumps(
        {"train": {"x": X[:16].tolist(), "y": Y[:16].tolist()}, "x_test": X[16:].tolist()}
        | {"y_test": Y[16:].tolist()}
    ),
    "two lists": json.dumps({"images": (X / 255).tolist(), "labels": Y.tolist()}),
    **{f"pandas {way}": FRAME.to_json(orient=way) for way in ("columns", "records", "split")},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_layouts_hold_the_same_images(tmp_path, layout):
    (tmp_path / "data.json").write_text(LAYOUTS[layout], "utf-8")
    splits = load(tmp_path / "data.json", validation=0)
    assert sorted(by_content(splits.train) + by_content(splits.test)) == EXPECTED


def test_a_folder_of_compressed_lines(tmp_path):
    for split, rows in (("train", FLAT[:16]), ("test", FLAT[16:])):
        (tmp_path / f"{split}.jsonl.gz").write_bytes(
            gzip.compress("\n".join(map(json.dumps, rows)).encode())
        )
    splits = load(tmp_path, validation=0)
    assert by_content(splits.test) == by_content(Dataset(X[16:], Y[16:], DIGITS[:3]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"label": 3, ', "is damaged or not JSON"),
        (json.dumps([*RECORDS[:5], RECORDS[5] | {"image": [1, 2]}]), "line 6: 2 pixels"),
        (json.dumps([*RECORDS[:5], RECORDS[5] | {"label": None}]), "'label' is missing"),
        (json.dumps({"images": X.tolist()}), "no labels with it"),
        (json.dumps({"x": [[1, 2], [3]], "y": [0, 1]}), "the lists in x differ in length"),
        (json.dumps({"model": "cnn", "epochs": 3}), "names no image that is there, such as"),
    ],
)
def test_refusals_name_the_cause(tmp_path, text, message):
    folder = tmp_path / "alone"  # folders of other tests are called test, and searched for images
    folder.mkdir()
    (folder / "data.json").write_text(text)
    with pytest.raises(InputError, match=re.escape(message)) as refusal:
        load(folder / "data.json")
    assert len(str(refusal.value)) <= 300
