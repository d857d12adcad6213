"""What a person sees while networks train: on a terminal, in a pipe, on a dumb terminal."""

import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time

import numpy as np
import pytest

from tenfold.training import progress

# Two seeds, three epochs from the second on, as a training that goes on shows them.
CHILD = """
import time
import numpy as np
from tenfold.training.progress import show_progress
with show_progress(4, True) as display:
    for epoch in (2, 3, 4):
        logs = {"loss": np.array([0.3, 0.5]) / epoch, "accuracy": np.array([0.9, 0.8])}
        for share in (0.5, 1.0):
            time.sleep(0.3)
            display.update(epoch, share, logs)
        time.sleep(0.3)
        logs |= {"val_accuracy": np.array([0.7, 0.9]) + epoch / 100, "val_loss": np.ones(2)}
        display.epoch(epoch, logs, 1.25)
"""
COMMAND = [sys.executable, "-c", CHILD]
LINES = [
    "epoch 2/4  loss 0.2000  accuracy 85.00%  validation 82.00%  1.2 s",
    "epoch 3/4  loss 0.1333  accuracy 85.00%  validation 83.00%  1.2 s",
    "epoch 4/4  loss 0.1000  accuracy 85.00%  validation 84.00%  1.2 s",
]


def environment(**changes):
    ours = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    return {name: value for name, value in os.environ.items() if name not in ours} | changes


def on_terminal(kind, columns):
    """What the child writes on a terminal of a kind and width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen(
        COMMAND, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(TERM=kind)
    )
    os.close(theirs)
    written = b""
    while part := _read(ours):
        written += part
    os.close(ours)
    assert child.wait(60) == 0, written
    return written.decode()


def _read(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError as error:  # how Linux tells that the other side is closed
        if error.errno != errno.EIO:
            raise
        return b""


def frames(text):
    """The states of the line that is written over and over, without colours."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return [frame for frame in re.split(r"[\r\n]+", plain) if frame.strip()]


@pytest.fixture(scope="module")
def shown():
    return frames(on_terminal("xterm-256color", 80))


def test_a_terminal_shows_epoch_loss_accuracies_and_time_left(shown):
    pattern = r"epoch (\d)/4 \S+ (-:--:--|\d:\d\d:\d\d) loss ([\d.]+)  accuracy 85\.00%(.*)"
    matches = [re.fullmatch(pattern, frame.rstrip()) for frame in shown if "epoch" in frame]
    assert all(matches), shown
    assert {match[1] for match in matches} == {"2", "3", "4"}
    left = [match[2] for match in matches]
    assert any(re.fullmatch(r"0:00:0[1-5]", time) for time in left)
    assert left[-1] == "0:00:00"
    assert {match[3] for match in matches} == {"0.2000", "0.1333", "0.1000"}


def test_the_last_validation_stays_while_the_next_epoch_goes_on(shown):
    seen = [re.findall(r"(epoch \d/4|validation [\d.]+%)", frame) for frame in shown]
    assert ["epoch 2/4"] in seen
    assert ["epoch 3/4", "validation 82.00%"] in seen
    assert ["epoch 4/4", "validation 83.00%"] in seen
    assert seen[-1] == ["epoch 4/4", "validation 84.00%"]
    assert ["epoch 3/4"] not in seen


def test_a_line_fits_the_terminal(shown):
    assert max(map(len, shown)) <= 80


def test_a_pipe_gets_one_line_an_epoch():
    result = subprocess.run(COMMAND, capture_output=True, text=True, env=environment(), timeout=60)
    assert result.stdout == ""
    assert result.stderr.splitlines() == LINES


def test_a_terminal_that_cannot_go_back_gets_one_line_an_epoch():
    assert on_terminal("dumb", 80).split("\r\n") == [*LINES, ""]


def test_a_pipe_is_never_silent_for_long(monkeypatch, capsys):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.15)
    monkeypatch.setattr(progress, "CHECK_SECONDS", 0.01)
    with progress.show_progress(3, True, steps=20) as display:
        time.sleep(0.3)
        for share in (0.25, 0.5, 0.75):
            display.update(1, share, {"loss": np.float32(0.5)})
            time.sleep(0.3)
        display.update(1, 1.0, {"loss": np.float32(0.5)})
        time.sleep(0.3)
    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"compiling  \d s", lines[0])
    assert re.fullmatch(r"epoch 1/3, validating  loss 0\.5000  \d s", lines[-1])
    assert "epoch 1/3, step 5/20  loss 0.5000" in lines
    pattern = r"epoch 1/3, step 1[05]/20  loss 0\.5000  about \d s left"
    assert sum(bool(re.fullmatch(pattern, line)) for line in lines) >= 2, lines
