"""Studies: what is varied, what comes of it, and that neither kills nor divergence lose any."""

import csv
import inspect
import json
import math
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interruption import assert_same_run

import tenfold
from tenfold import InputError
from tenfold.experiments.studies import Plan, Study, resume, study
from tenfold.experiments.studies.grid import (
    VARIED,
    LogUniform,
    combinations,
    count,
    folder_of,
    name_of,
    parse,
)
from tenfold.networks import NETWORKS
from tenfold.networks.fields import to_text
from tenfold.networks.recipes import customised
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


# What is varied


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("hidden", "64,128+64,none", [[64], [128, 64], []]),
        ("hidden", [64, [128, 64], "32+16"], [[64], [128, 64], [32, 16]]),
        ("filters", "32,32+64", [[32], [32, 64]]),
        ("kernels", "3,5+3", [3, [5, 3]]),
        ("activation", "relu,gelu+tanh", ["relu", ["gelu", "tanh"]]),
        ("dropout", "0,0.2+0.1", [0.0, [0.2, 0.1]]),
        ("loss", "sparse,one-hot", ["sparse", "one-hot"]),
        ("epochs", " 2, 5 ", [2, 5]),
        ("epochs", (2, 5), [2, 5]),
        ("batch_norm", "true,False", [True, False]),
        ("learning_rate", "1e-3,0.1", [0.001, 0.1]),
        ("learning_rate", "1e-4..1e-2", LogUniform(1e-4, 1e-2)),
        ("batch_size", "16..256", LogUniform(16, 256, whole=True)),
        ("hidden", "16..256", LogUniform(16, 256, whole=True, layers=True)),
    ],
)
def test_values_are_read_as_the_recipe_takes_them(name, values, expected):
    assert parse({name: values}) == {name: expected}


@given(
    st.one_of(
        st.tuples(st.just("epochs"), st.integers(1, 99)),
        st.tuples(st.just("learning_rate"), st.floats(1e-6, 10)),
        st.tuples(st.just("batch_norm"), st.booleans()),
        st.tuples(st.just("hidden"), st.lists(st.integers(1, 999), max_size=4)),
        st.tuples(st.just("dropout"), st.lists(st.floats(0, 0.9), min_size=2, max_size=4)),
    )
)
def test_text_of_a_value_is_read_back_as_the_value(setting):
    name, value = setting
    assert parse({name: to_text(value)}) == {name: [value]}
    assert parse({name: [value]}) == {name: [value]}


def test_all_that_a_recipe_holds_can_be_varied():
    arguments = {
        name
        for network in NETWORKS.values()
        for name, parameter in inspect.signature(network).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    known = {field.name for field in fields(tenfold.Recipe)} | arguments
    known |= {field.name for field in fields(tenfold.Augmentation)}
    fixed = {"name", "summary", "published", "arguments", "augmentation", "seed"}
    assert set(VARIED) == known - fixed


def test_a_setting_is_the_recipe_that_train_makes_of_the_same_words():
    (values,) = combinations(parse({"hidden": "32+16", "loss": "sparse", "shift": "1"}), None, 0)
    assert customised(None, values) == customised(
        None, {"hidden": "32,16", "loss": "sparse", "shift": 1.0}
    )


def test_draws_of_a_grid_are_different_settings_in_its_order():
    axes = parse({"hidden": "8,16,32", "epochs": "1,2,3", "activation": "relu,gelu"})
    grid = list(combinations(axes, None, 0))
    assert len(grid) == count(axes, None) == 18
    drawn = list(combinations(axes, 7, 0))
    places = [grid.index(values) for values in drawn]
    assert places == sorted(set(places))
    assert len(places) == 7
    assert drawn == list(combinations(axes, 7, 0))
    assert drawn != list(combinations(axes, 7, 1))
    assert list(combinations(axes, 18, 3)) == grid


def test_a_grid_too_large_to_write_down_can_be_drawn_from():
    axes = {name: list(range(1000)) for name in ("epochs", "batch_size", "shift", "shear", "scale")}
    assert len(list(combinations(axes, 5, 0))) == 5


@given(st.integers(0, 1000))
def test_draws_of_ranges_are_inside_and_different(seed):
    axes = parse({"learning_rate": "1e-4..1e-2", "hidden": "4..64", "activation": "relu,gelu"})
    drawn = list(combinations(axes, 20, seed))
    assert len({repr(values) for values in drawn}) == 20
    for values in drawn:
        assert 1e-4 <= values["learning_rate"] <= 1e-2
        assert 4 <= values["hidden"][0] <= 64


def test_ranges_are_uniform_in_the_logarithm():
    generator = np.random.default_rng(0)
    logs = [math.log10(LogUniform(1e-4, 1e-1).draw(generator)) for _ in range(4000)]
    counts, _ = np.histogram(logs, bins=3, range=(-4, -1))
    np.testing.assert_allclose(counts / 4000, 1 / 3, atol=0.03)


def test_names_tell_what_differs_and_are_folders():
    axes = parse({"hidden": "64,64+32", "epochs": "2"})
    assert name_of({"hidden": [64, 32], "epochs": 2}, axes) == "hidden=64+32"
    assert name_of({"epochs": 2}, parse({"epochs": "2"})) == "epochs=2"
    assert folder_of("loss=a/../b c=d", 4) == "loss=a_.._b,c=d-4"
    assert len(folder_of("x" * 500, 7)) < 140
    assert shlex.quote(folder_of("hidden=64+32 dropout=0.1", 1)) == "hidden=64+32,dropout=0.1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "vary: nothing to vary; give NAME=V1,V2, with NAME of hidden, activation"),
        ("--vary hidden", "give a name and values, as in hidden=64,128"),
        ("--vary hidden=", "hidden: no values"),
        ("--vary hidden=,", "hidden: no values"),
        ("--vary hidden=8,,9", "hidden: '' cannot be read"),
        ("--vary hidden=8 --vary hidden=9", "hidden: given twice"),
        ("--vary hidden=8,9,8", "hidden: 8 is given twice"),
        ("--vary hidden=8,many", "hidden: 'many' cannot be read; give whole numbers"),
        ("--vary hiden=8", "'hiden' is unknown; did you mean 'hidden'? there are hidden,"),
        ("--vary batch-norm=true", "did you mean 'batch_norm'?"),
        ("--vary seed=1,2", "seed: not varied"),
        ("--vary batch_norm=yes", "batch_norm: 'yes' cannot be read; give true or false"),
        (
            "--vary learning_rate=fast",
            "learning_rate: 'fast' cannot be read; give a number",
        ),
        (
            "--vary learning_rate=nan",
            "learning_rate: nan; give a number above 0",
        ),
        ("--vary learning_rate=1e-4..1e-2", "is a range; give draws"),
        ("--vary learning_rate=0..1 --draws 2", "give a range from above 0"),
        ("--vary learning_rate=1..0.1 --draws 2", "give a range from above 0"),
        ("--vary learning_rate=..1 --draws 2", "learning_rate: '' cannot be read"),
        ("--vary epochs=1,2 --draws 3", "draws: 3 of a grid of 2 settings"),
        ("--vary epochs=1,2 --draws 0", "draws: 0; give a whole number"),
        ("--vary epochs=1..3 --draws 9", "the ranges hold fewer than 9"),
        ("--vary epochs=1,2 --seeds 0", "seeds: 0; give a whole number"),
        ("--vary epochs=1,0", "setting epochs=0: epochs: 0; give a whole number from 1"),
        ("--vary activation=relu,rleu", "setting activation=rleu: activation: 'rleu' is unknown"),
        ("--vary optimizer=adam,adma", "setting optimizer=adma: optimizer: 'adma' is unknown"),
        ("conv --vary filters=8+8+8+8,9", "filters=9: kernels: 4 values for 1 layer; give one"),
        ("conv --vary padding=same,full", "setting padding=full: padding: 'full' is unknown"),
        ("logistic --vary filters=8", "setting filters=8: filters: not an argument of dense"),
        ("--vary shift=1,99", "setting shift=99: augmentation shift: 99"),
        ("dropout --vary hidden=8+8,8", "setting hidden=8+8: activation: 3 values for 2 layers"),
        ("dens-512 --vary hidden=8", "did you mean 'dense-512'"),
        ("--resume nowhere", "not a study (no study.json)"),
        ("--resume nowhere --vary hidden=8", "--resume takes everything from the study"),
    ],
)
def test_what_cannot_be_studied_is_refused_before_anything_is_trained(
    few_file, tmp_path, monkeypatch, tenfold_main, options, words
):
    monkeypatch.chdir(tmp_path)
    data = [] if "--resume" in options else ["--data", few_file]
    code, out, error = tenfold_main("study", *shlex.split(options), *data)
    assert (code, out) == (2, "")
    assert error.startswith("tenfold: ")
    assert error.count("\n") == 1, error
    assert words in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"vary": {}}, "vary: nothing to vary"),
        ({"vary": ["hidden"]}, "vary: nothing to vary"),
        ({"vary": {"hidden": 8}}, "hidden: got int; give a list"),
        ({"vary": {3: [8]}}, "vary: 3 is unknown"),
        ({"recipe": 3}, "recipe: got int"),
        ({"seeds": 1.5}, "seeds: 1.5"),
        ({"draws": 1.5}, "draws: 1.5"),
    ],
)
def test_arguments_of_another_kind_are_refused(few, tmp_path, arguments, words):
    given = {"recipe": "logistic", "vary": {"epochs": [1]}, "data": few, **arguments}
    with pytest.raises(InputError, match=re.escape(words)):
        study(**given, out=tmp_path / "study")
    assert list(tmp_path.iterdir()) == []


def test_an_explosion_is_told_with_its_time_and_wants_a_yes(few_file, tmp_path, tenfold_main):
    how = ["--vary", "epochs=1,2,3", "--vary", "hidden=8..400", "--draws", "51", "--seeds", "2"]
    code, _, error = tenfold_main("study", *how, "--data", few_file, "--out", tmp_path / "study")
    assert code == 2
    assert re.search(r"51 settings x 2 seeds are 102 networks, about [\d.]+ \w+ if all", error)
    assert "give --yes" in error
    assert list(tmp_path.iterdir()) == []


def test_an_explosion_that_is_confirmed_is_trained(few, tmp_path, monkeypatch):
    monkeypatch.setattr("tenfold.experiments.studies.preflight.MOST_NETWORKS", 1)
    vary = {"learning_rate": [0.01, 0.1], "epochs": [1]}
    with pytest.raises(InputError, match="2 settings x 1 seeds are 2 networks"):
        study("logistic", vary, few, seeds=1, out=tmp_path / "a", verbose=False)
    found = study("logistic", vary, few, seeds=1, out=tmp_path / "a", confirmed=True, verbose=False)
    assert found.table["status"].tolist() == ["finished"] * 2


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


# What comes of it


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


def test_the_command_prints_the_table_the_best_and_the_caveat(few_file, tmp_path, tenfold_main):
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
    found = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert found["best"] == "learning_rate=0.02"
    assert found["settings"][0]["learning_rate"] == 0.02
    assert found["test"]["n"] == 310
    assert error == "2 of 2 settings are trained already\n"


def test_data_without_a_test_split_are_not_opened(few, tmp_path, capsys):
    from tenfold.cli.study_text import describe_study

    bare = tenfold.Splits("bare", few.train, few.validation, None, "here", 0)
    found = study("logistic", {"epochs": [1]}, bare, seeds=1, out=tmp_path / "a", verbose=False)
    assert found.test is None
    assert found.to_json()["test"] is None
    assert "test   not opened: these data have no test split" in describe_study(found)
    assert found.table["sd"].isna().all()
    assert found.table["low"][0] < found.table["accuracy"][0] < found.table["high"][0]
    assert capsys.readouterr().err == ""


# Several runs in one program


def test_settings_that_differ_in_their_states_alone_share_a_program(made):
    names = [[setting.name.split()[0] for setting in group] for group in made.plan.groups()]
    assert names == [["hidden=8"] * 2, ["hidden=8+8"] * 2]


def test_scheduled_rates_and_many_networks_have_programs_of_their_own(made):
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
    found = study(recipe, vary, few, seeds=2, out=tmp_path / "study", verbose=False)
    for setting in found.plan.settings:
        out = tmp_path / setting.folder
        alone = tenfold.train(setting.recipe, few, seeds=2, out=out, verbose=False)
        assert_equal_to_float_error(tenfold.Run(found.path / setting.folder), alone)


def test_a_diverged_setting_is_told_and_harms_no_other(few, tmp_path, capsys):
    recipe = SMALL.replace(arguments={"hidden": [8], "activation": "exponential"})
    vary = {"learning_rate": [0.01, 900.0]}
    found = study(recipe, vary, few, seeds=1, out=tmp_path / "study")
    assert "setting 2/2 learning_rate=900: diverged" in capsys.readouterr().err
    assert found.table["status"].tolist() == ["finished", "diverged"]
    assert found.table["accuracy"].isna().tolist() == [False, True]
    recipe = found.plan.settings[0].recipe
    alone = tenfold.train(recipe, few, out=tmp_path / "alone", verbose=False)
    assert_equal_to_float_error(found.best, alone)


def test_where_all_diverge_there_is_no_best(few_file, tmp_path, tenfold_main):
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

# Dies by -9 once a first run has kept an epoch, and the next, of the same program, has not.
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


def test_killed_it_goes_on_and_ends_with_the_same_bits(few_file, tmp_path, tenfold_main):
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


def test_killed_before_its_runs_are_begun_it_begins_them(few, made, tmp_path):
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


def test_ctrl_c_names_the_command_and_what_is_trained_is_kept(few, tmp_path, monkeypatch):
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


def test_a_study_in_memory_wants_its_data_and_no_other(made, few):
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
    def trained(study, splits, verbose):
        raise InputError(f"{len(study.plan.settings)} settings would be trained")

    monkeypatch.setattr("tenfold.experiments.studies.search._train_all", trained)
    program, *arguments = shlex.split(command)
    assert program == "tenfold"
    code, _, error = tenfold_main(*arguments, "--data", few_file, "--out", tmp_path / "study")
    assert code == 2
    assert re.fullmatch(r"tenfold: \d+ settings would be trained\n", error), error
