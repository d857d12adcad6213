"""How each of Keras's layers and operations is written in ONNX."""

from tenfold.graphs.layers import arithmetic, images, shapes, weighted  # noqa: F401
from tenfold.graphs.layers.table import emit

__all__ = ["emit"]
