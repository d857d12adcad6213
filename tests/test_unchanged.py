"""Seeded trainings, readings and figures give what they gave before the packages were rearranged.

`tests/golden/expected.json` was written by the version before. Bits depend on the processor and on
the versions of the numerical packages: where these are the same, digests must be equal, elsewhere
figures must be close.
"""

import hashlib
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import tenfold
from tenfold import figures

GOLDEN = Path(__file__).parent / "golden"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
PACKAGES = ("keras", "jax", "jaxlib", "numpy", "matplotlib", "onnxruntime", "scipy", "scikit-image")
LEVELS = ("avx2", "avx512f", "avx512_bf16", "amx_tile")


def digest(*parts):
    """SHA-256 over arrays and texts."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else np.ascontiguousarray(part).tobytes()
        total.update(data)
    return total.hexdigest()


def environment():
    """What bits may depend on: processor, cores and packages."""
    flags = []
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        flags = next((line for line in lines if line.startswith("flags")), "").split()
    levels = [name for name in LEVELS if name in flags]
    packages = {name: version(name) for name in PACKAGES}
    machine = {"machine": platform.machine(), "processor": levels, "cores": os.cpu_count()}
    return machine | packages


SAME = environment() == EXPECTED["environment"]


@pytest.fixture(scope="module")
def trained(few, tmp_path_factory):
    """One short training a recipe, made when first asked for."""
    folder, runs = tmp_path_factory.mktemp("unchanged"), {}

    def run(recipe):
        if recipe not in runs:
            seeds = 2 if recipe == "dense-47" else 1
            runs[recipe] = tenfold.train(
                recipe, few, seeds=seeds, out=folder / recipe, verbose=False
            )
        return runs[recipe]

    return run


@pytest.mark.parametrize("recipe", ["logistic", "dense-47", "quick"])
def test_a_seeded_training_gives_the_same_network(trained, few, recipe):
    expected, run = EXPECTED["trainings"][recipe], trained(recipe)
    result = run.evaluate("test", few)
    losses = run.history.filter(like="loss").to_numpy().ravel()
    assert losses == pytest.approx(expected["losses"], rel=2e-6 if SAME else 0.05, abs=1e-6)
    accuracy = [score.value for score in result.accuracy]
    assert accuracy == pytest.approx(expected["accuracy"], abs=0 if SAME else 0.03)
    if SAME:
        weights = [array for model in run.models for array in model.get_weights()]
        assert digest(*weights) == expected["weights"]
        assert digest(result.probabilities) == expected["probabilities"]
        assert digest(result.confusion_matrix()) == expected["confusion"]


@pytest.mark.skipif(not SAME, reason="the pixels of figures depend on the versions of packages")
def test_figures_keep_their_pixels(trained, few):
    run = trained("logistic")
    result = run.evaluate("test", few)
    curve = result.risk_coverage()
    drawn = {
        "gallery": figures.gallery(few.train.images[:10], few.train.labels[:10]),
        "confusion": result.plot_confusion(),
        "curves": run.plot(),
        "predictions": run.plot_predictions(few.test[:10]),
        "reliability": figures.reliability({"run": result.reliability()}),
        "risk_coverage": figures.risk_coverage([(curve.coverage, curve.risk)]),
    }
    digests = {name: digest(figures.to_png(figure)) for name, figure in drawn.items()}
    assert digests == EXPECTED["pictures"]


def test_a_page_is_read_as_before(few):
    page = np.zeros((150, 400), np.uint8)
    for i, image in enumerate(few.test.images[:10]):
        row, column = divmod(i, 5)
        large = np.kron(image, np.ones((2, 2), np.uint8))
        page[15 + 65 * row : 71 + 65 * row, 30 + 70 * column : 86 + 70 * column] = large
    reading, expected = tenfold.read(255 - page), EXPECTED["reading"]
    assert reading.text == expected["text"]
    confidences = [float(digit.confidence) for digit in reading.digits]
    assert confidences == pytest.approx(expected["confidences"], abs=1e-4)
    if SAME:
        assert digest(*[digit.image for digit in reading.digits]) == expected["images"]


def test_an_old_run_folder_is_read(few):
    run = tenfold.Run(GOLDEN / "run-0.1.0")
    assert run.record.versions["tenfold"] == "0.1.0"
    assert len(run.history) == 10
    assert [
        score.value for score in run.evaluate_dataset(few.test, "test").accuracy
    ] == pytest.approx([score.value for score in run.saved_evaluation("test")[0].accuracy])
    by_keras = [network(few.test.images[:20]) for network in run.keras_networks()]
    by_onnx = run.evaluate_dataset(few.test[:20], "test").outputs
    assert np.abs(np.stack(by_keras) - by_onnx).max() < 1e-4


def test_an_old_model_file_answers_as_the_run_it_was_exported_from(few):
    predictor = tenfold.Predictor(GOLDEN / "model-0.1.0.onnx")
    run = tenfold.Run(GOLDEN / "run-0.1.0")
    mean = run.predict_all(few.test.images).mean(axis=0)
    assert np.abs(predictor(few.test.images) - mean).max() < 1e-4
