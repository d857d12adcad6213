"""The plan of a study, ``study.json``: what is varied, and every setting that follows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.mirror import mirror_of
from tenfold.data import Splits, load
from tenfold.networks.recipes import Recipe
from tenfold.runs.record import DataRecord, read_record, write_record

NAME = "study.json"
FORMAT = 1
MOST_NETWORKS_PER_PROGRAM = 20
"""With more, each takes longer: their weights outgrow the processor's cache."""


@dataclass(frozen=True)
class Setting:
    """One combination of values, trained as one run.

    Attributes:
        name: for people, such as ``hidden=64 activation=relu``.
        folder: name of the run folder in the study's folder.
        values: of the varied fields, by name.
        recipe: the recipe with these values.
        parameters: number of parameters of its network.
    """

    name: str
    folder: str
    values: Mapping[str, Any]
    recipe: Recipe
    parameters: int


@dataclass(frozen=True)
class Plan:
    """What a study trains.

    Attributes:
        recipe: name of the recipe whose fields are varied.
        vary: values of each varied field, as text.
        draws: number of settings of a random search; None for a grid search.
        seeds: networks of each setting.
        data: the dataset.
        settings: in the order of training.
        started: local time, ISO 8601.
        sampler: ``optuna`` if the settings are drawn one after the other; None for all at once.
        base: the recipe whose fields a sampler varies.
        format: version of the file format.
    """

    recipe: str
    vary: Mapping[str, str]
    draws: int | None
    seeds: int
    data: DataRecord
    settings: Sequence[Setting]
    started: str
    sampler: str | None = None
    base: Recipe | None = None
    format: int = FORMAT

    @property
    def title(self) -> str:
        """Recipe, data, settings and seeds, as the title of a figure or line."""
        seeds = f" x {self.seeds} seeds" if self.seeds > 1 else ""
        return f"{self.recipe} on {self.data.name}, {self.total} settings{seeds}"

    @property
    def total(self) -> int:
        """Number of settings, of which a sampler draws one after the other."""
        return self.draws if self.sampler and self.draws else len(self.settings)

    def groups(self) -> list[list[Setting]]:
        """Group the settings that one program can train.

        They differ only in a constant learning rate, which is part of the state; a schedule is
        compiled into the program.
        """
        by_program: dict[str, list[list[Setting]]] = {}
        most = max(1, MOST_NETWORKS_PER_PROGRAM // self.seeds)
        for setting in self.settings:
            groups = by_program.setdefault(_program(setting.recipe), [[]])
            if len(groups[-1]) == most:
                groups.append([])
            groups[-1].append(setting)
        return [group for groups in by_program.values() for group in groups]

    def load_data(self, splits: Splits | None, folder: Path) -> Splits:
        """Load the dataset of the study again, or check the given one.

        Args:
            splits: the dataset if it was made in memory, else None.
            folder: of the study, for messages.

        Raises:
            InputError: the dataset is missing, or is not that of the study.
        """
        if splits is None:
            if self.data.origin is None:
                raise InputError(
                    f"{folder}: its data were made in memory, and only Python has them; give them "
                    "again as data=..."
                )
            splits = load(**asdict(self.data.origin))
        checksums = {name: split.checksum for name, split in splits.present().items()}
        if checksums != self.data.checksums:
            raise InputError(f"{folder}: {splits.name} is not the data it began with; give those")
        return splits

    def save(self, folder: Path) -> None:
        """Write ``study.json`` atomically, to a folder or URL."""
        mirror = mirror_of(folder)
        write_record(mirror.folder / NAME, asdict(self))
        mirror.push(NAME)

    @classmethod
    def load(cls, folder: Path) -> Plan:
        """Read ``study.json``.

        Raises:
            InputError: the file is missing or damaged, or of another version.
        """
        remedy = "begin the study again in another folder"
        try:
            return read_record(folder / NAME, FORMAT, cls._from_json, remedy)
        except FileNotFoundError:
            raise InputError(f"{folder}: not a study (no {NAME}); see tenfold study") from None

    @classmethod
    def _from_json(cls, values: dict[str, Any]) -> Plan:
        settings = [
            Setting(**{**row, "recipe": Recipe.from_json(row["recipe"])})
            for row in values["settings"]
        ]
        data = DataRecord.from_json(values["data"])
        base = values.get("base")
        recipe = None if base is None else Recipe.from_json(base)
        return cls(**{**values, "data": data, "settings": settings, "base": recipe})


def _program(recipe: Recipe) -> str:
    """A key that is equal for recipes with the same program: all but a constant learning rate."""
    key = recipe.replace(learning_rate=None) if recipe.schedule == "constant" else recipe
    return json.dumps(key.to_json(), sort_keys=True)
