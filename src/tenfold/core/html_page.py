"""Self-contained HTML pages from templates, with their style and script inline."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

BASE_STYLE = Path(__file__).parent / "base.css"
"""Colours, type and components that all pages share."""


def render_page(
    templates: Path,
    filters: dict[str, Callable[..., str]],
    values: dict[str, Any],
    name: str = "page.html",
    style: str | None = None,
    script: str | None = None,
) -> str:
    """Return a page of a folder of Jinja templates as one HTML document.

    The template also receives ``style`` and ``script``, the contents of ``style.css``, after the
    style that all pages share, and of ``script.js`` in the same folder or the given ones, and
    ``script_hash``, with which the content security policy of the page allows only that script.
    Values are escaped.

    Args:
        templates: the folder.
        filters: functions that the templates may call.
        values: variables of the template; a missing one is an error.
        name: of the template.
        style: instead of the contents of ``style.css``.
        script: instead of the contents of ``script.js``.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    script = (templates / "script.js").read_text("utf-8") if script is None else script
    style = (templates / "style.css").read_text("utf-8") if style is None else style
    page: str = environment.get_template(name).render(
        values,
        style=BASE_STYLE.read_text("utf-8") + style,
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
    )
    return page
