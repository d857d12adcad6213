"""Pages: templates, a style and a script as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any


def render(templates: Path, filters: dict[str, Callable[..., str]], values: dict[str, Any]) -> str:
    """Return ``page.html`` of a folder of templates, filled in.

    The template also gets ``style`` and ``script``, from ``style.css`` and ``script.js`` beside
    it, and ``script_hash``, by which a security policy in the page allows that script alone.
    Whatever values are put in is escaped.

    Args:
        templates: the folder.
        filters: functions that the templates may call.
        values: what they show; a name that is missing is an error.
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
    script = (templates / "script.js").read_text("utf-8")
    page: str = environment.get_template("page.html").render(
        values,
        style=(templates / "style.css").read_text("utf-8"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
    )
    return page
