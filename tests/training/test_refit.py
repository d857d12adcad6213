"""Refits: trained on train and validation together, and calibrated from elsewhere."""

import keras
import numpy as np
import pytest

import tenfold
from tenfold import InputError, Run
from tenfold.engine.cross_validation import cross_validate
from tenfold.evaluation.calibration import Calibration
from tenfold.networks.recipes import customize

RECIPE = customize("logistic", {"epochs": "2"})


@pytest.fixture(scope="module")
def held_out(few, tmp_path_factory):
    out = tmp_path_factory.mktemp("refit") / "held-out"
    return tenfold.train(RECIPE, few, seeds=2, out=out, verbose=False)


@pytest.fixture(scope="module")
def named(few, held_out, tmp_path_factory):
    """A refit that is calibrated by the earlier run."""
    out = tmp_path_factory.mktemp("refit") / "named"
    return tenfold.train(
        RECIPE, few, seeds=3, out=out, refit=True, calibrated_by=held_out, verbose=False
    )


@pytest.fixture(scope="module")
def crossed(few_file, tmp_path_factory):
    """A refit of a file, calibrated by cross-validation."""
    out = tmp_path_factory.mktemp("refit") / "crossed"
    return tenfold.train(RECIPE, few_file, out=out, refit=True, verbose=False)


def test_it_trains_on_all_images(few, named):
    everything = np.concatenate([few.train.images, few.validation.images])
    splits = named.data()
    assert splits.validation is None
    np.testing.assert_array_equal(splits.train.images, everything)
    assert named.record.data.sizes == {"train": 1140, "test": 310}
    both = tenfold.Splits("both", splits.train, None, None, "here", 0)
    network = tenfold.train(RECIPE, both, out=named.path.parent / "both", verbose=False)
    for ours, theirs in zip(named.model.weights, network.model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_it_takes_the_calibration_of_a_named_run_and_says_so(held_out, named):
    first, second = held_out.calibrations
    assert named.calibrations == (first, second, first)
    note = named.record.refit_note
    assert f"by the run {held_out.path}, on 500 images that it held out" in note
    assert "no validation metrics" in note


def test_it_takes_the_calibration_of_a_cross_validation_and_says_so(few, crossed):
    train = crossed.data().train
    outputs = cross_validate(RECIPE, train, 3, 0)
    assert crossed.calibrations == (Calibration.fit(outputs, train.labels),)
    assert "by 3-fold cross-validation of the" in crossed.record.refit_note


def test_its_folder_is_read_and_resumed_like_another(few_file, crossed, tmp_path, monkeypatch):
    assert Run(crossed.path).data().train.checksum == crossed.record.data.checksums["train"]
    monkeypatch.setattr("tenfold.training.trainer.finish", stop)
    with pytest.raises(KeyboardInterrupt):
        tenfold.train(RECIPE, few_file, out=tmp_path / "run", refit=True, verbose=False)
    monkeypatch.undo()
    resumed = tenfold.training.resume(tmp_path / "run", verbose=False)
    assert resumed.calibrations == crossed.calibrations
    np.testing.assert_array_equal(resumed.model.get_weights()[0], crossed.model.get_weights()[0])


def stop(*_):
    raise KeyboardInterrupt


def test_reports_comparisons_and_exports_say_that_it_is_a_refit(few, held_out, crossed, tmp_path):
    with pytest.raises(InputError, match="a refit has no validation images"):
        tenfold.compare(crossed, held_out)
    assert "headline" not in crossed.record.scores
    assert crossed.headline() == "refit, without validation images"
    crossed.evaluate("test")
    report = crossed.report(tmp_path / "report.html").read_text()
    assert "Refit: trained on train and validation together" in report
    assert "fitted by 3-fold cross-validation" in report
    with pytest.raises(InputError, match="choose on; its calibration is by 3-fold"):
        crossed.calibrate(0.01)
    card = crossed.export(tmp_path / "model.onnx").card
    threshold = crossed.calibrations[0].threshold
    assert card["protocol"] == "refit"
    assert (card["threshold"] or {}).get("value") == (threshold and threshold.value)
    assert "validation" not in card["scores"]


def test_a_committee_of_a_refit_has_no_threshold(named, tmp_path):
    card = named.export(tmp_path / "model.onnx").card
    assert card["threshold"] is None
    assert "do not hold for their mean" in card["threshold_note"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"validation": 100}, "validation: not with refit"),
        ({"protocol": "published"}, "protocol: not with refit"),
        ({"start": "reader"}, "start: not with refit"),
        ({"calibrated_by": "here", "epochs": 3}, "its recipe differs in epochs"),
        ({"refit": False, "calibrated_by": "here"}, "calibrated_by: for refits only"),
        ({"calibrated_by": "nowhere"}, "nowhere: not a run folder"),
    ],
)
def test_contradictions_are_refused(few, held_out, tmp_path, options, words):
    given = {"refit": True, "out": tmp_path / "run", "verbose": False} | options
    if given.get("calibrated_by") == "here":
        given["calibrated_by"] = held_out.path
    with pytest.raises(InputError, match=words):
        tenfold.train(RECIPE, few, **given)
    assert not (tmp_path / "run").exists()


def test_images_that_cannot_be_cross_validated_need_a_named_run(few, tmp_path):
    rare = np.flatnonzero(few.train.labels == 7)[2:]
    fewer = few.train[np.setdiff1d(np.arange(len(few.train)), rare)]
    splits = tenfold.Splits("rare", fewer, None, None, "here", 0)
    with pytest.raises(InputError, match="a class has fewer than 3 images, so they cannot"):
        tenfold.train(RECIPE, splits, refit=True, out=tmp_path / "run", verbose=False)


def test_a_network_in_memory_needs_a_named_run(few, tmp_path):
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, "softmax")])
    model.compile("adam", "categorical_crossentropy")
    with pytest.raises(InputError, match="refit: a network in memory"):
        tenfold.train(model, few, refit=True, out=tmp_path / "run", verbose=False)
