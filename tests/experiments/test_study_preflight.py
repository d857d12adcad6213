"""What a study refuses before anything is trained, and the confirmation of many networks."""

import re
import shlex

import pytest

from tenfold import InputError
from tenfold.experiments.studies import Study, study


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "vary: nothing to vary; give NAME=V1,V2, as in hidden=64,128; tenfold study --help"),
        ("--vary hidden", "give a name and values, as in hidden=64,128"),
        ("--vary hidden=", "hidden: no values"),
        ("--vary hidden=,", "hidden: no values"),
        ("--vary hidden=8,,9", "hidden: '' cannot be read"),
        ("--vary hidden=8 --vary hidden=9", "hidden: given twice"),
        ("--vary hidden=8,9,8", "hidden: 8 is given twice"),
        ("--vary hidden=8,many", "hidden: 'many' cannot be read; give whole numbers"),
        ("--vary hiden=8", "'hiden' is unknown; did you mean 'hidden'? tenfold study --help"),
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
        ("--epochs 2 --vary epochs=1,2", "epochs: given as an option and in --vary"),
        ("--epochs 0 --vary hidden=8", "epochs: 0; give a whole number from 1"),
        ("--resume nowhere --epochs 2", "--resume takes everything from the study"),
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


def test_many_networks_need_confirmation_and_have_an_estimated_time(
    few_file, tmp_path, tenfold_main
):
    how = ["--vary", "epochs=1,2,3", "--vary", "hidden=8..400", "--draws", "51", "--seeds", "2"]
    code, _, error = tenfold_main("study", *how, "--data", few_file, "--out", tmp_path / "study")
    assert code == 2
    assert re.search(r"51 settings x 2 seeds are 102 networks, about [\d.]+ \w+ if all", error)
    assert "give --yes" in error
    assert list(tmp_path.iterdir()) == []


def test_confirmed_networks_are_trained(few, tmp_path, monkeypatch):
    monkeypatch.setattr("tenfold.experiments.studies.preflight.MOST_NETWORKS", 1)
    vary = {"learning_rate": [0.01, 0.1], "epochs": [1]}
    with pytest.raises(InputError, match="2 settings x 1 seeds are 2 networks"):
        study("logistic", vary, few, seeds=1, out=tmp_path / "a", verbose=False)
    result = study(
        "logistic", vary, few, seeds=1, out=tmp_path / "a", confirmed=True, verbose=False
    )
    assert result.table["status"].tolist() == ["finished"] * 2


@pytest.mark.parametrize(
    ("options", "arguments", "epochs"),
    [
        ("dense-47 --epochs 1 --vary batch_size=32,64", {"hidden": [47]}, 1),
        ("--hidden 8+4 --epochs 2 --vary batch_size=32,64", {"hidden": [8, 4]}, 2),
        ("--hidden 8,4 --epochs 2 --vary batch_size=32,64", {"hidden": [8, 4]}, 2),
        (
            "quick --kernels 3 --vary batch_size=32,64",
            {"filters": [8, 24], "kernels": 3, "pooling": 2, "batch_norm": True},
            2,
        ),
    ],
)
def test_options_change_the_recipe_that_is_varied(
    few_file, tmp_path, monkeypatch, tenfold_main, options, arguments, epochs
):
    monkeypatch.setattr("tenfold.experiments.studies.search.train_all", lambda study, *_: study)
    monkeypatch.setattr("tenfold.cli.study_text.describe_study", str)
    out = tmp_path / "study"
    code, _, error = tenfold_main("study", *options.split(), "--data", few_file, "--out", out)
    assert code == 0, error
    recipes = [setting.recipe for setting in Study(out).plan.settings]
    assert [recipe.batch_size for recipe in recipes] == [32, 64]
    assert [recipe.arguments for recipe in recipes] == [arguments] * 2
    assert [recipe.epochs for recipe in recipes] == [epochs] * 2
