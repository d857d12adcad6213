"""Read pictures with RapidOCR: a JSON list of files on standard input, one of texts on output."""

import json
import sys

from rapidocr_onnxruntime import RapidOCR


def text(engine: RapidOCR, path: str) -> str:
    """Return the digits of a picture, lines separated by `|`."""
    lines, _ = engine(path)
    digits = ("".join(c for c in line[1] if c.isdigit() or c == " ") for line in lines or [])
    return "|".join(filter(None, (line.strip() for line in digits)))


if __name__ == "__main__":
    engine = RapidOCR()
    print(json.dumps([text(engine, path) for path in json.load(sys.stdin)]))
