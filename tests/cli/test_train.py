"""The commands train, summary, recipes and reproduce."""

import json
import re

import tenfold
from tenfold.networks.recipes import RECIPES

SMALL = ["--hidden", "8", "--epochs", "2"]


def test_train_prints_scores_with_intervals_and_the_next_command(few_file, tenfold_main, folder):
    code, out, error = tenfold_main("train", *SMALL, "--data", few_file)
    assert code == 0
    scores, run, following = out.splitlines()
    assert re.fullmatch(
        r"dense on few: [\d.]+ % \([\d.]+ to [\d.]+\) of 500 validation images", scores
    )
    (made,) = (folder / "runs").iterdir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}-dense", made.name)
    assert re.fullmatch(rf"run   runs/{made.name}  \(2 epochs in [\d.]+ s\)", run)
    assert following == f"next  tenfold evaluate runs/{made.name}"
    source, *epochs, result = (line.split()[:2] for line in error.splitlines())
    assert source == ["data:", str(few_file)]
    assert epochs == [["epoch", "1/2"], ["epoch", "2/2"]]
    assert result == ["result:", scores.split()[3]]
    assert tenfold_main(*following.split()[2:])[0] == 0


def test_the_options_of_train_reach_the_recipe(few_file, tenfold_main):
    options = (
        "--hidden 12,8 --activation gelu,tanh --dropout 0.2 --batch-norm --optimizer adamw "
        "--loss sparse --learning-rate 0.01 --schedule cosine --warmup 0.1 --weight-decay 0.02 "
        "--batch-size 40 --epochs 1 --shift 1 --rotation 5 --scale 0.1 --shear 0.1 --elastic 1 "
        "--thickness 0.5 --blur 0.4 --noise 0.02 --clutter 0.3 --flip 0.2 "
        "--seed 4 --seeds 2"
    )
    code, _, error = tenfold_main("train", *options.split(), "--data", few_file, "--out", "run")
    assert code == 0, error
    run = tenfold.Run("run")
    recipe = run.recipe
    assert recipe.arguments == {
        "hidden": [12, 8],
        "activation": ["gelu", "tanh"],
        "dropout": 0.2,
        "batch_norm": True,
    }
    assert (recipe.loss, recipe.optimizer) == ("sparse_categorical_crossentropy", "adamw")
    assert (recipe.learning_rate, recipe.schedule, recipe.warmup) == (0.01, "cosine", 0.1)
    assert (recipe.weight_decay, recipe.batch_size, recipe.epochs) == (0.02, 40, 1)
    assert recipe.augmentation == tenfold.Augmentation(1, 5, 0.1, 0.1, 1, 0.5, 0.4, 0.02, 0.3, 0.2)
    assert run.seeds == [4, 5]
    names = [type(layer).__name__ for layer in run.model.layers]
    assert names == ["Dense", "BatchNormalization", "Activation", "Dropout"] * 2 + ["Dense"]


def test_summary_shows_recipes_runs_and_files(run, tenfold_main, folder):
    assert "Total params: 407,050" in tenfold_main("summary", "dense-512")[1]
    assert "Total params: 12,730" in tenfold_main("summary", run.path)[1]
    (folder / "net.py").write_text(
        "import keras\n"
        "def build(): return keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])\n"
    )
    assert "Total params: 7,850" in tenfold_main("summary", "net.py:build")[1]


def test_recipes_are_listed_within_80_columns(tenfold_main):
    _, out, _ = tenfold_main("recipes")
    assert [name for name in RECIPES if not re.search(rf"^{name} ", out, re.M)] == []
    assert max(map(len, out.splitlines())) <= 80


def test_reproduce_prints_rows_and_verdicts(few_file, tenfold_main):
    code, out, _ = tenfold_main(
        "reproduce", "logistic", "dense-512", "--seeds", "2", "--out", "all", "--data", few_file
    )
    assert code == 0
    head, names, *rows, difference, total = out.splitlines()
    assert "published" in head
    assert "ours, 2 seeds" in head
    assert names.split()[-1] == "verdict"
    assert rows[0].split()[0] == "logistic"
    assert rows[0].split()[-1] == "unpublished"
    assert rows[1].split()[:2] == ["dense-512", "98.90"]
    assert rows[1].split()[-1] == "differs"
    assert re.search(r"dense-512: train -[\d.]+ points, test -[\d.]+ points", difference)
    assert total.startswith("2 recipes")
    assert max(map(len, out.splitlines())) <= 80


def test_reproduce_prints_json(few_file, tenfold_main):
    _, out, _ = tenfold_main(
        "reproduce", "logistic", "--seeds", "1", "--out", "all", "--data", few_file, "--json"
    )
    report = json.loads(out)
    (row,) = report["rows"]
    assert row["recipe"]["name"] == "logistic"
    assert row["verdict"] == "unpublished"
    assert row["test"]["n"] == 1
    assert report["versions"]["tenfold"] == tenfold.__version__


def test_the_options_of_convolutions_reach_the_recipe(few_file, tenfold_main):
    options = (
        "quick --filters 6+8 --kernels 5,3 --strides 2+1 --pooling 1 --padding same "
        "--no-batch-norm --epochs 1"
    )
    code, _, error = tenfold_main("train", *options.split(), "--data", few_file, "--out", "run")
    assert code == 0, error
    assert tenfold.Run("run").recipe.arguments == {
        "filters": [6, 8],
        "kernels": [5, 3],
        "strides": [2, 1],
        "pooling": 1,
        "padding": "same",
        "batch_norm": False,
    }


def test_gaussian_noise_is_an_option_of_dense_networks(few_file, tenfold_main):
    options = "--hidden 8+6 --gaussian-noise 0.2 --epochs 1"
    code, _, error = tenfold_main("train", *options.split(), "--data", few_file, "--out", "run")
    assert code == 0, error
    recipe = tenfold.Run("run").recipe
    assert (recipe.name, recipe.arguments) == ("dense", {"hidden": [8, 6], "gaussian_noise": 0.2})
