"""Checks of an installation: versions, device, kernels, numerics, cache, data, training."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tenfold.core.cache import cache_folder
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write


@dataclass(frozen=True)
class Check:
    """One check: its name, whether it passed, and details or the error."""

    name: str
    passed: bool
    details: str


def examine() -> Iterator[Check]:
    """Run all checks, one after the other."""
    for name, check in _CHECKS.items():
        try:
            yield Check(name, True, check())
        except (InputError, OSError, ImportError, RuntimeError) as error:
            yield Check(name, False, " ".join(str(error).split()))


def _versions() -> str:
    from tenfold.runs.record import versions

    return ", ".join(f"{name} {version}" for name, version in versions().items())


def _device() -> str:
    import jax

    from tenfold.core import backend
    from tenfold.runs.record import machine

    backend.require_jax()
    host = machine()
    return f"{jax.default_backend()}: {host['device']}, {host['processor']}, {host['cores']} cores"


def _kernels() -> str:
    from tenfold.engine.cpu import kernels

    library = kernels.library()
    if library.usable:
        return f"convolutions compiled for {library.description}"
    return f"none, convolutions take several times as long: {library.description}"


def _numerics() -> str:
    from importlib.metadata import version

    from tenfold.engine import xla

    error = xla.reduction_error(xla.compiler_options())
    bugs = xla.known_bugs()
    links = ", ".join(f"{bug.symptom} ({bug.issue})" for bug in bugs)
    if error > 1e-5:
        raise InputError(
            f"a reduction over 32,769 rows is wrong by a factor of {error:.0e}; install another "
            f"version of jaxlib than {version('jaxlib')}. Known bugs: {links or 'none'}"
        )
    if bugs:
        return f"correct; avoided bugs of jaxlib {version('jaxlib')}: {links}"
    return f"correct; no known bugs of jaxlib {version('jaxlib')}"


def _cache() -> str:
    folder = cache_folder()
    with atomic_write(folder / "doctor.txt", "w") as file:
        file.write("written by tenfold doctor\n")
    (folder / "doctor.txt").unlink()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{folder}, {size / 1e6:.0f} MB, writable"


def _data() -> str:
    from tenfold.data import load

    began = time.perf_counter()
    splits = load("mnist")
    seconds = time.perf_counter() - began
    sizes = ", ".join(f"{name} {len(split):,}" for name, split in splits.present().items())
    return f"{splits.name}: {sizes}, loaded in {seconds * 1e3:.0f} ms"


def _training() -> str:
    from tenfold import engine, networks
    from tenfold.data import load
    from tenfold.engine.compile import compile_network
    from tenfold.networks.recipes import recipe

    chosen = recipe("logistic")
    data = load("mnist").train[:2000]
    classes = len(data.class_names)
    model = networks.build(chosen.network, chosen.arguments, data.shape[1:], classes, seed=0)
    compile_network(model, chosen, len(data))
    began = time.perf_counter()
    history = engine.fit(model, data, epochs=3, verbose=0).history
    if not np.isfinite(history["loss"]).all() or history["accuracy"][-1] < 0.5:
        raise InputError(f"a small training did not learn: {history}")
    return f"2,000 images, 3 epochs, compiled and trained in {time.perf_counter() - began:.1f} s"


_CHECKS: dict[str, Callable[[], str]] = {
    "versions": _versions,
    "device": _device,
    "kernels": _kernels,
    "numerics": _numerics,
    "cache": _cache,
    "data": _data,
    "training": _training,
}
