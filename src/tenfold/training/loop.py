"""The training loop: epochs of one program, for one run or for several at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import Thread

import jax
import jax.numpy as jnp
import numpy as np

from tenfold import engine
from tenfold.data import Splits
from tenfold.training.finish import import_ahead
from tenfold.training.job import TrainingJob
from tenfold.training.live_network import LiveNetwork
from tenfold.training.progress import Progress, show_progress

Logs = Mapping[str, np.ndarray]


def run_epochs(
    jobs: Sequence[TrainingJob],
    program: engine.Program,
    splits: Splits,
    verbose: bool,
    live: bool = False,
    targets: np.ndarray | None = None,
    after_epoch: Callable[[TrainingJob], None] | None = None,
) -> None:
    """Train until each run has all its epochs or has diverged.

    The program has the networks of all runs, the same number for each run. A run that is ahead of
    the others, as after a kill, or that diverged stays in the program so that the others are
    trained to the same bits; its results of these epochs are discarded.

    Args:
        jobs: runs whose recipes differ only in what the states hold.
        program: trains all their networks at once.
        splits: training and validation images.
        verbose: show progress on stderr.
        live: store the first run's first network while it is trained, and its predictions on
            validation after each epoch.
        targets: labels of the training images with the soft targets of a teacher.
        after_epoch: called with each run after each of its epochs.
    """
    weights = engine.recipe_weights(jobs[0].record.recipe, splits.train)
    data = engine.DeviceData(splits.train, weights, targets)
    validation = None if splits.validation is None else engine.DeviceData(splits.validation)
    shown = LiveNetwork(jobs[0], splits) if live else None
    imports = Thread(target=import_ahead)
    steps = -(-len(data) // program.batch_size)
    with show_progress(jobs[0].record.recipe.epochs, verbose, steps) as display:
        while unfinished := [job for job in jobs if job.is_unfinished]:
            began, epoch = time.perf_counter(), min(j.checkpoint.epochs for j in unfinished) + 1
            current = [
                i
                for i, job in enumerate(jobs)
                if job.is_unfinished and job.checkpoint.epochs == epoch - 1
            ]
            state, logs = engine.run_epoch(
                program,
                _join_states([job.checkpoint.state for job in jobs], program),
                data,
                epoch - 1,
                [seed for job in jobs for seed in job.record.seeds],
                validation=validation,
                on_steps=partial(
                    _on_steps, display, shown, imports, epoch, len(data), len(jobs), current
                ),
            )
            seconds = time.perf_counter() - began
            states = _split_state(state, jobs)
            for i in current:
                job_logs = _logs_of([i], len(jobs), logs)
                jobs[i].add_epoch(epoch, states[i], job_logs, seconds / len(current))
                if after_epoch is not None and not jobs[i].diverged:
                    after_epoch(jobs[i])
            if shown is not None:
                shown.after_epoch()
            display.epoch(epoch, _logs_of(current, len(jobs), logs), seconds)


def _on_steps(
    display: Progress,
    shown: LiveNetwork | None,
    imports: Thread,
    epoch: int,
    images: int,
    jobs: int,
    current: Sequence[int],
    state: engine.State,
    seen: int,
    logs: Logs,
) -> None:
    if imports.ident is None:  # Not earlier: imports would delay the tracing of the program.
        imports.start()
    if shown is not None:
        shown.on_steps(state)
    display.update(epoch, seen / images, _logs_of(current, jobs, logs))


def _logs_of(indices: Sequence[int], jobs: int, logs: Logs) -> dict[str, np.ndarray]:
    """The logs ``[networks]`` of some of the runs."""
    return {
        name: np.reshape(values, (jobs, -1))[list(indices)].ravel() for name, values in logs.items()
    }


def _join_states(states: Sequence[engine.State], program: engine.Program) -> engine.State:
    """The state of the program from the states of the runs, of one or several networks each."""
    if len(states) == 1:
        return states[0]
    single = len(states) == program.networks

    def join(*values: jax.Array) -> jax.Array:
        return jnp.stack(values) if single else jnp.concatenate(values)

    state: engine.State = jax.tree.map(join, *states)
    return state


def _split_state(state: engine.State, jobs: Sequence[TrainingJob]) -> list[engine.State]:
    """The states of the runs from the state of the program."""
    runs, seeds = len(jobs), len(jobs[0].record.seeds)
    if runs == 1:
        return [state]
    if seeds == 1:
        return [engine.unstack_state(state, i) for i in range(runs)]
    slices = [slice(i * seeds, (i + 1) * seeds) for i in range(runs)]
    return [jax.tree.map(lambda values, part=part: values[part], state) for part in slices]
