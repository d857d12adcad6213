"""The model that makes the predictions, shared by all requests of a process."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tenfold.export.predictor import Predictor
from tenfold.scale.local import cores

Images = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]

MAX_INLINE_IMAGES = 64
"""Up to this number of images, a prediction on the event loop is faster than in a thread."""

CHUNK = 128
"""Images that a thread predicts at once: their activations fit in the caches of the processor."""


@dataclass(frozen=True)
class Choice:
    """The model that is to answer.

    Attributes:
        path: the model file.
        source: its name for clients: ``shipped``, or the path of a run or model file.
        version: of retraining; 0 without one.
        run: the folder of its run, whose scores are its own; None if there is none.
        in_training: whether it is still trained.
    """

    path: Path
    source: str
    version: int = 0
    run: Path | None = None
    in_training: bool = False


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory, and the choice that it comes from.

    Attributes:
        predictor: the model.
        choice: where it comes from.
        modified: when its file was, in nanoseconds.
    """

    predictor: Predictor
    choice: Choice
    modified: int

    @property
    def revision(self) -> str:
        """Another one for another model."""
        return f"{self.choice.source}:{self.version}:{self.modified}"

    @property
    def version(self) -> int:
        """The number of its version."""
        return self.choice.version


Prediction = tuple[Probabilities, LoadedModel]


class ServedModel:
    """The current model.

    Small requests that arrive in the same iteration of the event loop are predicted as one batch.

    Args:
        choice: the model.

    Raises:
        InputError: the file is not a model file, or is damaged.
    """

    def __init__(self, choice: Choice) -> None:
        self.current = _load(choice)
        self._pending: list[tuple[Images, asyncio.Future[Prediction]]] = []
        self._threads = ThreadPoolExecutor(cores(), "predict")

    def load(self, choice: Choice) -> None:
        """Replace the current model, unless it is this one; predictions under way use the old one.

        Raises:
            InputError: the file is not a model file, or is damaged.
        """
        if (choice, _modified(choice)) != (self.current.choice, self.current.modified):
            self.current = _load(choice)

    async def predict(self, images: Images) -> Prediction:
        """Predict class probabilities.

        Args:
            images: uint8 ``[n, height, width]``.

        Returns:
            float32 ``[n, classes]``, and the model that predicted them.
        """
        if len(images) > MAX_INLINE_IMAGES:
            return await self._predict_chunks(images)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Prediction] = loop.create_future()
        if not self._pending:
            loop.call_soon(self._predict_pending)
        self._pending.append((images, future))
        return await future

    async def _predict_chunks(self, images: Images) -> Prediction:
        """Predict in threads; ONNX Runtime releases Python's global lock."""
        current, loop = self.current, asyncio.get_running_loop()
        chunks = [images[start : start + CHUNK] for start in range(0, len(images), CHUNK)]
        predict = partial(current.predictor, pixels="byte")
        futures = [loop.run_in_executor(self._threads, predict, one) for one in chunks]
        return np.concatenate(await asyncio.gather(*futures)), current

    def _predict_pending(self) -> None:
        pending, self._pending = self._pending, []
        current = self.current
        try:
            batch = np.concatenate([images for images, _ in pending])
            probabilities = current.predictor(batch, "byte")
        except Exception as error:
            for _, future in pending:
                if not future.done():
                    future.set_exception(error)
            return
        start = 0
        for images, future in pending:
            if not future.done():  # cancelled if the client has disconnected
                future.set_result((probabilities[start : start + len(images)], current))
            start += len(images)


def _load(choice: Choice) -> LoadedModel:
    modified = _modified(choice)
    return LoadedModel(Predictor(choice.path, threads=1), choice, modified)


def _modified(choice: Choice) -> int:
    return choice.path.stat().st_mtime_ns if choice.path.exists() else 0
