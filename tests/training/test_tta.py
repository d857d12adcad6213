"""Test-time augmentation: the mean over views, equal with Keras and in the model file."""

import numpy as np
import pytest

import tenfold
from tenfold.networks.recipes import customize


@pytest.fixture(scope="module")
def run(few, tmp_path_factory):
    recipe = customize("logistic", {"epochs": "1"})
    return tenfold.train(recipe, few, out=tmp_path_factory.mktemp("tta") / "run", seeds=2)


def shifted(images, down, right):
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    return padded[:, 1 + down : 29 + down, 1 + right : 29 + right]


SHIFTS = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]
VIEWS = {
    "flip": lambda x: [x, x[..., ::-1]],
    "shift": lambda x: [shifted(x, *by) for by in SHIFTS],
    "flip+shift": lambda x: [shifted(y, *by) for y in (x, x[..., ::-1]) for by in SHIFTS],
}


@pytest.mark.parametrize("tta", VIEWS)
def test_a_run_predicts_the_mean_over_its_views_everywhere(few, run, tta, tmp_path):
    images = few.test.images
    averaged = tenfold.train(run.recipe, few, out=tmp_path / "run", seeds=2, tta=tta)
    network = run.keras_networks()[0]
    expected = np.mean([network(np.ascontiguousarray(x)) for x in VIEWS[tta](images)], axis=0)
    by_keras = averaged.keras_networks()[0](images)
    np.testing.assert_allclose(by_keras, expected, atol=1e-6)
    np.testing.assert_allclose(
        averaged.predict(images), averaged.calibrated(expected, 0), atol=1e-5
    )
    assert (averaged.path / "models" / "seed-0.onnx").exists()
    averaged.export(tmp_path / "model.onnx")
    predictor = tenfold.Predictor(tmp_path / "model.onnx")
    for n in (1, 7, 300):
        committee = averaged.predict_all(images[:n]).mean(axis=0)
        np.testing.assert_allclose(predictor(images[:n]), committee, atol=1e-5)
