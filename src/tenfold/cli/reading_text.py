"""Readings as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenfold.handwriting.reading import Reading


def describe_reading(name: str, reading: Reading) -> str:
    """The text of a picture, line by line, and below each line how sure its digits are."""
    lines = [name]
    if reading.turned:
        lines.append(f"  turned by {90 * reading.turned} degrees counter-clockwise to be read")
    for text, digits in zip(reading.text.splitlines(), reading.lines, strict=True):
        lines.append(f"  {text}")
        lines.append("  " + "  ".join(f"{d.label} {100 * d.confidence:.1f} %" for d in digits))
    return "\n".join(lines)
