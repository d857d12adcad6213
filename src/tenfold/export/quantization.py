"""Static quantization to int8, with one scale per channel of the weights.

The ranges of activations are fixed, from training images. Dynamic ranges would let the result
for an image depend on the other images of its batch, and are slower for convolutions.

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

RANGE_IMAGES, BATCH = 1000, 100
"""Training images that set the ranges of activations, and the size of a batch."""


class _Batches:
    """Evenly spaced training images, in the interface of ONNX Runtime's calibration reader."""

    def __init__(self, images: npt.NDArray[np.uint8]) -> None:
        spaced = images[:: max(1, len(images) // RANGE_IMAGES)][:RANGE_IMAGES]
        self._batches: Iterator[npt.NDArray[np.uint8]] = (
            spaced[start : start + BATCH] for start in range(0, len(spaced), BATCH)
        )

    def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}


def quantize(model: onnx.ModelProto, images: npt.NDArray[np.uint8]) -> onnx.ModelProto:
    """Return the model with dense and convolution layers in int8.

    Args:
        model: of ``tenfold.export.network.to_onnx``; not changed.
        images: training images, uint8 ``[n, height, width]``.
    """
    import onnx
    from onnxruntime import quantization

    source = onnx.ModelProto()
    source.CopyFrom(model)
    # States that shapes are inferred and the graph is optimized, else a warning is logged.
    source.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    with tempfile.TemporaryDirectory(prefix="tenfold-") as folder:
        path = Path(folder) / "int8.onnx"
        reader: Any = _Batches(images)
        quantization.quantize_static(
            source,
            path,
            reader,
            per_channel=True,
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
        )
        quantized = onnx.load(path)
    return as_model(_simplified(quantized.graph))


def _simplified(graph: onnx.GraphProto) -> onnx.GraphProto:
    """Remove names and shapes that only tools read, and store initializers as raw bytes."""
    from onnx import numpy_helper

    graph.name = PRODUCER
    graph.ClearField("value_info")
    for node in graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
    for item in graph.initializer:
        item.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(item), item.name))
    return graph
