"""What is known of a picture: the digits of a number, and the part to read."""

import json

import numpy as np
import pytest

from tenfold import InputError
from tenfold.handwriting.reading import read


@pytest.mark.parametrize(
    "hints",
    [
        {"region": (0, 0, 9)},
        {"region": "0,0,9,9"},
        {"region": (0.5, 0, 9, 9)},
        {"region": 9},
        {"region": {0, 1, 8, 9}},
        {"region": (False, False, True, True)},
        {"region": np.zeros((4, 4), int)},
        {"expect": "4"},
        {"expect": True},
        {"expect": 0},
        {"budget": "5"},
        {"budget": [5]},
        {"budget": True},
        {"budget": 1j},
        {"deslant": "no"},
        {"predictor": "reader.onnx"},
    ],
)
def test_arguments_of_other_types_are_refused_by_their_name(hints):
    with pytest.raises(InputError, match=rf"^{next(iter(hints))}\b.*give") as refused:
        read(np.full((40, 40), 255, np.uint8), **hints)
    assert "\n" not in str(refused.value)


def test_numbers_of_numpy_are_hints_and_leave_none_in_the_result():
    picture = np.full((90, 120), 230, np.uint8)
    picture[20:70, 58:64] = 30
    hints = {"expect": np.int64(1), "region": np.array([40, 10, 40, 70]), "budget": np.float32(60)}
    found = json.dumps(read(picture, **hints, deslant=np.False_).to_json())
    assert found == json.dumps(read(picture, expect=1, region=(40, 10, 40, 70)).to_json())
