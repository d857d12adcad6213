"""Data formats: one module each, found by the registry.

`registry.py` declares what a format is and reads a path with the first that recognizes it. Every
other module is one format and ends with ``FORMAT = Format(...)``. How to add one:
docs/how-to/add-a-format.md.
"""

from tenfold.data.formats.registry import Format, Location, all_formats, read_raw

__all__ = ["Format", "Location", "all_formats", "read_raw"]
