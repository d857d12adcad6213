"""Progress of a training on stderr: a bar on a terminal, otherwise lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import numpy as np

FORMATS = {
    "loss": "loss {:.4f}",
    "accuracy": "accuracy {:.2%}",
    "val_accuracy": "validation {:.2%}",
}

LINE_SECONDS = 10.0
"""Nothing is silent for longer where lines are shown."""
CHECK_SECONDS = 0.5


class Progress:
    """Shows nothing; the base of the displays."""

    def update(self, epoch: int, share: float, logs: Mapping[str, Any]) -> None:
        """Show the running logs after a share of an epoch's images."""

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        """Show the logs of a finished and validated epoch."""


class _Lines(Progress):
    """A line after each epoch, and one with the time left where nothing else is shown for long.

    A thread writes the latter, so that compiling and validating are not silent either.
    """

    def __init__(self, epochs: int, steps: int | None) -> None:
        self.epochs, self.steps = epochs, steps
        self.began = self.shown = time.monotonic()
        self.first: tuple[float, float] | None = None  # time and position of the first update
        self.position, self.logs = 0.0, dict[str, Any]()
        self.updated = self.began
        self.validated = 0  # the last epoch
        self.told = False  # how long the training takes
        self.ended = Event()

    def update(self, epoch: int, share: float, logs: Mapping[str, Any]) -> None:
        self.position, self.logs = epoch - 1 + share, dict(logs)
        self.updated, self.validated = time.monotonic(), epoch - 1
        self.first = self.first or (self.updated, self.position)

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        text = f"epoch {epoch:>{len(str(self.epochs))}}/{self.epochs}  {_format(logs)}"
        self._show(f"{text}  {seconds:.1f} s")
        self.validated = epoch

    def watch(self) -> None:
        """Show where the training is whenever nothing was shown for a while, until it ends."""
        while not self.ended.wait(CHECK_SECONDS):
            left, silence = self._left(), time.monotonic() - self.shown
            if silence >= LINE_SECONDS or (left > LINE_SECONDS and not self.told):
                self._show(self._status(left))
                self.told = left > 0

    def _left(self) -> float:
        """Seconds left by the speed since the first update; 0 until it is known."""
        if self.first is None or self.position <= self.first[1]:
            return 0.0
        began, start = self.first
        speed = (self.position - start) / (time.monotonic() - began)
        return (self.epochs - self.position) / speed

    def _status(self, left: float) -> str:
        if self.first is None:
            return f"compiling  {time.monotonic() - self.began:.0f} s"
        epoch = min(self.epochs, self.validated + 1)
        share = min(1.0, self.position - epoch + 1)
        if share == 1:
            doing = "saving" if self.validated == self.epochs else "validating"
            silence = time.monotonic() - self.updated
            return f"epoch {epoch}/{self.epochs}, {doing}  {_format(self.logs)}  {silence:.0f} s"
        step = f"{100 * share:.0f} %" if self.steps is None else _step(share, self.steps)
        remaining = f"  about {duration(left)} left" if left else ""
        return f"epoch {epoch}/{self.epochs}, {step}  {_format(self.logs)}{remaining}"

    def _show(self, text: str) -> None:
        self.shown = time.monotonic()
        print(text, file=sys.stderr, flush=True)  # noqa: T201


def _step(share: float, steps: int) -> str:
    return f"step {round(share * steps):,}/{steps:,}"


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
def show_progress(epochs: int, verbose: bool, steps: int | None = None) -> Iterator[Progress]:
    """Open the display of a training of ``epochs`` epochs, each of ``steps`` steps if known."""
    if not verbose:
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not (console.is_interactive or console.is_jupyter):  # rich draws no bar there
        lines = _Lines(epochs, steps)
        watcher = Thread(target=lines.watch, daemon=True)
        watcher.start()
        try:
            yield lines
        finally:
            lines.ended.set()
            watcher.join()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Bar(*columns, console=console) as bar:
        yield _Bar(bar, epochs)


def duration(seconds: float) -> str:
    """Format a duration roughly.

    Example:
        >>> duration(14.2), duration(200), duration(9000)
        ('14 s', '3 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _format(logs: Mapping[str, Any]) -> str:
    """Loss and accuracies, each the mean over the networks."""
    return "  ".join(
        form.format(float(np.mean(logs[name]))) for name, form in FORMATS.items() if name in logs
    )
