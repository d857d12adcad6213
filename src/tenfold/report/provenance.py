"""Provenance of a run, and the commands that reproduce it."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from typing import Any

from tenfold.data import Origin
from tenfold.data.splitting import DEFAULT_VALIDATION
from tenfold.evaluation import Evaluation
from tenfold.figures.common import TIMES
from tenfold.networks.recipes.options import to_options
from tenfold.report.text import day, duration
from tenfold.runs import Run

_DEFAULTS = Origin("", DEFAULT_VALIDATION, seed=0)


def provenance(run: Run, evaluation: Evaluation) -> dict[str, Any]:
    """Return data, versions, machine, times and commands of a run for the templates."""
    record, data = run.record, run.record.data
    return {
        "data": {
            "name": data.name,
            "source": data.source,
            "splits": [
                {"name": name, "n": f"{n:,}", "checksum": data.checksums.get(name, "")}
                for name, n in data.sizes.items()
            ],
            "classes": f"{len(data.class_names)} classes",
            "shape": TIMES.join(map(str, data.image_shape)),
            "in_memory": data.origin is None,
        },
        "versions": record.versions,
        "machine": record.machine,
        "started": day(record.started),
        "seconds": duration(record.seconds),
        "commands": commands(run, evaluation.split),
        "record": json.dumps({**asdict(record), "recipe": record.recipe.to_json()}, indent=2),
    }


def commands(run: Run, split: str) -> list[str]:
    """The commands that train the same run and write the same report."""
    name = run.path.resolve().name
    steps = ("evaluate", "report") if split == "test" else ("report",)
    return [*_training(run, name), *(shlex.join(["tenfold", step, name]) for step in steps)]


def _training(run: Run, name: str) -> list[str]:
    if imported := run.record.imported:
        origin = run.record.data.origin
        read = () if origin is None else ("--data", origin.source, *origin.to_arguments())
        return [shlex.join(["tenfold", "import", imported, *read, "--out", name])]
    options, data = to_options(run.recipe), _data_options(run.record.data.origin)
    users_split = bool(run.record.continued) and "--validation" in (data or [])
    if options is None or data is None or users_split or run.record.protocol != "held-out":
        return _in_python(run, name)
    start, seeds = _start(run), len(run.seeds)
    if start is not None:
        options += ["--from", start]
    elif seeds > 1:
        options += ["--seeds", str(seeds)]
    return [shlex.join(["tenfold", "train", *options, *data, "--out", name])]


def _start(run: Run) -> str | None:
    """The name of the networks that a run was fine-tuned from."""
    continued = run.record.continued
    return continued["start"]["name"] if continued else None


def _load_arguments(origin: Origin) -> dict[str, Any]:
    """The arguments of ``tenfold.load`` that differ from its defaults."""
    values = asdict(origin)
    return {k: v for k, v in values.items() if k != "source" and v != getattr(_DEFAULTS, k)}


def _data_options(origin: Origin | None) -> list[str] | None:
    """Options of ``tenfold train`` that load the same data; None if there are none."""
    if origin is None or origin.seed != _DEFAULTS.seed:
        return None
    options = ["--data", origin.source]
    for name, value in _load_arguments(origin).items():
        option = "--" + name.replace("_", "-")
        options += [option] if value is True else [option, str(value)]
    return options


def _in_python(run: Run, name: str) -> list[str]:
    """Python lines for what the command line has no options for, with the recipe of the run."""
    lines = [
        "python",
        ">>> import json, tenfold",
        f'>>> recipe = json.load(open({f"{name}/run.json"!r}))["recipe"]',
    ]
    origin, start = run.record.data.origin, _start(run)
    if origin is None:
        lines.append(">>> data = ...  # made in memory, by a program that only you have")
    else:
        arguments = "".join(f", {k}={v!r}" for k, v in _load_arguments(origin).items())
        lines.append(f">>> data = tenfold.load({origin.source!r}{arguments})")
    arguments = ""
    if start is not None:
        arguments += f", start={start!r}"
    elif len(run.seeds) > 1:
        arguments += f", seeds={len(run.seeds)}"
    if run.record.protocol != "held-out":
        arguments += f", protocol={run.record.protocol!r}"
    return [*lines, f">>> tenfold.train(tenfold.Recipe.from_json(recipe), data{arguments})"]
