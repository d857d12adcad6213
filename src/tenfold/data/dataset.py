"""Datasets: images with labels and class names, and their train, validation and test splits."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.core.image_shape import ImageShape, size_text
from tenfold.data.array_types import Images, Index, Labels
from tenfold.data.checksums import checksum, digests
from tenfold.data.frozen import frozen
from tenfold.data.lazy_images import select
from tenfold.data.multi_label import OneClassOrSeveral, class_counts, label_texts
from tenfold.data.origin import Origin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pair = tuple[Images, Labels]

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(OneClassOrSeveral):
    """Immutable images with labels; the arrays are read-only.

    Wherever NumPy takes an array, a dataset is its images.

    Args:
        images: [n, height, width], [n, height, width, 1] or [n, pixels] of square images, as an
            array, a DataFrame or a list: integers 0 to 255, booleans, or floats in [0, 1].
        labels: [n] whole numbers or text, or rows of 0 and 1, [n, classes]: one-hot, or with
            several labels an image.
        class_names: one name a class, in the order of the labels; without them, the labels
            themselves.
        name: for titles and reports.
        multi_label: whether an image may have several labels, or none; None to see from rows.

    Attributes:
        images: uint8 [n, height, width] if grey, [n, height, width, 3] if coloured, 0 to 255. A
            selection of more than 512 MiB stays memory-mapped (`LazyImages`) and is read when
            indexed.
        labels: int64 [n], 0 to classes - 1; if `multi_label`, uint8 [n, classes] of 0 and 1.
        class_names: of every class.
        name: for titles and reports.
        multi_label: whether an image may have several labels, or none.

    Raises:
        InputError: an array has another type or shape, labels do not match images or class
            names, or class names repeat.

    Examples:
        >>> import numpy as np
        >>> data = Dataset(np.zeros((3, 784)), ["on", "off", "on"])
        >>> len(data), data.shape, data.counts()
        (3, (3, 28, 28), {'off': 1, 'on': 2})
        >>> data[1:].labels
        array([0, 1])
        >>> image, label = data[0]
    """

    images: Images
    labels: Labels
    class_names: tuple[str, ...] = ()
    name: str = "dataset"
    multi_label: bool | None = None

    def __post_init__(self) -> None:
        images, labels, names = frozen(self.images, self.labels, self.class_names, self.multi_label)
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "class_names", names)
        object.__setattr__(self, "multi_label", labels.ndim == 2)

    def __len__(self) -> int:
        return len(self.labels)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the images, for NumPy and all that take an array."""
        images = np.asarray(self.images[:], dtype)
        return images.copy() if copy else images

    @overload
    def __getitem__(self, index: Index) -> Dataset: ...

    @overload
    def __getitem__(self, index: int) -> tuple[Images, Any]: ...

    def __getitem__(self, index: Index | int) -> Dataset | tuple[Images, Any]:
        """Return the selection of a slice, an index array or a mask; of a number image and label.

        Examples:
            >>> from tenfold.data import load
            >>> test = load("mnist").test
            >>> sevens = test[test.labels == 7]
            >>> len(sevens), test[[0, 17]].labels
            (1028, array([7, 7]))
        """
        if isinstance(index, (int, np.integer)):
            label = self.labels[index]
            return self.images[index], label if self.multi_label else int(label)
        selection = index if isinstance(index, slice) else np.asarray(index)
        images = select(self.images, selection)
        labels = self.labels[selection]
        return Dataset(images, labels, self.class_names, self.name, self.multi_label)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of images, height, width, and 3 channels if they are coloured."""
        return self.images.shape

    @property
    def image_shape(self) -> ImageShape:
        """Height and width of an image, and 3 channels if it is coloured."""
        return self.images.shape[1:]

    def counts(self) -> dict[str, int]:
        """Return the number of images of each class, in the order of the labels."""
        counts = class_counts(self.labels, len(self.class_names))
        return dict(zip(self.class_names, counts.tolist(), strict=True))

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of shape, images and labels, in hexadecimal; the same on every platform."""
        return checksum(self.images, self.labels)

    @cached_property
    def digests(self) -> NDArray[np.str_]:
        """Identifier of each image that does not depend on its index: str [n].

        The first 16 hexadecimal digits of the SHA-256 of an image's shape and pixels.

        Examples:
            >>> from tenfold.data import load
            >>> load("mnist").test[:2].digests.tolist()
            ['6732afca7d626dd6', '9635b5febf10645d']
        """
        return digests(self.images)

    def arrays(self) -> Pair:
        """Return copies of images and labels, to change at will.

        Examples:
            >>> from tenfold.data import load
            >>> x, y = load("mnist").test.arrays()
            >>> x.shape, y[:3]
            ((10000, 28, 28), array([7, 2, 1]))
        """
        return np.array(self.images[:]), np.array(self.labels)

    def scaled(self, flat: bool = False) -> NDArray[np.float32]:
        """Return the images as float32 in [0, 1], in their shape or as [n, pixels] if `flat`.

        Examples:
            >>> from tenfold.data import load
            >>> x = load("mnist").test[:100].scaled(flat=True)
            >>> x.shape, x.dtype, float(x.max())
            ((100, 784), dtype('float32'), 1.0)
        """
        scaled = np.divide(self.images, np.float32(255), dtype=np.float32)
        return scaled.reshape(len(self), -1) if flat else scaled

    def one_hot(self) -> NDArray[np.float32]:
        """Return the labels as float32 [n, classes], one-hot unless `multi_label`.

        Examples:
            >>> from tenfold.data import load
            >>> load("mnist").test[:1].one_hot()
            array([[0., 0., 0., 0., 0., 0., 0., 1., 0., 0.]], dtype=float32)
        """
        if self.multi_label:
            return self.labels.astype(np.float32)
        return np.eye(len(self.class_names), dtype=np.float32)[self.labels]

    def label_texts(self, selection: Index) -> list[str]:
        """Return the class of each selected image by name; of several labels, all.

        Examples:
            >>> rows = np.array([[1, 1], [0, 1]])
            >>> Dataset(np.zeros((2, 28, 28)), rows, ("cat", "dog")).label_texts(slice(None))
            ['cat, dog', 'dog']
        """
        return label_texts(self.labels[selection], self.class_names)

    @property
    def encoding(self) -> str:
        """How a network's loss gets the labels: as rows that are ``given``, or by ``index``."""
        return "given" if self.multi_label else "index"

    def gallery(self, rows: int = 5, columns: int = 10, seed: int | None = None) -> Figure:
        """Draw images in a grid with their labels.

        Args:
            rows: of the grid.
            columns: of the grid.
            seed: draw images at random; None for the first ones.

        Examples:
            >>> from tenfold.data import load
            >>> figure = load("mnist").test.gallery(rows=1, columns=3, seed=4)
        """
        from tenfold import figures

        count = min(rows * columns, len(self))
        indices = np.arange(count)
        if seed is not None:
            indices = np.random.default_rng(seed).choice(len(self), count, replace=False)
        titles = self.label_texts(indices)
        return figures.gallery(self.images[indices], titles=titles, columns=columns)

    def _summary(self) -> str:
        size = size_text(self.image_shape)
        return f"{self.name}: {len(self):,} images {size}, {self.classes_text}"

    @property
    def classes_text(self) -> str:
        """The number of classes in words, such as 10 classes."""
        count = len(self.class_names)
        return f"{count} labels, several an image" if self.multi_label else f"{count} classes"

    def __repr__(self) -> str:
        return f"<Dataset {self._summary()}>"

    def _repr_html_(self) -> str:
        return _html(self._summary(), self)


@dataclass(frozen=True, eq=False, repr=False)
class Splits:
    """The train, validation and test splits of a dataset.

    Attributes:
        name: name of the dataset, or of the file or folder.
        train: images to train on.
        validation: images held out of train, for choosing models and settings; None if none are.
        test: images for the final evaluation; None if there are none.
        source: description of where the data come from, for the record.
        validation_seed: seed of the draw of the validation images.
        origin: arguments of `load`; None for splits made in Python.
        pixels: the values of black and white before the images were converted to 0 to 255.

    Examples:
        >>> from tenfold.data import load
        >>> load("mnist")
        <Splits mnist: train 55,000, validation 5,000, test 10,000 images 28x28, 10 classes>
    """

    name: str
    train: Dataset
    validation: Dataset | None
    test: Dataset | None
    source: str
    validation_seed: int
    origin: Origin | None = None
    pixels: str = "0..255"

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels."""
        return self.train.class_names

    @property
    def image_shape(self) -> ImageShape:
        """Height and width of an image, and 3 channels if it is coloured."""
        return self.train.image_shape

    def present(self) -> dict[str, Dataset]:
        """Return the splits that are not None, by name.

        Examples:
            >>> from tenfold.data import load
            >>> {name: len(split) for name, split in load("mnist").present().items()}
            {'train': 55000, 'validation': 5000, 'test': 10000}
        """
        splits = {name: getattr(self, name) for name in SPLITS}
        return {name: split for name, split in splits.items() if split is not None}

    def arrays(self, *splits: str) -> tuple[Pair, ...]:
        """Return images and labels of splits, as copies.

        Args:
            splits: their names; by default train and test. Validation images are not among those
                of train: `load(..., validation=0)` holds none out.

        Raises:
            InputError: a split is unknown or not there.

        Examples:
            >>> from tenfold.data import load
            >>> (x_train, y_train), (x_test, y_test) = load("mnist", validation=0).arrays()
            >>> x_train.shape, y_test.shape
            ((60000, 28, 28), (10000,))
        """
        return tuple(self.split(name).arrays() for name in splits or ("train", "test"))

    def split(self, name: str) -> Dataset:
        """Return a split by name.

        Raises:
            InputError: it is unknown or not there.
        """
        present = self.present()
        if name not in present:
            raise InputError(
                f"split: no {name}; there are {', '.join(present)}; give another split"
            )
        return present[name]

    def _summary(self) -> str:
        sizes = ", ".join(f"{name} {len(split):,}" for name, split in self.present().items())
        size = size_text(self.image_shape)
        return f"{self.name}: {sizes} images {size}, {self.train.classes_text}"

    def __repr__(self) -> str:
        return f"<Splits {self._summary()}>"

    def _repr_html_(self) -> str:
        return _html(self._summary(), self.train)


def _html(summary: str, dataset: Dataset) -> str:
    """Return a summary and a gallery for notebooks."""
    from tenfold import figures

    line = f"<p>{html.escape(summary)}</p>"
    if not len(dataset):
        return line
    return line + figures.to_html(dataset.gallery(rows=3), summary)
