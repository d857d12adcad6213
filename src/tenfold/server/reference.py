"""``docs/reference/http-api.md``, generated from the OpenAPI description.

Write it with ``python -m tenfold.server.reference > docs/reference/http-api.md``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tenfold.server.api.openapi import COMMON_ERRORS, operations, type_name
from tenfold.server.api.service import Service
from tenfold.server.app import fastapi_app
from tenfold.server.http.errors import STATUS
from tenfold.server.settings import Settings
from tenfold.server.target import resolve_target

INTRODUCTION = """# HTTP API

`tenfold serve` answers these requests; [Deployment](../deployment.md) explains access and limits.
The service shows the same reference at `/docs`. This page is generated from the types of the
endpoints (`src/tenfold/server/api/routes/`); [Add an endpoint](../how-to/add-an-endpoint.md)
extends it.
"""


def markdown() -> str:
    """Return the page."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(resolve_target(None), Path(folder), Settings())
        schema = fastapi_app(service)[0].openapi()
    lines = [INTRODUCTION]
    for group, endpoints in operations(schema).items():
        lines.append(f"## {group}\n")
        for endpoint in endpoints:
            lines += _endpoint(endpoint)
    lines += ["## Errors\n", schema["info"]["description"].split("\n\n")[1] + "\n"]
    common = ", ".join(f"`{code}`" for code in COMMON_ERRORS)
    lines += [f"Every endpoint can answer with {common}.\n", "| code | status |", "| --- | --- |"]
    lines += [f"| `{code}` | {status} |" for code, status in STATUS.items()]
    lines.append("\n## Types\n")
    for name, model in schema["components"]["schemas"].items():
        lines += [f"### {name}\n", f"{model.get('description', '')}\n"]
        lines += _table("field", model.get("properties", {}))
    return "\n".join(lines).rstrip() + "\n"


def _endpoint(endpoint: dict[str, Any]) -> list[str]:
    lines = [f"### `{endpoint['method']} {endpoint['path']}`\n", f"{endpoint['description']}\n"]
    parameters = {
        one["name"]: one["schema"] | {"description": one.get("description", "")}
        for one in endpoint.get("parameters", ())
    }
    lines += _table("parameter", parameters)
    if "requestBody" in endpoint:
        kinds = endpoint["requestBody"]["content"]
        lines.append(f"- body: {', '.join(f'`{kind}`' for kind in kinds)}")
    for status, response in endpoint["responses"].items():
        if status < "400":
            content = response.get("content", {})
            shown = [
                f"`{type_name(value['schema'])}`"
                if "$ref" in value.get("schema", {})
                else f"`{kind}`"
                for kind, value in content.items()
            ]
            lines.append(f"- {status}: {', '.join(shown) or 'no body'}")
    if endpoint["codes"]:
        lines.append(f"- errors: {', '.join(f'`{code}`' for code in endpoint['codes'])}")
    return [*lines, ""]


def _table(title: str, fields: dict[str, Any]) -> list[str]:
    if not fields:
        return []
    rows = []
    for name, field in fields.items():
        default = field.get("default")
        text = field.get("description", "")
        if default is not None:
            text = f"{text} Default {default}.".strip()
        rows.append(f"| `{name}` | {type_name(field)} | {text} |")
    return [f"| {title} | type | meaning |", "| --- | --- | --- |", *rows, ""]


if __name__ == "__main__":
    print(markdown(), end="")  # noqa: T201
