"""Images that are drawn: no digits, and digits as hands write them that MNIST does not have."""

from tenfold.nondigits.drawing import KINDS, NO_DIGIT, draw
from tenfold.nondigits.hands import crossed, long_stemmed, with_upstroke

__all__ = ["KINDS", "NO_DIGIT", "crossed", "draw", "long_stemmed", "with_upstroke"]
