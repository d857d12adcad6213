"""Progress of a training on stderr: a bar on a terminal, otherwise one line an epoch."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

FORMATS = {
    "loss": "loss {:.4f}",
    "accuracy": "accuracy {:.2%}",
    "val_accuracy": "validation {:.2%}",
}


class Progress:
    """Shows nothing; the base of the displays."""

    def update(self, epoch: int, share: float, logs: Mapping[str, Any]) -> None:
        """Show the running logs after a share of an epoch's images."""

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        """Show the logs of a finished and validated epoch."""


class _Lines(Progress):
    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        text = f"epoch {epoch:>{len(str(self.epochs))}}/{self.epochs}  {_format(logs)}"
        print(f"{text}  {seconds:.1f} s", file=sys.stderr, flush=True)  # noqa: T201


class _Bar(Progress):
    """A bar with the time left; it shows the latest validation during the next epoch."""

    def __init__(self, bar: Any, epochs: int) -> None:
        self.bar, self.epochs = bar, epochs
        self.validation: dict[str, Any] = {}
        self.task = bar.add_task("compiling", total=epochs, figures="")

    def update(self, epoch: int, share: float, logs: Mapping[str, Any]) -> None:
        self.bar.update(
            self.task,
            description=f"epoch {epoch}/{self.epochs}",
            completed=epoch - 1 + share,
            figures=_format({**self.validation, **logs}),
        )

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        self.validation = {name: logs[name] for name in logs if name.startswith("val_")}
        self.update(epoch, 1.0, logs)


@contextmanager
def show_progress(epochs: int, verbose: bool) -> Iterator[Progress]:
    """Open the display of a training of ``epochs`` epochs."""
    if not verbose:
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not (console.is_interactive or console.is_jupyter):  # rich draws no bar there
        yield _Lines(epochs)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Bar(*columns, console=console) as bar:
        yield _Bar(bar, epochs)


def _format(logs: Mapping[str, Any]) -> str:
    """Loss and accuracies, each the mean over the networks."""
    return "  ".join(
        form.format(float(np.mean(logs[name]))) for name, form in FORMATS.items() if name in logs
    )
