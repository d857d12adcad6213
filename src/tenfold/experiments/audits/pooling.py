"""All images of a dataset, which an audit looks at together."""

from __future__ import annotations

import numpy as np

from tenfold.data import Dataset, Splits


def pooled(splits: Splits) -> tuple[Dataset, dict[str, int]]:
    """All images of all splits as one dataset, and the number of images of each split."""
    present = splits.present()
    dataset = Dataset(
        np.concatenate([data.images for data in present.values()]),
        np.concatenate([data.labels for data in present.values()]),
        splits.class_names,
        splits.name,
    )
    return dataset, {name: len(data) for name, data in present.items()}
