"""Sheets to write digits on, and the labelled images that a photo of one contains.

template  the sheet as PDF
rectify   a photo -> the sheet without rotation and perspective
cells     the rectified sheet -> one crop per filled box
overview  a picture of the sheet and its crops, to check them
sheet     all of these: ``collect``
"""

from tenfold.handwriting.collect.sheet import Sheet, collect
from tenfold.handwriting.collect.template import write_template

__all__ = ["Sheet", "collect", "write_template"]
