"""The networks every contestant trains, as plain data that any library can build from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dense:
    """A fully connected layer with its activation."""

    units: int
    activation: str


@dataclass(frozen=True)
class Dropout:
    """Sets this share of its inputs to zero while training."""

    rate: float


@dataclass(frozen=True)
class Convolution:
    """A 3x3 convolution without padding, then relu."""

    filters: int


@dataclass(frozen=True)
class MaxPool:
    """The maximum over 2x2 windows; an odd last row or column falls away."""


@dataclass(frozen=True)
class Flatten:
    """All axes but the first become one."""


Layer = Dense | Dropout | Convolution | MaxPool | Flatten


@dataclass(frozen=True)
class Workload:
    """A network and how it is trained, as its tutorial has it.

    Learning rates and the rest are Keras's defaults: 0.001, and for rmsprop a decay of 0.9.
    """

    layers: tuple[Layer, ...]
    optimizer: str
    batch_size: int
    sparse_labels: bool = False

    @property
    def is_dense(self) -> bool:
        """Whether images come in as 784 numbers rather than as 28 x 28 x 1."""
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
        32,  # the tutorial does not give it: Keras's default
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
