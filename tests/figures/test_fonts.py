"""Class names in any script are drawn by a font that has them, or as code points."""

import warnings

import numpy as np
import pytest
from matplotlib.text import Text

from tenfold import figures
from tenfold.figures import fonts


@pytest.mark.parametrize("name", ["あいう", "犬", "ﾊﾝｶｸ", "😀", "قط", "naïve-Ω"])
def test_names_are_drawn_without_missing_glyphs(name):
    figure = figures.gallery(np.zeros((1, 28, 28), np.uint8), titles=[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert figures.to_png(figure)


def test_a_character_that_no_font_has_becomes_its_code_point(monkeypatch):
    monkeypatch.setattr(fonts, "_font_with", lambda letter: None)
    figure = figures.gallery(np.zeros((1, 28, 28), np.uint8), titles=["a犬"])
    figures.to_png(figure)
    assert any(text.get_text().strip() == "aU+72AC" for text in figure.findobj(Text))


def test_a_font_that_has_a_character_is_added(monkeypatch):
    monkeypatch.setattr(fonts, "_font_with", lambda letter: "STIXGeneral")
    monkeypatch.setattr(fonts, "_is_usual", lambda letter: letter != "b")
    figure = figures.gallery(np.zeros((1, 28, 28), np.uint8), titles=["ab"])
    figures.to_png(figure)
    (title,) = [text for text in figure.findobj(Text) if text.get_text() == "ab"]
    assert title.get_fontfamily() == ["sans-serif", "STIXGeneral"]
