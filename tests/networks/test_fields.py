"""Fields of a recipe: each declaration is complete, and text, checks and options follow from it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold import Augmentation, InputError, Recipe
from tenfold.networks import NETWORKS, is_python_file
from tenfold.networks.fields import Field, Interval, Layers, declared, to_text
from tenfold.networks.recipes import FIELDS, RECIPES, customize
from tenfold.networks.recipes.options import to_options


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_declared_in_full_and_allows_its_default(name):
    field = FIELDS[name]
    assert field.name == name
    assert field.kind in (int, float, bool, str)
    assert field.help.endswith(".")
    assert len(field.help) <= 70
    field.check(field.default)
    if field.default is not None:
        value = list(field.default) if field.layers is Layers.REQUIRED else field.default
        assert field.parse(to_text(value)) == value


@pytest.mark.parametrize("owner", [*NETWORKS.values(), Recipe, Augmentation])
def test_a_field_belongs_to_one_part_of_the_recipe(owner):
    others = [other for other in (Recipe, Augmentation) if other is not owner]
    assert declared(owner)
    for other in others:
        assert not set(declared(owner)) & set(declared(other))


@pytest.mark.parametrize("command", ["train", "study"])
def test_every_field_has_an_option_in_both_commands(command, tenfold_main):
    out = tenfold_main(command, "--help")[1]
    for field in FIELDS.values():
        assert re.search(rf"^  {field.option}[ ,]", out, re.M), field.name


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        (Interval(0, 1), [0, 0.5, 1], [-0.1, 1.1, float("nan")]),
        (Interval(0, 1, closed="left"), [0, 0.5], [-1e-9, 1, float("nan")]),
        (Interval(0, 1, closed="neither"), [0.5], [0, 1, float("nan")]),
        (Interval(1), [1, 10**12], [0, float("nan")]),
    ],
)
def test_an_interval_holds_its_numbers(interval, inside, outside):
    assert all(number in interval for number in inside)
    assert not any(number in interval for number in outside)


def field(kind, layers=Layers.NO, **more):
    return Field("A field.", name="field", kind=kind, layers=layers, **more)


@pytest.mark.parametrize(
    ("declaration", "text", "value"),
    [
        (field(int), " 7 ", 7),
        (field(float), "1e-3", 0.001),
        (field(bool), "False", False),
        (field(int, Layers.REQUIRED), "512+256", [512, 256]),
        (field(int, Layers.REQUIRED), "512,256", [512, 256]),
        (field(int, Layers.REQUIRED), "512", [512]),
        (field(int, Layers.REQUIRED), "none", []),
        (field(str, Layers.OPTIONAL), "relu", "relu"),
        (field(str, Layers.OPTIONAL), "relu+gelu", ["relu", "gelu"]),
    ],
)
def test_text_is_parsed(declaration, text, value):
    assert declaration.parse(text) == value


@pytest.mark.parametrize(
    ("declaration", "text", "expected"),
    [
        (field(int), "1.5", "a whole number"),
        (field(bool), "yes", "true or false"),
        (field(float), "", "a number"),
        (field(int, Layers.REQUIRED), "8++8", "whole numbers, layers joined by + as in 128+64"),
    ],
)
def test_text_that_is_no_value_is_refused(declaration, text, expected):
    with pytest.raises(
        InputError, match=re.escape(f"field: {text!r} cannot be read; give {expected}")
    ):
        declaration.parse(text)


@pytest.mark.parametrize(
    ("declaration", "value", "message"),
    [
        (field(int, default=1), 1.5, "field: 1.5; give a whole number"),
        (field(int, default=1), "3", "field: '3'; give a whole number"),
        (field(bool, default=True), 1, "field: 1; give true or false"),
        (field(str, choices=("a", "b", "c")), "d", "field: 'd' is unknown; give a, b or c"),
        (field(int, Layers.REQUIRED, default=()), 3, "field: 3; give whole numbers"),
        (
            field(float, interval=Interval(0, 1)),
            [0.5],
            r"field: \[0.5\]; give a number from 0 to 1",
        ),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(declaration, value, message):
    with pytest.raises(InputError, match=message):
        declaration.check(value)


def test_one_value_stands_for_every_layer_and_a_list_has_one_each():
    kernels = field(int, Layers.OPTIONAL)
    assert kernels.per_layer(3, 2) == [3, 3]
    assert kernels.per_layer([3, 5], 2) == [3, 5]
    with pytest.raises(InputError, match="field: 3 values for 1 layer; give one, or one for each"):
        kernels.per_layer([3, 5, 7], 1)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kernels": "5+3", "strides": 2, "pooling": "1,1", "padding": "same", "filters": "8+8"},
        {"batch_norm": False, "dropout": 0.25},
        {"optimizer": "sgd", "learning_rate": 0.01, "schedule": "cosine", "loss": "sparse"},
        {"seed": 3, "batch_size": 64, "rotation": 12.5, "flip": 1.0},
    ],
)
def test_the_options_of_a_recipe_give_the_recipe(changes, monkeypatch, tenfold_main):
    recipe = customize("quick", changes)
    trained = []
    monkeypatch.setattr("tenfold.training.train", lambda recipe, *_, **__: trained.append(recipe))
    monkeypatch.setattr("tenfold.cli.run_text.describe_run", str)
    code, _, error = tenfold_main("train", *to_options(recipe))
    assert code == 0, error
    assert trained == [recipe]


def test_a_recipe_beyond_the_options_has_none():
    assert to_options(RECIPES["quick"].replace(arguments={"filters": [8]})) is None
    assert to_options(RECIPES["quick"].replace(optimizer={"class_name": "Adam"})) is None
    layers = {**RECIPES["quick"].arguments, "batch_norm": [True, False]}
    assert to_options(RECIPES["quick"].replace(arguments=layers)) is None


@given(st.sampled_from(["net", "a/b/net", "C:/net"]), st.sampled_from(["", ":build", ":my_net"]))
def test_a_python_file_is_recognized_by_its_suffix(path, function):
    assert is_python_file(f"{path}.py{function}")
    assert not is_python_file(f"{path}{function}")
