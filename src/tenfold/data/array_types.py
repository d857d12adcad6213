"""Types of the arrays of a dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Index = slice | NDArray[np.integer[Any]] | NDArray[np.bool_] | list[int] | list[bool]
