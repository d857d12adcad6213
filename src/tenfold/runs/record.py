"""The record of a run, ``run.json``: recipe, data, versions, machine, status and scores."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.data import Origin, Splits
from tenfold.data.polarity import border_level
from tenfold.evaluation.calibration import Calibration
from tenfold.networks import is_python_file
from tenfold.networks.recipes import Recipe
from tenfold.runs.layout import NETWORK, RECORD

FORMAT = 2
STATUSES = ("training", "finished", "diverged")
T = TypeVar("T")

PACKAGES = ("tenfold", "keras", "jax", "jaxlib", "numpy")


@dataclass(frozen=True)
class DataRecord:
    """The data of a run, to load and verify them again.

    Attributes:
        name: of the splits.
        source: where they came from, in words.
        origin: arguments of ``tenfold.load``; None if they were made in memory.
        class_names: the classes, in the order of the labels.
        image_shape: height and width in pixels, and 3 channels if coloured.
        border: mean grey level of the border pixels of the training images, 0 to 255.
        sizes: number of images of each split.
        checksums: SHA-256 of each split.
        pixels: the values of black and white in the files, such as 0..255.
        multi_label: whether an image may have several classes.
    """

    name: str
    source: str
    origin: Origin | None
    class_names: list[str]
    image_shape: list[int]
    border: float
    sizes: dict[str, int]
    checksums: dict[str, str]
    pixels: str = "0..255"
    multi_label: bool = False

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> DataRecord:
        """Return the record that ``dataclasses.asdict`` has made plain."""
        origin = values["origin"]
        return cls(**{**values, "origin": None if origin is None else Origin(**origin)})


@dataclass(frozen=True)
class Record:
    """All about a run except its arrays.

    Attributes:
        recipe: that was trained.
        seeds: one a network.
        protocol: ``held-out``; ``published`` for validation on the test set; or ``refit`` for
            training on train and validation together.
        data: that it was trained on.
        versions: of Python and the packages in use.
        machine: processor, cores, accelerator.
        started: local time, ISO 8601.
        status: ``training``, then ``finished``, or ``diverged`` if the loss became NaN.
        seconds: of training, compilation included.
        scores: on validation, after the last epoch.
        calibrations: one a network, fitted on validation images; empty without any, or if they
            are the test images.
        calibrated_by: of a refit: what the calibrations were fitted on instead.
        continued: of a fine-tuned run: the pretrained networks, what was held out of the user's
            images, and the gains; empty otherwise.
        imported: name of the file that the network was imported from; empty for one trained here.
        format: version of the file's format.
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
    calibrated_by: str = ""
    continued: dict[str, Any] = field(default_factory=dict)
    imported: str = ""
    format: int = FORMAT

    @property
    def title(self) -> str:
        """Recipe, data and number of seeds, in a few words."""
        seeds = "" if len(self.seeds) == 1 else f", {len(self.seeds)} seeds"
        return f"{self.recipe.name} on {self.data.name}{seeds}"

    @property
    def refit_note(self) -> str:
        """How a refit was trained and calibrated, as a sentence; empty for other runs."""
        if self.protocol != "refit":
            return ""
        return (
            f"Refit: trained on train and validation together, {self.data.sizes['train']:,} "
            "images, so that no validation metrics exist. Temperature and threshold are by "
            f"{self.calibrated_by or 'cross-validation, at the end of the training'}."
        )

    def save(self, folder: Path) -> None:
        """Write ``run.json`` atomically."""
        write_record(folder / RECORD, {**asdict(self), "recipe": self.recipe.to_json()})

    def replace(self, **changes: Any) -> Record:
        """Return a copy with other values."""
        return replace(self, **changes)

    @classmethod
    def load(cls, folder: Path) -> Record:
        """Read ``run.json``.

        Raises:
            InputError: it is missing, damaged or of another format.
        """
        try:
            return read_record(
                folder / RECORD,
                FORMAT,
                lambda values: cls._from_json(_with_pixels(values, folder)),
                "train again, the rest of the folder stays",
            )
        except FileNotFoundError:
            raise InputError(
                f"{folder}: not a run folder (no {RECORD}); {_nearby(folder)}"
            ) from None

    @classmethod
    def _from_json(cls, values: dict[str, Any]) -> Record:
        record = cls(
            **{
                **values,
                "recipe": Recipe.from_json(values["recipe"]),
                "data": DataRecord.from_json(values["data"]),
                "calibrations": [Calibration.from_json(c) for c in values["calibrations"]],
            }
        )
        if not record.seeds or record.status not in STATUSES:
            raise InputError("no seeds, or an unknown status")
        if record.calibrations and len(record.calibrations) != len(record.seeds):
            raise InputError(f"{len(record.calibrations)} calibrations, {len(record.seeds)} seeds")
        return record


def write_record(path: Path, values: dict[str, Any]) -> None:
    """Write a record atomically."""
    with atomic_write(path, "w") as file:
        json.dump(values, file, indent=2)
        file.write("\n")


def read_record(path: Path, version: int, parse: Callable[[dict[str, Any]], T], remedy: str) -> T:
    """Read a record.

    Args:
        path: the file.
        version: of its format, which the file must have.
        parse: makes the record of the content.
        remedy: what to do if the file is damaged.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: it is damaged or of another version.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        if values["format"] != version:
            raise InputError(f"its format is {values['format']}, this version reads {version}")
        return parse(values)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (InputError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: damaged, or of another version of tenfold ({reason}); {remedy}"
        ) from None


def _with_pixels(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Values of a record; those of earlier versions fed bytes to a network after Rescaling only."""
    if "input_range" in values["recipe"] or not is_python_file(values["recipe"]["network"]):
        return values
    network = json.loads((folder / NETWORK).read_text("utf-8"))
    layers = [layer["class_name"] for layer in network["config"]["layers"]]
    first = next((n for n in layers if n not in ("InputLayer", "Flatten", "Reshape")), "")
    pixels = "byte" if first == "Rescaling" else "unit"
    return {**values, "recipe": {**values["recipe"], "input_range": pixels}}


def _nearby(folder: Path) -> str:
    runs = sorted(p.parent.name for p in folder.parent.glob(f"*/{RECORD}"))
    return f"runs in the same folder: {', '.join(runs[-3:])}" if runs else "see tenfold train"


def describe_data(splits: Splits) -> DataRecord:
    """Return the record of splits."""
    return DataRecord(
        name=splits.name,
        source=splits.source,
        origin=splits.origin,
        class_names=list(splits.class_names),
        image_shape=list(splits.image_shape),
        border=round(float(border_level(splits.train.images).mean()), 1),
        sizes={name: len(split) for name, split in splits.present().items()},
        checksums={name: split.checksum for name, split in splits.present().items()},
        pixels=splits.pixels,
        multi_label=bool(splits.train.multi_label),
    )


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that affect a training.

    Example:
        >>> sorted(versions())
        ['jax', 'jaxlib', 'keras', 'numpy', 'python', 'tenfold']
    """
    installed = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            installed[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            installed[package] = "not installed"
    return installed


def machine() -> dict[str, Any]:
    """Return platform, processor, number of cores and the device of JAX."""
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
    """Return the local time in seconds, ISO 8601 with the offset from UTC."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")
