"""The command that looks for wrong labels and duplicates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.app import Resize, app, interruptible


@app.command()
def audit(
    source: Annotated[str, typer.Argument(help="A dataset's name or path.")] = "mnist",
    out: Annotated[Path | None, typer.Option(help="Folder of the audit; else audits/.")] = None,
    folds: Annotated[int, typer.Option(help="Networks of the cross-validation.")] = 10,
    recipe: Annotated[str | None, typer.Option(help="Else one made for audits.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of folds and networks.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="Candidates that the page shows.")] = 200,
    resize: Resize = False,
) -> None:
    """Find likely label errors and duplicates, to look through."""
    from tenfold.experiments.audits import auditor

    if out is not None:
        auditor.refuse_used(out)
    auditor.require_cleanlab()
    with interruptible():
        found = auditor.audit(source, folds=folds, recipe=recipe, seed=seed, resize=resize)
        folder = found.save(out, limit)
    from tenfold.cli import audit_text

    typer.echo(audit_text.describe_audit(found, folder))
