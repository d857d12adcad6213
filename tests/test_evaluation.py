"""Evaluation against scikit-learn, and over several networks."""

import json

import numpy as np
import pytest
from sklearn import metrics

from tenfold import Evaluation, InputError

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
        recall = metrics.recall_score(result.labels, predicted, average=None)
        shares = [right / total for right, total in result.per_class(i).values()]
        np.testing.assert_allclose(shares, recall)


def test_several_networks_are_summed_up_by_mean_and_deviation(result):
    values = [score.value for score in result.accuracy]
    summary = result.over_seeds()["accuracy"]
    assert summary.mean == pytest.approx(np.mean(values))
    assert summary.sd == pytest.approx(np.std(values, ddof=1))
    assert "3 seeds" in result.headline()
    assert "±" in result.headline()


def test_evaluations_of_single_networks_join(result):
    singles = [
        Evaluation("test", NAMES, result.labels, answers[None]) for answers in result.probabilities
    ]
    joined = Evaluation.of_networks(singles)
    np.testing.assert_array_equal(joined.probabilities, result.probabilities)
    with pytest.raises(InputError, match="there are none"):
        Evaluation.of_networks([])


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
    assert set(figures["per_class"]) == set(NAMES)
    alone = Evaluation("test", NAMES, result.labels[:1], result.probabilities[:1, :1])
    json.dumps(alone.to_json(), allow_nan=False)


def test_a_notebook_shows_counts_and_escapes_names(result):
    assert "<td>&lt;dog&gt;</td>" in result._repr_html_()
    assert repr(result).startswith("<Evaluation ")


def test_arrays_that_do_not_fit_are_refused(result):
    with pytest.raises(InputError, match=r"\(networks, 200, 4\)"):
        Evaluation("test", NAMES, result.labels, result.probabilities[0])
    with pytest.raises(InputError, match="network: 3; there are 3"):
        result.confusion_matrix(3)
