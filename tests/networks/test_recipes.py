"""Recipes: every entry passes the same checks, and each survives JSON."""

import json

import pytest

from tenfold import Augmentation, InputError, Recipe
from tenfold.networks.recipes import RECIPES, customize, recipe

# Loss, optimizer and batch size in the tutorials.
TUTORIALS = {
    "logistic": ("categorical_crossentropy", "adam", 32),
    "dense-47": ("categorical_crossentropy", "adam", 32),
    "dropout": ("categorical_crossentropy", "adam", None),
    "dense-512": ("categorical_crossentropy", "rmsprop", 128),
    "dense-256": ("sparse_categorical_crossentropy", "rmsprop", 128),
    "sigmoid-64": ("categorical_crossentropy", "adam", 128),
}


@pytest.mark.parametrize("name", RECIPES)
def test_an_entry_survives_json_and_explains_itself(name):
    entry = RECIPES[name]
    assert entry.name == name
    assert Recipe.from_json(json.loads(json.dumps(entry.to_json()))) == entry
    assert entry.summary
    assert entry.summary == entry.summary.strip(". ")


def test_the_tutorials_recipes_have_their_published_settings():
    assert {n for n, entry in RECIPES.items() if entry.published} == set(TUTORIALS)
    for name, (loss, optimizer, batch_size) in TUTORIALS.items():
        entry = recipe(name)
        assert (entry.loss, entry.optimizer) == (loss, optimizer)
        assert batch_size in (None, entry.batch_size)
        assert (entry.learning_rate, entry.schedule) == (None, "constant")
        assert not entry.augmentation


def test_published_figures_are_those_of_the_tutorials():
    figures = {n: (RECIPES[n].published.train, RECIPES[n].published.test) for n in TUTORIALS}
    assert figures["dropout"] == (0.8814, 0.8787)
    assert figures["dense-512"] == (0.989, 0.9808)
    assert figures["sigmoid-64"] == (0.9872, 0.9723)
    assert figures["logistic"] == figures["dense-47"] == figures["dense-256"] == (None, None)


def test_options_make_a_dense_recipe_or_change_a_named_one():
    made = customize(None, {"hidden": "512,256", "activation": "gelu", "loss": "sparse"})
    assert (made.name, made.network) == ("dense", "dense")
    assert made.arguments == {"hidden": [512, 256], "activation": "gelu"}
    assert made.loss == "sparse_categorical_crossentropy"
    changed = customize("sigmoid-64", {"epochs": 3, "rotation": 10.0, "dropout": "0.1"})
    assert changed.arguments == {"hidden": [64], "activation": "sigmoid", "dropout": 0.1}
    assert changed.augmentation == Augmentation(rotation=10)
    thicker = customize("quick", {"thickness": 1.0, "clutter": 0.2}).augmentation
    assert thicker == Augmentation(shift=1, thickness=1, clutter=0.2)
    assert changed.epochs == 3
    assert RECIPES["sigmoid-64"].epochs == 20
    assert customize(None, {"epochs": 2}).name == "quick"
    assert customize(None, {"loss": "one-hot"}).loss == "categorical_crossentropy"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 0}, "epochs: 0"),
        ({"epochs": 2.5}, "epochs: 2.5"),
        ({"batch_size": 0}, "batch_size: 0"),
        ({"seed": -1}, "seed: -1"),
        ({"learning_rate": 0}, "learning_rate: 0"),
        ({"learning_rate": float("nan")}, "learning_rate: nan"),
        ({"weight_decay": -0.1}, "weight_decay: -0.1"),
        ({"schedule": "zigzag"}, "schedule: 'zigzag'"),
        ({"warmup": 1.0}, "warmup: 1.0"),
        ({"arguments": {"hidden": {1, 2}}}, "arguments: "),
        ({"optimizer": object()}, "optimizer: "),
    ],
)
def test_fields_out_of_range_are_refused(changes, words):
    with pytest.raises(InputError, match=words):
        recipe("logistic").replace(**changes)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "no name"),
        ({"name": "a", "colour": 1}, "colour"),
        ({"name": "a", "augmentation": {"colour": 1}}, "colour"),
        ({"name": "a", "published": {"rank": 1}}, "rank"),
    ],
)
def test_json_that_is_no_recipe_is_refused(data, words):
    with pytest.raises(InputError, match=words):
        Recipe.from_json(data)


def test_missing_augmentation_fields_of_older_files_are_zero():
    data = recipe("quick").to_json()
    data["augmentation"] = {"shift": 1, "rotation": 0, "scale": 0, "shear": 0, "elastic": 0}
    assert Recipe.from_json(data) == recipe("quick")


def test_an_unknown_recipe_suggests_the_nearest():
    with pytest.raises(InputError, match="did you mean 'dense-512'"):
        recipe("dens-512")


def test_usual_names_of_fields_are_taken():
    chosen = customize(None, {"lr": "0.1", "bs": 32, "wd": 0.2})
    assert (chosen.learning_rate, chosen.batch_size, chosen.weight_decay) == (0.1, 32, 0.2)
