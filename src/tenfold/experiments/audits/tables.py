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
"""Of cleanlab's rankings: the probability of the given label. See ``benchmarks/audit.py``."""


def candidates(
    dataset: Dataset, sizes: dict[str, int], probabilities: npt.NDArray[np.float32]
) -> DataFrame:
    """Return the images whose label is likely wrong, the likeliest first.

    Args:
        dataset: n images of all splits, one split after the other.
        sizes: how many images each split has.
        probabilities: float32 ``[n, classes]``, each by a network that did not see the image.
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
    return pd.concat([frame, _places(dataset, sizes, listed)], axis=1).assign(
        predicted=names[predicted[listed]],
        given_probability=probabilities[listed, given[listed]],
        predicted_probability=probabilities[listed, predicted[listed]],
        quality=quality[listed],
        is_issue=is_issue[listed],
    )


def duplicates(dataset: Dataset, sizes: dict[str, int]) -> DataFrame:
    """Return the images that stand in the data twice, group by group.

    Groups with several labels come first, then those that reach across splits.
    """
    import pandas as pd

    groups = [_places(dataset, sizes, places) for places in find_duplicates(dataset)]
    groups.sort(key=lambda group: (-group["given"].nunique(), -group["split"].nunique()))
    frame = pd.concat([_places(dataset, sizes, np.empty(0, np.int64)), *groups])
    frame.insert(0, "group", np.repeat(np.arange(1, len(groups) + 1), [len(g) for g in groups]))
    labels = frame.groupby("group")["given"]
    return frame.reset_index(drop=True).assign(
        exact=frame["image"].duplicated(keep=False).to_numpy(),
        contradicts=(labels.transform("nunique") > 1).to_numpy(),
    )


def _places(dataset: Dataset, sizes: dict[str, int], chosen: npt.NDArray[np.int64]) -> DataFrame:
    """Where images stand, what they are known by, and the names of their classes."""
    import pandas as pd

    starts = np.cumsum([0, *sizes.values()])
    split = np.searchsorted(starts, chosen, side="right") - 1
    return pd.DataFrame(
        {
            "split": np.array(list(sizes))[split],
            "index": chosen - starts[split],
            "image": dataset.digests[chosen],
            "given": np.array(dataset.class_names)[dataset.labels[chosen]],
        }
    )


def as_csv(frame: DataFrame) -> str:
    """Return a table as CSV, numbers with six digits."""
    return str(frame.to_csv(index=False, lineterminator="\n", float_format="%.6g"))
