"""One run that is being trained: what is written to its folder after each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tenfold import engine
from tenfold.core.backend import keras, unusual_configuration
from tenfold.core.errors import InputError
from tenfold.runs.record import Record
from tenfold.training import checkpoint as checkpoints
from tenfold.training.checkpoint import Checkpoint
from tenfold.training.failures import explain_write_error
from tenfold.training.history import write_history
from tenfold.training.run_folder import remove_temporary_files
from tenfold.training.tensorboard import EventFiles


class TrainingJob:
    """A run that is being trained.

    Args:
        folder: of the run.
        record: of the run.
        model: the network, built and compiled, into which trained weights are written.
        checkpoint: the finished epochs.

    Attributes:
        events: its TensorBoard event files.
    """

    def __init__(
        self, folder: Path, record: Record, model: keras.Model, checkpoint: Checkpoint
    ) -> None:
        self.folder, self.record, self.model = folder, record, model
        self.checkpoint = checkpoint
        remove_temporary_files(folder)
        self._record_divergence()
        if not self.diverged:
            with explain_write_error(folder):
                self.events = EventFiles(folder, model, record.seeds, checkpoint.history)

    @property
    def diverged(self) -> bool:
        """Whether the loss of a network is NaN or infinite, which ends the training."""
        return self.checkpoint.divergence() is not None

    @property
    def is_unfinished(self) -> bool:
        """Whether there are epochs left to train."""
        return not self.diverged and self.checkpoint.epochs < self.record.recipe.epochs

    def add_epoch(
        self, epoch: int, state: engine.State, logs: Mapping[str, np.ndarray], seconds: float
    ) -> None:
        """Write checkpoint, history and TensorBoard events of an epoch.

        Args:
            epoch: counted from 1.
            state: of the run's networks after the epoch.
            logs: loss and metrics by name, float ``[seeds]``.
            seconds: that the epoch took.
        """
        rows: list[dict[str, Any]] = [
            {"epoch": epoch, "seed": seed, **{name: float(v[i]) for name, v in logs.items()}}
            for i, seed in enumerate(self.record.seeds)
        ]
        done = self.checkpoint
        self.checkpoint = Checkpoint(epoch, state, done.history + rows, done.seconds + seconds)
        with explain_write_error(self.folder):
            self.events.add_epoch(rows, state)
            checkpoints.save(self.folder, self.checkpoint)
            write_history(self.folder, self.checkpoint.history)
        self._record_divergence()

    def _record_divergence(self) -> None:
        if self.diverged:
            write_history(self.folder, self.checkpoint.history)
            diverged = self.record.replace(status="diverged", seconds=self.checkpoint.seconds)
            diverged.save(self.folder)

    def write_network(self, index: int) -> keras.Model:
        """Write the weights of one of the networks into the model, and return it."""
        state = self.checkpoint.state
        several = len(self.record.seeds) > 1
        engine.write_state(self.model, engine.unstack_state(state, index) if several else state)
        return self.model

    def raise_if_diverged(self) -> None:
        """Report a divergence and what to do.

        Raises:
            InputError: the training diverged.
        """
        divergence = self.checkpoint.divergence()
        if divergence is None:
            return
        epoch, seeds = divergence
        rate = self.record.recipe.learning_rate
        at_rate = (
            "the optimizer's default learning rate" if rate is None else f"learning rate {rate:g}"
        )
        total = len(self.record.seeds)
        share = f" for {len(seeds)} of {total} seeds" if total > 1 else ""
        raise InputError(
            f"{self.folder}: the loss became NaN or infinite in epoch {epoch}{share}, at "
            f"{at_rate}; {unusual_configuration() or _REMEDY} (history.csv is saved)"
        )


_REMEDY = "train again with a lower --learning-rate, or a loss that fits the network"
