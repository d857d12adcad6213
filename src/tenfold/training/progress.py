"""What a person sees while networks train: a bar on a terminal, else one line an epoch."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np


class Silent:
    """Shows nothing."""

    def update(self, epoch: int, share: float, logs: Mapping[str, Any]) -> None:
        """A part of an epoch is done: ``share`` of its images."""

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        """An epoch is done and validated."""


class _Lines(Silent):
    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        text = f"epoch {epoch:>{len(str(self.epochs))}}/{self.epochs}  {_text(logs)}"
        print(f"{text}  {seconds:.1f} s", file=sys.stderr, flush=True)  # noqa: T201


class _Bar(Silent):
    """A bar with the time left; the validation of the last epoch stays while the next goes on."""

    def __init__(self, bar: Any, epochs: int) -> None:
        self.bar, self.epochs = bar, epochs
        self.validation: dict[str, Any] = {}
        self.task = bar.add_task("compiling", total=epochs, figures="")

    def update(self, epoch: int, share: float, logs: Mapping[str, Any]) -> None:
        description = f"epoch {epoch}/{self.epochs}"
        figures = _text({**self.validation, **logs})
        self.bar.update(
            self.task, description=description, completed=epoch - 1 + share, figures=figures
        )

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        self.validation = {name: logs[name] for name in logs if name.startswith("val_")}
        self.update(epoch, 1.0, logs)


@contextmanager
def progress(epochs: int, verbose: bool) -> Iterator[Silent]:
    """Open the display for a training of so many epochs."""
    if not verbose:
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not (console.is_interactive or console.is_jupyter):  # a dumb terminal would stay blank
        yield _Lines(epochs)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=console) as bar:
        yield _Bar(bar, epochs)


def _text(logs: Mapping[str, Any]) -> str:
    names = {
        "loss": "loss {:.4f}",
        "accuracy": "accuracy {:.2%}",
        "val_accuracy": "validation {:.2%}",
    }
    return "  ".join(
        form.format(float(np.mean(logs[name]))) for name, form in names.items() if name in logs
    )
