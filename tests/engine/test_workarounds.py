"""Workarounds of Keras and JAX: each test fails when its workaround no longer acts or is needed."""

from importlib.metadata import version

import jax
import numpy as np
import pytest

from tenfold.core.backend import CHECKED, keras
from tenfold.engine.steps import _faster_updates
from tenfold.engine.xla import parse_version


@pytest.fixture
def model():
    layers = [keras.Input((4,)), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("package", CHECKED)
def test_the_installed_version_is_one_that_was_measured(package):
    """For a newer one, run `benchmarks/{convolution,startup}.py`, then raise the bound."""
    bound = parse_version(CHECKED[package])
    assert parse_version(version(package))[: len(bound)] <= bound


def test_keras_calls_the_two_methods_that_are_replaced(model, monkeypatch):
    calls = []
    for owner, name in ((model, "compute_loss_and_updates"), (model.optimizer, "stateless_apply")):
        original = getattr(owner, name)

        def record(*args, original=original, name=name, **named):
            calls.append(name)
            return original(*args, **named)

        monkeypatch.setattr(owner, name, record)
    model.fit(np.zeros((2, 4), np.float32), np.zeros(2, int), verbose=0)
    assert set(calls) == {"compute_loss_and_updates", "stateless_apply"}


def test_the_methods_are_replaced_only_while_a_step_is_traced(model):
    methods = model.compute_loss_and_updates, model.optimizer.stateless_apply
    with _faster_updates(model):
        assert model.optimizer.stateless_apply != methods[1]
        assert (model.compute_loss_and_updates != methods[0]) == (jax.default_backend() == "cpu")
    assert (model.compute_loss_and_updates, model.optimizer.stateless_apply) == methods


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the rule is for CPUs")
def test_jax_draws_random_bits_in_a_loop():
    """Without a loop the lowering rule of ``random_bits`` gains nothing."""
    program = jax.jit(lambda key: jax.random.bits(key, (128,))).lower(jax.random.key(0))
    assert "while" in program.as_text()
