"""A run that is shown while it is trained: its first network, and what it predicts."""

from __future__ import annotations

import time

from tenfold import engine
from tenfold.core.backend import keras
from tenfold.data import Splits
from tenfold.networks.registry import seeded
from tenfold.runs import live
from tenfold.training.failures import explain_write_error
from tenfold.training.job import TrainingJob

INTERVAL = 1.0
"""Seconds between two model files during an epoch."""


class LiveNetwork:
    """Stores the first network of a run while it is trained, and its predictions on validation.

    Args:
        job: the run.
        splits: its images; without validation images, no predictions are stored.
    """

    def __init__(self, job: TrainingJob, splits: Splits) -> None:
        self._job, self._splits = job, splits
        self._predict: engine.Probabilities | None = None
        self._network: keras.Model | None = None
        self._can_export, self._written = True, time.monotonic()

    def on_steps(self, state: engine.State) -> None:
        """Store the network about once a second.

        Args:
            state: of the run's networks.
        """
        if self._can_export and time.monotonic() - self._written >= INTERVAL:
            self._export(state)

    def after_epoch(self) -> None:
        """Store the network and its predictions after the latest epoch."""
        if self._job.diverged:
            return
        if self._can_export:
            self._export(self._job.checkpoint.state)
        validation = self._splits.validation
        if validation is None:
            return
        model = self._job.write_network(0)
        if self._predict is None:
            pixels = self._job.record.recipe.input_range
            self._predict = engine.Probabilities(model, validation.image_shape, pixels)
        probabilities = self._predict(model, validation.images)
        with explain_write_error(self._job.folder):
            live.save(self._job.folder, probabilities, validation)

    def _export(self, state: engine.State) -> None:
        job = self._job
        try:
            if self._network is None:  # the job's model is in use during an epoch
                with seeded(0):
                    self._network = keras.models.clone_model(job.model)
            first = engine.unstack_state(state, 0) if len(job.record.seeds) > 1 else state
            for variables, values in (
                (self._network.trainable_variables, first.trainable),
                (self._network.non_trainable_variables, first.non_trainable),
            ):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)
            live.save_model(job.folder, self._network, job.record, self._splits.train)
        except Exception:  # networks of users: the training goes on, and answers when it is done
            self._can_export = False
        self._written = time.monotonic()
