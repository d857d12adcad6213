"""Reproductions: verdicts, and the accuracies that are compared."""

import pytest

import tenfold
from tenfold import InputError
from tenfold.experiments.reproduction import Reproduction, measure, reproduce, to_json, tutorials
from tenfold.metrics import SeedSummary
from tenfold.networks.recipes import Published


def row(train, test, published, tmp_path):
    recipe = tenfold.Recipe("any", published=published)
    summaries = [SeedSummary(value, 0.001, value, value, 8) for value in (train, test)]
    return Reproduction(recipe, *summaries, 1.0, tmp_path)


@pytest.mark.parametrize(
    ("train", "test", "published", "verdict"),
    [
        (0.985, 0.978, Published(train=0.985, test=0.978), "reproduced"),
        (0.9899, 0.9731, Published(train=0.985, test=0.978, close=0.005), "reproduced"),
        (0.9901, 0.978, Published(train=0.985, test=0.978, close=0.005), "differs"),
        (0.985, 0.972, Published(train=0.985, test=0.978, close=0.005), "differs"),
        (0.1, 0.978, Published(test=0.978), "reproduced"),
        (0.985, 0.978, Published(), "unpublished"),
    ],
)
def test_a_verdict_depends_on_the_published_distance(train, test, published, verdict, tmp_path):
    assert row(train, test, published, tmp_path).verdict == verdict


def test_the_protocol_is_the_published_one(few_file, tmp_path):
    few = tenfold.load(few_file)
    (reproduction,) = reproduce(
        ["logistic"], seeds=2, out=tmp_path / "all", data=str(few_file), verbose=False
    )
    run = tenfold.Run(tmp_path / "all" / "logistic")
    assert reproduction.run == run.path
    assert run.record.protocol == "published"
    assert len(run.test_openings()) == 1
    last = run.history[run.history["epoch"] == 5]
    assert reproduction.test.mean == pytest.approx(last["val_accuracy"].mean())
    result = run.evaluate("test")
    assert reproduction.test.mean == pytest.approx(result.over_seeds()["accuracy"].mean, abs=1e-6)
    assert reproduction.train.mean == pytest.approx(last["accuracy"].mean())
    assert result.accuracy[0].n == len(few.test)
    assert to_json([reproduction])["rows"][0]["test"]["n"] == 2


def test_a_figure_measured_after_training_is_measured_so(few_file, tmp_path):
    published = Published(train=0.5, evaluated=True)
    recipe = tenfold.Recipe("any", arguments={"hidden": [8]}, epochs=1, published=published)
    out = tmp_path / "run"
    run = tenfold.train(recipe, few_file, out=out, protocol="published", verbose=False)
    assert measure(run).train.mean == run.evaluate("train").accuracy[0].value


def test_what_reproduces_nothing_is_refused_before_anything_is_trained(tmp_path):
    assert set(tutorials()) >= {"dropout", "dense-512", "sigmoid-64"}
    for names, seeds, message in (
        (["logistic", "quick"], 8, "'quick' reproduces no tutorial"),
        (["nothing"], 8, "unknown"),
        (["logistic"], 0, "seeds: 0"),
    ):
        with pytest.raises(InputError, match=message):
            reproduce(names, seeds=seeds, out=tmp_path / "all")
    assert list(tmp_path.iterdir()) == []
