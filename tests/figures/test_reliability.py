"""Reliability diagrams."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from tenfold import figures, metrics
from tenfold.core.errors import InputError


def _bins(n=(100, 100, 100), confidence=(0.7, 0.9, 0.999), right=(60, 90, 100)):
    n, right = np.array(n), np.array(right)
    low, high = np.array([metrics.wilson_interval(r, m) for r, m in zip(right, n, strict=True)]).T
    return metrics.Reliability(np.array(confidence), right / n, low, high, n)


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def _points(figure: Figure, series: int = 0) -> np.ndarray:
    """Positions [bins, 2] of a series of a reliability diagram."""
    lines = [line for line in figure.axes[0].lines if line.get_marker() in ("o", "D")]
    return lines[series].get_xydata()


def test_reliability_shows_each_bin_with_its_interval():
    bins = _bins()
    figure = figures.reliability({"before": bins})
    np.testing.assert_allclose(_points(figure)[:, 1], [-10, 0, 0.1])
    (bars,) = figure.axes[0].collections
    ends = np.array([path.vertices[:, 1] for path in bars.get_paths()])
    np.testing.assert_allclose(ends[:, 0], 100 * (bins.low - bins.confidence))
    np.testing.assert_allclose(ends[:, 1], 100 * (bins.high - bins.confidence))
    assert _texts(figure) == ["70.0", "90.0", "99.90", "underconfident", "overconfident"]
    assert figure.get_label() == (
        "Reliability in bins of 100 images. Accuracy minus confidence: before -10.0 to 0.1 points."
    )


def test_every_image_has_equal_room_in_a_reliability_diagram():
    bins = _bins(n=(100, 300, 600), right=(60, 270, 600))
    np.testing.assert_allclose(
        _points(figures.reliability({"x": bins}))[:, 0], [0.05, 0.25, 0.7], atol=1e-12
    )


def test_two_series_differ_by_colour_marker_and_position():
    figure = figures.reliability({"before": _bins(), "after": _bins()})
    lines = figure.axes[0].lines[1:]
    assert [line.get_color() for line in lines] == [figures.BLUE, figures.VERMILLION]
    assert len({line.get_marker() for line in lines}) == 2
    assert (_points(figure, 0)[:, 0] < _points(figure, 1)[:, 0]).all()
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["before", "after"]


@pytest.mark.parametrize("bins", [1, 15, 60])
def test_confidences_below_the_axis_do_not_overlap(bins):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(10, 0.02), 3000)
    labels = rng.integers(0, 10, 3000)
    figure = figures.reliability(
        {
            "before": metrics.reliability(probabilities, labels, bins),
            "after": metrics.reliability(
                metrics.apply_temperature(probabilities, 0.4), labels, bins
            ),
        }
    )
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(figure.bbox.x0 <= b.x0 and b.x1 <= figure.bbox.x1 for b in boxes)
    for line in figure.axes[0].lines[1:]:
        assert ((line.get_xdata() > 0) & (line.get_xdata() < 1)).all()


def test_a_mean_confidence_a_little_above_one_is_drawn():
    figure = figures.reliability({"x": _bins(confidence=(0.7, 0.9, 1.004))})
    assert _texts(figure)[2] == "100"


SHORT = metrics.Reliability(*(np.array([0.5, 0.5]),) * 4, np.array([1]))
NONE = metrics.Reliability(*(np.array([0.5]),) * 4, np.array([0]))
PERCENT = metrics.Reliability(*(np.array([50.0]),) * 4, np.array([1]))
BAD = {
    "no series": (lambda: figures.reliability({}), "one or two series, got 0"),
    "three series": (lambda: figures.reliability(dict.fromkeys("abc", _bins())), "got 3"),
    "bins of two lengths": (lambda: figures.reliability({"a": SHORT}), "'a' must have one length"),
    "empty bin": (lambda: figures.reliability({"a": NONE}), "at least one image"),
    "percentages": (lambda: figures.reliability({"a": PERCENT}), "[0, 1], got 50 to 50"),
}


@pytest.mark.parametrize(("draw", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(draw, words):
    with pytest.raises(InputError) as caught:
        draw()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
