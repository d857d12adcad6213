"""Networks for images with any number of labels: trained, evaluated, exported, predicted."""

import json

import keras
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from typer.testing import CliRunner

import tenfold
from tenfold.cli.app import app
from tenfold.core.errors import InputError
from tenfold.experiments.audits.auditor import audit
from tenfold.export.predictor import Predictor

NAMES = ("top", "middle", "bottom")


def drawn(count, seed):
    """Images with a bright bar for each label, some faint."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((count, 3)) < [0.5, 0.3, 0.2]).astype(np.uint8)
    images = rng.integers(0, 120, (count, 28, 28))
    for i in range(3):
        images[:, 2 + 9 * i : 8 + 9 * i, 4:24] += (labels[:, i] * 90)[:, None, None]
    return images.astype(np.uint8), labels


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("chest") / "chest.npz"
    arrays = {"label_names": np.array(NAMES)}
    for seed, (split, count) in enumerate({"train": 480, "val": 120, "test": 160}.items()):
        arrays[f"{split}_images"], arrays[f"{split}_labels"] = drawn(count, seed)
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="module")
def run(file):
    run = tenfold.train("logistic", file, epochs=4, out=file.parent / "run", verbose=False)
    run.evaluate("test")
    return run


@pytest.fixture(scope="module")
def model_file(run):
    return run.export(run.path.parent / "chest.onnx").path


def sigmoid(units=3, activation="sigmoid", **compiled):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(units, activation)])
    compiled = {"loss": "binary_crossentropy", "metrics": ["binary_accuracy"]} | compiled
    model.compile(keras.optimizers.Adam(0.01), **compiled)
    return model


def test_the_data_decide_outputs_and_loss(run):
    assert run.multi_label
    assert run.class_names == NAMES
    assert run.recipe.loss == "binary_crossentropy"
    assert run.model.layers[-1].get_config()["activation"] == "sigmoid"
    assert run.calibrations == ()


def test_the_evaluation_equals_that_of_keras_and_scikit_learn(run, file):
    images, labels = (np.load(file)[f"test_{name}"] for name in ("images", "labels"))
    expected = run.model.predict(images.reshape(-1, 784) / np.float32(255), verbose=0)
    result = run.evaluate("test")
    assert np.allclose(result.outputs[0], expected, atol=1e-5)
    assert result.macro_auroc[0].value == pytest.approx(roc_auc_score(labels, expected), abs=1e-4)
    area = average_precision_score(labels, expected)
    assert result.summary("macro_average_precision").value == pytest.approx(area, abs=1e-4)
    assert result.macro_auroc[0].value > 0.9
    exact = ((expected >= 0.5) == labels).all(axis=1).mean()
    assert result.to_json()["exact_match"][0]["value"] == pytest.approx(exact)
    assert result.headline().startswith("macro AUROC 0.9")


@pytest.mark.parametrize("given", ["arrays", "dataset"])
def test_fit_equals_that_of_keras(given):
    x, y = drawn(320, 5)
    flat = x.reshape(-1, 784) / np.float32(255)
    theirs = sigmoid().fit(flat, y, batch_size=32, epochs=2, shuffle=False, verbose=0)
    data = (flat, y) if given == "arrays" else (tenfold.Dataset(x, y),)
    ours = tenfold.fit(sigmoid(), *data, batch_size=32, epochs=2, shuffle=False, verbose=0)
    for name, values in theirs.history.items():
        assert ours.history[name] == pytest.approx(values, rel=2e-4), name


def test_a_keras_model_trains_with_several_seeds(file, tmp_path):
    run = tenfold.train(sigmoid(), file, epochs=1, seeds=2, out=tmp_path / "run", verbose=False)
    assert len(run.evaluate("validation").macro_auroc) == 2
    assert run.history["val_accuracy"].between(0.5, 1).all()


WRONG = {
    "it is made for one class an image": {"activation": "softmax"},
    "made for one class": {"loss": "categorical_crossentropy"},
    "its loss is from_logits": {"loss": keras.losses.BinaryCrossentropy(from_logits=True)},
    "its outputs are not probabilities; end it with activation='sigmoid'": {"activation": "linear"},
    r"shape 1, the data has 3 labels; end the model with Dense\(3": {"units": 1},
}


@pytest.mark.parametrize("message", WRONG)
def test_a_model_for_one_class_is_refused_before_training(message, file, tmp_path):
    with pytest.raises(InputError, match=message):
        tenfold.train(sigmoid(**WRONG[message]), file, out=tmp_path / "run", verbose=False)
    assert not (tmp_path / "run").exists()


def test_the_model_file_says_so_and_predicts_as_keras(run, model_file):
    predictor = Predictor(model_file)
    x, _ = drawn(20, 9)
    expected = run.model.predict(x.reshape(-1, 784) / np.float32(255), verbose=0)
    assert predictor.card["multi_label"]
    assert predictor.multi_label
    assert np.allclose(predictor(x), expected, atol=1e-5)
    assert predictor.card["threshold"] is None
    assert 0.9 < predictor.card["scores"]["test"]["macro_auroc"]["value"] <= 1


def invoke(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.mark.parametrize("source", ["run", "model_file"])
def test_predict_shows_each_label(source, run, model_file, tmp_path):
    path = run.path if source == "run" else model_file
    x, _ = drawn(3, 9)
    np.save(tmp_path / "x.npy", x)
    expected = run.predict(x)
    answers = json.loads(invoke("predict", path, tmp_path / "x.npy", "--json").stdout)
    for answer, values in zip(answers, expected, strict=True):
        assert list(answer["probabilities"].values()) == pytest.approx(values.tolist(), abs=1e-5)
        assert answer["labels"] == [n for n, v in zip(NAMES, values, strict=True) if v >= 0.5]
    rows = invoke("predict", path, tmp_path / "x.npy", "--csv").stdout.splitlines()
    assert rows[0] == "image,labels,top,middle,bottom"
    assert rows[1].split(",")[1] == "|".join(answers[0]["labels"])


def test_evaluate_shows_a_row_a_label(run, file, model_file):
    for command in (["evaluate", run.path], ["evaluate", model_file, "--data", file]):
        text = invoke(*command).stdout
        assert text.startswith("macro AUROC")
        assert "exact match" in text
        assert [line.split()[0] for line in text.splitlines() if "(" in line][-3:] == list(NAMES)
    assert "exact_match" in json.loads(invoke("evaluate", run.path, "--json").stdout)


def test_runs_are_compared_by_exact_match(run):
    text = invoke("compare", run.path, run.path).stdout
    assert "+0.00 points of exact match" in " ".join(text.split())


REFUSED = {
    "confusion matrix": lambda run, file, model: run.evaluate("test").plot_confusion(),
    "mistakes": lambda run, file, model: run.evaluate("test").mistakes(),
    "calibrate": lambda run, file, model: run.calibrate(0.01),
    "explain": lambda run, file, model: run.explain(np.zeros((28, 28))),
    "audit": lambda run, file, model: audit(file, verbose=False),
    "study": lambda run, file, model: tenfold.study("logistic", {"epochs": [1, 2]}, file),
    "fine-tuning": lambda run, file, model: tenfold.train(data=file, start=run),
    "teacher": lambda run, file, model: tenfold.train("logistic", file, teacher=str(run.path)),
    "int8": lambda run, file, model: run.export(run.path / "x.onnx", int8=True),
    "read": lambda run, file, model: tenfold.read(np.zeros((40, 40), np.uint8), Predictor(model)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_needs_one_class_says_so(what, run, file, model_file):
    with pytest.raises(InputError, match=f"{what}: needs one class an image"):
        REFUSED[what](run, file, model_file)


def test_the_report_shows_each_label_and_the_worst_answers(run, tmp_path):
    page = run.report(tmp_path / "report.html").read_text("utf-8")
    result = run.evaluate("test")
    auroc = result.per_class()["middle"].auroc
    assert f"{auroc.value:.3f}" in page
    assert f"{100 * result.macro_f1[0].value:.1f}" in page
    assert "macro mean" in page
    assert 'id="confusion"' not in page
    wrong = ((result.outputs[0] >= 0.5) != result.labels).any(axis=1)
    assert page.count('class="tile"') == min(wrong.sum(), 40)
    first = result.most_wrong()[0]
    assert f'alt="Image {first}: ' in page
    assert np.abs(result.outputs[0] - result.labels)[wrong].max() == pytest.approx(
        np.abs(result.outputs[0] - result.labels)[first].max()
    )


@pytest.mark.parametrize("ink", [True, False])
def test_score_writes_a_column_for_each_label(ink, run, model_file, tmp_path):
    import pyarrow.parquet as pq

    x, _ = drawn(20, 9)
    x *= ink
    np.save(tmp_path / "x.npy", x)
    progress = tenfold.score(
        tmp_path / "x.npy", model=model_file, out=tmp_path / "out", pixels="byte", verbose=False
    )
    assert progress.images == 20
    rows = pq.read_table(tmp_path / "out" / "parts").to_pandas()
    expected = run.predict(x, pixels="byte")
    for i, name in enumerate(NAMES):
        assert np.allclose(rows[f"probability_{name}"], expected[:, i], atol=1e-5)
    answers = [[n for n, v in zip(NAMES, row, strict=True) if v >= 0.5] for row in expected]
    assert [list(found) for found in rows["predicted"]] == answers


def test_pages_and_serving_a_training_say_so(file, model_file, tmp_path):
    page = ["export", model_file, "--page", tmp_path / "x.html"]
    training = ["train", "logistic", "--data", file, "--serve", "--out", tmp_path / "served"]
    for arguments in (page, training):
        assert "needs one class an image" in str(invoke(*arguments).exception)


def test_data_of_one_class_an_image_are_evaluated_as_rows(run):
    x, labels = drawn(60, 3)
    single = labels.sum(axis=1) == 1
    data = tenfold.Dataset(x[single], np.array(NAMES)[labels[single].argmax(axis=1)], NAMES)
    assert run.evaluate(data=data).labels.tolist() == labels[single].tolist()
