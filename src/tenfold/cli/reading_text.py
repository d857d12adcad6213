"""Readings as console text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenfold.handwriting.reading import Reading


def describe_reading(name: str, reading: Reading) -> str:
    """Return the text of a picture by lines, each followed by the confidences of its digits."""
    lines = [name]
    if reading.quarter_turns:
        lines.append(f"  rotated {90 * reading.quarter_turns} degrees counter-clockwise")
    for text, digits in zip(reading.text.splitlines(), reading.lines, strict=True):
        lines.append(f"  {text}")
        lines.append("  " + "  ".join(f"{d.label} {100 * d.confidence:.1f} %" for d in digits))
    return "\n".join(lines)
