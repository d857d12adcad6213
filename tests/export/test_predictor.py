"""Prediction from a model file: results, dependencies and errors."""

import subprocess
import sys

import numpy as np
import pytest

from tenfold import InputError, metrics
from tenfold.engine import Forward
from tenfold.export.predictor import Predictor


@pytest.fixture(scope="module")
def predictor(file):
    return Predictor(file)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (620, 28, 28), np.uint8)


def test_predictions_match_keras_for_batches_of_any_size(predictor, network, images):
    probabilities = predictor(images)
    assert (probabilities.dtype, probabilities.shape) == (np.float32, (620, 4))
    np.testing.assert_allclose(
        probabilities, Forward(network, (28, 28))(network, images), atol=1e-5
    )
    for part in (slice(0, 1), slice(7, 307)):
        np.testing.assert_allclose(predictor(images[part]), probabilities[part], atol=1e-6)


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x[0],
        lambda x: x[:1, :, :, None],
        lambda x: x[:1].reshape(1, 784),
        lambda x: x[0] / 255,
        lambda x: np.repeat(x[:1, :, :, None], 3, axis=3),
        lambda x: x[:1].astype(np.int64),
        lambda x: np.asfortranarray(x[:2])[::2],
    ],
)
def test_images_of_every_form_give_the_same_predictions(predictor, images, form):
    np.testing.assert_allclose(predictor(form(images)), predictor(images[:1]), atol=1e-6)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((2, 27, 28), np.uint8), r"received shape \[2, 27, 28\]; give \[28, 28\]"),
        (np.zeros((0, 28, 28), np.uint8), "there are none"),
        (np.full((28, 28), 256), "pixels are whole numbers from 256 to 256"),
        (np.full((28, 28), np.nan), "NaN"),
        (np.full((28, 28), "x"), "must be numbers"),
    ],
)
def test_bad_images_are_refused_in_one_line(predictor, bad, message):
    with pytest.raises(InputError, match=message) as caught:
        predictor(bad)
    assert "\n" not in str(caught.value)


def test_the_card_is_available(predictor):
    assert predictor.class_names == ("class 0", "class 1", "class 2", "class 3")
    assert predictor.image_shape == (28, 28)
    assert predictor.threshold == 0.3
    assert predictor.card["threshold"]["error_rate"] == 0.01
    assert predictor.card["recipe"] == {"name": "tiny"}
    assert "tiny, 4 classes" in repr(predictor)


def test_top_names_the_most_probable_classes(predictor, images):
    classes, values = metrics.top_k(predictor(images[:5]), 2)
    ranked = predictor.top(images[:5], 2)
    assert [[name for name, _ in row] for row in ranked] == [
        [f"class {c}" for c in row] for row in classes
    ]
    np.testing.assert_allclose([[p for _, p in row] for row in ranked], values, rtol=1e-6)
    with pytest.raises(InputError, match="k must be from 1 to 4"):
        predictor.top(images[0], 5)


def test_predictions_below_the_threshold_are_not_accepted(predictor, sealed, tmp_path):
    probabilities = np.array([[0.29, 0.28, 0.22, 0.21], [0.3, 0.3, 0.2, 0.2]])
    assert predictor.accepts(probabilities).tolist() == [False, True]
    path = tmp_path / "all.onnx"
    path.write_bytes(sealed(threshold=None))
    without = Predictor(path)
    assert without.threshold is None
    assert without.accepts(probabilities).tolist() == [True, True]


def test_inverted_images_are_counted(predictor, sealed, tmp_path):
    images = np.stack([np.full((28, 28), tone, np.uint8) for tone in (0, 250, 255)])
    assert predictor.count_inverted(images) == 2
    path = tmp_path / "light.onnx"
    path.write_bytes(sealed(border=240.0))
    assert Predictor(path).count_inverted(images) == 1


def test_prediction_needs_numpy_and_onnx_runtime_alone(file):
    excluded = ["keras", "jax", "onnx", "scipy", "pandas", "matplotlib", "PIL", "rich", "typer"]
    code = (
        "import sys\nimport numpy as np\nfrom tenfold.export.predictor import Predictor\n"
        f"predictor = Predictor({str(file)!r})\n"
        "predictor.top(np.zeros((28, 28), np.uint8), 3)\n"
        "predictor.accepts(predictor(np.zeros((2, 784))))\n"
        "predictor.count_inverted(np.zeros((28, 28)))\n"
        f"print(sorted(set({excluded!r}) & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")
