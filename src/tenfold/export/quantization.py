"""Integers in the place of float32: weights and activations of eight bits.

Activations get fixed ranges, from training images. Ranges taken anew from whatever is asked at
once would let an image's answer depend on its company, and cost more time with convolutions.

Source: Jacob et al., "Quantization and training of neural networks for efficient
integer-arithmetic-only inference" (2018).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.export.graph import INPUT, PRODUCER
from tenfold.export.network import as_model

if TYPE_CHECKING:
    import onnx

RANGED, BATCH = 1000, 100
"""Training images that the ranges are taken from, and how many at once."""


class _Batches:
    """Training images, spread evenly over all, as ONNX Runtime asks for them."""

    def __init__(self, images: npt.NDArray[np.uint8]) -> None:
        spread = images[:: max(1, len(images) // RANGED)][:RANGED]
        self._batches: Iterator[npt.NDArray[np.uint8]] = (
            spread[start : start + BATCH] for start in range(0, len(spread), BATCH)
        )

    def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}


def quantise(model: onnx.ModelProto, images: npt.NDArray[np.uint8]) -> onnx.ModelProto:
    """The model with dense layers and convolutions in int8, a scale for each channel.

    Args:
        model: as ``tenfold.export.network.to_onnx`` makes it.
        images: of training, uint8 ``[n, height, width]``.
    """
    import onnx
    from onnxruntime import quantization

    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    # Says that shapes are known and nothing is to be optimised before, as is the case.
    whole.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    with tempfile.TemporaryDirectory(prefix="tenfold-") as folder:
        path = Path(folder) / "int8.onnx"
        reader: Any = _Batches(images)
        quantization.quantize_static(
            whole,
            path,
            reader,
            per_channel=True,
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
        )
        found = onnx.load(path)
    return as_model(_bare(found.graph))


def _bare(graph: onnx.GraphProto) -> onnx.GraphProto:
    """A graph without the names and shapes that only tools read, its numbers as plain bytes."""
    from onnx import numpy_helper

    graph.name = PRODUCER
    graph.ClearField("value_info")
    for node in graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
    for constant in graph.initializer:
        constant.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(constant), constant.name))
    return graph
