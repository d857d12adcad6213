"""The text of a table: its compression, encoding, separator and header."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import re
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mode
from typing import IO, TYPE_CHECKING, cast

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.data.containers import said_of
from tenfold.data.tables.names import is_known_name

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".tab", ".dat", ".data", ".tra", ".tes")
COMPRESSIONS = (".gz", ".zip", ".bz2", ".xz")
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
"""First bytes of compressed files."""

_HEAD_BYTES = 1 << 21
_HEAD_LINES = 20
_MANY = 20  # fields that are all different: names, since pixels repeat
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_SEPARATORS = ("\t", ";", "|", ",", " ")


@dataclass(frozen=True)
class Layout:
    """How a text is divided.

    Attributes:
        separator: of fields; a blank stands for any number of them.
        skip: lines before the first row.
        names: of the columns; None if there is no header.
        width: number of columns.
        decimal: the sign of fractions.
    """

    separator: str
    skip: int
    names: tuple[str, ...] | None
    width: int
    decimal: str = "."


def table_suffix(path: Path) -> str:
    """Return the suffix of a table in lower case, without that of a compression.

    Example:
        >>> table_suffix(Path("train.CSV.gz")), table_suffix(Path("a.png"))
        ('.csv', '.png')
    """
    inner = path.with_suffix("") if path.suffix.lower() in COMPRESSIONS else path
    return inner.suffix.lower()


def zipped_table(path: Path) -> str | None:
    """Return the name of the only file in a zip archive if it is a table, else None."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if not n.endswith("/") and "__MACOSX" not in n]
    except (OSError, zipfile.BadZipFile):
        return None
    is_table = len(names) == 1 and Path(names[0]).suffix.lower() in (*SUFFIXES, ".txt")
    return names[0] if is_table else None


def read_bytes(path: Path) -> bytes:
    """Return the decompressed content of a file.

    Raises:
        InputError: it is too large or damaged.
    """
    try:
        with open_decompressed(path) as file:
            content = file.read(limits.MAX_ARRAY_BYTES + 1)
    except (OSError, EOFError, zipfile.BadZipFile, lzma.LZMAError, RuntimeError) as error:
        raise InputError(f"{path} cannot be unpacked ({error})") from error
    if len(content) > limits.MAX_ARRAY_BYTES:
        raise InputError(f"{path} is larger than {limits.MAX_ARRAY_BYTES:,} bytes, the limit")
    return content


def open_decompressed(path: Path) -> IO[bytes]:
    """Open a file, and decompress it if it is compressed."""
    with path.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(path))
    if magic.startswith(b"BZh"):
        return bz2.open(path)
    if magic.startswith(b"\xfd7zXZ"):
        return lzma.open(path)
    if magic.startswith(b"PK") and (member := zipped_table(path)):
        return zipfile.ZipFile(path).open(member)
    return path.open("rb")


def compressed_text(path: Path) -> bool:
    """Return whether a compressed file holds a text, whatever it is called."""
    try:
        with open_decompressed(path) as file:
            head = file.read(512)
    except (OSError, EOFError, lzma.LZMAError, zlib.error):
        return False
    return bool(head) and encoding_of(head) is not None and said_of(head) is None


def encoding_of(content: bytes) -> str | None:
    """Return the encoding of a text; None if it is not a text.

    Example:
        >>> encoding_of(b"a,b"), encoding_of("é".encode("latin-1")), encoding_of(b"\\0\\1\\0")
        ('utf-8', 'cp1252', None)
    """
    head = content[:_HEAD_BYTES]
    bom = next((name for mark, name in _BOMS.items() if head.startswith(mark)), None)
    if bom == "utf-16" and b"\0" not in head:
        return None  # a table has digits and separators, each with a zero byte
    if bom is None and b"\0" in head:
        zeros = {i % 2 for i, byte in enumerate(head[:512]) if not byte}
        bom = None if len(zeros) > 1 else "utf-16-le" if zeros == {1} else "utf-16-be"
        if bom is None:
            return None
    for name in [bom] if bom else ["utf-8", "cp1252"]:
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        controls = sum(ord(c) < 32 and c not in "\t\n\r\f\x1a" for c in text[:4096])
        return None if controls else name
    return None


def layout_of(text: str) -> Layout | None:
    """Return the layout of a text; None if it has no rows.

    Example:
        >>> layout_of("sep=;\\nlabel;p0\\n3;0,5\\n4;1\\n")
        Layout(separator=';', skip=2, names=('label', 'p0'), width=2, decimal=',')
    """
    numbered = [(i, line) for i, line in _lines_of(text) if line.strip()]
    lines = numbered[: _HEAD_LINES + 2]
    separators: Sequence[str] = _SEPARATORS
    if lines and (match := re.fullmatch(r'"?sep=(.)"?', lines[0][1].strip())):
        separators, lines = [match[1]], lines[1:]
    comments = [line for line in lines if line[1].startswith("#")]
    lines = [line for line in lines if line not in comments]
    if not lines:
        return None
    while len(lines) > 2 and _fields(lines[0][1]) == 1 and _fields(lines[1][1]) >= _MANY:
        lines = lines[1:]  # a title
    rows = [line for _, line in lines[:_HEAD_LINES]]
    separator = next((s for s in separators if _divides(rows, s)), ",")
    fields = [_split(row, separator) for row in rows]
    header = fields[0] if _is_header(fields) else None
    body = fields[1:] if header else fields
    skip = lines[0][0]
    if header is None and comments and comments[-1][0] < skip:  # as numpy.savetxt writes it
        names = _split(comments[-1][1].lstrip("# "), separator)
        header = names if len(names) == len(body[0]) > 1 else None
    elif header:
        skip = lines[1][0] if len(lines) > 1 else len(text)
    if header and all(is_number(name) for name in header if name) and any("." in n for n in header):
        header = None  # the first row, which pandas took for names that may not repeat
    width = mode(map(len, body)) if body else len(header or ())
    is_decimal_comma = separator != "," and any(
        re.fullmatch(r"-?\d+,\d+", field) for row in body for field in row
    )
    named = None if header is None else _named(header, width, [row[-1] for row in body])
    return Layout(separator, skip, named, width, "," if is_decimal_comma else ".")


def _named(header: list[str], width: int, last: list[str]) -> tuple[str, ...]:
    """Return the names of all columns; R leaves out that of the row names."""
    if len(header) == width - 1 and any(last):
        header = ["", *header]
    return tuple((header + [""] * width)[:width])


def cells_of(line: str, layout: Layout) -> list[str]:
    """Return the cells of a line.

    Example:
        >>> cells_of("images/0.png  7", layout_of("images/0.png  7\\n"))
        ['images/0.png', '7']
    """
    return _split(line, layout.separator)


def _lines_of(text: str) -> list[tuple[int, str]]:
    """Return the lines of a text with their numbers; a cell in quotes may have several."""
    lines, found, start, open_line = text.splitlines(), list[tuple[int, str]](), 0, ""
    for number, line in enumerate(lines):
        open_line = f"{open_line} {line}" if open_line else line
        if open_line.count('"') % 2 == 0:
            found.append((start, open_line))
            start, open_line = number + 1, ""
    return found if len(found) > 1 or len(lines) < 3 else list(enumerate(lines))


def _fields(line: str) -> int:
    return max(len(_split(line, separator)) for separator in _SEPARATORS[:-1])


def _divides(rows: list[str], separator: str) -> bool:
    counts = [len(_without_end(_split(row, separator))) for row in rows]
    return min(counts) > 1 and max(counts) - min(counts[1:] or counts) <= 1


def _split(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    try:
        fields = next(csv.reader([line], delimiter=separator), [])
    except csv.Error:  # a field of over 131,072 letters
        fields = line.split(separator)
    return [field.strip() for field in fields]


def _without_end(fields: list[str]) -> list[str]:
    return fields[:-1] if fields and not fields[-1] else fields


def _is_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: where others have numbers it has text.

    Names are also numbers that are all different, such as 0, 1, 2 or, from a first row that
    pandas took for names, 0, 0.1, 0.2.
    """
    first, others = rows[0], rows[1:]
    texts = [i for i, field in enumerate(first) if field and not is_number(field)]
    if not texts:
        return len(first) >= _MANY and len(set(first)) == len(first)
    if not others:
        return len(texts) > 1
    if any(
        is_known_name(first[i]) and first[i] not in [r[i] for r in others if i < len(r)]
        for i in texts
    ):
        return True
    return any(all(is_number(row[i]) for row in others if i < len(row)) for i in texts) or (
        len(texts) == len([field for field in first if field])
        and not any(first[i] == row[i] for row in others for i in texts if i < len(row))
    )


def is_number(text: str) -> bool:
    """Whether a cell is a number.

    Example:
        >>> is_number("253.0"), is_number("0,5"), is_number("five"), is_number("nan")
        (True, True, False, False)
    """
    return bool(re.fullmatch(r"\s*[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?\s*", text))


def read_frame(path: Path, content: bytes, encoding: str, layout: Layout) -> pd.DataFrame:
    """Return the rows of a table; its columns are numbered.

    Raises:
        InputError: the rows differ in length, or there are none.
    """
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)
            frame = pd.read_csv(
                io.BytesIO(content),
                sep=r"\s+" if layout.separator == " " else layout.separator,
                header=None,
                names=range(layout.width + 1),  # pandas drops more cells than names
                index_col=False,
                skiprows=layout.skip,
                comment="#" if content.lstrip()[:1] == b"#" else None,
                decimal=layout.decimal,
                encoding=encoding,
                skipinitialspace=True,
                low_memory=False,
                keep_default_na=False,
                na_values=["", "?", "nan", "NaN"],
            )
    except pd.errors.EmptyDataError:
        raise InputError(f"{path} holds no images; give a label and pixels a line") from None
    except (ValueError, pd.errors.ParserError) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        if match := re.search(r"Expected \d+ fields in line (\d+), saw", reason):
            raise _too_many_cells(path, int(match[1]), layout) from error
        raise InputError(f"{path} is not a table: {reason[:120]}") from error
    if frame.empty:
        raise InputError(f"{path} holds no images; give a label and pixels a line")
    surplus = frame[layout.width].notna().to_numpy()
    if surplus.any():
        line = int(surplus.argmax()) + layout.skip + 1
        raise _too_many_cells(path, line, layout)
    return frame.dropna(axis=1, how="all")


def _too_many_cells(path: Path, line: int, layout: Layout) -> InputError:
    return InputError(f"{path}, line {line}: more than {layout.width} cells; repair the line")
