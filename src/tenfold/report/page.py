"""The page of a report: the content of its sections, put into the templates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold import figures
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write, require_suffix
from tenfold.core.html_page import render_page
from tenfold.evaluation import Evaluation
from tenfold.figures.common import count
from tenfold.report import performance
from tenfold.report.diagnosis import diagnose
from tenfold.report.gallery import gallery
from tenfold.report.labels import labels
from tenfold.report.layers import first_weights, layers
from tenfold.report.provenance import provenance
from tenfold.report.result import result
from tenfold.runs import Run
from tenfold.runs.predictions import Examples

NAME = "report.html"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Report:
    """A report that was written.

    Attributes:
        path: of the file.
        images: number and split of the images that it evaluates.
    """

    path: Path
    images: str


def write(run: Run | str | Path, out: str | Path | None = None) -> Path:
    """Write the report of a run: one self-contained HTML file.

    It shows the stored predictions: of the test set if that was opened, else of the validation
    images. Nothing is opened, trained or predicted, and the same folder gives the same bytes.

    Args:
        run: a run or its folder.
        out: the file; by default ``report.html`` in the folder of the run.

    Returns:
        The path of the file.

    Raises:
        InputError: the run is not finished, has no stored predictions or is damaged; ``out`` is a
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
    return create(run if isinstance(run, Run) else Run(run), out).path


def create(run: Run, out: str | Path | None = None) -> Report:
    """Write the report of a run as ``write`` does, and describe it."""
    target = run.path / NAME if out is None else Path(out)
    if target.is_dir():
        raise InputError(f"{target}: a folder; give the name of a file, such as {target / NAME}")
    require_suffix(target, ".html", ".htm")
    content = _content(run)
    page = render_page(_TEMPLATES, {"count": count}, content)
    with atomic_write(target, "w") as file:
        file.write(page)
    return Report(target, content["images"])


def _content(run: Run) -> dict[str, Any]:
    evaluation, examples = run.saved_evaluation()
    predictions = _of_labels if evaluation.multi_label else _of_classes
    first = {"result": "Result", "learning": "Learning curves"}
    middle = _LABEL_SECTIONS if evaluation.multi_label else _CLASS_SECTIONS
    last = {"weights": "Weights", "network": "Network", "provenance": "Provenance"}
    return {
        "title": run.record.title,
        "names": evaluation.class_names,
        "seeds": run.seeds,
        "sections": {**first, **middle, **last}.items(),
        **result(run, evaluation),
        "learning": _learning(run),
        **predictions(evaluation, examples),
        "first": _first(run),
        "layers": layers(run),
        "seed_table": _seed_table(run, evaluation),
        "provenance": provenance(run, evaluation),
    }


_LABEL_SECTIONS = {"labels": "Labels", "mistakes": "Wrong labels"}
_CLASS_SECTIONS = {
    "classes": "Classes",
    "confusion": "Confusion matrix",
    "mistakes": "Errors",
    "hits": "Correct predictions",
    "calibration": "Calibration",
    "selection": "Selective prediction",
}


def _of_labels(evaluation: Evaluation, examples: Examples) -> dict[str, Any]:
    return {"labels": labels(evaluation, examples), "calibration": None, "gallery": None}


def _of_classes(evaluation: Evaluation, examples: Examples) -> dict[str, Any]:
    return {
        "labels": None,
        "classes": performance.classes(evaluation),
        "confusion": performance.confusion(evaluation),
        "gallery": gallery(evaluation, examples),
        "calibration": performance.calibration(evaluation),
        "selection": performance.selective_prediction(evaluation),
    }


def _learning(run: Run) -> dict[str, Any]:
    figure = figures.learning_curves(run.history)
    return {"figure": figures.to_svg(figure), "diagnosis": diagnose(run.history, run.recipe)}


def _first(run: Run) -> dict[str, Any] | None:
    """The weights of the first layer as a figure; None if its input is not the image."""
    first = first_weights(run)
    if first is None:
        return None
    titles = run.class_names if first.is_output else None
    figure = figures.weights(first.weights, titles=titles)
    return {"kind": first.kind, "is_output": first.is_output, "figure": figures.to_svg(figure)}


def _seed_table(run: Run, evaluation: Evaluation) -> dict[str, Any]:
    """One row per network: its seed, every metric, and its temperature."""
    metrics = [metric for metric in evaluation.metrics.values() if metric.in_summary]
    rows = [
        {
            "seed": seed,
            "scores": [metric.format(getattr(evaluation, metric.name)[i]) for metric in metrics],
            "temperature": f"{evaluation.calibrations[i].temperature:.2f}"
            if evaluation.calibrations
            else "-",
        }
        for i, seed in enumerate(run.seeds)
    ]
    return {"columns": [metric.title for metric in metrics], "rows": rows}
