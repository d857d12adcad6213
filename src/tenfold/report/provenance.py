"""Where a run came from, and what makes it again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tenfold.data import Origin
from tenfold.data.splitting import DEFAULT_VALIDATION
from tenfold.evaluation import Evaluation
from tenfold.networks.recipes.options import to_options
from tenfold.report.layers import TIMES
from tenfold.report.text import day, duration
from tenfold.runs import Run

_PLAIN = Origin("", DEFAULT_VALIDATION, seed=0, resize=False)


def provenance(run: Run, found: Evaluation) -> dict[str, Any]:
    """Data, versions, machine, times and commands of a run, as the page shows them."""
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
        "commands": commands(run, found.split),
        "record": json.dumps({**asdict(record), "recipe": record.recipe.to_json()}, indent=2),
    }


def commands(run: Run, split: str) -> list[str]:
    """What to type to train the same again, and to come to the same report."""
    name = run.path.resolve().name
    steps = ("evaluate", "report") if split == "test" else ("report",)
    return [*_training(run, name), *(shlex.join(["tenfold", step, name]) for step in steps)]


def _training(run: Run, name: str) -> list[str]:
    options, data = to_options(run.recipe), _data_options(run.record.data.origin)
    own_splits = bool(run.record.continued) and "--validation" in (data or [])
    if options is None or data is None or own_splits or run.record.protocol != "held-out":
        return _in_python(run, name)
    networks = _start_options(run) or (
        ["--seeds", str(len(run.seeds))] if len(run.seeds) > 1 else []
    )
    return [shlex.join(["tenfold", "train", *options, *networks, *data, "--out", name])]


def _start_options(run: Run) -> list[str]:
    """Of a run that was continued from trained networks, the option that names these."""
    continued = run.record.continued
    return ["--from", continued["start"]["name"]] if continued else []


def _asked(origin: Origin) -> dict[str, Any]:
    """What ``tenfold.load`` was asked for beyond its defaults."""
    given = asdict(origin)
    return {k: v for k, v in given.items() if k != "source" and v != getattr(_PLAIN, k)}


def _data_options(origin: Origin | None) -> list[str] | None:
    """Options of ``tenfold train`` that load the same data; None where there are none."""
    if origin is None or origin.seed != _PLAIN.seed:
        return None
    return ["--data", origin.source, *_as_options(_asked(origin))]


def _in_python(run: Run, name: str) -> list[str]:
    """For what the command line has no options for: the recipe is in the folder of the run."""
    lines = [
        "python",
        ">>> import json, tenfold",
        f'>>> recipe = json.load(open({f"{name}/run.json"!r}))["recipe"]',
    ]
    origin = run.record.data.origin
    if origin is None:
        lines.append(">>> data = ...  # made in memory: only the program that made them has them")
    else:
        more = "".join(f", {key}={value!r}" for key, value in _asked(origin).items())
        lines.append(f">>> data = tenfold.load({origin.source!r}{more})")
    start = _start_options(run)
    more = f", seeds={len(run.seeds)}" if len(run.seeds) > 1 and not start else ""
    more += f", start={start[1]!r}" if start else ""
    more += "" if run.record.protocol == "held-out" else f", protocol={run.record.protocol!r}"
    return [*lines, f">>> tenfold.train(tenfold.Recipe.from_json(recipe), data{more})"]


def _as_options(changes: Mapping[str, Any]) -> list[str]:
    given = []
    for name, value in changes.items():
        option = "--" + name.replace("_", "-")
        given += [option] if value is True else [option, str(value)]
    return given
