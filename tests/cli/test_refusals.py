"""Bad data and bad arguments: one line on stderr, exit code 2, and nothing written."""

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tenfold.data.formats.idx import idx_bytes

SMALL = ["--hidden", "8", "--epochs", "2"]


def pictures(count=36, classes=3):
    images = np.random.default_rng(0).integers(0, 256, (count, 28, 28), np.uint8)
    return images, np.arange(count) % classes


def npz(name, **arrays):
    x, y = pictures()
    np.savez(name, **({"x_train": x, "y_train": y} | arrays))


def idx(images=None, labels=None):
    x, y = pictures()
    Path("train-images-idx3-ubyte").write_bytes(idx_bytes(x) if images is None else images)
    data = idx_bytes(y.astype(np.uint8)) if labels is None else labels
    Path("train-labels-idx1-ubyte").write_bytes(data)


def csv(text):
    Path("data.csv").write_text(text)


def classes(sizes, corrupt=False):
    for name, side in sizes.items():
        place = Path("images") / name
        place.mkdir(parents=True)
        for i in range(4 if side else 0):
            Image.fromarray(np.full((side, side), 40 * i, np.uint8)).save(place / f"{i}.png")
        if corrupt:
            (place / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")


def gzip_bomb():
    header = bytes([0, 0, 8, 3]) + np.array([36, 28, 28], ">u4").tobytes()
    zeros = gzip.compress(bytes(1 << 26), 1)
    Path("train-images-idx3-ubyte.gz").write_bytes(gzip.compress(header) + zeros)
    labels = gzip.compress(idx_bytes(pictures()[1].astype(np.uint8)))
    Path("train-labels-idx1-ubyte.gz").write_bytes(labels)


ROW = ",".join(["0"] * 784)
HEADER = ",".join(["label", *(f"pixel{i}" for i in range(784))])
DATA = {
    "truncated IDX": (lambda: idx(idx_bytes(pictures()[0])[:5000]), ".", "train-images"),
    "empty IDX": (lambda: idx(b""), ".", "train-images"),
    "IDX of another magic": (lambda: idx(b"\x00\x00\x42\x03" + bytes(99)), ".", "train-images"),
    "IDX with too few labels": (
        lambda: idx(labels=idx_bytes(np.zeros(5, np.uint8))),
        ".",
        "labels",
    ),
    "gz that unpacks to more": (gzip_bomb, ".", "train-images"),
    "NPZ with pickled objects": (
        lambda: npz("d.npz", x_train=np.array([{}], object)),
        "d.npz",
        "Python objects",
    ),
    "NPZ without labels": (lambda: np.savez("d.npz", x_train=pictures()[0]), "d.npz", "no labels"),
    "CSV named NPZ": (lambda: csv_as("d.npz"), "d.npz", "pixel columns"),
    "labels of another length": (
        lambda: npz("d.npz", y_train=np.zeros(5, int)),
        "d.npz",
        "5 labels",
    ),
    "NaN images": (lambda: npz("d.npz", x_train=np.full((36, 28, 28), np.nan)), "d.npz", "NaN"),
    "float images beyond 1": (
        lambda: npz("d.npz", x_train=np.full((36, 28, 28), 9.5)),
        "d.npz",
        "set --pixels",
    ),
    "zero images": (
        lambda: npz("d.npz", x_train=np.zeros((0, 28, 28), np.uint8), y_train=np.zeros(0, int)),
        "d.npz",
        "no images",
    ),
    "images of another size": (
        lambda: npz("d.npz", x_train=np.zeros((36, 20, 200), np.uint8)),
        "d.npz",
        "--resize",
    ),
    "negative labels": (lambda: npz("d.npz", y_train=np.arange(36) % 3 - 1), "d.npz", "label -1"),
    "CSV with text": (lambda: csv(f"{HEADER}\n1,x{ROW}\n"), "data.csv", "data.csv, line 2"),
    "CSV with missing columns": (lambda: csv("1,2,3\n4,5,6\n"), "data.csv", "pixel columns"),
    "CSV with labels out of range": (
        lambda: csv(f"{HEADER}\n999,{ROW}\n0,{ROW}\n"),
        "data.csv",
        "999",
    ),
    "an empty CSV": (lambda: csv(""), "data.csv", "data.csv"),
    "a folder with one class": (lambda: classes({"a": 28}), "images", "class"),
    "a folder without images": (lambda: classes({"a": 0, "b": 0}), "images", "images"),
    "a folder of mixed sizes": (lambda: classes({"a": 28, "b": 20}), "images", "20x20"),
    "a corrupt PNG": (lambda: classes({"a": 28, "b": 28}, corrupt=True), "images", "bad.png"),
    "an unknown name": (lambda: None, "fashon", "did you mean 'fashion-mnist'"),
    "no such file": (lambda: None, "nowhere/data.npz", "no such file"),
}


def csv_as(name):
    Path(name).write_text("1,2,3\n")


def assert_refused(result, words):
    code, out, error = result
    assert code == 2, (out, error)
    assert out == ""
    assert error.startswith("tenfold: ")
    assert error.count("\n") == 1, error
    assert words in error
    assert len(error) < 600


@pytest.mark.parametrize("name", DATA)
def test_bad_data_are_refused_in_one_line_and_nothing_is_written(name, folder, tenfold_main):
    make, source, words = DATA[name]
    make()
    before = sorted(folder.rglob("*"))
    assert_refused(tenfold_main("train", "--data", source, *SMALL), words)
    assert sorted(folder.rglob("*")) == before


ARGUMENTS = [
    ("trian", "trian"),
    ("train qick", "did you mean 'quick'"),
    ("train zzzzzz", "there are instant, quick"),
    ("train --epoch 3", "--epoch"),
    ("train --colour red", "--colour"),
    ("train --epochs three", "epochs"),
    ("train --epochs 0", "epochs: 0"),
    ("train --epochs -1", "epochs: -1"),
    ("train --hidden abc", "hidden: 'abc'"),
    ("train --hidden 8,-3", "hidden: [8, -3]; give whole numbers from 1 to 100000"),
    ("train --hidden 0", "hidden: [0]"),
    ("train --dropout 1.5", "dropout: 1.5"),
    ("train --dropout nan", "dropout: nan"),
    ("train --dropout much", "dropout: 'much'"),
    ("train --hidden 8,8 --dropout 0.1,0.2,0.3", "3 values for 2"),
    ("train --hidden 8,8 --activation relu,elu,selu", "3 values for 2"),
    ("train --hidden 8 --activation foo", "activation: 'foo'"),
    ("train --hidden 8 --activation rellu", "did you mean 'relu'"),
    ("train --optimizer foo", "optimizer: 'foo'"),
    ("train --optimizer rmsporp", "to Keras; did you mean 'rmsprop'? see keras.io"),
    ("train --loss foo", "loss: 'foo' is unknown to Keras; see keras.io for all names"),
    ("train --loss ctc", "y_pred"),
    ("train --learning-rate -1", "learning_rate: -1"),
    ("train --learning-rate 0", "learning_rate: 0"),
    ("train --learning-rate nan", "learning_rate: nan"),
    ("train --weight-decay -1", "weight_decay: -1"),
    ("train --schedule sawtooth", "schedule: 'sawtooth'"),
    ("train --warmup 2", "warmup: 2"),
    ("train --batch-size 0", "batch_size: 0"),
    ("train --seeds 0", "seeds: 0"),
    ("train --seeds -2", "seeds: -2"),
    ("train --seed -1", "seed: -1"),
    ("train --shift 99", "shift: 99"),
    ("train --rotation -5", "rotation: -5"),
    ("train --validation -1", "validation must be 0 to"),
    ("train --validation 60000", "validation must be 0 to"),
    ("train conv --hidden 8", "hidden: not an argument of conv networks"),
    (
        "train --hidden 8 --filters 8",
        "filters: not an argument of dense networks, which take",
    ),
    ("train quick --filters 0", "filters: [0]"),
    ("train quick --filters 8,8 --kernels 3,3,3", "3 values for 2"),
    ("train conv --dropout 0.1,0.2", "dropout: [0.1, 0.2]"),
    ("train --hidden 999999999", "hidden: [999999999]"),
    ("train --hidden 8 --dropout 0.1,0.2", "2 values for 1 layer; give one, or one for each"),
    ("train no_such.py:build", "no such file"),
    ("train --resume nowhere", "not a run folder"),
    ("train quick --resume nowhere", "give nothing else"),
    ("train --resume nowhere --seeds 2", "give nothing else"),
    ("train --resume nowhere --out there", "give nothing else"),
    ("train --resume nowhere --epochs 2", "give nothing else"),
    ("evaluate", "RUN"),
    ("evaluate nowhere", "not a run folder"),
    ("evaluate {run} --split tset", "split: 'tset'"),
    ("evaluate {run} --unknown nowhere.npz", "nowhere.npz"),
    ("evaluate {run} --ood drawn-cats", "kinds: ['cats']; give some of scribbles"),
    ("evaluate reader --corruptions", "a model file holds no data; give --data"),
    ("train logistic --calibrated-by nowhere", "calibrated_by: for refits only"),
    ("train logistic --refit --validation 10", "validation: not with refit"),
    ("train logistic --alternate", "alternate: no images are mirrored; give flip"),
    ("train logistic --tta twist", "tta: 'twist' is unknown; give none, flip, shift or flip+shift"),
    ("train logistic --teacher nowhere", "nowhere: no such file"),
    ("evaluate {run} --corrections nowhere.csv", "nowhere.csv"),
    ("evaluate {run} --split tset --corrections text.npy", "text.npy"),
    ("evaluate {run} --corrections text.npy", "text.npy"),
    ("compare {run}", "RUN"),
    ("compare {run} nowhere", "not a run folder"),
    ("compare {run} {run} --split tset", "split: 'tset'"),
    ("confusion nowhere", "not a run folder"),
    ("confusion {run} --network 1", "network: 1; there are 1"),
    ("confusion {run} --split test", "no stored predictions on test"),
    ("confusion {run} --out confusion.bmp", "confusion.bmp"),
    ("mistakes {run} --count 0", "count"),
    ("mistakes {run} --out mistakes.gif", "mistakes.gif"),
    ("calibrate {run} --error-rate 0.001", "got 500"),
    ("calibrate {run} --error-rate 2", "error_rate"),
    ("calibrate {run} --error-rate x", "; see tenfold calibrate --help"),
    ("train --epochs 2.5", "epochs: '2.5' cannot be read; give a whole number from 1"),
    ("train --lr 0", "learning_rate: 0.0; give a number above 0 and under 1000"),
    ("train --xyzzy", "No such option: --xyzzy; see tenfold train --help"),
    ("predict {run}", "IMAGE"),
    ("predict {run} nowhere.png", "nowhere.png: no such file"),
    ("predict {run} text.png", "text.png"),
    ("predict {run} text.npy", "text.npy"),
    ("predict {run} text.npz", "text.npz"),
    ("predict {run} small.npy", "small.npy"),
    ("predict text.npy fine.npy", "text.npy: not an ONNX file"),
    ("export {run}", "--out"),
    ("export {run} -o .", "it is a folder; give the name of a file"),
    ("export nowhere -o digits.onnx", "not a run folder"),
    ("export {run} -o digits.onnx --network 3", "network: 3; the run has 1"),
    ("predict {run} fine.npy --top 11", "k must be from 1 to 10"),
    ("predict {run} fine.npy --top 0", "k must be from 1 to 10"),
    ("summary qick", "did you mean 'quick'"),
    ("summary ./nowhere", "no such run folder"),
    ("summary text.npy", "text.npy"),
    ("reproduce quick", "reproduces no tutorial"),
    ("reproduce logitsic", "did you mean 'logistic'"),
    ("reproduce logistic --seeds 0", "seeds: 0"),
    ("data show nowhere", "unknown dataset 'nowhere'"),
    ("data show mnist --split tset", "split"),
    ("data show mnist --rows 0", "rows"),
    ("data show mnist --out picture.bmp", "picture.bmp"),
    ("data show mnist --out text.npy/picture.png", "text.npy"),
    ("data check nowhere", "unknown dataset 'nowhere'"),
]


@pytest.mark.parametrize(("command", "words"), ARGUMENTS)
def test_bad_arguments_are_refused_in_one_line_and_nothing_is_written(
    command, words, run, folder, tenfold_main
):
    for suffix in ("png", "npy", "npz"):
        (folder / f"text.{suffix}").write_text("nothing of the kind")
    np.save("small.npy", np.zeros((2, 5, 5), np.uint8))
    np.save("fine.npy", np.zeros((2, 28, 28), np.uint8))
    before = sorted(folder.rglob("*"))
    assert_refused(tenfold_main(*command.format(run=run.path).split()), words)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("command", "words"),
    [("train qick", "did you mean"), ("evaluate nowhere", "not a run"), ("--foo", "--foo")],
)
def test_a_process_of_its_own_exits_with_2_and_one_line(command, words, folder):
    result = subprocess.run(
        [sys.executable, "-m", "tenfold", *command.split()], capture_output=True, text=True
    )
    assert_refused((result.returncode, result.stdout, result.stderr), words)
    assert list(folder.iterdir()) == []
