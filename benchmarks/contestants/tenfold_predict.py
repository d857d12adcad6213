"""tenfold's `Predictor` on a model file, in a process without Keras and JAX."""

from pathlib import Path

import numpy as np

from contestants.jobs import Job
from contestants.latency import measure_latency
from tenfold.export.predictor import Predictor


def main() -> None:
    job = Job.read()
    predictor = Predictor(Path(job.data) / f"{job.network}.onnx")
    predictor(np.zeros((28, 28), np.uint8))
    job.mark("predicted")
    figures = measure_latency(predictor, *job.arrays("test"))
    job.print_result("tenfold", "onnxruntime", rows={"": figures})


if __name__ == "__main__":
    main()
