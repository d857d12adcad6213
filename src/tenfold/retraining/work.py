"""What the process of a retraining does: train, export, compare, say how it went."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tenfold.errors import InputError
from tenfold.retraining.state import Job

NICE = 10
"""Whoever asks for answers in the meantime goes first."""


def work(folder: Path) -> None:
    """Do what the job in a folder asks, and write down how it went.

    Args:
        folder: of the job.
    """
    job, began = Job(folder), time.time()
    with suppress(OSError, AttributeError):
        os.nice(NICE)
    try:
        made = _retrain(job, job.asked())
    except InputError as error:
        job.end("failed", error=" ".join(str(error).split()), seconds=time.time() - began)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        job.end("failed", error=f"{type(error).__name__}: {reason}", seconds=time.time() - began)
        raise
    else:
        job.end("finished", **made, seconds=round(time.time() - began, 1))


def _retrain(job: Job, asked: dict[str, Any]) -> dict[str, Any]:
    raise InputError("continuing a training is not there yet")
