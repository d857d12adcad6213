"""The state of a training as arrays, read from models and written to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from tenfold.core.backend import keras


@dataclass(frozen=True)
class State:
    """All variables of a training, as lists of arrays with a leading axis if networks are several.

    Attributes:
        trainable: weights.
        non_trainable: moving averages and states of random generators.
        optimizer: variables of the optimizer.
        metrics: running sums of the epoch.
    """

    trainable: list[jax.Array]
    non_trainable: list[jax.Array]
    optimizer: list[jax.Array]
    metrics: list[jax.Array]


jax.tree_util.register_dataclass(State, ["trainable", "non_trainable", "optimizer", "metrics"], [])


def _variables(model: keras.Model) -> State:
    return State(
        list(model.trainable_variables),
        list(model.non_trainable_variables),
        list(model.optimizer.variables),
        list(model.metrics_variables),
    )


def read_state(model: keras.Model) -> State:
    """Copy the variables of a built and compiled model."""
    state: State = copied(jax.tree.map(lambda variable: variable.value, _variables(model)))
    return state


@jax.jit
def copied(arrays: Any) -> Any:
    """Copy all arrays in one program; one program per array would be slower."""
    return jax.tree.map(jnp.copy, arrays)


def write_state(model: keras.Model, state: State) -> None:
    """Assign a state to the variables of a model."""
    jax.tree.map(lambda variable, value: variable.assign(value), _variables(model), state)


def stack_states(states: Sequence[State]) -> State:
    """Stack the states of networks of one architecture along a new first axis."""
    state: State = jax.tree.map(lambda *values: jnp.stack(values), *states)
    return state


def initial_state(models: Sequence[keras.Model]) -> State:
    """Copy the variables of built and compiled models, stacked along a first axis if several."""
    states = [read_state(model) for model in models]
    return states[0] if len(states) == 1 else stack_states(states)


def unstack_state(state: State, network: int) -> State:
    """The state of one network out of several."""
    one: State = jax.tree.map(lambda values: values[network], state)
    return one
