"""Export of a run: one verified model file and its card."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import tenfold
from tenfold import InputError, metrics
from tenfold.export import model_card
from tenfold.export.network import to_onnx
from tenfold.export.predictor import Predictor
from tenfold.runs import export as exporting
from tenfold.runs.export import export


@pytest.fixture(scope="module")
def run(few_file, tmp_path_factory):
    """Three networks, a threshold that few images support, and the test set opened."""
    small = tenfold.Recipe("small", arguments={"hidden": [24]}, epochs=12)
    out = tmp_path_factory.mktemp("export") / "run"
    run = tenfold.train(small, tenfold.load(few_file), seeds=3, out=out, verbose=False)
    run.evaluate("test")
    run.calibrate(0.2)
    return run


@pytest.fixture(scope="module")
def model_file(run):
    return export(run, run.path.parent / "mean.onnx")


def test_the_model_file_predicts_the_mean_of_the_networks(run, model_file, few):
    expected = np.mean([run.predict(few.test.images, i) for i in range(3)], axis=0)
    np.testing.assert_allclose(Predictor(model_file.path)(few.test.images), expected, atol=1e-5)
    assert model_file.images == 1000
    assert 0 < model_file.difference < 1e-5


def test_one_network_is_exported(run, tmp_path, few):
    result = export(run, tmp_path / "one.onnx", network=1)
    expected = run.predict(few.test.images, 1)
    np.testing.assert_allclose(Predictor(result.path)(few.test.images), expected, atol=1e-5)
    assert result.card["seeds"] == [1]
    assert result.card["temperatures"] == [run.calibrations[1].temperature]
    assert result.card["threshold"] == run.calibrations[1].threshold.as_json()


def test_the_card_describes_the_run(run, model_file, few):
    card = model_file.card
    assert Predictor(model_file.path).card == card
    assert card["class_names"] == list(run.class_names)
    assert card["image_shape"] == [28, 28]
    assert card["seeds"] == [0, 1, 2]
    assert card["temperatures"] == [c.temperature for c in run.calibrations]
    assert tenfold.Recipe.from_json(card["recipe"]) == run.recipe
    assert card["data"]["checksums"] == run.record.data.checksums
    assert card["trained"] == run.record.started
    for split, labels in (("validation", few.validation.labels), ("test", few.test.labels)):
        mean = run.saved_evaluation(split)[0].probabilities.mean(axis=0)
        expected = metrics.accuracy(mean, labels).as_json()
        assert card["scores"][split]["accuracy"] == expected


def test_the_threshold_is_chosen_on_the_mean_of_the_networks(run, model_file, few):
    mean = run.saved_evaluation("validation")[0].probabilities.mean(axis=0)
    expected = metrics.choose_threshold(mean, few.validation.labels, 0.2)
    assert model_file.card["threshold"] == expected.as_json()


def test_without_a_threshold_the_card_has_the_reason(run, tmp_path):
    copy = tenfold.Run(shutil.copytree(run.path, tmp_path / "run"))
    without = [replace(c, threshold=None) for c in copy.calibrations]
    copy.record = copy.record.replace(calibrations=without)
    result = export(copy, tmp_path / "it.onnx")
    assert result.card["threshold"] is None
    assert "takes at least" in result.card["threshold_note"]
    assert "takes at least" in result.describe()


def test_an_unopened_test_set_has_no_scores(run, tmp_path):
    copy = shutil.copytree(run.path, tmp_path / "run")
    (copy / "test-openings.jsonl").unlink()
    assert set(export(tenfold.Run(copy), tmp_path / "it.onnx").card["scores"]) == {"validation"}


def test_equal_runs_give_equal_bytes(run, model_file, tmp_path):
    again = export(tenfold.Run(run.path), tmp_path / "again.onnx")
    assert again.path.read_bytes() == model_file.path.read_bytes()


def test_the_file_is_valid_onnx_with_json_metadata(model_file):
    model = onnx.load(model_file.path)
    onnx.checker.check_model(model, full_check=True)
    metadata = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert metadata == model_file.card
    page = (Path(__file__).parents[2] / "docs" / "reference" / "model-file.md").read_text()
    _, _, section = page.partition("## Metadata")
    documented = re.findall(r"^\| `(\w+)` \|", section.partition("\n## ")[0], re.M)
    assert documented == [*list(metadata)[:-1], "multi_label", "sha256"]
    assert {node.domain for node in model.graph.node} == {""}


def test_a_file_that_differs_from_keras_is_not_written(run, tmp_path, monkeypatch):
    def changed(models, image_shape, temperatures, *more):
        return to_onnx(models, image_shape, [1.01 * t for t in temperatures], *more)

    monkeypatch.setattr(exporting, "to_onnx", changed)
    with pytest.raises(InputError, match="not written, since its probabilities would differ"):
        export(run, tmp_path / "it.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_invalid_graph_is_not_written(run, tmp_path, monkeypatch):
    def broken(*arguments):
        model = to_onnx(*arguments)
        model.graph.node[-1].input[0] = "nobody"
        return model

    monkeypatch.setattr(exporting, "to_onnx", broken)
    with pytest.raises(InputError, match="its graph would not be valid ONNX"):
        export(run, tmp_path / "it.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_its_data_is_verified_on_stored_images(run, tmp_path):
    copy = tenfold.Run(shutil.copytree(run.path, tmp_path / "run"))
    copy.record = copy.record.replace(data=replace(copy.record.data, origin=None))
    assert export(copy, tmp_path / "it.onnx").images == 1000
    with pytest.raises(InputError, match="made in memory"):
        export(copy, tmp_path / "small.onnx", int8=True)


@pytest.mark.parametrize("network", [-1, 3])
def test_a_missing_network_is_refused(run, tmp_path, network):
    with pytest.raises(InputError, match=f"network: {network}; the run has 3, counted from 0"):
        export(run, tmp_path / "it.onnx", network=network)


def test_int8_is_smaller_and_scored_by_its_own_predictions(run, model_file, few, tmp_path):
    result = export(run, tmp_path / "small.onnx", int8=True)
    assert result.size < 0.5 * model_file.size
    predictions = Predictor(result.path)(few.validation.images)
    expected = metrics.accuracy(predictions, few.validation.labels).as_json()
    assert result.card["scores"] == {"validation": result.card["scores"]["validation"]}
    assert result.card["scores"]["validation"]["accuracy"] == expected
    exact = Predictor(model_file.path)(few.validation.images)
    correct = [p.argmax(axis=1) == few.validation.labels for p in (predictions, exact)]
    assert result.change.value == pytest.approx(correct[0].mean() - correct[1].mean())
    assert result.change.low <= result.change.value <= result.change.high
    assert np.abs(predictions - exact).max() < 0.1
    assert "percentage points" in result.describe()


def test_int8_needs_validation_images(run, few, tmp_path, monkeypatch):
    splits = replace(few, validation=None)
    monkeypatch.setattr(tenfold.Run, "data", lambda self: splits)
    with pytest.raises(InputError, match="no validation images, on which the loss by int8"):
        export(run, tmp_path / "it.onnx", int8=True)
    assert list(tmp_path.iterdir()) == []
    assert export(run, tmp_path / "it.onnx").images == 1000


def test_int8_predictions_do_not_depend_on_the_batch(run, few, tmp_path):
    predictor = Predictor(export(run, tmp_path / "small.onnx", network=0, int8=True).path)
    batch = predictor(few.test.images[:20])
    single = np.concatenate([predictor(image) for image in few.test.images[:20]])
    np.testing.assert_allclose(batch, single, atol=1e-6)


def test_the_command_writes_and_describes_the_file(run, tenfold_main, tmp_path):
    code, out, err = tenfold_main("export", run.path, "-o", tmp_path / "digits.onnx")
    assert (code, err) == (0, "")
    assert "the mean of 3 networks" in out
    assert "verified  1,000 images" in out
    assert model_card.read(tmp_path / "digits.onnx")[1]["seeds"] == [0, 1, 2]
    code, _, err = tenfold_main("export", tmp_path, "-o", tmp_path / "digits.onnx")
    assert code == 2
    assert "not a run folder" in err
