"""Samples as callers send and get them."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from tenfold.core.errors import InputError
from tenfold.core.limits import IMAGE_SIDE
from tenfold.data import samples
from tenfold.server.api.schemas import NewSample
from tenfold.server.http import bodies
from tenfold.server.http.errors import ServiceError

SHAPE = (IMAGE_SIDE, IMAGE_SIDE)


def sample_of(kind: str, body: bytes) -> NewSample:
    """A sample out of a request.

    Raises:
        ServiceError: it is no JSON, or something is missing or wrong.
    """
    values = bodies.json_of(kind, body)
    try:
        return NewSample.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise ServiceError("invalid", f"{place}: {first['msg']}") from None


def _image_of(text: str) -> npt.NDArray[np.uint8]:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ServiceError("invalid", "image: not base64") from None
    if len(data) == SHAPE[0] * SHAPE[1]:
        return np.frombuffer(data, np.uint8).reshape(SHAPE)
    return bodies.small_image(data, SHAPE)


class Kept:
    """The samples of a folder, as the service gives them out.

    Args:
        folder: of the samples.
        class_names: labels that are allowed.
    """

    def __init__(self, folder: Path, class_names: tuple[str, ...]) -> None:
        self.folder = folder
        self._samples = samples.Samples(folder, class_names)
        self._names = class_names

    def add(self, sample: NewSample) -> dict[str, Any]:
        """Store a sample.

        Raises:
            ServiceError: its image or label cannot be used, or it cannot be written.
        """
        image = _image_of(sample.image)
        if sample.label not in self._names:
            raise ServiceError(
                "invalid", f"label: {sample.label[:64]!r}; give one of {', '.join(self._names)}"
            )
        try:
            made = self._samples.add(
                image, sample.label, sample.guess, sample.confidence, sample.source
            )
        except InputError as error:
            raise ServiceError("storage", str(error)) from None
        return made.to_json()

    def listed(self, limit: int, before: str | None) -> dict[str, Any]:
        """Samples, newest first, and how many each class has."""
        counts = self._samples.counts()
        found = self._samples.list(limit, before)
        return {
            "samples": [sample.to_json() for sample in found],
            "counts": counts,
            "total": sum(counts.values()),
        }

    def image(self, sample_id: str) -> npt.NDArray[np.uint8]:
        """The image of a sample.

        Raises:
            ServiceError: there is none of that id.
        """
        try:
            return self._samples.image(sample_id)
        except InputError as error:
            raise ServiceError("sample_unknown", str(error)) from None

    def remove(self, sample_id: str) -> None:
        """Remove a sample for good.

        Raises:
            ServiceError: there is none of that id, or it cannot be removed.
        """
        try:
            self._samples.remove(sample_id)
        except InputError as error:
            gone = "none of that id" in str(error)
            raise ServiceError("sample_unknown" if gone else "storage", str(error)) from None
