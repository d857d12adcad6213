"""The tables of an audit: likely label errors, and duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.data import Dataset
from tenfold.experiments.audits.duplicates import find_duplicates

if TYPE_CHECKING:
    from pandas import DataFrame

METHOD = "self_confidence"
"""Cleanlab's ranking by the probability of the given label; see ``benchmarks/audit.py``."""


def candidates(
    dataset: Dataset, sizes: dict[str, int], probabilities: npt.NDArray[np.float32]
) -> DataFrame:
    """The table of likely label errors, most likely first.

    Args:
        dataset: n images, one split after another.
        sizes: number of images of each split.
        probabilities: out-of-fold probabilities, float32 ``[n, classes]``.
    """
    import pandas as pd
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    given, predicted = dataset.labels, probabilities.argmax(axis=1)
    quality = get_label_quality_scores(given, probabilities, method=METHOD)
    is_issue = find_label_issues(given, probabilities, n_jobs=1)
    listed = np.flatnonzero((predicted != given) | is_issue)
    listed = listed[np.argsort(quality[listed], kind="stable")]
    names = np.array(dataset.class_names)
    frame = pd.DataFrame({"rank": np.arange(1, len(listed) + 1)})
    return pd.concat([frame, _rows(dataset, sizes, listed)], axis=1).assign(
        predicted=names[predicted[listed]],
        given_probability=probabilities[listed, given[listed]],
        predicted_probability=probabilities[listed, predicted[listed]],
        quality=quality[listed],
        is_issue=is_issue[listed],
    )


def duplicates(dataset: Dataset, sizes: dict[str, int]) -> DataFrame:
    """The table of duplicates, group by group.

    Groups with several labels come first, then those with images of several splits.
    """
    import pandas as pd

    groups = [_rows(dataset, sizes, indices) for indices in find_duplicates(dataset)]
    groups.sort(key=lambda group: (-group["given"].nunique(), -group["split"].nunique()))
    frame = pd.concat([_rows(dataset, sizes, np.empty(0, np.int64)), *groups])
    frame.insert(0, "group", np.repeat(np.arange(1, len(groups) + 1), [len(g) for g in groups]))
    labels = frame.groupby("group")["given"]
    return frame.reset_index(drop=True).assign(
        exact=frame["image"].duplicated(keep=False).to_numpy(),
        contradicts=(labels.transform("nunique") > 1).to_numpy(),
    )


def _rows(dataset: Dataset, sizes: dict[str, int], indices: npt.NDArray[np.int64]) -> DataFrame:
    """Split, index, digest and class name of images."""
    import pandas as pd

    starts = np.cumsum([0, *sizes.values()])
    split = np.searchsorted(starts, indices, side="right") - 1
    return pd.DataFrame(
        {
            "split": np.array(list(sizes))[split],
            "index": indices - starts[split],
            "image": dataset.digests[indices],
            "given": np.array(dataset.class_names)[dataset.labels[indices]],
        }
    )


def as_csv(frame: DataFrame) -> str:
    """A table as CSV; numbers have six significant digits."""
    return str(frame.to_csv(index=False, lineterminator="\n", float_format="%.6g"))
