"""Conversion of Keras's layers and operations to ONNX, one decorated function each.

Layers without a function are traced by JAX (``traced``), and each operation of JAX is converted
(``primitives`` and ``products``, on ``values``).

``registry`` holds the table and converts whole networks; the other modules fill it.
"""

from tenfold.export.layers import (  # noqa: F401 - each fills the registry
    arithmetic,
    dense,
    images,
    normalization,
    products,
    shapes,
)
from tenfold.export.layers.registry import emit

__all__ = ["emit"]
