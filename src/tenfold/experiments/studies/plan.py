"""The plan of a study, ``study.json``: what was asked, and each setting that follows from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.data import Origin, Splits, load
from tenfold.networks.recipes import Recipe
from tenfold.runs.record import DataRecord

NAME = "study.json"
FORMAT = 1
MOST_NETWORKS_TOGETHER = 20
"""In one program: with many more each takes longer, as they outgrow a processor's cache."""


@dataclass(frozen=True)
class Setting:
    """One row of a study.

    Attributes:
        name: what it is called, ``hidden=64 activation=relu``.
        folder: of its run, in that of the study.
        values: of what is varied, by name.
        recipe: what is trained.
        parameters: of its network.
    """

    name: str
    folder: str
    values: Mapping[str, Any]
    recipe: Recipe
    parameters: int


@dataclass(frozen=True)
class Plan:
    """What a study was asked for.

    Attributes:
        recipe: the name of the recipe whose values are varied.
        vary: what is varied, as text.
        draws: how many settings were drawn; None for the whole grid.
        seeds: networks of each setting.
        data: what they are trained on.
        settings: all of them, in the order of training.
        started: local time, ISO 8601.
    """

    recipe: str
    vary: Mapping[str, str]
    draws: int | None
    seeds: int
    data: DataRecord
    settings: Sequence[Setting]
    started: str
    format: int = FORMAT

    @property
    def title(self) -> str:
        """Recipe, data, settings and seeds, for a picture or a line."""
        seeds = f" x {self.seeds} seeds" if self.seeds > 1 else ""
        return f"{self.recipe} on {self.data.name}, {len(self.settings)} settings{seeds}"

    def groups(self) -> list[list[Setting]]:
        """The settings that one program can train: those that differ in their states alone.

        That is in the learning rate, where no schedule makes it a part of the program.
        """
        found: dict[str, list[list[Setting]]] = {}
        most = max(1, MOST_NETWORKS_TOGETHER // self.seeds)
        for setting in self.settings:
            groups = found.setdefault(_program(setting.recipe), [[]])
            if len(groups[-1]) == most:
                groups.append([])
            groups[-1].append(setting)
        return [group for groups in found.values() for group in groups]

    def load_data(self, splits: Splits | None, folder: Path) -> Splits:
        """The data of the study: loaded again, or those given where they were made in memory.

        Raises:
            InputError: they are not to be had, or are not those of the study.
        """
        if splits is None:
            if self.data.origin is None:
                raise InputError(
                    f"{folder}: its data were made in memory, and only Python has them; give them "
                    "again as data=..."
                )
            splits = load(**asdict(self.data.origin))
        found = {name: split.checksum for name, split in splits.present().items()}
        if found != self.data.checksums:
            raise InputError(f"{folder}: {splits.name} is not the data it began with; give those")
        return splits

    def save(self, folder: Path) -> None:
        """Write ``study.json``, whole or not at all."""
        with atomic_write(folder / NAME, "w") as file:
            json.dump(asdict(self), file, indent=2)
            file.write("\n")

    @classmethod
    def load(cls, folder: Path) -> Plan:
        """Read ``study.json``.

        Raises:
            InputError: there is none, or it is not one of ours.
        """
        path = folder / NAME
        try:
            values = json.loads(path.read_text("utf-8"))
            return cls._from_json(values)
        except (FileNotFoundError, NotADirectoryError):
            raise InputError(f"{folder}: not a study (no {NAME}); see tenfold study") from None
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except (InputError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"{path}: damaged, or of another version of tenfold ({reason}); begin the study "
                "again in another folder"
            ) from None

    @classmethod
    def _from_json(cls, values: dict[str, Any]) -> Plan:
        if values["format"] != FORMAT:
            raise InputError(f"its format is {values['format']}, this version reads {FORMAT}")
        data = values["data"]
        origin = None if data["origin"] is None else Origin(**data["origin"])
        settings = [
            Setting(**{**row, "recipe": Recipe.from_json(row["recipe"])})
            for row in values["settings"]
        ]
        return cls(
            **{**values, "data": DataRecord(**{**data, "origin": origin}), "settings": settings}
        )


def _program(recipe: Recipe) -> str:
    """What a program is made of: all of a recipe, but a constant learning rate."""
    same = recipe.replace(learning_rate=None) if recipe.schedule == "constant" else recipe
    return json.dumps(same.to_json(), sort_keys=True)
