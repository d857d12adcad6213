"""What a network makes of one image, layer by layer: as a figure, and as a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import figures
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.core.html_page import render_page
from tenfold.data.convert import as_batch
from tenfold.evaluation.occlusion import OcclusionMap, occlusion_map
from tenfold.figures.common import TIMES
from tenfold.figures.images import format_confidence
from tenfold.runs import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tenfold.engine.activations import Activation

_TEMPLATES = Path(__file__).parent / "templates"
_KINDS = {
    "Conv": "slides small windows of weights over what comes in; each channel marks where its "
    "pattern is found",
    "Pooling": "keeps one number of each patch, so that the picture shrinks and small shifts "
    "matter less",
    "Normalization": "shifts and scales each channel to a common range",
    "Dense": "weighted sums of all that comes in, one per unit",
    "Activation": "bends the values, such as negative ones to 0",
    "ReLU": "sets negative values to 0",
    "Softmax": "turns values into probabilities",
    "Add": "adds what came on two ways",
    "Concatenate": "puts what came on two ways side by side",
}


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a network makes of one image; a notebook shows the figure.

    Attributes:
        image: uint8 ``[height, width]`` or ``[height, width, 3]``.
        layers: the output of each layer, in the order in which they are computed.
        probabilities: calibrated, float32 ``[classes]``.
        accepted: whether the network is confident enough to answer.
        evidence: where in the image the evidence for the answer lies.
        class_names: the classes.
        title: of the run.
    """

    image: npt.NDArray[np.uint8]
    layers: tuple[Activation, ...]
    probabilities: npt.NDArray[np.float32]
    accepted: bool
    evidence: OcclusionMap
    class_names: tuple[str, ...]
    title: str

    @property
    def answer(self) -> str:
        """The most probable class with its probability, after "I don't know" if not accepted."""
        best = int(self.probabilities.argmax())
        text = f"{self.class_names[best]}, {format_confidence(float(self.probabilities[best]))}"
        return text if self.accepted else f"I don't know ({text})"

    def plot(self) -> Figure:
        """Draw the image, the evidence, each layer and the answer."""
        return figures.activations(
            self.image,
            [(layer.name, layer.values) for layer in self.layers],
            self.probabilities,
            self.class_names,
            self.evidence.values,
        )

    def save(self, out: str | Path) -> Path:
        """Write it as a page, ``.html``, or as a figure, ``.png`` or ``.svg``; return the path.

        Raises:
            InputError: any other suffix.
        """
        path = Path(out)
        if path.suffix.lower() != ".html":
            if path.suffix.lower() not in (".png", ".svg"):
                raise InputError(f"an explanation ends in .html, .png or .svg, got {str(out)!r}")
            figures.save(self.plot(), path)
            return path
        page = render_page(_TEMPLATES, {}, self._content(), "explanation.html")
        with atomic_write(path, "w") as file:
            file.write(page)
        return path

    def _content(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "answer": self.answer,
            "accepted": self.accepted,
            "figure": figures.to_svg(self.plot()),
            "layers": [_row(layer) for layer in self.layers],
        }

    def _repr_html_(self) -> str:
        return figures.to_svg(self.plot())


def explain(
    run: Run, image: npt.ArrayLike, network: int = 0, pixels: str | None = None
) -> Explanation:
    """Explain what a network of a run makes of one image.

    Args:
        run: finished.
        image: one, as for ``Run.predict``.
        network: index of the network, from 0.
        pixels: as for ``Run.predict``.

    Raises:
        InputError: it is not one image of the run's shape, or there is no such network.
    """
    from tenfold.engine.activations import activations

    run.require_one_class("explain")
    batch = as_batch(image, run.image_shape, pixels, run.pixels)
    if len(batch) != 1:
        raise InputError(f"image: {len(batch)} images; give one, such as images[0]")
    probabilities = run.predict(batch, network, "byte")
    layers = activations(run.models[network], batch[0], run.recipe.input_range)

    def predict(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        return run.predict(images, network, "byte")

    return Explanation(
        batch[0],
        tuple(layers),
        probabilities[0],
        bool(run.accepts(probabilities, network)[0]),
        occlusion_map(predict, batch[0], round(run.record.data.border)),
        run.class_names,
        run.record.title,
    )


def _row(layer: Activation) -> dict[str, str]:
    """A layer as text."""
    values = layer.values
    meaning = (text for name, text in _KINDS.items() if name in layer.kind)
    return {
        "name": layer.name,
        "kind": layer.kind,
        "meaning": next(meaning, ""),
        "shape": TIMES.join(map(str, values.shape)),
        "range": f"{values.min():.2g} to {values.max():.2g}".replace("-", "\N{MINUS SIGN}"),
        "zero": f"{100 * np.mean(values == 0):.0f} %",
    }
