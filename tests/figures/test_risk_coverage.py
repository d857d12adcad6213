"""Risk-coverage curves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from tenfold import figures
from tenfold.core.errors import InputError


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


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


def test_ticks_of_coverage_are_distinct():
    figure = figures.risk_coverage([_curve(_late(10_000, power=40))])
    figure.draw_without_rendering()
    for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis):
        for tick, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True):
            text = float(label.get_text().removesuffix(" %"))
            assert text == pytest.approx(100 * tick, abs=1e-9)


LINE = ([0.5, 1.0], [0.0, 0.1])
BAD = {
    "no curves": (lambda: figures.risk_coverage([]), "at least one network"),
    "arrays for pairs": (lambda: figures.risk_coverage([0.5, 1.0]), "must be a pair"),
    "risk missing": (lambda: figures.risk_coverage([([0.5, 1], [0])]), "2 entries for 1 of risk"),
    "descending": (lambda: figures.risk_coverage([([1, 0.5], [0, 0])]), "must increase"),
    "nan risk": (lambda: figures.risk_coverage([([0.5, 1], [0, np.nan])]), "risk must be finite"),
    "words": (lambda: figures.risk_coverage([(["a", "b"], [0, 0])]), "coverage must be a row"),
    "threshold for a point": (lambda: figures.risk_coverage([LINE], [0.9]), "got 1 numbers"),
    "point in percent": (lambda: figures.risk_coverage([LINE], (97, 1)), "[0, 1], got 1 to 97"),
}


@pytest.mark.parametrize(("draw", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(draw, words):
    with pytest.raises(InputError) as caught:
        draw()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
