"""``NetworkClassifier``: the network of a recipe as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.networks.recipes import Recipe
from tenfold.sklearn.features import find_image_shape, find_scaling
from tenfold.sklearn.parameters import OVERRIDES, resolve, with_fields
from tenfold.sklearn.shared import (
    LOCK,
    find_architecture,
    find_layers,
    find_pixels,
    padded,
    shared,
)

Labels = npt.NDArray[Any]


class NetworkClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A recipe's network as a scikit-learn classifier, trained by compiled epochs.

    It works with ``cross_val_score``, ``GridSearchCV``, ``Pipeline``, ``CalibratedClassifierCV``
    and ``pickle``. Fits of equal shape share one compiled program: folds of a cross-validation
    and values of a constant learning rate are compiled once.

    Features are any numbers, of images or not. How they are fed is decided by ``scaling`` from
    the training rows, and applied alike in prediction:

    - ``pixels``: one offset and one factor for all features, so that black and white are fed as
      0 and 1: of the ranges 0 to 1, 15, 16, 255 and 65535, -0.5 to 0.5 and -1 to 1, which are
      recognized, else of the smallest and largest value;
    - ``standard``: each feature less its mean, divided by its standard deviation;
    - ``none``: as they are;
    - ``auto``: ``pixels`` for images, ``standard`` for other features. Images are rows with an
      ``image_shape``, rows of a network that takes images, and squares of at least 8x8 features
      in a recognized range.

    Args:
        recipe: a recipe or its name, ``my_network.py:build``, or a function that returns a
            ``keras.Model``; None for one dense layer of 128 units, 40 epochs of batches of 32.
        image_shape: ``(height, width)`` or ``(height, width, 3)`` of a row, for networks with
            convolutions; by default of arrays ``[n, height, width, ...]``, or a square.
        scaling: ``auto``, ``pixels``, ``standard`` or ``none``.
        class_weight: weight in the loss by class, or ``balanced``. It is multiplied with
            ``sample_weight``.
        warm_start: ``fit`` begins with the weights of the fit before.
        random_state: of initial weights, order, dropout and augmentation.
        **fields: values of other fields of the recipe, such as ``epochs``, ``batch_size``,
            ``learning_rate``, ``hidden`` or ``shift``: see docs/reference/recipes.md. None is the
            value of the recipe.

    Attributes:
        classes_: the labels, sorted.
        n_features_in_: number of features.
        feature_names_in_: their names, of a DataFrame.
        recipe_: the ``Recipe`` with all values.
        image_shape_: of a row as the network sees it.
        scaling_: how features are fed.
        loss_curve_: the mean loss of each epoch.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> classifier = NetworkClassifier(epochs=10, random_state=0).fit(X[:1000], y[:1000])
        >>> classifier.score(X[1000:], y[1000:]) > 0.85
        True
    """

    image_shape_: Any
    _optimizer: Any

    @with_fields
    def __init__(
        self,
        recipe: str | Recipe | Callable[[], keras.Model] | None = None,
        *,
        image_shape: Sequence[int] | None = None,
        scaling: str | None = "auto",
        class_weight: Mapping[Any, float] | str | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        **fields: Any,
    ) -> None:
        for name in fields:
            if name not in OVERRIDES:
                raise TypeError(f"NetworkClassifier has no parameter {name!r}")
        self.recipe = recipe
        self.image_shape = image_shape
        self.scaling = scaling
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state
        for name in OVERRIDES:
            setattr(self, name, fields.get(name))

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train a network.

        Args:
            X: numbers ``[n, features]``, or images ``[n, height, width]`` or with channels.
            y: labels ``[n]``, numbers or words.
            sample_weight: of the rows in the loss, from 0; None for equal ones.

        Returns:
            The classifier.

        Raises:
            InputError: the recipe does not fit the data, there is one class only, or the loss
                became NaN.
        """
        goes_on = self.warm_start and hasattr(self, "_weights")
        rows, labels, weights = self._validated(X, y, sample_weight, reset=not goes_on)
        if not goes_on:
            self._start(rows, weights, np.unique(labels), resolve(self))
        self._optimizer = None
        self._train(rows, labels, weights, self.recipe_)
        self._optimizer = None
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train one epoch, at a constant learning rate; the first call begins a new network.

        The scale of features is that of the rows of the first call.

        Args:
            X: as for ``fit``.
            y: likewise.
            classes: all labels that will occur; required by the first call.
            sample_weight: as for ``fit``.

        Returns:
            The classifier.

        Raises:
            InputError: ``classes`` is missing in the first call, or a label is not among them.
        """
        is_first = not hasattr(self, "_weights")
        if is_first and classes is None:
            raise InputError("classes: missing; give all labels in the first call of partial_fit")
        if not is_first and classes is not None and set(np.unique(classes)) != set(self.classes_):
            raise InputError("classes: others than in the first call of fit or partial_fit")
        rows, labels, weights = self._validated(X, y, sample_weight, reset=is_first)
        if is_first:
            self._start(rows, weights, np.unique(classes), resolve(self))
        recipe = self.recipe_.replace(schedule="constant", warmup=0.0, ema=0.0, swa=0.0, epochs=1)
        self._train(rows, labels, weights, recipe)
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probabilities of the classes, ``[n, classes]`` in the order of ``classes_``.

        Args:
            X: as for ``fit``.
        """
        check_is_fitted(self)
        rows = validate_data(self, self._flat(X), reset=False)
        self.scaling_.warn_of_contradiction(rows)
        with LOCK:
            probabilities = shared(self._architecture).predict(
                self._weights, self.scaling_(rows).reshape(-1, *self.image_shape_)
            )
        exact: npt.NDArray[np.float64] = probabilities.astype(np.float64)
        exact /= exact.sum(axis=1, keepdims=True)
        return exact

    def predict(self, X: Any) -> Labels:
        """Return the most probable class of each row, ``[n]``.

        Args:
            X: as for ``fit``.
        """
        probabilities = self.predict_proba(X)
        found: Labels = self.classes_[probabilities.argmax(axis=1)]
        return found

    def _validated(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool
    ) -> tuple[Labels, Labels, npt.NDArray[np.float64]]:
        """Rows ``[n, features]``, labels and weights, those of the classes included."""
        flat = self._flat(X, reset=reset)
        rows, labels = validate_data(self, flat, y, reset=reset)
        check_classification_targets(labels)
        weights = _check_sample_weight(
            sample_weight, rows, dtype=np.float64, ensure_non_negative=True
        )
        if self.class_weight is not None:
            weights = weights * compute_sample_weight(self.class_weight, labels)
        if not weights.sum() > 0:
            raise InputError("sample_weight: the weights of all rows are 0; give some above 0")
        return rows, labels, weights

    def _flat(self, X: Any, *, reset: bool = False) -> Any:
        """Arrays of images as rows of pixels; their shape must be that of the training."""
        shape = tuple(getattr(X, "shape", ()))[1:]
        shape = shape[:2] if shape[2:] == (1,) else shape
        known = self.image_shape if reset else self.image_shape_
        if len(shape) > 1 and known is not None and tuple(known) != shape:
            raise InputError(f"X: images of shape {shape}; the classifier has {tuple(known)}")
        if reset:
            self.image_shape_ = shape if len(shape) > 1 else known
        return np.reshape(X, (len(X), -1)) if len(shape) > 1 else X

    def _start(
        self,
        rows: Labels,
        weights: npt.NDArray[np.float64],
        classes: Labels,
        resolved: tuple[Recipe, Callable[[int], keras.Model] | None],
    ) -> None:
        """Decide all that stays the same in further calls."""
        recipe, build = resolved
        if len(classes) < 2:
            raise InputError(
                f"y: one class, {classes.tolist()[0]!r}; give labels of at least two classes"
            )
        shape = find_image_shape(recipe, rows.shape[1], self.image_shape_)
        self.scaling_ = find_scaling(self.scaling, rows, weights, shape)
        if recipe.augmentation and self.scaling_.name != "pixels":
            raise InputError(
                f"recipe {recipe.name} augments images; scaling='pixels' is needed for that"
            )
        self.classes_, self.image_shape_, self.loss_curve_ = classes, shape, list[float]()
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        with LOCK:
            self._layers = find_layers(recipe, shape, build)
            if self.scaling_.name == "pixels":
                asked = find_architecture(recipe, self._layers, shape, len(classes), 0)
                pixels = find_pixels(asked)
            else:
                pixels = "byte"  # as they are
        self.recipe_ = recipe.replace(input_range=pixels)

    def _train(
        self,
        rows: Labels,
        labels: Labels,
        weights: npt.NDArray[np.float64],
        recipe: Recipe,
    ) -> None:
        """Train the epochs of a recipe, from the weights that there are."""
        count = len(self.classes_)
        numbers = np.searchsorted(self.classes_, labels).clip(max=count - 1)
        if (unknown := self.classes_[numbers] != labels).any():
            raise InputError(
                f"y: label {labels[unknown][0]!r} is not among the classes of the first call"
            )
        used = weights > 0  # a row without weight is as one that is not there
        self.scaling_.warn_of_contradiction(rows)
        scaled = self.scaling_(rows[used]).reshape(-1, *self.image_shape_)
        batch, done = recipe.batch_size, len(self.loss_curve_)
        data, mean_one = padded(scaled, numbers[used], weights[used], count, batch, self._seed)
        architecture = find_architecture(recipe, self._layers, self.image_shape_, count, len(data))
        with LOCK:
            self._weights, self._optimizer, losses = shared(architecture).train(
                data,
                mean_one,
                range(done, done + recipe.epochs),
                self._seed,
                recipe.learning_rate,
                getattr(self, "_weights", None) if done else None,
                self._optimizer if done else None,
            )
        self._architecture = architecture
        self.loss_curve_ += losses
