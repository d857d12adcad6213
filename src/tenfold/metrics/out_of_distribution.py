"""Out-of-distribution detection: how well a score separates familiar images from others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.checks import FloatArray, numbers
from tenfold.metrics.score import CONFIDENCE, Score


def auroc(in_distribution: npt.ArrayLike, out_of_distribution: npt.ArrayLike) -> Score:
    """Return the area under the ROC curve of a score that separates two sets of images.

    It is the probability that an in-distribution image has a higher score than an
    out-of-distribution one; ties count one half. The interval is value ± 1.96 DeLong standard
    errors, computed from ranks and clipped to [0, 1]; it is a point for perfect separation.

    Args:
        in_distribution: float ``[n]``, any score that should be higher here, such as the top
            probability.
        out_of_distribution: float ``[m]``, the same score.

    Returns:
        The area; its `n` is n + m, and a side of one image has no interval.

    Raises:
        InputError: a side is empty, or a value is not finite.

    Source: DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated
    receiver operating characteristic curves" (1988); Sun and Xu, "Fast implementation of DeLong's
    algorithm" (2014).

    >>> auroc([0.9, 0.8, 0.7, 0.95], [0.3, 0.75, 0.5]).as_text(2)
    '0.92 (0.69 to 1.00)'
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    positives = _scores("in_distribution", in_distribution)
    negatives = _scores("out_of_distribution", out_of_distribution)
    n, m = len(positives), len(negatives)
    ranks = rankdata(np.concatenate([positives, negatives]))
    # The share of the other side that scores lower (higher) than each image, ties one half.
    above = (ranks[:n] - rankdata(positives)) / m
    below = 1 - (ranks[n:] - rankdata(negatives)) / n
    value = float(above.mean())
    if min(n, m) == 1:
        return Score(value, None, None, n + m)
    error = np.sqrt(above.var(ddof=1) / n + below.var(ddof=1) / m)
    reach = float(ndtri((1 + CONFIDENCE) / 2) * error)
    return Score(value, max(0.0, value - reach), min(1.0, value + reach), n + m)


def _scores(name: str, values: npt.ArrayLike) -> FloatArray:
    array = numbers(name, values)
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"{name} must be a row of at least one number, got shape {array.shape}")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise InputError(f"{name} must be finite, {bad} of {len(array)} scores are not")
    return array
