"""What a recipe is: plain data, checked when it is made, and read back from JSON as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from tenfold.core.errors import InputError

SCHEDULES = ("constant", "linear", "cosine")
_LIMITS = {
    "shift": 14.0,
    "rotation": 180.0,
    "scale": 0.9,
    "shear": 1.0,
    "elastic": 20.0,
    "thickness": 2.0,
    "blur": 3.0,
    "noise": 0.2,
    "clutter": 1.0,
    "flip": 1.0,
}


@dataclass(frozen=True)
class Augmentation:
    """How far images are moved and otherwise changed in training; zero leaves them alone.

    Attributes:
        shift: largest translation in pixels, along each axis.
        rotation: largest angle in degrees, either way.
        scale: largest relative change of size; 0.1 means 0.9 to 1.1 times.
        shear: largest horizontal shear, as tangent of the slant.
        elastic: largest local displacement in pixels, of a smooth random field.
        thickness: strokes become thinner or thicker by up to so many pixels.
        blur: largest standard deviation of a Gaussian, in pixels.
        noise: largest standard deviation of grey noise, of ink at 1; contrast falls with it.
        clutter: share of images that get a foreign piece: a neighbour, a ruled line, a box edge.
        flip: share of images that are mirrored, left to right; for clothes, which digits are not.

    Raises:
        InputError: a value below zero or beyond what leaves a digit in its frame.
    """

    shift: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    thickness: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    clutter: float = 0.0
    flip: float = 0.0

    def __post_init__(self) -> None:
        for name, limit in _LIMITS.items():
            value = getattr(self, name)
            if not 0 <= value <= limit:
                raise InputError(f"augmentation {name}: {value}; give 0 to {limit:g}")

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in _LIMITS)


@dataclass(frozen=True)
class Published:
    """What a tutorial reported for a network, as shares of 1; None where it reported nothing.

    ``close`` is the largest distance between our mean and the published figure that still
    counts as reproduced: a published figure comes from one run of unknown seed, and is
    rounded. ``evaluated`` tells that the train figure was measured after training, without
    dropout; otherwise it is the running mean of the last epoch, which Keras shows.
    """

    train: float | None = None
    test: float | None = None
    close: float = 0.005
    evaluated: bool = False
    note: str = ""


@dataclass(frozen=True)
class Recipe:
    """A network with its loss, optimizer, batch size, epochs and augmentation.

    Attributes:
        name: how it is called on the command line and in the folder of a run.
        network: a function of ``tenfold.networks``, or ``my_network.py:build``.
        arguments: keyword arguments of that function, of JSON types.
        loss: a Keras loss by name, or its serialised form.
        optimizer: a Keras optimizer by name, or its serialised form; ``muon`` is
            ``tenfold.training.Muon``, which orthogonalises filters too.
        learning_rate: None for the optimizer's own; the peak where a schedule is given.
        schedule: ``constant``; or, to nearly zero at the end, ``linear`` or ``cosine``.
        warmup: the share of all steps over which the learning rate first rises from zero.
        weight_decay: of the optimizer; None for its own.
        batch_size: images a step.
        epochs: passes over the training images.
        augmentation: how the images are moved in training.
        seed: decides initial weights, order, dropout and augmentation.
        summary: one line for people.
        published: what a tutorial reported, where the recipe reproduces one.

    Raises:
        InputError: a field is out of its range, or names something unknown.

    Example:
        >>> made = Recipe("mine", arguments={"hidden": [64]}, optimizer="rmsprop")
        >>> Recipe.from_json(made.to_json()) == made
        True
    """

    name: str
    network: str = "dense"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    loss: str | Mapping[str, Any] = "categorical_crossentropy"
    optimizer: str | Mapping[str, Any] = "adam"
    learning_rate: float | None = None
    schedule: str = "constant"
    warmup: float = 0.0
    weight_decay: float | None = None
    batch_size: int = 128
    epochs: int = 5
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0
    summary: str = ""
    published: Published | None = None

    def __post_init__(self) -> None:
        for name in ("arguments", "loss", "optimizer"):
            object.__setattr__(self, name, as_plain(name, getattr(self, name)))
        _positive("epochs", self.epochs)
        _positive("batch_size", self.batch_size)
        if self.seed < 0:
            raise InputError(f"seed: {self.seed}; give a whole number from 0")
        if self.learning_rate is not None and not 0 < self.learning_rate < 1e3:
            raise InputError(f"learning_rate: {self.learning_rate}; give a number above 0")
        if self.schedule not in SCHEDULES:
            raise InputError(
                f"schedule: {self.schedule!r} is unknown; give one of {', '.join(SCHEDULES)}"
            )
        if self.weight_decay is not None and not 0 <= self.weight_decay < 1:
            raise InputError(f"weight_decay: {self.weight_decay}; give a number from 0 to under 1")
        if not 0 <= self.warmup < 1:
            raise InputError(f"warmup: {self.warmup}; give a share of the steps, 0 to under 1")

    def to_json(self) -> dict[str, Any]:
        """The recipe as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recipe:
        """Read back what ``to_json`` wrote.

        Raises:
            InputError: a key is unknown or missing, or a value out of its range.
        """
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown or "name" not in data:
            raise InputError(f"recipe: unknown keys {unknown} or no name; keys are {sorted(known)}")
        values = dict(data)
        try:
            values["augmentation"] = Augmentation(**values.get("augmentation", {}))
            if values.get("published") is not None:
                values["published"] = Published(**values["published"])
            return cls(**values)
        except TypeError as error:
            raise InputError(f"recipe: {error}") from None

    def replace(self, **changes: Any) -> Recipe:
        """A copy with other values; it is checked like a new one."""
        return replace(self, **changes)


def as_plain(name: str, value: Any) -> Any:
    """JSON's view of a value, so that a recipe equals what is read back of it."""
    try:
        return json.loads(json.dumps(value))
    except TypeError as error:
        raise InputError(f"{name}: {error}; give numbers, strings, lists") from None


def _positive(name: str, value: int) -> None:
    if not isinstance(value, int) or value < 1:
        raise InputError(f"{name}: {value}; give a whole number from 1")
