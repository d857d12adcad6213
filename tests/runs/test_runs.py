"""Runs: what a training leaves behind, how it is read back, and what it survives."""

import json
import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest

import tenfold
from tenfold import InputError
from tenfold.data import Origin
from tenfold.metrics import apply_temperature
from tenfold.networks import dense, seeded
from tenfold.runs.layout import model_path, weights_path
from tenfold.runs.record import Record

SMALL = tenfold.Recipe("small", arguments={"hidden": [8]}, epochs=3)


@pytest.fixture(scope="module")
def run(few, tmp_path_factory):
    return tenfold.train(SMALL, few, out=tmp_path_factory.mktemp("run") / "one", verbose=False)


@pytest.fixture(scope="module")
def pair(few, tmp_path_factory):
    """Two networks trained at once."""
    out = tmp_path_factory.mktemp("run") / "two"
    return tenfold.train(SMALL, few, seeds=2, out=out, verbose=False)


@pytest.fixture
def copy(run, tmp_path):
    return tenfold.Run(shutil.copytree(run.path, tmp_path / "copy"))


def scaled_one(image):
    return (image / np.float32(255)).reshape(1, -1)


def scaled(dataset):
    return (dataset.images / np.float32(255)).astype(np.float32).reshape(len(dataset), -1)


# What is in the folder


def test_the_folder_holds_all_that_came_out(run):
    files = {str(p.relative_to(run.path)) for p in run.path.rglob("*") if p.is_file()}
    events = {name for name in files if name.startswith("tensorboard/seed-0/events")}
    assert len(events) == 1
    assert files - events == {
        "run.json",
        "network.json",
        "history.csv",
        "learning-curves.png",
        "models/seed-0.keras",
        "models/seed-0.onnx",
        "predictions/validation.npz",
        "weights/seed-0.weights.h5",
    }
    assert (run.path / "learning-curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_record_names_recipe_data_versions_and_machine(run, few):
    record = json.loads((run.path / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["recipe"] == SMALL.replace(input_range="unit").to_json()
    assert record["data"]["checksums"]["test"] == few.test.checksum
    assert record["data"]["sizes"] == {"train": 640, "validation": 500, "test": 310}
    assert record["versions"]["keras"] == keras.__version__
    assert set(record["machine"]) == {"platform", "processor", "cores", "device"}
    assert run.versions == record["versions"]
    assert Record.load(run.path) == run.record


def test_the_history_is_a_table_with_a_row_an_epoch_and_seed(run, pair):
    assert isinstance(run.history, pd.DataFrame)
    columns = ["epoch", "seed", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert sorted(run.history.columns) == sorted(columns)
    assert run.history["epoch"].tolist() == [1, 2, 3]
    assert pair.history["seed"].tolist() == [0, 1] * 3
    assert run.history["loss"].is_monotonic_decreasing


def test_the_validation_scores_are_those_of_the_last_epoch(run):
    last = run.history.iloc[-1]
    accuracy = run.record.scores["accuracy"][0]["value"]
    assert accuracy == pytest.approx(last["val_accuracy"], abs=1e-6)


def test_several_networks_equal_single_ones_of_the_same_seeds(run, pair):
    for a, b in zip(run.model.get_weights(), pair.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    first, second = (model.get_weights()[0] for model in pair.models)
    assert not np.allclose(first, second)


def test_same_recipe_same_bits_and_another_seed_others(few, run, tmp_path):
    again = tenfold.train(SMALL, few, out=tmp_path / "again", verbose=False)
    other = tenfold.train(SMALL.replace(seed=1), few, out=tmp_path / "other", verbose=False)
    for a, b in zip(run.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (run.path / "history.csv").read_bytes() == (again.path / "history.csv").read_bytes()
    assert not np.array_equal(run.model.get_weights()[0], other.model.get_weights()[0])


# Evaluate and predict, with Keras as second source


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_evaluate_equals_keras(copy, few, split):
    dataset = few.present()[split]
    result = copy.evaluate(split, data=few)
    loss, accuracy = copy.model.evaluate(scaled(dataset), dataset.one_hot(), verbose=0)
    assert result.accuracy[0].value == pytest.approx(accuracy, abs=1e-6)
    assert result.uncalibrated().log_loss[0].value == pytest.approx(loss, rel=1e-4)
    assert result.accuracy[0].n == len(dataset)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_answers_are_kept_with_images_and_where_their_evidence_lies(copy, few, split):
    dataset = few.present()[split]
    first = copy.evaluate(split, data=few)
    again, examples = tenfold.Run(copy.path).saved_evaluation(split)
    np.testing.assert_array_equal(again.probabilities, first.probabilities)
    np.testing.assert_array_equal(again.labels, dataset.labels)
    np.testing.assert_array_equal(examples.images, dataset.images[examples.indices])
    assert set(first.mistakes()[:40]) <= set(examples.indices)
    assert set(first.least_confident_correct()[:40]) <= set(examples.indices)
    assert examples.evidence.shape == (len(examples.indices), 7, 7)
    assert again.checksum == dataset.checksum


def test_evidence_is_what_covering_a_place_takes_away(copy, few):
    evaluation, examples = copy.saved_evaluation("validation")
    covered = examples.images[0].copy()
    covered[:7, :7] = 0
    label = evaluation.predicted()[examples.indices[0]]
    answers = [
        copy.model.predict(scaled_one(x), verbose=0)[0] for x in (examples.images[0], covered)
    ]
    odds = [np.log(p[label]) - np.log1p(-p[label]) for p in answers]
    assert examples.evidence[0, 0, 0] == pytest.approx(odds[0] - odds[1], abs=0.02)


def test_a_published_run_is_not_calibrated_on_the_test_set(few, tmp_path):
    out = tmp_path / "run"
    run = tenfold.train(SMALL, few, out=out, protocol="published", verbose=False)
    assert run.calibrations == ()
    assert run.accepts(run.predict(few.test.images)).all()
    with pytest.raises(InputError, match="nothing is chosen"):
        run.calibrate(0.2)


def spoil(copy, **changes):
    path = copy.path / "predictions" / "validation.npz"
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files} | changes
    np.savez(path, **arrays)


def without_a_class(copy):
    spoil(copy, outputs=copy.saved_evaluation("validation")[0].outputs[..., :9])


def with_a_hole(copy):
    outputs = copy.saved_evaluation("validation")[0].outputs.copy()
    outputs[0, 5] = np.nan
    spoil(copy, outputs=outputs)


def cut_short(copy):
    path = copy.path / "predictions" / "validation.npz"
    path.write_bytes(path.read_bytes()[:-2000])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (without_a_class, "500 images of 10 classes need"),
        (with_a_hole, "1 rows are not finite"),
        (cut_short, "damaged"),
    ],
)
def test_damaged_answers_are_refused_and_can_be_made_again(copy, few, damage, words):
    whole = copy.evaluate("validation").to_json()
    damage(copy)
    with pytest.raises(InputError, match=words) as caught:
        copy.evaluate("validation")
    assert "remove it, and tenfold evaluate writes it again" in str(caught.value)
    (copy.path / "predictions" / "validation.npz").unlink()
    assert tenfold.Run(copy.path).evaluate("validation", data=few).to_json() == whole


def test_a_run_without_weights_or_of_another_version_is_refused(copy, few):
    shutil.rmtree(copy.path / "models")
    with pytest.raises(InputError, match=r"seed-0.keras: missing; the run folder is incomplete"):
        tenfold.Run(copy.path).evaluate("test", data=few)
    assert tenfold.Run(copy.path).test_openings() == []
    record = json.loads((copy.path / "run.json").read_text())
    (copy.path / "run.json").write_text(json.dumps(record | {"format": 1}))
    with pytest.raises(InputError, match="its format is 1, this version reads 2"):
        tenfold.Run(copy.path)


def test_predict_equals_keras_and_takes_any_sensible_shape(run, few):
    images = few.test.images[:4]
    raw = run.model.predict(scaled(few.test[:4]), verbose=0)
    expected = apply_temperature(raw, run.calibrations[0].temperature)
    shapes = [
        images,
        images[..., None],
        images.reshape(4, -1),
        images / 255,
        images.astype(int),
        np.repeat(images[..., None], 3, axis=-1),
        images.tolist(),
    ]
    for form in shapes:
        np.testing.assert_allclose(run.predict(form), expected, atol=1e-6)
    for one in (images[0], images[0, ..., None], images[0].ravel(), images[0] / 255):
        assert run.predict(one).shape == (1, 10)
        np.testing.assert_allclose(run.predict(one)[0], expected[0], atol=1e-6)


def test_top_gives_classes_with_probabilities_highest_first(run, few):
    (answers,) = run.top(few.test.images[0], 3)
    probabilities = run.predict(few.test.images[0])[0]
    assert [name for name, _ in answers] == [str(c) for c in np.argsort(-probabilities)[:3]]
    assert answers[0][1] == pytest.approx(probabilities.max())


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((2, 20, 20)), "shape"),
        (np.zeros((0, 28, 28)), "at least one"),
        (np.full((28, 28), 2.5), "pixels are fractions from 2.5 to 2.5"),
        (np.full((28, 28), np.nan), "NaN"),
        (np.full((28, 28), "a"), "numbers"),
        ([np.zeros((28, 28)), np.zeros((3, 3))], "one shape"),
        (np.zeros((28, 28, 2)), "shape"),
        (5, "shape"),
    ],
)
def test_images_that_cannot_be_used_are_refused(run, images, words):
    with pytest.raises(InputError, match=words):
        run.predict(images)


def test_a_network_that_is_not_there_is_refused(pair, few):
    with pytest.raises(InputError, match="network: 2; the run has 2"):
        pair.predict(few.test.images, network=2)


def test_dark_ink_on_light_paper_is_noticed(run, few):
    assert run.count_inverted(few.test.images[:5]) == 0
    assert run.count_inverted(255 - few.test.images[:5]) == 5


def test_the_ledger_records_each_opening_of_the_test_set(copy, few):
    assert copy.test_openings() == []
    copy.evaluate("validation", data=few)
    assert copy.test_openings() == []
    copy.evaluate("test", data=few)
    copy.evaluate(data=few)
    assert [(o["by"], o["images"]) for o in copy.test_openings()] == [("evaluate", 310)] * 2


def test_pictures_of_predictions_mark_the_wrong_ones(run, few):
    result = run.evaluate("validation", data=few)
    wrong = result.mistakes()[:2]
    chosen = few.validation[[*wrong, 0]]
    texts = [t.get_text() for t in run.plot_predictions(chosen).axes[0].texts]
    assert texts[0].startswith("✗")
    assert texts[1].startswith("✗")
    plain = run.plot_predictions(few.validation.images[0]).axes[0].texts[0].get_text()
    assert "label" not in plain


# The data are remembered


def test_loaded_data_are_found_again_wherever_the_run_is_read(few_file, tmp_path, monkeypatch):
    shutil.copy(few_file, tmp_path / "own.npz")
    monkeypatch.chdir(tmp_path)
    splits = tenfold.load("own.npz")
    trained = tenfold.train(SMALL, splits, out="run", verbose=False)
    assert trained.record.data.origin == Origin(str(tmp_path / "own.npz"), 5000, 0)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run = tenfold.Run("../run")
    assert run.data().train.checksum == splits.train.checksum
    assert run.evaluate("validation").accuracy[0].n == 500


def test_changed_or_vanished_data_are_refused(few_file, tmp_path):
    path = shutil.copy(few_file, tmp_path / "own.npz")
    trained = tenfold.train(SMALL, path, out=tmp_path / "run", verbose=False)
    with np.load(path) as arrays:
        changed = dict(arrays)
    changed["y_test"] = np.roll(changed["y_test"], 1)
    np.savez(path, **changed)
    with pytest.raises(InputError, match="the test split of own differs from the one"):
        trained.evaluate()
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        trained.evaluate()
    assert trained.test_openings() == []


def test_data_made_in_memory_must_be_given_again(run, few):
    assert run.data().test.checksum == few.test.checksum
    with pytest.raises(InputError, match="made in memory"):
        tenfold.Run(run.path).evaluate()


def test_the_seed_of_a_recipe_leaves_the_validation_images_alone(mnist, tmp_path):
    chosen = tenfold.Recipe("small", arguments={"hidden": []}, epochs=1, seed=7, batch_size=4096)
    trained = tenfold.train(chosen, "mnist", out=tmp_path / "run", verbose=False)
    checksums = trained.record.data.checksums
    assert checksums["validation"] == mnist.validation.checksum
    assert trained.record.data.origin == Origin("mnist", 5000, 0)


def test_the_published_protocol_trains_on_all_and_validates_on_test(few_file, tmp_path):
    with np.load(few_file) as arrays:
        own = {k: v for k, v in arrays.items() if "val" not in k}
    np.savez(tmp_path / "own.npz", **own)
    splits = tenfold.load(tmp_path / "own.npz")
    assert len(splits.train) < 640
    trained = tenfold.train(
        SMALL, splits, out=tmp_path / "run", protocol="published", verbose=False
    )
    assert trained.record.data.sizes == {"train": 640, "validation": 310, "test": 310}
    (opening,) = trained.test_openings()
    assert "published protocol" in opening["by"]
    result = trained.evaluate("test")
    assert result.accuracy[0].value == pytest.approx(trained.history["val_accuracy"].iloc[-1])
    assert len(trained.test_openings()) == 2


# Without tenfold

ALONE = """
import sys, keras, numpy
for path in sys.argv[2:]:
    model = keras.models.load_model(path)
    assert "tenfold" not in sys.modules
    data = numpy.load(sys.argv[1])
    x = (data["x_test"] / numpy.float32(255)).reshape(-1, 28, 28, 1)
    y = keras.utils.to_categorical(data["y_test"], 10)
    print(model.evaluate(x, y, verbose=0)[1])
    model.fit(x, y, verbose=0)
"""


def test_keras_alone_loads_models_scores_them_and_trains_on(few, few_file, tmp_path):
    arguments = {"filters": [4], "kernels": 3, "pooling": 2}
    runs = []
    for optimizer in ("adam", "muon"):
        recipe = tenfold.Recipe(
            "scheduled", "conv", arguments, optimizer=optimizer, schedule="linear", epochs=1
        )
        runs.append(tenfold.train(recipe, few, out=tmp_path / optimizer, verbose=False))
    process = subprocess.run(
        [sys.executable, "-c", ALONE, few_file, *(model_path(run.path, 0) for run in runs)],
        capture_output=True,
        text=True,
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
    )
    assert process.returncode == 0, process.stderr
    assert "Skipping variable" not in process.stderr
    expected = [run.evaluate("test", few).accuracy[0].value for run in runs]
    assert [float(line) for line in process.stdout.split()] == pytest.approx(expected)


# Weights into other models


def test_weights_load_into_a_model_of_the_same_shape(run, few):
    with seeded(99):
        other = dense((28, 28), 10, hidden=[8])
    run.load_weights(other)
    np.testing.assert_array_equal(other.get_weights()[0], run.model.get_weights()[0])
    fresh = dense((28, 28), 10, hidden=[8])
    fresh.load_weights(weights_path(run.path, 0))
    loaded = keras.models.load_model(model_path(run.path, 0))
    x = scaled(few.test[:5])
    np.testing.assert_array_equal(fresh.predict(x, verbose=0), loaded.predict(x, verbose=0))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: dense((28, 28), 10, hidden=[9]), r"'dense\w*' has weights of shape \[784, 9\]"),
        (lambda: dense((28, 28), 10, hidden=[8, 8]), r"\[8, 8\].*\[8, 10\]"),
        (lambda: dense((28, 28), 10, hidden=[]), r"\[784, 10\].*\[784, 8\]"),
        (lambda: keras.Sequential([keras.layers.Dense(3)]), "no weights yet"),
    ],
)
def test_weights_of_another_shape_name_the_layer_and_both_shapes(run, model, words):
    with pytest.raises(InputError, match=words):
        run.load_weights(model())


# In a notebook


def test_a_notebook_shows_curves_galleries_and_tables(run, few):
    assert "<img" in run._repr_html_()
    assert "small on few" in run._repr_html_()
    assert "<img" in few._repr_html_()
    assert "<img" in few.train._repr_html_()
    assert "<table>" in run.evaluate("validation", data=few)._repr_html_()
    assert "Total params: 6,370" in run.summary()
    assert "of 500 validation images" in repr(run)


def test_a_network_without_validation_images_says_so(few, tmp_path):
    bare = tenfold.Splits("bare", few.train, None, None, "made here", 0)
    trained = tenfold.train(SMALL, bare, out=tmp_path / "run", verbose=False)
    assert "without validation images" in repr(trained)
    assert "<img" in trained._repr_html_()
    with pytest.raises(InputError, match="split: no test; there are train"):
        trained.evaluate("test", data=bare)
    with pytest.raises(InputError, match="--split train, or give more images or --data"):
        trained.saved_evaluation()


# Bad arguments


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"seeds": 0}, "seeds: 0"),
        ({"seeds": 1.5}, "seeds: 1.5"),
        ({"protocol": "sloppy"}, "protocol: 'sloppy'"),
        ({"validation": 10}, "tenfold.load"),
        ({"resize": True}, "tenfold.load"),
        ({"protocol": "published", "validation": 10}, "validation"),
        ({"recipe": 3}, "recipe: received int"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_written(few, tmp_path, named, words):
    arguments = {"recipe": SMALL, "data": few, "out": tmp_path / "run", **named}
    with pytest.raises(InputError, match=words):
        tenfold.train(**arguments, verbose=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_in_use_is_left_alone(few, copy, tmp_path):
    with pytest.raises(InputError, match="holds a run already"):
        tenfold.train(SMALL, few, out=copy.path, verbose=False)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        tenfold.train(SMALL, few, out=tmp_path / "full", verbose=False)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]
    with pytest.raises(InputError, match="exists already"):
        tenfold.train(SMALL, few, out=tmp_path / "full" / "thesis.txt", verbose=False)
    with pytest.raises(InputError, match="cannot be created"):
        tenfold.train(SMALL, few, out=tmp_path / "full" / "thesis.txt" / "run", verbose=False)


def test_runs_of_the_same_second_get_folders_of_their_own(few, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tenfold.core.folders._timestamp", lambda: "2026-01-02-030405")
    paths = [tenfold.train(SMALL, few, verbose=False).path for _ in range(2)]
    assert [str(path) for path in paths] == [
        "runs/2026-01-02-030405-small",
        "runs/2026-01-02-030405-small-2",
    ]


def test_other_data_are_read_by_options(run, few, tmp_path, tenfold_main):
    """A table with odd columns, transposed, in [0, 1]: as its images would be evaluated."""
    x, y = few.test.images.transpose(0, 2, 1).reshape(310, 784), few.test.labels
    table = np.column_stack([x / 255, y])
    path = tmp_path / "odd.csv"
    header = ",".join([*(f"p{i}" for i in range(784)), "what"])
    np.savetxt(path, table, fmt="%.6g", delimiter=",", header=header, comments="")
    options = {"label_column": "what", "transpose": True, "pixels": "unit"}
    expected = run.evaluate(data=(few.test.images, y)).accuracy[0]
    assert run.evaluate(data=path, **options).accuracy[0] == expected
    given = ["--data", path, "--label-column", "what", "--transpose", "--pixels", "unit"]
    wrong = round(310 * (1 - expected.value))
    for command in ("evaluate", "confusion", "mistakes"):
        code, out, err = tenfold_main(command, run.path, *given)
        assert code == 0, err
        assert f"{wrong} of 310 odd" in out or f"{100 * expected.value:.2f} %" in out
    code, _, err = tenfold_main("mistakes", run.path, *given, "-o", tmp_path / "m.png")
    assert code == 0, err
    code, _, err = tenfold_main("confusion", run.path, "--grey")
    assert (code, "--grey: is for other data" in err) == (2, True)
    with pytest.raises(InputError, match="transpose: only with other data"):
        run.evaluate(transpose=True)
