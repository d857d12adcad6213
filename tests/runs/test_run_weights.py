"""Keras models in a run folder."""

import time

import keras
import numpy as np
import pytest

from tenfold.runs.weights import load_model, save_model


@pytest.mark.parametrize("year", [1970, 2108])
def test_a_model_is_saved_whatever_the_clock_shows(year, tmp_path, monkeypatch):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "categorical_crossentropy")
    now = time.struct_time((year, 1, 1, 0, 0, 0, 3, 1, 0))
    with monkeypatch.context() as patch:
        patch.setattr(time, "localtime", lambda *_: now)
        with pytest.raises(Exception, match=r"timestamps before 1980|format requires"):
            model.save(tmp_path / "plain.keras")  # the workaround is still needed
        save_model(tmp_path, 0, model)
    loaded = load_model(tmp_path, 0)
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
