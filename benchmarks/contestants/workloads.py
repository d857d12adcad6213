"""The networks that every contestant trains, as data from which any library can build them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dense:
    """A fully connected layer with its activation."""

    units: int
    activation: str


@dataclass(frozen=True)
class Dropout:
    """Sets this fraction of its inputs to zero in training."""

    rate: float


@dataclass(frozen=True)
class Convolution:
    """A 3x3 convolution without padding, then relu."""

    filters: int


@dataclass(frozen=True)
class MaxPool:
    """The maximum over 2x2 windows; an odd last row or column is dropped."""


@dataclass(frozen=True)
class Flatten:
    """Joins all axes except the first."""


Layer = Dense | Dropout | Convolution | MaxPool | Flatten


@dataclass(frozen=True)
class Workload:
    """A network and its training, as in its tutorial.

    The other settings are Keras's defaults: a learning rate of 0.001, for rmsprop a decay of 0.9.
    """

    layers: tuple[Layer, ...]
    optimizer: str
    batch_size: int
    sparse_labels: bool = False

    @property
    def is_dense(self) -> bool:
        """Whether the input is [784] rather than [28, 28, 1]."""
        return not any(isinstance(layer, Convolution) for layer in self.layers)


CLASSES = Dense(10, "softmax")

WORKLOADS = {
    "logistic": Workload((CLASSES,), "adam", 32),
    "dense-47": Workload((Dense(47, "relu"), CLASSES), "adam", 32),
    "dropout": Workload(
        (
            Dense(64, "elu"),
            Dropout(0.9),
            Dense(128, "relu"),
            Dropout(0.7),
            Dense(32, "elu"),
            CLASSES,
        ),
        "adam",
        32,  # Keras's default; the tutorial does not say
    ),
    "dense-512": Workload((Dense(512, "relu"), CLASSES), "rmsprop", 128),
    "dense-256": Workload((Dense(256, "relu"), CLASSES), "rmsprop", 128, sparse_labels=True),
    "sigmoid-64": Workload((Dense(64, "sigmoid"), CLASSES), "adam", 128),
    "cnn": Workload(
        (
            Convolution(32),
            MaxPool(),
            Convolution(64),
            MaxPool(),
            Flatten(),
            Dropout(0.5),
            CLASSES,
        ),
        "adam",
        128,
    ),
}
