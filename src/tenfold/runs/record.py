"""The record of a run, ``run.json``: what was trained, on what, with what, and how it ended."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.data import Origin, Splits
from tenfold.data.polarity import border_level
from tenfold.evaluation.calibration import Calibration
from tenfold.networks.recipes import Recipe

FORMAT = 2
STATUSES = ("training", "finished", "diverged")
PACKAGES = ("tenfold", "keras", "jax", "jaxlib", "numpy")


@dataclass(frozen=True)
class DataRecord:
    """Which data a run was trained on, so that they can be loaded and recognised again.

    Attributes:
        name: of the splits.
        source: where they came from, in words.
        origin: what ``tenfold.load`` was asked for; None where they were made in memory.
        class_names: the classes, in the order of the labels.
        image_shape: height and width.
        border: the mean grey level of the outermost pixels of the training images.
        sizes: how many images each split has.
        checksums: SHA-256 of each split.
    """

    name: str
    source: str
    origin: Origin | None
    class_names: list[str]
    image_shape: list[int]
    border: float
    sizes: dict[str, int]
    checksums: dict[str, str]


@dataclass(frozen=True)
class Record:
    """Everything about a run but its arrays.

    Attributes:
        status: ``training``, then ``finished``; or ``diverged``, where the loss became NaN.
        recipe: what was trained.
        seeds: one a network.
        protocol: ``held-out``, or ``published`` where the tutorial validated on the test set.
        data: what it was trained on.
        versions: of Python and the packages in use.
        machine: processor, cores, accelerator.
        started: local time, ISO 8601.
        seconds: of training, compilation included.
        scores: on validation, after the last epoch.
        calibrations: one a network, fitted on validation images; none where there are none, or
            where they are the test images.
        continued: of a run that began with trained networks: which, what was held out of the
            user's images, and what it gained; empty otherwise.
    """

    recipe: Recipe
    seeds: list[int]
    protocol: str
    data: DataRecord
    versions: dict[str, str]
    machine: dict[str, Any]
    started: str
    status: str = "training"
    seconds: float = 0.0
    scores: dict[str, Any] = field(default_factory=dict)
    calibrations: list[Calibration] = field(default_factory=list)
    continued: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def title(self) -> str:
        """Recipe, data and number of seeds, for a picture or a line."""
        seeds = "" if len(self.seeds) == 1 else f", {len(self.seeds)} seeds"
        return f"{self.recipe.name} on {self.data.name}{seeds}"

    def save(self, folder: Path) -> None:
        """Write ``run.json``, whole or not at all."""
        with atomic_write(folder / "run.json", "w") as file:
            json.dump({**asdict(self), "recipe": self.recipe.to_json()}, file, indent=2)
            file.write("\n")

    def replace(self, **changes: Any) -> Record:
        """A copy with other values."""
        return replace(self, **changes)

    @classmethod
    def load(cls, folder: Path) -> Record:
        """Read ``run.json``.

        Raises:
            InputError: there is none, or it is not one of ours.
        """
        path = folder / "run.json"
        try:
            values = json.loads(path.read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise InputError(
                f"{folder}: not a run folder (no run.json); {_nearby(folder)}"
            ) from None
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise InputError(
                f"{path}: damaged; train again, the rest of the folder stays"
            ) from None
        try:
            return cls._from_json(values)
        except (InputError, KeyError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"{path}: damaged, or of another version of tenfold ({reason}); train again, "
                "the rest of the folder stays"
            ) from None

    @classmethod
    def _from_json(cls, values: dict[str, Any]) -> Record:
        if values["format"] != FORMAT:
            raise InputError(f"its format is {values['format']}, this version reads {FORMAT}")
        data = values["data"]
        origin = None if data["origin"] is None else Origin(**data["origin"])
        found = cls(
            **{
                **values,
                "recipe": Recipe.from_json(values["recipe"]),
                "data": DataRecord(**{**data, "origin": origin}),
                "calibrations": [Calibration.from_json(c) for c in values["calibrations"]],
            }
        )
        if not found.seeds or found.status not in STATUSES:
            raise InputError("no seeds, or an unknown status")
        if found.calibrations and len(found.calibrations) != len(found.seeds):
            raise InputError(f"{len(found.calibrations)} calibrations, {len(found.seeds)} seeds")
        return found


def _nearby(folder: Path) -> str:
    runs = sorted(p.parent.name for p in folder.parent.glob("*/run.json"))
    return f"runs beside it: {', '.join(runs[-3:])}" if runs else "see tenfold train"


def describe_data(splits: Splits) -> DataRecord:
    """The record of splits."""
    return DataRecord(
        name=splits.name,
        source=splits.source,
        origin=splits.origin,
        class_names=list(splits.class_names),
        image_shape=list(splits.train.shape[1:]),
        border=round(float(border_level(splits.train.images).mean()), 1),
        sizes={name: len(split) for name, split in splits.present().items()},
        checksums={name: split.checksum for name, split in splits.present().items()},
    )


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide a training's figures.

    Example:
        >>> sorted(versions())
        ['jax', 'jaxlib', 'keras', 'numpy', 'python', 'tenfold']
    """
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def machine() -> dict[str, Any]:
    """The processor, its cores and the device that JAX computes on."""
    import jax

    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "device": jax.devices()[0].device_kind,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def now() -> str:
    """Local time to the second, ISO 8601 with its offset."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")
