"""Pictures of data, training, predictions and judgement.

Every function returns a matplotlib Figure made without pyplot: no window, no backend, no figure
left open, and the reader's own matplotlib settings stay as they are.
"""

from tenfold.figures.annotation import annotated
from tenfold.figures.common import BLUE, DPI, INK, QUIET, RULE, VERMILLION
from tenfold.figures.confidence import reliability, risk_coverage
from tenfold.figures.confusion import confusion_matrix
from tenfold.figures.curves import learning_curves
from tenfold.figures.images import GALLERY_LIMIT, WEIGHTS_LIMIT, gallery, predictions, weights
from tenfold.figures.intervals import INTERVALS_LIMIT, intervals
from tenfold.figures.output import data_uri, save, to_html, to_png
from tenfold.figures.svg import to_svg

__all__ = [
    "BLUE",
    "DPI",
    "GALLERY_LIMIT",
    "INK",
    "INTERVALS_LIMIT",
    "QUIET",
    "RULE",
    "VERMILLION",
    "WEIGHTS_LIMIT",
    "annotated",
    "confusion_matrix",
    "data_uri",
    "gallery",
    "intervals",
    "learning_curves",
    "predictions",
    "reliability",
    "risk_coverage",
    "save",
    "to_html",
    "to_png",
    "to_svg",
    "weights",
]
