"""Figures as inline SVG that takes colours and font from the surrounding page."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from tenfold.figures.common import BLUE, DPI, INK, QUIET, RULE, VERMILLION
from tenfold.figures.output import render

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from matplotlib.figure import Figure

_NAMESPACE = "http://www.w3.org/2000/svg"
_VARIABLES = {
    INK: "ink",
    QUIET: "muted",
    RULE: "rule",
    BLUE: "blue",
    VERMILLION: "vermillion",
    "#FFFFFF": "paper",
}
_COORDINATES = ("d", "x", "y", "width", "height", "transform")


def to_svg(figure: Figure, alt: str | None = None) -> str:
    """Return a figure as an svg element for an HTML page.

    It is as wide as the page allows, up to its natural width. Text stays text, in the font of the
    page. A page changes the colours by the CSS variables --ink, --muted, --rule, --paper, --blue
    and --vermillion. Ids begin with a digest of the content, so that the figures of one page do
    not share any. The same figure gives the same text.

    Args:
        figure: the figure.
        alt: text for screen readers, by default the label of the figure.

    >>> from tenfold.figures import confusion_matrix
    >>> element = to_svg(confusion_matrix([[5, 1], [0, 4]], ["cat", "dog"]))
    >>> element[:4], "var(--ink, #222222)" in element, "<?xml" in element
    ('<svg', True, False)
    """
    drawn = render(figure, "svg", fonttype="none")
    source = ElementTree.fromstring(drawn)  # noqa: S314 (rendered by matplotlib above)
    _rename(source, f"f{hashlib.sha256(drawn).hexdigest()[:8]}-")
    width = round(figure.get_figwidth() * DPI / 2)  # two device pixels per CSS pixel
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": _NAMESPACE,
            "viewBox": source.attrib["viewBox"],
            "role": "img",
            "aria-label": alt if alt is not None else str(figure.get_label()),
            "style": f"width: 100%; max-width: {width}px; height: auto; "
            "font-family: inherit; stroke-linejoin: round",
        },
    )
    for child in source:
        _copy(child, root)
    return ElementTree.tostring(root, encoding="unicode")


def _rename(root: Element, prefix: str) -> None:
    """Number the ids that are referenced, and drop the others."""
    names: dict[str, str] = {}

    def number(name: re.Match[str]) -> str:
        return names.setdefault(name.group(), f"{prefix}{len(names)}")

    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "clip-path" or key.endswith("href"):
                element.set(key, re.sub(r"(?<=#)[^)]+", number, value))
    for element in root.iter():
        name = element.attrib.pop("id", None)
        if name in names:
            element.set("id", names[name])


def _copy(element: Element, parent: Element) -> None:
    """Copy an element into `parent`, without metadata and groups without attributes."""
    tag = element.tag.rpartition("}")[2]
    # A style element would apply to the whole page.
    if tag in ("metadata", "title", "style"):
        return
    attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    target = parent
    if tag != "g" or attributes:
        target = ElementTree.SubElement(parent, tag, _tidy(attributes))
        target.text = (element.text or "").strip() or None
    for child in element:
        _copy(child, target)


def _tidy(attributes: dict[str, str]) -> dict[str, str]:
    """Round coordinates to hundredths of a point, and leave colours and font to the page."""
    tidy = {
        key: re.sub(r"-?\d+\.\d+", _hundredths, " ".join(value.split()))
        if key in _COORDINATES
        else value
        for key, value in attributes.items()
        if not (key == "transform" and value.startswith("rotate(-0 "))
    }
    if "style" in tidy:
        style = re.sub(r"font-family:[^;]*; ", "", tidy["style"])
        tidy["style"] = re.sub(r"#[0-9a-fA-F]{6}\b", _variable, style)
    return tidy


def _hundredths(number: re.Match[str]) -> str:
    return f"{float(number.group()):.2f}".rstrip("0").rstrip(".")


def _variable(color: re.Match[str]) -> str:
    name = _VARIABLES.get(color.group().upper())
    return f"var(--{name}, {color.group()})" if name else color.group()
