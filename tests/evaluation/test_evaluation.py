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


def test_metrics_equal_those_of_scikit_learn(result):
    for i, probabilities in enumerate(result.probabilities):
        predicted = probabilities.argmax(axis=1)
        assert result.accuracy[i].value == pytest.approx(
            metrics.accuracy_score(result.labels, predicted)
        )
        assert result.log_loss[i].value == pytest.approx(
            metrics.log_loss(result.labels, probabilities)
        )
        np.testing.assert_array_equal(
            result.confusion_matrix(i), metrics.confusion_matrix(result.labels, predicted)
        )
        scores = [(s.precision.value, s.recall.value) for s in result.per_class(i).values()]
        expected = metrics.precision_recall_fscore_support(result.labels, predicted)[:2]
        np.testing.assert_allclose(np.transpose(scores), expected)
        brier = metrics.brier_score_loss(
            result.labels, probabilities, labels=range(4), scale_by_half=False
        )
        assert result.brier_score[i].value == pytest.approx(brier)


def test_several_networks_are_summarised_by_mean_and_deviation(result):
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


def test_calibration_scales_probabilities_and_keeps_their_ranking(result):
    scaled = calibrated(result)
    for i, calibration in enumerate(scaled.calibrations):
        np.testing.assert_allclose(
            scaled.probabilities[i], apply_temperature(result.outputs[i], calibration.temperature)
        )
    np.testing.assert_array_equal(scaled.probabilities.argmax(-1), result.outputs.argmax(-1))
    np.testing.assert_array_equal(scaled.uncalibrated().probabilities, result.outputs)
    assert [s.value for s in scaled.accuracy] == [s.value for s in result.accuracy]


def test_images_at_or_above_the_threshold_are_accepted(result):
    scaled = calibrated(result)
    for i, (coverage, error) in enumerate(scaled.accepted):
        accepted = scaled.probabilities[i].max(axis=1) >= scaled.calibrations[i].threshold.value
        wrong = scaled.predicted(i) != scaled.labels
        assert coverage.value == pytest.approx(accepted.mean())
        assert error.value == pytest.approx(wrong[accepted].mean())
        np.testing.assert_array_equal(
            scaled.calibrations[i].accepts(scaled.probabilities[i]), accepted
        )


def test_without_a_threshold_all_images_are_accepted_and_a_note_says_why(result):
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


def test_prediction_sets_hold_the_classes_above_the_quantile(result):
    for calibration, p, (coverage, size) in zip(
        calibrated(result).calibrations,
        calibrated(result).probabilities,
        calibrated(result).conformal,
        strict=True,
    ):
        sets = 1 - p <= calibration.quantile
        assert coverage.value == pytest.approx(sets[np.arange(200), result.labels].mean())
        assert size.value == pytest.approx(sets.sum(axis=1).mean())


def test_auroc_equals_that_of_scikit_learn(result):
    others = np.full((3, 50, 4), 0.25)
    others[:, ::2, 0], others[:, ::2, 1:] = 0.7, 0.1
    for i, score in enumerate(result.auroc(others)):
        confidence = np.concatenate([result.outputs[i].max(-1), others[i].max(-1)])
        is_in_distribution = np.repeat([1, 0], [200, 50])
        assert score.value == pytest.approx(metrics.roc_auc_score(is_in_distribution, confidence))


def test_other_labels_and_fewer_images_are_evaluated(result):
    predicted = result.predicted()
    included = np.arange(200) < 150
    corrected = result.relabelled(predicted, included)
    assert corrected.accuracy[0].value == 1.0
    assert corrected.accuracy[0].n == 150
    assert corrected.checksum == ""


def test_mistakes_are_all_errors_the_most_confident_first(result):
    indices = result.mistakes(1)
    probabilities = result.probabilities[1]
    assert set(indices) == set(np.flatnonzero(probabilities.argmax(axis=1) != result.labels))
    confidence = probabilities[indices].max(axis=1)
    assert (np.diff(confidence) <= 0).all()


def test_the_confusion_table_and_figure_show_the_class_names(result):
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
    assert [set(scores) for scores in figures["per_class"]] == 3 * [set(NAMES)]
    assert np.trace(figures["confusion_matrix"][0]) == figures["accuracy"][0]["value"] * 200
    more = json.loads(json.dumps(calibrated(result).to_json(), allow_nan=False))
    assert more["accuracy"] == figures["accuracy"]
    assert more["before_temperature"]["calibration_error"] == figures["calibration_error"]
    assert [pair["error"]["n"] <= 200 for pair in more["accepted"]] == 3 * [True]
    alone = Evaluation("test", NAMES, result.labels[:1], result.probabilities[:1, :1])
    json.dumps(alone.to_json(), allow_nan=False)


def test_a_notebook_shows_counts_and_escapes_names(result):
    assert "<td>&lt;dog&gt;</td>" in result._repr_html_()
    assert repr(result).startswith("<Evaluation ")


def test_arrays_that_do_not_match_are_refused(result):
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
