"""The diagnosis of learning curves."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tenfold import InputError, report
from tenfold.networks.recipes import recipe as named_recipe


def history(**curves):
    epochs = len(next(iter(curves.values())))
    return pd.DataFrame({"epoch": range(1, epochs + 1), "seed": 0, **curves})


CASES = {
    "diverged": history(
        loss=[0.5, np.nan, np.nan],
        accuracy=[0.8, 0.1, 0.1],
        val_loss=[0.5, np.nan, np.nan],
        val_accuracy=[0.8, 0.1, 0.1],
    ),
    "overfitting": history(
        loss=[0.3, 0.1, 0.05, 0.01],
        accuracy=[0.91, 0.97, 0.99, 1.0],
        val_loss=[0.2, 0.15, 0.18, 0.22],
        val_accuracy=[0.94, 0.96, 0.96, 0.96],
    ),
    "still improving": history(
        loss=[0.9, 0.7, 0.5, 0.4],
        accuracy=[0.7, 0.8, 0.85, 0.88],
        val_loss=[0.9, 0.7, 0.5, 0.4],
        val_accuracy=[0.7, 0.8, 0.85, 0.88],
    ),
    "underfitting": history(
        loss=[0.5, 0.42, 0.41, 0.41],
        accuracy=[0.8, 0.85, 0.85, 0.85],
        val_loss=[0.5, 0.43, 0.42, 0.42],
        val_accuracy=[0.8, 0.85, 0.85, 0.85],
    ),
    "fine": history(
        loss=[0.2, 0.06, 0.04, 0.035],
        accuracy=[0.95, 0.98, 0.985, 0.99],
        val_loss=[0.1, 0.06, 0.0500, 0.0500],
        val_accuracy=[0.96, 0.98, 0.985, 0.985],
    ),
    "too short": history(
        loss=[0.5, 0.2], accuracy=[0.8, 0.9], val_loss=[0.5, 0.2], val_accuracy=[0.8, 0.9]
    ),
    "not validated": history(loss=[0.5, 0.2, 0.1], accuracy=[0.8, 0.9, 0.95]),
}


@pytest.mark.parametrize("verdict", CASES)
def test_diagnosis(verdict):
    assert report.diagnose(CASES[verdict]).verdict == verdict


def test_a_short_recipe_is_complete_at_its_own_length():
    recipe = named_recipe("quick")
    diagnosis = report.diagnose(CASES["too short"], recipe)
    assert diagnosis.verdict == "complete"
    assert "quick ends after 2 epochs by design" in diagnosis.finding
    longer = dataclasses.replace(recipe, epochs=1)
    assert report.diagnose(CASES["too short"], longer).verdict == "too short"


def test_a_loss_that_ends_above_its_beginning_has_diverged():
    curves = CASES["fine"].assign(loss=[0.2, 0.3, 1.5, 2.3])
    diagnosis = report.diagnose(curves)
    assert diagnosis.verdict == "diverged"
    assert "0.2000 after the first epoch to 2.3000" in diagnosis.finding


def test_a_wide_gap_is_overfitting_though_the_loss_is_silent():
    curves = CASES["fine"].assign(accuracy=[0.95, 0.98, 0.99, 0.999], val_accuracy=0.95)
    diagnosis = report.diagnose(curves)
    assert diagnosis.verdict == "overfitting"
    assert diagnosis.gap == pytest.approx(0.049)
    assert "4.90 points above" in diagnosis.finding


def test_several_seeds_are_diagnosed_by_their_mean():
    seeds = [CASES["overfitting"].assign(seed=seed) for seed in range(3)]
    one, many = report.diagnose(seeds[0]), report.diagnose(pd.concat(seeds))
    assert many == one
    assert "lowest after epoch 2 (0.1500)" in many.finding
    assert "47 %" in many.finding


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (CASES["fine"].iloc[:0], "no rows"),
        (CASES["fine"].drop(columns="loss"), "lacks the column 'loss'"),
    ],
)
def test_an_incomplete_history_is_refused(table, message):
    with pytest.raises(InputError, match=message):
        report.diagnose(table)
