"""Figures of confusion matrices."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from tenfold import figures
from tenfold.core.errors import InputError


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def _contrast(one: object, other: object) -> float:
    """Contrast ratio of WCAG 2.2."""
    luminances = []
    for color in (one, other):
        rgb = np.array(to_rgb(color))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        luminances.append(linear @ (0.2126, 0.7152, 0.0722))
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


def test_confusion_matrix_writes_each_count_in_its_cell():
    counts = np.array([[50, 3, 0], [2, 45, 1], [0, 0, 12345]])
    figure = figures.confusion_matrix(counts, ["cat", "dog", "giraffe"])
    axes = figure.axes[0]
    cells = {text.get_position(): int(text.get_text()) for text in axes.texts}
    assert cells == {(p, t): counts[t, p] for t, p in zip(*counts.nonzero(), strict=True)}
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["cat", "dog", "giraffe"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert axes.get_title(loc="left") == "6 of 12,446 images wrong"


@pytest.mark.parametrize(
    ("ink", "paper", "orange", "blue"),
    [
        (figures.INK, "#ffffff", figures.VERMILLION, figures.BLUE),
        ("#e8e8e8", "#14161a", "#F08A4B", "#5AB4F0"),  # a page at night
    ],
)
def test_confusion_matrix_stays_legible_and_ranks_its_shades(ink, paper, orange, blue):
    counts = np.array([[900, 1, 10], [100, 800, 0], [30, 5, 700]])
    cells = figures.confusion_matrix(counts).axes[0].collections[0]
    themes = {to_rgb(figures.VERMILLION): to_rgb(orange), to_rgb(figures.BLUE): to_rgb(blue)}
    depth = {}
    for path, (*color, opacity) in zip(cells.get_paths(), cells.get_facecolors(), strict=True):
        shade = opacity * np.array(themes[tuple(color)]) + (1 - opacity) * np.array(to_rgb(paper))
        assert _contrast(ink, shade) >= 4.5
        predicted, true = np.rint(path.vertices[:4].mean(axis=0)).astype(int)
        assert (tuple(color) == to_rgb(figures.BLUE)) == (true == predicted)
        depth[true, predicted] = opacity
    assert len(depth) == 8  # the empty cell stays empty
    wrong = sorted((counts[place], deep) for place, deep in depth.items() if place[0] != place[1])
    assert (np.diff([deep for _, deep in wrong]) > 0).all()


def test_confusion_matrix_without_mistakes_and_without_images():
    perfect = figures.confusion_matrix(np.eye(2, dtype=int))
    assert perfect.axes[0].get_title(loc="left") == "0 of 2 images wrong"
    assert _texts(figures.confusion_matrix(np.zeros((2, 2), int))) == []


BAD = {
    "not square": (figures.confusion_matrix, (np.zeros((2, 3), int),), "got (2, 3)"),
    "shares": (figures.confusion_matrix, (np.eye(2),), "integers from 0 up"),
    "negative": (figures.confusion_matrix, (-np.eye(2, dtype=int),), "integers from 0 up"),
    "names missing": (figures.confusion_matrix, (np.eye(2, dtype=int), ["a"]), "got 1"),
}


@pytest.mark.parametrize(("function", "arguments", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, words):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_diagonal_cells_without_hits_are_not_coloured_and_the_title_names_the_network():
    figure = figures.confusion_matrix([[5, 1], [2, 0]], name="run-1, test")
    axes = figure.axes[0]
    assert axes.get_title(loc="left") == "run-1, test: 3 of 8 images wrong"
    (cells,) = axes.collections[:1]
    coloured = {tuple(path.vertices.mean(axis=0).round().tolist()) for path in cells.get_paths()}
    assert len(cells.get_paths()) == 3
    assert (1.0, 1.0) not in coloured


def test_confusion_matrix_of_many_classes_stays_of_a_size_that_can_be_drawn():
    figure = figures.confusion_matrix(np.eye(300, dtype=int), [f"c{i}" for i in range(300)])
    assert max(figure.get_size_inches()) < 40
    assert _texts(figure) == []
    assert len(figure.axes[0].get_xticklabels()) == 100
