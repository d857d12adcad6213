"""Two runs on the same images: verdicts, and refused input."""

import json

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

import tenfold
from tenfold import Evaluation, InputError
from tenfold.experiments.comparison import Comparison, compare

NAMES = ("first", "second")


def evaluation(wrong, n=1000, checksum="same"):
    """Networks that err on the given images, and on no others."""
    labels = np.arange(n) % 2
    outputs = np.repeat(np.eye(2)[labels][None], len(wrong), axis=0)
    for network, indices in zip(outputs, wrong, strict=True):
        network[indices] = network[indices][:, ::-1]
    return Evaluation("test", ("0", "1"), labels, outputs, checksum=checksum)


def test_the_verdict_names_the_better_one_with_points_interval_and_p():
    comparison = Comparison.of(NAMES, evaluation([range(40)]), evaluation([range(90)]))
    assert comparison.difference.value == pytest.approx(0.05)
    assert comparison.verdict().startswith("first is better by 5.00 points (95 %: ")
    assert "p < 0.001" in comparison.verdict()
    assert "with 1,000 test images, differences under" in comparison.verdict()
    other = Comparison.of(NAMES, evaluation([range(90)]), evaluation([range(40)]))
    assert other.verdict() == comparison.verdict().replace("first", "second")


def test_a_difference_that_is_not_significant_names_no_winner():
    comparison = Comparison.of(NAMES, evaluation([range(10)]), evaluation([range(8, 20)]))
    assert comparison.verdict().startswith("no significant difference: +0.20 points (95 %: -")
    table = [[0, comparison.mcnemar.only_a], [comparison.mcnemar.only_b, 0]]
    assert comparison.difference.p == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert (comparison.mcnemar.only_a, comparison.mcnemar.only_b) == (10, 8)


def test_several_networks_per_side_are_compared_by_their_means():
    first = evaluation([range(30), range(34), range(32)])
    second = evaluation([range(90), range(100)])
    comparison = Comparison.of(NAMES, first, second)
    assert comparison.difference.value == pytest.approx(0.095 - 0.032)
    assert comparison.mcnemar is None
    assert comparison.difference.low < comparison.difference.value < comparison.difference.high
    figures = json.loads(json.dumps(comparison.to_json(), allow_nan=False))
    assert figures["accuracy"][0]["n"] == 3
    assert figures["verdict"] == comparison.verdict()


@pytest.mark.parametrize(
    "other",
    [
        evaluation([range(5)], checksum="other"),
        evaluation([range(5)], n=500, checksum="half"),
        evaluation([range(5)], checksum=""),
    ],
)
def test_other_images_are_refused(other):
    with pytest.raises(InputError, match="not evaluated on the same images"):
        Comparison.of(NAMES, evaluation([range(5)]), other)


@pytest.fixture(scope="module")
def pair(few, tmp_path_factory):
    """Two runs of the same data, neither of which has opened its test set."""
    folder = tmp_path_factory.mktemp("pair")
    base = tenfold.networks.recipes.recipe("logistic")
    return [
        tenfold.train(base.replace(epochs=epochs), few, out=folder / str(epochs), verbose=False)
        for epochs in (1, 3)
    ]


def test_the_test_set_stays_sealed_until_both_have_opened_it(pair, few):
    assert compare(*pair).first.split == "validation"
    assert [run.test_openings() for run in pair] == [[], []]
    for run in pair:
        run.evaluate("test", data=few)
    comparison = compare(*pair)
    assert comparison.first.split == "test"
    assert [run.test_openings()[-1]["by"] for run in pair] == ["compare", "compare"]
    accuracy = [run.evaluate("test").accuracy[0].value for run in pair]
    assert comparison.difference.value == pytest.approx(accuracy[0] - accuracy[1])


def test_runs_of_other_data_are_refused(pair, few, tmp_path):
    other = tenfold.Splits(
        "other", few.train, few.test, few.validation, "validation and test exchanged", 0
    )
    run = tenfold.train("logistic", other, out=tmp_path / "run", verbose=False)
    with pytest.raises(InputError, match="not evaluated on the same images"):
        compare(pair[0], run, "validation")


def test_runs_are_given_by_their_folders_too():
    with pytest.raises(InputError, match=r"^a: not a run folder"):
        compare("a", "b")
