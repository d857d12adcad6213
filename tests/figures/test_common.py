"""All figures: legible text, matplotlib settings unchanged."""

import subprocess
import sys

import numpy as np
from matplotlib.colors import to_rgb

from tenfold import figures


def _contrast(one: object, other: object) -> float:
    """Contrast ratio of WCAG 2.2."""
    luminances = []
    for color in (one, other):
        rgb = np.array(to_rgb(color))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        luminances.append(linear @ (0.2126, 0.7152, 0.0722))
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


def test_text_is_legible_on_white():
    for color in (figures.INK, figures.QUIET, figures.BLUE):
        assert _contrast(color, "white") >= 4.5
    assert _contrast(figures.VERMILLION, "white") >= 3  # bold, or beside a line of its colour


def test_drawing_leaves_matplotlib_as_it_was():
    code = """if True:
        import sys, tenfold.figures as figures
        print([m for m in ("matplotlib", "pandas", "scipy") if m in sys.modules])
        import matplotlib, numpy
        before = matplotlib.rcParams.copy()
        get = dict.get  # the ordinary way chooses a backend
        figures.to_png(figures.confusion_matrix(numpy.eye(3, dtype=int)))
        print("matplotlib.pyplot" in sys.modules,
              [key for key in before if get(before, key) != get(matplotlib.rcParams, key)])
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "False []"]
