"""Networks in memory: a Keras model or a function trains like a recipe, or becomes a run."""

import keras
import numpy as np
import pytest

import tenfold
from tenfold.core.errors import InputError


def network(outputs=10, **compiled):
    model = keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(outputs, "softmax")],
        name="mine",
    )
    if compiled:
        model.compile(metrics=["accuracy"], **compiled)
    return model


@pytest.fixture(scope="module")
def run(few, tmp_path_factory):
    """A model with weights of its own, trained by ``train``."""
    model = network(optimizer="rmsprop", loss="sparse_categorical_crossentropy")
    before = model.get_weights()
    out = tmp_path_factory.mktemp("given") / "run"
    run = tenfold.train(model, few, epochs=2, batch_size=64, out=out, verbose=False)
    assert all(map(np.array_equal, before, model.get_weights()))
    return run


def test_a_model_trains_with_its_loss_optimizer_and_the_given_options(run):
    assert run.recipe.name == "mine"
    assert run.recipe.loss == "sparse_categorical_crossentropy"
    assert run.recipe.optimizer["class_name"] == "RMSprop"
    assert (run.recipe.epochs, run.recipe.batch_size) == (2, 64)
    assert run.history["loss"].is_monotonic_decreasing


def test_one_network_starts_from_the_weights_of_the_model(few, tmp_path):
    model = network(optimizer=keras.optimizers.SGD(1e-9), loss="sparse_categorical_crossentropy")
    run = tenfold.train(model, few, epochs=1, batch_size=64, out=tmp_path / "run", verbose=False)
    assert np.allclose(run.model.get_weights()[0], model.get_weights()[0], atol=1e-6)


def test_a_function_builds_one_network_a_seed(few, tmp_path):
    run = tenfold.train(network, few, seeds=2, epochs=1, out=tmp_path / "run", verbose=False)
    first, second = (model.get_weights()[0] for model in run.models)
    assert run.recipe.name == "network"
    assert not np.allclose(first, second)


def test_a_model_trained_elsewhere_becomes_a_run(few, run, tmp_path):
    model = network(optimizer="adam", loss="sparse_categorical_crossentropy")
    x, y = few.train.arrays()
    model.fit(x / np.float32(255), y, epochs=2, verbose=0)
    adopted = tenfold.Run.from_model(model, few, out=tmp_path / "run")
    assert adopted.history["loss"].tolist() == pytest.approx(model.history.history["loss"])
    expected = model.predict(few.test.images / np.float32(255), verbose=0)
    evaluation = adopted.evaluate("test")
    assert np.abs(evaluation.outputs[0] - expected).max() < 1e-5
    assert adopted.report().name == "report.html"
    adopted.export(tmp_path / "mine.onnx")
    predictor = tenfold.Predictor(tmp_path / "mine.onnx")
    assert predictor(few.test).shape == (310, 10)
    assert tenfold.compare(run, adopted, data=few.test).first.split == "test"


def test_a_model_is_not_calibrated_on_images_it_may_have_seen(few, tmp_path):
    model = network(optimizer="adam", loss="sparse_categorical_crossentropy")
    data = (few.train.arrays(), few.test.arrays())
    adopted = tenfold.Run.from_model(model, data, out=tmp_path / "run")
    assert adopted.calibrations == ()
    assert len(adopted.evaluate("test").labels) == 310
    with pytest.raises(InputError, match="which of its images were not trained on"):
        tenfold.Run.from_model(model, few.train.arrays(), out=tmp_path / "other")


def test_data_in_memory_stay_with_the_run_and_are_recognized(few, run):
    assert run.evaluate().split == "test"
    assert run.evaluate(data=few).split == "test"
    assert run.evaluate(data=few.validation).split == "validation"
    assert {opening["images"] for opening in run.test_openings()} == {310}


def test_other_data_are_matched_by_the_names_of_classes(few, run):
    names = np.array([f"{digit}" for digit in range(10)])
    others = few.test[few.test.labels > 4]
    given = run.evaluate(data=(others.images, names[others.labels]))
    assert given.split == "arrays (other data)"
    assert np.array_equal(given.labels, others.labels)
    with pytest.raises(InputError, match="class 'x' is not one of the network's classes"):
        run.evaluate(data=tenfold.Dataset(others.images[:2], ["x", "5"]))
    with pytest.raises(InputError, match="its images are 14x14, those of the network 28x28"):
        run.evaluate(data=tenfold.Dataset(others.images[:2, ::2, ::2], ["7", "5"]))


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (network(), {"callbacks": []}, "callbacks: no such option of train; train the model with"),
        (network(), {"lr": 0.1}, "lr: no such option of train; did you mean learning_rate"),
        (network(), {"hidden": [8]}, "hidden: mine has its layers"),
        (lambda: 3, {}, "<lambda> returned int, not a keras.Model"),
        (lambda: 1 / 0, {}, "<lambda> failed: .*division by zero"),
        (3, {}, "recipe: received int; give the name of a recipe"),
        (network(7), {}, "the model's output has shape 7, the data has 10 classes"),
    ],
)
def test_what_cannot_be_trained_is_refused(few, tmp_path, given, options, message):
    with pytest.raises(InputError, match=message):
        tenfold.train(given, few, out=tmp_path / "run", verbose=False, **options)
    assert not (tmp_path / "run").exists()


def test_packages_are_attributes_without_an_import_of_their_own():
    assert tenfold.metrics.METRICS
    assert tenfold.training.Muon().get_config()


@pytest.mark.parametrize("weights", ["balanced", {i: 1.0 + i for i in range(10)}])
def test_class_weights_act_as_in_keras(few, tmp_path, weights):
    """One step an epoch, so that the order of the images does not matter."""
    model = network(optimizer=keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy")
    given = {"epochs": 2, "batch_size": 640, "class_weight": weights}
    run = tenfold.train(model, few, **given, out=tmp_path / "run", verbose=False)
    if weights == "balanced":
        counts = np.bincount(few.train.labels)
        given["class_weight"] = dict(enumerate(640 / (10 * counts)))
    model.fit(few.train.images / np.float32(255), few.train.labels, **given, verbose=0)
    for ours, theirs in zip(run.model.get_weights(), model.get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-5)
    assert tenfold.Run(run.path).recipe.class_weight == run.recipe.class_weight


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("equal", "give balanced, none, or a weight"),
        ({0: -1}, "give balanced, none, or a weight"),
        ({"a": 1.0}, "class 'a' is unknown"),
    ],
)
def test_wrong_class_weights_are_refused(few, tmp_path, weights, message):
    with pytest.raises(InputError, match=message):
        tenfold.train("logistic", few, class_weight=weights, out=tmp_path / "run", verbose=False)
