"""Images that are drawn: no digits, and digits as hands write them that MNIST does not have."""

from tenfold.data.synthetic.drawing import KINDS, NO_DIGIT, draw
from tenfold.data.synthetic.handwriting_styles import crossed, long_stemmed, with_upstroke

__all__ = ["KINDS", "NO_DIGIT", "crossed", "draw", "long_stemmed", "with_upstroke"]
