"""How each of Keras's layers and operations is written in ONNX."""

from tenfold.export.layers import arithmetic, images, shapes, weighted  # noqa: F401
from tenfold.export.layers.table import emit

__all__ = ["emit"]
