"""Synthetic images: non-digits, handwriting styles that MNIST lacks, and pages of numbers.

- ``non_digits``: all kinds of non-digits from one seed
- ``strokes``, ``areas``, ``letters``: the kinds
- ``placement``: from a drawing to 28x28
- ``handwriting_styles``: MNIST digits restyled
- ``pages``: pages of handwritten numbers, with boxes and classes
- ``drawings``: pictures without a digit: words, scribbles, signs, lines, textures
- ``pictures``: pages, close crops, single digits and drawings, mixed
- ``pen``, ``hands``: digits of any size and pen, and writers
- ``paper``: rulings, marks, words, light and camera
"""

from tenfold.data.synthetic.handwriting_styles import add_upstrokes, cross_stems, lengthen_stems
from tenfold.data.synthetic.non_digits import KINDS, REJECT_CLASS, draw_non_digits

__all__ = [
    "KINDS",
    "REJECT_CLASS",
    "add_upstrokes",
    "cross_stems",
    "draw_non_digits",
    "lengthen_stems",
]
