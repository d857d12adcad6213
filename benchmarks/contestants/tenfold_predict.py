"""tenfold's Predictor on an artifact, in a process without Keras and JAX."""

from pathlib import Path

import numpy as np

from contestants.asking import asked
from contestants.jobs import Job
from tenfold.export.predictor import Predictor


def main() -> None:
    job = Job.read()
    predictor = Predictor(Path(job.data) / f"{job.network}.onnx")
    predictor(np.zeros((28, 28), np.uint8))
    job.mark("answered")
    found = asked(predictor, *job.arrays("test"))
    job.answer("tenfold", "onnxruntime", rows={"": found})


if __name__ == "__main__":
    main()
