"""A workload as a compiled Keras model, and the callback that times each epoch of `fit`."""

import time

import keras

from contestants.workloads import (
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool,
    Workload,
)


class EpochClock(keras.callbacks.Callback):
    """Reads the clock at the end of every epoch, after the loss has been computed."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[float] = []

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Start the clock."""
        self.ends = [time.perf_counter()]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Wait for the loss, then read the clock."""
        float(logs["loss"])
        self.ends.append(time.perf_counter())

    @property
    def seconds(self) -> list[float]:
        """Seconds from the end of one epoch to the end of the next."""
        return [end - start for start, end in zip(self.ends[:-1], self.ends[1:], strict=True)]


def keras_layer(layer: Layer) -> keras.Layer:
    match layer:
        case Dense(units, activation):
            return keras.layers.Dense(units, activation=activation)
        case Dropout(rate):
            return keras.layers.Dropout(rate)
        case Convolution(filters):
            return keras.layers.Conv2D(filters, 3, activation="relu")
        case MaxPool():
            return keras.layers.MaxPooling2D(2)
        case Flatten():
            return keras.layers.Flatten()


def build(workload: Workload) -> keras.Model:
    shape = (784,) if workload.is_dense else (28, 28, 1)
    layers = [keras_layer(layer) for layer in workload.layers]
    model = keras.Sequential([keras.Input(shape), *layers])
    form = "sparse_categorical" if workload.sparse_labels else "categorical"
    model.compile(optimizer=workload.optimizer, loss=f"{form}_crossentropy", metrics=["accuracy"])
    return model
