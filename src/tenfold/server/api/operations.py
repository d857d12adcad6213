"""The OpenAPI description, arranged for readers."""

from __future__ import annotations

from typing import Any

from tenfold.server.api.openapi import COMMON_ERRORS
from tenfold.server.http.errors import STATUS


def operations(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the operations by their tag, with path, method and specific error codes."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            names = [one["description"] for one in operation["responses"].values()]
            codes = {code for one in names for code in one.split(", ")} & set(STATUS)
            row = {
                "path": path,
                "method": method.upper(),
                "codes": sorted(codes - set(COMMON_ERRORS)),
                **operation,
            }
            groups.setdefault(operation["tags"][0], []).append(row)
    return groups


def type_name(schema: dict[str, Any]) -> str:
    """Describe a JSON type in a few words.

    Example:
        >>> type_name({"type": "array", "items": {"$ref": "#/components/schemas/Answer"}})
        'list of Answer'
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(type_name(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {type_name(schema.get('items', {}))}"
    if "enum" in schema:
        return " or ".join(map(repr, schema["enum"]))
    if schema.get("format") == "binary":
        return "bytes"
    return str(schema.get("type", "anything"))
