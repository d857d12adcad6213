"""Runs on images of any shape, from training to the service; the classes differ in colour only."""

import json

import jax
import numpy as np
import pytest
from PIL import Image
from serving import JSON, OCTETS, PNG, encode, serving
from sklearn.datasets import load_digits

import tenfold
from tenfold import report
from tenfold.core.errors import InputError
from tenfold.data import Dataset, Splits
from tenfold.engine.cross_validation import cross_validate
from tenfold.evaluation.nearest_neighbours import NearestNeighbours
from tenfold.evaluation.occlusion import occlusion_map
from tenfold.networks import registry
from tenfold.networks.recipes import RECIPES, customize, recipe
from tenfold.runs.export import export

COLOURS = ("red", "green", "blue")


def eight_by_eight():
    """The digits of scikit-learn, 0 to 16, as bytes."""
    digits = load_digits()
    images = (digits.images * 255 / 16).round().astype(np.uint8)
    return images, digits.target, tuple(map(str, range(10)))


def coloured(side, width):
    """Squares whose three channels have the same levels in another order: equal when grey."""
    rng = np.random.default_rng(side)
    labels = rng.integers(0, 3, 600)
    images = rng.integers(90, 110, (600, side, width, 1)).repeat(3, axis=3)
    inner = images[:, 2:-2, 3:-3]
    inner[np.arange(600), :, :, labels] += 100
    return images.astype(np.uint8), labels, COLOURS


KINDS = {
    "8x8": (eight_by_eight, {"recipe": "dense-47", "learning_rate": 0.01}, 0.75),
    "32x32": (lambda: coloured(32, 32), {"recipe": "instant", "learning_rate": 0.003}, 0.95),
    "64x40": (lambda: coloured(64, 40), {"recipe": "logistic", "learning_rate": 0.001}, 0.95),
}


@pytest.fixture(scope="module", params=KINDS)
def run(request, tmp_path_factory):
    """A run and its data."""
    make, settings, accuracy = KINDS[request.param]
    images, labels, names = make()
    parts = {
        name: Dataset(images[part], labels[part], names, request.param)
        for name, part in (
            ("train", slice(200, None)),
            ("validation", slice(100)),
            ("test", slice(100, 200)),
        )
    }
    splits = Splits(request.param, **parts, source="made here", validation_seed=0)
    chosen = recipe(settings["recipe"]).replace(
        batch_size=25, epochs=4, learning_rate=settings["learning_rate"]
    )
    folder = tmp_path_factory.mktemp("shapes") / request.param
    trained = tenfold.train(chosen, splits, out=folder, verbose=False)
    return trained, splits, accuracy


@pytest.fixture(scope="module")
def exported(run):
    path = run[0].path.parent / f"{run[0].path.name}.onnx"
    export(run[0], path)
    return tenfold.Predictor(path)


def test_a_run_is_evaluated_and_reported(run):
    trained, splits, accuracy = run
    evaluation = trained.evaluate("validation", splits)
    assert evaluation.accuracy[0].value >= accuracy
    assert trained.image_shape == splits.image_shape
    page = report.write(trained).read_text()
    assert page.count("data:image/png;base64,") > 20


def test_the_exported_network_predicts_what_keras_predicts(run, exported):
    trained, splits, _ = run
    images = splits.test.images
    model = trained.model
    x = (images / np.float32(255)).reshape(len(images), *model.input_shape[1:])
    expected = trained.calibrated(model.predict(x, verbose=0), 0)
    assert exported.image_shape == images.shape[1:]
    for each in (images, images / 255, images.reshape(len(images), -1)):
        np.testing.assert_allclose(exported(each), expected, atol=1e-5)
    assert exported.count_inverted(images) in (0, len(images))


def test_files_are_predicted_in_their_colours(run, exported, tmp_path, tenfold_main):
    images = run[1].test.images[:2]
    height, width = images.shape[1:3]
    Image.fromarray(images[0]).save(tmp_path / "image.png")
    Image.fromarray(images[1]).resize((2 * width, 2 * height)).save(tmp_path / "large.png")
    np.save(tmp_path / "array.npy", images)
    for network in (exported.path, run[0].path):
        named = (tmp_path / "image.png", tmp_path / "array.npy")
        code, output, _ = tenfold_main("predict", network, *named)
        first, *others = (line.split()[1] for line in output.splitlines())
        assert (code, first) == (0, exported.top(images[0], 1)[0][0][0])
        assert others == [top[0][0] for top in exported.top(images, 1)]
    code, _, error = tenfold_main("predict", exported.path, tmp_path / "large.png")
    assert (code, f"takes {width}x{height}; give --resize" in error) == (2, True)
    assert tenfold_main("predict", exported.path, tmp_path / "large.png", "--resize")[0] == 0


def test_predictions_are_explained(run, exported):
    image = run[1].test.images[0]
    explained = occlusion_map(exported, image)
    assert explained.values.shape == image.shape[:2]
    neighbours = NearestNeighbours(run[1].train).nearest(run[1].train.images[7], 3)
    assert (neighbours[0].index, neighbours[0].distance) == (7, 0)
    assert neighbours[0].label == run[1].class_names[run[1].train.labels[7]]


def test_other_shapes_and_handwriting_are_refused(run, exported):
    height, width = run[1].image_shape[:2]
    with pytest.raises(InputError, match=rf"received shape \[1, 9, 9\]; give \[{height}, {width}"):
        exported(np.zeros((1, 9, 9), np.uint8))
    picture = np.full((60, 60), 255, np.uint8)
    picture[10:50, 28:33] = 0
    with pytest.raises(InputError, match=f"takes images of {width}x{height}.*28x28"):
        tenfold.read(picture, predictor=exported)


def test_the_service_answers_for_every_media_type(tmp_path):
    images, labels, names = coloured(32, 32)
    data = Dataset(images[:300], labels[:300], names)
    splits = Splits("squares", data, data[:60], data[:60], "made here", 0)
    chosen = recipe("logistic").replace(learning_rate=1e-3)
    trained = tenfold.train(chosen, splits, out=tmp_path / "run", verbose=False)
    export(trained, tmp_path / "run.onnx")
    expected = [top[0][0] for top in tenfold.Predictor(tmp_path / "run.onnx").top(images[:3], 1)]
    with serving(tmp_path / "samples", tmp_path / "run.onnx") as service:
        for body, kind in (
            (images[:3].tobytes(), OCTETS),
            (json.dumps({"images": images[:3].tolist()}).encode(), JSON),
            (encode(images[0]), PNG),
        ):
            status, reply = service.json("POST", "/v1/predict", body, kind)
            labels = [answer["label"] for answer in reply["answers"]]
            assert (status, labels) == (200, expected[: len(labels)])
        assert service.json("GET", "/v1/model")[1]["image_shape"] == [32, 32, 3]
        assert service.code("POST", "/v1/read", encode(images[0]), PNG) == "invalid"
        assert service.code("POST", "/v1/predict", b"1" * 1024, OCTETS) == "image_size"
        status, reply = service.json("POST", "/v1/explain", encode(images[0]), PNG)
        assert (status, np.shape(reply["evidence"]["rows"])) == (200, (32, 32))


def test_two_classes_with_one_sigmoid_unit_make_a_run(tmp_path):
    images, labels, names = coloured(16, 16)
    chosen = labels < 2
    data = Dataset(images[chosen], labels[chosen], names[:2])
    splits = Splits("pair", data[100:], data[:50], data[50:100], "made here", 0)
    path = tmp_path / "network.py"
    path.write_text(
        "import keras\n\n\ndef build():\n"
        "    layers = [keras.Input((16, 16, 3)), keras.layers.Flatten(),\n"
        "              keras.layers.Dense(1, 'sigmoid')]\n"
        "    model = keras.Sequential(layers)\n"
        "    model.compile(keras.optimizers.Adam(0.01), 'binary_crossentropy')\n"
        "    return model\n"
    )
    changed = customize(f"{path}:build", {"epochs": 4, "batch_size": 25})
    trained = tenfold.train(changed, splits, out=tmp_path / "run", verbose=False)
    assert trained.evaluate("validation", splits).accuracy[0].value > 0.95
    export(trained, tmp_path / "pair.onnx")
    probabilities = tenfold.Predictor(tmp_path / "pair.onnx")(splits.test.images)
    second = trained.model.predict(splits.test.images / np.float32(255), verbose=0)
    expected = trained.calibrated(np.concatenate([1 - second, second], axis=1), 0)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8), (8, 128), (33, 17, 3), (128, 128, 3)])
def test_the_networks_of_all_recipes_are_built(shape):
    def build_all():  # traced: shapes without weights, for which nothing is compiled
        for each in RECIPES.values():
            model = registry.build(each.network, each.arguments, shape, 4, seed=0)
            assert model.output_shape == (None, 4)
            assert np.prod(model.input_shape[1:]) == np.prod(shape)
            built.append(model.count_params())

    built = []
    jax.eval_shape(build_all)
    assert len(built) == len(RECIPES)
    assert min(built) > 0


def test_cross_validation_takes_colours():
    images, labels, names = coloured(16, 16)
    data = Dataset(images[:150], labels[:150], names)
    chosen = recipe("logistic").replace(learning_rate=1e-3, epochs=12)
    probabilities = cross_validate(chosen, data, folds=3)
    assert (probabilities.argmax(axis=1) == data.labels).mean() > 0.95
