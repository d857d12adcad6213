"""Protocols: which images a run trains and validates on."""

from __future__ import annotations

from dataclasses import asdict, replace

from tenfold.core.errors import InputError
from tenfold.data import Splits, load

PROTOCOLS = ("held-out", "published")


def as_protocol(splits: Splits, protocol: str) -> Splits:
    """Return the splits of a protocol.

    ``held-out`` validates on images held out of train. ``published`` trains on all training
    images, those that ``tenfold.load`` held out included, and validates on the test set, as the
    tutorials do.

    Raises:
        InputError: the published protocol has no test set to validate on.
    """
    if protocol == "held-out":
        return splits
    if splits.test is None:
        raise InputError(f"protocol: published validates on the test set, {splits.name} has none")
    if splits.origin is not None and splits.origin.validation:
        splits = load(**asdict(replace(splits.origin, validation=0)))
    return replace(splits, validation=splits.test)
