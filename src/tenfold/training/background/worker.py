"""The worker of a training in the background: train, export."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

from tenfold.training.background.training import MODEL_FILE, TrainingJob


def work(folder: Path) -> None:
    """Do a job and write its result.

    Args:
        folder: of the job.
    """
    threading.Thread(target=_end_with_service, daemon=True).start()
    job = TrainingJob(folder)
    job.perform(lambda: _train(job, job.request()))


def _end_with_service() -> None:
    """End this process once the service has ended, which holds the other end of stdin."""
    sys.stdin.read()
    os._exit(1)


def _train(job: TrainingJob, request: dict[str, Any]) -> dict[str, Any]:
    from tenfold.networks.recipes import customize
    from tenfold.runs import Run
    from tenfold.runs.export import export
    from tenfold.training import train

    run = train(
        customize(request["recipe"], request["changes"]),
        "mnist" if request["data"] is None else Run(request["data"]).data(),
        seeds=request["seeds"],
        verbose=False,
        watch=job.write_run,
    )
    export(run, run.path / MODEL_FILE)
    return {"run": str(run.path)}
