"""Keras's own example network for MNIST, scored after each epoch.

Network, batches and epochs are those of keras.io/examples/vision/mnist_convnet.
"""

import time

import keras

from contestants.jobs import Job
from contestants.keras_fit import BACKENDS, prepared
from contestants.keras_models import build
from contestants.workloads import WORKLOADS

NETWORK = "cnn"  # of the workloads
VALIDATION = 6_000  # the example holds out a tenth


class Clock(keras.callbacks.Callback):
    """Scores the network on the test images after each epoch, until it is accurate enough."""

    def __init__(self, job: Job, test: tuple, enough: float) -> None:
        super().__init__()
        self.job, self.test, self.enough = job, test, enough
        self.reached: list[tuple[float, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Measure the accuracy, then read the clock."""
        images, labels = self.test
        accuracy = float((self.model.predict(images, 250, verbose=0).argmax(1) == labels).mean())
        self.reached.append((time.time() - self.job.started, accuracy))
        self.model.stop_training = accuracy >= self.enough


def main() -> None:
    job = Job.read()
    packages = ["keras", *BACKENDS[keras.backend.backend()]]
    if not job.epochs:
        return job.print_result(*packages)
    workload = WORKLOADS[NETWORK]
    train = prepared(workload, *job.arrays("train"))
    images, labels = job.arrays("test")
    clock = Clock(job, (prepared(workload, images, labels)[0], labels), job.enough)
    keras.utils.set_random_seed(job.seed)
    model = build(workload)
    model.fit(
        *(part[:-VALIDATION] for part in train),
        batch_size=workload.batch_size,
        epochs=job.epochs,
        validation_data=tuple(part[-VALIDATION:] for part in train),
        callbacks=[clock],
        verbose=0,
    )
    return job.print_result(*packages, reached=clock.reached)


if __name__ == "__main__":
    main()
