"""Sheets to write digits on, and the labelled images that a photo of one gives."""

from tenfold.collecting.collecting import Sheet, collect
from tenfold.collecting.template import write_template

__all__ = ["Sheet", "collect", "write_template"]
