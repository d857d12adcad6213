"""The command that checks the installation."""

from __future__ import annotations

import typer

from tenfold.cli.app import app


@app.command()
def doctor() -> None:
    """Check that this installation can train."""
    from tenfold.cli import doctor_checks as checks
    from tenfold.cli import run_text

    failed = False
    for check in checks.examine():
        failed |= not check.passed
        typer.echo(run_text.describe_check(check))
    if failed:
        raise typer.Exit(1)
