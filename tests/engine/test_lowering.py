"""Faster arithmetic gives what JAX and Keras give, and is what is traced."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tenfold.core.backend import keras
from tenfold.engine import Muon
from tenfold.engine.cpu.flatten import flatten_elementwise
from tenfold.engine.cpu.lowering import with_lowering_rules

OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.01),
    "amsgrad": lambda: keras.optimizers.Adam(0.01, amsgrad=True),
    "adamw, clipped": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1, global_clipnorm=0.5),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01, momentum=0.9, centered=True),
    "momentum, averaged": lambda: keras.optimizers.SGD(0.01, momentum=0.9, use_ema=True),
    "adafactor": lambda: keras.optimizers.Adafactor(0.01),
    "accumulated": lambda: keras.optimizers.Adam(0.01, gradient_accumulation_steps=2),
    "scaled": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01)),
    "muon": lambda: Muon(0.01),
}


def primitives(jaxpr) -> list:
    """Names and output shapes of all that a jaxpr computes, inner ones too."""
    operations = []
    for equation in jaxpr.eqns:
        inner = equation.params.get("jaxpr")
        if inner is not None:
            operations += primitives(getattr(inner, "jaxpr", inner))
        else:
            operations += [(equation.primitive.name, var.aval.shape) for var in equation.outvars]
    return operations


@pytest.mark.parametrize("shape", [(1,), (32, 64), (3, 5, 7, 2)])
def test_random_bits_are_those_of_jax(shape):
    key = jax.random.key(7)
    draw = with_lowering_rules(lambda key: jax.random.bits(key, shape))
    assert "random_bits" not in {name for name, _ in primitives(jax.make_jaxpr(draw)(key).jaxpr)}
    np.testing.assert_array_equal(jax.jit(draw)(key), jax.random.bits(key, shape))


def test_random_bits_of_many_networks_are_those_of_jax():
    keys = jax.random.split(jax.random.key(1), 4)
    ours = jax.vmap(with_lowering_rules(lambda key: jax.random.normal(key, (5, 9))))(keys)
    theirs = jax.vmap(lambda key: jax.random.normal(key, (5, 9)))(keys)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: jax.random.bits(jax.random.key(0), (8,), np.uint16),
        lambda: jax.random.bits(jax.random.key(0, impl="rbg"), (8,)),
    ],
    ids=["16 bits", "another generator"],
)
def test_other_bits_are_left_to_jax(draw):
    np.testing.assert_array_equal(with_lowering_rules(draw)(), draw())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_updates_by_element_are_those_of_keras(name):
    inputs = keras.Input((12,))
    outputs = keras.layers.Dense(4)(keras.layers.BatchNormalization()(inputs))
    model = keras.Model(inputs, outputs)
    optimizer = OPTIMIZERS[name]()
    optimizer.build(model.trainable_variables)
    draw = np.random.default_rng(0)
    weights = [
        jnp.asarray(draw.normal(size=v.shape), jnp.float32) for v in model.trainable_variables
    ]
    gradients = [jnp.asarray(draw.normal(size=w.shape), jnp.float32) for w in weights]
    theirs = ours = ([v.value for v in optimizer.variables], weights)
    for _ in range(3):
        theirs = optimizer.stateless_apply(theirs[0], gradients, theirs[1])[::-1]
        ours = jax.jit(flatten_elementwise(optimizer.stateless_apply))(ours[0], gradients, ours[1])[
            ::-1
        ]
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_adam_computes_on_arrays_of_one_axis():
    optimizer = keras.optimizers.Adam()
    weights = jnp.ones((784, 10))
    optimizer.build([keras.Variable(weights)])
    held = [v.value for v in optimizer.variables]
    traced = jax.make_jaxpr(flatten_elementwise(optimizer.stateless_apply))(
        held, [weights], [weights]
    )
    shapes = {shape for name, shape in primitives(traced.jaxpr) if name != "reshape"}
    assert (7840,) in shapes
    assert not any(len(shape) > 1 for shape in shapes)
