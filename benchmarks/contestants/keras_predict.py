"""Keras's own `predict` of the same trained network, on whichever backend KERAS_BACKEND names."""

from functools import partial
from pathlib import Path

import keras
import numpy as np

from contestants.jobs import Job
from contestants.latency import measure_latency

BATCHES = {"": None, ", batches of 1,000": 1000}
REPEATS = 100  # predictions of one image; each takes milliseconds


def main() -> None:
    job = Job.read()
    model = keras.saving.load_model(Path(job.data) / f"{job.network}.keras", compile=False)
    images, labels = job.arrays("test")
    shape = model.input_shape[1:]
    model.predict(np.zeros((1, *shape), np.float32), verbose=0)
    job.mark("predicted")
    scaled = (images / np.float32(255)).reshape(-1, *shape)
    rows = {
        name: measure_latency(
            partial(model.predict, batch_size=size, verbose=0), scaled, labels, REPEATS
        )
        for name, size in BATCHES.items()
    }
    job.print_result("keras", keras.backend.backend(), rows=rows)


if __name__ == "__main__":
    main()
