"""The range in which a network is fed pixels, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PixelRange:
    """The range in which a network is fed pixels.

    Attributes:
        name: ``unit`` for [0, 1] or ``byte`` for [0, 255].
        reason: why, as a clause.
        values: the smallest and largest number that is fed, if they are others.
    """

    name: str
    reason: str
    values: str = ""

    def describe(self) -> str:
        """The decision in one line.

        Example:
            >>> PixelRange("unit", "the model does not scale them").describe()
            'pixels: fed as 0 to 1 (unit), since the model does not scale them'
        """
        values = self.values or ("0 to 1 (unit)" if self.name == "unit" else "0 to 255 (byte)")
        return f"pixels: fed as {values}, since {self.reason}"


RAW = PixelRange("unit", "the model does not scale them")
SCALED = {
    "unit": PixelRange("unit", "the model scales or compares them as numbers up to 1"),
    "byte": PixelRange("byte", "the model scales or compares them as numbers up to 255"),
}
