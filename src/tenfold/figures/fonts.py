"""Text in any script: fonts that are installed for it, or code points where there is none."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_IGNORED = ("Last Resort",)  # fonts that draw a box for every character


def fit_fonts(figure: Figure) -> None:
    """Give each text of a figure the fonts that its characters need.

    Characters that no installed font has become code points, such as U+3042.
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        missing = [letter for letter in text.get_text() if not _is_usual(letter)]
        if not missing:
            continue
        fonts = {letter: _font_with(letter) for letter in missing}
        families = [font for font in dict.fromkeys(fonts.values()) if font is not None]
        if families:
            text.set_fontfamily([*text.get_fontfamily(), *families])
        for letter, font in fonts.items():
            if font is None:
                text.set_text(text.get_text().replace(letter, f"U+{ord(letter):04X} "))


def _is_usual(letter: str) -> bool:
    """Whether a character needs no other font: layout, or in matplotlib's own one."""
    return letter.isspace() or ord(letter) in _characters(_default())


@cache
def _default() -> str:
    from matplotlib.font_manager import FontProperties, findfont

    return str(findfont(FontProperties(family=["sans-serif"])))


@cache
def _characters(path: str) -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(get_font(path).get_charmap())


@cache
def _font_with(letter: str) -> str | None:
    """Return the family of the first installed font, by name, that has a character."""
    from matplotlib.font_manager import fontManager

    for font in sorted(fontManager.ttflist, key=lambda font: (font.name, font.fname)):
        if not font.name.startswith(_IGNORED) and _has(font.fname, letter):
            return str(font.name)
    return None


def _has(path: str, letter: str) -> bool:
    try:
        return ord(letter) in _characters(path)
    except (OSError, RuntimeError):  # a font that FreeType cannot read
        return False
