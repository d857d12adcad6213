"""A recipe: plain data, checked when it is created, and equal to itself after JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Annotated, Any, Self

from tenfold.core.errors import InputError
from tenfold.networks.fields import Field, Interval, declared
from tenfold.networks.recipes.augmentation import SHARE, Augmentation

FROM_ZERO_TO_UNDER_ONE = Interval(0, 1, closed="left")


@dataclass(frozen=True)
class Published:
    """Accuracies that a tutorial reported for a network, as shares of 1.

    A published figure comes from one run of unknown seed, and is rounded.

    Attributes:
        train: accuracy on the training images; None where none was reported.
        test: accuracy on the test images; None where none was reported.
        close: largest distance between our mean and the published figure that counts as
            reproduced.
        evaluated: the train figure was measured after training, without dropout; otherwise it is
            the running mean of the last epoch, which Keras shows.
        note: a remark for the reader.
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
        name: of the recipe, for the command line and the run folder.
        network: a name in ``tenfold.networks.NETWORKS``, or ``my_network.py:build``.
        arguments: keyword arguments of the network, of JSON types.
        loss: a Keras loss by name, or its serialised form.
        optimizer: a Keras optimizer by name, or its serialised form; ``muon`` is
            ``tenfold.training.Muon``, which orthogonalises convolution filters too.
        learning_rate: None for the optimizer's default; the peak if there is a schedule.
        schedule: ``constant``, or a ``linear`` or ``cosine`` decay to nearly zero.
        warmup: share of all steps over which the learning rate first rises from zero.
        weight_decay: of the optimizer; None for its default.
        ema: decay of an exponential moving average of the weights, which becomes the trained
            network; 0 for none. With it or ``swa``, the statistics of batch normalisations are
            computed anew for the averaged weights.
        swa: share of the steps, the last ones, whose weights are averaged equally; 0 for none.
        teacher: a run or model file for distillation: the mean of its networks' probabilities on
            the training images, without augmentation, is a second target; None for none.
        teacher_weight: w in the loss ``(1 - w) loss + w T^2 cross-entropy to the teacher``.
        teacher_temperature: T, by which log probabilities of teacher and network are divided.
        class_weight: weights of the classes in the loss, by name or number: a mapping, or text
            such as ``3=2,8=1.5``; ``balanced`` for weights that make all count the same; ``none``.
        batch_size: images per step.
        epochs: passes over the training images.
        input_range: the range that the network is fed pixels in: ``unit`` for [0, 1], ``byte`` for
            [0, 255]; ``auto`` finds out from a network of a Python file which it expects, and is
            ``unit`` for others.
        tta: test-time augmentation, in Keras and in the model file: the mean of the probabilities
            of an image and its mirror image (``flip``), of its shifts by a pixel to each side
            (``shift``, 5 views), or of both (``flip+shift``, 10 views).
        augmentation: random changes of the training images.
        seed: of initial weights, order, dropout and augmentation.
        summary: one line for the list of recipes.
        published: figures of a tutorial, if the recipe reproduces one.

    Raises:
        InputError: a field is out of range, or names something unknown.

    Example:
        >>> wide = Recipe("wide", arguments={"hidden": [1024]}, optimizer="rmsprop")
        >>> Recipe.from_json(wide.to_json()) == wide
        True
    """

    name: str
    network: Annotated[str, Field("Kind of network: dense, conv, or my_network.py:build.")] = (
        "dense"
    )
    arguments: Mapping[str, Any] = field(default_factory=dict)
    loss: Annotated[
        str | Mapping[str, Any],
        Field(
            "Loss: sparse, one-hot, or the name of a Keras loss.",
            aliases={
                "sparse": "sparse_categorical_crossentropy",
                "one-hot": "categorical_crossentropy",
            },
        ),
    ] = "categorical_crossentropy"
    optimizer: Annotated[
        str | Mapping[str, Any], Field("Keras optimizer, such as adam, sgd or muon.")
    ] = "adam"
    learning_rate: Annotated[
        float | None,
        Field(
            "Learning rate; its peak with a schedule.",
            Interval(0, 1000, closed="neither"),
            synonyms=("lr",),
        ),
    ] = None
    schedule: Annotated[
        str, Field("Decay of the learning rate.", choices=("constant", "linear", "cosine"))
    ] = "constant"
    warmup: Annotated[
        float, Field("Share of the steps with a rising learning rate.", FROM_ZERO_TO_UNDER_ONE)
    ] = 0.0
    weight_decay: Annotated[
        float | None,
        Field("Weight decay of the optimizer.", FROM_ZERO_TO_UNDER_ONE, synonyms=("wd",)),
    ] = None
    ema: Annotated[
        float,
        Field("Decay of a moving average of the weights, as 0.999.", FROM_ZERO_TO_UNDER_ONE),
    ] = 0.0
    swa: Annotated[
        float, Field("Share of the steps, the last, whose weights are averaged.", SHARE)
    ] = 0.0
    teacher: Annotated[
        str | None, Field("Run or model file whose probabilities are taught beside the labels.")
    ] = None
    teacher_weight: Annotated[
        float, Field("Weight of the teacher in the loss; the labels have the rest.", SHARE)
    ] = 0.5
    teacher_temperature: Annotated[
        float,
        Field("Softens the probabilities of teacher and network.", Interval(0, 100, "neither")),
    ] = 2.0
    class_weight: Annotated[
        str | Mapping[str, float],
        Field("Weights of classes in the loss: balanced, none, or CLASS=WEIGHT,..."),
    ] = "none"
    batch_size: Annotated[int, Field("Images per step.", Interval(1), synonyms=("bs",))] = 128
    epochs: Annotated[int, Field("Passes over the training images.", Interval(1))] = 5
    input_range: Annotated[
        str,
        Field(
            "Pixels for a network of a Python file: unit 0 to 1, byte 0 to 255.",
            choices=("auto", "unit", "byte"),
            varied=False,
        ),
    ] = "auto"
    tta: Annotated[
        str,
        Field(
            "Views of an image whose probabilities are averaged in prediction.",
            choices=("none", "flip", "shift", "flip+shift"),
        ),
    ] = "none"
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: Annotated[
        int,
        Field("Seed of weights, order, dropout and augmentation.", Interval(0), varied=False),
    ] = 0
    summary: str = ""
    published: Published | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_weight", _class_weight(self.class_weight))
        for name in ("arguments", "loss", "optimizer"):
            object.__setattr__(self, name, _as_json(name, getattr(self, name)))
        for setting in declared(type(self)).values():
            setting.check(getattr(self, setting.name))
        if self.ema and self.swa:
            raise InputError(
                f"ema: {self.ema:g} and swa: {self.swa:g} are two averages of the weights; set "
                "one of them to 0"
            )

    def to_json(self) -> dict[str, Any]:
        """The recipe as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read the output of `to_json`.

        Raises:
            InputError: a key is unknown or missing, or a value is out of range.
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

    def replace(self, **changes: Any) -> Self:
        """A copy with other values; it is checked like a new recipe."""
        return replace(self, **changes)


def _class_weight(value: Any) -> str | dict[str, float]:
    """The mapping of text such as ``3=2,8=1.5``; a mapping with text and floats."""
    if value in ("none", "balanced"):
        return str(value)
    try:
        pairs = (
            value if isinstance(value, Mapping) else dict(p.split("=") for p in value.split(","))
        )
        weights = {str(name).strip(): float(weight) for name, weight in pairs.items()}
    except (ValueError, TypeError, AttributeError):
        weights = {}
    if not weights or not all(0 <= weight < float("inf") for weight in weights.values()):
        raise InputError(
            f"class_weight: {str(value)[:100]}; give balanced, none, or a weight from 0 on of "
            "each class, as in 3=2,8=1.5"
        )
    return weights


def _as_json(name: str, value: Any) -> Any:
    """The value after a JSON round trip, so that a recipe equals the one read from a file."""
    try:
        return json.loads(json.dumps(value))
    except TypeError as error:
        raise InputError(f"{name}: {error}; give numbers, strings, lists") from None
