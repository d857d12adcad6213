"""One unit of a job: read its images, score them, write its part."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.core.files import sha256
from tenfold.core.places import complete_file, local
from tenfold.core.places import place as place_of
from tenfold.data.value_range import to_uint8
from tenfold.export.predictor import Predictor
from tenfold.metrics import predicted_labels
from tenfold.scoring import sources
from tenfold.scoring.batches import Batch, Errors, Layout
from tenfold.scoring.job import Job
from tenfold.scoring.parquet import import_pyarrow, open_file

_COLUMNS = ("source_file", "source_row", "predicted", "model_sha256")
_OF_ONE_CLASS = ("confidence", "accepted", "probabilities")
_SUMMARY = b"tenfold"
_ROWS = 1 << 16


def score_unit(folder: str, number: int, place: int, fail_fast: bool) -> dict[str, Any]:
    """Score a unit, unless its part is there, and return its line of the manifest.

    Args:
        folder: of the job.
        number: of the unit.
        place: of the unit in the plan.
        fail_fast: raise at the first image that cannot be scored.

    Raises:
        InputError: the source or the model file has changed, or with ``fail_fast``.
    """
    job = Job(place_of(folder))
    part = job.part(number)
    if part.exists():
        return _summary(part)
    settings, began = job.settings(), time.perf_counter()
    predictor = open_model(settings["model"], settings["sha256"])
    errors, layout = Errors(fail_fast), Layout.from_json(settings)
    batches = sources.read(place_of(settings["source"]), job.unit(place), layout, errors)
    with complete_file(part) as path, _Writer(path, settings, predictor) as writer:
        for batch in batches:
            writer.write(batch, errors)
        job.write_errors(number, errors.records)
        summary = {
            "part": number,
            "images": writer.images,
            "failed": errors.images,
            "seconds": round(time.perf_counter() - began, 3),
        }
        writer.close(summary)
    return summary


def columns(predictor: Predictor) -> tuple[str, ...]:
    """Return the names of the columns that scoring adds; of several labels one for each."""
    return (*_COLUMNS, *(_of_labels(predictor) if predictor.multi_label else _OF_ONE_CLASS))


def _of_labels(predictor: Predictor) -> list[str]:
    return [f"probability_{name}" for name in predictor.class_names]


@lru_cache(maxsize=1)
def open_model(path: str, checksum: str) -> Predictor:
    """Open a model file for one thread.

    Raises:
        InputError: it is not the file that the job began with.
    """
    file = local(place_of(path))
    predictor = Predictor(file, threads=1)
    if sha256(file) != checksum:
        raise InputError(f"{path} has changed since the job began; give another output folder")
    return predictor


def _summary(part: Path) -> dict[str, Any]:
    metadata = open_file(part).metadata.metadata
    summary: dict[str, Any] = json.loads(metadata[_SUMMARY])
    return summary


class _Writer:
    """Writes the scores of a unit."""

    def __init__(self, path: Path, settings: Mapping[str, Any], predictor: Predictor) -> None:
        self._pa = import_pyarrow()
        self._path, self._settings, self._predictor = path, settings, predictor
        self._writer: Any = None
        self._waiting: list[Any] = []
        self.images = 0

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, batch: Batch, errors: Errors) -> None:
        """Score a batch and keep its rows, until there are enough to write."""
        images, kept = self._prepare(batch, errors)
        self._waiting.append(self._table(batch, images, kept))
        self.images += len(kept)
        if self.images % _ROWS < len(kept):
            self._flush()

    def close(self, summary: Mapping[str, Any]) -> None:
        """Write the rest and the summary."""
        if self._writer is None and not self._waiting:  # no image can be read
            empty = np.empty((0, *self._predictor.image_shape), np.uint8)
            rows = np.empty(0, np.int64)
            keys = self._settings["keys"]
            nulls = self._pa.table({key: self._pa.nulls(0) for key in keys}) if keys else None
            self._waiting.append(self._table(Batch(empty, rows, "", nulls), empty, rows))
        self._flush()
        self._writer.add_key_value_metadata({_SUMMARY.decode(): json.dumps(summary)})

    def _prepare(self, batch: Batch, errors: Errors) -> tuple[NDArray[np.uint8], NDArray[Any]]:
        """Return the images as 0 to 255, and which of the batch they are."""
        everything = range(len(batch.images))
        if len(everything):
            with suppress(InputError):
                return self._scaled(batch.images), np.array(everything)
        images, kept = [], []
        for i in everything:
            try:
                images.append(self._scaled(batch.images[i : i + 1]))
                kept.append(i)
            except InputError as error:
                file = batch.files if isinstance(batch.files, str) else batch.files[i]
                errors.add(file, int(batch.rows[i]), str(error))
        return np.concatenate(images) if images else batch.images[:0], np.array(kept, np.intp)

    def _scaled(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        levels, _ = to_uint8(images, "image", self._settings["pixels"])
        return 255 - levels if self._settings["invert"] else levels

    def _table(self, batch: Batch, images: NDArray[np.uint8], kept: NDArray[Any]) -> Any:
        pa, predictor, n = self._pa, self._predictor, len(kept)
        classes = len(predictor.class_names)
        probabilities = (
            predictor.predict(images, "byte") if n else np.empty((0, classes), np.float32)
        )
        files = batch.files if isinstance(batch.files, str) else [batch.files[i] for i in kept]
        keys = {}
        if batch.keys is not None:
            chosen = batch.keys.take(pa.array(kept)) if n < len(batch.keys) else batch.keys
            keys = {name: chosen.column(name) for name in self._settings["keys"]}
        names = pa.array(predictor.class_names, pa.string())
        return pa.table(
            {
                "source_file": pa.repeat(files, n) if isinstance(files, str) else pa.array(files),
                "source_row": pa.array(batch.rows[kept]),
                **keys,
                **self._answers(probabilities, names),
                "model_sha256": pa.repeat(self._settings["sha256"], n),
            }
        )

    def _answers(self, probabilities: NDArray[np.float32], names: Any) -> dict[str, Any]:
        """The columns of the predictions, which depend on the kind of model."""
        pa, predictor = self._pa, self._predictor
        if predictor.multi_label:
            found = predicted_labels(probabilities)
            ends = pa.array(np.r_[0, found.sum(axis=1).cumsum()], pa.int32())
            values = map(pa.array, np.ascontiguousarray(probabilities.T))
            return {
                "predicted": pa.ListArray.from_arrays(
                    ends, names.take(pa.array(found.nonzero()[1]))
                ),
                **dict(zip(_of_labels(predictor), values, strict=True)),
            }
        answers = {
            "predicted": names.take(pa.array(probabilities.argmax(axis=1))),
            "confidence": pa.array(probabilities.max(axis=1, initial=0)),
            "accepted": pa.array(predictor.accepts(probabilities)),
        }
        if self._settings["probabilities"]:
            flat = pa.array(probabilities.ravel())
            answers["probabilities"] = pa.FixedSizeListArray.from_arrays(flat, len(names))
        return answers

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = self._pa.concat_tables(self._waiting)
        self._waiting = []
        if self._writer is None:
            self._writer = self._pa.parquet.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table)
