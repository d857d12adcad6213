"""tenfold's `train` of a recipe, for one seed or several at once, to a finished run."""

import statistics
import tempfile
from pathlib import Path

import tenfold
from contestants.jobs import Job
from tenfold.networks.recipes import recipe


def main() -> None:
    job = Job.read()
    data = tenfold.load("mnist", validation=job.validation)
    job.mark("data")
    chosen = recipe(job.network)
    if job.epochs:
        chosen = chosen.replace(epochs=job.epochs)
    chosen = chosen.replace(seed=job.seed)
    with tempfile.TemporaryDirectory() as folder:
        run = tenfold.train(chosen, data, seeds=job.seeds, out=Path(folder) / "run", verbose=False)
        job.mark("trained")
        scores = [score.value for score in run.evaluate("test", data).accuracy]
        job.mark("evaluated")
    job.print_result("tenfold", "keras", "jax", "jaxlib", test_accuracy=statistics.fmean(scores))


if __name__ == "__main__":
    main()
