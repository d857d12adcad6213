"""Stand-in for ``keras.datasets``: the same four arrays, offline and verified.

A notebook written for Keras needs another import line and nothing else::

    from tenfold.keras_datasets import mnist

    (x_train, y_train), (x_test, y_test) = mnist.load_data()
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data import dataset_cache, sources

Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True)
class KerasDataset:
    """A dataset that loads as ``keras.datasets`` does.

    Attributes:
        name: as for ``tenfold.load``.
    """

    name: str

    def load_data(self, path: str | None = None) -> tuple[Arrays, Arrays]:
        """Return ``(x_train, y_train), (x_test, y_test)``: copies, which may be changed.

        Args:
            path: accepted as Keras accepts it, the name of its cache file, and not needed.

        Returns:
            Images uint8 ``[n, 28, 28]`` and labels uint8 ``[n]``, in the order of the original.
            No validation images are held out; ``tenfold.load`` does that.

        Raises:
            InputError: the data are neither in the package, nor installed, nor to be downloaded.

        Example:
            >>> (x_train, y_train), (x_test, y_test) = mnist.load_data()
            >>> x_train.shape, x_train.dtype, y_train[:5].tolist()
            ((60000, 28, 28), dtype('uint8'), [5, 0, 4, 1, 9])
        """
        source = sources.find(self.name)
        if source is None:
            raise sources.unknown_dataset(self.name)
        arrays = dataset_cache.load_arrays(source)
        (x_train, y_train), (x_test, y_test) = arrays["train"], arrays["test"]
        return (
            (x_train.copy(), y_train.astype(np.uint8)),
            (x_test.copy(), y_test.astype(np.uint8)),
        )


mnist = KerasDataset("mnist")
fashion_mnist = KerasDataset("fashion-mnist")


def __getattr__(name: str) -> KerasDataset:
    source = None if name.startswith("_") else sources.find(name)
    if source is not None:
        return KerasDataset(source.name)
    if name in _OTHERS:
        raise InputError(
            f"keras_datasets: no {name!r}; known are {', '.join(sources.names())}; load others "
            "from a file or folder with tenfold.load(PATH)"
        )
    raise AttributeError(f"module 'tenfold.keras_datasets' has no attribute {name!r}")


_OTHERS = ("boston_housing", "california_housing", "cifar10", "cifar100", "imdb", "reuters")
