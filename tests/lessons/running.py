"""Runs the code cells of lessons as a notebook would; as a script in full, with the times.

python tests/lessons/running.py 1 2 3
python tests/lessons/running.py --part 1 2 3    # on a part of the data
"""

import ast
import os
import sys
import tempfile
import time

import numpy as np

from tenfold.data import dataset_cache
from tenfold.lessons import lesson

PART = {"train": 15_000, "test": 1_000}
load_all = dataset_cache.load_arrays


def load_part(source):
    """Load 15,000 training images: enough that 1,250 are held out for thresholds."""
    return {
        name: (np.asarray(images[: PART[name]]), labels[: PART[name]])
        for name, (images, labels) in load_all(source).items()
    }


def run_cell(source, namespace, name):
    """Run a cell; show its last value as a notebook does."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), namespace)
    if last is None:
        return
    value = eval(compile(ast.Expression(last.value), name, "eval"), namespace)
    html = getattr(value, "_repr_html_", None)
    if html is not None:
        assert html()
    elif value is not None:
        print(repr(value))  # noqa: T201


def run_lesson(number):
    """Run all cells of a lesson in one namespace, as a module of its own."""
    namespace = {"__name__": "__main__"}
    for i, cell in enumerate(lesson(number).cells()):
        if cell.kind == "code":
            run_cell(cell.source, namespace, f"lesson {number}, cell {i}")


if __name__ == "__main__":
    os.chdir(tempfile.mkdtemp())
    if "--part" in sys.argv:
        dataset_cache.load_arrays = load_part
    for number in (int(argument) for argument in sys.argv[1:] if argument.isdigit()):
        print(f"== lesson {number}", flush=True)  # noqa: T201
        start, cpu = time.perf_counter(), time.process_time()
        run_lesson(number)
        seconds, processor = time.perf_counter() - start, time.process_time() - cpu
        line = f"== lesson {number}: {seconds:.0f} s, {processor:.0f} s of processor time"
        print(line, flush=True)  # noqa: T201
