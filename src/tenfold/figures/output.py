"""Figures as files, bytes and HTML."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.figures.common import DPI

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SUFFIXES = {".png": "png", ".svg": "svg"}


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure to a PNG or SVG file, as the suffix says: the whole file, or nothing.

    The same figure gives the same bytes. Raises InputError for any other suffix.
    """
    kind = _SUFFIXES.get(Path(path).suffix.lower())
    if kind is None:
        raise InputError(f"a picture's name ends in .png or .svg, got {str(path)!r}")
    content = render(figure, kind)
    with atomic_write(Path(path), "wb") as file:
        file.write(content)


def to_png(figure: Figure) -> bytes:
    """Return a figure as the content of a PNG file, 200 pixels to the inch.

    >>> from tenfold.figures import gallery
    >>> import numpy as np
    >>> to_png(gallery(np.zeros((28, 28), np.uint8)))[:4]
    b'\\x89PNG'
    """
    return render(figure, "png")


def to_html(figure: Figure, alt: str | None = None) -> str:
    """Return a figure as an HTML img tag that holds its PNG, for notebooks and reports.

    `alt` is the text for those who cannot see it; without one, the figure's own label is used.

    >>> from tenfold.figures import gallery
    >>> import numpy as np
    >>> to_html(gallery(np.zeros((28, 28), np.uint8)))[:33]
    '<img alt="1 image" width="148" sr'
    """
    png = render(figure, "png")
    text = html.escape(alt if alt is not None else str(figure.get_label()), quote=True)
    width = round(figure.get_figwidth() * DPI / 2)  # two device pixels to each CSS pixel
    source = base64.b64encode(png).decode("ascii")
    return (
        f'<img alt="{text}" width="{width}" src="data:image/png;base64,{source}" '
        'style="max-width: 100%; height: auto">'
    )


def data_uri(image: npt.NDArray[np.uint8]) -> str:
    """Return a grey image, uint8 [height, width], as the data URI of a PNG of just these pixels.

    >>> data_uri(np.zeros((28, 28), np.uint8))[:22]
    'data:image/png;base64,'
    """
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def render(figure: Figure, kind: str, fonttype: str = "path") -> bytes:
    """Draw a figure as the content of a file of `kind`, png or svg: same figure, same bytes.

    fonttype: text in SVG as outlines, "path", or as text, "none".
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    label = str(figure.get_label())
    # Neither clock nor version in the file, and no random ids in SVG.
    metadata = {
        "png": {"Software": None, "Description": label},
        "svg": {"Date": None, "Creator": None, "Title": label},
    }[kind]
    _plain_text(figure)
    _settle(figure)
    buffer = io.BytesIO()
    if kind == "png":
        # savefig would draw twice, first for a layout; a higher level takes time and saves nothing.
        canvas: Any = FigureCanvasAgg(figure)
        canvas.print_png(buffer, metadata=metadata, pil_kwargs={"compress_level": 4})
        return buffer.getvalue()
    with mpl.rc_context(
        {"svg.hashsalt": "tenfold", "svg.fonttype": fonttype, "image.composite_image": False}
    ):
        figure.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def _plain_text(figure: Figure) -> None:
    """Show dollar signs in names as they are, where matplotlib would read formulas."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)


def _settle(figure: Figure) -> None:
    """Lay the figure out once: to do so again would start from the last places, and move them."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
