"""Values with intervals in rows."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tenfold import figures
from tenfold.core.errors import InputError


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def _study(n: int) -> dict[str, object]:
    values = np.linspace(0.99, 0.97, n)
    return {
        "names": [f"dense-{i}" for i in range(n)],
        "values": values,
        "low": values - 0.002,
        "high": values + 0.001,
        "title": "Width",
        "xlabel": "validation accuracy",
    }


def _intervals(**changed):
    return figures.intervals(**(ROWS | changed))


@pytest.mark.parametrize("n", [1, 7, 60])
def test_intervals_stand_in_rows_from_the_top(n):
    study = _study(n)
    figure = figures.intervals(**study)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xdata(), study["values"])
    ends = np.array([path.vertices[:, 0] for path in axes.collections[0].get_paths()])
    np.testing.assert_allclose(ends, np.stack([study["low"], study["high"]], axis=1))
    labels = axes.get_yticklabels()
    assert [label.get_text() for label in labels] == study["names"]
    heights = [label.get_window_extent() for label in labels]
    assert all(b.y1 < a.y0 for a, b in pairwise(heights))


def test_the_highlighted_row_differs_by_colour_weight_and_value():
    figure = figures.intervals(**_study(5), highlight=2)
    labels = figure.axes[0].get_yticklabels()
    assert [label.get_weight() for label in labels] == ["normal"] * 2 + ["bold"] + ["normal"] * 2
    assert to_hex(labels[2].get_color()).upper() == figures.VERMILLION
    assert _texts(figure) == ["98.00 %"]
    assert figure.get_label().endswith("Highlighted: dense-2, 98.00 %.")


def test_intervals_of_what_is_no_share_have_no_percent():
    figure = figures.intervals(
        ["a", "b"], [12.3, 7], [10, 6], [14, 9], title="t", xlabel="s", highlight=0, percent=False
    )
    figure.draw_without_rendering()
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert _texts(figure) == ["12.3"]
    assert not any("%" in text for text in [*ticks, figure.get_label()])


def test_long_names_leave_the_intervals_their_room():
    study = _study(3) | {"names": ["a name as long as a whole line of text, and longer " * 2] * 3}
    figure = figures.intervals(**study)
    figure.draw_without_rendering()
    assert figure.axes[0].get_window_extent().width > 400
    assert figure.axes[0].get_yticklabels()[0].get_window_extent().x0 >= 0


ROWS = _study(2)
BAD = {
    "no rows": (lambda: _intervals(names=[]), "1 to 60 rows, got 0"),
    "too many rows": (lambda: figures.intervals(**_study(61)), "1 to 60 rows, got 61"),
    "value missing": (lambda: _intervals(values=[0.98]), "values has 1 entries for 2 names"),
    "interval missing": (lambda: _intervals(high=[1.0]), "high has 1 entries for 2 names"),
    "table for a row": (lambda: _intervals(low=[[0.1, 0.2]]), "got shape (1, 2)"),
    "infinite": (lambda: _intervals(high=[1, np.inf]), "high must be finite"),
    "outside": (lambda: _intervals(low=[0.98, 0.98]), "row 1 has 0.97 outside its interval, 0.98"),
    "no such row": (lambda: _intervals(highlight=2), "a row from 0 to 1, got 2"),
}


@pytest.mark.parametrize(("draw", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(draw, words):
    with pytest.raises(InputError) as caught:
        draw()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
