"""Inspection of the bytes of an ONNX file: producer, metadata, and content that is refused.

The bytes are read as protocol buffers before ONNX Runtime opens the file, since it would run
subgraphs, functions and operators of other domains, and reports metadata only afterwards.
Parsing here keeps start-up fast: importing ``onnx`` costs 125 ms of processor time and
``google.protobuf`` 29 ms, beside 395 ms for opening the shipped model and its first prediction;
this module takes 7 ms (medians of 10 alternating processes; onnx 1.23, protobuf 7.36).

Source: https://protobuf.dev/programming-guides/encoding and ``onnx.proto`` of ONNX 1.12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

DOMAINS = ("", "ai.onnx.ml")
"""Domains of operators that ONNX itself defines: networks, and classical machine learning."""

_PRODUCER, _GRAPH, _METADATA = 2, 7, 14
"""Field numbers of ``ModelProto``."""


@dataclass(frozen=True)
class _Message:
    """The fields that tenfold writes in a kind of message.

    Attributes:
        fields: kinds of the messages in its fields by number, or None for other values; "domain"
            marks a domain of operators, which must be one of ``DOMAINS``.
        unexpected: describes any other field.
    """

    fields: Mapping[int, _Message | str | None]
    unexpected: str


def _plain(*numbers: int) -> dict[int, _Message | str | None]:
    return dict.fromkeys(numbers)


_INITIALIZER = _Message(_plain(1, 2, 8, 9), "external data")
_ATTRIBUTE = _Message({**_plain(1, 2, 3, 4, 7, 8, 9, 20), 5: _INITIALIZER}, "a subgraph")
_NODE = _Message({**_plain(1, 2, 3, 4), 5: _ATTRIBUTE, 7: "domain"}, "a node of unknown form")
_GRAPH_PROTO = _Message({**_plain(2, 11, 12), 1: _NODE, 5: _INITIALIZER}, "a graph of unknown form")
_OPSET = _Message({1: "domain", 2: None}, "an opset of unknown form")
_MODEL = _Message({**_plain(1, _PRODUCER, _METADATA), _GRAPH: _GRAPH_PROTO, 8: _OPSET}, "functions")


@dataclass(frozen=True)
class Contents:
    """The result of an inspection.

    Attributes:
        producer: name of the program that wrote the file.
        metadata: texts by key.
        refused: the first content that tenfold never writes, described; "" if there is none.
    """

    producer: str
    metadata: dict[str, str]
    refused: str


def inspect(data: bytes) -> Contents:
    """Inspect the bytes of an ONNX file.

    Raises:
        ValueError: they are not an ONNX model, or are truncated.
    """
    model = list(_fields(memoryview(data)))
    if [number for number, _ in model].count(_GRAPH) != 1:
        raise ValueError("no graph")
    producers = [_text(value) for number, value in model if number == _PRODUCER]
    entries = [dict(_fields(_bytes(value))) for number, value in model if number == _METADATA]
    metadata = {_text(entry.get(1, b"")): _text(entry.get(2, b"")) for entry in entries}
    return Contents((producers or [""])[0], metadata, _refused(memoryview(data), _MODEL))


def producer(data: bytes) -> str:
    """Name of the program that wrote a file that may be truncated; "" if it is not known."""
    try:
        return next(
            _text(value) for number, value in _fields(memoryview(data)) if number == _PRODUCER
        )
    except (ValueError, StopIteration):
        return ""


def _refused(message: memoryview, kind: _Message) -> str:
    for number, value in _fields(message):
        if number not in kind.fields:
            return kind.unexpected
        nested = kind.fields[number]
        if nested == "domain" and _text(value) not in DOMAINS:
            return "custom operators"
        refused = _refused(_bytes(value), nested) if isinstance(nested, _Message) else ""
        if refused:
            return refused
    return ""


def _text(value: int | bytes | memoryview) -> str:
    return bytes(_bytes(value)).decode("utf-8")


def _bytes(value: int | bytes | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number instead of bytes")
    return memoryview(value)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message: number, and an integer or the bytes of the value."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        wire_type = key & 7
        if wire_type == 0:
            value, position = _varint(message, position)
            yield key >> 3, value
            continue
        if wire_type == 2:
            size, position = _varint(message, position)
        elif wire_type in (1, 5):
            size = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"wire type {wire_type}")
        if position + size > len(message):
            raise ValueError("truncated")
        yield key >> 3, message[position : position + size]
        position += size


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """An integer of seven bits a byte, lowest first, and the position after it."""
    value = shift = 0
    while True:
        if position >= len(message) or shift > 63:
            raise ValueError("truncated")
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
