"""Local processes: values, errors, and processes that end, hang or are killed."""

import os
import signal
import time
from pathlib import Path

import pytest

from tenfold import InputError
from tenfold.core.patience import PAUSES
from tenfold.scale import Local
from tenfold.scale.task import call

HERE = "scale_tasks"


@pytest.fixture(autouse=True)
def tasks_can_be_imported(monkeypatch):
    paths = [str(Path(__file__).parent), os.environ["PYTHONPATH"]]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


def run(executor, function, *tasks):
    return list(executor.run(f"{HERE}:{function}", tasks, Path()))


def test_values_and_errors_of_many_tasks_in_two_processes():
    outcomes = run(Local(2), "half", *({"number": i} for i in range(20)))
    values = {outcome.task["number"]: outcome for outcome in outcomes}
    assert {i: o.value for i, o in values.items() if not o.error} == {
        i: i / 2 for i in range(0, 20, 2)
    }
    assert values[3].error == "3 is odd"


def test_a_task_whose_process_is_killed_is_tried_again(tmp_path):
    (outcome,) = run(Local(1), "die_first", {"marker": str(tmp_path / "died")})
    assert outcome.value == "alive"
    (outcome,) = run(Local(1), "die", {})
    assert outcome.error == (
        f"its process was killed by signal {signal.SIGKILL.value}, perhaps for lack of memory, "
        "3 times"
    )


def test_a_task_that_hangs_is_ended_and_tried_again(tmp_path):
    (outcome,) = run(Local(1, timeout=8), "hang_first", {"marker": str(tmp_path / "hung")})
    assert outcome.value == "awake"


def test_workers_end_with_the_iterator():
    outcomes = Local(1).run(f"{HERE}:process", [{}, {}], Path())
    process = next(outcomes).value
    outcomes.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_storage_that_fails_for_a_while_is_tried_again(monkeypatch, tmp_path):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    assert call(f"{HERE}:fail_twice", {"marker": str(tmp_path / "n")}) == {"value": 2}
    assert pauses == list(PAUSES[:2])
    missing = call(f"{HERE}:missing", {})
    assert missing["error"].startswith("FileNotFoundError")


def test_a_number_of_processes_below_one_is_refused():
    with pytest.raises(InputError, match="workers: 0; give a whole number from 1"):
        Local(0)
