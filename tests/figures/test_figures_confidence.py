from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
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


def test_two_series_are_told_apart_by_colour_marker_and_place():
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


def _curve(wrong) -> tuple[np.ndarray, np.ndarray]:
    """Coverage and risk of images in order of confidence, `wrong` bool [n]."""
    accepted = np.arange(1, len(wrong) + 1)
    return accepted / len(wrong), np.cumsum(wrong) / accepted


def _late(n: int, seed: int = 0, power: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).random(n) < 0.3 * (np.arange(n) / n) ** power


def test_risk_coverage_draws_a_line_a_network():
    curves = [_curve(_late(400, seed, power=0)) for seed in range(3)]
    figure = figures.risk_coverage(curves)
    for line, (coverage, risk) in zip(figure.axes[0].lines, curves, strict=True):
        start = figure.axes[0].get_xlim()[0]
        np.testing.assert_allclose(line.get_xdata(), coverage[coverage >= start])
        np.testing.assert_allclose(line.get_ydata(), risk[coverage >= start])
    ends = sorted(risk[-1] for _, risk in curves)
    assert _texts(figure) == [f"all accepted\n{100 * ends[0]:.2f} to {100 * ends[-1]:.2f} %"]


def test_the_operating_point_is_marked_and_named():
    figure = figures.risk_coverage([_curve(_late(10_000))], (0.971, 0.0012))
    assert _texts(figure)[0] == "accepts 97.1 %,\n0.12 % of them wrong"
    (point,) = (line for line in figure.axes[0].lines if line.get_marker() == "o")
    np.testing.assert_allclose(point.get_xydata(), [[0.971, 0.0012]])
    assert point.get_color() == figures.VERMILLION
    assert figure.get_label().endswith("accepts 97.1 %, 0.12 % of them wrong.")


@settings(max_examples=25, deadline=None)
@given(st.integers(501, 5000), st.integers(0, 99), st.integers(0, 3))
def test_a_thinned_line_keeps_its_ends_and_its_peaks(n, seed, power):
    coverage, risk = _curve(_late(n, seed, power))
    axes = figures.risk_coverage([(coverage, risk)]).axes[0]
    x, y = axes.lines[0].get_data()
    seen = coverage >= axes.get_xlim()[0]
    assert len(x) <= 500
    assert (y.min(), y.max()) == (risk[seen].min(), risk[seen].max())
    assert (x[0], x[-1], y[-1]) == (coverage[seen][0], 1, risk[-1])
    assert (np.diff(x) > 0).all()
    assert set(zip(x, y, strict=True)) <= set(zip(coverage, risk, strict=True))


@pytest.mark.parametrize(
    ("wrong", "point", "start"),
    [
        (_late(10_000, power=20), None, 0.8),
        (_late(10_000, power=40), (0.55, 0.0), 0.5),
        (np.arange(100) % 2 == 0, None, 0.0),
        (np.zeros(100, bool), None, 0.9),
    ],
    ids=["late errors", "early point", "errors everywhere", "no errors"],
)
def test_the_picture_begins_where_the_risk_does(wrong, point, start):
    axes = figures.risk_coverage([_curve(wrong)], point).axes[0]
    assert axes.get_xlim() == pytest.approx((start, 1))
    assert axes.get_ylim()[0] == 0


def test_ticks_of_coverage_are_told_apart():
    figure = figures.risk_coverage([_curve(_late(10_000, power=40))])
    figure.draw_without_rendering()
    for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis):
        for tick, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True):
            said = float(label.get_text().removesuffix(" %"))
            assert said == pytest.approx(100 * tick, abs=1e-9)


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


def test_the_highlighted_row_is_told_by_colour_weight_and_value():
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


def _intervals(**changed):
    return figures.intervals(**(ROWS | changed))


SHORT = metrics.Reliability(*(np.array([0.5, 0.5]),) * 4, np.array([1]))
NONE = metrics.Reliability(*(np.array([0.5]),) * 4, np.array([0]))
PERCENT = metrics.Reliability(*(np.array([50.0]),) * 4, np.array([1]))
LINE = ([0.5, 1.0], [0.0, 0.1])
BAD = {
    "no series": (lambda: figures.reliability({}), "one or two series, got 0"),
    "three series": (lambda: figures.reliability(dict.fromkeys("abc", _bins())), "got 3"),
    "bins of two lengths": (lambda: figures.reliability({"a": SHORT}), "'a' must have one length"),
    "empty bin": (lambda: figures.reliability({"a": NONE}), "at least one image"),
    "percentages": (lambda: figures.reliability({"a": PERCENT}), "[0, 1], got 50 to 50"),
    "no curves": (lambda: figures.risk_coverage([]), "at least one network"),
    "arrays for pairs": (lambda: figures.risk_coverage([0.5, 1.0]), "must be a pair"),
    "risk missing": (lambda: figures.risk_coverage([([0.5, 1], [0])]), "2 entries for 1 of risk"),
    "descending": (lambda: figures.risk_coverage([([1, 0.5], [0, 0])]), "must increase"),
    "nan risk": (lambda: figures.risk_coverage([([0.5, 1], [0, np.nan])]), "risk must be finite"),
    "words": (lambda: figures.risk_coverage([(["a", "b"], [0, 0])]), "coverage must be a row"),
    "threshold for a point": (lambda: figures.risk_coverage([LINE], [0.9]), "got 1 numbers"),
    "point in percent": (lambda: figures.risk_coverage([LINE], (97, 1)), "[0, 1], got 1 to 97"),
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
def test_bad_input_is_told_in_one_line(draw, words):
    with pytest.raises(InputError) as caught:
        draw()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
