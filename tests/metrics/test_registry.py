"""The registry of metrics: what is registered, and that everything reads it."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from score_batches import CLASSES, batch

from tenfold import Evaluation
from tenfold.cli.evaluation_text import describe_evaluation
from tenfold.experiments.comparison import Comparison
from tenfold.metrics import METRICS, Score, SeedSummary, metric
from tenfold.metrics.registry import reference
from tenfold.metrics.score import mean_score

ROOT = Path(__file__).parents[2]
REGENERATE = (
    'PYTHONPATH=src python -c "from tenfold.metrics.registry import reference; '
    "print(reference(), end='')\" > docs/reference/metrics.md"
)


@pytest.fixture
def registered(monkeypatch):
    """A metric that is registered for one test."""
    before = dict(METRICS)

    @metric("first class", "mean probability of the first class", unit="nats", in_tables=True)
    def first_class(probabilities, labels):
        return mean_score(np.asarray(probabilities)[:, 0])

    yield METRICS["first_class"]
    METRICS.clear()
    METRICS.update(before)


def evaluation(networks=1):
    outputs, labels = zip(*(batch(60, seed) for seed in range(networks)), strict=True)
    names = tuple(map(str, range(CLASSES)))
    return Evaluation("test", names, labels[0], np.stack(outputs), checksum="same")


@pytest.mark.parametrize("share", [0, 0.2, 0.8, 1])
@pytest.mark.parametrize("name", METRICS)
def test_intervals_of_few_sure_predictions_stay_in_the_range(name, share):
    entry, labels = METRICS[name], np.arange(5) % 3
    predicted = np.where(np.arange(5) < 5 * share, labels, (labels + 1) % 3)
    score = entry.function(np.eye(3)[predicted], labels)
    low, high = entry.bounds
    assert low <= score.low <= score.value <= score.high <= high


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_a_documented_function_of_probabilities_and_labels(name):
    entry = METRICS[name]
    parameters = list(inspect.signature(entry.function).parameters.values())
    assert [p.name for p in parameters[:2]] == ["probabilities", "labels"]
    assert all(p.default is not p.empty for p in parameters[2:])
    assert inspect.getdoc(entry.function)
    assert name.isidentifier()
    assert entry.unit in ("%", "nats", "")
    assert entry.label.strip(".") == entry.label
    assert entry.description.strip(".") == entry.description
    probabilities, labels = batch(80)
    score = entry.function(probabilities, labels)
    assert score.low <= score.value <= score.high
    assert score.n == 80
    assert not entry.percent or 0 <= score.value <= 1


@pytest.mark.parametrize("name", METRICS)
def test_higher_is_better_agrees_with_a_perfect_and_a_wrong_network(name):
    entry, labels = METRICS[name], np.arange(40) % 3
    perfect = entry.function(np.eye(3)[labels], labels).value
    wrong_rows = 0.8 * np.eye(3)[(labels + 1) % 3] + 0.2 * np.eye(3)[(labels + 2) % 3]
    wrong = entry.function(wrong_rows, labels).value
    assert (perfect > wrong) == entry.higher_is_better


def test_metrics_are_in_the_order_of_display():
    assert list(METRICS)[:5] == [
        "accuracy",
        "log_loss",
        "brier_score",
        "calibration_error",
        "area_under_risk_coverage",
    ]


def test_a_score_is_formatted_in_the_unit_of_its_metric():
    score = Score(0.01234, 0.01, 0.02, 100)
    assert METRICS["calibration_error"].format(score) == "1.23 % (1.00 to 2.00)"
    assert METRICS["log_loss"].format(score) == "0.0123 (0.0100 to 0.0200)"
    summary = SeedSummary(0.98, 0.001, 0.979, 0.981, 5)
    assert METRICS["accuracy"].format(summary) == "98.00 ± 0.10 % (97.90 to 98.10)"


def test_two_metrics_of_one_name_are_refused():
    with pytest.raises(ValueError, match="'log_loss' is registered twice"):
        metric("loss", "another loss", name="log_loss")(lambda probabilities, labels: None)


def test_a_new_metric_is_evaluated_printed_compared_and_documented(registered):
    result = evaluation()
    assert "first_class" in dir(result)
    assert result.first_class[0].value == pytest.approx(result.outputs[0, :, 0].mean())
    values = json.loads(json.dumps(result.to_json()))
    assert values["first_class"][0] == result.first_class[0].as_json()
    assert values["over_seeds"]["first_class"]["mean"] == values["first_class"][0]["value"]
    text = describe_evaluation(result, [0])
    assert f"first class        {result.first_class[0].as_text()}" in text
    comparison = Comparison.of(("a", "b"), result, result)
    assert comparison.to_json()["first_class"] == 2 * values["first_class"]
    assert "| First class | `first_class` |" in reference()


def test_a_new_metric_has_a_column_for_several_seeds(registered):
    result = evaluation(networks=2)
    text = describe_evaluation(result, [0, 1])
    assert "first class" in text.splitlines()[-CLASSES - 5]
    assert result.summary("first_class") == result.over_seeds(["first_class"])["first_class"]


def test_what_is_no_metric_is_no_attribute():
    with pytest.raises(AttributeError, match="Evaluation has no attribute 'precision'"):
        evaluation().precision  # noqa: B018


def test_the_reference_page_is_up_to_date():
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    assert page == reference(), f"regenerate it with: {REGENERATE}"


def test_metrics_import_without_the_heavy_libraries():
    code = (
        "import sys, tenfold.metrics;"
        "print([m for m in ('scipy', 'pandas', 'keras', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
