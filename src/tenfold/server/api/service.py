"""The service: all that the routes ask, in one place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.server.api.data import Data
from tenfold.server.api.explain import explain
from tenfold.server.api.networks import Network
from tenfold.server.api.predict import Predict
from tenfold.server.api.read import read_picture, warm_up
from tenfold.server.api.runs import RunView
from tenfold.server.api.samples import Kept
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.job_queue import Turns
from tenfold.server.http.telemetry import Metrics
from tenfold.server.settings import Settings
from tenfold.server.target import Subject, choose
from tenfold.server.web.pages import Pages
from tenfold.training.retraining import Retraining

if TYPE_CHECKING:
    from PIL.Image import Image

P = ParamSpec("P")
T = TypeVar("T")

EVERY = 0.5
"""Seconds after which a worker notices that another one has changed the version."""

RETRAINING = ".retraining"
"""The folder within that of the samples, hidden from whoever loads them."""

log = logging.getLogger("tenfold.server")


class Service:
    """One network, its run, its samples.

    Args:
        subject: what is served.
        samples: the folder of samples.
        settings: who may call, and the limits.

    Raises:
        InputError: the artifact cannot be used.
    """

    def __init__(self, subject: Subject, samples: Path, settings: Settings) -> None:
        self.settings, self.metrics, self.pages = settings, Metrics(), Pages()
        self._folder, self._reads = samples, Turns("reading", settings.limits.waiting)
        self._slow = Turns("looking", settings.limits.waiting)
        self.network = Network(subject.artifact, subject.source)
        self.predict = Predict(self.network, settings.limits, self.metrics.images.inc)
        self._serve(subject)

    def _serve(self, subject: Subject) -> None:
        self.subject = subject
        predictor = self.network.current.predictor
        self.data = Data(subject, predictor)
        self.run = None if subject.run is None else RunView(subject.run, self.data)
        self.samples = Kept(self._folder, predictor.class_names)
        self.retraining = Retraining(self._folder / RETRAINING, subject.artifact, subject.origin)

    def require_run(self) -> RunView:
        """The run that is shown.

        Raises:
            ServiceError: there is none.
        """
        if self.run is None:
            raise ServiceError("no_run", "no run is served; start with: tenfold serve RUN")
        return self.run

    async def read(self, picture: Image, k: int) -> dict[str, Any]:
        """What is read in a picture."""
        current = self.network.current
        if current.predictor.image_shape != (28, 28):
            raise ServiceError("invalid", "this network takes other images than 28x28")
        found = await self._reads.take(read_picture, picture, current, k)
        return found | {"model": {"version": current.version}}

    async def explain(self, image: npt.NDArray[np.uint8], k: int) -> dict[str, Any]:
        """Why an image is answered so."""
        return await self._slow.take(explain, image, self.network.current, self.data, k)

    async def slowly(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something that takes time, one after the other."""
        return await self._slow.take(work, *args, **kwargs)

    async def conflicting(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something that is refused where it does not fit the state of the retraining.

        Raises:
            ServiceError: it is.
        """
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except InputError as error:
            raise ServiceError("conflict", str(error)) from None

    def start_retraining(self) -> dict[str, Any]:
        """Begin to continue the network's training on the samples."""
        return self.retraining.start(self._folder)

    async def refresh(self) -> None:
        """Take up the version that is to answer, where it has changed."""
        if self.subject.waits and self.require_run().status == "finished":
            await self._serve_finished()
        path = self.retraining.current()
        if path != self.network.current.predictor.path:
            version = self.retraining.current_version()
            await asyncio.to_thread(self.network.choose, path, version, self.network.source)

    async def _serve_finished(self) -> None:
        """Let the run that was watched answer itself, now that it is finished."""
        try:
            subject = await asyncio.to_thread(choose, self.subject.run)
            await asyncio.to_thread(self.network.choose, subject.artifact, 0, subject.source)
        except InputError as error:
            log.error("%s; the shipped reader goes on answering", error)
            self.subject = replace(self.subject, waits=False)
        else:
            self._serve(subject)

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Notice what other workers change, while the block runs."""
        task = asyncio.create_task(self._watch())
        warm = asyncio.create_task(self._reads.take(warm_up))
        try:
            yield
        finally:
            task.cancel()
            await warm
            for turns in (self._reads, self._slow):
                turns.close()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.refresh()
            except InputError as error:  # the version that answers goes on
                log.error("%s", error)
