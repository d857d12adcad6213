"""Sheets to write digits on, and the labelled images that a photo of one gives."""

from tenfold.handwriting.collect.collect import Sheet, collect
from tenfold.handwriting.collect.template import write_template

__all__ = ["Sheet", "collect", "write_template"]
