"""What is known of a picture: the digits of a number, and the part to read."""

import numpy as np
import pytest

from tenfold import InputError
from tenfold.handwriting.reading import read


@pytest.mark.parametrize(
    "hints",
    [{"region": (0, 0, 9)}, {"region": "0,0,9,9"}, {"region": (0.5, 0, 9, 9)}, {"expect": "4"}],
)
def test_hints_of_other_types_are_refused_by_their_name(hints):
    with pytest.raises(InputError, match=f"^{next(iter(hints))}="):
        read(np.full((40, 40), 255, np.uint8), **hints)
