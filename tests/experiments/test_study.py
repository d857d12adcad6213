"""Studies: results, test openings, shared programs, and resuming after kills and Ctrl-C."""

import csv
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from interruption import assert_same_run

import tenfold
from tenfold import InputError
from tenfold.experiments.studies import Plan, Study, resume, study
from tenfold.training.progress import Progress

EXERCISES = Path(__file__).parents[2] / "docs" / "exercises.md"
VARY = {"hidden": [[8], [8, 8]], "learning_rate": [0.002, 0.02]}
SMALL = tenfold.Recipe("small", arguments={"hidden": [8]}, epochs=2)


@pytest.fixture(scope="module")
def made(few, tmp_path_factory):
    """Two networks, each at two rates, from two seeds."""
    return study(SMALL, VARY, few, seeds=2, out=tmp_path_factory.mktemp("study") / "one")


@pytest.fixture
def copy(made, tmp_path):
    return Study(shutil.copytree(made.path, tmp_path / "copy"))


def test_data_without_validation_images_are_refused(few, tmp_path):
    bare = tenfold.Splits("bare", few.train, None, few.test, "here", 0)
    with pytest.raises(InputError, match="a study chooses by validation images, and bare has none"):
        study("logistic", {"epochs": [1]}, bare, out=tmp_path / "study")


def test_a_folder_in_use_is_refused(made, few, tmp_path):
    with pytest.raises(InputError, match=r"holds a study already.*tenfold study --resume"):
        study("logistic", {"epochs": [1]}, few, out=made.path)
    (tmp_path / "file").write_text("")
    for place in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputError, match="exists already"):
            study("logistic", {"epochs": [1]}, few, out=place)


# Results


def test_every_setting_is_an_ordinary_run_and_a_row_of_the_table(made):
    table = made.table
    assert sorted(table["setting"]) == [
        "hidden=8 learning_rate=0.002",
        "hidden=8 learning_rate=0.02",
        "hidden=8+8 learning_rate=0.002",
        "hidden=8+8 learning_rate=0.02",
    ]
    assert table["accuracy"].is_monotonic_decreasing
    for row in table.itertuples():
        run = tenfold.Run(row.run)
        assert run.path == made.path / row.setting.replace(" ", ",")
        assert run.seeds == [0, 1]
        assert run.recipe.epochs == 2
        last = run.history[run.history["epoch"] == 2]["val_accuracy"]
        assert row.accuracy == pytest.approx(last.mean(), abs=1e-6)
        assert row.sd == pytest.approx(last.std(ddof=1), abs=1e-6)
        assert row.low < row.accuracy < row.high
        assert row.parameters == run.model.count_params()
        assert row.seconds == run.record.seconds > 0


def test_the_table_and_the_picture_are_files(made):
    with (made.path / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["setting"] for row in rows] == made.table["setting"].tolist()
    assert {row["hidden"] for row in rows} == {"8", "8+8"}
    assert float(rows[0]["accuracy"]) == pytest.approx(made.table["accuracy"][0])
    assert (made.path / "study.png").read_bytes().startswith(b"\x89PNG")
    assert made.table["setting"][0] in made.plot().get_label()


def test_the_test_set_is_opened_for_the_best_alone_and_once(made, few):
    best = made.table["run"][0]
    opened = [str(path.parent) for path in made.path.rglob("test-openings.jsonl")]
    assert opened == [best] == [str(made.best.path)]
    assert [opening["by"] for opening in made.best.test_openings()] == ["study"]
    assert len(made.test.labels) == len(few.test)
    resume(made.path, few, verbose=False)
    assert len(made.best.test_openings()) == 1


def test_python_shows_the_study(made):
    assert "4 settings x 2 seeds" in repr(made)
    page = made._repr_html_()
    assert "<img" in page or "<svg" in page
    assert page.count("<tr") == 5


def test_equal_accuracies_go_to_fewer_parameters(copy):
    for setting in copy.plan.settings:
        path = copy.path / setting.folder / "run.json"
        record = json.loads(path.read_text())
        record["scores"]["over_seeds"]["accuracy"]["mean"] = 0.5
        path.write_text(json.dumps(record))
    assert copy.table["parameters"].is_monotonic_increasing
    assert copy.best.recipe.arguments == {"hidden": [8]}


def test_the_command_prints_the_table_the_best_setting_and_a_caveat(
    few_file, tmp_path, tenfold_main
):
    how = ["logistic", "--vary", "learning_rate=0.001,0.02", "--vary", "epochs=2", "--seeds", "2"]
    out = tmp_path / "study"
    code, text, error = tenfold_main("study", *how, "--data", few_file, "--out", out)
    assert code == 0, error
    assert re.search(
        r"^learning_rate=0.02 +[\d.]+ ± [\d.]+ % \(.*\) +\d\.\d{4} +7,850$", text, re.M
    )
    assert re.search(r"^test   [\d.]+ ± [\d.]+ % \(.*\) of 310 test images, 2 seeds$", text, re.M)
    assert "highest of 2 settings, its validation accuracy is" in text
    assert re.search(r"^setting 1/2 learning_rate=0.001: [\d.]+ ± [\d.]+ %$", error, re.M)
    assert re.search(r"^epoch 2/2 ", error, re.M)
    code, text, error = tenfold_main("study", "--resume", out, "--json")
    result = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert result["best"] == "learning_rate=0.02"
    assert result["settings"][0]["learning_rate"] == 0.02
    assert result["test"]["n"] == 310
    assert error == "2 of 2 settings are trained already\n"


def test_data_without_a_test_split_are_not_opened(few, tmp_path, capsys):
    from tenfold.cli.study_text import describe_study

    bare = tenfold.Splits("bare", few.train, few.validation, None, "here", 0)
    result = study("logistic", {"epochs": [1]}, bare, seeds=1, out=tmp_path / "a", verbose=False)
    assert result.test is None
    assert result.to_json()["test"] is None
    assert "test   not opened: these data have no test split" in describe_study(result)
    assert result.table["sd"].isna().all()
    assert result.table["low"][0] < result.table["accuracy"][0] < result.table["high"][0]
    assert capsys.readouterr().err == ""


# Several runs in one program


def test_settings_that_differ_only_in_the_learning_rate_share_a_program(made):
    names = [[setting.name.split()[0] for setting in group] for group in made.plan.groups()]
    assert names == [["hidden=8"] * 2, ["hidden=8+8"] * 2]


def test_schedules_and_large_groups_get_separate_programs(made):
    settings = made.plan.settings[:2]
    fields = vars(made.plan) | {"seeds": 15}
    assert [len(group) for group in Plan(**fields).groups()] == [1] * 4
    scheduled = [
        type(one)(**vars(one) | {"recipe": one.recipe.replace(schedule="linear")})
        for one in settings
    ]
    fields = vars(made.plan) | {"settings": scheduled}
    assert [len(group) for group in Plan(**fields).groups()] == [1, 1]


def assert_equal_to_float_error(run, other):
    np.testing.assert_allclose(run.history, other.history, rtol=1e-3, atol=1e-3)
    for ours, theirs in zip(run.models, other.models, strict=True):
        assert float(ours.optimizer.learning_rate) == float(theirs.optimizer.learning_rate)
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-4)
    names = {path.name for path in other.path.iterdir()}
    assert {path.name for path in run.path.iterdir()} - {"test-openings.jsonl"} == names


def test_settings_trained_in_a_group_equal_the_same_trained_alone(few, tmp_path):
    recipe = SMALL.replace(arguments={"hidden": [8], "dropout": 0.2})
    vary = {"learning_rate": [0.001, 0.005]}
    result = study(recipe, vary, few, seeds=2, out=tmp_path / "study", verbose=False)
    for setting in result.plan.settings:
        out = tmp_path / setting.folder
        alone = tenfold.train(setting.recipe, few, seeds=2, out=out, verbose=False)
        assert_equal_to_float_error(tenfold.Run(result.path / setting.folder), alone)


def test_a_diverged_setting_is_reported_and_leaves_the_others_alone(few, tmp_path, capsys):
    recipe = SMALL.replace(arguments={"hidden": [8], "activation": "exponential"})
    vary = {"learning_rate": [0.01, 900.0]}
    result = study(recipe, vary, few, seeds=1, out=tmp_path / "study")
    assert "setting 2/2 learning_rate=900: diverged" in capsys.readouterr().err
    assert result.table["status"].tolist() == ["finished", "diverged"]
    assert result.table["accuracy"].isna().tolist() == [False, True]
    recipe = result.plan.settings[0].recipe
    alone = tenfold.train(recipe, few, out=tmp_path / "alone", verbose=False)
    assert_equal_to_float_error(result.best, alone)


def test_without_a_finished_setting_there_is_no_best(few_file, tmp_path, tenfold_main):
    how = "--vary learning_rate=900 --vary hidden=8 --vary activation=exponential --seeds 1"
    out = tmp_path / "study"
    code, text, error = tenfold_main("study", *how.split(), "--data", few_file, "--out", out)
    assert code == 0, error
    assert "best   none" in text
    assert not list(out.rglob("test-openings.jsonl"))
    with pytest.raises(InputError, match="so none is the best"):
        Study(out).best  # noqa: B018
    assert "<table" in Study(out)._repr_html_()


# Kills, Ctrl-C and damage

# Kills itself when the first run of a program has saved an epoch and the second has not.
CHILD = """
import os, signal
from pathlib import Path
move = Path.replace
def replace(self, target):
    move(self, target)
    if Path(target).name == "history.csv":
        os.kill(os.getpid(), signal.SIGKILL)
Path.replace = replace
from tenfold.cli import main
main()
"""


def test_a_killed_study_resumes_to_the_same_bits(few_file, tmp_path, tenfold_main):
    how = ["logistic", "--data", few_file, "--seeds", "2", "--vary", "epochs=2"]
    how += ["--vary", "learning_rate=0.001,0.01", "--vary", "batch_size=64"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert tenfold_main("study", *how, "--out", whole)[0] == 0
    command = [sys.executable, "-c", CHILD, "study", *map(str, how), "--out", str(killed)]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    folders = [killed / setting.folder for setting in Study(killed).plan.settings]
    assert [(folder / "history.csv").exists() for folder in folders] == [True, False]
    assert Study(killed).table["status"].tolist() == ["training"] * 2
    assert tenfold_main("study", "--resume", killed)[0] == 0
    for folder in folders:
        assert_same_run(whole / folder.name, folder)
    columns = ["setting", "accuracy", "sd", "log_loss"]
    assert Study(whole).table[columns].equals(Study(killed).table[columns])


def test_a_study_killed_before_its_runs_start_trains_them_on_resume(few, made, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(made.path, folder, ignore=shutil.ignore_patterns("hidden=8,*", "*.json"))
    shutil.copy(made.path / "study.json", folder)
    for left in folder.glob("hidden=8+8,*"):
        shutil.copy(made.path / left.name / "run.json", left)
    begun = folder / made.plan.settings[0].folder
    begun.mkdir()
    shutil.copy(made.path / begun.name / "network.json", begun)
    assert sorted(Study(folder).table["status"]) == ["finished"] * 2 + ["waiting"] * 2
    resume(folder, few, verbose=False)
    assert Study(folder).table["accuracy"].equals(made.table["accuracy"])


def interrupt_after(parts):
    def update(self, epoch, share, logs):
        nonlocal parts
        parts -= 1
        if parts < 0:
            raise KeyboardInterrupt

    return update


def test_ctrl_c_names_the_resume_command_and_finished_runs_stay(few, tmp_path, monkeypatch):
    out, vary = tmp_path / "my study", {"epochs": [1, 2]}
    with monkeypatch.context() as patch:
        patch.setattr(Progress, "update", interrupt_after(2))
        with pytest.raises(KeyboardInterrupt, match=r"tenfold study --resume '.*my study'"):
            study(SMALL, vary, few, seeds=1, out=out, verbose=False)
    stopped = Study(out)
    assert stopped.table["status"].tolist() == ["finished", "training"]
    first = (stopped.best.path / "run.json").read_bytes()
    resume(out, few, verbose=False)
    assert (out / "epochs=1" / "run.json").read_bytes() == first
    assert Study(out).table["status"].tolist() == ["finished"] * 2


def test_a_study_of_data_in_memory_resumes_only_with_the_same_data(made, few):
    with pytest.raises(InputError, match="its data were made in memory"):
        resume(made.path)
    other = tenfold.Splits("other", few.train[1:], few.validation, few.test, "here", 0)
    with pytest.raises(InputError, match="other is not the data it began with"):
        resume(made.path, other)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 9}', '{"format": 1}'])
def test_a_damaged_plan_is_refused_in_one_line(copy, tenfold_main, text):
    (copy.path / "study.json").write_text(text)
    code, _, error = tenfold_main("study", "--resume", copy.path)
    assert code == 2
    assert error.count("\n") == 1
    assert "study.json: damaged, or of another version" in error


# The exercises


def commands():
    blocks = re.findall(r"^```\n(.*?)^```$", EXERCISES.read_text(), re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("command", commands())
def test_an_exercise_can_be_trained(command, few_file, tmp_path, monkeypatch, tenfold_main):
    def trained(study, *_):
        raise InputError(f"{len(study.plan.settings)} settings would be trained")

    monkeypatch.setattr("tenfold.experiments.studies.search.train_all", trained)
    program, *arguments = shlex.split(command)
    assert program == "tenfold"
    code, _, error = tenfold_main(*arguments, "--data", few_file, "--out", tmp_path / "study")
    assert code == 2
    assert re.fullmatch(r"tenfold: \d+ settings would be trained\n", error), error
