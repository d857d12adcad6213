"""Segmentation: an ink mask -> one component per digit, by rules of shape.

components  connected components, joined fragments, specks removed
borders     components that the border of the picture clips
cutting     cuts of least ink; components that are too wide are split
rules       all of these in order: ``segment``, the detector
"""

from tenfold.handwriting.segmentation.components import Component
from tenfold.handwriting.segmentation.rules import Segmentation, segment

__all__ = ["Component", "Segmentation", "segment"]
