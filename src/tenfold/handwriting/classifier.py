"""Classify crops of digits, and score how likely each crop is one digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tenfold.core.assets import READER
from tenfold.data.synthetic import REJECT_CLASS
from tenfold.export.model_view import View, view_of
from tenfold.export.predictor import Predictor
from tenfold.handwriting.segmentation import Component
from tenfold.handwriting.time_budget import in_time

Crops = NDArray[np.uint8]
Probabilities = NDArray[np.float32]
Crop = Callable[[Component], Crops]
"""The crop of a component: uint8 [28, 28]."""

_USUAL_ASPECT = 0.7  # width by height of digits; wider components are less likely one digit,
_ASPECT_SD = 0.25  # by a normal distribution of this standard deviation
_MIN_PROBABILITY = 1e-4  # limits the cost of one crop
_BATCH = 64  # crops, between which the time is looked at


@dataclass(frozen=True, eq=False)
class Classifier:
    """Predicts the class of crops.

    Attributes:
        predict: crops uint8 ``[n, 28, 28]`` -> probabilities float32 ``[n, classes]``.
        reject: index of the reject class ("no digit"), or None.
    """

    predict: Callable[[Crops], Probabilities]
    reject: int | None = None

    @classmethod
    def from_predictor(cls, predictor: Predictor) -> Classifier:
        """Return a classifier with a predictor's classes, in their order.

        Crops are turned and inverted as the predictor's training images were.
        """
        predictor.require_one_class("read")
        names = predictor.class_names
        view = View() if predictor.path == READER else view_of(predictor)
        known: dict[bytes, Probabilities] = {}  # one crop is often asked for several times

        def predict(crops: Crops) -> Probabilities:
            keys = [crop.tobytes() for crop in crops]
            new = {key: crop for key, crop in zip(keys, crops, strict=True) if key not in known}
            if new:
                rows = predictor(view.apply(np.stack(list(new.values()))), pixels="byte")
                known.update(zip(new, rows, strict=True))
            return np.stack([known[key] for key in keys])

        return cls(predict, names.index(REJECT_CLASS) if REJECT_CLASS in names else None)

    def classify(self, components: Sequence[Component], crop: Crop) -> Classified:
        """Classify components in batches; when the time is up, those that follow are left out.

        Args:
            components: at least one.
            crop: makes the crop of a component.
        """
        batches = [components[i : i + _BATCH] for i in range(0, len(components), _BATCH)]
        classified = []
        for batch in in_time(batches):
            crops = np.stack([crop(component) for component in batch])
            classified.append(Classified(list(batch), crops, self.predict(crops), self.reject))
        return concatenate(classified)


@dataclass(frozen=True, eq=False)
class Classified:
    """Components, each taken as one digit, and their probabilities.

    Attributes:
        components: n components.
        crops: uint8 ``[n, 28, 28]``.
        probabilities: float32 ``[n, classes]``.
        reject: index of the reject class, or None.
    """

    components: list[Component]
    crops: Crops
    probabilities: Probabilities
    reject: int | None

    @property
    def confidence(self) -> NDArray[np.float32]:
        """Probability of the most probable digit, the reject class excluded: ``[n]``."""
        digits = self.probabilities
        if self.reject is not None:
            digits = np.delete(digits, self.reject, axis=1)
        confidence: NDArray[np.float32] = digits.max(axis=1)
        return confidence

    @property
    def costs(self) -> NDArray[np.float64]:
        """Negative log likelihood that each component is one digit, by class and aspect: [n]."""
        shape = [aspect_cost(component) for component in self.components]
        costs: NDArray[np.float64] = np.array(shape) - np.log(
            np.maximum(self.confidence, _MIN_PROBABILITY)
        )
        return costs

    def select(self, indices: Sequence[int]) -> Classified:
        """Return the components at these indices."""
        chosen = list(indices)
        return replace(
            self,
            components=[self.components[i] for i in chosen],
            crops=self.crops[chosen],
            probabilities=self.probabilities[chosen],
        )


def concatenate(groups: Sequence[Classified]) -> Classified:
    """Return several groups of one classifier as one."""
    return Classified(
        [component for group in groups for component in group.components],
        np.concatenate([group.crops for group in groups]),
        np.concatenate([group.probabilities for group in groups]),
        groups[0].reject,
    )


def aspect_cost(component: Component) -> float:
    """Return the negative log likelihood of a component's aspect ratio for one digit."""
    excess = max(0.0, component.width / component.height - _USUAL_ASPECT)
    return 0.5 * (excess / _ASPECT_SD) ** 2
