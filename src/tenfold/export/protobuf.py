"""ONNX files read by their bytes, without ONNX: metadata, and that nothing foreign is inside.

An ONNX file is a protocol buffer, so fields with a number, a type and a value.
Source: https://protobuf.dev/programming-guides/encoding and onnx.proto of ONNX 1.12.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Field = tuple[int, "int | memoryview"]

_MODEL = {"ir": 1, "producer": 2, "graph": 7, "opset": 8, "metadata": 14}
_GRAPH = {"node": 1, "name": 2, "constant": 5, "input": 11, "output": 12}
_NODE = {"input": 1, "output": 2, "name": 3, "kind": 4, "attribute": 5, "domain": 7}
_ATTRIBUTE = {"name": 1, "f": 2, "i": 3, "s": 4, "floats": 7, "ints": 8, "type": 20}
_CONSTANT = {"dims": 1, "type": 2, "name": 8, "raw": 9}


@dataclass(frozen=True)
class Contents:
    """What stands in an ONNX file.

    Attributes:
        producer: who wrote it.
        metadata: texts by key.
        foreign: what tenfold never writes, in words; "" where there is nothing of that kind.
    """

    producer: str
    metadata: dict[str, str]
    foreign: str


def read(data: bytes) -> Contents:
    """Read the bytes of an ONNX file.

    Raises:
        ValueError: they are not of one, or were cut short.
    """
    model = list(_fields(memoryview(data)))
    graphs = [value for number, value in model if number == _MODEL["graph"]]
    if len(graphs) != 1:
        raise ValueError("no graph")
    graph = _bytes(graphs[0])
    producers = [_text(value) for number, value in model if number == _MODEL["producer"]]
    entries = [_entry(_bytes(value)) for number, value in model if number == _MODEL["metadata"]]
    return Contents(producers[0] if producers else "", dict(entries), _foreign(model, graph))


def producer(data: bytes) -> str:
    """Who wrote a file that may be cut short; "" where that cannot be seen."""
    try:
        for number, value in _fields(memoryview(data)):
            if number == _MODEL["producer"]:
                return _text(value)
    except ValueError:
        pass
    return ""


def _foreign(model: list[Field], graph: memoryview) -> str:
    if not {number for number, _ in model} <= set(_MODEL.values()):
        return "functions"
    opsets = [dict(_fields(_bytes(value))) for number, value in model if number == _MODEL["opset"]]
    if any(_text(opset.get(1, memoryview(b""))) for opset in opsets):
        return "operators that are not ONNX's own"
    for number, value in _fields(graph):
        if number == _GRAPH["node"]:
            found = _foreign_node(_bytes(value))
        elif number == _GRAPH["constant"]:
            found = _only(_bytes(value), _CONSTANT, "numbers kept in another file")
        else:
            found = "" if number in _GRAPH.values() else "a graph of another kind"
        if found:
            return found
    return ""


def _foreign_node(node: memoryview) -> str:
    for number, value in _fields(node):
        if number == _NODE["domain"] and len(_bytes(value)):
            return "operators that are not ONNX's own"
        if number == _NODE["attribute"]:
            found = _only(_bytes(value), _ATTRIBUTE, "a graph within a node")
            if found:
                return found
    return _only(node, _NODE, "a node of another kind")


def _only(message: memoryview, allowed: dict[str, int], otherwise: str) -> str:
    known = set(allowed.values())
    return "" if all(number in known for number, _ in _fields(message)) else otherwise


def _entry(message: memoryview) -> tuple[str, str]:
    found = dict(_fields(message))
    return _text(found.get(1, memoryview(b""))), _text(found.get(2, memoryview(b"")))


def _text(value: int | memoryview) -> str:
    return bytes(_bytes(value)).decode("utf-8")


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where bytes belong")
    return value


def _fields(message: memoryview) -> Iterator[Field]:
    """The fields of a message: their numbers, with an int or the bytes of their value."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(message, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field of type {kind}")
        if at + size > len(message):
            raise ValueError("cut short")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where the next field begins."""
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("cut short")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
