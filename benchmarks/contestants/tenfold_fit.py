"""tenfold's `fit` of the same Keras model that the Keras contestants train."""

import tenfold  # before Keras: it picks the backend  # isort: skip
import keras

from contestants.jobs import Job
from contestants.keras_fit import prepared
from contestants.keras_models import EpochClock, build
from contestants.workloads import WORKLOADS


def main() -> None:
    job = Job.read()
    packages = ["tenfold", "keras", "jax", "jaxlib"]
    if not job.epochs:
        return job.print_result(*packages)
    workload = WORKLOADS[job.network]
    data = tenfold.load("mnist", validation=0)
    test = prepared(workload, data.test.images, data.test.labels)
    job.mark("data")
    keras.utils.set_random_seed(job.seed)
    model, clock = build(workload), EpochClock()
    tenfold.fit(
        model,
        data.train[: job.images],
        epochs=job.epochs,
        batch_size=workload.batch_size,
        seed=job.seed,
        callbacks=[clock],
        verbose=0,
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
