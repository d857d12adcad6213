"""The epoch driver: what every training does with a program, epoch after epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from tenfold.engine.device_data import DeviceData
from tenfold.engine.program import Logs, Program
from tenfold.engine.state import State

OnSteps = Callable[[State, int, Logs], State | bool | None]


def run_epoch(
    program: Program,
    state: State,
    data: DeviceData,
    epoch: int,
    seeds: Sequence[int],
    *,
    validation: DeviceData | None = None,
    shuffle: bool = True,
    indices: np.ndarray | None = None,
    on_steps: OnSteps = lambda state, images, logs: None,
    segment: int | None = None,
) -> tuple[State, Logs]:
    """Train one epoch, then evaluate on the validation images.

    ``fit``, ``train``, ``study``, ``audit`` and fine-tuning all train through this function.

    Args:
        program: the compiled steps.
        state: of the networks; its arrays are consumed.
        data: the training images.
        epoch: counted from 0. With a seed it decides the order of the images and their
            augmentation.
        seeds: one per network.
        validation: evaluated after the epoch. Its program is compiled in a thread meanwhile, so
            the model must be left alone until then.
        shuffle: draw a new order of the images.
        indices: int ``[networks, images]``, the training images of each network; None for all.
        on_steps: called a few times a second with the state, the number of images seen in this
            epoch and the running logs. It may return True to end the epoch early, or a state to
            go on with.
        segment: number of steps between two calls of ``on_steps``; None for a few a second.

    Returns:
        The state, and the logs: loss and metrics, ``[networks]`` or a number each. Those of
        the validation images begin with ``val_``.
    """
    logs: Logs = {}
    steps = program.train_epoch(state, data, epoch, seeds, shuffle, indices, validation, segment)
    answer: State | bool | None = None
    with suppress(StopIteration):
        while answer is not True:
            state, images, logs = steps.send(answer if isinstance(answer, State) else None)
            answer = on_steps(state, images, logs)
    if isinstance(answer, State):
        state = answer
    if validation is not None:
        evaluated = program.evaluate(state, validation)
        logs = logs | {f"val_{name}": value for name, value in evaluated.items()}
    return state, logs
