"""A page with one or two models inside, as one HTML file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tenfold import __version__
from tenfold.core.assets import READER
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_path, require_suffix
from tenfold.core.html_page import render_page
from tenfold.core.limits import IMAGE_SIDE
from tenfold.data import Dataset
from tenfold.export.browser import to_browser
from tenfold.export.model_view import View, view_of
from tenfold.export.predictor import Predictor
from tenfold.page.image_map import image_map

MAX_MODELS = 2

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";$', re.M)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.M)
_COMMENT = re.compile(r"^\s*(?://.*\n|/\*\*[^*]*(?:\*(?!/)[^*]*)*\*/\s*\n)", re.M)
_INDENT = re.compile(r"^\s+", re.M)


@dataclass(frozen=True)
class Model:
    """A model of the page.

    Attributes:
        name: as the page shows it.
        path: the model file.
        images: that it was not trained on, for the map; None for no map.
    """

    name: str
    path: Path
    images: Dataset | None = None


def write_page(models: Sequence[Model], path: str | Path) -> int:
    """Write a page for models and return its size in bytes.

    It opens from any place, also without a network: model, style and scripts are inside.

    Args:
        models: one, or two to compare on the same drawing.
        path: the file to write, ending in .html.

    Raises:
        InputError: the path does not end in .html, a model takes other images than 28x28 grey
            ones, has an operator that the page cannot compute, or there are more than two models.
    """
    require_suffix(path, ".html", ".htm")
    if not 1 <= len(models) <= MAX_MODELS:
        raise InputError(f"a page shows one or two models; received {len(models)}")
    predictors = [Predictor(model.path) for model in models]
    embedded_models = [
        embedded(model.name, predictor)
        | {"map": None if model.images is None else image_map(predictor, model.images)}
        for model, predictor in zip(models, predictors, strict=True)
    ]
    page = render_page(
        _FOLDER / "templates",
        {},
        {
            "models": embedded_models,
            "has_map": any(model["map"] for model in embedded_models),
            "names": [model.name for model in models],
            "version": __version__,
        },
        style="".join(_read(name) for name in ("modules/common.css", "templates/style.css")),
        script=bundle("page"),
    )
    with atomic_path(path) as temporary:
        temporary.write_text(page, "utf-8")
    return Path(path).stat().st_size


def embedded(name: str, predictor: Predictor) -> dict[str, Any]:
    """Return a model as the page's scripts take it, in JSON types.

    Args:
        name: as the page shows it.
        predictor: of the model file.

    Raises:
        InputError: it takes other images than 28x28 grey ones, or has an operator that the page
            cannot compute.
    """
    predictor.require_one_class("page")
    if predictor.image_shape != (IMAGE_SIDE, IMAGE_SIDE):
        shape = "x".join(map(str, predictor.image_shape))
        raise InputError(f"{name}: it takes images of {shape}; a page needs 28x28, grey")
    view = View() if predictor.path == READER else view_of(predictor)
    return {"name": name, "view": asdict(view), **to_browser(predictor.path)}


def bundle(main: str) -> str:
    """Return a module of the page and all that it imports as one script.

    Each module becomes a function that returns its exports, called in the order of the imports.
    Comments of whole lines and indentation are left out.
    """
    modules: dict[str, str] = {}

    def add(name: str) -> None:
        if name in modules:
            return
        path = (
            f"app/{name}.js" if (_FOLDER / "app" / f"{name}.js").exists() else f"modules/{name}.js"
        )
        text = _read(path)
        for _, imported in _IMPORT.findall(text):
            add(imported)
        exported = ", ".join(exported for _, exported in _EXPORT.findall(text))
        body = _EXPORT.sub(r"\1", _IMPORT.sub(r"const {\1} = \2_module;", text))
        modules[name] = f"const {name}_module = (() => {{\n{body}return {{ {exported} }};\n}})();\n"

    add(main)
    return _INDENT.sub("", _COMMENT.sub("", "".join(modules.values())))


def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")
