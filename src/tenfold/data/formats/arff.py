"""ARFF, as Weka and OpenML have it: declared attributes, then a table or sparse rows."""

from __future__ import annotations

import re

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.formats.registry import Format, Location
from tenfold.data.raw_data import RawData
from tenfold.data.tables.source import Layout, encoding_of, read_bytes, read_frame
from tenfold.data.tables.splits import raw_data
from tenfold.data.tables.table import as_table

_ATTRIBUTE = re.compile(r"""@attribute\s+('[^']*'|"[^"]*"|\S+)\s""", re.IGNORECASE)


def _read(location: Location, options: ReadOptions) -> RawData:
    path, content = location.path, read_bytes(location.path)
    text = content.decode(encoding_of(content) or "latin-1")
    head, marker, rows = [*re.split(r"(?im)^(\s*@data.*)$", text, maxsplit=1), "", ""][:3]
    names = tuple(name.strip("'\"") for name in _ATTRIBUTE.findall(head))
    if not names:
        raise InputError(f"{path} declares no attributes; give a complete ARFF file")
    lines = [line for line in rows.splitlines() if line.strip() and not line.startswith("%")]
    if lines and lines[0].lstrip().startswith("{"):
        lines = [_dense(line, len(names)) for line in lines]
    cells = "\n".join(lines).replace("'", '"').encode()
    frame = read_frame(path, cells, "utf-8", Layout(",", 0, names, len(names)))
    first_line = (head + marker).count("\n") + 2
    table = as_table(frame, names, options.label_column, path, first_line)
    return raw_data({"train": table}, options)


def _dense(row: str, width: int) -> str:
    """Return a sparse row, `{3 17, 784 five}`, as a comma-separated one; what is left out is 0."""
    cells = ["0"] * width
    for pair in row.strip().strip("{}").split(","):
        index, _, value = pair.strip().partition(" ")
        if index.isdecimal() and int(index) < width:
            cells[int(index)] = value.strip()
    return ",".join(cells)


FORMAT = Format(
    name="ARFF",
    description="the attributes of a table of a class and pixels, as Weka and OpenML have it",
    priority=26,
    recognizes=lambda location: (
        bool(
            re.match(rb"(\xef\xbb\xbf)?(\s*%[^\n]*\n|\s)*@relation", location.header, re.IGNORECASE)
        )
        or location.path.suffix.lower() == ".arff"
    ),
    read=_read,
    suffixes=(".arff",),
)
