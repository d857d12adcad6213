"""Where splits come from: the arguments that load them again."""

from __future__ import annotations

from dataclasses import dataclass

from tenfold.core.read_options import ReadOptions


@dataclass(frozen=True)
class Origin(ReadOptions):
    """Arguments of `load`, for loading the same splits again: `load(**asdict(origin))`.

    Attributes:
        source: name of the dataset, or absolute path.
        validation: number of images to hold out.
        seed: of the draw of the validation images.
        corrections: absolute path of the file of corrections, or None.
    """

    source: str
    validation: int
    seed: int
    corrections: str | None = None
