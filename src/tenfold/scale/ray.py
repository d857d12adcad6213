"""Tasks on a Ray cluster."""

from __future__ import annotations

import logging
import os
import platform
import secrets
import socket
import time
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError, one_line
from tenfold.core.places import absolute, place
from tenfold.scale import task as tasks_module
from tenfold.scale.executor import ATTEMPTS, LESS_MEMORY, Outcome

_AHEAD = 2
"""Tasks given to Ray for each slot, so that none waits for the next."""

_PACKAGES = ("tenfold", "jax", "jaxlib", "keras", "onnxruntime")
"""Packages on which the bits of results depend."""

_PATIENCE = 60
"""Seconds that a node has to answer before any work begins."""


@dataclass(frozen=True)
class Ray:
    """Runs tasks on a Ray cluster; needs the extra ``tenfold[scale]``.

    Args:
        address: ``local`` starts a Ray on this machine and stops it afterwards, ``auto`` joins the
            cluster that this machine belongs to, ``ray://host:10001`` and ``host:6379`` name one.
        cores: that each task takes.
        timeout: seconds after which a task's process ends and the task is tried again; None to
            wait for ever.

    Raises:
        InputError: when it runs: Ray is not installed, the cluster cannot be reached, a node has
            another version of Python or tenfold, or does not see the folder.
    """

    address: str = "local"
    cores: float = 1
    timeout: float | None = None

    def workers(self) -> int:
        """Return the number of tasks that run at the same time."""
        if self.address == "local":  # do not start it for that
            _import_ray()
            return max(1, int((os.cpu_count() or 1) / self.cores))
        with _connected(self.address) as ray:
            return self._slots(ray)

    def run(
        self, function: str, tasks: Iterable[Mapping[str, Any]], folder: Path
    ) -> Generator[Outcome]:
        """Run a function once for each task; see `Executor`."""
        with _connected(self.address) as ray:
            _require_fit(ray, folder)
            remote = ray.remote(tasks_module.call).options(
                num_cpus=self.cores, max_retries=ATTEMPTS - 1
            )
            waiting, running = iter(tasks), dict[Any, Mapping[str, Any]]()
            room, counted = 0, 0.0
            try:
                while True:
                    if time.monotonic() - counted > 1:  # nodes join and leave
                        room, counted = _AHEAD * self._slots(ray), time.monotonic()
                    for task in islice(waiting, max(0, room - len(running))):
                        running[remote.remote(function, dict(task), self.timeout)] = task
                    if not running:
                        return
                    done, _ = ray.wait(list(running), num_returns=1, timeout=1)
                    for reference in done:
                        yield _outcome(ray, reference, running.pop(reference))
            finally:
                for reference in running:
                    ray.cancel(reference, force=True)

    def _slots(self, ray: Any) -> int:
        return max(1, int(ray.cluster_resources().get("CPU", 0) / self.cores))


def _outcome(ray: Any, reference: Any, task: Mapping[str, Any]) -> Outcome:
    try:
        return Outcome(task, **ray.get(reference))
    except ray.exceptions.OutOfMemoryError:
        reason = f"its process was ended for lack of memory, {ATTEMPTS} times; {LESS_MEMORY}"
        return Outcome(task, error=reason)
    except ray.exceptions.RayError as error:
        return Outcome(task, error=f"its process ended {ATTEMPTS} times: {one_line(error, 200)}")


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Connect to a cluster, unless this process is connected, and disconnect afterwards."""
    ray = _import_ray()
    if ray.is_initialized():
        yield ray
        return
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address == "local":
        options |= {"include_dashboard": False, "num_cpus": os.cpu_count()}
    elif address.startswith("ray://"):
        options = {}
    try:
        _require_listener(address)
        with warnings.catch_warnings():
            # JAX warns of forks; Ray's children run another program at once.
            warnings.filterwarnings("ignore", r"os\.fork\(\) was called", RuntimeWarning)
            ray.init(address, **options)
    except Exception as error:  # Ray raises several types, Exception itself among them
        advice = (
            "is the machine overloaded?"
            if address == "local"
            else (
                "start it with ray start --head, set RAY_AUTH_MODE=token if it asks for tokens, or "
                "give local, auto or ray://host:10001"
            )
        )
        raise InputError(
            f"--ray {address}: cannot be reached ({one_line(error, 150)}); {advice}"
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _require_listener(address: str) -> None:
    """Raise an OSError if nobody listens at host:port, for which Ray would wait for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=10).close()


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")  # of a busy machine
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # as later versions behave
    os.environ.setdefault("RAY_task_oom_retries", str(ATTEMPTS - 1))  # else without end
    try:
        import ray
    except ImportError:
        raise InputError("--ray needs Ray; install it: pip install 'tenfold[scale]'") from None
    return ray


def describe_worker(file: str) -> dict[str, Any]:
    """Return the versions of a worker, and whether it sees a file."""
    return {**_versions(), "sees": place(file).exists()}


def _versions() -> dict[str, str]:
    return {"Python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def _require_fit(ray: Any, folder: Path) -> None:
    """Ask each node for its versions and whether it sees a folder.

    Raises:
        InputError: a node does not fit.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    describe = ray.remote(describe_worker)
    file = place(absolute(folder)) / f".{secrets.token_hex(4)}.probe"
    file.write_bytes(b"here")
    try:
        for node in ray.nodes():
            if not node["Alive"]:
                continue
            strategy = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            options = {"num_cpus": 0, "scheduling_strategy": strategy}
            _check_node(ray, describe.options(**options).remote(absolute(file)), node, folder)
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)


def _check_node(ray: Any, reference: Any, node: Mapping[str, Any], folder: Path) -> None:
    name = f"node {node['NodeManagerHostname']}"
    try:
        answer = ray.get(reference, timeout=_PATIENCE)
    except ray.exceptions.RayError as error:
        reason = " ".join(str(error).split())[-160:]
        if isinstance(error, ray.exceptions.OutOfMemoryError):
            reason = f"it lacks memory even for a check; {LESS_MEMORY}"
        raise InputError(f"{name} cannot run tasks of tenfold ({reason})") from None
    for program, expected in _versions().items():
        if (found := answer.get(program)) != expected:
            raise InputError(
                f"{name} has {program} {found}, this process has {expected}; install the same "
                "everywhere"
            )
    if not answer["sees"]:
        raise InputError(f"{name} does not see {folder}; give a folder that all nodes share")
