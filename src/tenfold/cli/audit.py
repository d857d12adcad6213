"""The command that finds likely label errors and duplicates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tenfold.cli.app import app, interruptible, out_option
from tenfold.cli.generated_options import NOTHING, with_read_options
from tenfold.cli.scale_options import (
    MaxFailuresOption,
    RayOption,
    TimeoutOption,
    WorkersOption,
    make_executor,
)


@app.command()
@with_read_options
def audit(
    source: Annotated[str, typer.Argument(help="Name or path of a dataset.")] = "mnist",
    out: Annotated[Path | None, out_option("New folder; by default in audits/.")] = None,
    folds: Annotated[int, typer.Option(help="Folds of the cross-validation.")] = 10,
    recipe: Annotated[str | None, typer.Option(help="By default one for audits.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of folds and networks.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="Candidates on the page.")] = 10_000,
    reading: Mapping[str, Any] = NOTHING,
    workers: WorkersOption = None,
    ray: RayOption = None,
    timeout: TimeoutOption = None,
    max_failures: MaxFailuresOption = None,
) -> None:
    """Find likely label errors and duplicates, for review."""
    from tenfold.experiments.audits import auditor

    if out is not None:
        auditor.require_empty(out)
    auditor.require_cleanlab()
    with interruptible():
        executor = make_executor(ray, workers, timeout)
        result = auditor.audit(
            source,
            folds=folds,
            recipe=recipe,
            seed=seed,
            executor=executor,
            work=out,
            max_failures=max_failures,
            **reading,
        )
        folder = result.save(out, limit)
    from tenfold.cli import audit_text

    typer.echo(audit_text.describe_audit(result, folder))
