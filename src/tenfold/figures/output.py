"""Figures as files, bytes and HTML."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError, one_line, warn
from tenfold.core.files import atomic_write
from tenfold.figures.common import DPI
from tenfold.figures.fonts import fit_fonts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SUFFIXES = {".png": "png", ".svg": "svg"}


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure to a PNG or SVG file, atomically; the same figure gives the same bytes.

    Raises:
        InputError: any other suffix.
    """
    kind = _SUFFIXES.get(Path(path).suffix.lower())
    if kind is None:
        raise InputError(f"the name of a figure ends in .png or .svg, got {str(path)!r}")
    content = render(figure, kind)
    with atomic_write(Path(path), "wb") as file:
        file.write(content)


@contextmanager
def warn_if_not_drawn(picture: str) -> Iterator[None]:
    """Turn a failure to draw a picture into a warning, so that it does not cost a training."""
    try:
        yield
    except Exception as error:  # matplotlib, its fonts and its settings raise many types
        warn(f"{picture} is not drawn ({one_line(error, 200)}); all other files are written")


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

    `alt` is the text for screen readers, by default the label of the figure.

    >>> from tenfold.figures import gallery
    >>> import numpy as np
    >>> to_html(gallery(np.zeros((28, 28), np.uint8)))[:33]
    '<img alt="1 image" width="148" sr'
    """
    png = render(figure, "png")
    text = html.escape(alt if alt is not None else str(figure.get_label()), quote=True)
    width = round(figure.get_figwidth() * DPI / 2)  # two device pixels per CSS pixel
    source = base64.b64encode(png).decode("ascii")
    return (
        f'<img alt="{text}" width="{width}" src="data:image/png;base64,{source}" '
        'style="max-width: 100%; height: auto">'
    )


def data_uri(image: npt.NDArray[np.uint8]) -> str:
    """Return an image, uint8 and grey or RGB, as the data URI of a PNG of just these pixels.

    >>> data_uri(np.zeros((28, 28), np.uint8))[:22]
    'data:image/png;base64,'
    """
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def render(figure: Figure, kind: str, fonttype: str = "path") -> bytes:
    """Render a figure as the content of a file; the same figure gives the same bytes.

    Args:
        figure: the figure.
        kind: ``png`` or ``svg``.
        fonttype: text in SVG as outlines, ``path``, or as text, ``none``.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    label = str(figure.get_label())
    # No time or version in the file, and no random ids in SVG, so that bytes are reproducible.
    metadata = {
        "png": {"Software": None, "Description": label},
        "svg": {"Date": None, "Creator": None, "Title": label},
    }[kind]
    _plain_text(figure)
    if fonttype == "path":
        fit_fonts(figure)
    _fix_layout(figure)
    buffer = io.BytesIO()
    if kind == "png":
        # savefig would draw twice; a higher compression level is slower without smaller files.
        canvas: Any = FigureCanvasAgg(figure)
        canvas.print_png(buffer, metadata=metadata, pil_kwargs={"compress_level": 4})
        return buffer.getvalue()
    with mpl.rc_context(
        {"svg.hashsalt": "tenfold", "svg.fonttype": fonttype, "image.composite_image": False}
    ):
        figure.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def _plain_text(figure: Figure) -> None:
    """Show dollar signs literally instead of parsing them as formulas."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)


def _fix_layout(figure: Figure) -> None:
    """Compute the layout once: a second time would start from the first result and move it."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
