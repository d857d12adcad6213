"""The operators of an ONNX model of other software: which of them tenfold runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold.core.errors import InputError
from tenfold.export.inspection import DOMAINS

if TYPE_CHECKING:
    import onnx

OLDEST_OPSET = 7
"""ONNX Runtime supports this opset and later ones."""


def require_known_operators(path: Path, model: onnx.ModelProto) -> None:
    """Refuse a model with operators that ONNX does not define, or of an unknown version.

    Args:
        path: for messages.
        model: with the domain "" for ONNX's own operators.

    Raises:
        InputError: it has such operators, or nodes with graphs inside.
    """
    from onnx import AttributeProto, defs

    versions = {opset.domain: opset.version for opset in model.opset_import}
    newest = defs.onnx_opset_version()
    if not OLDEST_OPSET <= versions.get("", newest) <= newest:
        raise InputError(
            f"{path}: its opset is {versions['']}; {OLDEST_OPSET} to {newest} can be read: export "
            "it again with opset_version=17"
        )
    for node in model.graph.node:
        name = f"{node.domain}.{node.op_type}".lstrip(".")
        if node.domain not in DOMAINS or not defs.has(node.op_type, node.domain):
            raise InputError(
                f"{path}: uses the operator {name[:60]}, which is not one of ONNX itself; export "
                "it without custom operators and without optimization for one runtime"
            )
        try:
            defs.get_schema(node.op_type, versions.get(node.domain, 1), node.domain)
        except defs.SchemaError:
            raise InputError(
                f"{path}: uses the operator {name}, which opset {versions.get(node.domain)} does "
                "not have; export it again with a newer opset_version"
            ) from None
        if any(a.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for a in node.attribute):
            raise InputError(
                f"{path}: uses {name}, a branch or loop of its own; export it without control flow"
            )


def reason_of(error: Exception) -> str:
    """Return what ONNX Runtime says of a model, without its codes, places and signatures.

    Example:
        >>> reason_of(ValueError("[ONNXRuntimeError] : 1 : FAIL : Node () Op (Add) wrong sizes"))
        'Op (Add) wrong sizes'
    """
    text = " ".join(str(error).split())
    text = re.sub(r"^.*\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    text = re.sub(
        r"Node \(\) |\bconst\b |\[\w+Error\] |/\S+:\d+ |\S*onnxruntime::\S*(\(.*?\))?", "", text
    )
    return text.strip()[:120] or type(error).__name__
