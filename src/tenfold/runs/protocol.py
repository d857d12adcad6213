"""Protocols: which images a run trains on, and which it validates on."""

from __future__ import annotations

from dataclasses import asdict, replace

from tenfold.core.errors import InputError
from tenfold.data import Splits, load

PROTOCOLS = ("held-out", "published")


def as_protocol(splits: Splits, protocol: str) -> Splits:
    """Splits as a protocol has them.

    The published one trains on all training images and validates on the test set: what was
    held out of train by ``tenfold.load`` returns to it.

    Raises:
        InputError: there is no test set to validate on.
    """
    if protocol == "held-out":
        return splits
    if splits.test is None:
        raise InputError(f"protocol: published validates on the test set, {splits.name} has none")
    if splits.origin is not None and splits.origin.validation:
        splits = load(**asdict(replace(splits.origin, validation=0)))
    return replace(splits, validation=splits.test)
