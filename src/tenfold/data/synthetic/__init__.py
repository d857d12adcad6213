"""Synthetic images: non-digits, and handwriting styles that MNIST lacks.

`draw_non_digits` draws images that show no digit, to train and test the reject class.
`cross_stems`, `lengthen_stems` and `add_upstrokes` change digits of MNIST to other handwriting
styles. The same arguments give the same images.
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
