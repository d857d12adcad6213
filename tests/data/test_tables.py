"""Tables of images: the same images come from every layout that programs write."""

import csv
import gzip

import numpy as np
import pandas as pd
import pytest
from dataset_files import DIGITS, by_content, pictures
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.data import Dataset, check, load

COUNT = 40
IMAGES, LABELS = pictures(COUNT, classes=10)
IMAGES[:, 0, 0] = IMAGES[:, -1, -1] = 0  # as in scans with an empty corner
PIXELS = [f"pixel{i}" for i in range(784)]


def frame(label="label", last=False, images=IMAGES, names=PIXELS):
    table = pd.DataFrame(images.reshape(COUNT, -1), columns=names)
    table.insert(table.shape[1] if last else 0, label, LABELS)
    return table


def csv_of(table, **options):
    return lambda path: table.to_csv(path, **({"index": False} | options))


def text_of(change):
    return lambda path: path.write_text(change(frame().to_csv(index=False)))


def saved_again_without_header(path):
    pd.concat([frame().iloc[:1], frame()]).to_csv(path, index=False, header=False)
    pd.read_csv(path).to_csv(path, index=False)


def written_by_r(path):
    header, rest = frame().to_csv(sep=" ", quoting=csv.QUOTE_NONNUMERIC).split("\n", 1)
    path.write_text(header.removeprefix('"" ') + "\n" + rest)


def as_strings(brackets="", separator=" ", label="emotion"):
    def write(path):
        rows = [separator.join(map(str, image.ravel())) for image in IMAGES]
        table = pd.DataFrame({label: LABELS, "pixels": [f"{r:{brackets}}" for r in rows]})
        table.to_csv(path, index=False)

    return write


def savetxt(**options):
    table = np.c_[LABELS, IMAGES.reshape(COUNT, -1)]
    return lambda path: np.savetxt(path, table, **options)


GRID = [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)]
XY = [f"x{x}_y{y}" for y in range(28) for x in range(28)]
SHUFFLED = np.random.default_rng(1).permutation(frame().columns)
LAYOUTS = {
    "label first": csv_of(frame()),
    "label last": csv_of(frame("Klasse", last=True)),
    **{
        f"label called {name}": csv_of(frame(name, last=True))
        for name in ("digit", "class", "Target", " y", "character", "emotion", "letter", "Class ID")
    },
    "columns sorted as text": csv_of(frame()[["label", *sorted(PIXELS)]]),
    "columns in any order": csv_of(frame()[SHUFFLED]),
    "padded names": csv_of(frame(names=[f"pixel_{i:04d}" for i in range(784)])),
    "names with row and column": csv_of(frame(names=GRID)),
    "names with x and y, sorted": csv_of(frame(names=XY)[["label", *sorted(XY)]]),
    "names are numbers": csv_of(frame(names=list(range(784)))),
    "all names are numbers": csv_of(frame().set_axis(range(785), axis=1)),
    "numbered with the label": csv_of(frame().set_axis([f"V{i}" for i in range(1, 786)], axis=1)),
    "an index column": csv_of(frame(), index=True),
    "an index column and numbers": csv_of(frame().set_axis(range(785), axis=1), index=True),
    "an id column": csv_of(frame().assign(id=range(COUNT))),
    "an index twice": csv_of(frame().reset_index().reset_index(names="Unnamed: 0")),
    "other columns": csv_of(frame().assign(writer_id=7, source="x", age=range(COUNT))),
    "numbers and names of classes": csv_of(frame("class_id").assign(class_name=LABELS.astype(str))),
    "no header, label first": csv_of(frame(), header=False),
    "no header, label last": csv_of(frame(last=True), header=False),
    "no header, an index": csv_of(frame(), header=False, index=True),
    "a header from the first image": saved_again_without_header,
    "floats": csv_of(frame().astype(float)),
    "fractions": csv_of(frame(images=IMAGES / 255)),
    "fractions with a comma": csv_of(frame(images=IMAGES / 255), sep=";", decimal=","),
    "quoted": csv_of(frame(), quoting=csv.QUOTE_ALL),
    "missing end of line": text_of(str.strip),
    "blank lines": text_of(lambda text: "\n\n" + text.replace("\n", "\n\n")),
    "carriage returns": csv_of(frame(), lineterminator="\r\n"),
    "trailing commas": text_of(lambda text: text.replace("\n", ",\n")),
    "trailing commas in rows": lambda path: path.write_text(
        frame().to_csv(index=False).replace("\n", ",\n").replace(",\n", "\n", 1)
    ),
    "sep=": lambda path: path.write_text("sep=;\n" + frame().to_csv(sep=";", index=False)),
    "row names of R": written_by_r,
    "savetxt": savetxt(),
    "savetxt with a header": savetxt(delimiter=",", fmt="%d", header=",".join(["label", *PIXELS])),
    "savetxt with a header without comment": savetxt(
        delimiter=",", fmt="%d", header=",".join(["label", *PIXELS]), comments=""
    ),
    "strings of pixels": as_strings(),
    "lists of pixels": as_strings(separator=", ", label="label"),
    **{f"separator {s!r}": csv_of(frame(), sep=s) for s in ";\t| "},
    **{f"separator {s!r}, no header": csv_of(frame(), sep=s, header=False) for s in ";\t| "},
    **{
        encoding: csv_of(frame(), encoding=encoding)
        for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
    },
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_the_same_images(name, tmp_path):
    path = tmp_path / "digits.csv"
    LAYOUTS[name](path)
    data = load(path, validation=0)
    found = [pair for part in data.present().values() for pair in by_content(part)]
    assert sorted(found) == by_content(Dataset(IMAGES, LABELS, DIGITS))
    assert "labels in" in data.source


@pytest.mark.parametrize("suffix", [".csv.gz", ".csv.zip", ".csv.bz2", ".csv.xz", ".tsv.gz"])
def test_compressed_tables_are_read(suffix, tmp_path):
    path = tmp_path / f"digits{suffix}"
    frame().to_csv(path, index=False, sep="\t" if ".tsv" in suffix else ",")
    assert len(load(path, validation=0).train) == 30


@pytest.mark.parametrize(
    ("column", "where"), [("last", -1), ("first", 0), (784, -1), ("-1", -1), ("784", -1)]
)
def test_the_option_decides_where_two_columns_could_be_the_label(column, where, tmp_path):
    table = frame(last=True)
    table["pixel0"] = LABELS[::-1]
    table.to_csv(tmp_path / "d.csv", header=False, index=False)
    with pytest.raises(InputError, match=r"both the first and the last .* --label-column"):
        load(tmp_path / "d.csv")
    data = load(tmp_path / "d.csv", label_column=column, validation=0)
    expected = table.iloc[:, where].to_numpy()
    found = np.concatenate([part.labels for part in data.present().values()])
    assert np.array_equal(np.sort(found), np.sort(expected))
    assert load(tmp_path / "d.csv", label_column=column).origin.label_column == column


def test_a_label_that_only_the_user_knows_is_found_by_its_name(tmp_path):
    frame("label").assign(digit=np.sort(LABELS)).to_csv(tmp_path / "d.csv", index=False)
    with pytest.raises(InputError, match="'label' or 'digit'; say which with --label-column"):
        load(tmp_path / "d.csv")
    data = load(tmp_path / "d.csv", label_column="digit")
    assert "labels in column 'digit'" in data.source


@pytest.mark.parametrize("words", [list("ABCDEFGHIJ"), [f"class_{i}" for i in range(10)]])
@pytest.mark.parametrize("header", [True, False])
def test_letters_and_words_are_names_of_classes(words, header, tmp_path):
    table = frame(last=True)
    table["label"] = [words[label] for label in LABELS]
    table.to_csv(tmp_path / "d.csv", index=False, header=header)
    data = load(tmp_path / "d.csv", validation=0)
    assert data.class_names == tuple(words)
    first = np.flatnonzero([image.tobytes() == IMAGES[3].tobytes() for image in data.train.images])
    assert words[data.train.labels[first[0]]] == words[3] if len(first) else True


def test_a_column_of_splits_is_used(tmp_path):
    usage = ["Training"] * 30 + ["PublicTest"] * 4 + ["PrivateTest"] * 6
    frame().assign(Usage=usage).to_csv(tmp_path / "d.csv", index=False)
    sizes = {name: len(part) for name, part in load(tmp_path / "d.csv").present().items()}
    assert sizes == {"train": 30, "validation": 4, "test": 6}


@pytest.mark.parametrize("column", ["id", "ImageId", None])
def test_a_test_table_without_labels_is_left_out(column, tmp_path):
    frame().to_csv(tmp_path / "train.csv", index=False)
    table = frame().drop(columns="label")
    if column:
        table.insert(0, column, range(1, COUNT + 1))
    table.to_csv(tmp_path / "test.csv", index=False)
    pd.DataFrame({"id": [1], "label": [0]}).to_csv(tmp_path / "sample_submission.csv", index=False)
    data = load(tmp_path)
    assert "test.csv has no labels and was left out" in data.source
    assert len(data.test) == 10


def test_several_tables_of_one_split_are_refused(tmp_path):
    for name in ("mnist_train.csv", "fashion-mnist_train.csv", "fashion-mnist_test.csv"):
        frame().to_csv(tmp_path / name, index=False)
    with pytest.raises(InputError, match=r"several train tables .*give the path of one"):
        load(tmp_path)
    (tmp_path / "mnist_train.csv").unlink()
    frame().to_csv(tmp_path / "fashion-mnist_train.csv.gz", index=False)
    assert len(load(tmp_path, validation=0).train) == COUNT


@pytest.mark.parametrize("suffix", [True, False])
@pytest.mark.parametrize("column", ["filename", "id", "image"])
def test_a_table_of_file_names_reads_the_images(column, suffix, tmp_path):
    (tmp_path / "images").mkdir()
    names = [f"{i:03d}{'.png' if suffix else ''}" for i in range(COUNT)]
    for image, name in zip(IMAGES, names, strict=True):
        Image.fromarray(image).save(tmp_path / "images" / f"{name.removesuffix('.png')}.png")
    words = np.array(["zero", "one", *DIGITS[2:]])[LABELS]
    pd.DataFrame({column: names, "label": words}).to_csv(tmp_path / "train.csv", index=False)
    data = load(tmp_path / "train.csv", validation=0)
    pairs = {
        (i.tobytes(), data.class_names[k]) for p in data.present().values() for i, k in p_of(p)
    }
    assert pairs == {(i.tobytes(), str(w)) for i, w in zip(IMAGES, words, strict=True)}
    next((tmp_path / "images").iterdir()).unlink()
    with pytest.raises(InputError, match=r"1 image file cannot be read: .*no such file"):
        load(tmp_path / "train.csv")


def p_of(part):
    return zip(part.images, part.labels, strict=True)


@pytest.mark.parametrize("side", [8, 32, 48])
def test_tables_of_other_sizes_are_read(side, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (COUNT, side * side))
    images[:, -1] = 0
    table = np.c_[LABELS, images]
    pd.DataFrame(table).to_csv(tmp_path / "d.csv", index=False, header=False)
    assert len(load(tmp_path / "d.csv", resize=True, validation=0).train) == 30


def test_digits_of_scikit_learn_are_read_with_their_range(tmp_path):
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits(as_frame=True).frame
    digits.to_csv(tmp_path / "digits.csv", index=False)
    data = load(tmp_path / "digits.csv", resize=True)
    assert data.pixels == "0..16"
    assert "labels in column 'target'" in data.source
    datasets.dump_svmlight_file(
        *datasets.load_digits(return_X_y=True), str(tmp_path / "d.libsvm"), zero_based=False
    )
    other = load(tmp_path / "d.libsvm", resize=True)
    assert by_content(other.train) == by_content(data.train)


ARFF = "% a comment\n@RELATION digits\n\n{}\n@ATTRIBUTE class {{0,1,2,3,4,5,6,7,8,9}}\n\n@DATA\n{}"


@pytest.mark.parametrize("is_sparse", [False, True])
def test_arff_is_read(is_sparse, tmp_path):
    rows = frame(last=True).to_numpy()
    lines = [",".join(map(str, row)) for row in rows]
    if is_sparse:
        lines = ["{" + ",".join(f"{i} {v}" for i, v in enumerate(row) if v) + "}" for row in rows]
    declared = "\n".join(f"@attribute '{name}' real" for name in PIXELS)
    (tmp_path / "d.arff").write_text(ARFF.format(declared, "\n".join(lines)))
    data = load(tmp_path / "d.arff", validation=0)
    found = [pair for part in data.present().values() for pair in by_content(part)]
    assert sorted(found) == by_content(Dataset(IMAGES, LABELS, DIGITS))


def test_sparse_rows_whose_last_pixels_are_black_are_completed(tmp_path):
    lines = [f"{label} {' '.join(f'{i}:0.5' for i in range(50, 780, 7))}" for label in LABELS]
    (tmp_path / "mnist.scale").write_text("\n".join(lines))
    data = load(tmp_path / "mnist.scale", pixels="unit")
    assert data.train.shape[1:] == (28, 28)
    assert "completed to 28x28" in data.source


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (csv_of(frame().drop(columns="pixel5")), "pixel columns are missing: .* from 0 to 783"),
        (csv_of(frame().drop(columns=["pixel0", "pixel1"])), "782 pixel columns"),
        (csv_of(frame().drop(columns="label")), "no column of labels; say .* --label-column"),
        (csv_of(frame().assign(pixel5=["x"] * COUNT)), "line 2: column 'pixel5' is 'x'"),
        (csv_of(frame().assign(label=[np.nan, *LABELS[1:]])), "line 2: column 'label' is missing"),
        (csv_of(pd.DataFrame({"a": [1, 2], "b": [3, 4]})), "no pixel columns"),
        (lambda path: path.write_bytes(gzip.compress(b"\0\1\2" * 99)), "--|not a text|damaged"),
    ],
)
def test_wrong_tables_are_refused_in_one_line(write, words, tmp_path):
    write(tmp_path / "d.csv")
    with pytest.raises(InputError, match=words) as refusal:
        load(tmp_path / "d.csv")
    assert len(str(refusal.value).replace(str(tmp_path), "")) <= 300


def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    frame().to_csv(tmp_path / "d.csv", index=False)
    with pytest.raises(InputError, match=r"give first, last, .* or a name \(label, pixel0"):
        load(tmp_path / "d.csv", label_column="digits")


def test_check_says_how_a_table_was_read(tmp_path):
    frame("digit", last=True).to_csv(tmp_path / "d.csv", index=False)
    decisions = check(tmp_path / "d.csv").decisions
    assert decisions == ("labels in column 'digit'", "pixels 0..255 from black to white", "28x28")
