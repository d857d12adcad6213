"""Studies, audits and reproductions by executors: the same results as in one process."""

import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from executors import Here
from interruption import assert_same_run

import tenfold
from tenfold import InputError
from tenfold.experiments.audits import audit
from tenfold.experiments.reproduction import reproduce
from tenfold.experiments.studies import Study, study

SMALL = tenfold.Recipe("small", arguments={"hidden": [8]}, epochs=2)
VARY = {"batch_size": [32, 64], "learning_rate": [0.002, 0.02]}
OPTIONS = ["--vary", "batch_size=32,64,128", "--vary", "epochs=2", "--seeds", "2"]


@pytest.fixture(scope="module")
def made(few_file, tmp_path_factory):
    """Two programs, each of two settings, trained in this process."""
    out = tmp_path_factory.mktemp("study") / "one"
    return study(SMALL, VARY, few_file, seeds=2, out=out, verbose=False)


def command(few_file, out):
    arguments = ["study", "logistic", *OPTIONS, "--data", few_file, "--out", out]
    return [sys.executable, "-m", "tenfold", *map(str, arguments)]


def test_a_study_by_an_executor_has_the_same_bits(made, few_file, tmp_path):
    here = Here()
    result = study(SMALL, VARY, few_file, seeds=2, out=tmp_path / "s", executor=here, verbose=False)
    assert [task["group"] for task in here.ran] == [0, 1]
    for setting in made.plan.settings:
        assert_same_run(made.path / setting.folder, result.path / setting.folder)
    columns = ["setting", "accuracy", "sd", "log_loss"]
    assert made.table[columns].equals(result.table[columns])
    again = study(SMALL, VARY, few_file, seeds=2, out=tmp_path / "s", executor=here, verbose=False)
    assert len(here.ran) == 2
    assert len(again.best.test_openings()) == 1


def test_another_study_in_the_folder_is_refused(made, few_file):
    with pytest.raises(InputError, match="holds a study already, of small on few"):
        study(SMALL, VARY, few_file, seeds=3, out=made.path, verbose=False)


def test_data_in_memory_are_refused_before_anything_is_trained(few, tmp_path):
    with pytest.raises(InputError, match="made in memory, which other processes do not see"):
        study(SMALL, VARY, few, out=tmp_path / "s", executor=Here(), verbose=False)


@pytest.mark.parametrize(
    "start",
    [
        lambda data, executor: study("logistic", {"epochs": [1]}, data, executor=executor),
        lambda data, executor: audit(data, folds=2, recipe="logistic", executor=executor),
        lambda data, executor: list(reproduce(["logistic"], data=str(data), executor=executor)),
    ],
)
def test_workers_that_cannot_be_reached_leave_nothing_behind(
    start, few_file, tmp_path, monkeypatch
):
    class Away(Here):
        def workers(self):
            raise InputError("the cluster is away")

    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="the cluster is away"):
        start(few_file, Away())
    assert not list(tmp_path.iterdir())


def test_an_audit_is_saved_beside_its_folds_and_urls_are_refused_first(
    few_file, tmp_path, monkeypatch, tenfold_main
):
    monkeypatch.chdir(tmp_path)
    result = audit(few_file, folds=2, recipe="logistic", executor=Here(2), verbose=False)
    assert result.save() == result.work
    assert [folder.name for folder in (tmp_path / "audits").iterdir()] == [result.work.name]
    code, _, error = tenfold_main("audit", few_file, "--out", "s3://bucket/audit")
    assert code == 2
    assert error.startswith("tenfold: s3://bucket/audit: only score, study and read")


@pytest.mark.parametrize(("most", "trained"), [(None, 1), (0, 0)])
def test_a_failure_does_not_stop_the_others_unless_told_so(
    few_file, tmp_path, monkeypatch, most, trained, capsys
):
    from tenfold.experiments.studies import work

    def fail(study, group, splits, verbose):
        if group[0].recipe.batch_size == 32:
            raise InputError("no more memory")
        return original(study, group, splits, verbose)

    original, out = work.train_settings, tmp_path / "s"
    vary = {"batch_size": [32, 64], "epochs": [1]}
    monkeypatch.setattr(work, "train_settings", fail)
    message = r"1 of 2 settings failed; batch_size=32.*: no more memory; go on with"
    with pytest.raises(InputError, match=message):
        study(SMALL, vary, few_file, seeds=1, out=out, max_failures=most, executor=Here())
    monkeypatch.setattr(work, "train_settings", original)
    assert "failed: no more memory" in capsys.readouterr().err
    stopped = Study(out)
    statuses = sorted(stopped.table["status"])
    assert statuses == sorted(["failed", "finished" if trained else "waiting"])
    assert stopped.progress(stopped.plan.settings[0]) == "no more memory"
    assert not list(out.rglob("test-openings.jsonl"))
    study(SMALL, vary, few_file, seeds=1, out=out, verbose=False)
    assert stopped.table["status"].tolist() == ["finished"] * 2


def test_two_drivers_divide_a_study_also_when_one_is_killed(few_file, tmp_path):
    """The second is killed, and both train each program once."""
    out = tmp_path / "study"
    options = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    first = subprocess.Popen(command(few_file, out), **options)
    second = subprocess.Popen(command(few_file, out), **options)
    while not list(out.glob(".group-*")) and first.poll() is None:
        time.sleep(0.01)
    second.send_signal(signal.SIGKILL)
    lines = second.communicate()[1] + (report := first.communicate())[1]
    assert first.returncode == 0, report
    assert "test   " in report[0]
    epochs = [line for line in lines.splitlines() if line.startswith("epoch ")]
    assert 6 <= len(epochs) <= 7  # one epoch of the killed process is lost at most
    assert sorted(Study(out).table["status"]) == ["finished"] * 3
    assert len(list(out.rglob("test-openings.jsonl"))) == 1
    assert not list(out.glob(".*"))


def test_the_status_of_a_study_names_what_is_left(made, tenfold_main, tmp_path):
    code, text, _ = tenfold_main("study", "--status", made.path)
    assert code == 0
    assert re.fullmatch(r"small on few, 4 settings x 2 seeds\n4 finished\n", text)


def test_an_audit_by_an_executor_has_the_same_bits_and_goes_on(few_file, tmp_path):
    options = {"folds": 2, "recipe": "logistic", "verbose": False}
    here, work = Here(workers=2), tmp_path / "audit"
    alone = audit(few_file, **options)
    first = audit(few_file, executor=here, work=work, **options)
    assert [task["share"] for task in here.ran] == [[0], [1]]
    np.testing.assert_array_equal(first.probabilities, alone.probabilities)
    next(work.glob(".fold-*-1.npy")).unlink()
    again = audit(few_file, executor=here, work=work, **options)
    assert here.ran[-1]["share"] == [1]
    np.testing.assert_array_equal(again.probabilities, alone.probabilities)
    assert {path.name for path in again.save(work).iterdir()} == {
        "candidates.csv",
        "duplicates.csv",
        "index.html",
    }


def test_a_reproduction_by_an_executor_is_not_trained_twice(few_file, tmp_path):
    here = Here()
    for _ in range(2):
        rows = reproduce(
            ["logistic"], seeds=1, out=tmp_path / "all", data=str(few_file), executor=here
        )
        assert [row.recipe.name for row in rows] == ["logistic"]
    assert len(here.ran) == 1
    other = shutil.copy(few_file, tmp_path / "other.npz")
    for changes in ({"data": str(other)}, {"data": str(few_file), "seeds": 2}):
        for executor in (here, None):
            options = {"seeds": 1, "out": tmp_path / "all", "executor": executor, **changes}
            with pytest.raises(InputError, match=r"logistic: holds a run of other .*folder$"):
                list(reproduce(["logistic"], **options))
    assert len(here.ran) == 1


def test_an_adaptive_search_goes_on_with_the_same_draws(few_file, tmp_path):
    pytest.importorskip("optuna")
    vary, out = {"learning_rate": "1e-4..1e-1", "epochs": [1]}, tmp_path / "s"
    sampler = f"optuna=sqlite:///{tmp_path}/trials.db"
    options = {"draws": 3, "seeds": 1, "sampler": sampler, "out": out, "verbose": False}

    class Stopping(Here):
        def run(self, function, tasks, folder):
            for outcome in super().run(function, tasks, folder):
                yield outcome
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="go on with tenfold study --resume"):
        study("logistic", vary, few_file, executor=Stopping(), **options)
    assert len(Study(out).plan.settings) == 1
    result = study("logistic", vary, few_file, **options)
    assert result.table["status"].tolist() == ["finished"] * 3
    assert len(result.best.test_openings()) == 1
    whole = study(
        "logistic", vary, few_file, **options | {"out": tmp_path / "whole", "sampler": "optuna"}
    )
    assert whole.table["setting"].tolist() == result.table["setting"].tolist()
    with pytest.raises(InputError, match="holds a study already"):
        study("logistic", vary, few_file, **options | {"draws": 9})


def test_an_adaptive_search_prunes(few_file, tmp_path, monkeypatch, capsys):
    optuna = pytest.importorskip("optuna")
    poor = optuna.pruners.ThresholdPruner(lower=2.0)  # no accuracy reaches it
    monkeypatch.setattr(optuna.pruners, "MedianPruner", lambda **_: poor)
    vary, options = {"learning_rate": "1e-4..1e-1", "epochs": [3]}, {"draws": 1, "seeds": 1}
    result = study("logistic", vary, few_file, sampler="optuna", out=tmp_path / "s", **options)
    assert result.table["status"].tolist() == ["pruned"]
    assert "pruned after epoch 1 of 3" in capsys.readouterr().err
    assert not list(tmp_path.rglob("test-openings.jsonl"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": "tpe", "draws": 2}, "sampler: 'tpe'; give optuna"),
        ({"sampler": "optuna"}, "sampler: give draws too"),
        ({"sampler": "optuna=nope://x", "draws": 2}, "sampler: the database cannot be used"),
    ],
)
def test_samplers_that_cannot_be_used(few_file, tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        study("logistic", {"epochs": [1, 2]}, few_file, out=tmp_path / "s", **options)
