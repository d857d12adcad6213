"""Images that are no digits, for a network that shall know when it is shown none."""

from tenfold.nondigits.drawing import KINDS, NO_DIGIT, draw

__all__ = ["KINDS", "NO_DIGIT", "draw"]
