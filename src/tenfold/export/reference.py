"""The reference page of the model file, ``docs/reference/model-file.md``.

``python -m tenfold.export.reference > docs/reference/model-file.md`` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import groupby

from tenfold.export.graph import INPUT, IR_VERSION, OPSET, OUTPUT
from tenfold.export.layers.activations import ACTIVATIONS
from tenfold.export.layers.registry import LAYERS, OPERATIONS, Converter
from tenfold.export.model_file import FORMAT

METADATA = {
    "format": f"version of this list, {FORMAT}; a reader refuses newer versions",
    "tenfold": "version of tenfold that wrote the file",
    "class_names": "class names in the order of the probabilities",
    "image_shape": "height and width of the images in pixels",
    "border": "mean gray level at the border of training images, to detect inverted images",
    "numbers": "`float32` or `int8`",
    "seeds": "seed of each network",
    "temperatures": "calibration temperature of each network",
    "threshold": "`value`: the confidence from which a prediction is accepted; `error_rate` among "
    "accepted images that it ensures; `accepted`, `errors` and `n`: counts of images that it was "
    "chosen on; or null",
    "threshold_note": "why there is no threshold",
    "scores": "by split and metric: `value`, `low` and `high` of the 95 % interval, and `n`",
    "recipe": "the recipe, as in `run.json`",
    "continued": "whether the training started from trained networks",
    "protocol": "`held-out` or `published`",
    "data": "name, sizes and checksums of the splits",
    "trained": "when the training started",
    "versions": "versions of Python and packages in training",
    "sha256": "the seal",
}
"""Meaning of the entries of the metadata, by key."""

_INTRODUCTION = f"""\
# Model file

`tenfold export` writes one self-contained ONNX file (opset {OPSET}, IR version {IR_VERSION}).
`tenfold.Predictor` and `tenfold serve` load it with NumPy and ONNX Runtime only; every other ONNX
runtime loads it too. The module `tenfold.export.reference` generates this page.

| tensor | type | shape | content |
| --- | --- | --- | --- |
| input `{INPUT}` | uint8 | `[n, height, width]` | gray levels, ink light on dark as in MNIST |
| output `{OUTPUT}` | float32 | `[n, classes]` | calibrated probabilities |

The graph contains everything between them: scaling of the pixels, the networks, a softmax for
networks trained on logits, the calibration temperature of each network, and their mean. Before
the file is moved into place, it is reopened and its probabilities are compared with those of
Keras on 1,000 images; they may differ by 1e-5. A temperature below 1 amplifies rounding
differences by its inverse, and the tolerance with them. `--int8` quantizes weights (per channel)
and activations (static ranges from training images), and measures the change of accuracy on
validation images.

## Metadata

Values are JSON. The copies of a run's networks, `models/seed-*.onnx`, have `format` and
`sha256` only.

"""

_SEAL = """
## Seal

The last 78 bytes of a file are the metadata entry `sha256`: the SHA-256 of all bytes before it. It
detects damage, not forgery. Before ONNX Runtime opens a file, tenfold verifies the seal and refuses
external data, custom operators, functions and subgraphs, so a file can neither read other files nor
run anything but ONNX's operators. Files over 1 GiB are refused.

## Weights

The initializer of a weight has a name such as `network0/Dense_1/kernel`: index of the network,
class of the layer, index of the layer among those of its class, and variable. Fine-tuning reads
them back. Their layout is that of ONNX: kernels of convolutions are `[out, in, height, width]`,
and the rows of a dense kernel after a convolution are in channels-first order. Batch
normalization is one factor and one offset a channel, stored as `gamma` and `beta`; its statistics
are merged into them. Files without such names, written by earlier versions, are read by the order
of their nodes.

## Layers

These layers of `keras.layers` are exported, in Sequential and functional models, nested or shared;
any other layer is refused by name. [Add an ONNX layer](../how-to/add-an-onnx-layer.md) extends
the table.

"""


def markdown() -> str:
    """Return the page."""
    metadata = [(f"`{key}`", meaning) for key, meaning in METADATA.items()]
    activations = ", ".join(f"`{name}`" for name in sorted(ACTIVATIONS))
    return (
        _INTRODUCTION
        + _table(("key", "value"), metadata)
        + _SEAL
        + _table(("layers", "export"), _converters(LAYERS))
        + "\n## Operations\n\n"
        + _table(("operations in functional models", "export"), _converters(OPERATIONS))
        + "\n## Activations\n\nAs a function, a layer or an operation, in any spelling "
        f"(`leaky_relu`, `LeakyReLU`):\n\n{activations}.\n"
    )


def _converters(table: Mapping[str, Converter]) -> list[tuple[str, str]]:
    """The names that share a converter, and its summary."""
    return [
        (", ".join(f"`{name}`" for name, _ in items), (converter.__doc__ or "").partition("\n")[0])
        for converter, items in groupby(table.items(), key=lambda item: item[1])
    ]


def _table(header: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    return "".join(f"| {left} | {right} |\n" for left, right in [header, ("---", "---"), *rows])


if __name__ == "__main__":
    sys.stdout.write(markdown())
