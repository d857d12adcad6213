"""Evaluation against scikit-learn, and over several networks."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from tenfold import Evaluation, InputError
from tenfold.evaluation.calibration import Calibration
from tenfold.metrics import apply_temperature

NAMES = ("ant", "bee", "cat", "<dog>")


@pytest.fixture
def result():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 200)
    logits = generator.normal(size=(3, 200, 4)) + 2 * np.eye(4)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return Evaluation("test", NAMES, labels, probabilities)


def test_figures_equal_those_of_scikit_learn(result):
    for i, answers in enumerate(result.probabilities):
        predicted = answers.argmax(axis=1)
        assert result.accuracy[i].value == pytest.approx(
            metrics.accuracy_score(result.labels, predicted)
        )
        assert result.log_loss[i].value == pytest.approx(metrics.log_loss(result.labels, answers))
        np.testing.assert_array_equal(
            result.confusion_matrix(i), metrics.confusion_matrix(result.labels, predicted)
        )
        found = [(s.precision.value, s.recall.value) for s in result.per_class(i).values()]
        expected = metrics.precision_recall_fscore_support(result.labels, predicted)[:2]
        np.testing.assert_allclose(np.transpose(found), expected)
        brier = metrics.brier_score_loss(
            result.labels, answers, labels=range(4), scale_by_half=False
        )
        assert result.brier_score[i].value == pytest.approx(brier)


def test_several_networks_are_summed_up_by_mean_and_deviation(result):
    values = [score.value for score in result.accuracy]
    summary = result.over_seeds()["accuracy"]
    assert summary.mean == pytest.approx(np.mean(values))
    assert summary.sd == pytest.approx(np.std(values, ddof=1))
    assert "3 seeds" in result.headline()
    assert "±" in result.headline()


def calibrated(result):
    half = len(result.labels) // 2
    fitted = [Calibration.fit(p[:half], result.labels[:half], 0.3) for p in result.outputs]
    return replace(result, calibrations=tuple(fitted))


def test_calibrated_answers_are_tempered_and_rank_as_before(result):
    found = calibrated(result)
    for i, calibration in enumerate(found.calibrations):
        np.testing.assert_allclose(
            found.probabilities[i], apply_temperature(result.outputs[i], calibration.temperature)
        )
    np.testing.assert_array_equal(found.probabilities.argmax(-1), result.outputs.argmax(-1))
    np.testing.assert_array_equal(found.uncalibrated().probabilities, result.outputs)
    assert [s.value for s in found.accuracy] == [s.value for s in result.accuracy]


def test_what_is_accepted_is_what_lies_above_the_threshold(result):
    found = calibrated(result)
    for i, (kept, wrong) in enumerate(found.accepted):
        sure = found.probabilities[i].max(axis=1) >= found.calibrations[i].threshold.value
        missed = found.predicted(i) != found.labels
        assert kept.value == pytest.approx(sure.mean())
        assert wrong.value == pytest.approx(missed[sure].mean())
        np.testing.assert_array_equal(found.calibrations[i].accepts(found.probabilities[i]), sure)


def test_without_a_threshold_nothing_is_refused_and_the_reason_is_kept(result):
    fitted = Calibration.fit(result.outputs[0], result.labels)
    assert fitted.threshold is None
    assert "at least 1,077 images, even with none wrong, got 200" in fitted.note
    assert fitted.accepts(result.outputs[0]).all()
    assert replace(result, outputs=result.outputs[:1], calibrations=(fitted,)).accepted == [None]
    with pytest.raises(InputError, match="at least 1,077 images"):
        Calibration.fit(result.outputs[0], result.labels, 0.005)


def test_a_calibration_survives_json(result):
    for error_rate in (None, 0.3):
        fitted = Calibration.fit(result.outputs[0], result.labels, error_rate)
        assert Calibration.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted


def test_prediction_sets_hold_what_was_likely_enough(result):
    for calibration, p, (held, size) in zip(
        calibrated(result).calibrations,
        calibrated(result).probabilities,
        calibrated(result).conformal,
        strict=True,
    ):
        sets = 1 - p <= calibration.quantile
        assert held.value == pytest.approx(sets[np.arange(200), result.labels].mean())
        assert size.value == pytest.approx(sets.sum(axis=1).mean())


def test_confidence_tells_strange_images_as_scikit_learn_says(result):
    strange = np.full((3, 50, 4), 0.25)
    strange[:, ::2, 0], strange[:, ::2, 1:] = 0.7, 0.1
    for i, score in enumerate(result.auroc(strange)):
        confidence = np.concatenate([result.outputs[i].max(-1), strange[i].max(-1)])
        known = np.repeat([1, 0], [200, 50])
        assert score.value == pytest.approx(metrics.roc_auc_score(known, confidence))


def test_other_labels_and_fewer_images_give_their_own_scores(result):
    predicted = result.predicted()
    kept = np.arange(200) < 150
    corrected = result.relabelled(predicted, kept)
    assert corrected.accuracy[0].value == 1.0
    assert corrected.accuracy[0].n == 150
    assert corrected.checksum == ""


def test_mistakes_are_all_the_wrong_ones_the_most_confident_first(result):
    places = result.mistakes(1)
    answers = result.probabilities[1]
    assert set(places) == set(np.flatnonzero(answers.argmax(axis=1) != result.labels))
    confidence = answers[places].max(axis=1)
    assert (np.diff(confidence) <= 0).all()


def test_the_confusion_table_and_picture_bear_the_class_names(result):
    table = result.confusion_table()
    assert (table.index.name, table.columns.name) == ("true", "predicted")
    assert list(table.index) == list(table.columns) == list(NAMES)
    assert table.loc["ant", "bee"] == result.confusion_matrix()[0, 1]
    texts = {text.get_text() for text in result.plot_confusion().axes[0].texts}
    assert texts == {str(count) for count in result.confusion_matrix().ravel() if count}


def test_json_has_plain_types_and_no_nan(result):
    figures = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert figures["n"] == 200
    assert len(figures["accuracy"]) == 3
    assert [set(found) for found in figures["per_class"]] == 3 * [set(NAMES)]
    assert np.trace(figures["confusion_matrix"][0]) == figures["accuracy"][0]["value"] * 200
    more = json.loads(json.dumps(calibrated(result).to_json(), allow_nan=False))
    assert more["accuracy"] == figures["accuracy"]
    assert more["before_temperature"]["calibration_error"] == figures["calibration_error"]
    assert [found["error"]["n"] <= 200 for found in more["accepted"]] == 3 * [True]
    alone = Evaluation("test", NAMES, result.labels[:1], result.probabilities[:1, :1])
    json.dumps(alone.to_json(), allow_nan=False)


def test_a_notebook_shows_counts_and_escapes_names(result):
    assert "<td>&lt;dog&gt;</td>" in result._repr_html_()
    assert repr(result).startswith("<Evaluation ")


def test_arrays_that_do_not_fit_are_refused(result):
    with pytest.raises(InputError, match=r"\(networks, 200, 4\)"):
        Evaluation("test", NAMES, result.labels, result.probabilities[0])
    holes = result.outputs.copy()
    holes[1, 7, 0] = np.nan
    with pytest.raises(InputError, match="1 rows are not finite"):
        Evaluation("test", NAMES, result.labels, holes)
    with pytest.raises(InputError, match="calibrations: 3 for 1 networks"):
        replace(calibrated(result), outputs=result.outputs[:1])
    with pytest.raises(InputError, match="network: 3; there are 3"):
        result.confusion_matrix(3)
