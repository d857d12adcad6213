"""Figures of data, training, predictions and evaluations.

Every function returns a matplotlib Figure made without pyplot: no window, no backend, no figure
left open, and the user's matplotlib settings stay unchanged.

- `images`, `tiles`: galleries, predictions, weights; images in rows
- `activations`: what the layers of a network make of one image
- `embedding`, `lines`: a dataset in the plane and mean images; curves of any quantity
- `landscape`: the loss around the weights of a network
- `curves`, `confusion`, `reliability`, `risk_coverage`, `intervals`: one figure each
- `annotation`: an image with the digits found in it
- `output`, `svg`: figures as files, HTML and inline SVG
- `common`, `fonts`: colours, axes and input checks; text in any script
"""

from tenfold.figures.activations import activations
from tenfold.figures.annotation import annotated
from tenfold.figures.common import BLUE, DPI, INK, QUIET, RULE, VERMILLION
from tenfold.figures.confusion import confusion_matrix
from tenfold.figures.curves import learning_curves
from tenfold.figures.embedding import embedding, mean_images
from tenfold.figures.images import GALLERY_LIMIT, WEIGHTS_LIMIT, gallery, predictions, weights
from tenfold.figures.intervals import INTERVALS_LIMIT, intervals
from tenfold.figures.landscape import loss_landscape
from tenfold.figures.lines import lines
from tenfold.figures.output import data_uri, save, to_html, to_png, warn_if_not_drawn
from tenfold.figures.reliability import reliability
from tenfold.figures.risk_coverage import risk_coverage
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
    "activations",
    "annotated",
    "confusion_matrix",
    "data_uri",
    "embedding",
    "gallery",
    "intervals",
    "learning_curves",
    "lines",
    "loss_landscape",
    "mean_images",
    "predictions",
    "reliability",
    "risk_coverage",
    "save",
    "to_html",
    "to_png",
    "to_svg",
    "warn_if_not_drawn",
    "weights",
]
