"""Features of scikit-learn as inputs of a network: their scale, and the shape of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError, warn
from tenfold.core.limits import MIN_IMAGE_SIDE
from tenfold.data.value_range import Levels, ValueRange, recognize
from tenfold.networks import is_own_network
from tenfold.networks.recipes import Recipe

WHITE = 255
SCALINGS = ("auto", "pixels", "standard", "none")
_OUTLIERS = 0.02  # share of values outside the range, as scalers give them for new rows

Features = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Scaling:
    """The scale in which features are fed: ``(x - offset) * factor``.

    Attributes:
        name: ``pixels``, ``standard`` or ``none``.
        offset: one number, or float64 ``[features]``.
        factor: likewise.
        values: of black and white, for ``pixels``.
    """

    name: str
    offset: Any = 0.0
    factor: Any = 1.0
    values: ValueRange | None = None

    def __call__(self, features: Features) -> npt.NDArray[np.float32]:
        """Features ``[n, features]`` as they are fed; pixels from 0 to 255."""
        scaled = (features - self.offset) * self.factor
        with np.errstate(over="ignore"):  # infinite numbers give a loss of NaN, which is refused
            return np.ascontiguousarray(scaled, np.float32)

    def warn_of_contradiction(self, features: Features) -> None:
        """Warn of pixels that are in another range than those of the training."""
        if self.values is None:
            return
        levels = Levels.of([features], "X")
        span = self.values.high - self.values.low
        is_dark = levels.low < levels.high <= self.values.low + span / 8
        outside = (features < self.values.low) | (features > self.values.high)
        is_beyond = not self.values.contains(levels) and outside.mean() > _OUTLIERS
        if is_dark or is_beyond:
            warn(
                f"X: pixels are {levels}, the classifier was fitted on {self.values} from black to "
                "white; give it the same range"
            )


def find_scaling(
    name: str | None,
    features: Features,
    weights: npt.NDArray[np.float64],
    image_shape: Sequence[int],
) -> Scaling:
    """Find the scale of features, from those of the training.

    Args:
        name: one of ``SCALINGS``; None for ``none``.
        features: ``[n, features]``.
        weights: of the rows, ``[n]``.
        image_shape: of a row as the network sees it.

    Raises:
        InputError: the name is unknown.
    """
    name = "none" if name is None else name
    if name not in SCALINGS:
        raise InputError(f"scaling: {name!r}; give {', '.join(SCALINGS[:-1])} or {SCALINGS[-1]}")
    if name == "none":
        return Scaling("none")
    levels = Levels.of([features], "X")
    known = recognize(levels)
    is_image = len(image_shape) > 1 or (_side(features.shape[1]) and known)
    if name == "pixels" or (name == "auto" and is_image):
        values = known or ValueRange(levels.low, max(levels.high, np.nextafter(levels.low, np.inf)))
        return Scaling("pixels", values.low, WHITE / (values.high - values.low), values)
    mean = np.average(features, axis=0, weights=weights)
    deviation = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weights))
    constant = deviation <= 10 * np.finfo(np.float64).eps * np.abs(mean)
    return Scaling("standard", mean, 1 / np.where(constant, 1, deviation))


def find_image_shape(recipe: Recipe, features: int, given: Sequence[int] | None) -> tuple[int, ...]:
    """Find the shape of a row as the network sees it: of an image, or ``(features,)``.

    Args:
        recipe: of the network.
        features: number of features.
        given: the shape of an image, if the user gives it.

    Raises:
        InputError: it has another number of features, or the network takes images and the
            features are no square.

    Example:
        >>> from tenfold.networks.recipes import recipe
        >>> [find_image_shape(recipe(name), 64, None) for name in ("quick", "logistic")]
        [(8, 8), (64,)]
    """
    if given is not None:
        shape = tuple(given)
        if len(shape) not in (2, 3) or prod(shape) != features:
            raise InputError(
                f"image_shape: {shape}; X has {features} features: give (height, width) or "
                "(height, width, 3) with this product"
            )
        return shape[:2] if shape[2:] == (1,) else shape
    side = _side(features)
    arguments = recipe.arguments
    is_dense = recipe.network == "dense"
    prepares = recipe.augmentation or arguments.get("crop") or arguments.get("standardize")
    prepares = prepares or recipe.tta != "none"
    if is_dense and not prepares:
        return (features,)
    if side:
        return (side, side)
    if is_own_network(recipe.network):
        return (features,)
    raise InputError(
        f"recipe {recipe.name} takes images, and {features} features are no square image from 8x8 "
        "up; give image_shape=(height, width), or a recipe of dense layers without augmentation"
    )


def _side(features: int) -> int:
    """The side of a square image of so many pixels, from 8; 0 if there is none."""
    side = isqrt(features)
    return side if side * side == features and side >= MIN_IMAGE_SIDE else 0
