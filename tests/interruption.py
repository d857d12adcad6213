"""Trainings that are killed or interrupted, and the comparison of two run folders bit by bit."""

import subprocess
import sys

import h5py
import numpy as np

# Counts what it passes, moves of files and parts of epochs, and dies at the given count by -9.
CHILD = """
import os, signal, sys
from pathlib import Path
left = int(sys.argv.pop(1))
def passing():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
move = Path.replace
def replace(self, target):
    if "compiled" in str(target):
        return move(self, target)
    passing()
    result = move(self, target)
    passing()
    return result
Path.replace = replace
from tenfold.training.progress import Progress, _Lines
_Lines.update = lambda *_: passing()
from tenfold.cli import main
main()
"""


def child(count, *arguments, before=""):
    command = [sys.executable, "-c", before + CHILD, str(count), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def weights(run):
    arrays = {}
    for path in sorted((run / "weights").iterdir()):
        with h5py.File(path) as file:

            def keep(name, item, seed=path.name):
                if isinstance(item, h5py.Dataset):
                    arrays[seed, name] = item[()]

            file.visititems(keep)
    return arrays


def assert_same_run(a, b):
    assert (a / "history.csv").read_bytes() == (b / "history.csv").read_bytes()
    ours, theirs = weights(a), weights(b)
    assert ours.keys() == theirs.keys()
    assert len(ours) >= 2
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=str(name))
    assert {p.name for p in a.iterdir()} == {p.name for p in b.iterdir()}


def interrupt_in_epoch(number):
    def update(self, epoch, share, logs):
        if epoch == number:
            raise KeyboardInterrupt

    return update
