"""Non-digits: letters and signs that do not look like a digit."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tenfold.data.synthetic.placement import SIDE, Images, place

UNAMBIGUOUS = "AEFHKMNPRTUVWXkmnuvwx#%@+=*<>~"
"""Left out is what resembles a digit: single strokes, and round shapes with tails or hooks."""

_FAMILIES = ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono")
_STYLES = {
    "DejaVuSans": ("", "-Bold", "-Oblique"),
    "DejaVuSerif": ("", "-Bold", "-Italic"),
    "DejaVuSansMono": ("", "-Bold", "-Oblique"),
}


def letter(generator: Generator) -> Images:
    """Draw a letter or sign, rotated, slanted, thickened or blurred: uint8 ``[28, 28]``."""
    family = _FAMILIES[generator.integers(len(_FAMILIES))]
    style = _STYLES[family][generator.integers(len(_STYLES[family]))]
    sign = UNAMBIGUOUS[generator.integers(len(UNAMBIGUOUS))]
    drawing = Image.new("L", (2 * SIDE, 2 * SIDE))
    level = int(generator.integers(140, 256))
    pen = ImageDraw.Draw(drawing)
    pen.text((SIDE, SIDE), sign, level, _font(family + style), anchor="mm")
    return place(generator, _distort(generator, drawing))


def _distort(generator: Generator, drawing: Image.Image) -> Image.Image:
    slant, centre = generator.uniform(-0.3, 0.3), drawing.width / 2
    stretch = generator.uniform(0.8, 1.25)
    drawing = drawing.transform(
        drawing.size,
        Image.Transform.AFFINE,
        (stretch, slant, centre * (1 - stretch - slant), 0, 1, 0),
        Image.Resampling.BILINEAR,
    )
    drawing = drawing.rotate(generator.uniform(-15, 15), Image.Resampling.BILINEAR)
    change = generator.integers(3)
    if change == 1:
        drawing = drawing.filter(ImageFilter.MaxFilter(5))
    if change == 2:
        drawing = drawing.filter(ImageFilter.GaussianBlur(generator.uniform(1, 4)))
    return drawing


@cache
def _font(name: str) -> ImageFont.FreeTypeFont:
    """Return a font of 96 pixels from the matplotlib package."""
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts/ttf" / f"{name}.ttf", 96)
