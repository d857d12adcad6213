"""What Keras's TensorBoard callback takes from TensorFlow, written with tensorboardX instead.

Keras 3 imports ``tensorflow.summary`` to write scalars, histograms and pictures, whatever its
backend is. Source: ``keras.callbacks.TensorBoard`` of Keras 3.15.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.backend import keras

_PICTURES = 3
"""Pictures of one summary, as in TensorFlow."""


def without_tensorflow(callbacks: Sequence[Any], model: keras.Model) -> None:
    """Let TensorBoard callbacks write without TensorFlow, unless the user has imported it.

    Args:
        callbacks: of Keras.
        model: whose layers they show as a graph.
    """
    for callback in callbacks:
        own = isinstance(callback, keras.callbacks.TensorBoard)
        if own and callback._summary_module is None and "tensorflow" not in sys.modules:
            callback._summary_module = module = SummaryModule()
            Path(callback.log_dir).mkdir(parents=True, exist_ok=True)
            if callback.write_graph:
                module.pending = model
                callback.write_graph = False  # else it imports TensorFlow


class SummaryModule:
    """The functions of ``tensorflow.summary`` that the callback calls.

    Attributes:
        pending: a model to write as a graph into the first event file.
    """

    def __init__(self) -> None:
        self.pending: keras.Model | None = None
        self._writers: list[tuple[Writer, int | None]] = []
        self._conditions: list[Callable[[], bool]] = []

    def create_file_writer(self, folder: str) -> Writer:
        """Return a writer of event files into a folder."""
        writer = Writer(self, folder)
        if self.pending is not None:
            writer.add(_graph(self.pending), 0)
            self.pending = None
        return writer

    @contextmanager
    def default(self, writer: Writer, step: int | None) -> Iterator[None]:
        """Write to a writer during a block."""
        self._writers.append((writer, step))
        try:
            yield
        finally:
            self._writers.pop()

    @contextmanager
    def record_if(self, condition: Callable[[], bool]) -> Iterator[None]:
        """Write during a block only if a condition holds."""
        self._conditions.append(condition)
        try:
            yield
        finally:
            self._conditions.pop()

    def scalar(self, name: str, value: Any, step: Any = None) -> None:
        """Write a number."""
        from tensorboardX.proto.summary_pb2 import Summary

        self._add(lambda: [Summary.Value(tag=name, simple_value=float(value))], step)

    def histogram(self, name: str, values: Any, step: Any = None) -> None:
        """Write the distribution of numbers, unless there are none or one is not finite."""
        from tensorboardX.summary import histogram

        array = np.asarray(values, np.float64).ravel()
        if array.size and np.isfinite(array.sum()):
            self._add(lambda: histogram(name, array, "auto").value, step)

    def image(self, name: str, images: Any, step: Any = None) -> None:
        """Write the first of some pictures ``[n, height, width, channels]`` in [0, 1]."""
        from tensorboardX.summary import image

        pictures = np.clip(np.asarray(images[:_PICTURES], np.float32), 0, 1)
        tags = [f"{name}/{i}" if i else name for i in range(len(pictures))]
        for tag, picture in zip(tags, pictures, strict=True):
            values = image(tag, picture, dataformats="HWC").value
            self._add(partial(list, values), step)

    def trace_on(self, **_: Any) -> None:
        """There is no graph of TensorFlow to trace; Keras profiles JAX by itself."""

    trace_export = trace_on

    def _add(self, make: Callable[[], Any], step: Any) -> None:
        if self._writers and all(condition() for condition in self._conditions):
            writer, default = self._writers[-1]
            writer.add(make(), int(step if step is not None else default or 0))


class Writer:
    """An event file in a folder, made when something is first written."""

    def __init__(self, module: SummaryModule, folder: str) -> None:
        self._module, self._folder = module, folder
        self._file: Any = None

    def as_default(self, step: int | None = None) -> Any:
        """Write to it during a block."""
        return self._module.default(self, step)

    def add(self, values: Any, step: int) -> None:
        """Write values of one step."""
        from tensorboardX import FileWriter
        from tensorboardX.proto.summary_pb2 import Summary

        self._file = self._file or FileWriter(self._folder)
        self._file.add_summary(Summary(value=values), step)

    def flush(self) -> None:
        """Write what is buffered."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Write what is buffered, and close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _graph(model: keras.Model) -> list[Any]:
    """The layers of a model, for TensorBoard's tab of graphs."""
    from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboardX.proto.tensor_pb2 import TensorProto

    try:
        layers = model.to_json().encode()
    except Exception:  # whatever a layer of the user raises: the graph is a picture only
        return []
    plugin = SummaryMetadata.PluginData(plugin_name="graph_keras_model", content=b"1")
    tensor = TensorProto(dtype="DT_STRING", string_val=[layers])
    return [Summary.Value(tag="keras", tensor=tensor, metadata=SummaryMetadata(plugin_data=plugin))]
