"""Scale by simulation: many empty tasks, the manifest of a large job, and the plan of many runs.

What is measured
    Tasks a second and the memory of the driver with tasks that do nothing, in local processes and
    on a local Ray; time and memory to plan, write and read a scoring job of many parts; time to
    claim and release leases; and time and memory for the table of a study of many settings.

    python benchmarks/scale_simulation.py                      # 10^5 tasks, 10^6 parts
    python benchmarks/scale_simulation.py --tasks 1000 --parts 10000 --settings 100
"""

import argparse
import resource
import tempfile
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

from command_line import at_least, make_parser, print_json
from machine import machine

from tenfold.experiments.studies import Plan, Setting, Study
from tenfold.networks.recipes import recipe
from tenfold.runs.record import DataRecord
from tenfold.scale import Leases, Local, Ray
from tenfold.scoring.job import Job

NOTHING = "builtins:dict"
"""An empty task, which returns its arguments."""


def peak_mib() -> float:
    """Return the largest memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(action) -> dict[str, float]:
    """Return wall and CPU seconds of an action, and the growth of peak memory in MiB."""
    before, began, cpu = peak_mib(), time.perf_counter(), time.process_time()
    action()
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "mib": round(peak_mib() - before, 1),
    }


def run_tasks(executor, count: int) -> dict[str, float]:
    tasks = ({"number": i} for i in range(count))
    with tempfile.TemporaryDirectory() as folder:
        result = timed(lambda: deque(executor.run(NOTHING, tasks, Path(folder)), 0))
    return {**result, "tasks_a_second": round(count / result["seconds"], 1)}


def manifest(parts: int) -> dict[str, dict[str, float]]:
    """A scoring job of many parts of 65,536 images, without its images."""
    with tempfile.TemporaryDirectory() as name:
        job = Job(Path(name))
        unit = {"kind": "array", "file": "images.npy", "stamp": [1, 1], "rows": 65536}
        plan = ({**unit, "start": i << 16, "stop": (i + 1) << 16} for i in range(parts))
        planned = timed(lambda: job.create({}, plan))
        line = '{"part": %d, "images": 65536, "failed": 0, "seconds": 6.5}\n'
        with (job.folder / "manifest.jsonl").open("w") as file:
            file.writelines(line % i for i in range(parts))
        size = sum(path.stat().st_size for path in job.folder.iterdir())
        return {
            "plan_written": planned,
            "plan_and_manifest_read": timed(job.progress),
            "files": {"mib": round(size / (1 << 20), 1)},
        }


def leases(count: int) -> dict[str, float]:
    def claim_and_release() -> None:
        with tempfile.TemporaryDirectory() as name, Leases(Path(name)) as held:
            for i in range(count):
                held.claim(f"group-{i}")
                held.release(f"group-{i}")

    return timed(claim_and_release)


def study_table(settings: int) -> dict[str, float]:
    """The plan and table of a study of many settings, none of which is trained."""
    base = recipe("logistic")
    rows = [
        Setting(f"seed={i}", f"seed={i}", {"seed": i}, replace(base, seed=i), 7850)
        for i in range(settings)
    ]
    data = DataRecord("mnist", "included", None, [str(i) for i in range(10)], [28, 28], 0.0, {}, {})
    plan = Plan("logistic", {"seed": "many"}, None, 1, data, rows, "2026-01-01T00:00:00")
    import pandas  # noqa: F401 - the import is not measured

    with tempfile.TemporaryDirectory() as name:

        def write_and_read() -> None:
            plan.save(Path(name))
            study = Study(name)
            study.plan.groups()
            study.write()

        return timed(write_and_read)


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--tasks", type=at_least(1), default=100_000, help="empty tasks; 100000")
    add("--parts", type=at_least(1), default=1_000_000, help="parts of a manifest; 1000000")
    add("--settings", type=at_least(1), default=10_000, help="settings of a study; 10000")
    add("--workers", type=at_least(1), default=2, help="local processes; 2")
    add("--no-ray", action="store_true", help="leave out Ray")
    return parser.parse_args()


def main() -> None:
    options = parse()
    report = {"benchmark": "scale_simulation", "machine": machine(), **vars(options)}
    steps = {
        "local": lambda: run_tasks(Local(options.workers), options.tasks),
        "ray": lambda: {} if options.no_ray else run_tasks(Ray(), options.tasks),
        "manifest": lambda: manifest(options.parts),
        "leases": lambda: leases(min(options.tasks, 10_000)),
        "study": lambda: study_table(options.settings),
    }
    for name, step in steps.items():
        report[name] = step()
        print(name, report[name], flush=True)
    print_json(report, options.json)


if __name__ == "__main__":
    main()
