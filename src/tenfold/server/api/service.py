"""The state of the service that all endpoints share."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.data.samples import Samples
from tenfold.runs import live
from tenfold.server.api.reading_pool import ReadingPool
from tenfold.server.api.run_view import RunView
from tenfold.server.api.served_model import Choice, ServedModel
from tenfold.server.api.training_data import TrainingData
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.job_queue import JobQueue
from tenfold.server.http.metrics import Metrics
from tenfold.server.settings import TRAINING_FOLDER, Settings
from tenfold.server.target import Target, resolve_target
from tenfold.server.web.pages import Pages
from tenfold.training.background import BackgroundTraining
from tenfold.training.retraining import Retraining

REFRESH_SECONDS = 0.5
"""Interval in which a worker process looks for a change of the version by another one."""

RETRAINING_FOLDER = ".retraining"
"""In the folder of the samples; ``tenfold.load`` ignores hidden folders."""

log = logging.getLogger("tenfold.server")


class Service:
    """One model with its run, samples and retraining.

    Args:
        target: what is served.
        samples: the folder of samples.
        settings: of the service.

    Raises:
        InputError: the model file cannot be used.
    """

    def __init__(self, target: Target, samples: Path, settings: Settings) -> None:
        self.settings, self.metrics, self.pages = settings, Metrics(), Pages()
        self.reading_pool = ReadingPool(settings.limits)
        limits = settings.limits
        self.slow_queue = JobQueue("slow", limits.queue_length, limits.response_seconds / 2)
        self.model = ServedModel(Choice(target.model_file, target.source))
        self._samples_folder = samples
        self.training = BackgroundTraining(samples / TRAINING_FOLDER, target.run)
        self._set_target(target)

    def _set_target(self, target: Target) -> None:
        self.target = target
        predictor = self.model.current.predictor
        self.training_data = TrainingData(target, predictor)
        self.run = None if target.run is None else RunView(target.run, self.training_data)
        self.samples = Samples(self._samples_folder, predictor.class_names)
        folder = self._samples_folder / RETRAINING_FOLDER
        self.retraining = Retraining(folder, target.model_file, target.origin)

    def require_run(self) -> RunView:
        """Return the run.

        Raises:
            ServiceError: no run is served.
        """
        if self.run is None:
            raise ServiceError("no_run", "no run is served; start with: tenfold serve RUN")
        return self.run

    def refuse_second_training(self) -> None:
        """Refuse to start one training while another one runs: both would take very long.

        Raises:
            InputError: one is running.
        """
        if self.target.in_training and self.require_run().status == "training":
            raise InputError("the served run is still trained; wait for it")
        running = {"training": self.training.job, "retraining": self.retraining.job}
        for name, job in running.items():
            if job.is_running():
                raise InputError(f"a {name} is running; wait for it, or stop it first")

    async def refresh(self) -> None:
        """Load the current version of the model if it has changed.

        Raises:
            InputError: its file is damaged.
        """
        if self.target.in_training and self.require_run().status == "finished":
            await self._serve_finished_run()
        await asyncio.to_thread(lambda: self.model.load(self._choice()))
        if self.target.in_training:
            self.samples.class_names = self.model.current.predictor.class_names

    def _choice(self) -> Choice:
        """Return the model that is to answer."""
        target, trained = self.target, self.training.model()
        if trained is not None:
            path, finished = trained
            run = self.training.job.run
            return Choice(path, str(run), 0, run if finished else None, not finished)
        if target.in_training and target.run is not None:
            path = target.run / live.MODEL
            if path.is_file():
                return Choice(path, str(target.run), in_training=True)
        version = self.retraining.current_version()
        own = None if version or target.in_training else target.run
        return Choice(self.retraining.current_model(), target.source, version, own)

    async def _serve_finished_run(self) -> None:
        try:
            target = await asyncio.to_thread(resolve_target, self.target.run)
            choice = Choice(target.model_file, target.source, 0, target.run)
            await asyncio.to_thread(self.model.load, choice)
        except InputError as error:
            log.error("%s; the packed reader continues to serve", error)
            self.target = replace(self.target, in_training=False)
        else:
            self._set_target(target)

    @contextlib.asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Follow changes by other processes while the block runs."""
        refresh = asyncio.create_task(self._refresh_periodically())
        self.reading_pool.start()
        try:
            yield
        finally:
            refresh.cancel()
            await asyncio.to_thread(self.reading_pool.close)
            await asyncio.to_thread(self.training.close)
            self.slow_queue.close()
            with contextlib.suppress(asyncio.CancelledError):
                await refresh

    async def _refresh_periodically(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self.refresh()
            except InputError as error:  # the loaded version continues to serve
                log.error("%s", error)
