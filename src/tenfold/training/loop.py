"""The loop: epoch after epoch of one program, for one run or for several at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tenfold import engine
from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.data import Dataset, Splits
from tenfold.engine.inference import Probabilities
from tenfold.runs import live
from tenfold.runs.record import Record
from tenfold.training import checkpoint
from tenfold.training.checkpoint import Checkpoint
from tenfold.training.finish import finish, import_ahead, write_history, writing
from tenfold.training.progress import Silent, progress
from tenfold.training.run_folder import sweep
from tenfold.training.tensorboard import Events


class Training:
    """A run that is being trained.

    Args:
        folder: of the run.
        record: of the run.
        model: the network, built and compiled, which takes the trained weights.
        done: the epochs that are done.
    """

    def __init__(self, folder: Path, record: Record, model: keras.Model, done: Checkpoint) -> None:
        self.folder, self.record, self.model, self.done = folder, record, model, done
        sweep(folder)
        self._note_divergence()
        if not self.diverged:
            with writing(folder):
                self._events = Events(folder, model, record.seeds, done.history)

    @property
    def diverged(self) -> bool:
        """Whether the loss of a network is not finite: what is trained after it would be noise."""
        return self.done.diverged() is not None

    @property
    def goes_on(self) -> bool:
        """Whether there are epochs left."""
        return not self.diverged and self.done.epochs < self.record.recipe.epochs

    def add(
        self, epoch: int, state: engine.State, logs: dict[str, np.ndarray], seconds: float
    ) -> None:
        """Keep an epoch: its state, and its logs ``[seeds]``, as checkpoint, history and events."""
        rows = [
            {"epoch": epoch, "seed": seed, **{name: float(v[i]) for name, v in logs.items()}}
            for i, seed in enumerate(self.record.seeds)
        ]
        self.done = Checkpoint(epoch, state, self.done.history + rows, self.done.seconds + seconds)
        with writing(self.folder):
            self._events.add(rows, state)
            checkpoint.save(self.folder, self.done)
            write_history(self.folder, self.done.history)
        self._note_divergence()

    def _note_divergence(self) -> None:
        if self.diverged:
            write_history(self.folder, self.done.history)
            self.record.replace(status="diverged", seconds=self.done.seconds).save(self.folder)

    def end(self, validation: Dataset | None) -> None:
        """Write all that a finished run holds; a diverged one ends as it is."""
        if not self.diverged:
            finish(self.folder, self.record, validation, self.model, self.done, self._events)

    def refuse_divergence(self) -> None:
        """Say what went wrong, and what to do.

        Raises:
            InputError: the training diverged.
        """
        diverged = self.done.diverged()
        if diverged is None:
            return
        epoch, seeds = diverged
        rate, several = self.record.recipe.learning_rate, len(self.record.seeds) > 1
        at_rate = "the optimizer's own learning rate" if rate is None else f"learning rate {rate:g}"
        of = f" for {len(seeds)} of {len(self.record.seeds)} seeds" if several else ""
        raise InputError(
            f"{self.folder}: the loss became NaN or infinite in epoch {epoch}{of}, at {at_rate}; "
            "train again with a lower --learning-rate, or a loss that fits the network "
            "(history.csv is kept)"
        )


class Watcher:
    """Keeps what a run's first network answers on validation, for who looks at the run.

    Args:
        trained: the run.
        validation: its images; where there are none, nothing is kept.
    """

    def __init__(self, trained: Training, validation: Dataset | None) -> None:
        self._trained, self._validation = trained, validation
        self._answers: Probabilities | None = None

    def look(self) -> None:
        """Keep the answers after the epoch that is done."""
        if self._validation is None or self._trained.diverged:
            return
        model, several = self._trained.model, len(self._trained.record.seeds) > 1
        state = self._trained.done.state
        engine.write_state(model, engine.unstack_state(state, 0) if several else state)
        if self._answers is None:
            self._answers = Probabilities(model, self._validation.shape[1:])
        found = self._answers(model, self._validation.images)
        with writing(self._trained.folder):
            live.save(self._trained.folder, found, self._validation)


def go_on(
    trainings: Sequence[Training],
    program: engine.Program,
    splits: Splits,
    verbose: bool,
    watched: bool = False,
) -> None:
    """Train in one program until each run is finished or has diverged.

    The program has as many networks as all runs together, the same number for each run. A run
    that is ahead of the others, as after a kill, or that diverged, stays in the program so that
    the others keep their bits; what becomes of it there is not kept.

    Args:
        trainings: runs whose recipes differ in nothing but what the states hold.
        program: of all their networks.
        splits: what they are trained and validated on.
        verbose: show progress on stderr.
        watched: keep what the first run's first network answers on validation after each epoch.
    """
    watcher = Watcher(trainings[0], splits.validation) if watched else None
    with progress(trainings[0].record.recipe.epochs, verbose) as display:
        _epochs(trainings, program, splits, display, watcher)
    for one in trainings:
        one.end(splits.validation)


def _epochs(
    trainings: Sequence[Training],
    program: engine.Program,
    splits: Splits,
    display: Silent,
    watcher: Watcher | None,
) -> None:
    train_data = engine.DeviceData(splits.train)
    held_out = None if splits.validation is None else engine.DeviceData(splits.validation)
    seeds = trainings[0].record.seeds
    importing = Thread(target=import_ahead)
    while left := [i for i, one in enumerate(trainings) if one.goes_on]:
        began, epoch = time.perf_counter(), min(trainings[i].done.epochs for i in left) + 1
        taught = [i for i in left if trainings[i].done.epochs == epoch - 1]
        data = (train_data, held_out)
        state, logs = _epoch(trainings, taught, program, data, epoch, display, importing)
        seconds = time.perf_counter() - began
        parts = _apart(state, len(trainings), len(seeds))
        for i in taught:
            trainings[i].add(epoch, parts[i], _of([i], trainings, logs), seconds / len(taught))
        if watcher is not None:
            watcher.look()
        display.epoch(epoch, _of(taught, trainings, logs), seconds)


def _epoch(
    trainings: Sequence[Training],
    taught: Sequence[int],
    program: engine.Program,
    data: tuple[engine.DeviceData, engine.DeviceData | None],
    epoch: int,
    display: Silent,
    importing: Thread,
) -> tuple[engine.State, dict[str, Any]]:
    state = _together([one.done.state for one in trainings], program)
    seeds = [seed for one in trainings for seed in one.record.seeds]
    train_data, held_out = data

    def on_steps(_: engine.State, images: int, logs: dict[str, Any]) -> None:
        if importing.ident is None:  # now that nothing is traced, which would wait for it
            importing.start()
        display.update(epoch, images / len(train_data), _of(taught, trainings, logs))

    return engine.run_epoch(
        program, state, train_data, epoch - 1, seeds, validation=held_out, on_steps=on_steps
    )


def _of(
    runs: Sequence[int], trainings: Sequence[Training], logs: dict[str, Any]
) -> dict[str, np.ndarray]:
    """The logs ``[networks]`` of some of the runs."""
    return {
        name: np.reshape(values, (len(trainings), -1))[list(runs)].ravel()
        for name, values in logs.items()
    }


def _together(states: Sequence[engine.State], program: engine.Program) -> engine.State:
    """The states of runs, each of one network or of several, as that of the program."""
    if len(states) == 1:
        return states[0]
    single = len(states) == program.networks

    def join(*values: jax.Array) -> jax.Array:
        return jnp.stack(values) if single else jnp.concatenate(values)

    state: engine.State = jax.tree.map(join, *states)
    return state


def _apart(state: engine.State, runs: int, seeds: int) -> list[engine.State]:
    """The state of each run, out of that of the program."""
    if runs == 1:
        return [state]
    if seeds == 1:
        return [engine.unstack_state(state, i) for i in range(runs)]
    parts = [slice(i * seeds, (i + 1) * seeds) for i in range(runs)]
    return [jax.tree.map(lambda values, part=part: values[part], state) for part in parts]
