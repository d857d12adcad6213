"""Writes the model files to measure, in ONNX and for Keras: of a recipe or of the reader."""

import shutil
from pathlib import Path

import tenfold
from contestants.jobs import Job
from tenfold.core.assets import READER
from tenfold.core.backend import keras
from tenfold.runs.export import export
from tenfold.runs.finetune_data.rehearsal import SHIPPED_READER
from tenfold.training.finetune.pretrained import find_pretrained


def main() -> None:
    job = Job.read()
    folder = Path(job.data)
    if job.network == SHIPPED_READER:
        export_reader(folder)
    else:
        export_recipe(job, folder)
    job.print_result("tenfold", "keras", "jax", "onnx")


def export_reader(folder: Path) -> None:
    """Copy the packaged reader, and write the mean of its networks as one Keras model."""
    shutil.copy(READER, folder / "reader.onnx")
    image = keras.Input((28, 28, 1))
    mean = keras.layers.Average()(
        [model(image) for model in find_pretrained(SHIPPED_READER).build()]
    )
    keras.Model(image, mean).save(folder / "reader.keras")


def export_recipe(job: Job, folder: Path) -> None:
    run = tenfold.train(job.network, out=folder / "runs" / job.network, verbose=False)
    export(run, folder / f"{job.network}.onnx")
    export(run, folder / f"{job.network}-int8.onnx", int8=True)
    shutil.copy(run.path / "models" / "seed-0.keras", folder / f"{job.network}.keras")


if __name__ == "__main__":
    main()
