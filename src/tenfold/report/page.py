"""The page of a report: what its parts tell, put into the templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tenfold import figures
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.core.html_page import render_page
from tenfold.evaluation import Evaluation
from tenfold.figures.common import count
from tenfold.report import performance
from tenfold.report.diagnosis import diagnose
from tenfold.report.galleries import gallery
from tenfold.report.layers import first_weights, layers
from tenfold.report.opening import opening
from tenfold.report.provenance import provenance
from tenfold.report.text import share, text
from tenfold.runs import Run

NAME = "report.html"
_TEMPLATES = Path(__file__).parent / "templates"


def write(run: Run | str | Path, out: str | Path | None = None) -> Path:
    """Write the report of a run: one HTML file that needs nothing else.

    It shows the answers that the run has kept, of the test set once that was opened, else of the
    validation images. Nothing is opened, trained or asked for it, and the same folder gives the
    same bytes.

    Args:
        run: a run or its folder.
        out: the file; ``report.html`` in the folder of the run by default.

    Returns:
        The path of the file.

    Raises:
        InputError: the run is not finished, has kept no answers or is damaged; ``out`` is a
            folder or cannot be written.

    Example:
        >>> import tempfile, tenfold
        >>> data = tenfold.load("mnist")
        >>> few = tenfold.Splits(
        ...     "few", data.train[:640], data.validation[:500], None, "the first of MNIST", 0)
        >>> run = tenfold.train("logistic", few, out=tempfile.mkdtemp() + "/run", verbose=False)
        >>> write(run).name
        'report.html'
    """
    opened = run if isinstance(run, Run) else Run(run)
    target = opened.path / NAME if out is None else Path(out)
    if target.is_dir():
        raise InputError(f"{target}: a folder; give the name of a file, such as {target / NAME}")
    page = render(opened)
    with atomic_write(target, "w") as file:
        file.write(page)
    return target


def render(run: Run) -> str:
    """The report of a run as HTML.

    Raises:
        InputError: as ``write``.
    """
    return render_page(_TEMPLATES, {"count": count}, _content(run))


def _content(run: Run) -> dict[str, Any]:
    found, examples = run.saved_evaluation()
    return {
        "title": run.record.title,
        "names": found.class_names,
        "seeds": _seeds(run, found),
        **opening(run, found),
        "learning": _learning(run),
        "classes": performance.classes(found),
        "confusion": performance.confusion(found),
        "gallery": gallery(found, examples),
        "calibration": performance.calibration(found),
        "selection": performance.selection(found),
        "first": _first(run),
        "layers": layers(run),
        "provenance": provenance(run, found),
    }


def _learning(run: Run) -> dict[str, Any]:
    picture = figures.learning_curves(run.history)
    return {"picture": figures.to_svg(picture), "diagnosis": diagnose(run.history)}


def _first(run: Run) -> dict[str, Any] | None:
    """The first layer's weights as a picture; None where it does not see the image."""
    found = first_weights(run)
    if found is None:
        return None
    titles = run.class_names if found.answers else None
    picture = figures.weights(found.weights, titles=titles)
    return {"kind": found.kind, "answers": found.answers, "picture": figures.to_svg(picture)}


def _seeds(run: Run, found: Evaluation) -> list[dict[str, Any]]:
    """A row a network: its seed, and its figures."""
    rows = zip(run.seeds, found.accuracy, found.log_loss, found.calibration_error, strict=True)
    return [
        {
            "seed": seed,
            "accuracy": share(right),
            "loss": text(loss),
            "error": share(error),
            "temperature": _temperature(found, i),
        }
        for i, (seed, right, loss, error) in enumerate(rows)
    ]


def _temperature(found: Evaluation, network: int) -> str:
    return f"{found.calibrations[network].temperature:.2f}" if found.calibrations else "-"
