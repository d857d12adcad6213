"""Recipes: a network and how to train it, as plain data.

A new recipe is one entry of the table at the end of this file.
"""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tenfold.errors import InputError

SCHEDULES = ("constant", "linear", "cosine")
_LIMITS = {"shift": 14.0, "rotation": 180.0, "scale": 0.9, "shear": 1.0, "elastic": 20.0}


@dataclass(frozen=True)
class Augmentation:
    """How far images are moved in training; zero leaves them alone.

    Attributes:
        shift: largest translation in pixels, along each axis.
        rotation: largest angle in degrees, either way.
        scale: largest relative change of size; 0.1 means 0.9 to 1.1 times.
        shear: largest horizontal shear, as tangent of the slant.
        elastic: largest local displacement in pixels, of a smooth random field.

    Raises:
        InputError: a value below zero or beyond what leaves a digit in its frame.
    """

    shift: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0

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
        optimizer: a Keras optimizer by name, or its serialised form.
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
        >>> recipe("dense-512").optimizer
        'rmsprop'
        >>> Recipe.from_json(recipe("quick").to_json()) == recipe("quick")
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
            object.__setattr__(self, name, _plain(name, getattr(self, name)))
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


def recipe(name: str) -> Recipe:
    """Look a recipe up by name.

    Raises:
        InputError: there is none of that name; the nearest is suggested.

    Example:
        >>> recipe("logistic").epochs
        5
    """
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(
            f"recipe {name!r} is unknown; {hint}there are {', '.join(RECIPES)}, "
            "or give a Python file as my_network.py:build"
        )
    return RECIPES[name]


_LOSSES = {"sparse": "sparse_categorical_crossentropy", "one-hot": "categorical_crossentropy"}
_LISTS = {"hidden": int, "filters": int, "activation": str, "dropout": float}


def customised(name: str | Recipe | None, changes: Mapping[str, Any]) -> Recipe:
    """A recipe, given by name or Python file too, with other values for some of what it holds.

    Args:
        name: a recipe or its name, or ``my_network.py:build``; None for ``quick``, or for
            ``dense`` layers where ``hidden``, ``activation``, ``dropout`` or ``batch_norm`` is
            among the changes.
        changes: fields of Recipe and Augmentation, arguments of the network, lists written
            as ``512,256``; the loss may be ``sparse`` or ``one-hot``.

    Raises:
        InputError: a value cannot be read, or there is no such recipe.

    Example:
        >>> customised(None, {"hidden": "512,256", "loss": "sparse"}).arguments
        {'hidden': [512, 256]}
    """
    parsed = {key: _parse(key, value) for key, value in changes.items()}
    layers = {"hidden", "activation", "dropout", "batch_norm"} & set(parsed)
    if isinstance(name, Recipe):
        base = name
    elif name is None:
        base = Recipe("dense", summary="dense layers") if layers else recipe("quick")
    else:
        base = _from_file(name) if ".py" in name else recipe(name)
    own = {f.name for f in fields(Recipe)}
    moves = {f.name for f in fields(Augmentation)}
    arguments = {k: v for k, v in parsed.items() if k not in own | moves}
    augmentation = replace(base.augmentation, **{k: v for k, v in parsed.items() if k in moves})
    return base.replace(
        arguments={**base.arguments, **arguments},
        augmentation=augmentation,
        **{k: v for k, v in parsed.items() if k in own},
    )


def _parse(name: str, value: Any) -> Any:
    if name == "loss":
        return _LOSSES.get(value, value)
    if name not in _LISTS or not isinstance(value, str):
        return value
    try:
        values = [_LISTS[name](part.strip()) for part in value.split(",") if part.strip()]
    except ValueError:
        kind = "whole numbers" if _LISTS[name] is int else "numbers"
        raise InputError(f"{name}: {value!r}; give {kind} with commas, such as 512,256") from None
    scalar = name in ("activation", "dropout") and len(values) == 1
    return values[0] if scalar else values


def _from_file(name: str) -> Recipe:
    """The recipe of a Python file: the model's own loss and optimizer, if it is compiled."""
    from tenfold import networks

    model = networks.build(name, {}, (0, 0), 0, seed=0)
    path, _, function = name.rpartition(":") if ":" in name else (name, "", "build")
    base = Recipe(Path(path).stem, f"{Path(path).resolve()}:{function}", summary=f"from {name}")
    if not model.compiled:
        return base
    return base.replace(
        optimizer=_serialised(name, "optimizer", model.optimizer),
        loss=_serialised(name, "loss", model.loss),
    )


def _serialised(name: str, what: str, value: Any) -> Any:
    """A loss or optimizer as Keras writes it, if Keras alone can read it back."""
    import keras

    from tenfold import networks

    if isinstance(value, str):
        return value
    api = keras.losses if what == "loss" else keras.optimizers
    try:
        config = _plain(what, api.serialize(value))
        own_function = isinstance(config, str) or config.get("class_name") == "function"
        if own_function or not networks.foreign_objects(config):
            api.get(copy.deepcopy(config))  # which replaces what is nested in what it gets
            return config
    except Exception as error:  # whatever a custom object's own get_config raises
        reason = " ".join(str(error).split())[:200]
    else:
        reason = "it is not one of Keras's own"
    raise InputError(
        f"{name}: its {what} cannot be kept in a run ({reason}); compile with one of Keras's own, "
        "or train with tenfold.fit"
    )


def _plain(name: str, value: Any) -> Any:
    """JSON's view of a value, so that a recipe equals what is read back of it."""
    try:
        return json.loads(json.dumps(value))
    except TypeError as error:
        raise InputError(f"{name}: {error}; give numbers, strings, lists") from None


def _positive(name: str, value: int) -> None:
    if not isinstance(value, int) or value < 1:
        raise InputError(f"{name}: {value}; give a whole number from 1")


def _table(rows: Sequence[Recipe]) -> dict[str, Recipe]:
    return {row.name: row for row in rows}


_TUTORIAL_DROPOUT = {
    "hidden": [64, 128, 32],
    "activation": ["elu", "relu", "elu"],
    "dropout": [0.9, 0.7, 0.0],
}

RECIPES: Mapping[str, Recipe] = _table(
    [
        Recipe(
            "quick",
            network="conv",
            arguments={"filters": [12, 48], "kernels": 5, "strides": 2},
            learning_rate=5e-3,
            schedule="linear",
            warmup=0.15,
            batch_size=125,  # divides the 55,000 images: no last batch to compile a program for
            epochs=7,
            augmentation=Augmentation(shift=1),
            summary="the default: a small convolutional network, 99 % within seconds",
        ),
        Recipe(
            "conv",
            network="conv",
            arguments={
                "filters": [24, 48, 64],
                "kernels": [5, 3, 5],
                "strides": [2, 1, 2],
                "batch_norm": True,
                "dropout": 0.3,
            },
            learning_rate=6e-3,
            schedule="linear",
            warmup=0.15,
            batch_size=125,
            epochs=10,
            augmentation=Augmentation(shift=1),
            summary="three convolutions with batch normalisation: 99.4 % and more, in minutes",
        ),
        Recipe(
            "logistic",
            arguments={"hidden": []},
            batch_size=32,
            published=Published(note="the tutorial prints no figure"),
            summary="no hidden layer: softmax regression",
        ),
        Recipe(
            "dense-47",
            arguments={"hidden": [47]},
            batch_size=32,
            published=Published(note="the tutorial prints no figure"),
            summary="one hidden layer of 47",
        ),
        Recipe(
            "dropout",
            arguments=_TUTORIAL_DROPOUT,
            epochs=14,
            published=Published(
                train=0.8814,
                test=0.8787,
                evaluated=True,
                note="the tutorial gives neither batch size nor epochs; with batches of 128 its "
                "training loss of 0.4260 is reached after 14 epochs",
            ),
            summary="three hidden layers with heavy dropout",
        ),
        Recipe(
            "dense-512",
            arguments={"hidden": [512]},
            optimizer="rmsprop",
            published=Published(train=0.989, test=0.9808),
            summary="one hidden layer of 512",
        ),
        Recipe(
            "dense-256",
            arguments={"hidden": [256]},
            loss="sparse_categorical_crossentropy",
            optimizer="rmsprop",
            published=Published(note="the tutorial prints no figure"),
            summary="one hidden layer of 256, sparse labels",
        ),
        Recipe(
            "sigmoid-64",
            arguments={"hidden": [64], "activation": "sigmoid"},
            epochs=20,
            published=Published(
                train=0.9872,
                test=0.9723,
                note="the published log goes on from ten epochs trained before",
            ),
            summary="one hidden layer of 64 sigmoids",
        ),
    ]
)
