"""Keras's own `fit`, on whichever backend KERAS_BACKEND names."""

import keras
import numpy as np

from contestants.jobs import Job
from contestants.keras_models import EpochClock, build
from contestants.workloads import WORKLOADS, Workload

BACKENDS = {"tensorflow": ["tensorflow"], "jax": ["jax", "jaxlib"]}


def prepared(
    workload: Workload, images: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Scale to [0, 1] in float32 and one-hot the labels, as the tutorials do."""
    scaled = images.astype("float32") / 255
    scaled = scaled.reshape(-1, 784) if workload.is_dense else scaled[..., None]
    return scaled, labels if workload.sparse_labels else keras.utils.to_categorical(labels, 10)


def main() -> None:
    job = Job.read()
    packages = ["keras", *BACKENDS[keras.backend.backend()]]
    if not job.epochs:
        return job.print_result(*packages)
    workload = WORKLOADS[job.network]
    train, test = (prepared(workload, *job.arrays(split)) for split in ("train", "test"))
    job.mark("data")
    keras.utils.set_random_seed(job.seed)
    model, clock = build(workload), EpochClock()
    model.fit(
        *train, batch_size=workload.batch_size, epochs=job.epochs, callbacks=[clock], verbose=0
    )
    job.mark("trained")
    accuracy = model.evaluate(*test, verbose=0, return_dict=True)["accuracy"]
    job.mark("evaluated")
    return job.print_result(
        *packages,
        epoch_seconds=clock.seconds,
        test_accuracy=float(accuracy),
        parameters=model.count_params(),
    )


if __name__ == "__main__":
    main()
