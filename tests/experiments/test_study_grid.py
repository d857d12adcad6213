"""What a study varies: values read from text, grids and random draws."""

import inspect
import math
import shlex
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tenfold
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
from tenfold.networks.recipes import customize


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
    fixed |= {"input_range", "multi_label"}  # of the network's file and of the data
    assert set(VARIED) == known - fixed


def test_a_setting_is_the_recipe_that_train_makes_of_the_same_words():
    (values,) = combinations(parse({"hidden": "32+16", "loss": "sparse", "shift": "1"}), None, 0)
    assert customize(None, values) == customize(
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
